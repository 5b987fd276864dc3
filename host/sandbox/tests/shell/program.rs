//! Shell scripts as people write them, over many files, against results that were computed otherwise.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use crate::line::Place;

const FILES: usize = 10_000;
const LEVELS: [&str; 4] = ["DEBUG", "INFO", "WARN", "ERROR"];

/// Writes logs of a hundred services and gives what they hold: bytes sent of each service, and how often each message of
/// level ERROR occurs.
fn write_logs(place: &Place) -> (BTreeMap<String, u64>, BTreeMap<String, usize>) {
    let mut sent: BTreeMap<String, u64> = BTreeMap::new();
    let mut errors: BTreeMap<String, usize> = BTreeMap::new();
    // Knuth's generator of MMIX: the same files on every run.
    let mut state = 42_u64;
    let mut draw = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for number in 0..FILES {
        let service = format!("service-{:02}", number % 100);
        let folder = place.host("logs").join(&service);
        if number < 100 {
            fs::create_dir_all(&folder).unwrap();
        }
        let mut text = String::new();
        for _ in 0..draw(4) + 1 {
            let level = LEVELS[usize::try_from(draw(4)).unwrap()];
            let (bytes, code) = (draw(10_000), draw(12));
            writeln!(text, "{level} code={code} bytes={bytes}").unwrap();
            *sent.entry(service.clone()).or_default() += bytes;
            if level == "ERROR" {
                *errors.entry(format!("code={code}")).or_default() += 1;
            }
        }
        fs::write(folder.join(format!("{number:05}.log")), text).unwrap();
    }
    // What the script must leave alone.
    fs::write(place.host("logs/notes.txt"), "ERROR code=99 bytes=1\n").unwrap();
    (sent, errors)
}

const SCRIPT: &str = r#"
set -euo pipefail

count() { find logs -type f -name '*.log' | wc -l; }
echo "files: $(count)"

echo "errors:"
find logs -name '*.log' -print0 |
    xargs -0 grep -h '^ERROR' |
    sed -E 's/^ERROR (code=[0-9]+) .*/\1/' |
    sort | uniq -c | sort -k1,1nr -k2 |
    awk '{print $2, $1}'

echo "bytes:"
for folder in logs/service-*; do
    name=${folder##*/}
    cat "$folder"/*.log | awk -v name="$name" -F 'bytes=' '{sum += $2} END {print name, sum}'
done > totals
sort -k2,2n -k1,1 totals | tail -5

while read -r name sum; do
    if (( sum % 2 == 0 )); then even=$((${even:-0} + 1)); fi
done < totals
echo "even: ${even:-0}"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_script_sums_up_ten_thousand_files() {
    let place = Place::new();
    let (sent, errors) = write_logs(&place);
    let mut expected = format!("files: {FILES}\nerrors:\n");
    let mut counted: Vec<_> = errors.iter().collect();
    counted.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    for (code, count) in counted {
        writeln!(expected, "{code} {count}").unwrap();
    }
    let mut totals: Vec<_> = sent.iter().collect();
    totals.sort_by(|one, other| one.1.cmp(other.1).then(one.0.cmp(other.0)));
    expected.push_str("bytes:\n");
    for (service, sum) in &totals[totals.len() - 5..] {
        writeln!(expected, "{service} {sum}").unwrap();
    }
    let even = sent.values().filter(|sum| *sum % 2 == 0).count();
    writeln!(expected, "even: {even}").unwrap();
    let started = Instant::now();
    assert_eq!(place.prints(SCRIPT).await, expected);
    println!("{:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_lines_are_read_one_by_one() {
    let place = Place::new();
    let text: String = (0..100_000)
        .map(|number| format!("line {number}\n"))
        .collect();
    fs::write(place.host("lines"), text).unwrap();
    let started = Instant::now();
    let line = "n=0; while read -r word number; do n=$((n + number)); done < lines; echo $n";
    assert_eq!(place.prints(line).await, "4999950000\n");
    println!("file: {:?}", started.elapsed());
    let started = Instant::now();
    let line =
        "cat lines | { n=0; while read -r word number; do n=$((n + number)); done; echo $n; }";
    assert_eq!(place.prints(line).await, "4999950000\n");
    println!("pipe: {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_shared_between_the_shell_and_its_children() {
    let place = Place::new();
    fs::write(place.host("lines"), "one\ntwo\nthree\nfour\n").unwrap();
    for input in ["< lines", "< <(cat lines)"] {
        let line = format!("{{ read a; read -n 2 b; read c; cat; echo $a-$b-$c; }} {input}");
        assert_eq!(
            place.prints(&line).await,
            "three\nfour\none-tw-o\n",
            "{input}"
        );
    }
}
