//! Gives the component a stack that deep recursion of shell functions fits into; their depth itself is limited by the
//! shell (`interpret::DEEPEST`).

fn main() {
    if std::env::var("CARGO_CFG_TARGET_FAMILY").as_deref() == Ok("wasm") {
        println!("cargo::rustc-link-arg-bins=-zstack-size=8388608");
    }
    println!("cargo::rerun-if-changed=build.rs");
}
