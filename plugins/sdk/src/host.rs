//! What the host tells a plugin and hears from it.
//!
//! Outside the sandbox, where a plugin's own tests run, [`pretend`] and [`pretend_refusals`] say what the host would.

use std::path::PathBuf;

/// What a granted path may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// A path that the run granted to this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedPath {
    /// Where it is.
    pub path: PathBuf,
    /// What it may be used for.
    pub access: Access,
    /// It is one file, not a directory tree.
    pub single_file: bool,
}

/// A path that this call may not remove now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalRefusal {
    /// Where it is.
    pub path: PathBuf,
    /// The rule's name, e.g. `read-before-delete`.
    pub rule: String,
    /// The reason as a sentence, for the model.
    pub reason: String,
}

#[cfg(target_family = "wasm")]
mod real {
    use super::{Access, GrantedPath, RemovalRefusal};
    use crate::bindings::massgen::plugin::host;
    use std::path::PathBuf;

    /// Paths asked about in one call of the host; it looks at 4096 at most.
    const ASKED_AT_ONCE: usize = 4_096;

    /// Of these absolute paths, those that this call may not remove now. A tool that removes several files asks first,
    /// so that it removes all or none.
    pub fn removal_refusals(paths: &[PathBuf]) -> Vec<RemovalRefusal> {
        let mut refusals = Vec::new();
        for paths in paths.chunks(ASKED_AT_ONCE) {
            let paths: Vec<String> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let refused = host::removal_refusals(&paths).into_iter();
            refusals.extend(refused.map(|refusal| RemovalRefusal {
                path: refusal.path.into(),
                rule: refusal.rule,
                reason: refusal.reason,
            }));
        }
        refusals
    }

    /// The directory against which relative paths are meant: the workspace.
    pub fn working_directory() -> PathBuf {
        host::working_directory().into()
    }

    /// Every path that the run granted to this call, in the order of the grants.
    pub fn granted_paths() -> Vec<GrantedPath> {
        let granted = host::granted_paths()
            .into_iter()
            .map(|granted| GrantedPath {
                path: granted.path.into(),
                access: match granted.access {
                    host::Access::Read => Access::Read,
                    host::Access::Write => Access::Write,
                },
                single_file: granted.single_file,
            });
        granted.collect()
    }

    /// The plugin's configuration from the run, as a JSON object in text.
    pub fn configuration() -> String {
        host::configuration()
    }

    /// True once the call was cancelled; a long loop should ask and return.
    pub fn cancelled() -> bool {
        host::cancelled()
    }

    /// Writes a line to the run's log.
    pub fn log(message: &str) {
        host::log(host::Level::Info, message);
    }

    /// Reports progress of a long call; shown to the user, not to the model.
    pub fn progress(done: u64, total: Option<u64>, message: &str) {
        host::progress(done, total, message);
    }
}

#[cfg(not(target_family = "wasm"))]
mod pretended {
    use super::{GrantedPath, RemovalRefusal};
    use std::cell::RefCell;
    use std::path::PathBuf;

    thread_local! {
        static FACTS: RefCell<(PathBuf, Vec<GrantedPath>)> = RefCell::new((PathBuf::from("/"), Vec::new()));
        static REFUSALS: RefCell<Vec<RemovalRefusal>> = const { RefCell::new(Vec::new()) };
    }

    /// Sets which paths [`removal_refusals`] names on this thread, if it is asked about them.
    pub fn pretend_refusals(refusals: Vec<RemovalRefusal>) {
        REFUSALS.with(|pretended| *pretended.borrow_mut() = refusals);
    }

    /// What was pretended of these paths.
    pub fn removal_refusals(paths: &[PathBuf]) -> Vec<RemovalRefusal> {
        let is_asked = |refusal: &&RemovalRefusal| paths.contains(&refusal.path);
        REFUSALS.with(|refusals| refusals.borrow().iter().filter(is_asked).cloned().collect())
    }

    /// Sets what [`working_directory`] and [`granted_paths`] answer on this thread.
    pub fn pretend(working_directory: PathBuf, granted: Vec<GrantedPath>) {
        FACTS.with(|facts| *facts.borrow_mut() = (working_directory, granted));
    }

    /// What was pretended.
    pub fn working_directory() -> PathBuf {
        FACTS.with(|facts| facts.borrow().0.clone())
    }

    /// What was pretended.
    pub fn granted_paths() -> Vec<GrantedPath> {
        FACTS.with(|facts| facts.borrow().1.clone())
    }

    /// No configuration.
    pub fn configuration() -> String {
        "{}".to_owned()
    }

    /// Never.
    pub fn cancelled() -> bool {
        false
    }

    /// To nobody.
    pub fn log(_message: &str) {}

    /// To nobody.
    pub fn progress(_done: u64, _total: Option<u64>, _message: &str) {}
}

#[cfg(not(target_family = "wasm"))]
pub use pretended::*;
#[cfg(target_family = "wasm")]
pub use real::*;
