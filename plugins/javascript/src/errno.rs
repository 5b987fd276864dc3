//! Names of operating system errors. Node names them as Linux does; WASI numbers them otherwise.

use std::io;

/// Name and number in WASI (`wasi-libc`, `__header_errno.h`).
#[cfg(target_os = "wasi")]
const NAMES: &[(&str, i32)] = &[
    ("EACCES", 2),
    ("EBADF", 8),
    ("EBUSY", 10),
    ("EDQUOT", 19),
    ("EEXIST", 20),
    ("EFBIG", 22),
    ("EINVAL", 28),
    ("EIO", 29),
    ("EISDIR", 31),
    ("ELOOP", 32),
    ("EMFILE", 33),
    ("EMLINK", 34),
    ("ENAMETOOLONG", 37),
    ("ENOENT", 44),
    ("ENOSPC", 51),
    ("ENOSYS", 52),
    ("ENOTDIR", 54),
    ("ENOTEMPTY", 55),
    ("ENOTSUP", 58),
    ("EPERM", 63),
    ("EPIPE", 64),
    ("EROFS", 69),
    ("ETXTBSY", 74),
    ("EXDEV", 75),
    // A path outside every granted directory.
    ("EACCES", 76),
];

/// Name and number on Linux (`asm-generic/errno-base.h`, `errno.h`).
#[cfg(not(target_os = "wasi"))]
const NAMES: &[(&str, i32)] = &[
    ("EPERM", 1),
    ("ENOENT", 2),
    ("EIO", 5),
    ("EBADF", 9),
    ("EACCES", 13),
    ("EBUSY", 16),
    ("EEXIST", 17),
    ("EXDEV", 18),
    ("ENOTDIR", 20),
    ("EISDIR", 21),
    ("EINVAL", 22),
    ("EMFILE", 24),
    ("ETXTBSY", 26),
    ("EFBIG", 27),
    ("ENOSPC", 28),
    ("EROFS", 30),
    ("EMLINK", 31),
    ("EPIPE", 32),
    ("ENAMETOOLONG", 36),
    ("ENOSYS", 38),
    ("ENOTEMPTY", 39),
    ("ELOOP", 40),
    ("ENOTSUP", 95),
    ("EDQUOT", 122),
];

/// The name of an error, e.g. `ENOENT`.
pub(crate) fn name(error: &io::Error) -> &'static str {
    let numbered = error.raw_os_error().and_then(|number| {
        let entry = NAMES.iter().find(|(_, known)| *known == number)?;
        Some(entry.0)
    });
    numbered.unwrap_or(match error.kind() {
        io::ErrorKind::NotFound => "ENOENT",
        io::ErrorKind::PermissionDenied => "EACCES",
        io::ErrorKind::AlreadyExists => "EEXIST",
        io::ErrorKind::InvalidInput => "EINVAL",
        io::ErrorKind::Unsupported => "ENOSYS",
        _ => "EIO",
    })
}
