//! The bytes of files: by position, by stream, and how many there are.

use wasip2::filesystem::types::{Advice, Descriptor, ErrorCode, OpenFlags};
use wasip2::io::streams::StreamError;

use crate::checks;
use crate::expect::{Verdict, code, fails, same, works};
use crate::place::{Directory, Place, READ, WRITE};

checks! {
    bytes_are_written_and_read_at_positions,
    writing_nothing_beyond_the_end_does_not_grow_a_file,
    writing_beyond_the_end_leaves_zeros_before_it,
    reading_beyond_the_end_reads_nothing,
    no_position_beyond_all_files_is_written,
    what_one_descriptor_writes_another_reads_at_once,
    a_long_write_is_written_whole,
    a_stream_writes_from_its_position_on,
    a_stream_reads_to_the_end_and_closes,
    an_append_stream_writes_behind_what_is_there,
    a_size_is_set_and_told,
    a_size_is_not_set_through_a_descriptor_for_reading,
    nothing_is_written_through_a_descriptor_for_reading,
    advice_changes_nothing,
    files_and_directories_are_synced,
}

fn open(at: &Place) -> Result<Descriptor, String> {
    works(at.own.open("file", OpenFlags::CREATE, READ | WRITE))
}

fn bytes(file: &Descriptor, position: u64) -> Result<Vec<u8>, String> {
    works(file.read(100, position)).map(|(bytes, _)| bytes)
}

fn bytes_are_written_and_read_at_positions(at: &Place) -> Verdict {
    let file = open(at)?;
    same(works(file.write(&[0, 1, 2, 3], 0))?, 4)?;
    same(bytes(&file, 0)?, vec![0, 1, 2, 3])?;
    same(works(file.read(2, 0))?.0, vec![0, 1])?;
    same(bytes(&file, 2)?, vec![2, 3])?;
    same(works(file.write(&[1, 0], 2))?, 2)?;
    same(bytes(&file, 0)?, vec![0, 1, 1, 0])
}

fn writing_nothing_beyond_the_end_does_not_grow_a_file(at: &Place) -> Verdict {
    let file = open(at)?;
    same(works(file.write(&[], 50))?, 0)?;
    same(works(file.stat())?.size, 0)?;
    let stream = works(file.write_via_stream(50))?;
    works(stream.blocking_write_and_flush(&[]).map_err(code))?;
    same(works(file.stat())?.size, 0)
}

fn writing_beyond_the_end_leaves_zeros_before_it(at: &Place) -> Verdict {
    let file = open(at)?;
    same(works(file.write(&[7], 50))?, 1)?;
    same(works(file.stat())?.size, 51)?;
    let expected = [vec![0; 50], vec![7]].concat();
    same(bytes(&file, 0)?, expected)
}

fn reading_beyond_the_end_reads_nothing(at: &Place) -> Verdict {
    let file = open(at)?;
    works(file.write(b"text", 0))?;
    for position in [4, 1_000, 1 << 40] {
        same(works(file.read(100, position))?, (Vec::new(), true))?;
    }
    let stream = works(file.read_via_stream(1_000))?;
    let ended = stream.blocking_read(100).map_err(code);
    fails(ended, ErrorCode::Pipe)
}

/// The kernel counts positions with a sign.
fn no_position_beyond_all_files_is_written(at: &Place) -> Verdict {
    let file = open(at)?;
    for position in [i64::MAX as u64 + 1, u64::MAX] {
        same(file.write(b"text", position).is_err(), true)?;
        fails(file.read(4, position), ErrorCode::Invalid)?;
        let stream = works(file.write_via_stream(position))?;
        same(stream.blocking_write_and_flush(b"text").is_err(), true)?;
        same(file.set_size(position).is_err(), true)?;
    }
    same(works(file.stat())?.size, 0)
}

fn what_one_descriptor_writes_another_reads_at_once(at: &Place) -> Verdict {
    let reader = works(at.own.open("file", OpenFlags::CREATE, READ))?;
    let writer = works(at.own.open("file", OpenFlags::empty(), WRITE))?;
    same(works(writer.write(&[1], 0))?, 1)?;
    same(bytes(&reader, 0)?, vec![1])?;
    let stream = works(writer.write_via_stream(1))?;
    works(stream.blocking_write_and_flush(&[2]).map_err(code))?;
    same(bytes(&reader, 0)?, vec![1, 2])
}

