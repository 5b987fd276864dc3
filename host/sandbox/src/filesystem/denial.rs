//! What was refused to a call, kept for the model, the log and the user.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use massgen_permissions::{Operation, Rule};
use serde::{Deserialize, Serialize};

use crate::LimitKind;

/// A refused operation: what, where, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// What was to be done.
    pub operation: Operation,
    /// The real location.
    pub path: PathBuf,
    /// The rule that refused it.
    pub rule: Rule,
    /// The reason as a sentence, with a way out.
    pub reason: String,
}

/// Refusals of one call, the first [`DenialLog::CAPACITY`] of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct DenialLog(Arc<Mutex<Refusals>>);

/// What was refused to one call.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    pub(crate) denials: Vec<Denial>,
    /// The last limit on writing that was reached, and its number in words.
    pub(crate) limit: Option<(LimitKind, String)>,
}

impl DenialLog {
    /// A guest can provoke refusals without end; the first few tell what it tried.
    const CAPACITY: usize = 64;

    pub(super) fn push(&self, denial: Denial) {
        let denials = &mut self.refusals().denials;
        if denials.len() < Self::CAPACITY && !denials.contains(&denial) {
            denials.push(denial);
        }
    }

    pub(crate) fn reached(&self, limit: LimitKind, words: String) {
        self.refusals().limit = Some((limit, words));
    }

    pub(crate) fn take(&self) -> Refusals {
        std::mem::take(&mut *self.refusals())
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
