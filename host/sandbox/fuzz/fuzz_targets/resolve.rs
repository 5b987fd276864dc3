//! Feeds the harness what libFuzzer makes up.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| massgen_sandbox_fuzz::run(bytes));
