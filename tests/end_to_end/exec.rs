//! `massgen exec`: a command in the sandbox, without any agent.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Stdio};

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

#[test]
fn unix_tools_work_on_mounted_files_and_start_each_other() {
    let folder = Folder::new();
    folder.write("src/one.py", "print(1)\n");
    folder.write("src/two.py", "print(1)\nprint(2)\n");
    folder.write("src/note.txt", "alpha\nbeta\n");
    let run = |words: &[&str]| folder.run(&[&["exec", "--mount", ".:/w", "--"], words].concat());
    for (words, expected) in [
        (
            &[
                "find", "src", "-name", "*.py", "-exec", "wc", "-l", "{}", ";",
            ][..],
            "1 src/one.py\n2 src/two.py\n",
        ),
        (&["grep", "-rn", "beta", "src"], "src/note.txt:2:beta\n"),
        (
            &["awk", "{ n += NF } END { print n }", "src/note.txt"],
            "2\n",
        ),
        (&["sed", "s/alpha/gamma/", "src/note.txt"], "gamma\nbeta\n"),
        (&["sort", "-r", "src/note.txt"], "beta\nalpha\n"),
        (&["env", "WHO=me", "printenv", "WHO"], "me\n"),
        (&["jq", "-n", "-c", "{a: [1, 2]}"], "{\"a\":[1,2]}\n"),
    ] {
        let ran = run(words);
        let mut lines: Vec<&str> = ran.stdout.lines().collect();
        lines.sort_unstable();
        let mut wanted: Vec<&str> = expected.lines().collect();
        wanted.sort_unstable();
        assert_eq!(
            (ran.code, lines),
            (Some(0), wanted),
            "{words:?}: {}",
            ran.stderr
        );
    }
    assert_eq!(run(&["tar", "czf", "all.tgz", "src"]).code, Some(0));
    assert_eq!(run(&["rm", "-r", "src"]).code, Some(0));
    assert_eq!(run(&["tar", "xzf", "all.tgz"]).code, Some(0));
    assert_eq!(folder.read("src/note.txt"), "alpha\nbeta\n");
    let missing = run(&["cat", "nothing"]);
    assert_eq!(missing.code, Some(1));
    assert!(
        missing
            .stderr
            .starts_with("cat: nothing: No such file or directory"),
        "{}",
        missing.stderr
    );
}

#[test]
fn arguments_come_to_xargs_by_standard_input() {
    let folder = Folder::new();
    let mut command = folder.command(&["exec", "--", "xargs", "-n", "1", "echo", "got"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(b"a b\n").unwrap();
    let ran = ran(running.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "got a\ngot b\n"));
}

#[test]
fn javascript_runs_with_its_own_modules_and_files() {
    let folder = Folder::new();
    folder.write("lib.mjs", "export const twice = (n) => 2 * n;\n");
    folder.write(
        "main.mjs",
        "import fs from 'node:fs';\nimport { twice } from './lib.mjs';\n\
         fs.writeFileSync('out.json', JSON.stringify({ n: twice(21) }));\nprocess.exit(twice(2));\n",
    );
    let ran = folder.run(&["exec", "--mount", ".:/w", "--", "node", "main.mjs"]);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert_eq!(folder.read("out.json"), "{\"n\":42}");
}

/// A command that never ends, with its temporary directories in `tmp`, once it runs.
fn endless(folder: &Folder) -> Child {
    let mut command = folder.command(&["exec", "--", "sh", "-c", "echo up; sleep 1000"]);
    command
        .env("TMPDIR", folder.path.join("tmp"))
        .stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut said = [0; 3];
    running
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut said)
        .unwrap();
    assert_eq!(&said, b"up\n");
    running
}

#[test]
fn what_a_killed_process_left_in_tmp_is_removed_by_the_next_and_what_is_in_use_is_kept() {
    let folder = Folder::new();
    fs::create_dir(folder.path.join("tmp")).unwrap();
    let left = || {
        let entries = fs::read_dir(folder.path.join("tmp")).unwrap();
        BTreeSet::from_iter(entries.map(|entry| entry.unwrap().file_name()))
    };
    let mut killed = endless(&folder);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let abandoned = left();
    assert_eq!(abandoned.len(), 1);
    let mut living = endless(&folder);
    let in_use = left();
    let mut third = folder.command(&["exec", "--", "sh", "-c", "echo kept"]);
    let third = ran(third
        .env("TMPDIR", folder.path.join("tmp"))
        .output()
        .unwrap());
    let after_the_third = left();
    living.kill().unwrap();
    living.wait().unwrap();
    assert_eq!((third.code, third.stdout.as_str()), (Some(0), "kept\n"));
    assert_eq!(in_use.len(), 1);
    assert!(in_use.is_disjoint(&abandoned));
    assert_eq!(after_the_third, in_use);
}
