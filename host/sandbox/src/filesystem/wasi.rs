//! `wasi:filesystem` over the gate.
//!
//! Operations that name a path, and reading and writing, are carried out here; what remains on an open descriptor
//! (flags, type, advice, sync) goes to wasmtime-wasi's own implementation unchanged.

use std::ffi::{OsStr, OsString};
use std::fs::File as HostFile;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use massgen_permissions::{Moved, Operation, Policy, Verdict};
use rustix::fs::{AtFlags, FileType, Mode, RenameFlags, Stat};
use rustix::io::Errno;
use wasmtime::component::Resource;
use wasmtime_wasi::cli::{StdinStream, StdoutStream};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystemCtxView};
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, HostDescriptor, HostDirectoryEntryStream, NewTimestamp, OpenFlags,
    PathFlags,
};
use wasmtime_wasi::p2::bindings::filesystem::{preopens, types};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult, StreamError};

use super::device::{self, Device, Found};
use super::gate::{GateView, Listing, Located, Node, is_generated_at};
use super::ledger::Identity;
use super::open_file::{At, FileInput, FileOutput, OpenFile};
use super::open_request::OpenRequest;
use super::resolve::{Follow, Place, error_code};
use super::{handle, stat};
use crate::process::{Sink, Source};

/// The implementation that the rest goes to.
fn inner<'a>(view: &'a mut GateView<'_>) -> WasiFilesystemCtxView<'a> {
    WasiFilesystemCtxView {
        ctx: view.ctx,
        table: view.table,
    }
}

fn follow(flags: PathFlags) -> Follow {
    if flags.contains(PathFlags::SYMLINK_FOLLOW) {
        Follow::Yes
    } else {
        Follow::No
    }
}

fn kind_moved(kind: FileType) -> Moved {
    match kind {
        FileType::Directory => Moved::Tree,
        FileType::Symlink => Moved::Link,
        _ => Moved::File,
    }
}

/// Moves what arrived at `new` back to where it came from, beside the old name if that is taken meanwhile.
fn put_back(old: &Located, new: &Located) -> Result<(), Errno> {
    let back = |name: &OsStr| {
        let flags = RenameFlags::NOREPLACE;
        rustix::fs::renameat_with(&new.parent, &new.name, &old.parent, name, flags)
    };
    match back(&old.name) {
        Err(Errno::EXIST) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let mut beside = old.name.clone();
            beside.push(format!(".{}", now.unwrap_or_default().as_nanos()));
            back(&beside)
        }
        done => done,
    }
}

/// Lets a name that is not a directory's be made where nothing is; fails with the codes of Linux.
fn check_is_free(located: &Located) -> Result<(), ErrorCode> {
    match located.kind() {
        None if located.must_be_directory => Err(ErrorCode::NoEntry),
        None => Ok(()),
        Some(kind) if located.must_be_directory && kind != FileType::Directory => {
            Err(ErrorCode::NotDirectory)
        }
        Some(_) => Err(ErrorCode::Exist),
    }
}

/// The next entry of a directory that is to be seen, or `None` at the end.
fn next_entry(
    policy: &Policy,
    directory: &Path,
    entries: &mut rustix::fs::Dir,
) -> FsResult<Option<types::DirectoryEntry>> {
    while let Some(entry) = entries.read() {
        let entry = entry.map_err(error_code)?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        let is_hidden = || {
            let decision = policy.decide(&directory.join(name), Operation::Stat);
            decision.verdict == Verdict::Hide
        };
        if name == "." || name == ".." || is_hidden() {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not tell it here.
            FileType::Unknown => {
                let parent = entries.fd().map_err(error_code)?;
                let stat = handle::metadata(parent, name).map_err(error_code)?;
                stat.map_or(FileType::Unknown, |stat| handle::file_type(&stat))
            }
            told => told,
        };
        let name = name.to_str().ok_or(ErrorCode::IllegalByteSequence)?;
        return Ok(Some(types::DirectoryEntry {
            type_: stat::descriptor_type(kind),
            name: name.to_owned(),
        }));
    }
    Ok(None)
}

