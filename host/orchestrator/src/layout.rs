//! The files of a run's log: one folder a run, with the names that users of MassGen know (`spec/01` §17). Files that
//! are replaced are written aside and renamed, so a reader never meets half a file.
//!
//! Every failure to write is a value, so that whoever calls decides; a run goes on without its log.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::{Zoned, civil};
use massgen_config::AgentId;
use serde::Serialize;

/// Where the logs of all runs are, below the current directory.
pub const DEFAULT_LOGS: &str = ".massgen/massgen_logs";

/// A log file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the log `{}`: {source}; check that the disk has room and the folder is writable", .path.display())]
pub struct LogError {
    path: PathBuf,
    source: io::Error,
}

/// The log folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLayout {
    root: PathBuf,
}

impl LogLayout {
    /// Creates `<logs>/log_YYYYMMDD_HHMMSS` for a run that starts `now`; a second run of the same second gets the
    /// suffix `_2`, and so on.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn create(logs: &Path, now: &Zoned) -> Result<Self, LogError> {
        let name = now.strftime("log_%Y%m%d_%H%M%S").to_string();
        let suffixes = (2u64..).map(|number| format!("{name}_{number}"));
        let root = create_first_free(logs, std::iter::once(name.clone()).chain(suffixes))?;
        Ok(Self { root })
    }

    /// Uses a folder that the user chose, and creates it if need be. Files of an earlier run in it are refused, because
    /// their journal would go on with another run's events.
    ///
    /// # Errors
    /// The folder cannot be created or holds the journal of another run.
    pub fn at(root: &Path) -> Result<Self, LogError> {
        fs::create_dir_all(root).map_err(failed(root))?;
        let layout = Self {
            root: root.to_owned(),
        };
        let journal = layout.journal_path();
        if journal.try_exists().map_err(failed(&journal))? {
            let reason = io::Error::other("it holds another run; choose a new folder");
            return Err(failed(&journal)(reason));
        }
        Ok(layout)
    }

    /// The run's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `massgen.log`, for messages to developers.
    pub fn log_path(&self) -> PathBuf {
        self.root.join("massgen.log")
    }

    /// `events.jsonl`, every event of the run.
    pub fn journal_path(&self) -> PathBuf {
        self.root.join("events.jsonl")
    }

    /// Opens `massgen.log` for appending.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open_log(&self) -> Result<Appender, LogError> {
        Appender::open(self.log_path())
    }

    /// Opens the journal for appending.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open_journal(&self) -> Result<Appender, LogError> {
        Appender::open(self.journal_path())
    }

    /// Creates `<agent>/<YYYYmmdd_HHMMSS_micro>/` for an answer or a vote given at `at`. Two of the same microsecond
    /// get different names.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn entry(&self, agent: &AgentId, at: &Zoned) -> Result<LogEntry, LogError> {
        let names = (0..).map_while(|micro| {
            let later = at
                .datetime()
                .checked_add(jiff::SignedDuration::from_micros(micro))
                .ok()?;
            Some(entry_name(later))
        });
        create_first_free(&self.root.join(agent.as_str()), names).map(|root| LogEntry { root })
    }

    /// Creates `final/<agent>/`, the winner's.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn final_entry(&self, agent: &AgentId) -> Result<LogEntry, LogError> {
        let root = self.root.join("final").join(agent.as_str());
        fs::create_dir_all(&root).map_err(failed(&root))?;
        Ok(LogEntry { root })
    }

    /// Opens `agent_outputs/<agent>.txt` for appending: all that an agent said.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open_agent_output(&self, agent: &AgentId) -> Result<Appender, LogError> {
        Appender::open(self.output(&format!("{agent}.txt")))
    }

    /// Replaces `agent_outputs/system_status.txt`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_system_status(&self, text: &str) -> Result<(), LogError> {
        replace(&self.output("system_status.txt"), text.as_bytes())
    }

    /// Writes `agent_outputs/final_presentation_<agent>.txt` and points `…_latest.txt` to it.
    ///
    /// # Errors
    /// The file or the link cannot be written.
    pub fn write_final_presentation(&self, agent: &AgentId, text: &str) -> Result<(), LogError> {
        let name = format!("final_presentation_{agent}.txt");
        replace(&self.output(&name), text.as_bytes())?;
        let link = self.output(&format!("final_presentation_{agent}_latest.txt"));
        put_in_place(&link, |aside| std::os::unix::fs::symlink(&name, aside))
    }

    /// Replaces `coordination_events.json`.
    ///
    /// # Errors
    /// The value is no JSON, or the file cannot be written.
    pub fn write_coordination_events(&self, events: &impl Serialize) -> Result<(), LogError> {
        replace_json(&self.root.join("coordination_events.json"), events)
    }

    /// Replaces `snapshot_mappings.json`.
    ///
    /// # Errors
    /// The value is no JSON, or the file cannot be written.
    pub fn write_snapshot_mappings(&self, mappings: &impl Serialize) -> Result<(), LogError> {
        replace_json(&self.root.join("snapshot_mappings.json"), mappings)
    }

    /// Replaces `coordination_table.txt`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_coordination_table(&self, table: &str) -> Result<(), LogError> {
        replace(&self.root.join("coordination_table.txt"), table.as_bytes())
    }

    fn output(&self, name: &str) -> PathBuf {
        self.root.join("agent_outputs").join(name)
    }
}

