//! Hard links: second names for a file.

use wasip2::filesystem::types::{Descriptor, ErrorCode, OpenFlags};

use crate::checks;
use crate::expect::{Verdict, fails, same, works};
use crate::place::{Directory, FOLLOW, NO_FOLLOW, Place, READ};

checks! {
    a_hard_link_is_the_same_file,
    a_hard_link_in_another_directory_is_the_same_file,
    a_hard_link_is_not_made_over_what_exists,
    a_directory_has_no_hard_link,
    a_hard_link_with_a_slash_behind_its_name_is_not_made,
    a_link_has_no_hard_link,
    a_hard_link_never_follows,
}

fn are_same(one: &Descriptor, other: &Descriptor) -> Verdict {
    same(one.is_same_object(other), true)?;
    let (first, second) = (works(one.metadata_hash())?, works(other.metadata_hash())?);
    same((first.lower, first.upper), (second.lower, second.upper))?;
    same(works(one.get_flags())?, works(other.get_flags())?)?;
    let told = |file: &Descriptor| works(file.stat()).map(|stat| format!("{stat:?}"));
    same(told(one)?, told(other)?)?;
    same(works(one.stat())?.link_count, 2)
}

fn a_hard_link_is_the_same_file(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.link_at(NO_FOLLOW, "file", &at.own, "link"))?;
    let file = works(at.own.open("file", OpenFlags::empty(), READ))?;
    let link = works(at.own.open("link", OpenFlags::empty(), READ))?;
    are_same(&file, &link)?;
    works(at.own.unlink_file_at("link"))?;
    same(works(file.stat())?.link_count, 1)
}

fn a_hard_link_in_another_directory_is_the_same_file(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.create_directory_at("directory"))?;
    let other = works(at.own.open("directory", OpenFlags::DIRECTORY, READ))?;
    works(at.own.link_at(NO_FOLLOW, "file", &other, "link"))?;
    let file = works(at.own.open("file", OpenFlags::empty(), READ))?;
    let link = works(other.open("link", OpenFlags::empty(), READ))?;
    are_same(&file, &link)
}

fn a_hard_link_is_not_made_over_what_exists(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.make("other", "other"))?;
    works(at.own.create_directory_at("directory"))?;
    works(at.own.symlink_at("nowhere", "link"))?;
    for name in ["other", "file", "directory", "link"] {
        let made = at.own.link_at(NO_FOLLOW, "file", &at.own, name);
        fails(made, ErrorCode::Exist)?;
    }
    same(works(at.own.look("file"))?.link_count, 1)
}

fn a_directory_has_no_hard_link(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    let made = at.own.link_at(NO_FOLLOW, "directory", &at.own, "link");
    fails(made, ErrorCode::NotPermitted)?;
    fails(at.own.look("link"), ErrorCode::NoEntry)
}

fn a_hard_link_with_a_slash_behind_its_name_is_not_made(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let made = at.own.link_at(NO_FOLLOW, "file", &at.own, "link/");
    fails(made, ErrorCode::NoEntry)?;
    let from = at.own.link_at(NO_FOLLOW, "file/", &at.own, "link");
    fails(from, ErrorCode::NotDirectory)?;
    fails(at.own.look("link"), ErrorCode::NoEntry)
}

/// wasmtime lets a link have a second name. Ours has hard links of regular files only: what a link leads to depends on
/// where it lies, and the rules look at every name of a file, not of a link.
fn a_link_has_no_hard_link(at: &Place) -> Verdict {
    works(at.own.symlink_at("nowhere", "dangling"))?;
    works(at.own.symlink_at("looping", "looping"))?;
    for name in ["dangling", "looping"] {
        let made = at.own.link_at(NO_FOLLOW, name, &at.own, "link");
        fails(made, ErrorCode::NotPermitted)?;
    }
    fails(at.own.look("link"), ErrorCode::NoEntry)
}

fn a_hard_link_never_follows(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.symlink_at("file", "link"))?;
    for name in ["link", "file"] {
        let made = at.own.link_at(FOLLOW, name, &at.own, "second");
        fails(made, ErrorCode::Invalid)?;
    }
    fails(at.own.look("second"), ErrorCode::NoEntry)
}
