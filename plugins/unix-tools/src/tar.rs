//! `tar` over the `tar` crate: create, list, extract, append; gzip by `-z`, by the name, or by the contents.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use lexopt::prelude::*;

use crate::arguments;
use crate::glob::{Case, matcher};
use crate::outcome::{Failure, Outcome, complain, finish, reason};

/// Exit status for trouble.
const TROUBLE: i32 = 2;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    List,
    Extract,
}

#[derive(Default)]
struct Options {
    action: Option<Action>,
    archive: Option<String>,
    directory: Option<String>,
    gzip: bool,
    verbose: bool,
    to_output: bool,
    keep_old: bool,
    strip: usize,
    exclude: Vec<globset::GlobMatcher>,
    members: Vec<String>,
}

/// Runs tar.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish(
        "tar",
        parse(arguments).and_then(|options| tar(&options)),
        TROUBLE,
    )
}

fn parse(mut arguments: Vec<OsString>) -> Result<Options, Failure> {
    // `tar xzf a.tgz`: the first word may come without its dash, and then takes its values in order.
    if let Some(first) = arguments
        .get(1)
        .and_then(|first| first.to_str())
        .filter(|first| !first.starts_with('-'))
    {
        let letters = first.to_owned();
        let mut rest = arguments.split_off(2).into_iter();
        arguments.pop();
        for letter in letters.chars() {
            arguments.push(format!("-{letter}").into());
            if "fCX".contains(letter) {
                arguments.extend(rest.next());
            }
        }
        arguments.extend(rest);
    }
    let mut options = Options::default();
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = arguments::next(&mut parser, TROUBLE)? {
        match argument {
            Short('c') | Long("create") => options.action = Some(Action::Create),
            Short('t') | Long("list") => options.action = Some(Action::List),
            Short('x') | Long("extract" | "get") => options.action = Some(Action::Extract),
            Short('f') | Long("file") => {
                options.archive = Some(arguments::text(&mut parser, TROUBLE)?)
            }
            Short('C') | Long("directory") => {
                options.directory = Some(arguments::text(&mut parser, TROUBLE)?)
            }
            Short('z') | Long("gzip" | "gunzip") => options.gzip = true,
            Short('a') | Long("auto-compress") => {}
            Short('v') | Long("verbose") => options.verbose = true,
            Short('O') | Long("to-stdout") => options.to_output = true,
            Short('k') | Long("keep-old-files") => options.keep_old = true,
            Long("strip-components") => options.strip = arguments::number(&mut parser, TROUBLE)?,
            Long("exclude") => {
                let pattern = arguments::text(&mut parser, TROUBLE)?;
                let glob = matcher(&pattern, Case::Sensitive);
                options.exclude.push(
                    glob.map_err(|error| Failure::new(TROUBLE, format!("'{pattern}': {error}")))?,
                );
            }
            Short('p' | 'm' | 'h')
            | Long("same-permissions" | "preserve-permissions" | "no-same-owner") => {}
            Long("owner" | "group" | "mtime" | "sort" | "format") => {
                drop(arguments::text(&mut parser, TROUBLE)?)
            }
            Short('j' | 'J') | Long("bzip2" | "xz" | "zstd") => {
                return Err(Failure::new(
                    TROUBLE,
                    "only gzip compression is supported (-z)",
                ));
            }
            Short('r' | 'u') | Long("append" | "update" | "delete") => {
                return Err(Failure::new(
                    TROUBLE,
                    "archives are not changed: extract, and create a new one",
                ));
            }
            Value(value) => options.members.push(arguments::operand(value, TROUBLE)?),
            other => return Err(arguments::unknown(&other, TROUBLE)),
        }
    }
    Ok(options)
}

fn named(name: &str, error: &io::Error) -> Failure {
    Failure::new(TROUBLE, format!("{name}: {}", reason(error)))
}

fn tar(options: &Options) -> Outcome {
    match options.action {
        Some(Action::Create) => create(options),
        Some(action) => read(options, action),
        None => Err(Failure::new(
            TROUBLE,
            "You must specify one of the '-ctx' options",
        )),
    }
}

impl Options {
    fn excluded(&self, path: &Path) -> bool {
        let suffixes = path.ancestors().collect::<Vec<_>>();
        self.exclude.iter().any(|glob| {
            suffixes.iter().any(|path| {
                glob.is_match(path) || path.file_name().is_some_and(|name| glob.is_match(name))
            })
        })
    }
}

