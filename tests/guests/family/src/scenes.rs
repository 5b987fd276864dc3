//! What a parent does with its children.

use std::process::ExitCode;

use crate::bindings::massgen::plugin::process::{
    self, Child, Command, Disposition, Exit, Files, Reader, SpawnError, Writer,
};

/// A command to be started: this program in another role.
struct Role<'a> {
    words: &'a [&'a str],
    files: Files,
    input: Reader,
    output: Writer,
    error: Writer,
}

impl<'a> Role<'a> {
    /// Connected to this program's own output, without input.
    fn of(words: &'a [&'a str]) -> Self {
        Self {
            words,
            files: Files::Same,
            input: process::nothing(),
            output: process::standard_output(),
            error: process::standard_error(),
        }
    }

    fn reading(self, input: Reader) -> Self {
        Self { input, ..self }
    }

    fn writing(self, output: Writer) -> Self {
        Self { output, ..self }
    }

    fn with(self, files: Files) -> Self {
        Self { files, ..self }
    }

    fn start(self) -> Result<Child, SpawnError> {
        let name = std::iter::once("family");
        process::spawn(Command {
            program: "family".to_owned(),
            arguments: name
                .chain(self.words.iter().copied())
                .map(str::to_owned)
                .collect(),
            environment: vec![("GREETING".to_owned(), "hello".to_owned())],
            working_directory: std::env::var("AT").unwrap_or_else(|_| "/".to_owned()),
            files: self.files,
            input: self.input,
            output: self.output,
            error: self.error,
        })
    }

    fn run(self) -> String {
        match self.start() {
            Ok(child) => wait(&child),
            Err(error) => refusal(error),
        }
    }
}

fn wait(child: &Child) -> String {
    child.ended().block();
    match child.exit() {
        Some(Exit::Exited(code)) => format!("exited {code}"),
        Some(Exit::Killed) => "killed".to_owned(),
        Some(Exit::Limit(words)) => format!("limit: {words}"),
        Some(Exit::Failed(words)) => format!("failed: {words}"),
        None => "still running".to_owned(),
    }
}

fn refusal(error: SpawnError) -> String {
    match error {
        SpawnError::NotFound => "not found".to_owned(),
        SpawnError::Limit(words) => format!("refused: {words}"),
        SpawnError::Failed(words) => format!("failed: {words}"),
    }
}

fn read_all(reader: Reader) -> Vec<u8> {
    let stream = reader.stream();
    drop(reader);
    let mut bytes = Vec::new();
    while let Ok(more) = stream.blocking_read(4096) {
        bytes.extend(more);
    }
    bytes
}

fn write_all(writer: &Writer, text: &str) -> bool {
    writer
        .stream()
        .blocking_write_and_flush(text.as_bytes())
        .is_ok()
}

