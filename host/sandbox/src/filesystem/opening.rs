//! Opening: from what was found under a path, and what is asked of it, to a descriptor.

use std::ffi::OsString;
use std::fs::File as HostFile;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_permissions::{Operation, Policy, Rule};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::{Descriptor, Dir, File};
use wasmtime_wasi::p2::bindings::filesystem::types::{self, ErrorCode};
use wasmtime_wasi::p2::{FsError, FsResult};
use wasmtime_wasi::{FsPerms, OpenMode};

use super::device::{self, Device, Found};
use super::gate::{GateView, Located, Node};
use super::handle;
use super::ledger::Identity;
use super::open_file::{At, OpenFile};
use super::open_request::OpenRequest;
use super::resolve::{Base, Follow, Place, error_code, resolve};
use super::shared_file::SharedFile;

/// How often an open is begun anew because others made or removed the file meanwhile.
const OPEN_ATTEMPTS: usize = 4;

/// What was opened for a standard stream.
pub(crate) enum Shared {
    File(SharedFile),
    Device(Device),
}

/// What a file is opened for, by its path alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// To read it from its start.
    Read,
    /// To write; made, or emptied.
    Truncate,
    /// To write behind what it holds; made if missing.
    Append,
    /// To write; made, and an error if it is there.
    Create,
    /// To write from its start; made if missing.
    Keep,
}

