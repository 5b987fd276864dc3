//! Asking the person at the terminal.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use massgen_sandbox::{Answer, ApprovalRequest, Approver};
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::display::harmless;

/// How long a question waits for its answer; a run must not hang because nobody is there any more.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How often a waiting question looks whether anybody still wants the answer.
const LOOK: Duration = Duration::from_millis(100);

/// The terminal from which massgen was started.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// One question at a time, whichever agent asks.
    tty: Mutex<File>,
}

impl Terminal {
    /// The controlling terminal, if there is one and this process may read from it: a job in the background may not.
    pub(crate) fn in_front() -> Option<Arc<dyn Approver>> {
        let open = OpenOptions::new().read(true).write(true).open("/dev/tty");
        let tty = open.ok()?;
        let foreground = rustix::termios::tcgetpgrp(&tty).ok()?;
        let is_foreground = foreground == rustix::process::getpgrp();
        is_foreground.then(|| {
            let tty = Mutex::new(tty);
            Arc::new(Self { tty }) as Arc<dyn Approver>
        })
    }
}

impl Approver for Terminal {
    fn ask(&self, request: &ApprovalRequest<'_>, is_wanted: &dyn Fn() -> bool) -> Answer {
        let mut tty = self.tty.lock().unwrap_or_else(PoisonError::into_inner);
        // A terminal that fails gives no consent.
        converse(&mut tty, request, is_wanted).unwrap_or(Answer::Refuse)
    }
}

fn converse(
    tty: &mut File,
    request: &ApprovalRequest<'_>,
    is_wanted: &dyn Fn() -> bool,
) -> io::Result<Answer> {
    let started = Instant::now();
    // What was typed before the question was there is no answer to it.
    rustix::termios::tcflush(&*tty, rustix::termios::QueueSelector::IFlush)?;
    writeln!(tty, "\n{}", question(request))?;
    let mut line = Vec::new();
    loop {
        if !is_wanted() {
            writeln!(tty, "\n(no longer needed)")?;
            return Ok(Answer::Refuse);
        }
        if started.elapsed() >= PATIENCE {
            writeln!(tty, "\n(no answer: refused)")?;
            return Ok(Answer::Refuse);
        }
        if !is_readable(tty)? {
            continue;
        }
        let mut byte = [0];
        if tty.read(&mut byte)? == 0 {
            return Ok(Answer::Refuse);
        }
        if byte != *b"\n" {
            line.push(byte[0]);
            continue;
        }
        match String::from_utf8_lossy(&line)
            .trim()
            .to_lowercase()
            .as_str()
        {
            "y" | "yes" => return Ok(Answer::AllowForCall),
            "r" | "run" => return Ok(Answer::AllowForRun),
            "n" | "no" | "" => return Ok(Answer::Refuse),
            other => writeln!(tty, "`{}` is none of y, r and n.", harmless(other))?,
        }
        line.clear();
    }
}

fn question(request: &ApprovalRequest<'_>) -> String {
    let path = request.path.display().to_string();
    format!(
        "{} wants to {} {} (by {}).\nAllow it? y = yes, for this call; r = yes, for the rest of the run; n = no: ",
        harmless(&request.call.agent),
        request.operation.verb(),
        // A line of its own could otherwise be made to look like another question.
        harmless(&path).replace('\n', "\\n"),
        harmless(&request.call.tool),
    )
}

fn is_readable(tty: &File) -> io::Result<bool> {
    let mut waiting = [PollFd::from_borrowed_fd(tty.as_fd(), PollFlags::IN)];
    let look = Timespec {
        tv_sec: 0,
        tv_nsec: LOOK.subsec_nanos().into(),
    };
    match rustix::event::poll(&mut waiting, Some(&look)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
