//! Opening and making files and directories, and the paths by which they are named.

use wasip2::filesystem::types::{DescriptorFlags, DescriptorType, ErrorCode, OpenFlags};

use crate::checks;
use crate::expect::{Verdict, fails, same, works};
use crate::place::{Directory, FOLLOW, Place, READ, WRITE};

checks! {
    what_exists_is_not_made_exclusively,
    what_is_missing_is_not_opened,
    a_file_is_no_place_to_open_something_in,
    a_descriptor_reads_and_writes_as_it_was_opened,
    a_directory_is_opened_again_by_its_dot,
    a_directory_is_not_opened_for_writing,
    what_was_opened_from_the_root_outlives_it,
    thousands_of_files_opened_one_by_one_leave_nothing_open,
    a_path_with_dots_and_doubled_slashes_is_walked,
    an_absolute_path_is_not_permitted,
    a_path_with_a_zero_byte_is_invalid,
    a_file_with_slashes_behind_its_name_is_no_directory,
    a_directory_with_slashes_behind_its_name_is_opened,
    more_climbs_than_there_are_directories_are_not_permitted,
    opening_with_truncation_empties_a_file,
    a_removed_file_stays_open_and_its_name_is_free,
    a_removed_directory_stays_open_and_its_name_is_free,
}

const NOTHING: OpenFlags = OpenFlags::empty();
const CREATE: OpenFlags = OpenFlags::CREATE;
const DIRECTORY: OpenFlags = OpenFlags::DIRECTORY;
const NO_RIGHTS: DescriptorFlags = DescriptorFlags::empty();

fn what_exists_is_not_made_exclusively(at: &Place) -> Verdict {
    let exclusive = CREATE | OpenFlags::EXCLUSIVE;
    works(at.own.make("file", "text"))?;
    works(at.own.create_directory_at("directory"))?;
    works(at.own.symlink_at("nowhere", "link"))?;
    for name in ["file", "directory", "link", "."] {
        fails(at.own.open(name, exclusive, NO_RIGHTS), ErrorCode::Exist)?;
        let followed = at.own.open_at(FOLLOW, name, exclusive, WRITE);
        fails(followed, ErrorCode::Exist)?;
    }
    fails(at.own.look("nowhere"), ErrorCode::NoEntry)?;
    same(works(at.own.text("file"))?, "text".to_owned())
}

fn what_is_missing_is_not_opened(at: &Place) -> Verdict {
    for flags in [NO_RIGHTS, READ, WRITE, READ | WRITE] {
        fails(at.own.open("file", NOTHING, flags), ErrorCode::NoEntry)?;
    }
    fails(at.own.open("none/file", CREATE, WRITE), ErrorCode::NoEntry)?;
    same(works(at.own.entries())?, Vec::new())
}

fn a_file_is_no_place_to_open_something_in(at: &Place) -> Verdict {
    let file = works(at.own.open("file", CREATE, NO_RIGHTS))?;
    fails(
        file.open("inside", CREATE, NO_RIGHTS),
        ErrorCode::NotDirectory,
    )?;
    fails(file.open(".", NOTHING, READ), ErrorCode::NotDirectory)?;
    fails(
        at.own.open("file/inside", CREATE, NO_RIGHTS),
        ErrorCode::NotDirectory,
    )?;
    fails(file.create_directory_at("inside"), ErrorCode::NotDirectory)
}

fn a_descriptor_reads_and_writes_as_it_was_opened(at: &Place) -> Verdict {
    works(at.own.make("file", ""))?;
    let rights = READ | WRITE;
    let reader = works(at.own.open("file", NOTHING, READ))?;
    same(works(reader.get_flags())? & rights, READ)?;
    same(works(reader.read(100, 0))?.0.len(), 0)?;
    fails(reader.write(b"text", 0), ErrorCode::NotPermitted)?;
    let writer = works(at.own.open("file", NOTHING, WRITE))?;
    same(works(writer.get_flags())? & rights, WRITE)?;
    fails(writer.read(100, 0), ErrorCode::BadDescriptor)?;
    same(works(writer.write(&[1; 50], 0))?, 50)?;
    let both = works(at.own.open("file", NOTHING, rights))?;
    same(works(both.get_flags())? & rights, rights)?;
    same(works(both.read(100, 0))?.0.len(), 50)?;
    same(works(both.write(&[2; 25], 50))?, 25)?;
    same(works(both.stat())?.size, 75)
}

fn a_directory_is_opened_again_by_its_dot(at: &Place) -> Verdict {
    for from in [&at.own, &at.root, &at.read_only] {
        for (open, flags) in [
            (NOTHING, NO_RIGHTS),
            (DIRECTORY, NO_RIGHTS),
            (DIRECTORY, READ),
            (DIRECTORY, READ | DescriptorFlags::MUTATE_DIRECTORY),
        ] {
            let again = works(from.open(".", open, flags))?;
            same(again.is_same_object(from), true)?;
            same(works(again.get_type())?, DescriptorType::Directory)?;
        }
    }
    Ok(())
}