fn create(options: &Options) -> Outcome {
    if options.members.is_empty() {
        return Err(Failure::new(
            TROUBLE,
            "Cowardly refusing to create an empty archive",
        ));
    }
    let name = options.archive.as_deref().unwrap_or("-");
    let out: Box<dyn Write> = if name == "-" {
        Box::new(io::stdout())
    } else {
        Box::new(File::create(name).map_err(|error| named(name, &error))?)
    };
    let out = BufWriter::with_capacity(64 * 1024, out);
    if options.gzip || (name.ends_with(".gz") || name.ends_with(".tgz")) {
        let mut builder = ::tar::Builder::new(GzEncoder::new(out, Compression::default()));
        let status = add_all(options, &mut builder)?;
        builder.into_inner()?.finish()?.flush()?;
        return Ok(status);
    }
    let mut builder = ::tar::Builder::new(out);
    let status = add_all(options, &mut builder)?;
    builder.into_inner()?.flush()?;
    Ok(status)
}

fn add_all<W: Write>(options: &Options, builder: &mut ::tar::Builder<W>) -> Outcome {
    builder.follow_symlinks(false);
    let base = options.directory.as_deref().unwrap_or("");
    // The archive may lie in what it is made of.
    let archive = options
        .archive
        .as_deref()
        .and_then(|name| std::fs::canonicalize(name).ok());
    let mut status = 0;
    for member in &options.members {
        let mut walk = walkdir::WalkDir::new(Path::new(base).join(member))
            .sort_by_file_name()
            .into_iter();
        while let Some(entry) = walk.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let error = error
                        .into_io_error()
                        .unwrap_or_else(|| io::ErrorKind::Other.into());
                    complain(format_args!(
                        "tar: {member}: Cannot stat: {}",
                        reason(&error)
                    ));
                    status = TROUBLE;
                    continue;
                }
            };
            let inside = if base.is_empty() {
                entry.path()
            } else {
                entry.path().strip_prefix(base).unwrap_or(entry.path())
            };
            let stored = inside.strip_prefix("/").unwrap_or(inside);
            if options.excluded(stored) {
                if entry.file_type().is_dir() {
                    walk.skip_current_dir();
                }
                continue;
            }
            if archive.is_some() && std::fs::canonicalize(entry.path()).ok() == archive {
                complain(format_args!(
                    "tar: {}: file is the archive; not dumped",
                    stored.display()
                ));
                continue;
            }
            add(builder, &entry, stored)
                .map_err(|error| named(&stored.display().to_string(), &error))?;
            if options.verbose {
                let slash = if entry.file_type().is_dir() { "/" } else { "" };
                let line = format!("{}{slash}", stored.display());
                if options.archive.as_deref().unwrap_or("-") == "-" {
                    complain(line);
                } else {
                    writeln!(io::stdout(), "{line}")?;
                }
            }
        }
    }
    Ok(status)
}

/// Adds an entry. Headers are made here: WASI has no owners and modes for the crate to read.
fn add<W: Write>(
    builder: &mut ::tar::Builder<W>,
    entry: &walkdir::DirEntry,
    stored: &Path,
) -> io::Result<()> {
    let metadata = entry.metadata().map_err(io::Error::from)?;
    let mut header = ::tar::Header::new_gnu();
    let modified = metadata
        .modified()
        .map_or(0, |time| crate::time::since_epoch(time).0);
    header.set_mtime(u64::try_from(modified).unwrap_or(0));
    header.set_uid(1000);
    header.set_gid(1000);
    header.set_size(0);
    let kind = entry.file_type();
    // A path that is the directory itself is stored as `./`.
    let stored = if stored.as_os_str().is_empty() {
        Path::new(".")
    } else {
        stored
    };
    if kind.is_dir() {
        header.set_entry_type(::tar::EntryType::Directory);
        header.set_mode(0o755);
        let mut name = stored.as_os_str().to_owned();
        name.push("/");
        builder.append_data(&mut header, name, io::empty())
    } else if kind.is_symlink() {
        header.set_entry_type(::tar::EntryType::Symlink);
        header.set_mode(0o777);
        builder.append_link(&mut header, stored, std::fs::read_link(entry.path())?)
    } else {
        header.set_entry_type(::tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(metadata.len());
        builder.append_data(
            &mut header,
            stored,
            File::open(entry.path())?.take(metadata.len()),
        )
    }
}

fn read(options: &Options, action: Action) -> Outcome {
    let name = options.archive.as_deref().unwrap_or("-");
    let input = crate::input::open(name).map_err(|error| named(name, &error))?;
    let mut input = BufReader::with_capacity(64 * 1024, input);
    // Compression is known by the contents, whatever the options say.
    let start = io::BufRead::fill_buf(&mut input)?;
    let archive: Box<dyn Read> = if start.starts_with(&[0x1f, 0x8b]) {
        Box::new(MultiGzDecoder::new(input))
    } else {
        Box::new(input)
    };
    let mut archive = ::tar::Archive::new(archive);
    let mut out = BufWriter::new(io::stdout());
    let mut found = vec![false; options.members.len()];
    let broken = |error: io::Error| {
        Failure::new(
            TROUBLE,
            format!(
                "{name}: this does not look like a tar archive: {}",
                reason(&error)
            ),
        )
    };
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let path = entry.path().map_err(broken)?.into_owned();
        if options.excluded(&path) || !wanted(options, &path, &mut found) {
            continue;
        }
        if action == Action::List {
            writeln!(out, "{}", listed(options, &entry, &path))?;
            continue;
        }
        if options.verbose {
            writeln!(out, "{}", path.display())?;
        }
        if options.to_output {
            io::copy(&mut entry, &mut out)?;
            continue;
        }
        out.flush()?;
        extract(options, &mut entry, &path)
            .map_err(|error| named(&path.display().to_string(), &error))?;
    }
    out.flush()?;
    let mut status = 0;
    for (member, found) in options.members.iter().zip(found) {
        if !found {
            complain(format_args!("tar: {member}: Not found in archive"));
            status = TROUBLE;
        }
    }
    Ok(status)
}

