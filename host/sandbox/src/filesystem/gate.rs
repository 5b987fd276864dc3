//! The gate: where an operation on a path is decided, and carried out on pinned handles.
//!
//! A refused read answers `no-entry`, so a guest learns nothing about what it may not see; a refused write answers
//! `not-permitted`. Each decision goes to the audit, each refusal is also kept with its rule for the model, the log and
//! the user. The `wasi:filesystem` functions over it are in [`super::wasi`].

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File as HostFile;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_config::ReadBeforeDelete;
use massgen_permissions::audit::{self, Phase};
use massgen_permissions::{Access, Decision, GrantKind, Operation, Policy, Rule, Verdict};
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtx};
use wasmtime_wasi::p2::bindings::filesystem::types::{self, ErrorCode};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::atlas::Atlas;
use super::denial::{Denial, DenialLog};
use super::derived::Derived;
use super::device::Device;
use super::ledger::{Budget, Identity, Ledger, Quota, is_generated};
use super::mount::GuestFilesystem;
use super::open_file::OpenFile;
use super::resolve::{Base, Entry, Follow, Place, error_code, resolve};
use super::trail::Trail;
use super::{alias, handle};
use crate::LimitKind;
use crate::approval::{Answers, ApprovalRequest};
use crate::call::Cancel;
use crate::process::Streams;

/// What all operations of one command share; the commands of a call share its budget and its list of refusals.
#[derive(Debug)]
pub(crate) struct Call {
    pub(super) filesystem: Arc<GuestFilesystem>,
    pub(super) budget: Arc<Budget>,
    pub(super) trail: Trail,
    pub(super) denials: DenialLog,
    view: View,
    /// Who the command is, for whom is asked about it.
    identity: Arc<audit::Call>,
    cancel: Cancel,
    /// What a person has answered to the commands of this call.
    answers: Arc<Answers>,
    /// Where the command looks for what a system may have ([`crate::Manifest::probes`]).
    probes: Vec<PathBuf>,
}

/// How much a command sees of the agent's rights.
#[derive(Debug)]
enum View {
    Whole,
    /// Nothing may be written.
    ReadOnly(Derived),
}

impl Call {
    pub(crate) fn new(
        filesystem: Arc<GuestFilesystem>,
        limits: massgen_config::Limits,
        identity: audit::Call,
        denials: DenialLog,
        cancel: Cancel,
    ) -> Self {
        let identity = Arc::new(identity);
        Self {
            budget: Arc::new(Budget::new(Arc::clone(&filesystem.ledger), limits)),
            trail: Trail::new(&filesystem, Arc::clone(&identity)),
            filesystem,
            denials,
            view: View::Whole,
            identity,
            cancel,
            answers: Arc::default(),
            probes: Vec::new(),
        }
    }

    /// The same files, budget and list of refusals, for a command that this one starts.
    pub(crate) fn for_child(&self, identity: audit::Call, cancel: Cancel) -> Self {
        let identity = Arc::new(identity);
        Self {
            filesystem: Arc::clone(&self.filesystem),
            budget: Arc::clone(&self.budget),
            trail: Trail::new(&self.filesystem, Arc::clone(&identity)),
            denials: self.denials.clone(),
            view: match self.view {
                View::Whole => View::Whole,
                View::ReadOnly(_) => View::ReadOnly(Derived::default()),
            },
            identity,
            cancel,
            answers: Arc::clone(&self.answers),
            probes: Vec::new(),
        }
    }

    /// The same files, for a command of which it is no news that it finds nothing in these folders.
    pub(crate) fn probing(mut self, folders: &[PathBuf]) -> Self {
        self.probes = folders.to_vec();
        self
    }

    /// The same files, without the right to write any.
    pub(crate) fn reading_only(mut self) -> Self {
        self.view = View::ReadOnly(Derived::default());
        self
    }

    /// No files.
    pub(crate) fn without_files(mut self) -> Self {
        self.filesystem = Arc::new(GuestFilesystem::empty());
        self
    }

