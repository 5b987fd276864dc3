//! The codecs against a real HTTP server on loopback, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod chat_completions;
mod claude;
mod loopback;
