//! What a run shows on standard output: plain lines, or one event a line as JSON.
//!
//! A thread of its own writes, so that a slow reader never holds the run up. When the reader goes away the run is
//! cancelled and everything ends quietly.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;

use massgen_orchestrator::{Delivered, Event, EventKind, EventSink, Outcome, SelectionBasis};
use massgen_tools::ToolStatus;
use tokio_util::sync::CancellationToken;

use crate::costs;
use crate::flags::Output;

/// A line that frames the final answer.
const RULER: &str = "==================================================";

/// Whether all was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// To the end.
    Whole,
    /// Until the reader closed its end.
    ReaderGone,
}

enum Piece {
    Event(Box<Event>),
    Warning(String),
}

/// The writer and the way to it.
pub(crate) struct Display {
    pieces: Sender<Piece>,
    writer: JoinHandle<io::Result<Shown>>,
}

impl Display {
    /// Starts the writer. `logs` is shown to the user; `cancel` is used when the reader goes away.
    pub(crate) fn start(output: Output, logs: PathBuf, cancel: CancellationToken) -> Self {
        let (pieces, receiver) = mpsc::channel();
        let writer = std::thread::spawn(move || {
            let shown = match output {
                Output::Plain => show_plain(&receiver, logs),
                Output::Json => show_json(&receiver),
            };
            if shown.is_err() {
                cancel.cancel();
            }
            match shown {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Shown::ReaderGone),
                shown => shown.map(|()| Shown::Whole),
            }
        });
        Self { pieces, writer }
    }

    /// Where the run sends its events.
    pub(crate) fn sink(&self) -> EventSink {
        let pieces = self.pieces.clone();
        // The writer ends early only when nobody reads: then there is nobody to tell.
        Box::new(move |event| drop(pieces.send(Piece::Event(Box::new(event.clone())))))
    }

    /// Shows a warning about the configuration.
    pub(crate) fn warn(&self, text: String) {
        let _ = self.pieces.send(Piece::Warning(text));
    }

    /// Waits until everything is written.
    ///
    /// # Errors
    /// When standard output cannot be written although somebody reads it: a full disk, for example.
    pub(crate) fn finish(self) -> io::Result<Shown> {
        drop(self.pieces);
        self.writer
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the display has crashed")))
    }
}

fn show_json(pieces: &Receiver<Piece>) -> io::Result<()> {
    for piece in pieces {
        match piece {
            Piece::Event(event) => {
                let line = serde_json::to_string(&event)?;
                writeln!(io::stdout(), "{line}")?;
            }
            // Nobody may be reading warnings; the events are what was asked for.
            Piece::Warning(text) => drop(writeln!(io::stderr(), "{text}")),
        }
    }
    Ok(())
}

fn show_plain(pieces: &Receiver<Piece>, logs: PathBuf) -> io::Result<()> {
    let mut lines = Lines {
        logs,
        ..Lines::default()
    };
    for piece in pieces {
        let text = match piece {
            Piece::Event(event) => lines.of(&event.kind),
            Piece::Warning(text) => format!("{text}\n"),
        };
        let mut stdout = io::stdout().lock();
        stdout.write_all(harmless(&text).as_bytes())?;
        stdout.flush()?;
    }
    Ok(())
}

/// The text without what a terminal would obey: models and tools write it, and an escape sequence could hide lines, fill
/// the clipboard or rename the window. Control characters are spelled out, carriage returns left out.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len());
    for character in text.chars().filter(|character| *character != '\r') {
        if obeyed(character) {
            harmless.extend(character.escape_unicode());
        } else {
            harmless.push(character);
        }
    }
    Cow::Owned(harmless)
}

/// Turns events into lines. Streamed text is held back until its line is whole, so that agents do not tear each other's
/// lines apart.
#[derive(Default)]
struct Lines {
    logs: PathBuf,
    unfinished: BTreeMap<String, String>,
    /// The sources that agents named since their last step, each once: they come in the middle of a text.
    sources: BTreeMap<String, Vec<String>>,
    presented: bool,
}

