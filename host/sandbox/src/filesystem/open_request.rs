//! What a guest asks of `open-at`, in the host's terms.

use massgen_permissions::Operation;
use rustix::fs::OFlags;
use wasmtime_wasi::OpenMode;
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorFlags, OpenFlags};

use super::opening::Disposition;

/// What an `open-at` asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenRequest {
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) create: bool,
    pub(super) directory: bool,
    pub(super) exclusive: bool,
    pub(super) truncate: bool,
    sync: OFlags,
}

impl OpenRequest {
    pub(super) fn new(open: OpenFlags, flags: DescriptorFlags) -> Self {
        let mut sync = OFlags::empty();
        if flags.contains(DescriptorFlags::FILE_INTEGRITY_SYNC) {
            sync |= OFlags::SYNC;
        }
        if flags.contains(DescriptorFlags::DATA_INTEGRITY_SYNC) {
            sync |= OFlags::DSYNC;
        }
        Self {
            read: flags.contains(DescriptorFlags::READ),
            write: flags.contains(DescriptorFlags::WRITE),
            create: open.contains(OpenFlags::CREATE),
            directory: open.contains(OpenFlags::DIRECTORY),
            exclusive: open.contains(OpenFlags::EXCLUSIVE),
            truncate: open.contains(OpenFlags::TRUNCATE),
            sync,
        }
    }

    /// What opening a file for a standard stream asks for.
    pub(super) fn of(disposition: Disposition) -> Self {
        let read = disposition == Disposition::Read;
        Self {
            read,
            write: !read,
            create: !read,
            directory: false,
            exclusive: disposition == Disposition::Create,
            truncate: disposition == Disposition::Truncate,
            sync: OFlags::empty(),
        }
    }

    /// True when a file would be changed. Truncating counts, whatever the descriptor allows afterwards
    /// (advisory class: truncate-only open past a write permission).
    pub(super) fn writes(self) -> bool {
        self.write || self.truncate
    }

    /// True when an existing file is to be read, and nothing else.
    pub(super) fn only_reads(self) -> bool {
        !self.writes() && !self.create && !self.directory
    }

    pub(super) fn operation(self) -> Operation {
        if self.writes() {
            Operation::Write
        } else {
            Operation::Read
        }
    }

    /// What the open file may be used for, once it is open.
    pub(super) fn operations(self) -> Vec<Operation> {
        let read = self.read || !self.writes();
        let read = read.then_some(Operation::Read);
        read.into_iter()
            .chain(self.writes().then_some(Operation::Write))
            .collect()
    }

    /// Truncation is not among them: it waits until the open file is known to be one that may be changed.
    /// `NONBLOCK` keeps a pipe that took the file's place from holding the host up.
    /// With `makes` the file is not there yet, and must not be when it is made.
    pub(super) fn host_flags(self, makes: bool) -> OFlags {
        let access = match (self.read, self.writes()) {
            (_, false) => OFlags::RDONLY,
            (false, true) => OFlags::WRONLY,
            (true, true) => OFlags::RDWR,
        };
        let create = if makes {
            OFlags::CREATE | OFlags::EXCL
        } else {
            OFlags::empty()
        };
        access
            | create
            | self.sync
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC
            | OFlags::NONBLOCK
            | OFlags::NOCTTY
    }

    pub(super) fn mode(self) -> OpenMode {
        let mut mode = OpenMode::empty();
        if self.read || !self.write {
            mode |= OpenMode::READ;
        }
        if self.write {
            mode |= OpenMode::WRITE;
        }
        mode
    }
}
