//! A policy that is made of another and kept until there is another, since each operation asks for it.

use std::sync::{Arc, Mutex, PoisonError};

use massgen_permissions::Policy;

/// The last policy that was asked about, and the one made of it.
#[derive(Debug, Default)]
pub(super) struct Derived(Mutex<Option<(Arc<Policy>, Arc<Policy>)>>);

impl Derived {
    /// What `make` makes of `policy`.
    pub(super) fn from(
        &self,
        policy: Arc<Policy>,
        make: impl FnOnce(&Policy) -> Policy,
    ) -> Arc<Policy> {
        // Both are replaced as one, so a panic leaves a pair that belongs together.
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((of, derived)) if Arc::ptr_eq(of, &policy) => Arc::clone(derived),
            _ => {
                let derived = Arc::new(make(&policy));
                *made = Some((policy, Arc::clone(&derived)));
                derived
            }
        }
    }
}
