//! File operations as words: a verb, paths or names of descriptors that an earlier operation opened, and what the verb
//! needs besides. Only raw WASI calls: the standard library would refuse some of them by itself.
//!
//! A path is read from the root; `name:path` is read from the open directory `name`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

pub use wasip2::filesystem::types::ErrorCode;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, NewTimestamp, OpenFlags, PathFlags, filesystem_error_code,
};
use wasip2::io::streams::StreamError;

const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
const NO_FOLLOW: PathFlags = PathFlags::empty();

/// How long `await` waits for its path.
const PATIENCE: Duration = Duration::from_secs(50);

/// Bytes written in one operation by `fill`.
const BLOCK: usize = 64 << 10;

/// What a program holds: the root, and what it opened.
pub struct Guest {
    root: Descriptor,
    open: HashMap<String, Descriptor>,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            root: get_directories().remove(0).0,
            open: HashMap::new(),
        }
    }
}

impl Guest {
    /// Does one operation.
    ///
    /// # Panics
    /// When its words mean nothing.
    pub fn run(&mut self, words: &[&str]) -> Result<String, ErrorCode> {
        match *words {
            ["await", path] => self.wait_for(path),
            ["fill", path, size] => self.fill(path, number(size)),
            ["make", path, count] => self.make(path, number(count)),
            ["again", count, ref words @ ..] => self.again(number(count), words),
            ["there-and-back", count, from, to] => self.there_and_back(number(count), from, to),
            ["until", path, ref renames @ ..] => self.rename_until(path, renames),
            ["close", name] => {
                self.open.remove(name);
                Ok(String::new())
            }
            [verb, ref rest @ ..] if verb.starts_with("open-") => self.open(verb, rest),
            [verb, ref rest @ ..] if verb.ends_with("-open") || verb.ends_with("-stream") => {
                self.use_open(verb, rest)
            }
            [verb, path] => self.with_path(verb, path),
            [verb, first, second] => self.with_two(verb, first, second),
            _ => unknown(words),
        }
    }