    /// The policy in force now.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        let whole = self.filesystem.policy();
        match &self.view {
            View::Whole => whole,
            View::ReadOnly(derived) => derived.from(whole, Policy::reading_only),
        }
    }

    /// Keeps, for the report, that a limit was reached.
    pub(crate) fn reached(&self, limit: LimitKind, words: String) {
        self.denials.reached(limit, words);
    }

    pub(super) fn ledger(&self) -> &Ledger {
        self.budget.ledger()
    }

    /// Lets the operation pass, or keeps the refusal.
    pub(super) fn check(
        &self,
        policy: &Policy,
        real: &Path,
        operation: Operation,
    ) -> Result<Decision, Decision> {
        let decision = self.settle(policy.decide(real, operation), real, operation);
        self.take_note(policy, real, operation, decision);
        match decision.is_allowed() {
            true => Ok(decision),
            false => Err(decision),
        }
    }

    /// The decision, or a person's where it is left to one and there is somebody to ask.
    fn settle(&self, decision: Decision, real: &Path, operation: Operation) -> Decision {
        let Some(approvals) = &self.filesystem.approvals else {
            return decision;
        };
        if decision.verdict != Verdict::Ask {
            return decision;
        }
        let request = ApprovalRequest {
            call: &self.identity,
            operation,
            path: real,
        };
        let is_wanted = || !self.cancel.is_cancelled();
        match approvals.allow(&request, &self.answers, &is_wanted) {
            true => Decision {
                verdict: Verdict::Allow,
                rule: Rule::Approved,
                ..decision
            },
            false => Decision {
                verdict: Verdict::Deny,
                rule: Rule::ApprovalRefused,
                ..decision
            },
        }
    }

    /// Keeps a decision.
    pub(super) fn take_note(
        &self,
        policy: &Policy,
        real: &Path,
        operation: Operation,
        decision: Decision,
    ) {
        if decision.is_allowed() {
            self.trail.decided(phase(policy), operation, real, decision);
            let grant = decision.grant.and_then(|index| policy.grants.get(index));
            let is_context = grant.is_some_and(|grant| grant.kind == GrantKind::Context);
            if operation.needs() == Access::Write && is_context {
                self.ledger().changes(real);
            }
        } else {
            self.refuse(policy, decision, real, operation);
        }
    }

    /// Keeps a refusal by a rule that the gate holds by itself; the answer is the guest's error.
    pub(super) fn refuse_rule(
        &self,
        policy: &Policy,
        rule: Rule,
        real: &Path,
        operation: Operation,
    ) -> Errno {
        self.refuse(policy, deny(rule), real, operation);
        forbidden(deny(rule), operation)
    }

    /// Keeps a refusal.
    fn refuse(&self, policy: &Policy, decision: Decision, real: &Path, operation: Operation) {
        let reason = policy.explain(decision, real, operation);
        self.keep(policy, decision, real, operation, reason);
    }

    fn keep(
        &self,
        policy: &Policy,
        decision: Decision,
        real: &Path,
        operation: Operation,
        reason: String,
    ) {
        self.trail.decided(phase(policy), operation, real, decision);
        let is_probe = operation.needs() == Access::Read
            && decision.rule == Rule::OutsideGrants
            && self.probes.iter().any(|folder| real.starts_with(folder));
        if is_probe {
            return;
        }
        self.denials.push(Denial {
            operation,
            path: real.to_owned(),
            rule: decision.rule,
            reason,
        });
    }

    /// Keeps the refusal of something that would go beyond a limit on writing.
    pub(super) fn over_quota(
        &self,
        policy: &Policy,
        quota: Quota,
        real: &Path,
        operation: Operation,
    ) {
        let limit = match quota {
            Quota::CallBytes | Quota::AgentBytes => LimitKind::Written,
            Quota::CallFiles | Quota::AgentFiles => LimitKind::NewFiles,
            Quota::LargestFile => LimitKind::FileSize,
        };
        let words = self.budget.explain(quota);
        let decision = deny(Rule::Quota);
        let reason = format!("{}: {words}.", policy.explain(decision, real, operation));
        self.keep(policy, decision, real, operation, reason);
        self.denials.reached(limit, words);
    }

    /// Takes one new name out of the budget.
    pub(super) fn charge_creation(&self, policy: &Policy, real: &Path) -> FsResult<()> {
        self.budget.create().map_err(|quota| {
            self.over_quota(policy, quota, real, Operation::Create);
            ErrorCode::Quota.into()
        })
    }
}

fn phase(policy: &Policy) -> Phase {
    if policy.final_presentation {
        Phase::FinalPresentation
    } else {
        Phase::Coordination
    }
}

/// A refusal by a rule that the gate holds by itself.
fn deny(rule: Rule) -> Decision {
    Decision {
        verdict: Verdict::Deny,
        rule,
        grant: None,
    }
}

