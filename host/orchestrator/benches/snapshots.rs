//! What a snapshot costs when little changed, against copies of the whole workspace in the same run.
//!
//! A workspace of 10,000 files, of which ten change before each snapshot or copy; the ratio of `snapshot` to the copies
//! is the number to read. Files are on the disk that holds the folder for temporary files (`TMPDIR`).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use massgen_config::AgentId;
use massgen_orchestrator::workspace::{WorkspaceSettings, Workspaces};
use massgen_orchestrator::{AgentIndex, AnswerLabel};

const DIRECTORIES: usize = 100;
const FILES: usize = 10_000;
const CHANGED: usize = 10;

struct Ground {
    root: tempfile::TempDir,
    workspace: PathBuf,
    /// Counts snapshots and copies; each has a name of its own.
    round: u32,
}

impl Ground {
    fn file(&self, number: usize) -> PathBuf {
        let directory = format!("d{:02}", number % DIRECTORIES);
        self.workspace.join(directory).join(format!("{number}.txt"))
    }

    /// Source files of 1 to 8 KiB, no two alike.
    fn fill(&self) {
        for number in 0..FILES {
            let path = self.file(number);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let line = format!("line of file {number}\n");
            fs::write(path, line.repeat((1 + number % 8) * 1_024 / line.len())).unwrap();
        }
    }

    /// Changes some files and times `work`, which gets the number of the round.
    fn timed(&mut self, rounds: u64, mut work: impl FnMut(&Self)) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..rounds {
            self.round += 1;
            for number in 0..CHANGED {
                let file = self.file((self.round as usize * 131 + number * 997) % FILES);
                fs::write(file, format!("changed in round {}, {number}", self.round)).unwrap();
            }
            let begun = Instant::now();
            work(self);
            total += begun.elapsed();
            let copy = self.copy();
            if copy.exists() {
                fs::remove_dir_all(copy).unwrap();
            }
        }
        total
    }

    fn copy(&self) -> PathBuf {
        self.root.path().join(format!("copy-{}", self.round))
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn snapshots(criterion: &mut Criterion) {
    let root = tempfile::tempdir().unwrap();
    let place = |name: &str| root.path().canonicalize().unwrap().join(name);
    let agent = AgentId::new("agent").unwrap();
    let workspaces = Workspaces::prepare(&WorkspaceSettings {
        agents: vec![(agent.clone(), Some(place("workspace")))],
        snapshot_storage: place("snapshots"),
        temporary_parent: place("temporary"),
        keep: Vec::new(),
    })
    .unwrap();
    let workspace = place("workspace");
    let mut ground = Ground {
        root,
        workspace,
        round: 0,
    };
    let snapshot = |number: u32| {
        let label = AnswerLabel {
            agent: AgentIndex(0),
            number,
        };
        workspaces.snapshot(&agent, label).unwrap().unwrap()
    };
    ground.fill();
    // Files of the last moments would be read again.
    std::thread::sleep(Duration::from_secs(3));
    let whole = ground.timed(1, |ground| {
        assert_eq!(snapshot(ground.round).tally.files, FILES as u64)
    });
    println!("the first snapshot of all {FILES} files took {whole:?}");

    let mut group = criterion.benchmark_group("10000_files_10_changed");
    group.sample_size(10);
    group.bench_function("snapshot", |bencher| {
        bencher.iter_custom(|rounds| ground.timed(rounds, |ground| drop(snapshot(ground.round))));
    });
    group.bench_function("copy_on_one_thread", |bencher| {
        bencher.iter_custom(|rounds| {
            ground.timed(rounds, |ground| {
                copy_tree(&ground.workspace, &ground.copy())
            })
        });
    });
    group.bench_function("cp_-a", |bencher| {
        bencher.iter_custom(|rounds| {
            ground.timed(rounds, |ground| {
                let mut cp = Command::new("cp");
                let cp = cp.arg("-a").arg(&ground.workspace).arg(ground.copy());
                assert!(cp.status().unwrap().success());
            })
        });
    });
    group.finish();
}

criterion_group!(benches, snapshots);
criterion_main!(benches);
