//! Programs that would eat stack, memory or time: each ends with a sentence, and what comes after it still runs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

fn shell(script: &str) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_shell"))
        .args(["-c", script])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        text(&output.stdout),
        text(&output.stderr),
        output.status.code(),
    )
}

#[test]
fn a_function_that_calls_itself_for_ever_is_stopped_and_the_shell_around_it_goes_on() {
    let (stdout, stderr, status) = shell("f() { f; }; (f); echo $?");
    assert_eq!(stdout, "1\n");
    assert!(
        stderr.contains("f: maximum function nesting level exceeded (700)"),
        "{stderr}"
    );
    assert_eq!(status, Some(0));
}

#[test]
fn a_function_may_call_itself_five_hundred_times() {
    let script = "f() { if [ $1 -gt 0 ]; then f $(($1 - 1)); else echo deep; fi; }; f 500";
    assert_eq!(shell(script).0, "deep\n");
}

#[test]
fn substitutions_and_evaluations_within_one_another_are_stopped_too() {
    for script in [
        "g() { echo $(g); }; g",
        "e='eval $e'; eval \"$e\"",
        "h() { h | cat; }; h",
    ] {
        let (_, stderr, _) = shell(script);
        assert!(
            stderr.contains("maximum function nesting level exceeded"),
            "{script}: {stderr}"
        );
    }
}

#[test]
fn braces_that_stand_for_too_many_words_are_refused_before_they_are_made() {
    let (stdout, stderr, status) = shell("echo {1..1000000}{1..1000000}");
    assert_eq!((stdout.as_str(), status), ("", Some(1)));
    assert!(stderr.contains("more than 100000 words"), "{stderr}");
}

#[test]
fn brackets_nested_too_deep_are_a_syntax_error() {
    let (_, stderr, status) = shell(&("(".repeat(3000) + "echo" + &")".repeat(3000)));
    assert!(stderr.contains("nested deeper than 200"), "{stderr}");
    assert_eq!(status, Some(2));
    let sum = format!("echo $(( {}1{} ))", "-".repeat(3000), "");
    assert!(shell(&sum).1.contains("recursion level exceeded"));
}

#[test]
fn a_writer_whose_reader_is_gone_ends_as_by_a_signal() {
    let script = "while :; do echo y; done | head -n 1; echo ${PIPESTATUS[0]}";
    assert_eq!(shell(script).0, "y\n141\n");
}

#[test]
fn a_busy_loop_lets_the_clock_of_timeout_and_the_other_stages_go_on() {
    let script = "(while :; do :; done) & p=$!; sleep 0.05; kill $p; wait $p; echo $?";
    assert_eq!(shell(script).0, "143\n");
}