impl Lines {
    fn of(&mut self, kind: &EventKind) -> String {
        match kind {
            EventKind::Content { agent, text } => self.streamed(agent.as_str(), text),
            EventKind::PresentationContent { text, .. } => {
                self.presented = true;
                text.clone()
            }
            EventKind::Citation { agent, url, title } => {
                let sources = self.sources.entry(agent.to_string()).or_default();
                let source = match title.as_str() {
                    "" => url.clone(),
                    title => format!("{title}: {url}"),
                };
                if !sources.contains(&source) {
                    sources.push(source);
                }
                String::new()
            }
            EventKind::Reasoning { .. } | EventKind::Usage { .. } => String::new(),
            other => {
                let mut text = self.flush(agent_of(other));
                text.push_str(&self.line(other));
                text
            }
        }
    }

    /// Whole lines of an agent's stream, with its name before each.
    fn streamed(&mut self, agent: &str, piece: &str) -> String {
        let pending = self.unfinished.entry(agent.to_owned()).or_default();
        pending.push_str(piece);
        let mut text = String::new();
        while let Some(end) = pending.find('\n') {
            let line: String = pending.drain(..=end).collect();
            // Writing to a string cannot fail.
            let _ = write!(text, "[{agent}] {line}");
        }
        text
    }

    /// What is left of an agent's stream, and its sources; of all streams where no agent is named.
    fn flush(&mut self, agent: Option<&str>) -> String {
        let mut text = String::new();
        for (name, pending) in &mut self.unfinished {
            if agent.is_none_or(|agent| agent == name) && !pending.is_empty() {
                let _ = writeln!(text, "[{name}] {pending}");
                pending.clear();
            }
        }
        for (name, sources) in &mut self.sources {
            if agent.is_none_or(|agent| agent == name) {
                if self.presented && !sources.is_empty() {
                    // What was presented ends where it ends.
                    text.push('\n');
                }
                for source in sources.drain(..) {
                    let _ = writeln!(text, "[{name}] 📎 {source}");
                }
            }
        }
        text
    }