fn a_directory_is_not_opened_for_writing(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    for from in [".", "directory", "directory/"] {
        for (open, flags) in [
            (DIRECTORY, READ | WRITE),
            (NOTHING, WRITE),
            (OpenFlags::TRUNCATE, READ),
        ] {
            fails(at.own.open(from, open, flags), ErrorCode::IsDirectory)?;
        }
    }
    Ok(())
}

fn what_was_opened_from_the_root_outlives_it(at: &Place) -> Verdict {
    let root = works(at.root.open(".", DIRECTORY, READ))?;
    let inner = works(at.own.open(".", DIRECTORY, READ))?;
    drop(root);
    works(inner.make("file", "text"))?;
    same(works(at.own.text("file"))?, "text".to_owned())
}

fn thousands_of_files_opened_one_by_one_leave_nothing_open(at: &Place) -> Verdict {
    works(at.own.make("file", ""))?;
    for _ in 0..2_000 {
        let file = works(at.own.open("file", NOTHING, READ))?;
        let stream = works(file.read_via_stream(0))?;
        drop(stream.subscribe());
        same(works(file.read(100, 0))?.0.len(), 0)?;
    }
    for _ in 0..2_000 {
        let file = works(at.own.open("file", NOTHING, READ | WRITE))?;
        let stream = works(file.write_via_stream(0))?;
        drop(stream.subscribe());
        same(works(file.write(&[0; 100], 0))?, 100)?;
    }
    Ok(())
}

fn a_path_with_dots_and_doubled_slashes_is_walked(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    works(at.own.create_directory_at("directory/nested"))?;
    works(at.own.make("directory/nested/file", "text"))?;
    let path = "directory/.//nested/../../directory/nested/../nested///./file";
    same(works(at.own.text(path))?, "text".to_owned())
}

fn an_absolute_path_is_not_permitted(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    for from in [&at.own, &at.root] {
        for path in ["/file", "//file", "/"] {
            fails(from.open(path, NOTHING, READ), ErrorCode::NotPermitted)?;
            fails(from.look(path), ErrorCode::NotPermitted)?;
        }
    }
    fails(at.own.make("/other", "text"), ErrorCode::NotPermitted)
}

fn a_path_with_a_zero_byte_is_invalid(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    for path in ["file\0", "fi\0le", "\0"] {
        fails(at.own.open(path, NOTHING, READ), ErrorCode::Invalid)?;
        fails(at.own.make(path, "text"), ErrorCode::Invalid)?;
    }
    Ok(())
}

fn a_file_with_slashes_behind_its_name_is_no_directory(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    for path in ["file/", "file///", "file/."] {
        fails(at.own.open(path, NOTHING, READ), ErrorCode::NotDirectory)?;
        fails(at.own.look(path), ErrorCode::NotDirectory)?;
    }
    Ok(())
}

fn a_directory_with_slashes_behind_its_name_is_opened(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    for path in ["directory/", "directory///", "directory/."] {
        let directory = works(at.own.open(path, NOTHING, READ))?;
        same(works(directory.get_type())?, DescriptorType::Directory)?;
    }
    Ok(())
}

fn more_climbs_than_there_are_directories_are_not_permitted(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    works(at.own.make("directory/file", "text"))?;
    for path in [
        "..",
        "directory/../..",
        "directory/../../directory/file",
        "../more_climbs_than_there_are_directories_are_not_permitted/directory/file",
    ] {
        fails(at.own.open(path, NOTHING, READ), ErrorCode::NotPermitted)?;
    }
    Ok(())
}

fn opening_with_truncation_empties_a_file(at: &Place) -> Verdict {
    for (name, open, flags) in [
        ("made-again", CREATE | OpenFlags::TRUNCATE, READ | WRITE),
        ("written", OpenFlags::TRUNCATE, WRITE),
        // Where the file may be written, the right need not be asked for.
        ("read", OpenFlags::TRUNCATE, READ),
        ("neither", OpenFlags::TRUNCATE, NO_RIGHTS),
    ] {
        works(at.own.make(name, "this will go"))?;
        works(at.own.open(name, open, flags))?;
        same(works(at.own.look(name))?.size, 0)?;
    }
    Ok(())
}

fn a_removed_file_stays_open_and_its_name_is_free(at: &Place) -> Verdict {
    works(at.own.make("file", "first"))?;
    let first = works(at.own.open("file", NOTHING, READ))?;
    works(at.own.unlink_file_at("file"))?;
    works(at.own.make("file", "second"))?;
    same(works(first.read(100, 0))?.0, b"first".to_vec())?;
    same(works(at.own.text("file"))?, "second".to_owned())
}

fn a_removed_directory_stays_open_and_its_name_is_free(at: &Place) -> Verdict {
    works(at.own.create_directory_at("directory"))?;
    let first = works(at.own.open("directory", DIRECTORY, READ))?;
    works(at.own.remove_directory_at("directory"))?;
    works(at.own.create_directory_at("directory"))?;
    works(at.own.make("directory/file", "text"))?;
    fails(first.text("file"), ErrorCode::NoEntry)?;
    fails(first.make("other", "text"), ErrorCode::NoEntry)?;
    same(works(first.stat())?.type_, DescriptorType::Directory)
}