/// The folder of one answer, one vote or the final presentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    root: PathBuf,
}

impl LogEntry {
    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its name: the time of the answer or vote, or the winner.
    pub fn name(&self) -> &OsStr {
        self.root.file_name().unwrap_or_default()
    }

    /// `workspace/`, where the copy of the files belongs; not created.
    pub fn workspace(&self) -> PathBuf {
        self.root.join("workspace")
    }

    /// Writes `answer.txt`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_answer(&self, answer: &str) -> Result<(), LogError> {
        replace(&self.root.join("answer.txt"), answer.as_bytes())
    }

    /// Writes `vote.json`.
    ///
    /// # Errors
    /// The value is no JSON, or the file cannot be written.
    pub fn write_vote(&self, vote: &impl Serialize) -> Result<(), LogError> {
        replace_json(&self.root.join("vote.json"), vote)
    }

    /// Writes `context.txt`: what the agent was shown.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_context(&self, context: &str) -> Result<(), LogError> {
        replace(&self.root.join("context.txt"), context.as_bytes())
    }
}

/// A file that grows at its end. Each append is handed to the system at once, so a killed process loses nothing that
/// was appended before.
#[derive(Debug)]
pub struct Appender {
    path: PathBuf,
    file: File,
    /// True after a failed append, which may have left part of a line.
    torn: bool,
}

impl Appender {
    fn open(path: PathBuf) -> Result<Self, LogError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed(folder))?;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&path)
            .map_err(failed(&path))?;
        Ok(Self {
            path,
            file,
            torn: false,
        })
    }

    /// Appends text as it is.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&mut self, text: &str) -> Result<(), LogError> {
        self.write(text.as_bytes())
    }

    /// Appends a value as one line of JSON. After a failed append the next line starts afresh, so one bad line is all
    /// that a full disk costs.
    ///
    /// # Errors
    /// The value is no JSON, or the file cannot be written.
    pub fn append_json(&mut self, value: &impl Serialize) -> Result<(), LogError> {
        let mut line = if self.torn {
            b"\n".to_vec()
        } else {
            Vec::new()
        };
        serde_json::to_writer(&mut line, value)
            .map_err(|error| failed(&self.path)(error.into()))?;
        line.push(b'\n');
        self.write(&line)
    }

    /// The file underneath, for a writer with a format of its own.
    pub fn into_file(self) -> File {
        self.file
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let result = self.file.write_all(bytes);
        self.torn = result.is_err();
        result.map_err(failed(&self.path))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> LogError {
    let path = path.to_owned();
    |source| LogError { path, source }
}

fn entry_name(at: civil::DateTime) -> String {
    at.strftime("%Y%m%d_%H%M%S_%6f").to_string()
}

/// Creates the first folder of these names that does not exist yet.
fn create_first_free(
    parent: &Path,
    names: impl IntoIterator<Item = String>,
) -> Result<PathBuf, LogError> {
    fs::create_dir_all(parent).map_err(failed(parent))?;
    for name in names {
        let path = parent.join(name);
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => return other.map(|()| path.clone()).map_err(failed(&path)),
        }
    }
    Err(failed(parent)(io::Error::other(
        "no free name is left in it",
    )))
}

