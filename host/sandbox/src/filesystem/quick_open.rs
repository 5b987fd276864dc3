//! The usual open: a file to be read, in a directory where the call has been before, that the rules allow.
//!
//! The ordinary way makes sure that each name on the way still stands for what it stood for, looks at the name, decides
//! and opens. Here one system call opens the whole path from the mount's root and takes no link: where the file is, is
//! then what its path says. That the file is the one which the remembered directory has under this very name is seen
//! from its identity. Whatever is not like this (a link, a missing or a special file, a refusal, a directory that was
//! moved) is left to the ordinary way, which also keeps the record of it.

use std::fs::File as HostFile;
use std::path::PathBuf;
use std::sync::Arc;

use massgen_permissions::{Decision, Operation, Policy};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types;

use super::gate::GateView;
use super::handle;
use super::ledger::Identity;
use super::open_request::OpenRequest;
use super::resolve::{Base, split_plain};

/// A file that was opened in one step.
struct Reached {
    file: HostFile,
    identity: Identity,
    real: PathBuf,
    policy: Arc<Policy>,
    decision: Decision,
}

impl GateView<'_> {
    /// Opens `path` from `base`, if that is as usual.
    pub(super) fn open_quickly(
        &mut self,
        base: &Base,
        path: &str,
        request: OpenRequest,
    ) -> Option<FsResult<Resource<types::Descriptor>>> {
        if !request.only_reads() {
            return None;
        }
        let reached = self.reach(base, path, request)?;
        let Reached { real, policy, .. } = &reached;
        self.call()
            .take_note(policy, real, Operation::Read, reached.decision);
        Some(self.push_file(
            reached.file,
            Some(reached.identity),
            reached.real,
            reached.policy,
            request,
        ))
    }

    fn reach(&self, base: &Base, path: &str, request: OpenRequest) -> Option<Reached> {
        let (directory, name) = split_plain(base, path)?;
        let known = self.gate.atlas.remembered(directory)?;
        if known.location.folds_case {
            return None;
        }
        let named = Identity::of_file_name(&known.handle, name).ok()??;
        let real = known.location.path.join(name);
        let policy = self.policy();
        let decision = policy.decide(&real, Operation::Read);
        if !decision.is_allowed() {
            return None;
        }
        let below = known.below.join(name);
        let flags = request.host_flags(false);
        let file = handle::open_beneath(&known.root, &below, flags).ok()?;
        let identity = Identity::of_file(&file).ok()??;
        (identity == named).then_some(Reached {
            file,
            identity,
            real,
            policy,
            decision,
        })
    }
}
