//! Directories and their listings.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::{Check, fails, is_full, same, symlink};

pub(crate) const CHECKS: &[Check] = &[
    (
        "a directory of a thousand entries lists each once",
        thousand,
    ),
    (
        "a listing while files come and go shows those that stay",
        listing_while_writing,
    ),
    ("a listing tells kinds", kinds),
    ("an empty directory lists nothing", empty),
    ("only an empty directory is removed", not_empty),
    ("a tree is removed whole", remove_tree),
    ("directories are made all the way down", deep),
    ("making a directory that is there fails", exists),
    (
        "a directory cannot be read or written as a file",
        not_a_file,
    ),
    (
        "a directory that was removed while it was listed ends the listing",
        removed,
    ),
    ("`.` and `..` lead where they should", dots),
];

fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

fn thousand(folder: &Path) -> io::Result<()> {
    for number in 0..1_000 {
        fs::write(folder.join(number.to_string()), "")?;
    }
    same(fs::read_dir(folder)?.count(), 1_000)?;
    let expected = (0..1_000).map(|number| number.to_string()).collect();
    same(names(folder)? == expected, true)
}

fn listing_while_writing(folder: &Path) -> io::Result<()> {
    for number in 0..100 {
        fs::write(folder.join(format!("stays{number}")), "")?;
    }
    let mut seen = BTreeSet::new();
    for (number, entry) in fs::read_dir(folder)?.enumerate() {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("stays") {
            same(seen.insert(name), true)?;
        }
        fs::write(folder.join(format!("new{number}")), "")?;
        fs::remove_file(folder.join(format!("new{number}")))?;
    }
    same(seen.len(), 100)
}

fn kinds(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("file"), "")?;
    fs::create_dir(folder.join("directory"))?;
    symlink("file", folder.join("link"))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let found = (kind.is_file(), kind.is_dir(), kind.is_symlink());
        let name = entry.file_name();
        same(found, (name == "file", name == "directory", name == "link"))?;
    }
    same(names(folder)?.len(), 3)
}

fn empty(folder: &Path) -> io::Result<()> {
    same(fs::read_dir(folder)?.count(), 0)
}

fn not_empty(folder: &Path) -> io::Result<()> {
    let directory = folder.join("a");
    fs::create_dir(&directory)?;
    fs::write(directory.join("file"), "")?;
    is_full(fs::remove_dir(&directory))?;
    fs::remove_file(directory.join("file"))?;
    fs::remove_dir(&directory)
}

fn remove_tree(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("a/b/c"))?;
    for name in ["a/1", "a/b/2", "a/b/c/3"] {
        fs::write(folder.join(name), "")?;
    }
    fs::remove_dir_all(folder.join("a"))?;
    same(names(folder)?.len(), 0)
}

fn deep(folder: &Path) -> io::Result<()> {
    let deep = folder.join("x/".repeat(60));
    fs::create_dir_all(&deep)?;
    fs::create_dir_all(&deep)?;
    fs::write(deep.join("file"), "text")?;
    same(fs::read_to_string(deep.join("file"))?, "text".to_owned())
}

fn exists(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("a"))?;
    fails(
        fs::create_dir(folder.join("a")),
        &[ErrorKind::AlreadyExists],
    )?;
    fails(
        fs::create_dir(folder.join("a/")),
        &[ErrorKind::AlreadyExists],
    )?;
    fails(fs::create_dir(folder), &[ErrorKind::AlreadyExists])
}

fn not_a_file(folder: &Path) -> io::Result<()> {
    same(fs::read(folder).is_err(), true)?;
    fails(fs::write(folder, ""), &[ErrorKind::IsADirectory])?;
    fs::write(folder.join("file"), "")?;
    fails(
        fs::read_dir(folder.join("file")),
        &[ErrorKind::NotADirectory],
    )?;
    fails(
        fs::metadata(folder.join("file/x")),
        &[ErrorKind::NotADirectory],
    )
}

fn removed(folder: &Path) -> io::Result<()> {
    let directory = folder.join("a");
    fs::create_dir(&directory)?;
    let listing = fs::read_dir(&directory)?;
    fs::remove_dir(&directory)?;
    same(listing.count(), 0)?;
    fails(fs::write(directory.join("x"), ""), &[ErrorKind::NotFound])
}

fn dots(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("a"))?;
    fs::write(folder.join("a/../b"), "text")?;
    same(
        fs::read_to_string(folder.join("./a/./../b"))?,
        "text".to_owned(),
    )?;
    same(fs::metadata(folder.join("a/."))?.is_dir(), true)?;
    fails(
        fs::metadata(folder.join("none/../b")),
        &[ErrorKind::NotFound],
    )
}
