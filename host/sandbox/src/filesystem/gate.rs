//! The gate: our `wasi:filesystem`, in front of wasmtime-wasi's.
//!
//! Operations that name a path are carried out here, on pinned handles. Operations on an open descriptor (reading,
//! writing, streams, metadata) go to wasmtime-wasi's own implementation unchanged: what the descriptor allows was
//! fixed when it was opened. A refused read answers `no-entry`, so a guest learns nothing about what it may not see; a
//! refused write answers `not-permitted`. Each refusal is kept with its rule for the model, the log and the user.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File as HostFile;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_permissions::{Decision, Operation, Policy, Rule, Verdict};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, Timespec, Timestamps};
use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir, File, WasiFilesystemCtx, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, HostDescriptor, HostDirectoryEntryStream, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

use super::denial::{Denial, DenialLog};
use super::mount::GuestFilesystem;
use super::open_request::OpenRequest;
use super::resolve::{Base, Entry, Follow, Place, error_code, resolve};
use super::{alias, handle};

/// What the gate knows of a descriptor beyond wasmtime-wasi's own record.
enum Node {
    /// A virtual directory, by its guest path.
    Virtual(Vec<OsString>),
    /// An open directory of the host's.
    Directory,
}

/// The gate's state for one call.
pub(crate) struct Gate {
    filesystem: Arc<GuestFilesystem>,
    /// Stands behind descriptors of virtual directories: an empty directory that nobody can name.
    void: Arc<HostFile>,
    nodes: HashMap<u32, Node>,
    virtual_listings: HashMap<u32, Vec<types::DirectoryEntry>>,
    denials: DenialLog,
}

