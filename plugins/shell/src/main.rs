//! A shell with bash's language.
#![allow(dead_code)]
mod executor;
mod syntax;
mod system;
mod text;
fn main() {}
