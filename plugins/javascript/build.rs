//! Gives the component a stack in linear memory that is larger than what the engine may use of it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        // Rust's default of 1 MiB ends a recursion of about 3,000 calls; Node allows about 11,000.
        println!("cargo:rustc-link-arg-bins=-zstack-size=12582912");
    }
}
