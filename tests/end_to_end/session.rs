//! `massgen shell`: a session with the sandbox's shell, at a terminal and through pipes.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use crate::massgen::{Folder, Ran, ran};

/// Longer than any answer takes; in milliseconds.
const PATIENCE: u64 = 60_000;

/// A session at a terminal that does not echo, past its first prompt, which is the directory in `<…>`.
struct Terminal {
    session: PtySession,
    /// Where it runs, removed with it.
    _folder: Folder,
}

impl Terminal {
    fn open(folder: Folder, flags: &[&str]) -> Self {
        let words = [&["shell", "--env", r"PS1=<\W> "], flags].concat();
        let mut command = folder.command(&words);
        command.stdin(Stdio::inherit());
        let mut terminal = Self {
            session: spawn_command(command, Some(PATIENCE)).unwrap(),
            _folder: folder,
        };
        terminal.sees("a shell in the sandbox.");
        terminal.sees("> ");
        terminal
    }

    /// What comes before these words and after those seen last.
    fn sees(&mut self, words: &str) -> String {
        self.session.exp_string(words).unwrap()
    }

    fn types(&mut self, line: &str) {
        self.session.send_line(line).unwrap();
    }

    fn presses_control(&mut self, key: char) {
        self.session.send_control(key).unwrap();
    }

    /// Types a line and gives what it prints until the next prompt.
    fn answer(&mut self, line: &str) -> String {
        self.types(line);
        let mut printed = self.sees("> ");
        printed.truncate(printed.rfind('<').unwrap());
        printed.replace("\r\n", "\n")
    }

