//! Renaming, linking and removing.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::{Check, fails, is_full, same, symlink};

pub(crate) const CHECKS: &[Check] = &[
    ("a file takes another's place by a rename", rename_over),
    ("a rename onto itself changes nothing", rename_to_itself),
    ("a rename of what is not there fails", rename_missing),
    ("a directory moves with what is in it", rename_directory),
    (
        "a directory takes an empty one's place, and no other's",
        rename_over_directory,
    ),
    (
        "a file does not take a directory's place, nor a directory a file's",
        rename_kinds,
    ),
    ("a directory does not move into itself", rename_into_itself),
    ("a slash behind a file is refused", slashes),
    ("a link is followed, and seen as what it is", links),
    (
        "a link in the middle of a path is followed",
        links_on_the_way,
    ),
    ("a link that leads nowhere is there itself", dangling),
    ("a link that leads to itself is refused", loops),
    ("removing a link leaves its target", remove_link),
    ("renaming a link leaves its target", rename_link),
    ("a link cannot be made where something is", link_exists),
    (
        "a file is made through a link that leads nowhere yet",
        create_through_link,
    ),
    ("a hard link is a second name", hard_links),
    (
        "a hard link cannot be made to a directory, nor onto something",
        hard_link_refusals,
    ),
    (
        "a file is not removed as a directory, nor the other way round",
        remove_kinds,
    ),
    ("a name that was removed can be made again", remade),
];

const NOT_A_DIRECTORY: &[ErrorKind] = &[ErrorKind::NotADirectory];

fn rename_over(folder: &Path) -> io::Result<()> {
    let (a, b) = (folder.join("a"), folder.join("b"));
    fs::write(&a, "new")?;
    fs::write(&b, "old")?;
    fs::rename(&a, &b)?;
    same(fs::read_to_string(&b)?, "new".to_owned())?;
    fails(fs::metadata(&a), &[ErrorKind::NotFound])
}

fn rename_to_itself(folder: &Path) -> io::Result<()> {
    let a = folder.join("a");
    fs::write(&a, "text")?;
    fs::rename(&a, &a)?;
    same(fs::read_to_string(&a)?, "text".to_owned())
}

fn rename_missing(folder: &Path) -> io::Result<()> {
    fails(
        fs::rename(folder.join("a"), folder.join("b")),
        &[ErrorKind::NotFound],
    )
}

fn rename_directory(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("a/sub"))?;
    fs::write(folder.join("a/sub/file"), "text")?;
    fs::rename(folder.join("a"), folder.join("b"))?;
    same(
        fs::read_to_string(folder.join("b/sub/file"))?,
        "text".to_owned(),
    )
}

fn rename_over_directory(folder: &Path) -> io::Result<()> {
    for name in ["a", "empty", "full"] {
        fs::create_dir(folder.join(name))?;
    }
    fs::write(folder.join("full/file"), "")?;
    let full = fs::rename(folder.join("a"), folder.join("full"));
    is_full(full)?;
    fs::rename(folder.join("a"), folder.join("empty"))
}

fn rename_kinds(folder: &Path) -> io::Result<()> {
    let (file, directory) = (folder.join("file"), folder.join("directory"));
    fs::write(&file, "")?;
    fs::create_dir(&directory)?;
    fails(fs::rename(&file, &directory), &[ErrorKind::IsADirectory])?;
    fails(fs::rename(&directory, &file), NOT_A_DIRECTORY)
}

fn rename_into_itself(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("a"))?;
    fails(
        fs::rename(folder.join("a"), folder.join("a/b")),
        &[ErrorKind::InvalidInput],
    )
}

fn slashes(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("a"), "")?;
    fails(fs::metadata(folder.join("a/")), NOT_A_DIRECTORY)?;
    fails(fs::read(folder.join("a/")), NOT_A_DIRECTORY)?;
    fails(
        fs::rename(folder.join("a/"), folder.join("b")),
        NOT_A_DIRECTORY,
    )?;
    fails(fs::remove_file(folder.join("a/")), NOT_A_DIRECTORY)?;
    fs::create_dir(folder.join("made/"))?;
    fs::rename(folder.join("made/"), folder.join("moved/"))?;
    fs::remove_dir(folder.join("moved/"))
}

