//! Symbolic links: making, following and reading them.

use wasip2::filesystem::types::{DescriptorType, ErrorCode, OpenFlags};

use crate::checks;
use crate::expect::{Verdict, fails, same, works};
use crate::place::{Directory, FOLLOW, Place, READ};

checks! {
    a_link_to_a_directory_is_opened_by_following_only,
    a_link_to_a_file_is_opened_by_following_only,
    a_link_to_nothing_is_not_opened,
    a_link_to_itself_is_a_loop,
    a_link_to_an_absolute_path_is_not_made,
    a_link_is_not_made_where_a_slash_asks_for_a_directory,
    a_link_is_not_made_over_a_directory,
    a_link_is_not_made_over_a_file,
    the_target_of_a_link_is_told_as_it_was_written,
    what_is_no_link_has_no_target,
}

const NOTHING: OpenFlags = OpenFlags::empty();
const DIRECTORY: OpenFlags = OpenFlags::DIRECTORY;

fn a_link_to_a_directory_is_opened_by_following_only(at: &Place) -> Verdict {
    works(at.own.create_directory_at("target"))?;
    works(at.own.symlink_at("target", "link"))?;
    fails(at.own.open("link", DIRECTORY, READ), ErrorCode::Loop)?;
    fails(at.own.open("link", NOTHING, READ), ErrorCode::Loop)?;
    let opened = works(at.own.open_at(FOLLOW, "link", DIRECTORY, READ))?;
    same(works(opened.get_type())?, DescriptorType::Directory)?;
    // POSIX 4.13: a slash behind the name follows, whatever the flags say.
    works(at.own.open("link/", DIRECTORY, READ)).map(drop)
}

fn a_link_to_a_file_is_opened_by_following_only(at: &Place) -> Verdict {
    works(at.own.make("target", "text"))?;
    works(at.own.symlink_at("target", "link"))?;
    fails(at.own.open("link", DIRECTORY, READ), ErrorCode::Loop)?;
    fails(at.own.open("link", NOTHING, READ), ErrorCode::Loop)?;
    let as_directory = at.own.open_at(FOLLOW, "link", DIRECTORY, READ);
    fails(as_directory, ErrorCode::NotDirectory)?;
    same(works(at.own.text("link"))?, "text".to_owned())
}

fn a_link_to_nothing_is_not_opened(at: &Place) -> Verdict {
    works(at.own.symlink_at("target", "link"))?;
    for open in [NOTHING, DIRECTORY] {
        fails(at.own.open("link", open, READ), ErrorCode::Loop)?;
        let followed = at.own.open_at(FOLLOW, "link", open, READ);
        fails(followed, ErrorCode::NoEntry)?;
    }
    Ok(())
}

fn a_link_to_itself_is_a_loop(at: &Place) -> Verdict {
    works(at.own.symlink_at("link", "link"))?;
    fails(at.own.open("link", NOTHING, READ), ErrorCode::Loop)?;
    let followed = at.own.open_at(FOLLOW, "link", NOTHING, READ);
    fails(followed, ErrorCode::Loop)?;
    fails(at.own.stat_at(FOLLOW, "link"), ErrorCode::Loop)?;
    works(at.own.unlink_file_at("link"))
}

fn a_link_to_an_absolute_path_is_not_made(at: &Place) -> Verdict {
    for target in ["/", "/etc/passwd", "//"] {
        let made = at.own.symlink_at(target, "link");
        fails(made, ErrorCode::NotPermitted)?;
    }
    fails(at.own.look("link"), ErrorCode::NoEntry)
}

fn a_link_is_not_made_where_a_slash_asks_for_a_directory(at: &Place) -> Verdict {
    let made = at.own.symlink_at("source", "target/");
    fails(made, ErrorCode::NoEntry)?;
    fails(at.own.look("target"), ErrorCode::NoEntry)
}

fn a_link_is_not_made_over_a_directory(at: &Place) -> Verdict {
    works(at.own.create_directory_at("target"))?;
    for path in ["target", "target/"] {
        fails(at.own.symlink_at("source", path), ErrorCode::Exist)?;
    }
    same(
        works(at.own.look("target"))?.type_,
        DescriptorType::Directory,
    )
}

fn a_link_is_not_made_over_a_file(at: &Place) -> Verdict {
    works(at.own.make("target", "text"))?;
    fails(at.own.symlink_at("source", "target"), ErrorCode::Exist)?;
    let behind = at.own.symlink_at("source", "target/");
    fails(behind, ErrorCode::NotDirectory)?;
    same(works(at.own.text("target"))?, "text".to_owned())
}

fn the_target_of_a_link_is_told_as_it_was_written(at: &Place) -> Verdict {
    for (link, target) in [
        ("plain", "target"),
        ("script", "目标/Ziel é"),
        ("odd", "./a//b/../c/"),
        ("climbing", "../../nowhere"),
    ] {
        works(at.own.symlink_at(target, link))?;
        same(works(at.own.readlink_at(link))?, target.to_owned())?;
        same(works(at.own.look(link))?.size, target.len() as u64)?;
    }
    Ok(())
}

fn what_is_no_link_has_no_target(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.create_directory_at("directory"))?;
    for path in ["file", "directory", "."] {
        fails(at.own.readlink_at(path), ErrorCode::Invalid)?;
    }
    fails(at.own.readlink_at("none"), ErrorCode::NoEntry)
}
