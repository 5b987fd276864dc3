//! What a snapshot costs: contents are stored once, and files that did not change are not read.

use std::time::UNIX_EPOCH;

use super::contents::{BLOCK, Contents};
use super::manifest::{Manifest, Node};
use super::objects::OBJECTS;
use super::*;

/// A folder that is scanned as if an hour had passed since its files were written.
struct Scanned {
    ground: Ground,
    known: Known,
}

impl Scanned {
    fn new() -> Self {
        let ground = Ground::new();
        fs::create_dir(ground.path("tree")).unwrap();
        Self {
            ground,
            known: Known::default(),
        }
    }

    fn scan_at(&mut self, now: SystemTime) -> Manifest {
        let open = |name: &str| fs::File::open(self.ground.path(name)).unwrap();
        let objects = Objects::open(open("").as_fd()).unwrap();
        let none = OsStr::new("");
        let scan = scan::scan(open("tree").as_fd(), none, &self.known, &objects, now).unwrap();
        assert_eq!(scan.tally.warnings, []);
        self.known = scan.known;
        scan.manifest
    }

    fn scan(&mut self) -> Manifest {
        self.scan_at(SystemTime::now() + Duration::from_secs(3_600))
    }

    fn write(&self, name: &str, contents: &str) {
        fs::write(self.ground.path("tree").join(name), contents).unwrap();
    }

    fn forget_contents(&self) {
        fs::remove_dir_all(self.ground.path(OBJECTS)).unwrap();
    }

    fn stored(&self) -> usize {
        names_below(&self.ground.path(OBJECTS)).len()
    }
}

#[test]
fn a_file_that_has_not_changed_is_neither_read_nor_written() {
    let mut tree = Scanned::new();
    tree.write("same.txt", "same");
    tree.write("other.txt", "before");
    let before = tree.scan();
    tree.forget_contents();
    assert_eq!(tree.scan(), before);
    assert_eq!(tree.stored(), 0);

    tree.write("other.txt", "after!");
    assert_ne!(tree.scan(), before);
    assert_eq!(tree.stored(), 1);
}

#[test]
fn a_change_that_keeps_length_and_time_of_modification_is_noticed() {
    let mut tree = Scanned::new();
    tree.write("a.txt", "one");
    let path = tree.ground.path("tree/a.txt");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let before = tree.scan();
    // Longer than the coarsest clock of a Linux filesystem ticks.
    std::thread::sleep(Duration::from_millis(20));
    tree.write("a.txt", "two");
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
    assert_ne!(tree.scan(), before);
}

#[test]
fn a_file_written_just_before_a_snapshot_is_read_again_by_the_next() {
    let mut tree = Scanned::new();
    tree.write("a.txt", "a");
    tree.scan_at(SystemTime::now());
    tree.forget_contents();
    tree.scan_at(SystemTime::now());
    assert_eq!(tree.stored(), 1);
}

#[test]
fn a_clock_before_1970_makes_every_file_be_read() {
    let mut tree = Scanned::new();
    tree.write("a.txt", "a");
    let long_ago = UNIX_EPOCH - Duration::from_secs(1_000);
    tree.scan_at(long_ago);
    tree.forget_contents();
    tree.scan_at(long_ago);
    assert_eq!(tree.stored(), 1);
}

#[test]
fn equal_contents_are_stored_once_for_all_agents_and_linked_to_nothing() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("a.txt"), "same").unwrap();
    fs::write(ground.alpha("b.txt"), "same").unwrap();
    ground.put("workspaces/two/c.txt", "same");
    snapshot(&workspaces, 1);
    workspaces.snapshot(&agent("beta"), label(1, 1)).unwrap();

    let store = ground.path("snapshots").join(OBJECTS);
    let objects: Vec<_> = fs::read_dir(store)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap())
        .collect();
    assert_eq!(objects.len(), 1);
    assert_eq!((objects[0].nlink(), objects[0].mode() & 0o7777), (1, 0o444));
    for copy in ["workspaces/one/a.txt", "snapshots/alpha/agent1.1/a.txt"] {
        assert_eq!(fs::metadata(ground.path(copy)).unwrap().nlink(), 1);
    }
}

#[test]
fn contents_longer_than_a_block_come_back_whole() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let sizes = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 77];
    let bytes = |size: usize| -> Vec<u8> { (0..size).map(|at| (at / 3) as u8).collect() };
    for size in sizes {
        fs::write(ground.alpha(&size.to_string()), bytes(size)).unwrap();
    }
    let taken = snapshot(&workspaces, 1);
    for size in sizes {
        let copy = fs::read(taken.path.join(size.to_string())).unwrap();
        assert!(copy == bytes(size), "{size} bytes");
    }
    let partial = |name: &String| name.contains("partial");
    let store = names_below(&ground.path("snapshots").join(OBJECTS));
    assert!(!store.iter().any(partial), "{store:?}");
}

#[test]
fn a_hole_and_zeros_written_out_are_the_same_contents_and_lengths_differ() {
    let mut tree = Scanned::new();
    let length = 3 * BLOCK as u64;
    let make = |name: &str| fs::File::create(tree.ground.path("tree").join(name)).unwrap();
    make("hole").set_len(length).unwrap();
    make("longer").set_len(length + 1).unwrap();
    fs::write(tree.ground.path("tree/zeros"), vec![0; length as usize]).unwrap();
    let digests: Vec<_> = tree
        .scan()
        .entries
        .into_iter()
        .map(|entry| match entry.node {
            Node::File { digest, .. } => digest,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(digests[0], digests[2]);
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn stored_contents_that_were_tampered_with_are_refused() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("a.txt"), "original").unwrap();
    workspaces.snapshot(&agent("alpha"), label(0, 1)).unwrap();
    let store = ground.path("snapshots").join(OBJECTS);
    let object = store.join(&names_below(&store)[0]);
    let refused = || {
        let shared = workspaces.share(&agent("beta"), &[label(0, 1)]);
        shared.unwrap_err().to_string()
    };

    fs::remove_file(&object).unwrap();
    fs::write(&object, "0riginal").unwrap();
    assert!(refused().contains("are damaged"), "{}", refused());
    fs::write(&object, "original and more").unwrap();
    assert!(refused().contains("are damaged"), "{}", refused());
    fs::remove_file(&object).unwrap();
    assert!(refused().contains("cannot be read"), "{}", refused());
    fs::create_dir(&object).unwrap();
    assert!(refused().contains("cannot be read"), "{}", refused());
}

#[test]
fn half_an_object_of_an_interrupted_system_is_replaced() {
    let ground = Ground::new();
    fs::write(ground.path("a.txt"), "whole").unwrap();
    let objects = Objects::open(fs::File::open(ground.path("")).unwrap().as_fd()).unwrap();
    let put = || -> Contents {
        let file = fs::File::open(ground.path("a.txt")).unwrap();
        let stat = rustix::fs::fstat(&file).unwrap();
        objects.put(&file, &stat).unwrap()
    };
    let object = ground.path(OBJECTS).join(put().digest.to_string());
    fs::remove_file(&object).unwrap();
    fs::write(&object, "").unwrap();
    put();
    assert_eq!(fs::read(object).unwrap(), b"whole");
}
