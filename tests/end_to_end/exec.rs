//! `massgen exec`: a command in the sandbox, without any agent.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::massgen::{Folder, Ran, ran};

/// Runs `massgen exec` with these flags and a Python program.
fn python(folder: &Folder, flags: &[&str], program: &str) -> Ran {
    let words = [&["exec"], flags, &["--", "python", "-c", program]].concat();
    folder.run(&words)
}

#[test]
fn the_commands_output_and_exit_code_are_passed_on() {
    let ran = python(
        &Folder::new(),
        &[],
        "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)",
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(7), "out\n", "err\n")
    );
}

#[test]
fn standard_input_reaches_the_command_as_it_comes() {
    let folder = Folder::new();
    let program = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)";
    let mut command = folder.command(&["exec", "--", "python", "-c", program]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    input.write_all(b"one\ntwo\n").unwrap();
    drop(input);
    let ran = ran(running.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "ONE\nTWO\n"));
}

#[test]
fn without_a_mount_the_current_directory_is_read_and_nothing_is_written() {
    let folder = Folder::new();
    folder.write("data.txt", "some words");
    folder.write(".env", "KEY=secret");
    let read = python(&folder, &[], "print(open('data.txt').read())");
    assert_eq!((read.code, read.stdout.as_str()), (Some(0), "some words\n"));
    for program in ["open('new.txt', 'w')", "import os; os.remove('data.txt')"] {
        let ran = python(&folder, &[], program);
        assert_eq!(ran.code, Some(1));
        assert!(ran.stderr.contains("massgen: cannot "), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("the mount is read-only"),
            "{}",
            ran.stderr
        );
    }
    let secret = python(&folder, &[], "open('.env')");
    assert!(
        secret.stderr.contains("FileNotFoundError"),
        "{}",
        secret.stderr
    );
    let outside = python(&folder, &[], "open('/etc/passwd')");
    assert!(
        outside.stderr.contains("outside every granted path"),
        "{}",
        outside.stderr
    );
    assert_eq!(fs::read_dir(&folder.path).unwrap().count(), 2);
}

#[test]
fn mounts_have_the_place_and_the_access_that_was_said() {
    let folder = Folder::new();
    folder.write("in/a.txt", "a");
    folder.write("out/.keep", "");
    let program = "open('/out/b.txt', 'w').write(open('/in/a.txt').read() + 'b')";
    let ran = python(
        &folder,
        &["--mount", "in:/in:ro", "--mount", "out:/out"],
        program,
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(folder.read("out/b.txt"), "ab");
    let ran = python(&folder, &["--mount", "in:/in:ro"], "open('/in/a.txt', 'w')");
    assert_eq!(ran.code, Some(1));
    assert_eq!(folder.read("in/a.txt"), "a");
    let file = python(
        &folder,
        &["--mount", "in/a.txt:/x/one"],
        "print(open('/x/one').read())",
    );
    assert_eq!(file.stdout, "a\n");
    let there = python(
        &folder,
        &["--mount", "in:/in", "--workdir", "/in"],
        "print(open('a.txt').read())",
    );
    assert_eq!(there.stdout, "a\n");
}

#[test]
fn only_the_given_environment_is_seen() {
    let folder = Folder::new();
    let program = "import os; print(sorted(os.environ.items()))";
    let mut command = folder.command(&[
        "exec", "--env", "A=1", "--env", "B", "--env", "UNSET", "--", "python", "-c", program,
    ]);
    command.env("B", "2").env("SECRET", "3");
    let ran = ran(command.output().unwrap());
    assert_eq!(ran.stdout, "[('A', '1'), ('B', '2')]\n");
}

#[test]
fn a_command_without_end_is_stopped_at_its_time_and_its_output_kept() {
    let ran = python(
        &Folder::new(),
        &["--timeout", "0.5"],
        "print('begun', flush=True)\nwhile True: pass",
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(124), "begun\n"));
    assert_eq!(
        ran.stderr,
        "massgen: stopped after 0.5 s, its limit; --timeout sets another\n"
    );
}

#[test]
fn the_memory_limit_is_named() {
    let ran = python(
        &Folder::new(),
        &["--memory", "100MiB"],
        "x = 'a' * (1 << 30)",
    );
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("MemoryError"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains(
            "massgen: a limit was reached: the program needed more than its 100 MiB of memory"
        ),
        "{}",
        ran.stderr
    );
}

#[test]
fn json_tells_everything_in_one_object() {
    let ran = python(&Folder::new(), &["--json"], "print(1); open('/etc/passwd')");
    assert_eq!(ran.code, Some(1));
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["success"], false);
    assert_eq!(told["exit_code"], 1);
    assert_eq!(told["stdout"], "1\n");
    assert!(
        told["stderr"]
            .as_str()
            .unwrap()
            .contains("FileNotFoundError")
    );
    assert_eq!(told["command"][0], "python");
    assert_eq!(told["refused"][0]["rule"], "outside-grants");
    assert!(told["execution_time"].as_f64().unwrap() > 0.0);
    assert!(told["peak_memory"].as_u64().unwrap() > 1 << 20);
    assert_eq!(ran.stderr, "");
}

#[test]
fn wrong_calls_are_told_with_what_is_right() {
    let folder = Folder::new();
    for (words, code, told) in [
        (
            &["--", "frobnicate"][..],
            127,
            "there is no command `frobnicate` in the sandbox",
        ),
        (
            &["--mount", "nowhere", "--", "python"],
            125,
            "cannot mount nowhere: No such file",
        ),
        (
            &["--mount", ".:relative", "--", "python"],
            1,
            "must be an absolute path",
        ),
        (
            &["--mount", ".:/a/../b", "--", "python"],
            1,
            "must not contain `..`",
        ),
        (
            &["--mount", ".:/a", "--mount", "/:/a", "--", "python"],
            125,
            "two mounts have the same place",
        ),
        (
            &["--memory", "much", "--", "python"],
            1,
            "a size like 512MiB or 1GB is needed",
        ),
        (
            &["--timeout=-1", "--", "python"],
            1,
            "a number of seconds above zero",
        ),
        (
            &["--env", "=x", "--", "python"],
            1,
            "a variable needs a name",
        ),
        (&[], 1, "COMMAND"),
    ] {
        let ran = folder.run(&[&["exec"], words].concat());
        assert_eq!(ran.code, Some(code), "{words:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(told), "{words:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}