fn links(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("target"), "text")?;
    symlink("target", folder.join("link"))?;
    same(fs::read_to_string(folder.join("link"))?, "text".to_owned())?;
    same(fs::metadata(folder.join("link"))?.is_file(), true)?;
    same(
        fs::symlink_metadata(folder.join("link"))?.is_symlink(),
        true,
    )?;
    same(fs::read_link(folder.join("link"))?, "target".into())
}

fn links_on_the_way(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("real"))?;
    fs::write(folder.join("beside"), "beside")?;
    symlink("real", folder.join("link"))?;
    symlink("../beside", folder.join("real/up"))?;
    fs::write(folder.join("link/file"), "text")?;
    same(
        fs::read_to_string(folder.join("real/file"))?,
        "text".to_owned(),
    )?;
    same(
        fs::read_to_string(folder.join("link/up"))?,
        "beside".to_owned(),
    )?;
    same(
        fs::read_to_string(folder.join("link/../beside"))?,
        "beside".to_owned(),
    )
}

fn dangling(folder: &Path) -> io::Result<()> {
    let link = folder.join("link");
    symlink("nothing", &link)?;
    fails(fs::read(&link), &[ErrorKind::NotFound])?;
    fails(fs::File::create_new(&link), &[ErrorKind::AlreadyExists])?;
    fails(fs::create_dir(&link), &[ErrorKind::AlreadyExists])?;
    same(fs::symlink_metadata(&link)?.is_symlink(), true)
}

fn loops(folder: &Path) -> io::Result<()> {
    symlink("link", folder.join("link"))?;
    same(fs::read(folder.join("link")).is_err(), true)?;
    same(fs::metadata(folder.join("link/x")).is_err(), true)?;
    fs::remove_file(folder.join("link"))
}

fn remove_link(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("directory"))?;
    symlink("directory", folder.join("link"))?;
    fails(fs::remove_dir(folder.join("link")), NOT_A_DIRECTORY)?;
    fs::remove_file(folder.join("link"))?;
    same(fs::metadata(folder.join("directory"))?.is_dir(), true)
}

fn rename_link(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("target"), "text")?;
    symlink("target", folder.join("link"))?;
    fs::rename(folder.join("link"), folder.join("moved"))?;
    same(fs::read_link(folder.join("moved"))?, "target".into())?;
    same(fs::metadata(folder.join("target"))?.is_file(), true)
}

fn link_exists(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("a"), "")?;
    fails(symlink("x", folder.join("a")), &[ErrorKind::AlreadyExists])
}

fn create_through_link(folder: &Path) -> io::Result<()> {
    symlink("later", folder.join("link"))?;
    fs::write(folder.join("link"), "text")?;
    same(fs::read_to_string(folder.join("later"))?, "text".to_owned())
}

fn hard_links(folder: &Path) -> io::Result<()> {
    let (a, b) = (folder.join("a"), folder.join("b"));
    fs::write(&a, "one")?;
    fs::hard_link(&a, &b)?;
    fs::write(&b, "two")?;
    same(fs::read_to_string(&a)?, "two".to_owned())?;
    fs::remove_file(&a)?;
    same(fs::read_to_string(&b)?, "two".to_owned())
}

fn hard_link_refusals(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder.join("directory"))?;
    fs::write(folder.join("a"), "")?;
    fs::write(folder.join("b"), "")?;
    same(
        fs::hard_link(folder.join("directory"), folder.join("x")).is_err(),
        true,
    )?;
    fails(
        fs::hard_link(folder.join("a"), folder.join("b")),
        &[ErrorKind::AlreadyExists],
    )?;
    fails(
        fs::hard_link(folder.join("none"), folder.join("x")),
        &[ErrorKind::NotFound],
    )
}

fn remove_kinds(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("file"), "")?;
    fs::create_dir(folder.join("directory"))?;
    fails(fs::remove_dir(folder.join("file")), NOT_A_DIRECTORY)?;
    fails(
        fs::remove_file(folder.join("directory")),
        &[ErrorKind::IsADirectory],
    )?;
    fails(fs::remove_file(folder.join("none")), &[ErrorKind::NotFound])
}

fn remade(folder: &Path) -> io::Result<()> {
    for round in 0..20_u32 {
        fs::write(folder.join("a"), round.to_string())?;
        same(fs::read_to_string(folder.join("a"))?, round.to_string())?;
        fs::remove_file(folder.join("a"))?;
        fs::create_dir(folder.join("a"))?;
        fs::remove_dir(folder.join("a"))?;
    }
    Ok(())
}
