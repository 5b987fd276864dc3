//! Kinds, times, and what a directory is not.

use wasip2::clocks::wall_clock::Datetime;
use wasip2::filesystem::types::{
    Advice, Descriptor, DescriptorFlags, DescriptorType, ErrorCode, NewTimestamp, OpenFlags,
};

use crate::checks;
use crate::expect::{Verdict, fails, same, works};
use crate::place::{Directory, FOLLOW, NO_FOLLOW, Place, READ, WRITE};

checks! {
    kinds_are_told_with_and_without_following,
    an_open_file_tells_its_kind,
    times_are_set_by_path,
    times_are_set_through_a_descriptor_for_writing,
    times_are_set_through_a_descriptor_for_reading,
    times_are_set_through_a_directory,
    the_times_of_a_link_are_its_own,
    a_time_beyond_all_clocks_is_an_overflow,
    a_time_beyond_all_clocks_is_an_overflow_by_path,
    nanoseconds_beyond_a_second_count_as_seconds,
    a_file_from_before_all_clocks_is_told_and_read,
    a_directory_is_no_file,
}

const NOTHING: OpenFlags = OpenFlags::empty();

fn time(seconds: u64, nanoseconds: u32) -> Datetime {
    Datetime {
        seconds,
        nanoseconds,
    }
}

fn at_time(seconds: u64) -> NewTimestamp {
    NewTimestamp::Timestamp(time(seconds, 0))
}

/// The time of modification, in seconds and nanoseconds.
fn modified(directory: &Descriptor, path: &str) -> Result<(u64, u32), String> {
    let stat = works(directory.look(path))?;
    let time = stat.data_modification_timestamp.ok_or("no time")?;
    Ok((time.seconds, time.nanoseconds))
}

fn kinds_are_told_with_and_without_following(at: &Place) -> Verdict {
    let (directory, file) = (DescriptorType::Directory, DescriptorType::RegularFile);
    let link = DescriptorType::SymbolicLink;
    works(at.own.create_directory_at("directory"))?;
    works(at.own.make("directory/file", "text"))?;
    works(at.own.symlink_at("directory/file", "to-file"))?;
    works(at.own.symlink_at("directory", "to-directory"))?;
    for (path, itself, followed) in [
        ("directory", directory, directory),
        ("directory/file", file, file),
        ("to-file", link, file),
        ("to-directory", link, directory),
        // POSIX 4.13: the slash follows.
        ("to-directory/", directory, directory),
        (".", directory, directory),
    ] {
        same(works(at.own.stat_at(NO_FOLLOW, path))?.type_, itself)?;
        same(works(at.own.stat_at(FOLLOW, path))?.type_, followed)?;
    }
    fails(at.own.stat_at(FOLLOW, "none"), ErrorCode::NoEntry)
}

fn an_open_file_tells_its_kind(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let file = works(at.own.open("file", NOTHING, READ))?;
    same(works(file.get_type())?, DescriptorType::RegularFile)?;
    same(works(file.stat())?.type_, DescriptorType::RegularFile)?;
    same(works(at.own.get_type())?, DescriptorType::Directory)?;
    same(works(at.root.get_type())?, DescriptorType::Directory)
}

fn times_are_set_by_path(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let before = works(at.own.look("file"))?;
    let set = at
        .own
        .set_times_at(NO_FOLLOW, "file", NewTimestamp::NoChange, at_time(1_000));
    works(set)?;
    let after = works(at.own.look("file"))?;
    same(modified(&at.own, "file")?, (1_000, 0))?;
    let accessed = |stat: wasip2::filesystem::types::DescriptorStat| {
        stat.data_access_timestamp
            .map(|time| (time.seconds, time.nanoseconds))
    };
    same(accessed(after), accessed(before))?;
    same(after.size, 4)
}

fn times_are_set_through(at: &Place, flags: DescriptorFlags) -> Verdict {
    works(at.own.make("file", "text"))?;
    let file = works(at.own.open("file", NOTHING, flags))?;
    works(file.set_times(NewTimestamp::NoChange, at_time(1_000)))?;
    same(modified(&at.own, "file")?, (1_000, 0))?;
    works(file.set_times(at_time(2_000), NewTimestamp::NoChange))?;
    same(modified(&at.own, "file")?, (1_000, 0))?;
    same(works(file.stat())?.size, 4)
}

fn times_are_set_through_a_descriptor_for_writing(at: &Place) -> Verdict {
    times_are_set_through(at, READ | WRITE)
}

/// Whether they may be set is up to the rules for the file, not to how it was opened, as in POSIX `futimens`.
fn times_are_set_through_a_descriptor_for_reading(at: &Place) -> Verdict {
    times_are_set_through(at, READ)
}

