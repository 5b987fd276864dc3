//! Listings of directories that are not as programs expect them: names that are no UTF-8, and very many names.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use massgen_sandbox::Outcome;
use tempfile::TempDir;

/// Names in the directory that is large.
const MANY: usize = 100_000;

fn workspace() -> (TempDir, PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    (temporary, folder)
}

async fn run(folder: &Path, operations: &[&str]) -> Vec<String> {
    let folder_name = folder.to_str().unwrap();
    let operations: Vec<String> = operations
        .iter()
        .map(|operation| operation.replace('@', folder_name))
        .collect();
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let filesystem = guests::workspace(folder.to_owned());
    let report = guests::run_command("files", &filesystem, &operations).await;
    let errors = report.stderr.to_text();
    assert_eq!(report.outcome, Outcome::Exited { code: 0 }, "{errors}");
    let lines = report.stdout.to_text();
    lines
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

/// WASI has names in Unicode only, so nothing can be done with such a file. That there is one is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_no_utf8_is_an_error_in_its_place_and_hides_no_other_name() {
    let (_temporary, folder) = workspace();
    for name in [&b"first"[..], b"odd\xff", b"odd\xfe\xff", b"second"] {
        fs::write(folder.join(OsStr::from_bytes(name)), "text").unwrap();
    }
    let lines = run(&folder, &["list-each @", "list @", "read @/second"]).await;
    let odd = "<illegal-byte-sequence>";
    assert_eq!(lines[0], format!("ok {odd} {odd} first second"));
    // A program that stops at the first error is told what it was.
    assert_eq!(lines[1], "error illegal-byte-sequence");
    assert_eq!(lines[2], "ok text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_with_a_name_that_is_no_utf8_is_neither_empty_nor_removed() {
    let (_temporary, folder) = workspace();
    let inner = folder.join("inner");
    fs::create_dir(&inner).unwrap();
    let odd = inner.join(OsStr::from_bytes(b"odd\xff"));
    fs::write(&odd, "text").unwrap();
    let lines = run(&folder, &["rmdir @/inner", "list-each @/inner"]).await;
    let expected = ["error not-empty", "ok <illegal-byte-sequence>"];
    assert_eq!(lines, expected);
    assert_eq!(fs::read(odd).unwrap(), b"text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_name_that_is_no_utf8_tells_so() {
    let (_temporary, folder) = workspace();
    let odd = OsStr::from_bytes(b"odd\xff");
    fs::write(folder.join(odd), "text").unwrap();
    std::os::unix::fs::symlink(odd, folder.join("link")).unwrap();
    let lines = run(&folder, &["readlink @/link", "read @/link"]).await;
    assert_eq!(lines, ["error illegal-byte-sequence", "ok text"]);
}

/// The most memory that this process has had so far, in bytes (`proc(5)`, `VmHWM`).
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes.unwrap().parse::<u64>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_names_are_listed_without_the_host_holding_them() {
    let (_temporary, folder) = workspace();
    for number in 0..MANY {
        File::create(folder.join(format!("a-name-of-a-usual-length.{number:06}"))).unwrap();
    }
    // Compiles, and shows that all names come.
    assert_eq!(
        run(&folder, &["hold-listings @ 1"]).await,
        [format!("ok {MANY}")]
    );
    let before = peak_memory();
    assert_eq!(
        run(&folder, &["hold-listings @ 20"]).await,
        [format!("ok {MANY}")]
    );
    let grown = peak_memory() - before;
    assert!(
        grown < 32 << 20,
        "20 open listings of {MANY} names hold {} MiB in the host",
        grown >> 20
    );
}
