//! Trees that a hostile agent may leave behind.

use rustix::fs::RenameFlags;

use super::*;

#[test]
fn links_out_of_the_workspace_leak_nothing_and_break_nothing() {
    let ground = Ground::new();
    let secret = ground.put("outside/secret.txt", "password");
    let workspaces = ground.prepare();
    fs::create_dir(ground.alpha("nested")).unwrap();
    symlink(&secret, ground.alpha("nested/file")).unwrap();
    symlink(ground.path("outside"), ground.alpha("directory")).unwrap();
    symlink("nowhere", ground.alpha("dangling")).unwrap();
    symlink("..", ground.alpha("nested/loop")).unwrap();

    let taken = snapshot(&workspaces, 1);
    for link in ["nested/file", "nested/loop", "directory", "dangling"] {
        assert!(taken.path.join(link).is_symlink(), "{link}");
    }
    workspaces.clear(&agent("alpha")).unwrap();
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
    assert_eq!(fs::read_to_string(secret).unwrap(), "password");
}

#[test]
fn special_files_are_left_out_with_a_warning_and_removed_by_clear() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("kept.txt"), "kept").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        ground.alpha("pipe"),
        FileType::Fifo,
        Mode::RWXU,
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(ground.alpha("socket")).unwrap();

    let taken = snapshot(&workspaces, 1);
    assert_eq!(names_below(&taken.path), ["kept.txt"]);
    let warnings: Vec<String> = taken
        .tally
        .warnings
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        warnings,
        [
            "`pipe` was left out: it is a named pipe",
            "`socket` was left out: it is a socket"
        ]
    );
    workspaces.clear(&agent("alpha")).unwrap();
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
}

#[test]
fn names_that_are_not_utf8_survive() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    fs::write(ground.path("workspaces/one").join(name), "x").unwrap();
    let taken = snapshot(&workspaces, 1);
    assert_eq!(fs::read(taken.path.join(name)).unwrap(), b"x");
}

#[test]
fn a_tree_deeper_than_the_limit_of_open_files_is_copied_compared_and_cleared() {
    const DEPTH: usize = 1_200;
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let mut handle: OwnedFd = fs::File::open(ground.path("workspaces/one"))
        .unwrap()
        .into();
    for _ in 0..DEPTH {
        rustix::fs::mkdirat(&handle, "d", Mode::RWXU).unwrap();
        handle = tree::open_directory(&handle, OsStr::new("d")).unwrap();
    }
    rustix::fs::openat(
        &handle,
        "bottom",
        rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY,
        Mode::RWXU,
    )
    .unwrap();

    assert_eq!(snapshot(&workspaces, 1).tally.files, 1);
    let delivery = workspaces
        .deliver_final(&agent("alpha"), Some(label(0, 1)), &ground.path("final"))
        .unwrap()
        .unwrap();
    assert_eq!(delivery.changes, Changes::default());
    workspaces.clear(&agent("alpha")).unwrap();
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
    // The copies are too deep for a path, so the folder that holds them could not be removed by one.
    drop(workspaces);
    ground.prepare();
    let copy = fs::File::open(ground.path("final")).unwrap();
    tree::clear(copy.as_fd(), OsStr::new("")).unwrap();
}

#[test]
fn branches_below_the_kept_handles_are_copied_whole() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let mut directory = ground.path("workspaces/one");
    for level in 0..100 {
        directory = directory.join("d");
        fs::create_dir_all(directory.join("a/b")).unwrap();
        fs::write(directory.join("a/b/file"), level.to_string()).unwrap();
        fs::create_dir_all(directory.join("z")).unwrap();
        fs::write(directory.join("z/file"), level.to_string()).unwrap();
    }
    let taken = snapshot(&workspaces, 1);
    assert_eq!(taken.tally.files, 200);
    let mut copied = names_below(&taken.path);
    copied.insert(0, MARKER.to_owned());
    assert_eq!(copied, names_below(&ground.path("workspaces/one")));
}

#[test]
fn a_thousand_files_in_fifty_directories_are_copied_and_cleared() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    for number in 0..1_000 {
        let folder = ground.alpha(&format!("d{}", number % 50));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{number}.txt")), "x").unwrap();
    }
    let taken = snapshot(&workspaces, 1);
    assert_eq!((taken.tally.files, taken.tally.bytes), (1_000, 1_000));
    workspaces.clear(&agent("alpha")).unwrap();
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
}