fn times_are_set_through_a_directory(at: &Place) -> Verdict {
    works(at.own.set_times(NewTimestamp::NoChange, at_time(1_000)))?;
    same(modified(&at.own, ".")?, (1_000, 0))?;
    works(at.own.create_directory_at("directory"))?;
    let directory = works(at.own.open("directory", OpenFlags::DIRECTORY, READ))?;
    works(directory.set_times(NewTimestamp::Now, at_time(2_000)))?;
    same(modified(&at.own, "directory")?, (2_000, 0))
}

fn the_times_of_a_link_are_its_own(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.symlink_at("file", "link"))?;
    let same_time = NewTimestamp::NoChange;
    let before = modified(&at.own, "file")?;
    works(
        at.own
            .set_times_at(NO_FOLLOW, "link", same_time, at_time(1_000)),
    )?;
    same(modified(&at.own, "link")?, (1_000, 0))?;
    same(modified(&at.own, "file")?, before)?;
    works(
        at.own
            .set_times_at(FOLLOW, "link", same_time, at_time(2_000)),
    )?;
    same(modified(&at.own, "link")?, (1_000, 0))?;
    same(modified(&at.own, "file")?, (2_000, 0))
}

/// Times that no signed count of seconds holds.
const BEYOND: [(u64, u32); 3] = [
    (u64::MAX, 1_000_000_000),
    (u64::MAX, 0),
    (i64::MAX as u64 + 1, 0),
];

fn a_time_beyond_all_clocks_is_an_overflow(at: &Place) -> Verdict {
    let file = works(at.own.open("file", OpenFlags::CREATE, READ | WRITE))?;
    let before = modified(&at.own, "file")?;
    for (seconds, nanoseconds) in BEYOND {
        let beyond = NewTimestamp::Timestamp(time(seconds, nanoseconds));
        for (accessed, modified) in [(beyond, at_time(0)), (at_time(0), beyond)] {
            let set = file.set_times(accessed, modified);
            fails(set, ErrorCode::Overflow)?;
        }
    }
    same(modified(&at.own, "file")?, before)
}

fn a_time_beyond_all_clocks_is_an_overflow_by_path(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    works(at.own.create_directory_at("directory"))?;
    for path in ["file", "directory", "."] {
        let before = modified(&at.own, path)?;
        for (seconds, nanoseconds) in BEYOND {
            let beyond = NewTimestamp::Timestamp(time(seconds, nanoseconds));
            for (accessed, modified) in [(beyond, at_time(0)), (at_time(0), beyond)] {
                let set = at.own.set_times_at(NO_FOLLOW, path, accessed, modified);
                fails(set, ErrorCode::Overflow)?;
            }
        }
        same(modified(&at.own, path)?, before)?;
    }
    Ok(())
}

fn nanoseconds_beyond_a_second_count_as_seconds(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let file = works(at.own.open("file", NOTHING, WRITE))?;
    let odd = NewTimestamp::Timestamp(time(1_000, 2_500_000_000));
    works(file.set_times(NewTimestamp::NoChange, odd))?;
    same(modified(&at.own, "file")?, (1_002, 500_000_000))?;
    let odd = NewTimestamp::Timestamp(time(2_000, 1_000_000_000));
    works(
        at.own
            .set_times_at(NO_FOLLOW, "file", NewTimestamp::NoChange, odd),
    )?;
    same(modified(&at.own, "file")?, (2_001, 0))
}

/// The host gave `test.txt` a time long before 1970, which WASI has no number for. It is left out, so that the file can
/// still be looked at, copied and read.
fn a_file_from_before_all_clocks_is_told_and_read(at: &Place) -> Verdict {
    let stat = works(at.read_only.look("test.txt"))?;
    same(stat.data_modification_timestamp.is_none(), true)?;
    same(stat.size, 20)?;
    let file = works(at.read_only.open("test.txt", NOTHING, READ))?;
    same(
        works(file.stat())?.data_modification_timestamp.is_none(),
        true,
    )?;
    same(
        works(at.read_only.text("test.txt"))?,
        "read only test file\n".to_owned(),
    )
}

/// wasmtime answers `bad-descriptor` here. Ours says what is wrong with it, as POSIX `read` on a directory does.
fn a_directory_is_no_file(at: &Place) -> Verdict {
    let not_a_file = ErrorCode::IsDirectory;
    for directory in [&at.own, &at.root, &at.read_only] {
        same(works(directory.stat())?.type_, DescriptorType::Directory)?;
        fails(directory.read(128, 0), not_a_file)?;
        fails(directory.read_via_stream(0), not_a_file)?;
        fails(directory.write(&[0; 128], 0), not_a_file)?;
        fails(directory.write_via_stream(0), not_a_file)?;
        fails(directory.append_via_stream(), not_a_file)?;
        fails(directory.set_size(0), not_a_file)?;
        let advice = directory.advise(0, 0, Advice::DontNeed);
        fails(advice, ErrorCode::BadDescriptor)?;
    }
    Ok(())
}
