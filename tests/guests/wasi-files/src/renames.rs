//! Renaming files and directories.

use wasip2::filesystem::types::{DescriptorType, ErrorCode};

use crate::checks;
use crate::expect::{Verdict, fails, same, works};
use crate::place::{Directory, Place};

checks! {
    a_directory_is_renamed_to_a_free_name,
    a_directory_replaces_an_empty_directory,
    a_directory_does_not_replace_a_full_one,
    a_directory_does_not_replace_a_file,
    a_file_is_renamed_to_a_free_name,
    a_file_replaces_a_file,
    a_file_does_not_replace_a_directory,
    a_file_is_not_renamed_with_a_slash_behind_a_name,
    a_directory_is_renamed_with_slashes_behind_its_names,
    a_slash_behind_a_name_moves_nothing_in_from_outside,
}

fn rename(at: &Place, from: &str, to: &str) -> Result<(), ErrorCode> {
    at.own.rename_at(from, &at.own, to)
}

fn a_directory_is_renamed_to_a_free_name(at: &Place) -> Verdict {
    works(at.own.create_directory_at("source"))?;
    works(at.own.make("source/file", "text"))?;
    works(rename(at, "source", "target"))?;
    fails(at.own.look("source"), ErrorCode::NoEntry)?;
    same(works(at.own.text("target/file"))?, "text".to_owned())
}

fn a_directory_replaces_an_empty_directory(at: &Place) -> Verdict {
    works(at.own.create_directory_at("source"))?;
    works(at.own.make("source/file", "text"))?;
    works(at.own.create_directory_at("target"))?;
    works(rename(at, "source", "target"))?;
    fails(at.own.look("source"), ErrorCode::NoEntry)?;
    same(works(at.own.text("target/file"))?, "text".to_owned())
}

fn a_directory_does_not_replace_a_full_one(at: &Place) -> Verdict {
    works(at.own.create_directory_at("source"))?;
    works(at.own.create_directory_at("target"))?;
    works(at.own.make("target/file", "text"))?;
    fails(rename(at, "source", "target"), ErrorCode::NotEmpty)?;
    same(works(at.own.text("target/file"))?, "text".to_owned())
}

fn a_directory_does_not_replace_a_file(at: &Place) -> Verdict {
    works(at.own.create_directory_at("source"))?;
    works(at.own.make("target", "text"))?;
    fails(rename(at, "source", "target"), ErrorCode::NotDirectory)?;
    same(works(at.own.text("target"))?, "text".to_owned())
}

fn a_file_is_renamed_to_a_free_name(at: &Place) -> Verdict {
    works(at.own.make("source", "text"))?;
    works(rename(at, "source", "target"))?;
    fails(at.own.look("source"), ErrorCode::NoEntry)?;
    same(works(at.own.text("target"))?, "text".to_owned())
}

fn a_file_replaces_a_file(at: &Place) -> Verdict {
    works(at.own.make("source", "new"))?;
    works(at.own.make("target", "old"))?;
    works(rename(at, "source", "target"))?;
    fails(at.own.look("source"), ErrorCode::NoEntry)?;
    same(works(at.own.text("target"))?, "new".to_owned())
}

fn a_file_does_not_replace_a_directory(at: &Place) -> Verdict {
    works(at.own.make("source", "text"))?;
    works(at.own.create_directory_at("target"))?;
    fails(rename(at, "source", "target"), ErrorCode::IsDirectory)?;
    same(works(at.own.text("source"))?, "text".to_owned())
}

fn a_file_is_not_renamed_with_a_slash_behind_a_name(at: &Place) -> Verdict {
    works(at.own.make("source", "text"))?;
    for (from, to) in [
        ("source/", "target"),
        ("source", "target/"),
        ("source/", "target/"),
        ("source///", "target"),
    ] {
        fails(rename(at, from, to), ErrorCode::NotDirectory)?;
    }
    let kinds = works(at.own.entries())?;
    same(
        kinds,
        vec![("source".to_owned(), DescriptorType::RegularFile)],
    )
}

fn a_directory_is_renamed_with_slashes_behind_its_names(at: &Place) -> Verdict {
    works(at.own.create_directory_at("source"))?;
    works(at.own.make("source/file", "text"))?;
    for (from, to) in [
        ("source/", "target"),
        ("target", "source/"),
        ("source/", "target/"),
        ("target///", "source"),
    ] {
        works(rename(at, from, to))?;
    }
    same(works(at.own.text("source/file"))?, "text".to_owned())
}

fn a_slash_behind_a_name_moves_nothing_in_from_outside(at: &Place) -> Verdict {
    works(at.own.create_directory_at("inside"))?;
    works(at.own.create_directory_at("outside"))?;
    works(at.own.make("outside/file", "text"))?;
    works(at.own.symlink_at("../outside", "inside/link"))?;
    let inside = works(at.own.open(
        "inside",
        wasip2::filesystem::types::OpenFlags::DIRECTORY,
        crate::place::READ,
    ))?;
    for path in ["../outside", "../outside/", "..//outside//", "../outside/."] {
        let moved = inside.rename_at(path, &inside, "stolen");
        fails(moved, ErrorCode::NotPermitted)?;
        let back = inside.rename_at("link", &inside, path);
        fails(back, ErrorCode::NotPermitted)?;
    }
    for path in ["..", "../"] {
        let moved = inside.rename_at(path, &inside, "stolen");
        fails(moved, ErrorCode::NotPermitted)?;
    }
    // The link itself is no directory, and what it leads to lies outside.
    let link = inside.rename_at("link/", &inside, "stolen");
    same(link.is_err(), true)?;
    fails(inside.look("stolen"), ErrorCode::NoEntry)?;
    same(works(at.own.text("outside/file"))?, "text".to_owned())
}
