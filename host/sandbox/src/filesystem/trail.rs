//! The trail of one call: its decisions and the bytes it moved, on their way to the audit.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use massgen_permissions::audit::{Call, Phase, Record};
use massgen_permissions::{Decision, Operation, Rule, Verdict};

use super::mount::GuestFilesystem;
use crate::audit::AuditLog;

/// Paths whose repetitions are counted at one time. A guest can name paths without end; beyond this many the counts
/// are written and begin anew.
const COUNTED_PATHS: usize = 8_192;

/// Counts one call's decisions and hands them to the audit. Without an audit it does nothing.
#[derive(Debug)]
pub(crate) struct Trail(Option<Audited>);

#[derive(Debug)]
struct Audited {
    log: AuditLog,
    call: Arc<Call>,
    counted: Mutex<HashMap<PathBuf, Vec<Counted>>>,
}

/// Decisions of one kind about one path.
#[derive(Debug)]
struct Counted {
    operation: Operation,
    verdict: Verdict,
    rule: Rule,
    phase: Phase,
    /// Decisions beyond the first.
    repeated: u64,
    bytes: u64,
}

impl Trail {
    /// The trail of a command on these files.
    pub(crate) fn new(filesystem: &GuestFilesystem, call: Arc<Call>) -> Self {
        Self(filesystem.audit.as_ref().map(|audit| Audited {
            log: audit.log.clone(),
            call,
            counted: Mutex::default(),
        }))
    }

    /// A decision was made.
    pub(super) fn decided(
        &self,
        phase: Phase,
        operation: Operation,
        path: &Path,
        decision: Decision,
    ) {
        let Some(audited) = &self.0 else { return };
        let mut counted = audited.counted();
        if counted.len() >= COUNTED_PATHS && !counted.contains_key(path) {
            let full = std::mem::take(&mut *counted);
            audited.write(full);
        }
        if !counted.contains_key(path) {
            counted.insert(path.to_owned(), Vec::new());
        }
        let Some(kinds) = counted.get_mut(path) else {
            return;
        };
        let same = |kind: &&mut Counted| {
            (kind.operation, kind.verdict, kind.rule, kind.phase)
                == (operation, decision.verdict, decision.rule, phase)
        };
        if let Some(kind) = kinds.iter_mut().find(same) {
            kind.repeated += 1;
            return;
        }
        let kind = Counted {
            operation,
            verdict: decision.verdict,
            rule: decision.rule,
            phase,
            repeated: 0,
            bytes: 0,
        };
        // Handed over while the counts are locked: the file keeps the order in which decisions were made.
        audited.log.record(audited.record(path, &kind, 1, None));
        kinds.push(kind);
    }

    /// Bytes went to or came from the file.
    pub(super) fn moved(&self, operation: Operation, path: &Path, bytes: u64) {
        let Some(audited) = &self.0 else { return };
        let mut counted = audited.counted();
        let kinds = counted.get_mut(path).into_iter().flatten();
        let kind = kinds
            .filter(|kind| kind.operation == operation && kind.verdict == Verdict::Allow)
            .last();
        if let Some(kind) = kind {
            kind.bytes += bytes;
        }
    }
}

impl Drop for Trail {
    /// The call is over, however it ended: what was counted is written.
    fn drop(&mut self) {
        if let Some(audited) = &self.0 {
            let rest = std::mem::take(&mut *audited.counted());
            audited.write(rest);
        }
    }
}

impl Audited {
    fn counted(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Vec<Counted>>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, counted: HashMap<PathBuf, Vec<Counted>>) {
        for (path, kinds) in counted {
            for kind in kinds {
                if kind.repeated > 0 || kind.bytes > 0 {
                    let bytes = (kind.bytes > 0).then_some(kind.bytes);
                    let record = self.record(&path, &kind, kind.repeated, bytes);
                    self.log.record(record);
                }
            }
        }
    }

    fn record(&self, path: &Path, kind: &Counted, times: u64, bytes: Option<u64>) -> Record {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Record {
            at: u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
            call: Arc::clone(&self.call),
            phase: kind.phase,
            operation: kind.operation,
            path: path.to_string_lossy().into_owned(),
            verdict: kind.verdict,
            rule: kind.rule,
            times,
            bytes,
        }
    }
}
