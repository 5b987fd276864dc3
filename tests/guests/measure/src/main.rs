//! Repeats one file operation and prints the nanoseconds it took in all.
//! Arguments: the operation; a path; how many times.

use wasip2::clocks::monotonic_clock::now;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use wasip2::io::streams::StreamError;

/// Bytes asked for, or handed over, in one step of a stream.
const STEP: u64 = 64 << 10;

/// The length of the file that `stream-read` and `stream-write` go through.
const LENGTH: u64 = 64 << 20;

/// The entries of the directory that `list` reads, with what else the test lays into it.
const ENTRIES: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, operation, path, times] = arguments.as_slice() else {
        panic!("three arguments")
    };
    let times: u64 = times.parse().expect("a number");
    let path = path.trim_start_matches('/');
    let root = get_directories().remove(0).0;
    let open = |open: OpenFlags, flags: DescriptorFlags| {
        root.open_at(PathFlags::SYMLINK_FOLLOW, path, open, flags)
            .expect("what was laid out")
    };
    let read = || open(OpenFlags::empty(), DescriptorFlags::READ);
    let started = now();
    for _ in 0..times {
        match operation.as_str() {
            "open" => drop(read()),
            "stat" => drop(
                root.stat_at(PathFlags::SYMLINK_FOLLOW, path)
                    .expect("metadata"),
            ),
            "read" => assert_eq!(read().read(4096, 0).expect("bytes").0.len(), 4096),
            "list" => list(&open(OpenFlags::DIRECTORY, DescriptorFlags::READ)),
            "stream-read" => stream_read(&read()),
            "stream-write" => {
                let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE;
                stream_write(&open(flags, DescriptorFlags::WRITE));
            }
            other => panic!("no operation {other}"),
        }
    }
    println!("{}", now() - started);
}

fn list(directory: &Descriptor) {
    let stream = directory.read_directory().expect("a directory");
    let mut entries = 0;
    while stream
        .read_directory_entry()
        .expect("a directory")
        .is_some()
    {
        entries += 1;
    }
    assert_eq!(entries, ENTRIES);
}

fn stream_read(file: &Descriptor) {
    let stream = file.read_via_stream(0).expect("a stream");
    let mut length = 0;
    loop {
        match stream.blocking_read(STEP) {
            Ok(bytes) => length += bytes.len() as u64,
            Err(StreamError::Closed) => break,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(length, LENGTH);
}

fn stream_write(file: &Descriptor) {
    let stream = file.write_via_stream(0).expect("a stream");
    let block = vec![7; STEP as usize];
    for _ in 0..LENGTH / STEP {
        let mut rest = block.as_slice();
        while !rest.is_empty() {
            let ready = stream.check_write().expect("a stream") as usize;
            if ready == 0 {
                stream.subscribe().block();
                continue;
            }
            let (now, later) = rest.split_at(ready.min(rest.len()));
            stream.write(now).expect("a write");
            rest = later;
        }
    }
    stream.blocking_flush().expect("a flush");
}
