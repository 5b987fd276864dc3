//! A shell with bash's language, in the sandbox. The grammar is brush-parser's, the evaluator its own: builtins run in
//! the instance, every other word is a child component.

mod builtins;
mod executor;
mod expand;
mod interpret;
mod options;
mod pattern;
mod session;
mod shell;
mod syntax;
mod system;
mod text;
mod variables;

use std::rc::Rc;
use std::time::Duration;

use interpret::Origin;
use options::Options;
use session::Prompts;
use shell::{Flow, Shell, Unwind};
use system::{Reader, Writer};

/// How often the shell looks whether its jobs still hold its output, when it ends.
const LOOK: Duration = Duration::from_millis(5);

/// What is run.
enum Source {
    Text(String),
    File(String),
    Input,
    /// Standard input, a command at a time.
    Session(Prompts),
}

fn main() {
    let arguments: Vec<String> = std::env::args_os()
        .map(|word| text::from_bytes(word.as_encoded_bytes()))
        .collect();
    let environment = std::env::vars_os().map(|(name, value)| {
        (
            text::from_bytes(name.as_encoded_bytes()),
            text::from_bytes(value.as_encoded_bytes()),
        )
    });
    let environment: Vec<(String, String)> = environment.collect();
    let status = on_a_large_stack(move || executor::run(run(arguments, environment)));
    system::exit(u8::try_from(status.unwrap_or(1) & 0xFF).unwrap_or(1))
}

/// Natively the stack of the main thread is not ours to choose; in the sandbox it is (`build.rs`).
#[cfg(not(target_family = "wasm"))]
fn on_a_large_stack<T: Send + 'static>(
    run: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(run)
        .ok()?
        .join()
        .ok()?
}

#[cfg(target_family = "wasm")]
fn on_a_large_stack<T>(run: impl FnOnce() -> Option<T>) -> Option<T> {
    run()
}

async fn run(arguments: Vec<String>, environment: Vec<(String, String)>) -> i32 {
    let own = arguments
        .first()
        .map_or("bash", |name| name.rsplit('/').next().unwrap_or(name))
        .to_owned();
    let own = if own.is_empty() || own.starts_with("shell") {
        "bash".to_owned()
    } else {
        own
    };
    let mut shell = Shell::new(&own, environment);
    let source = match flags(&mut shell, arguments.get(1..).unwrap_or_default()) {
        Ok(source) => source,
        Err(words) => {
            shell.remark(&format!("{own}: {words}\n")).await;
            return 2;
        }
    };
    let text = match source {
        Source::Text(text) => text,
        Source::File(path) => match read_file(&mut shell, &path).await {
            Ok(text) => text,
            Err(status) => return status,
        },
        Source::Input => return whole_input(shell).await,
        Source::Session(prompts) => return session::run(shell, prompts).await,
    };
    let flow = interpret::program(&mut shell, &text, Origin::Main).await;
    end(shell, flow).await
}

async fn read_file(shell: &mut Shell, path: &str) -> Result<String, i32> {
    let bytes = match std::fs::metadata(text::path(&shell.path(path))) {
        Ok(data) if data.is_dir() => Err(("Is a directory".to_owned(), 126)),
        _ => std::fs::read(text::path(&shell.path(path))).map_err(|error| {
            let status = if error.kind() == std::io::ErrorKind::NotFound {
                127
            } else {
                126
            };
            (system::reason(&error), status)
        }),
    };
    match bytes {
        Ok(bytes) if bytes.starts_with(b"\x7fELF") => {
            shell
                .remark(&format!("{path}: {path}: cannot execute binary file\n"))
                .await;
            Err(126)
        }
        Ok(bytes) => Ok(text::from_bytes(&bytes)),
        Err((words, status)) => {
            let own = std::mem::replace(&mut shell.name, "bash".into());
            shell.remark(&format!("bash: {own}: {words}\n")).await;
            Err(status)
        }
    }
}

