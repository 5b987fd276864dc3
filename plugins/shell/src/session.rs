//! A session: commands read from standard input one after another, each run before the next is read, so that a command
//! finds what follows it. An interruption ends the command and leaves the shell as it was, with what the command had done.

mod prompt;

use std::future::Future;
use std::rc::Rc;
use std::task::Poll;

use crate::executor;
use crate::interpret::{self, Origin};
use crate::shell::{Flow, Shell, Unwind};
use crate::syntax;
use crate::system::{self, Interruption, Reader, Source};
use crate::text;

/// Whether the shell asks for what it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompts {
    /// A user types: an error ends the line, and the shell goes on.
    Shown,
    /// A program writes: an error ends what it would end in a script.
    Hidden,
}

/// As many bytes of a line as are asked for at one time.
const PART: usize = 4_096;

struct Session {
    prompts: Prompts,
    input: Reader,
    interruption: Source,
    /// The number of the line that is read next, from 1.
    line: u32,
}

/// Runs command after command until the input ends or a command ends the shell; gives its status.
pub async fn run(mut shell: Shell, prompts: Prompts) -> i32 {
    let mut session = Session {
        prompts,
        input: Reader::standard(),
        interruption: system::interruption(),
        line: 1,
    };
    if prompts == Prompts::Shown {
        prompt::set_defaults(&mut shell);
    }
    let flow = loop {
        system::await_line();
        let first_line = session.line;
        match session.command(&mut shell).await {
            Err(_) => {
                shell.remark("\n").await;
                shell.status = status(&Interruption::ByUser);
            }
            Ok(None) => break Ok(()),
            Ok(Some(command)) => {
                system::begin_line();
                let flow = session.evaluate(&mut shell, &command, first_line).await;
                if session.is_over(&shell, flow) {
                    break flow;
                }
            }
        }
    };
    session.end(shell, flow).await
}

fn status(interruption: &Interruption) -> i32 {
    match interruption {
        Interruption::ByUser => 130,
        Interruption::Limit(_) => 124,
    }
}

impl Session {
    /// The next whole command with all its lines; none at the end of the input.
    async fn command(&mut self, shell: &mut Shell) -> Result<Option<String>, Interruption> {
        let mut command = String::new();
        loop {
            if self.prompts == Prompts::Shown {
                let name = if command.is_empty() { "PS1" } else { "PS2" };
                let words = prompt::expand(shell, name).await;
                shell.remark(&words).await;
            }
            let read = line(&self.input);
            let bytes = match uninterrupted(&self.interruption, read).await? {
                Ok(bytes) => bytes,
                Err(error) => {
                    let reason = system::reason(&error);
                    shell.complain(&format!("standard input: {reason}")).await;
                    Vec::new()
                }
            };
            if bytes.is_empty() {
                return Ok((!command.is_empty()).then_some(command));
            }
            self.line = self.line.saturating_add(1);
            command.push_str(&text::from_bytes(&bytes));
            if !syntax::is_open(&command) {
                return Ok(Some(command));
            }
        }
    }

    async fn evaluate(&self, shell: &mut Shell, command: &str, first_line: u32) -> Flow {
        let place = Place::of(shell);
        let program = interpret::from_line(shell, command, first_line, Origin::Main);
        let why = match uninterrupted(&self.interruption, program).await {
            Ok(flow) => return flow,
            Err(why) => why,
        };
        place.restore(shell);
        shell.status = status(&why);
        match why {
            Interruption::ByUser => shell.remark("\n").await,
            Interruption::Limit(words) => shell.complain(&words).await,
        }
        Ok(())
    }

    fn is_over(&self, shell: &Shell, flow: Flow) -> bool {
        flow == Err(Unwind::Exit) && (shell.leaves || self.prompts == Prompts::Hidden)
    }

    /// Ends the shell. Nobody who types waits for jobs; who reads the output of a pipe does.
    async fn end(&self, shell: Shell, flow: Flow) -> i32 {
        let ended = match self.prompts {
            Prompts::Shown => {
                if flow.is_ok() {
                    shell.remark("exit\n").await;
                }
                uninterrupted(&self.interruption, interpret::finish(shell, flow)).await
            }
            Prompts::Hidden => uninterrupted(&self.interruption, crate::end(shell, flow)).await,
        };
        ended.unwrap_or_else(|why| status(&why))
    }
}

/// The bytes up to the end of the line, which is among them; none at the end of the input.
async fn line(input: &Reader) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let part = input.read_until(b'\n', PART).await?;
        bytes.extend_from_slice(&part);
        if part.is_empty() || part.ends_with(b"\n") {
            return Ok(bytes);
        }
    }
}

/// The future's result, unless something interrupts first: then it is dropped, and with it all that it has started.
async fn uninterrupted<T>(
    interruption: &Source,
    future: impl Future<Output = T>,
) -> Result<T, Interruption> {
    let mut future = std::pin::pin!(future);
    let mut interrupted = std::pin::pin!(async {
        loop {
            executor::ready(interruption).await;
            if let Some(why) = system::interrupted() {
                return why;
            }
        }
    });
    std::future::poll_fn(|context| {
        if let Poll::Ready(why) = interrupted.as_mut().poll(context) {
            return Poll::Ready(Err(why));
        }
        future.as_mut().poll(context).map(Ok)
    })
    .await
}

/// Where in its program a shell is. What a command that was interrupted has set or defined stays; where it was does not.
struct Place {
    before: Shell,
    scopes: usize,
}

impl Place {
    fn of(shell: &Shell) -> Self {
        Self {
            before: shell.clone(),
            scopes: shell.variables.depth(),
        }
    }

    fn restore(self, shell: &mut Shell) {
        let before = self.before;
        shell.variables.close_to(self.scopes);
        shell.files = Rc::clone(&before.files);
        shell.arguments = Rc::clone(&before.arguments);
        shell.name = Rc::clone(&before.name);
        shell.calls = before.calls;
        shell.loops = before.loops;
        shell.tested = before.tested;
        shell.nesting = before.nesting;
        shell.untraced = before.untraced;
        shell.unhooked = before.unhooked;
        shell.keeps_files = before.keeps_files;
        shell.leaves = before.leaves;
    }
}
