//! What may only be read, beside what may be changed.

use wasip2::filesystem::types::{
    DescriptorFlags, DescriptorType, ErrorCode, NewTimestamp, OpenFlags,
};

use crate::checks;
use crate::expect::{Verdict, code, fails, same, works};
use crate::place::{Directory, FOLLOW, NO_FOLLOW, Place, READ, WRITE};

checks! {
    what_is_read_only_is_read_and_not_written_by_streams,
    what_is_read_only_is_not_opened_for_writing,
    what_is_read_only_is_not_truncated_by_opening,
    what_is_read_only_has_no_second_name_where_writing_is_allowed,
    what_is_read_only_is_neither_renamed_nor_replaced,
    nothing_is_made_or_removed_in_a_read_only_directory,
    no_times_are_set_of_what_is_read_only,
    a_read_only_directory_is_opened_though_the_right_to_change_it_is_asked_for,
    what_may_not_be_read_is_not_there,
}

const NAME: &str = "test.txt";
const TEXT: &str = "read only test file\n";
const REFUSED: ErrorCode = ErrorCode::NotPermitted;

/// The directory holds what it held.
fn is_untouched(at: &Place) -> Verdict {
    let expected = [
        ("sub", DescriptorType::Directory),
        (NAME, DescriptorType::RegularFile),
    ];
    let expected = expected.map(|(name, kind)| (name.to_owned(), kind));
    same(works(at.read_only.entries())?, expected.to_vec())?;
    same(works(at.read_only.look(NAME))?.link_count, 1)?;
    same(works(at.read_only.text(NAME))?, TEXT.to_owned())
}

fn what_is_read_only_is_read_and_not_written_by_streams(at: &Place) -> Verdict {
    let file = works(at.read_only.open(NAME, OpenFlags::empty(), READ))?;
    fails(file.write_via_stream(0), REFUSED)?;
    fails(file.append_via_stream(), REFUSED)?;
    fails(file.write(b"x", 0), REFUSED)?;
    fails(file.set_size(0), REFUSED)?;
    let stream = works(file.read_via_stream(0))?;
    let found = works(stream.blocking_read(100).map_err(code))?;
    same(found, TEXT.as_bytes().to_vec())?;
    let (found, _) = works(file.read(100, 5))?;
    same(found, TEXT.as_bytes()[5..].to_vec())?;
    is_untouched(at)
}

fn what_is_read_only_is_not_opened_for_writing(at: &Place) -> Verdict {
    for flags in [WRITE, READ | WRITE] {
        for open in [OpenFlags::empty(), OpenFlags::CREATE] {
            fails(at.read_only.open(NAME, open, flags), REFUSED)?;
        }
    }
    is_untouched(at)
}

fn what_is_read_only_is_not_truncated_by_opening(at: &Place) -> Verdict {
    let truncate = OpenFlags::TRUNCATE;
    for open in [truncate, truncate | OpenFlags::CREATE] {
        for flags in [DescriptorFlags::empty(), READ, WRITE, READ | WRITE] {
            fails(at.read_only.open(NAME, open, flags), REFUSED)?;
            let followed = at.read_only.open_at(FOLLOW, NAME, open, flags);
            fails(followed, REFUSED)?;
        }
    }
    is_untouched(at)
}

fn what_is_read_only_has_no_second_name_where_writing_is_allowed(at: &Place) -> Verdict {
    let made = at.read_only.link_at(NO_FOLLOW, NAME, &at.own, "alias");
    fails(made, REFUSED)?;
    fails(at.own.look("alias"), ErrorCode::NoEntry)?;
    works(at.own.make("file", "text"))?;
    let made = at.own.link_at(NO_FOLLOW, "file", &at.read_only, "alias");
    fails(made, REFUSED)?;
    is_untouched(at)
}

fn what_is_read_only_is_neither_renamed_nor_replaced(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.create_directory_at("directory"))?;
    for (name, own) in [(NAME, "file"), ("sub", "directory")] {
        fails(at.read_only.rename_at(name, &at.own, "taken"), REFUSED)?;
        fails(at.read_only.rename_at(name, &at.own, own), REFUSED)?;
        fails(
            at.read_only.rename_at(name, &at.read_only, "moved"),
            REFUSED,
        )?;
        fails(at.own.rename_at(own, &at.read_only, name), REFUSED)?;
        fails(at.own.rename_at(own, &at.read_only, "put"), REFUSED)?;
    }
    same(works(at.own.text("file"))?, "text".to_owned())?;
    is_untouched(at)
}

/// wasmtime lets a file of a read-only preopen have a second name there; ours makes no name where nothing is written.
fn nothing_is_made_or_removed_in_a_read_only_directory(at: &Place) -> Verdict {
    let second = at.read_only.link_at(NO_FOLLOW, NAME, &at.read_only, "new");
    fails(second, REFUSED)?;
    fails(at.read_only.make("new", "text"), REFUSED)?;
    fails(at.read_only.open("new", OpenFlags::CREATE, READ), REFUSED)?;
    fails(at.read_only.create_directory_at("new"), REFUSED)?;
    fails(at.read_only.symlink_at(NAME, "new"), REFUSED)?;
    fails(at.read_only.unlink_file_at(NAME), REFUSED)?;
    fails(at.read_only.remove_directory_at("sub"), REFUSED)?;
    is_untouched(at)
}

fn no_times_are_set_of_what_is_read_only(at: &Place) -> Verdict {
    let now = NewTimestamp::Now;
    for path in [NAME, "sub", "."] {
        let set = at.read_only.set_times_at(NO_FOLLOW, path, now, now);
        fails(set, REFUSED)?;
        let open = works(at.read_only.open(path, OpenFlags::empty(), READ))?;
        fails(open.set_times(now, now), REFUSED)?;
    }
    is_untouched(at)
}

/// wasmtime refuses. The `opendir` of wasi-libc asks for the right on every directory, so ours opens it with the rights
/// there are, and each change through it is refused.
fn a_read_only_directory_is_opened_though_the_right_to_change_it_is_asked_for(
    at: &Place,
) -> Verdict {
    let change = DescriptorFlags::MUTATE_DIRECTORY;
    let opened = at
        .read_only
        .open("sub", OpenFlags::DIRECTORY, READ | change);
    let sub = works(opened)?;
    same(works(sub.get_flags())? & change, DescriptorFlags::empty())?;
    same(works(sub.entries())?, Vec::new())?;
    fails(sub.make("new", "text"), REFUSED)?;
    is_untouched(at)
}

/// wasmtime has no such files: a preopen is granted whole. Ours tells nothing of them, not that they are there either.
fn what_may_not_be_read_is_not_there(at: &Place) -> Verdict {
    let gone = ErrorCode::NoEntry;
    let path = at.ungranted.as_str();
    fails(at.root.open(path, OpenFlags::empty(), READ), gone)?;
    fails(at.root.look(path), gone)?;
    fails(at.root.metadata_hash_at(FOLLOW, path), gone)?;
    fails(at.root.readlink_at(path), gone)?;
    let missing = format!("{path}.missing");
    fails(at.root.look(&missing), gone)?;
    // A change is refused in the same way whether it is there or not.
    fails(at.root.unlink_file_at(path), REFUSED)?;
    fails(at.root.unlink_file_at(&missing), REFUSED)
}