impl Gate {
    pub(crate) fn new(
        filesystem: Arc<GuestFilesystem>,
        void: Arc<HostFile>,
        denials: DenialLog,
    ) -> Self {
        Self {
            filesystem,
            void,
            nodes: HashMap::new(),
            virtual_listings: HashMap::new(),
            denials,
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

/// The implementation that operations on open descriptors go to.
fn inner<'a>(view: &'a mut GateView<'_>) -> WasiFilesystemCtxView<'a> {
    WasiFilesystemCtxView {
        ctx: view.ctx,
        table: view.table,
    }
}

/// A place that may be acted on, with its real location.
struct Located {
    parent: Arc<HostFile>,
    name: OsString,
    must_be_directory: bool,
    real: PathBuf,
}

impl GateView<'_> {
    fn policy(&self) -> Arc<Policy> {
        self.gate.filesystem.policy()
    }

    fn base(&self, descriptor: &Resource<types::Descriptor>) -> FsResult<Base> {
        if let Some(Node::Virtual(at)) = self.gate.nodes.get(&descriptor.rep()) {
            return Ok(Base::Virtual(at.clone()));
        }
        match self.table.get(descriptor)? {
            Descriptor::Dir(dir) => Ok(Base::Directory(Arc::clone(&dir.dir))),
            Descriptor::File(_) => Err(ErrorCode::NotDirectory.into()),
        }
    }

    fn resolve(
        &self,
        descriptor: &Resource<types::Descriptor>,
        path: &str,
        follow: Follow,
    ) -> FsResult<Place> {
        let base = self.base(descriptor)?;
        Ok(resolve(&self.gate.filesystem, &base, path, follow)?)
    }

    /// The entry that `path` names, for operations that make, change or remove a name.
    fn locate(
        &self,
        descriptor: &Resource<types::Descriptor>,
        path: &str,
        follow: Follow,
        operation: Operation,
    ) -> FsResult<Located> {
        match self.resolve(descriptor, path, follow)? {
            Place::Entry(entry) => locate(entry),
            Place::Outside(path) => Err(self.refuse(&self.policy(), &path, operation)),
            Place::Virtual(_) if operation == Operation::Create => Err(ErrorCode::Exist.into()),
            Place::Directory(_) if operation == Operation::Create => Err(ErrorCode::Exist.into()),
            Place::Virtual(at) => {
                let path = Path::new("/").join(at.iter().collect::<PathBuf>());
                Err(self.refuse(&self.policy(), &path, operation))
            }
            Place::Directory(directory) => {
                let real = handle::real_path(&directory).map_err(error_code)?;
                match self.policy().decide(&real, operation) {
                    decision if decision.is_allowed() => Err(ErrorCode::Busy.into()),
                    decision => Err(self.refuse_by(&self.policy(), decision, &real, operation)),
                }
            }
        }
    }

    /// Lets the operation pass, or keeps the refusal and answers with its code.
    fn check(&self, policy: &Policy, real: &Path, operation: Operation) -> FsResult<Decision> {
        let decision = policy.decide(real, operation);
        if decision.is_allowed() {
            Ok(decision)
        } else {
            Err(self.refuse_by(policy, decision, real, operation))
        }
    }

    /// The refusal of something that no grant covers.
    fn refuse(&self, policy: &Policy, real: &Path, operation: Operation) -> FsError {
        let decision = match policy.decide(real, operation) {
            // Covered by a grant, yet not mounted: there is no handle to act on.
            decision if decision.is_allowed() => Decision {
                verdict: Verdict::Deny,
                rule: Rule::OutsideGrants,
                grant: None,
            },
            decision => decision,
        };
        self.refuse_by(policy, decision, real, operation)
    }

    fn refuse_by(
        &self,
        policy: &Policy,
        decision: Decision,
        real: &Path,
        operation: Operation,
    ) -> FsError {
        self.gate.denials.push(Denial {
            operation,
            path: real.to_owned(),
            rule: decision.rule,
            reason: policy.explain(decision, real, operation),
        });
        match (decision.verdict, operation.needs()) {
            (Verdict::Hide, _) | (_, massgen_permissions::Access::Read) => {
                ErrorCode::NoEntry.into()
            }
            (Verdict::Allow | Verdict::Deny, massgen_permissions::Access::Write) => {
                ErrorCode::NotPermitted.into()
            }
        }
    }

    fn refuse_rule(
        &self,
        policy: &Policy,
        rule: Rule,
        real: &Path,
        operation: Operation,
    ) -> FsError {
        self.refuse_by(
            policy,
            Decision {
                verdict: Verdict::Deny,
                rule,
                grant: None,
            },
            real,
            operation,
        )
    }

    /// Refuses to change a file one of whose names lies where writing is not allowed.
    fn check_aliases(
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

    fn push_virtual(&mut self, at: Vec<OsString>) -> FsResult<Resource<types::Descriptor>> {
        let void = self.gate.void.try_clone().map_err(ErrorCode::from)?;
        let descriptor = self.table.push(Descriptor::Dir(Dir::new(
            void,
            FsPerms::ReadOnly,
            OpenMode::READ,
            true,
        )))?;
        self.gate.nodes.insert(descriptor.rep(), Node::Virtual(at));
        Ok(descriptor)
    }

    fn push_directory(
        &mut self,
        directory: HostFile,
        perms: FsPerms,
    ) -> FsResult<Resource<types::Descriptor>> {
        let descriptor = self.table.push(Descriptor::Dir(Dir::new(
            directory,
            perms,
            OpenMode::READ,
            true,
        )))?;
        self.gate.nodes.insert(descriptor.rep(), Node::Directory);
        Ok(descriptor)
    }

    fn open_directory(
        &mut self,
        parent: &HostFile,
        name: &Path,
        real: &Path,
    ) -> FsResult<Resource<types::Descriptor>> {
        let policy = self.policy();
        self.check(&policy, real, Operation::List)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = HostFile::from(
            rustix::fs::openat(parent, name, flags, Mode::empty()).map_err(error_code)?,
        );
        // wasi-libc's `opendir` asks for the right to change the directory on every directory; it gets what there is.
        let perms = match policy.decide(real, Operation::SetTimes).is_allowed() {
            true => FsPerms::ReadWrite,
            false => FsPerms::ReadOnly,
        };
        self.push_directory(directory, perms)
    }

    fn open_file(
        &mut self,
        located: &Located,
        request: OpenRequest,
    ) -> FsResult<Resource<types::Descriptor>> {
        let policy = self.policy();
        let before = handle::metadata(&located.parent, &located.name).map_err(error_code)?;
        match before.as_ref().map(handle::file_type) {
            None if request.create && !located.must_be_directory && !request.directory => {
                self.check(&policy, &located.real, Operation::Create)?;
            }
            None => {
                self.check(&policy, &located.real, Operation::Stat)?;
                return Err(ErrorCode::NoEntry.into());
            }
            Some(_) if request.exclusive && request.create => return Err(ErrorCode::Exist.into()),
            Some(FileType::Symlink) => return Err(ErrorCode::Loop.into()),
            Some(FileType::Directory) => {
                if request.writes() {
                    self.check(&policy, &located.real, Operation::Stat)?;
                    return Err(ErrorCode::IsDirectory.into());
                }
                return self.open_directory(
                    &located.parent,
                    Path::new(&located.name),
                    &located.real,
                );
            }
            Some(FileType::RegularFile) if request.directory || located.must_be_directory => {
                self.check(&policy, &located.real, Operation::Stat)?;
                return Err(ErrorCode::NotDirectory.into());
            }
            Some(FileType::RegularFile) => {}
            Some(_) => {
                return Err(self.refuse_rule(
                    &policy,
                    Rule::SpecialFile,
                    &located.real,
                    request.operation(),
                ));
            }
        }
        if request.read || !request.writes() {
            self.check(&policy, &located.real, Operation::Read)?;
        }
        if request.writes() {
            self.check(&policy, &located.real, Operation::Write)?;
        }
        let file = rustix::fs::openat(
            &located.parent,
            &located.name,
            request.host_flags(),
            Mode::from_raw_mode(0o666),
        )
        .map_err(error_code)?;
        let file = HostFile::from(file);
        let stat = rustix::fs::fstat(&file).map_err(error_code)?;
        if handle::file_type(&stat) != FileType::RegularFile {
            return Err(self.refuse_rule(
                &policy,
                Rule::SpecialFile,
                &located.real,
                request.operation(),
            ));
        }
        if request.writes() {
            self.check_aliases(&policy, &stat, &located.real, Operation::Write)?;
        }
        if request.truncate {
            rustix::fs::ftruncate(&file, 0).map_err(error_code)?;
        }
        let perms = if request.write {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        let descriptor = self.table.push(Descriptor::File(File::new(
            file,
            perms,
            request.mode(),
            true,
        )))?;
        Ok(descriptor)
    }

    /// A descriptor that only serves metadata of a place, dropped by the caller.
    fn open_for_metadata(
        &mut self,
        descriptor: &Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: &str,
    ) -> FsResult<Metadata> {
        let place = self.resolve(descriptor, path, follow(path_flags))?;
        let policy = self.policy();
        let (parent, name) = match place {
            Place::Virtual(at) => return Ok(Metadata::Virtual(at)),
            Place::Outside(path) => return Err(self.refuse(&policy, &path, Operation::Stat)),
            Place::Directory(directory) => {
                let real = handle::real_path(&directory).map_err(error_code)?;
                self.check(&policy, &real, Operation::Stat)?;
                (directory, OsString::from("."))
            }
            Place::Entry(entry) => {
                let located = locate(entry)?;
                self.check(&policy, &located.real, Operation::Stat)?;
                let mut name = located.name;
                if located.must_be_directory {
                    name.push("/");
                }
                (located.parent, name)
            }
        };
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&parent, &name, flags, Mode::empty()).map_err(error_code)?;
        let file = File::new(
            HostFile::from(file),
            FsPerms::ReadOnly,
            OpenMode::READ,
            true,
        );
        Ok(Metadata::Descriptor(
            self.table.push(Descriptor::File(file))?,
        ))
    }
}

/// Where metadata comes from.
enum Metadata {
    Virtual(Vec<OsString>),
    Descriptor(Resource<types::Descriptor>),
}

fn locate(entry: Entry) -> FsResult<Located> {
    let real = handle::real_path(&entry.parent)
        .map_err(error_code)?
        .join(&entry.name);
    Ok(Located {
        parent: entry.parent,
        name: entry.name,
        must_be_directory: entry.must_be_directory,
        real,
    })
}

fn follow(flags: PathFlags) -> Follow {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) {
        Follow::Yes
    } else {
        Follow::No
    }
}

fn timespec(time: NewTimestamp) -> Timespec {
    match time {
        NewTimestamp::NoChange => Timespec {
            tv_sec: 0,
            tv_nsec: rustix::fs::UTIME_OMIT,
        },
        NewTimestamp::Now => Timespec {
            tv_sec: 0,
            tv_nsec: rustix::fs::UTIME_NOW,
        },
        NewTimestamp::Timestamp(at) => Timespec {
            tv_sec: i64::try_from(at.seconds).unwrap_or(i64::MAX),
            tv_nsec: i64::from(at.nanoseconds.min(999_999_999)),
        },
    }
}

fn virtual_stat() -> types::DescriptorStat {
    types::DescriptorStat {
        type_: types::DescriptorType::Directory,
        link_count: 1,
        size: 0,
        data_access_timestamp: None,
        data_modification_timestamp: None,
        status_change_timestamp: None,
    }
}

/// A virtual directory is one object per guest path; the hash of the path tells them apart.
fn virtual_hash(at: &[OsString]) -> types::MetadataHashValue {
    use std::os::unix::ffi::OsStrExt;
    let mut hasher = blake3::Hasher::new();
    for name in at {
        hasher.update(name.as_bytes());
        hasher.update(b"/");
    }
    let mut words = hasher.finalize_xof();
    let mut bytes = [0; 8];
    words.fill(&mut bytes);
    let lower = u64::from_le_bytes(bytes);
    words.fill(&mut bytes);
    types::MetadataHashValue {
        lower,
        upper: u64::from_le_bytes(bytes),
    }
}

impl preopens::Host for GateView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Resource<Descriptor>, String)>> {
        let root = self.push_virtual(Vec::new())?;
        Ok(vec![(root, "/".to_owned())])
    }
}

