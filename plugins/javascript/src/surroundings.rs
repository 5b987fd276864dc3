//! What the process is given and how it ends: the starting directory, exit codes, symbolic links.
//! In WASI these need interfaces that Rust's standard library does not reach.

use std::io;

#[cfg(target_os = "wasi")]
#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "massgen:javascript/command",
        generate_all,
    });
}

/// The directory in which the command was started. (The C library's own is always `/`.)
#[cfg(target_os = "wasi")]
pub(crate) fn starting_directory() -> String {
    bindings::wasi::cli::environment::initial_cwd().unwrap_or_else(|| "/".to_owned())
}

/// The directory in which the command was started.
#[cfg(not(target_os = "wasi"))]
pub(crate) fn starting_directory() -> String {
    std::env::current_dir().map_or_else(
        |_| "/".to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}

/// Ends the process. Standard output is flushed first.
pub(crate) fn exit(code: u8) -> ! {
    crate::output::flush();
    // `std::process::exit` in WASI tells only whether the code is zero.
    #[cfg(target_os = "wasi")]
    bindings::wasi::cli::exit::exit_with_code(code);
    std::process::exit(i32::from(code))
}

/// Makes a symbolic link at the absolute path `link`.
///
/// # Errors
/// `link` is in no granted directory, or the host refuses.
#[cfg(target_os = "wasi")]
pub(crate) fn symlink(target: &str, link: &str) -> io::Result<()> {
    use bindings::wasi::filesystem::{preopens, types::ErrorCode};
    let directories = preopens::get_directories();
    let granted = directories.iter().filter_map(|(directory, path)| {
        let inside = link.strip_prefix(path.trim_end_matches('/'))?;
        Some((directory, path.len(), inside.strip_prefix('/')?))
    });
    let Some((directory, _, relative)) = granted.max_by_key(|(_, length, _)| *length) else {
        return Err(io::ErrorKind::PermissionDenied.into());
    };
    directory.symlink_at(target, relative).map_err(|code| {
        let kind = match code {
            ErrorCode::Exist => io::ErrorKind::AlreadyExists,
            ErrorCode::NoEntry => io::ErrorKind::NotFound,
            ErrorCode::NotDirectory => io::ErrorKind::NotADirectory,
            ErrorCode::Access => io::ErrorKind::PermissionDenied,
            // WASI's number for EPERM.
            ErrorCode::NotPermitted => return io::Error::from_raw_os_error(63),
            _ => io::ErrorKind::Other,
        };
        kind.into()
    })
}

/// Makes a symbolic link at the absolute path `link`.
#[cfg(not(target_os = "wasi"))]
pub(crate) fn symlink(target: &str, link: &str) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}
