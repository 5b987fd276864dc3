//! Removing files and directories.

use wasip2::filesystem::types::ErrorCode;

use crate::checks;
use crate::expect::{Verdict, fails, same, works};
use crate::place::{Directory, Place};

checks! {
    an_empty_directory_is_removed,
    a_full_directory_is_not_removed,
    a_file_is_not_removed_as_a_directory,
    a_directory_is_not_unlinked,
    a_file_with_a_slash_behind_its_name_is_not_unlinked,
    unlinking_a_link_leaves_what_it_leads_to,
}

fn an_empty_directory_is_removed(at: &Place) -> Verdict {
    for path in ["directory", "directory/"] {
        works(at.own.create_directory_at("directory"))?;
        works(at.own.remove_directory_at(path))?;
        fails(at.own.look("directory"), ErrorCode::NoEntry)?;
    }
    Ok(())
}

fn a_full_directory_is_not_removed(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    works(at.own.create_directory_at("directory/nested"))?;
    for path in ["directory", "directory/"] {
        fails(at.own.remove_directory_at(path), ErrorCode::NotEmpty)?;
    }
    works(at.own.remove_directory_at("directory/nested"))?;
    works(at.own.remove_directory_at("directory"))
}

fn a_file_is_not_removed_as_a_directory(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.symlink_at("file", "link"))?;
    for path in ["file", "file/", "link"] {
        fails(at.own.remove_directory_at(path), ErrorCode::NotDirectory)?;
    }
    same(works(at.own.text("link"))?, "text".to_owned())
}

fn a_directory_is_not_unlinked(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    for path in ["directory", "directory/"] {
        fails(at.own.unlink_file_at(path), ErrorCode::IsDirectory)?;
    }
    works(at.own.look("directory")).map(drop)
}

fn a_file_with_a_slash_behind_its_name_is_not_unlinked(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    fails(at.own.unlink_file_at("file/"), ErrorCode::NotDirectory)?;
    works(at.own.unlink_file_at("file"))
}

fn unlinking_a_link_leaves_what_it_leads_to(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.create_directory_at("directory"))?;
    for target in ["file", "directory"] {
        works(at.own.symlink_at(target, "link"))?;
        works(at.own.unlink_file_at("link"))?;
        works(at.own.look(target))?;
    }
    Ok(())
}
