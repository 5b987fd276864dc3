//! The C compiler for guests: Zig's clang, with its WASI headers, from the Python package `ziglang`.
//!
//! The engine of the `javascript` plugin is written in C. Its build script asks for a folder laid out as the WASI SDK
//! (`bin/clang`, `bin/ar`, `share/wasi-sysroot`) in `WASI_SDK`; ours holds two small scripts that call Zig.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    run::{Failure, Invocation},
    venv,
};

/// Where the compiler is and what it keeps.
pub(crate) struct CCompiler {
    sdk: PathBuf,
    cache: PathBuf,
}

impl CCompiler {
    /// Gives a cargo build of guests what it needs to compile C.
    pub(crate) fn for_guests(&self, cargo: Invocation) -> Invocation {
        cargo
            .env("WASI_SDK", &self.sdk)
            .env("ZIG_GLOBAL_CACHE_DIR", &self.cache)
            .env("ZIG_LOCAL_CACHE_DIR", &self.cache)
    }
}

/// Makes sure that the compiler is there.
///
/// # Errors
/// Python or its `venv` module is missing, the package cannot be downloaded, or a file cannot be written.
pub(crate) fn prepare(plugins: &Path) -> Result<CCompiler, Failure> {
    let target = plugins.join("target");
    let requirements = plugins.join("javascript/requirements.txt");
    let tools = venv::with(
        "the javascript component",
        &target.join("javascript-venv"),
        &requirements,
    )?;
    let sdk = target.join("javascript-build/wasi-sdk");
    let python = tools.join("python");
    let header = sdk.join("include/stack-limit.h");
    install(&header, STACK_LIMIT)?;
    install(&sdk.join("bin/clang"), &clang(&python, &header))?;
    install(&sdk.join("bin/ar"), &archiver(&python))?;
    let sysroot = sdk.join("share/wasi-sysroot");
    fs::create_dir_all(&sysroot).map_err(Failure::file("create", &sysroot))?;
    Ok(CCompiler {
        sdk,
        cache: target.join("javascript-build/zig-cache"),
    })
}

/// Included before every C file. QuickJS does not check its stack where `__wasi__` is defined, and a deep recursion would
/// end in a trap; the C library's headers want it defined, so they come first.
const STACK_LIMIT: &str = "#include <wasi/api.h>\n#undef __wasi__\n";

/// A script that calls clang for WASI. Zig brings the sysroot itself and knows the target under another name, so
/// the options for both are left out. Without `-fno-sanitize`, Zig would add checks that trap.
fn clang(python: &Path, header: &Path) -> String {
    format!(
        "#!/bin/sh\n\
         for word in \"$@\"; do\n\
         \x20   shift\n\
         \x20   case \"$word\" in\n\
         \x20       --target=* | --sysroot=*) ;;\n\
         \x20       *) set -- \"$@\" \"$word\" ;;\n\
         \x20   esac\n\
         done\n\
         exec \"{}\" -m ziglang cc -target wasm32-wasi -fno-sanitize=undefined -include \"{}\" \"$@\"\n",
        python.display(),
        header.display()
    )
}

fn archiver(python: &Path) -> String {
    format!(
        "#!/bin/sh\nexec \"{}\" -m ziglang ar \"$@\"\n",
        python.display()
    )
}

/// Writes an executable script, unless it is there: cargo builds anew what an older file made.
fn install(path: &Path, text: &str) -> Result<(), Failure> {
    if fs::read_to_string(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(Failure::file("create", folder))?;
    fs::write(path, text).map_err(Failure::file("write", path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
            .map_err(Failure::file("make executable", path))?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn the_script_hands_on_all_words_but_target_and_sysroot() {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        install(&python, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n").unwrap();
        let script = folder.path().join("clang");
        install(&script, &clang(&python, Path::new("/limit.h"))).unwrap();
        let output = std::process::Command::new(&script)
            .args([
                "-c",
                "--target=wasm32-wasip2",
                "a b.c",
                "--sysroot=/x",
                "-O2",
            ])
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "-m\nziglang\ncc\n-target\nwasm32-wasi\n-fno-sanitize=undefined\n-include\n/limit.h\n-c\na b.c\n-O2\n"
        );
    }
}
