//! Repeats one file operation and prints the nanoseconds it took in all.
//! Arguments: `open`, `stat` or `read`; a path; how many times.

use wasip2::clocks::monotonic_clock::now;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, operation, path, times] = arguments.as_slice() else {
        panic!("three arguments")
    };
    let times: u64 = times.parse().expect("a number");
    let path = path.trim_start_matches('/');
    let root = get_directories().remove(0).0;
    let open = || {
        root.open_at(
            PathFlags::SYMLINK_FOLLOW,
            path,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )
        .expect("a file")
    };
    let started = now();
    for _ in 0..times {
        match operation.as_str() {
            "open" => drop(open()),
            "stat" => drop(
                root.stat_at(PathFlags::SYMLINK_FOLLOW, path)
                    .expect("metadata"),
            ),
            "read" => assert_eq!(open().read(4096, 0).expect("bytes").0.len(), 4096),
            other => panic!("no operation {other}"),
        }
    }
    println!("{}", now() - started);
}
