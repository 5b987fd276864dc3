//! Feeds the harness on a stable compiler: bytes from the corpus, changed at random, without knowing which code they
//! reach. Argument: for how many seconds, 60 by default. Prints executions, and the bytes that broke a promise.

use std::path::Path;
use std::time::{Duration, Instant};

fn main() {
    let seconds = std::env::args()
        .nth(1)
        .map(|text| text.parse().expect("seconds"));
    let time = Duration::from_secs(seconds.unwrap_or(60));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/resolve");
    let files = std::fs::read_dir(corpus).expect("the corpus");
    let mut seeds: Vec<Vec<u8>> = files
        .map(|file| std::fs::read(file.expect("a file").path()).expect("a seed"))
        .collect();
    seeds.push(Vec::new());
    let begun = Instant::now();
    let mut executions = 0_u64;
    while begun.elapsed() < time {
        let mut bytes = fastrand::choice(&seeds).expect("a seed").clone();
        change(&mut bytes);
        let kept = bytes.clone();
        if std::panic::catch_unwind(|| massgen_sandbox_fuzz::run(&bytes)).is_err() {
            println!("broken by {kept:?}");
            std::process::exit(1);
        }
        executions += 1;
    }
    println!("{executions} executions in {:?}", begun.elapsed());
}

fn change(bytes: &mut Vec<u8>) {
    for _ in 0..fastrand::usize(1..64) {
        let at = fastrand::usize(..=bytes.len());
        match fastrand::u8(..3) {
            0 => bytes.insert(at, fastrand::u8(..)),
            1 if at < bytes.len() => bytes[at] = fastrand::u8(..),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.extend((0..fastrand::usize(..32)).map(|_| fastrand::u8(..))),
        }
    }
}
