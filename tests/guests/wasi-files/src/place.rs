//! Where a check works: directories, and the few calls that most checks begin with.

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, OpenFlags, PathFlags,
};

pub(crate) const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
pub(crate) const NO_FOLLOW: PathFlags = PathFlags::empty();

pub(crate) const READ: DescriptorFlags = DescriptorFlags::READ;
pub(crate) const WRITE: DescriptorFlags = DescriptorFlags::WRITE;

/// What a check may work with.
pub(crate) struct Place {
    /// The root of everything that is granted.
    pub(crate) root: Descriptor,
    /// An empty directory of the check's own.
    pub(crate) own: Descriptor,
    /// A directory that may only be read.
    pub(crate) read_only: Descriptor,
    /// The path from the root of a file that nobody granted.
    pub(crate) ungranted: String,
}

impl Place {
    pub(crate) fn new(own: &str, read_only: &str, ungranted: &str) -> Self {
        let root = get_directories().remove(0).0;
        let below = |path: &str| path.trim_start_matches('/').to_owned();
        root.create_directory_at(&below(own))
            .expect("a directory for the check");
        let directory = |path: &str| {
            root.open_at(FOLLOW, &below(path), OpenFlags::DIRECTORY, READ)
                .expect("a granted directory")
        };
        Self {
            own: directory(own),
            read_only: directory(read_only),
            ungranted: below(ungranted),
            root,
        }
    }
}

/// What a program does with an open directory.
pub(crate) trait Directory {
    /// Opens a name, without following a link in last place.
    fn open(
        &self,
        path: &str,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Descriptor, ErrorCode>;

    /// Makes a file with a text.
    fn make(&self, path: &str, text: &str) -> Result<(), ErrorCode>;

    /// The text of a file.
    fn text(&self, path: &str) -> Result<String, ErrorCode>;

    /// Metadata of a name, of the link itself where it is one.
    fn look(&self, path: &str) -> Result<DescriptorStat, ErrorCode>;

    /// All names with their kinds, sorted by name.
    fn entries(&self) -> Result<Vec<(String, DescriptorType)>, ErrorCode>;
}

impl Directory for Descriptor {
    fn open(
        &self,
        path: &str,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Descriptor, ErrorCode> {
        self.open_at(NO_FOLLOW, path, open, flags)
    }

    fn make(&self, path: &str, text: &str) -> Result<(), ErrorCode> {
        let file = self.open(path, OpenFlags::CREATE | OpenFlags::EXCLUSIVE, WRITE)?;
        file.write(text.as_bytes(), 0).map(drop)
    }

    fn text(&self, path: &str) -> Result<String, ErrorCode> {
        let file = self.open_at(FOLLOW, path, OpenFlags::empty(), READ)?;
        let (bytes, _) = file.read(1_000, 0)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn look(&self, path: &str) -> Result<DescriptorStat, ErrorCode> {
        self.stat_at(NO_FOLLOW, path)
    }

    fn entries(&self) -> Result<Vec<(String, DescriptorType)>, ErrorCode> {
        let stream = self.read_directory()?;
        let mut entries = Vec::new();
        while let Some(entry) = stream.read_directory_entry()? {
            entries.push((entry.name, entry.type_));
        }
        // The kinds have no order of their own.
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(entries)
    }
}