/// The error that a guest sees instead of what was refused.
pub(super) fn forbidden(decision: Decision, operation: Operation) -> Errno {
    if decision.verdict == Verdict::Hide || operation.needs() == Access::Read {
        Errno::NOENT
    } else {
        Errno::PERM
    }
}

/// What the gate knows of a descriptor beyond wasmtime-wasi's own record.
pub(super) enum Node {
    /// A virtual directory, by its guest path.
    Virtual(Vec<OsString>),
    /// An open directory of the host's.
    Directory,
    /// An open file.
    File(Arc<OpenFile>),
    /// An open device.
    Device(Device),
}

/// What a directory stream shows.
pub(super) enum Listing {
    /// The names of a virtual directory, last one first.
    Virtual(Vec<types::DirectoryEntry>),
    /// The entries of the directory at this real path, without those that are hidden; read as the guest asks for them,
    /// so that a large directory is never held in the host's memory.
    Real {
        at: PathBuf,
        entries: Box<rustix::fs::Dir>,
    },
}

/// The gate's state for one call.
pub(crate) struct Gate {
    pub(super) call: Arc<Call>,
    /// Stands behind descriptors of virtual directories: an empty directory that nobody can name.
    pub(super) void: Arc<HostFile>,
    pub(super) atlas: Atlas,
    pub(super) nodes: HashMap<u32, Node>,
    pub(super) listings: HashMap<u32, Listing>,
    /// What devices such as `/dev/stdout` lead to.
    pub(super) streams: Streams,
    /// Handles that the guest holds beside those of `nodes`: readers, writers and children.
    pub(crate) ends: usize,
    /// Handles that it may hold.
    most_handles: usize,
}

impl Gate {
    pub(crate) fn new(
        call: Arc<Call>,
        void: Arc<HostFile>,
        streams: Streams,
        most_handles: usize,
    ) -> Self {
        Self {
            streams,
            ends: 0,
            most_handles,
            call,
            void,
            atlas: Atlas::default(),
            nodes: HashMap::new(),
            listings: HashMap::new(),
        }
    }
}

/// Selects [`GateView`] as the implementation behind the linker's `wasi:filesystem`.
pub(crate) struct HasGate;

impl HasData for HasGate {
    type Data<'a> = GateView<'a>;
}

/// The gate together with the store's resources, for the length of one host call.
pub(crate) struct GateView<'a> {
    pub(crate) gate: &'a mut Gate,
    pub(crate) ctx: &'a mut WasiFilesystemCtx,
    pub(crate) table: &'a mut ResourceTable,
}

/// A place that may be acted on, with its real location.
pub(super) struct Located {
    pub(super) parent: Arc<HostFile>,
    pub(super) name: OsString,
    pub(super) must_be_directory: bool,
    pub(super) real: PathBuf,
    /// The directory takes names that differ only in case for the same.
    folds_case: bool,
    /// What was there a moment ago.
    pub(super) stat: Option<Stat>,
}

impl Located {
    pub(super) fn new(entry: Entry) -> FsResult<Self> {
        let folds_case = entry.location.folds_case;
        let real = if folds_case && entry.stat.is_some() {
            // The name as it stands in the directory, and not as the guest spells it.
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let found = rustix::fs::openat(&entry.parent, &entry.name, flags, Mode::empty());
            handle::real_path(&found.map_err(error_code)?.into()).map_err(error_code)?
        } else {
            entry.location.path.join(&entry.name)
        };
        Ok(Self {
            parent: entry.parent,
            name: entry.name,
            must_be_directory: entry.must_be_directory,
            real,
            folds_case,
            stat: entry.stat,
        })
    }

    /// What the name stands for, or `no-entry`.
    pub(super) fn existing(&self) -> FsResult<Stat> {
        Ok(self.stat.ok_or(ErrorCode::NoEntry)?)
    }

    pub(super) fn kind(&self) -> Option<FileType> {
        self.stat.as_ref().map(handle::file_type)
    }
}