fn wanted(options: &Options, path: &Path, found: &mut [bool]) -> bool {
    let mut wanted = options.members.is_empty();
    for (member, found) in options.members.iter().zip(found) {
        if path.starts_with(member) {
            *found = true;
            wanted = true;
        }
    }
    wanted
}

fn listed<R: Read>(options: &Options, entry: &::tar::Entry<'_, R>, path: &Path) -> String {
    if !options.verbose {
        return path.display().to_string();
    }
    let header = entry.header();
    let kind = header.entry_type();
    let letter = if kind.is_dir() {
        'd'
    } else if kind.is_symlink() {
        'l'
    } else {
        '-'
    };
    let bits = header.mode().unwrap_or(0);
    let mode: String = (0..9)
        .map(|at| {
            if bits & (0o400 >> at) != 0 {
                ['r', 'w', 'x'][at % 3]
            } else {
                '-'
            }
        })
        .collect();
    let seconds = header
        .mtime()
        .ok()
        .and_then(|time| i64::try_from(time).ok())
        .unwrap_or(0);
    let time = crate::time::format(seconds, 0, "%Y-%m-%d %H:%M").unwrap_or_default();
    let target = match entry.link_name() {
        Ok(Some(target)) => format!(" -> {}", target.display()),
        _ => String::new(),
    };
    let owner = header
        .username()
        .ok()
        .flatten()
        .filter(|name| !name.is_empty())
        .unwrap_or("agent");
    format!(
        "{letter}{mode} {owner}/{owner} {:>9} {time} {}{target}",
        entry.size(),
        path.display()
    )
}

/// Extracts an entry below the directory; names that lead out of it are refused.
fn extract<R: Read>(
    options: &Options,
    entry: &mut ::tar::Entry<'_, R>,
    path: &Path,
) -> io::Result<()> {
    let mut inside = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => inside.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            Component::ParentDir => {
                return Err(io::Error::other(
                    "the name has '..' in it and is not extracted",
                ));
            }
        }
    }
    let inside: PathBuf = inside.components().skip(options.strip).collect();
    if inside.as_os_str().is_empty() {
        return Ok(());
    }
    let target = Path::new(options.directory.as_deref().unwrap_or(".")).join(&inside);
    let kind = entry.header().entry_type();
    if kind.is_dir() {
        return std::fs::create_dir_all(&target);
    }
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)?;
    }
    if target.symlink_metadata().is_ok() {
        if options.keep_old {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // Replaced and not written through: the old one may be a link.
        std::fs::remove_file(&target)?;
    }
    if kind.is_symlink() {
        let Some(link) = entry.link_name()? else {
            return Err(io::Error::other("the link has no target"));
        };
        return symlink(&link, &target);
    }
    if kind.is_hard_link() {
        let Some(link) = entry.link_name()? else {
            return Err(io::Error::other("the link has no target"));
        };
        let base = Path::new(options.directory.as_deref().unwrap_or("."));
        return std::fs::copy(base.join(link), &target).map(drop);
    }
    let modified = entry.header().mtime().ok();
    let mut file = File::create(&target)?;
    io::copy(entry, &mut file)?;
    if let Some(modified) = modified {
        let time = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(modified));
        if let Some(time) = time {
            file.set_modified(time)?;
        }
    }
    Ok(())
}

/// Makes a symbolic link.
fn symlink(target: &Path, link: &Path) -> io::Result<()> {
    #[cfg(target_os = "wasi")]
    return rustix::fs::symlink(target, link).map_err(io::Error::from);
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, link);
}
