//! The compiler for guests: rustc with the target wasm32-wasip2.

use std::{env, ffi::OsString, path::Path};

use crate::run::{self, Failure};

/// The target triple of every guest.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Which rustc builds the guests.
pub(crate) enum GuestCompiler {
    /// The toolchain that cargo uses anyway.
    Toolchain,
    /// The one that `MASSGEN_GUEST_RUSTC` names.
    Named(OsString),
}

/// Finds a compiler for guests; adds the target through rustup where it is missing.
///
/// # Errors
/// The target is missing and rustup cannot add it.
pub(crate) fn guest_compiler(root: &Path) -> Result<GuestCompiler, Failure> {
    if let Some(rustc) = env::var_os("MASSGEN_GUEST_RUSTC").filter(|name| !name.is_empty()) {
        println!(
            "guest compiler: {} (MASSGEN_GUEST_RUSTC)",
            rustc.to_string_lossy()
        );
        return Ok(GuestCompiler::Named(rustc));
    }
    if !has_target(root) {
        println!("adding the target {TARGET}");
        let added = run::program("rustup", root)
            .args(["target", "add", TARGET])
            .run();
        if added.is_err() || !has_target(root) {
            return Err(Failure::Missing(format!(
                "rustc has no standard library for {TARGET}, and rustup could not add it. \
                 Install it with `rustup target add {TARGET}`, or name a compiler that has it \
                 in MASSGEN_GUEST_RUSTC"
            )));
        }
    }
    Ok(GuestCompiler::Toolchain)
}

fn has_target(root: &Path) -> bool {
    let sysroot = std::process::Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(root)
        .output();
    sysroot.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success() && Path::new(&folder).is_dir()
    })
}
