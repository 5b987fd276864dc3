//! The audit of copies that the host itself makes of agents' files: snapshots, shared folders, what is put back onto a
//! desk, and what is delivered.
//!
//! Guests' operations are recorded one by one where they are decided. Here nobody asks and nothing is decided path by
//! path: a whole tree goes from one place of the run to another. So each copy is two records, where it was read and where
//! it was made, with the number of files and bytes; and one more for each entry that was refused.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use massgen_permissions::audit::{Call, Phase, Record};
use massgen_permissions::{Operation, Rule, Verdict};
use massgen_sandbox::AuditLog;

use crate::workspace::{Tally, Warning};

/// Under which name the host appears where a plugin would.
const HOST: &str = "massgen";

/// Records the host's copies.
#[derive(Debug, Clone)]
pub struct CopyAudit {
    /// The file, the same that takes the guests' records.
    pub log: AuditLog,
    /// The run, by the name of its log folder.
    pub run: String,
}

/// One copy.
pub(crate) struct Copy<'a> {
    /// Whose files they are, or who gets them.
    pub(crate) agent: &'a str,
    /// What the copy is for, e.g. `snapshot`.
    pub(crate) purpose: &'static str,
    /// The answer that it belongs to, if any.
    pub(crate) answer: String,
    pub(crate) phase: Phase,
    pub(crate) from: &'a Path,
    pub(crate) to: &'a Path,
    pub(crate) tally: &'a Tally,
}

impl CopyAudit {
    /// Records a copy. One of nothing is none.
    pub(crate) fn record(&self, copy: &Copy<'_>) {
        if *copy.tally == Tally::default() {
            return;
        }
        let call = Arc::new(Call {
            run: self.run.clone(),
            agent: copy.agent.to_owned(),
            plugin: HOST.to_owned(),
            digest: String::new(),
            tool: copy.purpose.to_owned(),
            call: copy.answer.clone(),
            lane: None,
        });
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let record = |operation, path: &Path| Record {
            at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            call: Arc::clone(&call),
            phase: copy.phase,
            operation,
            path: path.to_string_lossy().into_owned(),
            verdict: Verdict::Allow,
            rule: Rule::HostCopy,
            times: copy.tally.files,
            bytes: Some(copy.tally.bytes),
        };
        self.log.record(record(Operation::Read, copy.from));
        self.log.record(record(Operation::Create, copy.to));
        for warning in &copy.tally.warnings {
            let Warning::SpecialFile { path, .. } = warning else {
                continue;
            };
            self.log.record(Record {
                verdict: Verdict::Deny,
                rule: Rule::SpecialFile,
                times: 1,
                bytes: None,
                ..record(Operation::Read, &copy.from.join(path))
            });
        }
    }
}