pub(crate) fn play(scene: &str, rest: &[&str]) -> ExitCode {
    match (scene, rest) {
        ("programs", []) => println!("{}", process::programs().join(" ")),
        ("run", words) => println!("{}", Role::of(words).run()),
        ("run-reading", words) => println!("{}", Role::of(words).with(Files::ReadOnly).run()),
        ("run-blind", words) => println!("{}", Role::of(words).with(Files::None).run()),
        ("pipeline", []) => {
            let (reader, writer) = process::pipe().expect("a pipe");
            let last = Role::of(&["upper"])
                .reading(reader)
                .start()
                .map_err(refusal);
            let first = Role::of(&["say", "quiet"])
                .writing(writer)
                .start()
                .map_err(refusal);
            let ends =
                [first, last].map(|child| child.map_or_else(|error| error, |child| wait(&child)));
            println!("{}, {}", ends[0], ends[1]);
        }
        ("closed-pipe", []) => {
            let (reader, writer) = process::pipe().expect("a pipe");
            let first = Role::of(&["flood"])
                .writing(writer)
                .start()
                .map_err(refusal);
            let stream = reader.stream();
            let some = stream.blocking_read(10).expect("bytes");
            println!("read {}", some.len());
            drop(stream);
            drop(reader);
            println!("{}", first.map_or_else(|error| error, |child| wait(&child)));
        }
        ("substitution", []) => {
            let (reader, writer) = process::pipe().expect("a pipe");
            let child = Role::of(&["say", "inner"])
                .writing(writer)
                .start()
                .map_err(refusal);
            let text = read_all(reader);
            println!("[{}]", String::from_utf8_lossy(&text).trim_end());
            println!("{}", child.map_or_else(|error| error, |child| wait(&child)));
        }
        ("shared-position", [path]) => {
            let file = process::open_writer(path, Disposition::Truncate).expect("a file");
            write_all(&file, "parent ");
            Role::of(&["say", "child"])
                .writing(file.share().expect("a handle"))
                .run();
            write_all(&file, "parent again\n");
            drop(file);
            let more = process::open_writer(path, Disposition::Append).expect("a file");
            Role::of(&["say", "appended"]).writing(more).run();
            let made_anew = process::open_writer(path, Disposition::Create);
            println!(
                "{}",
                made_anew
                    .err()
                    .map_or("made".to_owned(), |code| code.name().to_owned())
            );
            let file = process::open_reader(path).expect("a file");
            Role::of(&["first-line"])
                .reading(file.share().expect("a handle"))
                .run();
            print!("rest: {}", String::from_utf8_lossy(&read_all(file)));
        }
        ("open", [path]) => {
            let told = |error: Option<process::ErrorCode>| {
                error.map_or("opened".to_owned(), |code| code.name().to_owned())
            };
            println!("{}", told(process::open_reader(path).err()));
            println!(
                "{}",
                told(process::open_writer(path, Disposition::Keep).err())
            );
        }
        ("hoard", []) => {
            let mut pipes = Vec::new();
            let words = loop {
                match process::pipe() {
                    Ok(pipe) => pipes.push(pipe),
                    Err(words) => break words,
                }
            };
            println!("{} pipes, then refused: {words}", pipes.len());
            println!(
                "{}",
                pipes[0].0.share().is_err() || pipes[0].0.share().is_err()
            );
            println!("{}", process::open_reader("/dev/null").is_err());
            // What is held can be used: each end has a stream, and each stream something to wait for.
            let used: Vec<_> = pipes
                .iter()
                .map(|(reader, writer)| {
                    let streams = (writer.stream(), reader.stream());
                    streams.0.blocking_write_and_flush(b"x").expect("a write");
                    let waits = (streams.0.subscribe(), streams.1.subscribe());
                    waits.1.block();
                    streams.1.read(1).expect("a byte");
                    // Dropped in this order: what stands on another first.
                    (waits, streams)
                })
                .collect();
            println!("{} used", used.len());
            drop((used, pipes));
            println!("{}", Role::of(&["exit", "0"]).run());
        }
        ("lines", [path]) => {
            let file = process::open_reader(path).expect("a file");
            let first = file.read_until(b'\n', 100).expect("a line");
            println!("{:?}", String::from_utf8(first.expect("not the end")));
            Role::of(&["first-line"])
                .reading(file.share().expect("a handle"))
                .run();
            let rest = file.read_until(b'\n', 100).expect("a line");
            println!("{:?}", rest.map(String::from_utf8));
            println!("{:?}", file.read_until(b'\n', 100).expect("the end"));
        }
        ("signal", []) => {
            let (reader, writer) = process::pipe().expect("a pipe");
            let child = Role::of(&["signalled-flood"])
                .writing(writer)
                .start()
                .map_err(refusal);
            let stream = reader.stream();
            println!("read {}", stream.blocking_read(10).expect("bytes").len());
            drop(stream);
            drop(reader);
            println!("{}", child.map_or_else(|error| error, |child| wait(&child)));
        }
        ("kill", []) => {
            for role in [["spin"], ["sleep"]] {
                let child = Role::of(&role).start().map_err(refusal).expect("a child");
                assert!(child.exit().is_none());
                child.kill();
                println!("{}", wait(&child));
            }
        }
        ("leave", []) => {
            let _left = Role::of(&["sleep"]).start();
            println!("leaving");
        }
        ("many", [count]) => {
            let count: usize = count.parse().expect("a number");
            let mut children = Vec::new();
            for _ in 0..count {
                match Role::of(&["sleep"]).start() {
                    Ok(child) => children.push(child),
                    Err(error) => {
                        println!("{} started, then {}", children.len(), refusal(error));
                        break;
                    }
                }
            }
            children.iter().for_each(Child::kill);
            for child in &children {
                wait(child);
            }
            println!("{}", Role::of(&["exit", "0"]).run());
        }
        ("bomb", []) => {
            let left = Role::of(&["bomb"]).start();
            let right = Role::of(&["bomb"]).start();
            for child in [left, right].into_iter().flatten() {
                wait(&child);
            }
        }
        ("two-hogs", [mebibytes]) => {
            let words = ["hog", mebibytes];
            let (first_out, first_in) = process::pipe().expect("a pipe");
            let child = Role::of(&words).writing(first_in).start().map_err(refusal);
            println!("{}", Role::of(&words).run());
            println!("{}", child.map_or_else(|error| error, |child| wait(&child)));
            drop(first_out);
        }
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}