    /// The directory a path is read from, and the path.
    fn at<'a>(&'a self, path: &'a str) -> (&'a Descriptor, &'a str) {
        match path
            .split_once(':')
            .and_then(|(name, path)| Some((self.open.get(name)?, path)))
        {
            Some(found) => found,
            // An absolute path as people write it; `//` keeps a slash, for a guest that insists.
            None => (&self.root, path.strip_prefix('/').unwrap_or(path)),
        }
    }

    fn open_at(
        &self,
        path: &str,
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> Result<Descriptor, ErrorCode> {
        let (base, path) = self.at(path);
        base.open_at(FOLLOW, path, open, flags)
    }

    fn open(&mut self, verb: &str, words: &[&str]) -> Result<String, ErrorCode> {
        let [name, path] = *words else {
            unknown(&[verb])
        };
        let (read, write) = (DescriptorFlags::READ, DescriptorFlags::WRITE);
        let (open, flags) = match verb {
            "open-read" => (OpenFlags::empty(), read),
            "open-write" => (OpenFlags::CREATE, write),
            "open-both" => (OpenFlags::empty(), read | write),
            "open-directory" => (
                OpenFlags::DIRECTORY,
                read | DescriptorFlags::MUTATE_DIRECTORY,
            ),
            _ => unknown(&[verb]),
        };
        let descriptor = self.open_at(path, open, flags)?;
        self.open.insert(name.to_owned(), descriptor);
        Ok(String::new())
    }

    fn use_open(&self, verb: &str, words: &[&str]) -> Result<String, ErrorCode> {
        let open = words
            .first()
            .and_then(|name| self.open.get(*name))
            .ok_or(ErrorCode::BadDescriptor)?;
        match (verb, &words[1..]) {
            ("read-open", []) => text(open, 0),
            ("read-open", [position]) => text(open, number(position)),
            ("nothing-open", []) => open.read(0, 0).map(|_| String::new()),
            ("read-stream", []) => {
                let stream = open.read_via_stream(0)?;
                let bytes = stream.blocking_read(1_000).map_err(code)?;
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            }
            ("write-open", [text]) => write_all(open, text, 0).map(done),
            ("write-stream", [text]) => {
                let stream = open.write_via_stream(0)?;
                stream
                    .blocking_write_and_flush(text.as_bytes())
                    .map_err(code)
                    .map(done)
            }
            ("append-stream", [text]) => {
                let stream = open.append_via_stream()?;
                stream
                    .blocking_write_and_flush(text.as_bytes())
                    .map_err(code)
                    .map(done)
            }
            ("size-open", [size]) => open.set_size(number(size)).map(done),
            ("touch-open", []) => open
                .set_times(NewTimestamp::Now, NewTimestamp::Now)
                .map(done),
            ("stat-open", []) => open.stat().map(|stat| stat.size.to_string()),
            ("list-open", []) => names(open),
            _ => unknown(&[verb]),
        }
    }

    fn with_path(&self, verb: &str, path: &str) -> Result<String, ErrorCode> {
        let (base, name) = self.at(path);
        let write = DescriptorFlags::WRITE;
        let opened = |open, flags| self.open_at(path, open, flags).map(|_| String::new());
        match verb {
            "read" => text(
                &self.open_at(path, OpenFlags::empty(), DescriptorFlags::READ)?,
                0,
            ),
            "create" => opened(OpenFlags::CREATE | OpenFlags::EXCLUSIVE, write),
            "create-any" => opened(OpenFlags::CREATE, write),
            "truncate" => opened(OpenFlags::TRUNCATE, write),
            // Asks for no right to write, only for the truncation.
            "truncate-only" => opened(OpenFlags::TRUNCATE, DescriptorFlags::empty()),
            "truncate-read" => opened(OpenFlags::TRUNCATE, DescriptorFlags::READ),
            "open" => opened(OpenFlags::empty(), DescriptorFlags::empty()),
            "no-follow" => base
                .open_at(NO_FOLLOW, name, OpenFlags::empty(), DescriptorFlags::READ)
                .map(|_| String::new()),
            "stat" => {
                let stat = base.stat_at(FOLLOW, name)?;
                Ok(format!("{} {}", stat.size, stat.link_count))
            }
            "exists" => base.stat_at(FOLLOW, name).map(|_| String::new()),
            "lexists" => base.stat_at(NO_FOLLOW, name).map(|_| String::new()),
            "hash" => base.metadata_hash_at(FOLLOW, name).map(|_| String::new()),
            "list" => names(&self.open_at(path, OpenFlags::DIRECTORY, DescriptorFlags::READ)?),
            "list-each" => {
                each_name(&self.open_at(path, OpenFlags::DIRECTORY, DescriptorFlags::READ)?)
            }
            "readlink" => base.readlink_at(name),
            "unlink" => base.unlink_file_at(name).map(done),
            "rmdir" => base.remove_directory_at(name).map(done),
            "mkdir" => base.create_directory_at(name).map(done),
            "touch" => base
                .set_times_at(FOLLOW, name, NewTimestamp::Now, NewTimestamp::Now)
                .map(done),
            "ltouch" => base
                .set_times_at(NO_FOLLOW, name, NewTimestamp::Now, NewTimestamp::Now)
                .map(done),
            _ => unknown(&[verb]),
        }
    }

    fn with_two(&self, verb: &str, first: &str, second: &str) -> Result<String, ErrorCode> {
        let ((from, old), (to, new)) = (self.at(first), self.at(second));
        let write = DescriptorFlags::WRITE;
        match verb {
            "write" => {
                let open = OpenFlags::CREATE | OpenFlags::TRUNCATE;
                write_all(&self.open_at(first, open, write)?, second, 0).map(done)
            }
            "overwrite" => {
                write_all(&self.open_at(first, OpenFlags::empty(), write)?, second, 0).map(done)
            }
            "append" => {
                let file = self.open_at(first, OpenFlags::empty(), write)?;
                let stream = file.append_via_stream()?;
                stream
                    .blocking_write_and_flush(second.as_bytes())
                    .map_err(code)
                    .map(done)
            }
            "rename" => from.rename_at(old, to, new).map(done),
            "link" => from.link_at(NO_FOLLOW, old, to, new).map(done),
            "link-follow" => from.link_at(FOLLOW, old, to, new).map(done),
            "symlink" => to.symlink_at(first, new).map(done),
            "chain" => self.chain(first, number(second)),
            "descend" => self.descend(first, number(second)),
            "hold-listings" => self.hold_listings(first, number(second)),
            _ => unknown(&[verb]),
        }
    }

    /// Makes links `PATH0` → `PATH1` → … , the last one to nothing, and opens the first.
    fn chain(&self, path: &str, links: u64) -> Result<String, ErrorCode> {
        let (base, name) = self.at(path);
        let last = name.rsplit('/').next().unwrap_or(name);
        for link in 0..links {
            base.symlink_at(&format!("{last}{}", link + 1), &format!("{name}{link}"))?;
        }
        self.with_path("read", &format!("{path}0"))
    }

    /// Makes directories one in the other, each through a descriptor of the one above, until one fails.
    fn descend(&self, path: &str, depth: u64) -> Result<String, ErrorCode> {
        let directory = OpenFlags::DIRECTORY;
        let name = "d".repeat(200);
        let mut here = self.open_at(path, directory, DescriptorFlags::READ)?;
        for _ in 0..depth {
            here.create_directory_at(&name)?;
            here = here.open_at(NO_FOLLOW, &name, directory, DescriptorFlags::READ)?;
        }
        Ok(String::new())
    }

    /// Begins as many listings of a directory, holds them all, and tells how many names the last one has.
    fn hold_listings(&self, path: &str, count: u64) -> Result<String, ErrorCode> {
        let directory = self.open_at(path, OpenFlags::DIRECTORY, DescriptorFlags::READ)?;
        let listings: Result<Vec<_>, _> = (0..count).map(|_| directory.read_directory()).collect();
        let listings = listings?;
        let mut names = 0_u64;
        while let Some(last) = listings.last()
            && last.read_directory_entry()?.is_some()
        {
            names += 1;
        }
        Ok(names.to_string())
    }

    fn wait_for(&self, path: &str) -> Result<String, ErrorCode> {
        let begun = Instant::now();
        while self.with_path("exists", path).is_err() {
            assert!(begun.elapsed() < PATIENCE, "{path} did not come");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(String::new())
    }

    /// Writes blocks until the file has the size or a write fails; tells how far it came and why it ended.
    fn fill(&self, path: &str, size: u64) -> Result<String, ErrorCode> {
        let file = self.open_at(path, OpenFlags::CREATE, DescriptorFlags::WRITE)?;
        let block = vec![7; BLOCK];
        let mut position = 0;
        while position < size {
            match file.write(&block, position) {
                Ok(count) => position += count,
                Err(error) => return Ok(format!("{position} {}", error.name())),
            }
        }
        Ok(format!("{position} done"))
    }

    /// Makes files `0`, `1`, … in a directory until there are as many as asked for or one fails.
    fn make(&self, path: &str, count: u64) -> Result<String, ErrorCode> {
        for made in 0..count {
            if let Err(error) = self.with_path("create", &format!("{path}/{made}")) {
                return Ok(format!("{made} {}", error.name()));
            }
        }
        Ok(format!("{count} done"))
    }

    /// Renames the first of the paths to the second, the third to the fourth and so on, whether it works or not, again and
    /// again until a path is there.
    fn rename_until(&self, path: &str, renames: &[&str]) -> Result<String, ErrorCode> {
        let begun = Instant::now();
        let mut passed = 0_u64;
        while self.with_path("exists", path).is_err() {
            assert!(begun.elapsed() < PATIENCE, "{path} did not come");
            for pair in renames.chunks_exact(2) {
                passed += u64::from(self.with_two("rename", pair[0], pair[1]).is_ok());
            }
        }
        Ok(passed.to_string())
    }

    /// Renames one path to the other and back, and tells how often both worked.
    fn there_and_back(&self, count: u64, from: &str, to: &str) -> Result<String, ErrorCode> {
        let rename = |from, to| self.with_two("rename", from, to).is_ok();
        let passed = (0..count).filter(|_| {
            let there = rename(from, to);
            rename(to, from) && there
        });
        Ok(passed.count().to_string())
    }

    /// Does an operation again and again and tells how often it was let through.
    fn again(&mut self, count: u64, words: &[&str]) -> Result<String, ErrorCode> {
        let passed = (0..count).filter(|_| self.run(words).is_ok()).count();
        Ok(passed.to_string())
    }
}

fn unknown(words: &[&str]) -> ! {
    panic!("unknown operation: {}", words.join(" "))
}

fn done(_: ()) -> String {
    String::new()
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

fn text(file: &Descriptor, position: u64) -> Result<String, ErrorCode> {
    let (bytes, _) = file.read(1_000, position)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn names(directory: &Descriptor) -> Result<String, ErrorCode> {
    let stream = directory.read_directory()?;
    let mut names = Vec::new();
    while let Some(entry) = stream.read_directory_entry()? {
        names.push(entry.name);
    }
    names.sort();
    Ok(names.join(" "))
}

/// What a listing gives, one after the other: names, and codes in angle brackets; sorted.
fn each_name(directory: &Descriptor) -> Result<String, ErrorCode> {
    let stream = directory.read_directory()?;
    let mut found = Vec::new();
    loop {
        match stream.read_directory_entry() {
            Ok(Some(entry)) => found.push(entry.name),
            Ok(None) => break,
            Err(code) => found.push(format!("<{}>", code.name())),
        }
    }
    found.sort();
    Ok(found.join(" "))
}

fn write_all(file: &Descriptor, text: &str, position: u64) -> Result<(), ErrorCode> {
    let written = file.write(text.as_bytes(), position)?;
    assert_eq!(written, text.len() as u64, "a short write");
    Ok(())
}

/// The file system's reason behind a stream's error.
fn code(error: StreamError) -> ErrorCode {
    match error {
        StreamError::LastOperationFailed(error) => {
            filesystem_error_code(&error).unwrap_or(ErrorCode::Io)
        }
        StreamError::Closed => ErrorCode::Pipe,
    }
}