    fn line(&self, kind: &EventKind) -> String {
        match kind {
            EventKind::RunStarted { question, agents } => {
                let names: Vec<_> = agents.iter().map(|agent| agent.id.to_string()).collect();
                let logs = self.logs.display();
                format!(
                    "Question: {question}\nAgents: {}\nLogs: {logs}\n{RULER}\n",
                    names.join(", ")
                )
            }
            EventKind::AgentStarted { agent, sees, .. } => match sees.as_slice() {
                [] => format!("[{agent}] 📊 working\n"),
                sees => {
                    let labels: Vec<_> = sees.iter().map(ToString::to_string).collect();
                    format!("[{agent}] 📊 working, sees {}\n", labels.join(", "))
                }
            },
            EventKind::ToolCallStarted {
                agent,
                tool,
                arguments,
                ..
            } => format!("[{agent}] 🔧 {tool} {arguments}\n"),
            EventKind::ToolCallFinished {
                agent,
                tool,
                status,
                summary,
                elapsed_ms,
                lane,
                ..
            } => {
                let lane = lane.as_ref().map(|lane| format!(", {lane}"));
                format!(
                    "[{agent}] 🔧 {tool}: {} ({elapsed_ms} ms{}) {summary}\n",
                    ended(status),
                    lane.unwrap_or_default()
                )
            }
            EventKind::Enforced {
                agent,
                attempt,
                reason,
            } => format!("[{agent}] ⚠️ try {attempt}: {reason}\n"),
            EventKind::AnswerAccepted {
                agent,
                label,
                content,
                ..
            } => format!("[{agent}] 💡 new answer {label}: {content}\n"),
            EventKind::DuplicateRejected {
                agent,
                duplicate_of,
            } => {
                format!("[{agent}] ⚠️ answer not accepted, it repeats {duplicate_of}\n")
            }
            EventKind::VoteCast {
                agent,
                label,
                reason,
                ..
            } => format!("[{agent}] 🗳️ vote for {label}: {reason}\n"),
            EventKind::VoteIgnored { agent, because, .. } => {
                format!("[{agent}] 🗳️ vote not counted: {because} came in meanwhile\n")
            }
            EventKind::ProviderTool {
                agent,
                tool,
                detail,
            } => {
                let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
                let line = format!("[{agent}] 🔎 {tool} {detail}");
                line.trim_end().to_owned() + "\n"
            }
            EventKind::RestartRequested { .. }
            | EventKind::Citation { .. }
            | EventKind::Content { .. }
            | EventKind::Reasoning { .. } => String::new(),
            EventKind::RestartCompleted { agent } => {
                format!("[{agent}] 🔁 starts again with the newer answers\n")
            }
            EventKind::AgentFailed {
                agent,
                error,
                failures,
            } => format!("[{agent}] ❌ failure {failures}: {error}\n"),
            EventKind::RetryScheduled { agent, after_ms } => {
                format!("[{agent}] 📊 tries again in {after_ms} ms\n")
            }
            EventKind::AgentKilled { agent, error } => {
                format!("[{agent}] ❌ takes no further part: {error}\n")
            }
            EventKind::TimedOut { limit_ms, .. } => format!(
                "⚠️ coordination ended at its limit of {} s\n",
                *limit_ms as f64 / 1e3
            ),
            EventKind::WinnerSelected {
                agent,
                basis,
                votes,
                ..
            } => {
                let votes: Vec<_> = votes
                    .iter()
                    .map(|count| format!("{} {}", count.agent, count.votes))
                    .collect();
                let basis = match basis {
                    SelectionBasis::Votes => "by votes",
                    SelectionBasis::Tie => "first of a tie",
                    SelectionBasis::FirstAnswer => "first answer, nobody voted",
                    SelectionBasis::CoordinationSkipped => "coordination skipped",
                };
                format!(
                    "🏆 Selected agent: {agent} ({basis}; votes: {})\n",
                    votes.join(", ")
                )
            }
            EventKind::PresentationStarted { agent } => {
                format!("🎤 [{agent}] presents the final answer\n{RULER}\n")
            }
            EventKind::PresentationContent { .. } | EventKind::Usage { .. } => String::new(),
            EventKind::PresentationFinished { text, .. } => {
                // A presentation that was not streamed is a stored answer.
                let text = if self.presented { "" } else { text };
                format!("{text}\n{RULER}\n")
            }
            EventKind::Delivered {
                workspace,
                context_paths,
                ..
            } => delivered(workspace.as_ref(), context_paths),
            EventKind::Spent {
                agents,
                cost_usd,
                prices_as_of,
            } => costs::lines(agents, *cost_usd, prices_as_of),
            EventKind::Warning { agent, message } => match agent {
                Some(agent) => format!("[{agent}] ⚠️ {message}\n"),
                None => format!("⚠️ {message}\n"),
            },
            EventKind::RunFinished {
                outcome,
                elapsed_ms,
            } => {
                let seconds = *elapsed_ms as f64 / 1e3;
                match outcome {
                    Outcome::Finished { winner, .. } => {
                        format!("Finished after {seconds:.1} s; {winner} presented.\n")
                    }
                    Outcome::TimedOut { .. } => format!("Out of time after {seconds:.1} s.\n"),
                    Outcome::Failed { error } => {
                        format!("❌ Failed after {seconds:.1} s: {error}\n")
                    }
                    Outcome::Interrupted => format!("Interrupted after {seconds:.1} s.\n"),
                }
            }
        }
    }
}

/// Paths named of a list; the events have all of them.
const NAMED: usize = 20;

/// What the winner left behind in files, as lines.
fn delivered(workspace: Option<&Delivered>, context_paths: &[PathBuf]) -> String {
    let mut text = String::new();
    if let Some(delivered) = workspace.filter(|delivered| delivered.files > 0) {
        let changes = [
            (delivered.added.len(), "added"),
            (delivered.modified.len(), "changed"),
            (delivered.removed.len(), "removed"),
        ];
        let changes: Vec<_> = changes
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let changes = match changes.as_slice() {
            [] => "as in its answer".to_owned(),
            some => format!("{} since its answer", some.join(", ")),
        };
        let folder = delivered.folder.display();
        let _ = writeln!(
            text,
            "📁 {} in {folder} ({changes})",
            files(delivered.files)
        );
    }
    for path in context_paths.iter().take(NAMED) {
        let _ = writeln!(text, "📝 changed {}", path.display());
    }
    if context_paths.len() > NAMED {
        let more = context_paths.len() - NAMED;
        let _ = writeln!(text, "📝 and {more} more; `audit.jsonl` names them all");
    }
    text
}

fn files(count: u64) -> String {
    match count {
        1 => "1 file".to_owned(),
        more => format!("{more} files"),
    }
}