fn replace_json(path: &Path, value: &impl Serialize) -> Result<(), LogError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| failed(path)(error.into()))?;
    text.push(b'\n');
    replace(path, &text)
}

fn replace(path: &Path, contents: &[u8]) -> Result<(), LogError> {
    put_in_place(path, |aside| fs::write(aside, contents))
}

/// Lets `make` create something beside `path` and gives it that name when it is whole.
fn put_in_place(path: &Path, make: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), LogError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.partial"));
    let folder = path.parent().unwrap_or(Path::new("."));
    let put = || {
        fs::create_dir_all(folder)?;
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        make(&aside)?;
        fs::rename(&aside, path)
    };
    put().map_err(failed(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use serde_json::json;

    use super::*;

    fn now() -> Zoned {
        "2026-11-23T01:02:03.000456[UTC]".parse().unwrap()
    }

    fn agent() -> AgentId {
        AgentId::new("alpha").unwrap()
    }

    fn layout() -> (tempfile::TempDir, LogLayout) {
        let ground = tempfile::tempdir().unwrap();
        let layout = LogLayout::create(&ground.path().join(DEFAULT_LOGS), &now()).unwrap();
        (ground, layout)
    }

    fn read(layout: &LogLayout, name: &str) -> String {
        fs::read_to_string(layout.root().join(name)).unwrap()
    }

    #[test]
    fn the_folder_of_a_run_bears_its_time_and_is_its_own() {
        let (ground, first) = layout();
        let logs = ground.path().join(".massgen/massgen_logs");
        assert_eq!(first.root(), logs.join("log_20261123_010203"));
        for number in [2, 3] {
            let next = LogLayout::create(&logs, &now()).unwrap();
            assert_eq!(
                next.root(),
                logs.join(format!("log_20261123_010203_{number}"))
            );
        }
    }

    #[test]
    fn a_chosen_folder_is_created_and_another_run_in_it_is_refused() {
        let ground = tempfile::tempdir().unwrap();
        let chosen = ground.path().join("a/b");
        LogLayout::at(&chosen).unwrap().open_journal().unwrap();
        let error = LogLayout::at(&chosen).unwrap_err().to_string();
        assert!(
            error.contains("events.jsonl") && error.contains("another run"),
            "{error}"
        );
    }

    #[test]
    fn entries_of_the_same_microsecond_get_different_folders() {
        let (_ground, layout) = layout();
        let first = layout.entry(&agent(), &now()).unwrap();
        let second = layout.entry(&agent(), &now()).unwrap();
        assert_eq!(
            first.root(),
            layout.root().join("alpha/20261123_010203_000456")
        );
        assert_eq!(second.name(), "20261123_010203_000457");
        assert_eq!(first.workspace(), first.root().join("workspace"));
    }

    #[test]
    fn an_entry_holds_answer_vote_and_context() {
        let (_ground, layout) = layout();
        let entry = layout.entry(&agent(), &now()).unwrap();
        entry.write_answer("42").unwrap();
        entry.write_context("seen").unwrap();
        entry.write_vote(&json!({"voted_for": "beta"})).unwrap();
        let folder = "alpha/20261123_010203_000456";
        assert_eq!(read(&layout, &format!("{folder}/answer.txt")), "42");
        assert_eq!(read(&layout, &format!("{folder}/context.txt")), "seen");
        assert_eq!(
            read(&layout, &format!("{folder}/vote.json")),
            "{\n  \"voted_for\": \"beta\"\n}\n"
        );
        layout
            .final_entry(&agent())
            .unwrap()
            .write_answer("final")
            .unwrap();
        assert_eq!(read(&layout, "final/alpha/answer.txt"), "final");
    }

    #[test]
    fn replaced_files_hold_the_last_text_and_leave_nothing_beside_them() {
        let (_ground, layout) = layout();
        for text in ["a longer first text", "last"] {
            layout.write_system_status(text).unwrap();
            layout.write_coordination_table(text).unwrap();
            layout.write_coordination_events(&json!([text])).unwrap();
            layout.write_snapshot_mappings(&json!({})).unwrap();
            layout.write_final_presentation(&agent(), text).unwrap();
        }
        assert_eq!(read(&layout, "coordination_table.txt"), "last");
        assert_eq!(
            read(&layout, "coordination_events.json"),
            "[\n  \"last\"\n]\n"
        );
        let outputs = layout.root().join("agent_outputs");
        let mut names: Vec<_> = fs::read_dir(&outputs)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let expected = [
            "final_presentation_alpha.txt",
            "final_presentation_alpha_latest.txt",
            "system_status.txt",
        ];
        assert_eq!(names, expected);
        assert_eq!(
            read(&layout, "agent_outputs/final_presentation_alpha_latest.txt"),
            "last"
        );
        assert!(outputs.join(expected[1]).is_symlink());
    }

    #[test]
    fn the_journal_holds_one_line_an_event_as_soon_as_it_is_appended() {
        let (_ground, layout) = layout();
        let mut journal = layout.open_journal().unwrap();
        for seq in 0..2 {
            journal
                .append_json(&json!({"seq": seq, "text": "two\nlines"}))
                .unwrap();
            assert_eq!(read(&layout, "events.jsonl").lines().count(), seq + 1);
        }
        assert!(
            read(&layout, "events.jsonl").starts_with("{\"seq\":0,\"text\":\"two\\nlines\"}\n")
        );
    }

    #[test]
    fn after_a_failed_append_the_next_event_starts_on_a_line_of_its_own() {
        let (_ground, layout) = layout();
        let mut journal = layout.open_journal().unwrap();
        let writable = std::mem::replace(&mut journal.file, File::open("/dev/null").unwrap());
        let error = journal
            .append_json(&json!({"seq": 0}))
            .unwrap_err()
            .to_string();
        assert!(error.contains("events.jsonl"), "{error}");
        journal.file = writable;
        journal.file.write_all(b"{\"se").unwrap();
        journal.append_json(&json!({"seq": 1})).unwrap();
        journal.append_json(&json!({"seq": 2})).unwrap();
        assert_eq!(
            read(&layout, "events.jsonl"),
            "{\"se\n{\"seq\":1}\n{\"seq\":2}\n"
        );
    }

    #[test]
    fn an_agents_output_grows_across_openings() {
        let (_ground, layout) = layout();
        for text in ["one ", "two"] {
            layout
                .open_agent_output(&agent())
                .unwrap()
                .append(text)
                .unwrap();
        }
        assert_eq!(read(&layout, "agent_outputs/alpha.txt"), "one two");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_that_names_it() {
        let ground = tempfile::tempdir().unwrap();
        let file = ground.path().join("file");
        fs::write(&file, "x").unwrap();
        for error in [
            LogLayout::create(&file, &now()).unwrap_err(),
            LogLayout::at(&file.join("deeper")).unwrap_err(),
        ] {
            let error = error.to_string();
            assert!(
                error.contains(&*file.to_string_lossy()) && error.contains("disk"),
                "{error}"
            );
        }
    }
}