#[test]
fn a_huge_file_without_contents_does_not_fill_the_disk() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    let file = fs::File::create(ground.alpha("huge")).unwrap();
    file.set_len(1 << 40).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"middle", 1 << 39).unwrap();

    let taken = snapshot(&workspaces, 1);
    let copy = fs::File::open(taken.path.join("huge")).unwrap();
    assert_eq!(copy.metadata().unwrap().len(), 1 << 40);
    assert!(copy.metadata().unwrap().blocks() < 1_000);
    let mut middle = [0; 6];
    std::os::unix::fs::FileExt::read_exact_at(&copy, &mut middle, 1 << 39).unwrap();
    assert_eq!(&middle, b"middle");
}

#[test]
fn a_file_that_never_stands_still_is_read_a_few_times_and_told() {
    let ground = Ground::new();
    let workspaces = ground.prepare();
    fs::write(ground.alpha("steady.txt"), "steady").unwrap();
    let path = ground.alpha("growing");
    fs::write(&path, vec![7; 4 << 20]).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::File::options().append(true).open(&path).unwrap();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                std::io::Write::write_all(&mut file, b"more").unwrap();
            }
        });
        let told = (1..=100).any(|number| {
            let taken = workspaces.snapshot(&agent("alpha"), label(0, number));
            let tally = taken.unwrap().unwrap().tally;
            assert_eq!(tally.files, 2, "it is kept all the same");
            let changing = Warning::Changing {
                path: "growing".into(),
            };
            tally.warnings == [changing]
        });
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(told);
    });
}

#[test]
fn a_directory_swapped_for_a_link_meanwhile_gives_nothing_from_outside() {
    let ground = Ground::new();
    let secret = ground.put("outside/file.txt", "password");
    let workspaces = ground.prepare();
    let (directory, link) = (ground.alpha("swapped"), ground.alpha("link"));
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("file.txt"), "harmless").unwrap();
    symlink(ground.path("outside"), &link).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let exchange = RenameFlags::EXCHANGE;
                let here = rustix::fs::CWD;
                rustix::fs::renameat_with(here, &directory, here, &link, exchange).unwrap();
            }
        });
        for number in 1..=200 {
            workspaces
                .snapshot(&agent("alpha"), label(0, number))
                .unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let store = ground.path("snapshots").join(objects::OBJECTS);
    let stored: Vec<_> = names_below(&store)
        .iter()
        .map(|name| fs::read_to_string(store.join(name)).unwrap())
        .collect();
    assert_eq!(stored, ["harmless"]);
    assert_eq!(fs::read_to_string(secret).unwrap(), "password");
}

// F4
#[test]
fn links_in_a_marked_directory_are_removed_at_the_start_and_what_they_lead_to_stays() {
    let ground = Ground::new();
    let theirs = ground.put("outside/thesis.txt", "years of work");
    drop(ground.prepare());
    for place in ["workspaces/one", "snapshots", "temporary"] {
        symlink(&theirs, ground.path(place).join("file")).unwrap();
        symlink(ground.path("outside"), ground.path(place).join("directory")).unwrap();
    }
    let _again = ground.prepare();
    assert_eq!(names_below(&ground.path("workspaces/one")), [MARKER]);
    assert_eq!(
        names_below(&ground.path("temporary")),
        [MARKER, "alpha/", "beta/"]
    );
    assert_eq!(fs::read_to_string(theirs).unwrap(), "years of work");
}

// F7
#[test]
fn an_agent_id_that_could_leave_its_folder_is_none() {
    let long = "x".repeat(65);
    for id in [
        "../../x", "/tmp/x", "..", ".", "", "a/b", ".objects", "a\0b", &long,
    ] {
        assert!(AgentId::new(id).is_err(), "{id}");
    }
}

#[test]
fn an_agents_folder_that_became_a_link_is_refused() {
    let ground = Ground::new();
    ground.put("outside/thesis.txt", "years of work");
    let workspaces = ground.prepare();
    for (folder, words) in [
        ("snapshots", "snapshot_storage"),
        ("temporary", "temporary_workspace"),
    ] {
        let folder = ground.path(folder).join("alpha");
        fs::remove_dir(&folder).unwrap();
        symlink(ground.path("outside"), &folder).unwrap();
        let error = match words {
            "snapshot_storage" => workspaces
                .snapshot(&agent("alpha"), label(0, 1))
                .unwrap_err(),
            _ => workspaces.share(&agent("alpha"), &[]).unwrap_err(),
        };
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(names_below(&ground.path("outside")), ["thesis.txt"]);
}