fn ended(status: &ToolStatus) -> String {
    match status {
        ToolStatus::Ok => "ok".to_owned(),
        ToolStatus::ToolError => "error".to_owned(),
        ToolStatus::Denied { rule } => format!("denied by {rule}"),
        ToolStatus::Limit { limit } => format!("stopped at the {limit} limit"),
        ToolStatus::Timeout => "out of time".to_owned(),
        ToolStatus::Trap => "crashed".to_owned(),
        ToolStatus::Cancelled => "cancelled".to_owned(),
        ToolStatus::HostError => "host error".to_owned(),
    }
}

/// The agent whose stream ends with this event; `None` ends all.
fn agent_of(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::AgentStarted { agent, .. }
        | EventKind::ProviderTool { agent, .. }
        | EventKind::ToolCallStarted { agent, .. }
        | EventKind::ToolCallFinished { agent, .. }
        | EventKind::Enforced { agent, .. }
        | EventKind::AnswerAccepted { agent, .. }
        | EventKind::DuplicateRejected { agent, .. }
        | EventKind::VoteCast { agent, .. }
        | EventKind::VoteIgnored { agent, .. }
        | EventKind::RestartRequested { agent, .. }
        | EventKind::RestartCompleted { agent }
        | EventKind::AgentFailed { agent, .. }
        | EventKind::RetryScheduled { agent, .. }
        | EventKind::AgentKilled { agent, .. } => Some(agent.as_str()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use massgen_config::AgentId;

    use super::*;

    fn content(agent: &str, text: &str) -> EventKind {
        EventKind::Content {
            agent: AgentId::new(agent).unwrap(),
            text: text.to_owned(),
        }
    }

    fn restarted(agent: &str) -> EventKind {
        EventKind::RestartCompleted {
            agent: AgentId::new(agent).unwrap(),
        }
    }

    #[test]
    fn streams_of_several_agents_are_shown_in_whole_lines() {
        let mut lines = Lines::default();
        let shown: Vec<String> = [
            content("a", "first ha"),
            content("b", "other\nsec"),
            content("a", "lf\nrest"),
        ]
        .iter()
        .map(|kind| lines.of(kind))
        .collect();
        assert_eq!(shown, ["", "[b] other\n", "[a] first half\n"]);
    }

    #[test]
    fn an_unfinished_line_is_shown_before_the_agents_next_step_and_not_before_anothers() {
        let mut lines = Lines::default();
        lines.of(&content("a", "I think"));
        assert_eq!(
            lines.of(&restarted("b")),
            "[b] 🔁 starts again with the newer answers\n"
        );
        assert_eq!(
            lines.of(&restarted("a")),
            "[a] I think\n[a] 🔁 starts again with the newer answers\n"
        );
    }

    #[test]
    fn sources_are_shown_once_each_behind_the_text_that_rests_on_them() {
        let mut lines = Lines::default();
        let source = |title: &str| EventKind::Citation {
            agent: AgentId::new("a").unwrap(),
            url: "https://example.org".to_owned(),
            title: title.to_owned(),
        };
        let searched = EventKind::ProviderTool {
            agent: AgentId::new("a").unwrap(),
            tool: "web_search".to_owned(),
            detail: "a\n b".to_owned(),
        };
        assert_eq!(lines.of(&searched), "[a] 🔎 web_search a b\n");
        lines.of(&content("a", "It is "));
        for title in ["Example", "", "Example"] {
            assert_eq!(lines.of(&source(title)), "");
        }
        lines.of(&content("a", "so."));
        assert_eq!(
            lines.of(&restarted("a")),
            "[a] It is so.\n[a] 📎 Example: https://example.org\n[a] 📎 https://example.org\n\
             [a] 🔁 starts again with the newer answers\n"
        );
        assert_eq!(
            lines.of(&restarted("a")),
            "[a] 🔁 starts again with the newer answers\n"
        );
    }

    #[test]
    fn what_a_terminal_would_obey_is_spelled_out() {
        assert_eq!(
            harmless("\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}2J\u{8}"),
            "\\u{1b}]52;c;ZXZpbA==\\u{7}\\u{9b}2J\\u{8}"
        );
        assert_eq!(harmless("a\r\nb\rc"), "a\nbc");
        assert!(matches!(
            harmless("plain\n\ttext, ü 🏆"),
            Cow::Borrowed("plain\n\ttext, ü 🏆")
        ));
    }
}