/// Reads a program from standard input as a whole: what agents send, and nobody else reads from.
async fn whole_input(mut shell: Shell) -> i32 {
    let input = Reader::standard();
    let mut bytes = Vec::new();
    loop {
        match input.read(65536).await {
            Ok(more) if more.is_empty() => break,
            Ok(more) => bytes.extend_from_slice(&more),
            Err(error) => {
                shell
                    .remark(&format!(
                        "{}: standard input: {}\n",
                        shell.name,
                        system::reason(&error)
                    ))
                    .await;
                return 126;
            }
        }
    }
    let flow = interpret::program(&mut shell, &text::from_bytes(&bytes), Origin::Main).await;
    end(shell, flow).await
}

/// Ends the shell: its trap, and the jobs that still hold its output, for whoever reads that waits for them as well.
async fn end(shell: Shell, flow: Flow) -> i32 {
    let background = Rc::clone(&shell.background);
    let held: Vec<Writer> = [1, 2]
        .iter()
        .filter_map(|number| shell.writer(*number).cloned())
        .collect();
    let flow = if flow == Err(Unwind::Discard) {
        Err(Unwind::Exit)
    } else {
        flow
    };
    let status = interpret::finish(shell, flow).await;
    loop {
        background.borrow_mut().retain(|task| !task.is_done());
        let is_held = held.iter().any(|writer| {
            let own = held.iter().filter(|other| other.is(writer)).count();
            writer.holders() > own
        });
        if background.borrow().is_empty() || !is_held {
            return status;
        }
        executor::sleep(LOOK).await;
    }
}

fn flags(shell: &mut Shell, arguments: &[String]) -> Result<Source, String> {
    let mut rest = arguments;
    let (mut command, mut input) = (false, false);
    let mut session = None;
    while let Some((first, more)) = rest.split_first() {
        if first == "--" || first == "-" {
            rest = more;
            break;
        }
        let on = first.starts_with('-');
        if first.len() < 2 || !(on || first.starts_with('+')) {
            break;
        }
        rest = more;
        if let Some(long) = first.strip_prefix("--") {
            match long {
                "posix" => drop(shell.options.put("posix", true)),
                "by-line" => session = Some(Prompts::Hidden),
                "norc" | "noprofile" | "login" | "noediting" | "verbose" => {}
                "version" => {
                    return Ok(Source::Text("echo \"GNU bash, version $BASH_VERSION (a shell of its own with bash's language)\"".to_owned()));
                }
                _ => return Err(format!("{first}: invalid option")),
            }
            continue;
        }
        for letter in first.chars().skip(1) {
            match letter {
                'c' => command = true,
                's' => input = true,
                'i' => session = Some(Prompts::Shown),
                'l' | 'r' => {}
                'o' | 'O' => {
                    let Some((name, more)) = rest.split_first() else {
                        return Err(format!("{first}: option requires an argument"));
                    };
                    rest = more;
                    if !shell.options.put(name, on) {
                        return Err(format!("{name}: invalid option name"));
                    }
                }
                letter => match Options::by_letter(letter) {
                    Some(name) => drop(shell.options.put(name, on)),
                    None => return Err(format!("-{letter}: invalid option")),
                },
            }
        }
    }
    if command {
        let Some((text, more)) = rest.split_first() else {
            return Err("-c: option requires an argument".to_owned());
        };
        shell.origin = "c";
        if let Some((name, more)) = more.split_first() {
            shell.name = name.as_str().into();
            shell.arguments = Rc::new(more.to_vec());
        }
        return Ok(Source::Text(text.clone()));
    }
    match rest.split_first() {
        Some((path, more)) if !input => {
            shell.name = path.as_str().into();
            shell.arguments = Rc::new(more.to_vec());
            Ok(Source::File(path.clone()))
        }
        _ => {
            shell.origin = match session {
                Some(Prompts::Shown) => "is",
                Some(Prompts::Hidden) | None => "s",
            };
            shell.arguments = Rc::new(rest.to_vec());
            Ok(session.map_or(Source::Input, Source::Session))
        }
    }
}