/// Where metadata comes from.
enum Metadata {
    Virtual(Vec<OsString>),
    Device(Device),
    Real(Stat),
}

impl GateView<'_> {
    /// The metadata of what a path names.
    fn metadata_at(
        &mut self,
        descriptor: &Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: &str,
    ) -> FsResult<Metadata> {
        let place = self.resolve(descriptor, path, follow(path_flags))?;
        let policy = self.policy();
        match place {
            Place::Virtual(at) => Ok(Metadata::Virtual(at)),
            Place::Outside(path) => match device::find(&path) {
                Some(Found::Directory(at)) => Ok(Metadata::Virtual(at)),
                Some(Found::Device(device)) => Ok(Metadata::Device(device)),
                None => Err(self.refuse_unmounted(&policy, &path, Operation::Stat)),
            },
            Place::Directory(directory) => {
                let real = handle::real_path(&directory).map_err(error_code)?;
                self.check_path(&policy, &real, Operation::Stat)?;
                let stat = rustix::fs::fstat(&directory).map_err(error_code)?;
                Ok(Metadata::Real(stat))
            }
            Place::Entry(entry) => {
                let located = Located::new(entry)?;
                self.check(&policy, &located, Operation::Stat)?;
                let stat = located.existing()?;
                if located.must_be_directory && handle::file_type(&stat) != FileType::Directory {
                    return Err(ErrorCode::NotDirectory.into());
                }
                Ok(Metadata::Real(stat))
            }
        }
    }

    /// The metadata of an open descriptor.
    fn metadata_of(&self, descriptor: &Resource<types::Descriptor>) -> FsResult<Metadata> {
        let handle = match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::Virtual(at)) => return Ok(Metadata::Virtual(at.clone())),
            Some(Node::Device(device)) => return Ok(Metadata::Device(*device)),
            Some(Node::File(open)) => {
                open.still_allows(Operation::Stat).map_err(error_code)?;
                rustix::fs::fstat(open.file())
            }
            Some(Node::Directory) | None => {
                let directory = self.host_handle(descriptor)?;
                // A removed directory is nowhere, and nothing is in it.
                if let Ok(real) = handle::real_path(&directory) {
                    self.check_path(&self.policy(), &real, Operation::Stat)?;
                }
                rustix::fs::fstat(directory)
            }
        };
        Ok(Metadata::Real(handle.map_err(error_code)?))
    }

    fn host_handle(&self, descriptor: &Resource<types::Descriptor>) -> FsResult<Arc<HostFile>> {
        Ok(match self.table.get(descriptor)? {
            Descriptor::File(file) => Arc::clone(&file.file),
            Descriptor::Dir(dir) => Arc::clone(&dir.dir),
        })
    }

    /// The open file behind a descriptor.
    fn open(&self, descriptor: &Resource<types::Descriptor>) -> FsResult<Arc<OpenFile>> {
        match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::File(open)) => Ok(Arc::clone(open)),
            Some(Node::Device(_)) => Err(ErrorCode::Invalid.into()),
            Some(Node::Virtual(_) | Node::Directory) | None => Err(ErrorCode::IsDirectory.into()),
        }
    }

    /// The open file behind a descriptor that was opened for writing.
    fn open_to_write(&self, descriptor: &Resource<types::Descriptor>) -> FsResult<Arc<OpenFile>> {
        let open = self.open(descriptor)?;
        match self.table.get(descriptor)? {
            Descriptor::File(file) if file.perms.write_not_permitted() => {
                Err(ErrorCode::NotPermitted.into())
            }
            Descriptor::File(_) | Descriptor::Dir(_) => Ok(open),
        }
    }

    /// The device behind a descriptor, where it is one.
    fn device(&self, descriptor: &Resource<types::Descriptor>) -> Option<Device> {
        match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::Device(device)) => Some(*device),
            _ => None,
        }
    }

    /// The device behind a descriptor that was opened for writing.
    fn device_to_write(
        &self,
        descriptor: &Resource<types::Descriptor>,
    ) -> FsResult<Option<Device>> {
        match self.table.get(descriptor)? {
            Descriptor::File(file) if file.perms.write_not_permitted() => Ok(None),
            Descriptor::File(_) | Descriptor::Dir(_) => Ok(self.device(descriptor)),
        }
    }

    fn push_output(
        &mut self,
        descriptor: &Resource<types::Descriptor>,
        at: At,
    ) -> FsResult<Resource<DynOutputStream>> {
        if let Some(device) = self.device_to_write(descriptor)? {
            let stream = Sink::of(device, &self.gate.streams).p2_stream();
            return Ok(self.table.push(stream)?);
        }
        let open = self.open_to_write(descriptor)?;
        let stream: DynOutputStream = Box::new(FileOutput { open, at });
        Ok(self.table.push(stream)?)
    }

    fn unlink(&mut self, located: &Located) -> FsResult<()> {
        let identity = Identity::of_name(&located.parent, &located.name);
        rustix::fs::unlinkat(&located.parent, &located.name, AtFlags::empty())
            .map_err(error_code)?;
        let was_last_name = located.stat.as_ref().is_some_and(|stat| stat.st_nlink == 1);
        if let (true, Ok(identity)) = (was_last_name, identity) {
            self.gate.call.ledger().forget(identity);
        }
        Ok(())
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
        let reason = self.table.get(&error)?.downcast_ref::<std::io::Error>();
        match reason.and_then(Errno::from_io_error) {
            Some(reason) => Ok(Some(error_code(reason))),
            None => inner(self).filesystem_error_code(error),
        }
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
        let base = self.base(&descriptor)?;
        self.open_path(&base, &path, follow, request)
    }

    async fn create_directory_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let call = Arc::clone(&self.gate.call);
        let _names = call.filesystem.hold_names();
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Create)?;
        let policy = self.policy();
        self.check(&policy, &located, Operation::Create)?;
        if located.stat.is_some() {
            return Err(ErrorCode::Exist.into());
        }
        self.gate.call.charge_creation(&policy, &located.real)?;
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
        let call = Arc::clone(&self.gate.call);
        let _names = call.filesystem.hold_names();
        // As in wasmtime-wasi: an absolute link would mean something else to whoever reads the tree outside.
        if target.starts_with('/') {
            return Err(ErrorCode::NotPermitted.into());
        }
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Symlink)?;
        let policy = self.policy();
        self.check(&policy, &located, Operation::Symlink)?;
        check_is_free(&located)?;
        self.gate.call.charge_creation(&policy, &located.real)?;
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
        let call = Arc::clone(&self.gate.call);
        let _names = call.filesystem.hold_names();
        if path_flags.contains(PathFlags::SYMLINK_FOLLOW) {
            return Err(ErrorCode::Invalid.into());
        }
        let policy = self.policy();
        let old = self.locate(&descriptor, &path, Follow::No, Operation::LinkFrom)?;
        self.check(&policy, &old, Operation::LinkFrom)?;
        let new = self.locate(&new_descriptor, &new_path, Follow::No, Operation::Create)?;
        self.check(&policy, &new, Operation::Create)?;
        let stat = old.existing()?;
        if handle::file_type(&stat) != FileType::RegularFile {
            return Err(ErrorCode::NotPermitted.into());
        }
        if old.must_be_directory {
            return Err(ErrorCode::NotDirectory.into());
        }
        self.check_aliases(&policy, &stat, &old.real, Operation::LinkFrom)?;
        check_is_free(&new)?;
        self.gate.call.charge_creation(&policy, &new.real)?;
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
        let call = Arc::clone(&self.gate.call);
        let _names = call.filesystem.hold_names();
        let policy = self.policy();
        let old = self.locate(&descriptor, &path, Follow::No, Operation::RenameFrom)?;
        let new = self.locate(&new_descriptor, &new_path, Follow::No, Operation::RenameTo)?;
        let is_directory = old.kind() == Some(FileType::Directory);
        let moved = old.kind().map_or(Moved::File, kind_moved);
        let [from, to] = policy.decide_rename(&old.real, &new.real, moved);
        self.judge(&policy, &old, Operation::RenameFrom, from)?;
        self.judge(&policy, &new, Operation::RenameTo, to)?;
        let stat = old.existing()?;
        if !is_directory && (old.must_be_directory || new.must_be_directory) {
            return Err(ErrorCode::NotDirectory.into());
        }
        // A tree that changes its grant would change its rules unseen (advisory class: rename across permission
        // domains), and a tree may have taken the place of a file since we looked. Programs answer this code by copying
        // file by file, and each file passes the gate.
        if from.grant != to.grant {
            return Err(ErrorCode::CrossDevice.into());
        }
        let is_same = |there: &Stat| (there.st_dev, there.st_ino) == (stat.st_dev, stat.st_ino);
        if !new.stat.as_ref().is_some_and(is_same) {
            self.check_was_read(&policy, &new, to, Operation::RenameTo)?;
        }
        if is_generated_at(&policy, &new, to) {
            // Under its new name it, or what it holds, could be removed unread.
            self.check_was_read(&policy, &old, from, Operation::RenameFrom)?;
            self.check_tree_was_read(&policy, &old, from, Operation::RenameFrom)?;
        }
        rustix::fs::renameat(&old.parent, &old.name, &new.parent, &new.name).map_err(error_code)?;
        // Something else may have taken the name since its kind was looked at; what was judged as another kind goes back.
        let arrived = handle::metadata(&new.parent, &new.name).map_err(error_code)?;
        if arrived.is_some_and(|stat| kind_moved(handle::file_type(&stat)) != moved) {
            put_back(&old, &new).map_err(error_code)?;
            return Err(ErrorCode::Busy.into());
        }
        Ok(())
    }

    async fn unlink_file_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let call = Arc::clone(&self.gate.call);
        let _names = call.filesystem.hold_names();
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Remove)?;
        let policy = self.policy();
        let decision = self.check(&policy, &located, Operation::Remove)?;
        match handle::file_type(&located.existing()?) {
            FileType::Directory => return Err(ErrorCode::IsDirectory.into()),
            _ if located.must_be_directory => return Err(ErrorCode::NotDirectory.into()),
            _ => {}
        }
        self.check_was_read(&policy, &located, decision, Operation::Remove)?;
        self.unlink(&located)
    }

    async fn remove_directory_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path: String,
    ) -> FsResult<()> {
        let call = Arc::clone(&self.gate.call);
        let _names = call.filesystem.hold_names();
        let located = self.locate(&descriptor, &path, Follow::No, Operation::Remove)?;
        self.check(&self.policy(), &located, Operation::Remove)?;
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
            Place::Entry(entry) => Located::new(entry)?,
            Place::Outside(path) => {
                return Err(self.refuse_unmounted(&self.policy(), &path, Operation::Stat));
            }
            Place::Virtual(_) | Place::Directory(_) => return Err(ErrorCode::Invalid.into()),
        };
        self.check(&self.policy(), &located, Operation::Stat)?;
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
        let times = stat::timestamps(accessed, modified)?;
        if let Place::Directory(directory) = self.resolve(&descriptor, &path, follow(path_flags))? {
            let real = handle::real_path(&directory).map_err(error_code)?;
            self.check_path(&policy, &real, Operation::SetTimes)?;
            rustix::fs::utimensat(&directory, ".", &times, AtFlags::empty()).map_err(error_code)?;
            return Ok(());
        }
        let located = self.locate(&descriptor, &path, follow(path_flags), Operation::SetTimes)?;
        self.check(&policy, &located, Operation::SetTimes)?;
        let stat = located.existing()?;
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
        Ok(match self.metadata_at(&descriptor, path_flags, &path)? {
            Metadata::Virtual(_) => stat::virtual_stat(),
            Metadata::Device(_) => stat::device_stat(),
            Metadata::Real(found) => stat::descriptor_stat(&found),
        })
    }

    async fn metadata_hash_at(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        path_flags: PathFlags,
        path: String,
    ) -> FsResult<types::MetadataHashValue> {
        Ok(match self.metadata_at(&descriptor, path_flags, &path)? {
            Metadata::Virtual(at) => stat::virtual_hash(&at),
            Metadata::Device(device) => stat::device_hash(device),
            Metadata::Real(found) => stat::metadata_hash(&found),
        })
    }

    async fn read_directory(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<Resource<types::DirectoryEntryStream>> {
        let listing = match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::Virtual(at)) => {
                let entries = self.gate.call.filesystem.virtual_entries(at);
                let entry = |(name, is_directory): (OsString, bool)| types::DirectoryEntry {
                    type_: if is_directory {
                        types::DescriptorType::Directory
                    } else {
                        types::DescriptorType::RegularFile
                    },
                    name: name.to_string_lossy().into_owned(),
                };
                // Taken from the end, one at a time.
                Listing::Virtual(entries.into_iter().rev().map(entry).collect())
            }
            Some(Node::Directory) => {
                let directory = self.host_handle(&descriptor)?;
                let real = handle::real_path(&directory).map_err(error_code)?;
                self.check_path(&self.policy(), &real, Operation::List)?;
                let entries = rustix::fs::Dir::read_from(&*directory).map_err(error_code)?;
                Listing::Real {
                    at: real,
                    entries: Box::new(entries),
                }
            }
            Some(Node::File(_) | Node::Device(_)) | None => {
                return Err(ErrorCode::NotDirectory.into());
            }
        };
        // An empty stream, which is only a name for the listing.
        let void = self.push_virtual(Vec::new())?;
        let stream = inner(self)
            .read_directory(Resource::new_borrow(void.rep()))
            .await;
        HostDescriptor::drop(self, void).map_err(FsError::trap)?;
        let stream = stream?;
        self.gate.listings.insert(stream.rep(), listing);
        Ok(stream)
    }

    async fn stat(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<types::DescriptorStat> {
        Ok(match self.metadata_of(&descriptor)? {
            Metadata::Virtual(_) => stat::virtual_stat(),
            Metadata::Device(_) => stat::device_stat(),
            Metadata::Real(found) => stat::descriptor_stat(&found),
        })
    }

    async fn metadata_hash(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<types::MetadataHashValue> {
        Ok(match self.metadata_of(&descriptor)? {
            Metadata::Virtual(at) => stat::virtual_hash(&at),
            Metadata::Device(device) => stat::device_hash(device),
            Metadata::Real(found) => stat::metadata_hash(&found),
        })
    }

    async fn is_same_object(
        &mut self,
        a: Resource<types::Descriptor>,
        b: Resource<types::Descriptor>,
    ) -> wasmtime::Result<bool> {
        match (self.gate.nodes.get(&a.rep()), self.gate.nodes.get(&b.rep())) {
            (Some(Node::Virtual(a)), Some(Node::Virtual(b))) => Ok(a == b),
            (Some(Node::Device(a)), Some(Node::Device(b))) => Ok(a == b),
            (Some(Node::Virtual(_) | Node::Device(_)), _)
            | (_, Some(Node::Virtual(_) | Node::Device(_))) => Ok(false),
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
        if self.device(&descriptor).is_some() {
            return Ok(());
        }
        inner(self).advise(descriptor, offset, length, advice).await
    }

    async fn sync_data(&mut self, descriptor: Resource<types::Descriptor>) -> FsResult<()> {
        if self.device(&descriptor).is_some() {
            return Ok(());
        }
        inner(self).sync_data(descriptor).await
    }

    async fn sync(&mut self, descriptor: Resource<types::Descriptor>) -> FsResult<()> {
        if self.device(&descriptor).is_some() {
            return Ok(());
        }
        inner(self).sync(descriptor).await
    }

    async fn get_flags(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<DescriptorFlags> {
        if self.device(&descriptor).is_some() {
            let written = self.device_to_write(&descriptor)?;
            return Ok(match written {
                Some(_) => DescriptorFlags::READ | DescriptorFlags::WRITE,
                None => DescriptorFlags::READ,
            });
        }
        inner(self).get_flags(descriptor).await
    }

    async fn get_type(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<types::DescriptorType> {
        if self.device(&descriptor).is_some() {
            return Ok(types::DescriptorType::CharacterDevice);
        }
        inner(self).get_type(descriptor).await
    }

    async fn set_size(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        size: types::Filesize,
    ) -> FsResult<()> {
        let open = self.open_to_write(&descriptor)?;
        open.set_length(size).map_err(error_code)?;
        Ok(())
    }

    async fn set_times(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let times = stat::timestamps(accessed, modified)?;
        match self.gate.nodes.get(&descriptor.rep()) {
            Some(Node::File(open)) => {
                open.still_allows(Operation::SetTimes).map_err(error_code)?;
                rustix::fs::futimens(open.file(), &times).map_err(error_code)?;
            }
            Some(Node::Directory) => {
                let directory = self.host_handle(&descriptor)?;
                let real = handle::real_path(&directory).map_err(error_code)?;
                self.check_path(&self.policy(), &real, Operation::SetTimes)?;
                rustix::fs::futimens(directory, &times).map_err(error_code)?;
            }
            Some(Node::Virtual(_) | Node::Device(_)) | None => {
                return Err(ErrorCode::NotPermitted.into());
            }
        }
        Ok(())
    }

    async fn read(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        length: types::Filesize,
        offset: types::Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if let Some(device) = self.device(&descriptor) {
            let mut stream = Source::of(device, &self.gate.streams).p2_stream();
            return match stream.blocking_read(length).await {
                Ok(bytes) => Ok((bytes.into(), false)),
                Err(StreamError::Closed) => Ok((Vec::new(), true)),
                Err(StreamError::LastOperationFailed(_)) => Err(ErrorCode::Io.into()),
                Err(StreamError::Trap(error)) => Err(FsError::trap(error)),
            };
        }
        let bytes = self
            .open(&descriptor)?
            .read_at(length, offset)
            .map_err(error_code)?;
        let at_end = bytes.is_empty();
        Ok((bytes.into(), at_end))
    }

    async fn write(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        bytes: Vec<u8>,
        offset: types::Filesize,
    ) -> FsResult<types::Filesize> {
        if let Some(device) = self.device_to_write(&descriptor)? {
            let length = bytes.len() as u64;
            let mut stream = Sink::of(device, &self.gate.streams).p2_stream();
            return match stream.blocking_write_and_flush(bytes.into()).await {
                Ok(()) => Ok(length),
                Err(StreamError::Closed) => Err(ErrorCode::Pipe.into()),
                Err(StreamError::LastOperationFailed(_)) => {
                    Err(ErrorCode::InsufficientSpace.into())
                }
                Err(StreamError::Trap(error)) => Err(FsError::trap(error)),
            };
        }
        let open = self.open_to_write(&descriptor)?;
        open.write_at(&bytes, offset).map_err(error_code)?;
        Ok(bytes.len() as u64)
    }

    fn read_via_stream(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynInputStream>> {
        if let Some(device) = self.device(&descriptor) {
            let stream = Source::of(device, &self.gate.streams).p2_stream();
            return Ok(self.table.push(stream)?);
        }
        let open = self.open(&descriptor)?;
        let position = offset;
        let stream: DynInputStream = Box::new(FileInput { open, position });
        Ok(self.table.push(stream)?)
    }

    fn write_via_stream(
        &mut self,
        descriptor: Resource<types::Descriptor>,
        offset: types::Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        self.push_output(&descriptor, At::Position(offset))
    }

    fn append_via_stream(
        &mut self,
        descriptor: Resource<types::Descriptor>,
    ) -> FsResult<Resource<DynOutputStream>> {
        self.push_output(&descriptor, At::End)
    }
}

impl HostDirectoryEntryStream for GateView<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<types::DirectoryEntryStream>,
    ) -> FsResult<Option<types::DirectoryEntry>> {
        let policy = self.policy();
        match self.gate.listings.get_mut(&stream.rep()) {
            Some(Listing::Virtual(entries)) => Ok(entries.pop()),
            Some(Listing::Real { at, entries }) => next_entry(&policy, at, entries),
            None => Err(ErrorCode::BadDescriptor.into()),
        }
    }

    fn drop(&mut self, stream: Resource<types::DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.gate.listings.remove(&stream.rep());
        HostDirectoryEntryStream::drop(&mut inner(self), stream)
    }
}
