//! Opens the same path again and again while the host swaps a directory on the way for a link to somewhere else, until
//! it has met both often enough. Arguments: path to read below the swapped directory, path to write below it, how often
//! each must be met at the least.
//! Prints `leaks N` (reads that showed anything but `inside`), `reads N` and `misses N`.

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, read_path, write_path, least] = arguments.as_slice() else {
        panic!("three arguments")
    };
    let least: u32 = least.parse().expect("a number");
    let root = get_directories().remove(0).0;
    let (mut reads, mut misses, mut leaks) = (0, 0, 0);
    while reads < least || misses < least {
        if let Some(text) = read(&root, read_path.trim_start_matches('/')) {
            reads += 1;
            leaks += u32::from(text != b"inside");
        } else {
            misses += 1;
        }
        let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE;
        let opened = root.open_at(
            PathFlags::SYMLINK_FOLLOW,
            write_path.trim_start_matches('/'),
            flags,
            DescriptorFlags::WRITE,
        );
        if let Ok(file) = opened {
            let _ = file.write(b"overwritten", 0);
        }
    }
    println!("reads {reads}");
    println!("misses {misses}");
    println!("leaks {leaks}");
}

fn read(root: &Descriptor, path: &str) -> Option<Vec<u8>> {
    let file = root
        .open_at(
            PathFlags::SYMLINK_FOLLOW,
            path,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )
        .ok()?;
    file.read(100, 0).ok().map(|(bytes, _)| bytes)
}