fn a_long_write_is_written_whole(at: &Place) -> Verdict {
    let file = open(at)?;
    let text: String = (0..4_096).map(|number| format!("{number:015} ")).collect();
    let size = text.len() as u64;
    same(works(file.write(text.as_bytes(), 0))?, size)?;
    same(works(file.stat())?.size, size)?;
    let (begin, end) = (
        &text.as_bytes()[..100],
        &text.as_bytes()[text.len() - 100..],
    );
    same(bytes(&file, 0)?, begin.to_vec())?;
    same(bytes(&file, size - 100)?, end.to_vec())
}

fn a_stream_writes_from_its_position_on(at: &Place) -> Verdict {
    let file = open(at)?;
    let stream = works(file.write_via_stream(5))?;
    same(stream.subscribe().ready(), true)?;
    for part in ["Hello, ", "World!"] {
        works(
            stream
                .blocking_write_and_flush(part.as_bytes())
                .map_err(code),
        )?;
    }
    same(bytes(&file, 0)?, b"\0\0\0\0\0Hello, World!".to_vec())
}

fn a_stream_reads_to_the_end_and_closes(at: &Place) -> Verdict {
    let file = open(at)?;
    works(file.write(b"Hello, World!", 0))?;
    let stream = works(file.read_via_stream(0))?;
    let ready = stream.subscribe();
    let mut found = Vec::new();
    for _ in 0..10 {
        ready.block();
        // Reading nothing shows whether the stream is open, and moves nothing.
        match stream.read(0) {
            Ok(nothing) => same(nothing.len(), 0)?,
            Err(StreamError::Closed) => break,
            Err(error) => return Err(error.to_string()),
        }
        match stream.read(4) {
            Ok(bytes) => found.extend(bytes),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    same(found, b"Hello, World!".to_vec())?;
    fails(stream.read(4).map_err(code), ErrorCode::Pipe)
}

fn an_append_stream_writes_behind_what_is_there(at: &Place) -> Verdict {
    let file = open(at)?;
    works(file.write(b"one ", 0))?;
    let stream = works(file.append_via_stream())?;
    works(stream.blocking_write_and_flush(b"two ").map_err(code))?;
    // Others write meanwhile.
    works(file.write(b"three ", 8))?;
    works(stream.blocking_write_and_flush(b"four").map_err(code))?;
    same(bytes(&file, 0)?, b"one two three four".to_vec())?;
    works(file.set_size(0))?;
    works(stream.blocking_write_and_flush(b"five").map_err(code))?;
    same(bytes(&file, 0)?, b"five".to_vec())
}

fn a_size_is_set_and_told(at: &Place) -> Verdict {
    let file = open(at)?;
    same(works(file.stat())?.size, 0)?;
    for size in [100, 3, 0] {
        works(file.set_size(size))?;
        same(works(file.stat())?.size, size)?;
        same(works(at.own.look("file"))?.size, size)?;
    }
    Ok(())
}

/// POSIX `ftruncate` would say "invalid"; WASI has a code of its own for what a descriptor does not permit.
fn a_size_is_not_set_through_a_descriptor_for_reading(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let reader = works(at.own.open("file", OpenFlags::empty(), READ))?;
    for size in [100, 4, 0] {
        fails(reader.set_size(size), ErrorCode::NotPermitted)?;
    }
    same(works(at.own.text("file"))?, "text".to_owned())
}

fn nothing_is_written_through_a_descriptor_for_reading(at: &Place) -> Verdict {
    works(at.own.make("file", "text"))?;
    let reader = works(at.own.open("file", OpenFlags::empty(), READ))?;
    fails(reader.write(b"more", 0), ErrorCode::NotPermitted)?;
    fails(reader.write(&[], 0), ErrorCode::NotPermitted)?;
    fails(reader.write_via_stream(0), ErrorCode::NotPermitted)?;
    fails(reader.append_via_stream(), ErrorCode::NotPermitted)?;
    same(works(at.own.text("file"))?, "text".to_owned())
}

fn advice_changes_nothing(at: &Place) -> Verdict {
    let file = open(at)?;
    works(file.set_size(100))?;
    for advice in [
        Advice::Normal,
        Advice::Sequential,
        Advice::Random,
        Advice::WillNeed,
        Advice::DontNeed,
        Advice::NoReuse,
    ] {
        works(file.advise(10, 50, advice))?;
        same(works(file.stat())?.size, 100)?;
    }
    Ok(())
}

fn files_and_directories_are_synced(at: &Place) -> Verdict {
    let file = open(at)?;
    works(file.write(b"text", 0))?;
    let reader = works(at.own.open("file", OpenFlags::empty(), READ))?;
    for descriptor in [&file, &reader, &at.own] {
        works(descriptor.sync())?;
        works(descriptor.sync_data())?;
    }
    Ok(())
}