impl types::Host for GateView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        inner(self).convert_error_code(error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        inner(self).filesystem_error_code(error)
    }
}

impl HostDescriptor for GateView<'_> {
    async fn open_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: String,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Resource<types::Descriptor>> {
        let request = OpenRequest::new(open, flags);
        // O_CREAT|O_EXCL never follows a link (POSIX open).
        let follow = if request.create && request.exclusive {
            Follow::No
        } else {
            follow(path_flags)
        };
        match self.resolve(&descriptor, &path, follow)? {
            Place::Virtual(_) | Place::Directory(_) if request.create && request.exclusive => {
                Err(ErrorCode::Exist.into())
            }
            Place::Virtual(_) | Place::Directory(_) if request.writes() => {
                Err(ErrorCode::IsDirectory.into())
            }
            Place::Virtual(at) => self.push_virtual(at),
            Place::Directory(directory) => {
                let real = handle::real_path(&directory).map_err(error_code)?;
                self.open_directory(&directory, Path::new("."), &real)
            }
            Place::Outside(path) => {
                let operation = if request.create {
                    Operation::Create
                } else {
                    request.operation()
                };
                Err(self.refuse(&self.policy(), &path, operation))
            }
            Place::Entry(entry) => {
                let located = locate(entry)?;
                self.open_file(&located, request)
            }
        }
    }

    async fn create_directory_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Create)?;
        self.check(&self.policy(), &located.real, Operation::Create)?;
        rustix::fs::mkdirat(&located.parent, &located.name, Mode::from_raw_mode(0o777))
            .map_err(error_code)?;
        Ok(())
    }

    async fn symlink_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        target: String,
        path: String,
    ) -> FsResult<()> {
        // As in wasmtime-wasi: an absolute link would mean something else to whoever reads the tree outside.
        if target.starts_with('/') {
            return Err(ErrorCode::NotPermitted.into());
        }
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Create)?;
        self.check(&self.policy(), &located.real, Operation::Create)?;
        if located.must_be_directory {
            return Err(ErrorCode::NoEntry.into());
        }
        rustix::fs::symlinkat(target, &located.parent, &located.name).map_err(error_code)?;
        Ok(())
    }

    async fn link_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: String,
        new_descriptor: Resource<types::Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        if path_flags.contains(PathFlags::SYMLINK_FOLLOW) {
            return Err(ErrorCode::Invalid.into());
        }
        let policy = self.policy();
        let old = self.locate(&descriptor, &path, Follow::No, Operation::LinkFrom)?;
        self.check(&policy, &old.real, Operation::LinkFrom)?;
        let new = self.locate(&new_descriptor, &new_path, Follow::No, Operation::Create)?;
        self.check(&policy, &new.real, Operation::Create)?;
        let stat = handle::metadata(&old.parent, &old.name)
            .map_err(error_code)?
            .ok_or(ErrorCode::NoEntry)?;
        if handle::file_type(&stat) != FileType::RegularFile {
            return Err(ErrorCode::NotPermitted.into());
        }
        if old.must_be_directory || new.must_be_directory {
            return Err(ErrorCode::NotDirectory.into());
        }
        self.check_aliases(&policy, &stat, &old.real, Operation::LinkFrom)?;
        rustix::fs::linkat(
            &old.parent,
            &old.name,
            &new.parent,
            &new.name,
            AtFlags::empty(),
        )
        .map_err(error_code)?;
        Ok(())
    }

    async fn rename_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
        new_descriptor: Resource<types::Descriptor>,
        new_path: String,
    ) -> FsResult<()> {
        let policy = self.policy();
        let old = self.locate(&descriptor, &path, Follow::No, Operation::RenameFrom)?;
        let from = self.check(&policy, &old.real, Operation::RenameFrom)?;
        let new = self.locate(&new_descriptor, &new_path, Follow::No, Operation::RenameTo)?;
        let to = self.check(&policy, &new.real, Operation::RenameTo)?;
        let stat = handle::metadata(&old.parent, &old.name)
            .map_err(error_code)?
            .ok_or(ErrorCode::NoEntry)?;
        let is_directory = handle::file_type(&stat) == FileType::Directory;
        if !is_directory && (old.must_be_directory || new.must_be_directory) {
            return Err(ErrorCode::NotDirectory.into());
        }
        // A tree that changes its grant would change its rules unseen (advisory class: rename across permission
        // domains). Programs answer this code by copying file by file, and each file passes the gate.
        if is_directory && from.grant != to.grant {
            return Err(ErrorCode::CrossDevice.into());
        }
        rustix::fs::renameat(&old.parent, &old.name, &new.parent, &new.name).map_err(error_code)?;
        Ok(())
    }

    async fn unlink_file_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Remove)?;
        self.check(&self.policy(), &located.real, Operation::Remove)?;
        let stat = handle::metadata(&located.parent, &located.name)
            .map_err(error_code)?
            .ok_or(ErrorCode::NoEntry)?;
        match handle::file_type(&stat) {
            FileType::Directory => return Err(ErrorCode::IsDirectory.into()),
            _ if located.must_be_directory => return Err(ErrorCode::NotDirectory.into()),
            _ => {}
        }
        rustix::fs::unlinkat(&located.parent, &located.name, AtFlags::empty())
            .map_err(error_code)?;
        Ok(())
    }

    async fn remove_directory_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Remove)?;
        self.check(&self.policy(), &located.real, Operation::Remove)?;
        rustix::fs::unlinkat(&located.parent, &located.name, AtFlags::REMOVEDIR)
            .map_err(error_code)?;
        Ok(())
    }

    async fn readlink_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
    ) -> FsResult<String> {
        let located = match self.resolve(&descriptor, &path, Follow::No)? {
            Place::Entry(entry) => locate(entry)?,
            Place::Outside(path) => {
                return Err(self.refuse(&self.policy(), &path, Operation::Stat));
            }
            Place::Virtual(_) | Place::Directory(_) => return Err(ErrorCode::Invalid.into()),
        };
        self.check(&self.policy(), &located.real, Operation::Stat)?;
        let target = rustix::fs::readlinkat(&located.parent, &located.name, Vec::new())
            .map_err(error_code)?;
        target
            .into_string()
            .map_err(|_| ErrorCode::IllegalByteSequence.into())
    }

    async fn set_times_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let policy = self.policy();
        let times = Timestamps {
            last_access: timespec(accessed),
            last_modification: timespec(modified),
        };
        if let Place::Directory(directory) = self.resolve(&descriptor, &path, follow(path_flags))? {
            let real = handle::real_path(&directory).map_err(error_code)?;
            self.check(&policy, &real, Operation::SetTimes)?;
            rustix::fs::utimensat(&directory, ".", &times, AtFlags::empty()).map_err(error_code)?;
            return Ok(());
        }
        let located = self.locate(&descriptor, &path, follow(path_flags), Operation::SetTimes)?;
        self.check(&policy, &located.real, Operation::SetTimes)?;
        let stat = handle::metadata(&located.parent, &located.name)
            .map_err(error_code)?
            .ok_or(ErrorCode::NoEntry)?;
        self.check_aliases(&policy, &stat, &located.real, Operation::SetTimes)?;
        rustix::fs::utimensat(
            &located.parent,
            &located.name,
            &times,
            AtFlags::SYMLINK_NOFOLLOW,
        )
        .map_err(error_code)?;
        Ok(())
    }

    async fn stat_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<types::DescriptorStat> {
        match self.open_for_metadata(&descriptor, path_flags, &path)? {
            Metadata::Virtual(_) => Ok(virtual_stat()),
            Metadata::Descriptor(place) => {
                let stat = inner(self).stat(Resource::new_borrow(place.rep())).await;
                self.table.delete(place)?;
                stat
            }
        }
    }

    async fn metadata_hash_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        match self.open_for_metadata(&descriptor, path_flags, &path)? {
            Metadata::Virtual(at) => Ok(virtual_hash(&at)),
            Metadata::Descriptor(place) => {
                let hash = inner(self)
                    .metadata_hash(Resource::new_borrow(place.rep()))
                    .await;
                self.table.delete(place)?;
                hash
            }
        }
    }

    async fn read_directory(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let entries = match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::Virtual(at)) => Some(self.gate.filesystem.virtual_entries(at)),
            Some(Node::Directory) | None => None,
        };
        let stream = inner(self).read_directory(descriptor).await?;
        if let Some(entries) = entries {
            let entry = |(name, is_directory): (OsString, bool)| types::DirectoryEntry {
                type_: if is_directory {
                    types::DescriptorType::Directory
                } else {
                    types::DescriptorType::RegularFile
                },
                name: name.to_string_lossy().into_owned(),
            };
            // Taken from the end, one at a time.
            self.gate
                .virtual_listings
                .insert(stream.rep(), entries.into_iter().rev().map(entry).collect());
        }
        Ok(stream)
    }

    async fn stat(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<types::DescriptorStat> {
        match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::Virtual(_)) => Ok(virtual_stat()),
            Some(Node::Directory) | None => inner(self).stat(descriptor).await,
        }
    }

    async fn metadata_hash(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<types::MetadataHashValue> {
        match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::Virtual(at)) => Ok(virtual_hash(at)),
            Some(Node::Directory) | None => inner(self).metadata_hash(descriptor).await,
        }
    }

    async fn is_same_object(
        &mut self,
        a: Resource<types::Descriptor>,
        b: Resource<types::Descriptor>,
    ) -> wasmtime::Result<bool> {
        match (self.gate.nodes.get(&a.rep()), self.gate.nodes.get(&b.rep())) {
            (Some(Node::Virtual(a)), Some(Node::Virtual(b))) => Ok(a == b),
            (Some(Node::Virtual(_)), _) | (_, Some(Node::Virtual(_))) => Ok(false),
            _ => inner(self).is_same_object(a, b).await,
        }
    }

    fn drop(&mut self, descriptor: Resource<types::Descriptor>) -> wasmtime::Result<()> {
        self.gate.nodes.remove(&descriptor.rep());
        HostDescriptor::drop(&mut inner(self), descriptor)
    }

    async fn advise(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        offset: types::Filesize,
        length: types::Filesize,
        advice: types::Advice,
    ) -> FsResult<()> {
        inner(self).advise(descriptor, offset, length, advice).await
    }

    async fn sync_data(&mut self, descriptor: Resource<types::Descriptor>) -> FsResult<()> {
        inner(self).sync_data(descriptor).await
    }

    async fn sync(&mut self, descriptor: Resource<types::Descriptor>) -> FsResult<()> {
        inner(self).sync(descriptor).await
    }

    async fn get_flags(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<DescriptorFlags> {
        inner(self).get_flags(descriptor).await
    }

    async fn get_type(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<types::DescriptorType> {
        inner(self).get_type(descriptor).await
    }

    async fn set_size(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        size: types::Filesize,
    ) -> FsResult<()> {
        inner(self).set_size(descriptor, size).await
    }

    async fn set_times(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        inner(self).set_times(descriptor, accessed, modified).await
    }

    async fn read(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        length: types::Filesize,
        offset: types::Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        inner(self).read(descriptor, length, offset).await
    }

    async fn write(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        bytes: Vec<u8>,
        offset: types::Filesize,
    ) -> FsResult<types::Filesize> {
        inner(self).write(descriptor, bytes, offset).await
    }

    fn read_via_stream(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        inner(self).read_via_stream(descriptor, offset)
    }

    fn write_via_stream(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        inner(self).write_via_stream(descriptor, offset)
    }

    fn append_via_stream(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        inner(self).append_via_stream(descriptor)
    }
}

impl HostDirectoryEntryStream for GateView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        match self.gate.virtual_listings.get_mut(&stream.rep()) {
            Some(entries) => Ok(entries.pop()),
            None => inner(self).read_directory_entry(stream).await,
        }
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.gate.virtual_listings.remove(&stream.rep());
        HostDirectoryEntryStream::drop(&mut inner(self), stream)
    }
}