impl GateView<'_> {
    /// What this command shares with the others of its call.
    pub(crate) fn call(&self) -> &Call {
        &self.gate.call
    }

    /// Lets the guest hold so many handles more, or gives the reason why not, which is also kept for the report.
    pub(crate) fn admit_handles(&self, more: usize) -> Result<(), String> {
        let gate = &*self.gate;
        if gate.nodes.len() + gate.ends + more <= gate.most_handles {
            return Ok(());
        }
        let words = format!(
            "a program may hold no more than {} open files, pipes and children (`sandbox.open_files`)",
            gate.most_handles
        );
        gate.call.reached(LimitKind::Handles, words.clone());
        Err(words)
    }

    pub(super) fn policy(&self) -> Arc<Policy> {
        self.gate.call.policy()
    }

    pub(super) fn base(&self, descriptor: &Resource<types::Descriptor>) -> FsResult<Base> {
        if let Some(Node::Virtual(at)) = self.gate.nodes.get(&descriptor.rep()) {
            return Ok(Base::Virtual(at.clone()));
        }
        match self.table.get(descriptor)? {
            Descriptor::Dir(dir) => Ok(Base::Directory(Arc::clone(&dir.dir))),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    pub(super) fn resolve(
        &mut self,
        descriptor: &Resource<types::Descriptor>,
        path: &str,
        follow: Follow,
    ) -> FsResult<Place> {
        let base = self.base(descriptor)?;
        let filesystem = &self.gate.call.filesystem;
        Ok(resolve(
            filesystem,
            &mut self.gate.atlas,
            &base,
            path,
            follow,
        )?)
    }

    /// The entry that `path` names, for operations that make, change or remove a name.
    pub(super) fn locate(
        &mut self,
        descriptor: &Resource<types::Descriptor>,
        path: &str,
        follow: Follow,
        operation: Operation,
    ) -> FsResult<Located> {
        match self.resolve(descriptor, path, follow)? {
            Place::Entry(entry) => Located::new(entry),
            Place::Outside(path) => Err(self.refuse_unmounted(&self.policy(), &path, operation)),
            Place::Virtual(_) if operation == Operation::Create => Err(ErrorCode::Exist.into()),
            Place::Directory(_) if operation == Operation::Create => Err(ErrorCode::Exist.into()),
            Place::Virtual(at) => {
                let path = Path::new("/").join(at.iter().collect::<PathBuf>());
                Err(self.refuse_unmounted(&self.policy(), &path, operation))
            }
            Place::Directory(directory) => {
                let real = handle::real_path(&directory).map_err(error_code)?;
                self.check_path(&self.policy(), &real, operation)?;
                Err(ErrorCode::Busy.into())
            }
        }
    }

    /// Lets an operation on a located entry pass, or keeps the refusal and answers with its code.
    pub(super) fn check(
        &self,
        policy: &Policy,
        located: &Located,
        operation: Operation,
    ) -> FsResult<Decision> {
        let decision = policy.decide(&located.real, operation);
        self.judge(policy, located, operation, decision)
    }

    /// Carries a decision about a located entry out: lets the operation pass, or answers with the code of the refusal.
    pub(super) fn judge(
        &self,
        policy: &Policy,
        located: &Located,
        operation: Operation,
        decision: Decision,
    ) -> FsResult<Decision> {
        let call = &self.gate.call;
        let decision = call.settle(decision, &located.real, operation);
        call.take_note(policy, &located.real, operation, decision);
        if !decision.is_allowed() {
            return Err(error_code(forbidden(decision, operation)).into());
        }
        if located.folds_case && operation.needs() == Access::Write {
            return Err(self.refuse_rule(policy, Rule::CaseFolding, &located.real, operation));
        }
        Ok(decision)
    }

    pub(super) fn check_path(
        &self,
        policy: &Policy,
        real: &Path,
        operation: Operation,
    ) -> FsResult<Decision> {
        self.gate
            .call
            .check(policy, real, operation)
            .map_err(|decision| error_code(forbidden(decision, operation)).into())
    }

    /// The refusal of something that is not mounted.
    pub(super) fn refuse_unmounted(
        &self,
        policy: &Policy,
        real: &Path,
        operation: Operation,
    ) -> FsError {
        let decision = match policy.decide(real, operation) {
            // Covered by a grant, yet not mounted: there is no handle to act on.
            decision if decision.is_allowed() => deny(Rule::OutsideGrants),
            decision => decision,
        };
        self.gate.call.refuse(policy, decision, real, operation);
        error_code(forbidden(decision, operation)).into()
    }

    pub(super) fn refuse_rule(
        &self,
        policy: &Policy,
        rule: Rule,
        real: &Path,
        operation: Operation,
    ) -> FsError {
        error_code(self.gate.call.refuse_rule(policy, rule, real, operation)).into()
    }

    /// Refuses to change a file one of whose names lies where writing is not allowed.
    pub(super) fn check_aliases(
        &self,
        policy: &Policy,
        stat: &Stat,
        real: &Path,
        operation: Operation,
    ) -> FsResult<()> {
        let is_file = handle::file_type(stat) == FileType::RegularFile;
        if is_file && stat.st_nlink > 1 && !alias::every_name_is_writable(policy, stat) {
            return Err(self.refuse_rule(policy, Rule::HardLinkAlias, real, operation));
        }
        Ok(())
    }

    /// Refuses to remove, or to replace by a rename, a regular file that nobody has read (`spec/04` §5).
    pub(super) fn check_was_read(
        &self,
        policy: &Policy,
        located: &Located,
        decision: Decision,
        operation: Operation,
    ) -> FsResult<()> {
        if self.is_unread(policy, located, decision)? {
            let rule = Rule::ReadBeforeDelete;
            return Err(self.refuse_rule(policy, rule, &located.real, operation));
        }
        Ok(())
    }

    /// Refuses to move a directory with files that nobody has read, where its new name would let them go unread.
    pub(super) fn check_tree_was_read(
        &self,
        policy: &Policy,
        located: &Located,
        decision: Decision,
        operation: Operation,
    ) -> FsResult<()> {
        let call = &self.gate.call;
        if located.kind() != Some(FileType::Directory)
            || call.filesystem.read_before_delete == ReadBeforeDelete::Off
            || is_generated_at(policy, located, decision)
        {
            return Ok(());
        }
        let tree = handle::open_child_directory(&located.parent, &located.name);
        let is_known = tree.and_then(|tree| call.ledger().knows_all_below(&tree));
        if is_known.map_err(error_code)? {
            return Ok(());
        }
        let rule = Rule::ReadBeforeDelete;
        Err(self.refuse_rule(policy, rule, &located.real, operation))
    }

    /// True for a regular file that the agent has neither read nor made, where that matters.
    fn is_unread(
        &self,
        policy: &Policy,
        located: &Located,
        decision: Decision,
    ) -> Result<bool, ErrorCode> {
        let call = &self.gate.call;
        if located.kind() != Some(FileType::RegularFile)
            || call.filesystem.read_before_delete == ReadBeforeDelete::Off
        {
            return Ok(false);
        }
        if is_generated_at(policy, located, decision) {
            return Ok(false);
        }
        let identity = Identity::of_name(&located.parent, &located.name).map_err(error_code)?;
        Ok(!call.ledger().knows(identity))
    }

    /// The rule by which the absolute path could not be removed now, and its reason in words for the model; `None` where
    /// it could, or is not there. Nothing is recorded: nobody has tried yet.
    pub(crate) fn refusal_of_removal(&mut self, path: &str) -> Option<(Rule, String)> {
        let operation = Operation::Remove;
        let policy = self.policy();
        let root = Base::Virtual(Vec::new());
        let path = path.trim_start_matches('/');
        let call = Arc::clone(&self.gate.call);
        let place = resolve(
            &call.filesystem,
            &mut self.gate.atlas,
            &root,
            path,
            Follow::No,
        )
        .ok()?;
        let (real, decision) = match place {
            Place::Entry(entry) => {
                let located = Located::new(entry).ok()?;
                let decision = match policy.decide(&located.real, operation) {
                    allowed if allowed.is_allowed() && located.folds_case => {
                        deny(Rule::CaseFolding)
                    }
                    allowed
                        if allowed.is_allowed()
                            && self.is_unread(&policy, &located, allowed).ok()? =>
                    {
                        deny(Rule::ReadBeforeDelete)
                    }
                    decision => decision,
                };
                (located.real, decision)
            }
            Place::Directory(directory) => {
                let real = handle::real_path(&directory).ok()?;
                let decision = policy.decide(&real, operation);
                (real, decision)
            }
            Place::Outside(real) => {
                let decision = policy.decide(&real, operation);
                (real, decision)
            }
            Place::Virtual(_) => return None,
        };
        let reason = || (decision.rule, policy.explain(decision, &real, operation));
        // What a person has not been asked about yet, the removal itself will ask.
        let will_ask = decision.verdict == Verdict::Ask && call.filesystem.approvals.is_some();
        (!decision.is_allowed() && !will_ask).then(reason)
    }
}

/// True when the name is that of something which a program makes again.
pub(super) fn is_generated_at(policy: &Policy, located: &Located, decision: Decision) -> bool {
    let grant = decision.grant.and_then(|index| policy.grants.get(index));
    let below_root = grant.and_then(|grant| located.real.strip_prefix(&grant.path).ok());
    below_root.is_some_and(is_generated)
}