    fn exit_code(self) -> i32 {
        match self.session.process().wait().unwrap() {
            WaitStatus::Exited(_, code) => code,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn variables_functions_and_the_directory_last_from_line_to_line() {
    let folder = Folder::new();
    folder.write("sub/a.txt", "a\n");
    let mut terminal = Terminal::open(folder, &[]);
    assert_eq!(terminal.answer("x=5; f() { echo \"f $1\"; }"), "");
    terminal.types("cd sub");
    terminal.sees("<sub> ");
    assert_eq!(terminal.answer("f $x; ls"), "f 5\na.txt\n");
    terminal.types("exit 7");
    assert_eq!(terminal.exit_code(), 7);
}

#[test]
fn a_construct_that_is_open_is_asked_for_until_it_is_whole() {
    let mut terminal = Terminal::open(Folder::new(), &["--env", "PS2=more: "]);
    terminal.types("for i in 1 2; do");
    terminal.sees("more: ");
    terminal.types("echo \"i=$i");
    terminal.sees("more: ");
    terminal.types("\"");
    terminal.sees("more: ");
    assert_eq!(terminal.answer("done"), "i=1\n\ni=2\n\n");
    terminal.types("cat <<END; echo \\");
    terminal.sees("more: ");
    terminal.types("over");
    terminal.sees("more: ");
    terminal.types("text");
    terminal.sees("more: ");
    assert_eq!(terminal.answer("END"), "text\nover\n");
    let refused = terminal.answer("echo a; done");
    assert!(
        refused.contains("syntax error near unexpected token `done'"),
        "{refused}"
    );
    assert_eq!(terminal.answer("echo $?"), "2\n");
}

#[test]
fn control_c_ends_the_command_and_not_the_session() {
    let mut terminal = Terminal::open(Folder::new(), &[]);
    for endless in [
        "kept=yes; sleep 100",
        "while :; do :; done",
        "f() { local kept=no; cat | python -c 'while True: pass'; }; f",
        "python -c 'import time; time.sleep(100)' > /dev/null",
    ] {
        terminal.types(endless);
        std::thread::sleep(std::time::Duration::from_millis(300));
        terminal.presses_control('c');
        terminal.sees("> ");
        assert_eq!(terminal.answer("echo $? $kept"), "130 yes\n", "{endless}");
    }
    terminal.session.send("echo half a li").unwrap();
    terminal.session.flush().unwrap();
    terminal.presses_control('c');
    terminal.sees("> ");
    assert_eq!(terminal.answer("echo whole"), "whole\n");
}

#[test]
fn control_d_ends_what_reads_and_at_the_prompt_the_session() {
    let mut terminal = Terminal::open(Folder::new(), &[]);
    terminal.types("cat; echo then");
    terminal.types("typed");
    terminal.sees("typed\r\n");
    terminal.presses_control('d');
    terminal.sees("then\r\n");
    terminal.sees("> ");
    assert_eq!(terminal.answer("(exit 3)"), "");
    terminal.presses_control('d');
    terminal.sees("exit\r\n");
    assert_eq!(terminal.exit_code(), 3);
}

#[test]
fn an_error_that_ends_a_script_does_not_end_the_session() {
    let mut terminal = Terminal::open(Folder::new(), &[]);
    for error in [
        "echo ${unset:?is missing}",
        "set -u; echo $unset",
        "f() { f; }; f",
    ] {
        let told = terminal.answer(error);
        assert!(told.contains("bash: "), "{error}: {told}");
    }
    assert_eq!(terminal.answer("echo here"), "here\n");
    terminal.types("set -e; false");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn a_line_that_reaches_its_limit_leaves_the_session_as_it_was() {
    let mut terminal = Terminal::open(Folder::new(), &["--timeout", "1", "--memory", "128MiB"]);
    let told = terminal.answer("kept=yes; sleep 100; echo never");
    assert!(
        told.contains("stopped after 1 s, the limit for one command line; --timeout sets another"),
        "{told}"
    );
    assert_eq!(terminal.answer("echo $? $kept"), "124 yes\n");
    let told = terminal.answer("python -c 'x = bytearray(1 << 30)'; echo status $?");
    assert!(
        told.contains("MemoryError") && told.contains("status 1"),
        "{told}"
    );
    assert_eq!(terminal.answer("echo $kept"), "yes\n");
}

#[test]
fn a_shell_that_is_lost_is_told_of_and_replaced() {
    let mut terminal = Terminal::open(Folder::new(), &["--memory", "64MiB"]);
    let told = terminal.answer("kept=yes; x=0123456789; while :; do x=$x$x; done");
    assert!(
        told.contains("the program needed more than its 64 MiB of memory"),
        "{told}"
    );
    assert!(
        told.contains("lost with the shell: its variables, functions, jobs and working directory"),
        "{told}"
    );
    assert_eq!(terminal.answer("echo \"($kept)\""), "()\n");
}

/// A session whose input is this text.
fn piped(folder: &Folder, flags: &[&str], input: &str) -> Ran {
    let mut command = folder.command(&[&["shell"], flags].concat());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    ran(running.wait_with_output().unwrap())
}

#[test]
fn without_a_terminal_commands_come_from_the_input_and_nothing_is_asked() {
    let folder = Folder::new();
    folder.write("a.txt", "a");
    let listed = piped(&folder, &[], "ls");
    assert_eq!(
        (listed.code, listed.stdout.as_str(), listed.stderr.as_str()),
        (Some(0), "a.txt\n", "")
    );
    let ran = piped(
        &folder,
        &[],
        "read line\nfor me\necho \"got $line\"\nif true\nthen exit 4\nfi\necho never\n",
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(4), "got for me\n"));
    let wrong = piped(&folder, &[], "echo one\n\necho 'two\n");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(2), "one\n"));
    assert!(
        wrong.stderr.contains("bash: line 3: unexpected EOF"),
        "{}",
        wrong.stderr
    );
    let mounted = piped(
        &folder,
        &["--mount", ".:/work", "--env", "NAME=b"],
        "echo $PWD > $NAME.txt",
    );
    assert_eq!(
        (mounted.code, folder.read("b.txt").as_str()),
        (Some(0), "/work\n")
    );
    let refused = piped(&folder, &[], "echo no > a.txt\n");
    assert_eq!(
        (refused.code, folder.read("a.txt").as_str()),
        (Some(1), "a")
    );
    assert!(
        refused.stderr.contains("the mount is read-only"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_program_can_speak_with_the_shell_line_by_line() {
    let folder = Folder::new();
    let mut command = folder.command(&["shell"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    let mut input = running.stdin.take().unwrap();
    let mut output = BufReader::new(running.stdout.take().unwrap());
    let mut answer = String::new();
    for (line, expected) in [
        ("x=1; echo $x\n", "1\n"),
        ("x=$((x + 1)); echo $x\n", "2\n"),
    ] {
        input.write_all(line.as_bytes()).unwrap();
        answer.clear();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, expected);
    }
    drop(input);
    assert_eq!(running.wait().unwrap().code(), Some(0));
}

#[test]
fn a_line_that_is_out_of_time_does_not_keep_the_next_from_running() {
    let ran = piped(
        &Folder::new(),
        &["--timeout", "1"],
        "sleep 100\necho \"then $?\"\n",
    );
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "then 124\n"));
    assert!(ran.stderr.contains("stopped after 1 s"), "{}", ran.stderr);
}
