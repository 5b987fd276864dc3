//! What a call asked of the network.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use massgen_permissions::{NetworkRefusal, Origin};
use serde::{Deserialize, Serialize};

/// The requests of one call to one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkUse {
    /// The place, e.g. `https://api.example.org`.
    pub origin: String,
    /// How many requests were made to it, or would have been.
    pub requests: u64,
    /// Why they were refused; none where they went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// The destination that would have let them out, as `--allow-net` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl NetworkUse {
    fn refuse(&mut self, refusal: &NetworkRefusal) {
        self.refusal = Some(refusal.to_string());
        self.missing = Some(refusal.missing());
    }
}

/// The places of one call, the first [`NetworkLog::CAPACITY`] of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct NetworkLog(Arc<Mutex<Vec<NetworkUse>>>);

impl NetworkLog {
    /// A guest can name places without end; the first few tell what it tried.
    const CAPACITY: usize = 64;

    /// Counts a request that was decided about.
    pub(super) fn decided(&self, origin: &Origin, refusal: Option<&NetworkRefusal>) {
        let origin = origin.to_string();
        let mut uses = self.uses();
        let known = uses.iter().position(|known| known.origin == origin);
        let index = match known {
            Some(index) => index,
            None if uses.len() < Self::CAPACITY => {
                uses.push(NetworkUse {
                    origin,
                    requests: 0,
                    refusal: None,
                    missing: None,
                });
                uses.len() - 1
            }
            None => return,
        };
        uses[index].requests += 1;
        if let Some(refusal) = refusal {
            uses[index].refuse(refusal);
        }
    }

    /// A request that was let pass has been refused after all, for the address to which its name leads.
    pub(super) fn refused(&self, origin: &Origin, refusal: &NetworkRefusal) {
        let origin = origin.to_string();
        let mut uses = self.uses();
        if let Some(known) = uses.iter_mut().find(|known| known.origin == origin) {
            known.refuse(refusal);
        }
    }

    pub(crate) fn take(&self) -> Vec<NetworkUse> {
        std::mem::take(&mut *self.uses())
    }

    fn uses(&self) -> MutexGuard<'_, Vec<NetworkUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