impl GateView<'_> {
    /// Opens the file of an absolute guest path, under the same rules as `open-at`.
    pub(crate) fn open_shared(&mut self, path: &str, disposition: Disposition) -> FsResult<Shared> {
        let request = OpenRequest::of(disposition);
        // O_CREAT|O_EXCL never follows a link (POSIX open).
        let follow = match disposition {
            Disposition::Create => Follow::No,
            _ => Follow::Yes,
        };
        let root = Base::Virtual(Vec::new());
        let path = path.trim_start_matches('/');
        let descriptor = self.open_path(&root, path, follow, request)?;
        let node = self.gate.nodes.remove(&descriptor.rep());
        self.table.delete(descriptor)?;
        match node {
            Some(Node::File(open)) => Ok(Shared::File(SharedFile::new(
                open,
                match disposition {
                    Disposition::Append => At::End,
                    _ => At::Position(0),
                },
            ))),
            Some(Node::Device(device)) => Ok(Shared::Device(device)),
            _ => Err(ErrorCode::IsDirectory.into()),
        }
    }

    /// Opens what `path` names from `base`.
    pub(super) fn open_path(
        &mut self,
        base: &Base,
        path: &str,
        follow: Follow,
        request: OpenRequest,
    ) -> FsResult<Resource<types::Descriptor>> {
        self.admit_handles(1)
            .map_err(|_| ErrorCode::InsufficientMemory)?;
        if let Some(opened) = self.open_quickly(base, path, request) {
            return opened;
        }
        let filesystem = &self.gate.call.filesystem;
        let place = resolve(filesystem, &mut self.gate.atlas, base, path, follow)?;
        self.open_place(place, request)
    }

    /// Opens what was found under a path.
    fn open_place(
        &mut self,
        place: Place,
        request: OpenRequest,
    ) -> FsResult<Resource<types::Descriptor>> {
        match place {
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
            Place::Outside(path) if device::find(&path).is_some() => {
                self.open_device(&path, request)
            }
            Place::Outside(path) => {
                let operation = if request.create {
                    Operation::Create
                } else {
                    request.operation()
                };
                Err(self.refuse_unmounted(&self.policy(), &path, operation))
            }
            Place::Entry(entry) => {
                let located = Located::new(entry)?;
                self.open_file(located, request)
            }
        }
    }

    fn open_device(
        &mut self,
        path: &Path,
        request: OpenRequest,
    ) -> FsResult<Resource<types::Descriptor>> {
        match device::find(path).ok_or(ErrorCode::NoEntry)? {
            _ if request.create && request.exclusive => Err(ErrorCode::Exist.into()),
            Found::Directory(_) if request.writes() => Err(ErrorCode::IsDirectory.into()),
            Found::Directory(at) => self.push_virtual(at),
            Found::Device(_) if request.directory => Err(ErrorCode::NotDirectory.into()),
            Found::Device(device) => self.push_device(device, request),
        }
    }

    fn push_device(
        &mut self,
        device: Device,
        request: OpenRequest,
    ) -> FsResult<Resource<types::Descriptor>> {
        let void = self.gate.void.try_clone().map_err(ErrorCode::from)?;
        let perms = match request.write {
            true => FsPerms::ReadWrite,
            false => FsPerms::ReadOnly,
        };
        let file = File::new(void, perms, request.mode(), true);
        let descriptor = self.table.push(Descriptor::File(file))?;
        self.gate
            .nodes
            .insert(descriptor.rep(), Node::Device(device));
        Ok(descriptor)
    }

    pub(super) fn push_virtual(
        &mut self,
        at: Vec<OsString>,
    ) -> FsResult<Resource<types::Descriptor>> {
        let void = self.gate.void.try_clone().map_err(ErrorCode::from)?;
        let directory = Dir::new(void, FsPerms::ReadOnly, OpenMode::READ, true);
        let descriptor = self.table.push(Descriptor::Dir(directory))?;
        self.gate.nodes.insert(descriptor.rep(), Node::Virtual(at));
        Ok(descriptor)
    }

    pub(super) fn open_directory(
        &mut self,
        parent: &HostFile,
        name: &Path,
        real: &Path,
    ) -> FsResult<Resource<types::Descriptor>> {
        let policy = self.policy();
        self.check_path(&policy, real, Operation::List)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = HostFile::from(
            rustix::fs::openat(parent, name, flags, Mode::empty()).map_err(error_code)?,
        );
        // wasi-libc's `opendir` asks for the right to change the directory on every directory; it gets what there is.
        let perms = match policy.decide(real, Operation::SetTimes).is_allowed() {
            true => FsPerms::ReadWrite,
            false => FsPerms::ReadOnly,
        };
        let directory = Dir::new(directory, perms, OpenMode::READ, true);
        let descriptor = self.table.push(Descriptor::Dir(directory))?;
        self.gate.nodes.insert(descriptor.rep(), Node::Directory);
        Ok(descriptor)
    }

    pub(super) fn open_file(
        &mut self,
        mut located: Located,
        request: OpenRequest,
    ) -> FsResult<Resource<types::Descriptor>> {
        for _ in 0..OPEN_ATTEMPTS {
            match self.try_open_file(&located, request)? {
                Opened::Descriptor(descriptor) => return Ok(descriptor),
                Opened::MeanwhileMade => {
                    located.stat =
                        handle::metadata(&located.parent, &located.name).map_err(error_code)?;
                }
            }
        }
        Err(ErrorCode::Busy.into())
    }

    fn try_open_file(&mut self, located: &Located, request: OpenRequest) -> FsResult<Opened> {
        let policy = self.policy();
        let makes = match located.kind() {
            None if request.create && !located.must_be_directory && !request.directory => {
                self.check(&policy, located, Operation::Create)?;
                self.gate.call.charge_creation(&policy, &located.real)?;
                true
            }
            None => {
                self.check(&policy, located, Operation::Stat)?;
                return Err(ErrorCode::NoEntry.into());
            }
            Some(_) if request.exclusive && request.create => {
                self.check(&policy, located, Operation::Stat)?;
                return Err(ErrorCode::Exist.into());
            }
            Some(FileType::Symlink) => {
                self.check(&policy, located, Operation::Stat)?;
                return Err(ErrorCode::Loop.into());
            }
            Some(FileType::Directory) => {
                if request.writes() {
                    self.check(&policy, located, Operation::Stat)?;
                    return Err(ErrorCode::IsDirectory.into());
                }
                return self
                    .open_directory(&located.parent, Path::new(&located.name), &located.real)
                    .map(Opened::Descriptor);
            }
            Some(FileType::RegularFile) if request.directory || located.must_be_directory => {
                self.check(&policy, located, Operation::Stat)?;
                return Err(ErrorCode::NotDirectory.into());
            }
            Some(FileType::RegularFile) => false,
            Some(_) => return Err(self.refuse_special(&policy, located, request)),
        };
        if request.read || !request.writes() {
            self.check(&policy, located, Operation::Read)?;
        }
        if request.writes() {
            self.check(&policy, located, Operation::Write)?;
        }
        let flags = request.host_flags(makes);
        let mode = Mode::from_raw_mode(0o666);
        let file = match rustix::fs::openat(&located.parent, &located.name, flags, mode) {
            Ok(file) => HostFile::from(file),
            Err(Errno::EXIST) if makes && !request.exclusive => return Ok(Opened::MeanwhileMade),
            Err(error) => return Err(error_code(error).into()),
        };
        // Something else may have taken the name meanwhile. A file that is only read is looked at when bytes are.
        if request.writes() {
            let stat = rustix::fs::fstat(&file).map_err(error_code)?;
            if handle::file_type(&stat) != FileType::RegularFile {
                return Err(self.refuse_special(&policy, located, request));
            }
            self.check_aliases(&policy, &stat, &located.real, Operation::Write)?;
        }
        if makes {
            let made = Identity::of_handle(&file).map_err(error_code)?;
            self.gate.call.ledger().learn(made);
        } else if request.truncate {
            rustix::fs::ftruncate(&file, 0).map_err(error_code)?;
        }
        self.push_file(file, None, located.real.clone(), policy, request)
            .map(Opened::Descriptor)
    }

    /// Hands an open file to the guest. `identity` is known where it was looked at.
    pub(super) fn push_file(
        &mut self,
        file: HostFile,
        identity: Option<Identity>,
        real: PathBuf,
        policy: Arc<Policy>,
        request: OpenRequest,
    ) -> FsResult<Resource<types::Descriptor>> {
        let perms = if request.write {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        let file = File::new(file, perms, request.mode(), true);
        let call = Arc::clone(&self.gate.call);
        let handle = Arc::clone(&file.file);
        let allowed = request.operations();
        let open = OpenFile::new(handle, identity, real, call, policy, allowed);
        let descriptor = self.table.push(Descriptor::File(file))?;
        self.gate
            .nodes
            .insert(descriptor.rep(), Node::File(Arc::new(open)));
        Ok(descriptor)
    }

    fn refuse_special(&self, policy: &Policy, located: &Located, request: OpenRequest) -> FsError {
        self.refuse_rule(
            policy,
            Rule::SpecialFile,
            &located.real,
            request.operation(),
        )
    }
}

/// How an attempt to open a file ended.
enum Opened {
    Descriptor(Resource<types::Descriptor>),
    /// The file was not there and was to be made, but others have made it.
    MeanwhileMade,
}
