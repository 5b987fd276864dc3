//! What was refused to a call, kept for the model, the log and the user.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use massgen_permissions::{Operation, Rule};
use serde::{Deserialize, Serialize};

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

/// Refusals of one call, kept up to [`DenialLog::CAPACITY`] and counted beyond.
#[derive(Debug, Clone, Default)]
pub(crate) struct DenialLog(Arc<Mutex<Vec<Denial>>>);

impl DenialLog {
    /// A guest can provoke refusals without end; the first few tell what it tried.
    const CAPACITY: usize = 64;

    pub(super) fn push(&self, denial: Denial) {
        let mut denials = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() < Self::CAPACITY && !denials.contains(&denial) {
            denials.push(denial);
        }
    }

    pub(crate) fn take(&self) -> Vec<Denial> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
