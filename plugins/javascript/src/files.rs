//! File operations on absolute paths. An error is thrown as its name, a string such as `ENOENT`;
//! `runtime/fs.js` makes Node's error of it.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs::{self, File, FileType, Metadata, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rquickjs::{ArrayBuffer, Ctx, Error, IntoJs, Object, Result, TypedArray, Value, function::Opt};

use crate::{
    errno,
    host::{bytes, define},
    output, surroundings,
};

thread_local! {
    /// Open files by descriptor; 0 to 2 are the standard streams.
    static OPEN: RefCell<BTreeMap<u32, File>> = const { RefCell::new(BTreeMap::new()) };
}

/// What `runtime/fs.js` calls.
pub(crate) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let files = Object::new(ctx.clone())?;
    define(&files, "read", read)?;
    define(&files, "write", write)?;
    define(&files, "list", list)?;
    define(&files, "status", status)?;
    define(&files, "makeDirectory", |ctx: Ctx<'_>, path: String| {
        thrown(&ctx, fs::create_dir(path))
    })?;
    define(&files, "removeDirectory", |ctx: Ctx<'_>, path: String| {
        thrown(&ctx, fs::remove_dir(path))
    })?;
    define(&files, "unlink", |ctx: Ctx<'_>, path: String| {
        thrown(&ctx, fs::remove_file(path))
    })?;
    define(
        &files,
        "rename",
        |ctx: Ctx<'_>, from: String, to: String| thrown(&ctx, fs::rename(from, to)),
    )?;
    define(
        &files,
        "hardLink",
        |ctx: Ctx<'_>, from: String, to: String| thrown(&ctx, fs::hard_link(from, to)),
    )?;
    define(
        &files,
        "symlink",
        |ctx: Ctx<'_>, target: String, link: String| {
            thrown(&ctx, surroundings::symlink(&target, &link))
        },
    )?;
    define(&files, "readLink", |ctx: Ctx<'_>, path: String| {
        thrown(&ctx, fs::read_link(path)).map(|target| target.to_string_lossy().into_owned())
    })?;
    define(&files, "setTimes", set_times)?;
    define(&files, "open", open)?;
    define(&files, "close", close)?;
    define(&files, "readAt", read_at)?;
    define(&files, "writeAt", write_at)?;
    define(&files, "truncate", truncate)?;
    define(&files, "statusOf", status_of)?;
    Ok(files)
}

/// Throws the name of an error.
pub(crate) fn failure(ctx: &Ctx<'_>, error: &io::Error) -> Error {
    match errno::name(error).into_js(ctx) {
        Ok(name) => ctx.throw(name),
        Err(error) => error,
    }
}

fn thrown<T>(ctx: &Ctx<'_>, result: io::Result<T>) -> Result<T> {
    result.map_err(|error| failure(ctx, &error))
}

fn read<'js>(ctx: Ctx<'js>, path: String) -> Result<ArrayBuffer<'js>> {
    let content = thrown(&ctx, fs::read(path))?;
    ArrayBuffer::new(ctx, content)
}

fn write<'js>(ctx: Ctx<'js>, path: String, data: TypedArray<'js, u8>, flags: String) -> Result<()> {
    let data = bytes(&ctx, &data)?;
    let written = options(&flags)
        .and_then(|options| options.open(path))
        .and_then(|mut file| file.write_all(data));
    thrown(&ctx, written)
}

/// Node's flags for opening a file (its documentation, "File system flags").
fn options(flags: &str) -> io::Result<OpenOptions> {
    let mut options = OpenOptions::new();
    match flags.trim_end_matches('s') {
        "r" => options.read(true),
        "r+" => options.read(true).write(true),
        "w" => options.write(true).create(true).truncate(true),
        "wx" | "xw" => options.write(true).create_new(true),
        "w+" => options.read(true).write(true).create(true).truncate(true),
        "wx+" | "xw+" => options.read(true).write(true).create_new(true),
        "a" => options.append(true).create(true),
        "ax" | "xa" => options.append(true).create_new(true),
        "a+" => options.read(true).append(true).create(true),
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(options)
}

fn kind(file_type: FileType) -> &'static str {
    if file_type.is_dir() {
        "directory"
    } else if file_type.is_symlink() {
        "link"
    } else if file_type.is_file() {
        "file"
    } else {
        "other"
    }
}

/// Pairs of name and kind, sorted by name.
fn list(ctx: Ctx<'_>, path: String) -> Result<Vec<Vec<String>>> {
    let entries = || -> io::Result<Vec<Vec<String>>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&path)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push(vec![name, kind(entry.file_type()?).to_owned()]);
        }
        entries.sort();
        Ok(entries)
    };
    thrown(&ctx, entries())
}

fn milliseconds(time: io::Result<SystemTime>) -> f64 {
    time.ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0.0, |since| since.as_secs_f64() * 1e3)
}

fn describe<'js>(ctx: &Ctx<'js>, metadata: &Metadata) -> Result<Object<'js>> {
    let status = Object::new(ctx.clone())?;
    status.set("kind", kind(metadata.file_type()))?;
    status.set("size", metadata.len() as f64)?;
    status.set("modified", milliseconds(metadata.modified()))?;
    status.set("accessed", milliseconds(metadata.accessed()))?;
    Ok(status)
}

fn status<'js>(ctx: Ctx<'js>, path: String, follows: bool) -> Result<Object<'js>> {
    let metadata = if follows {
        fs::metadata(path)
    } else {
        fs::symlink_metadata(path)
    };
    describe(&ctx, &thrown(&ctx, metadata)?)
}

fn set_times(ctx: Ctx<'_>, path: String, accessed: f64, modified: f64) -> Result<()> {
    let time = |seconds: f64| -> io::Result<SystemTime> {
        Duration::try_from_secs_f64(seconds)
            .map(|since| UNIX_EPOCH + since)
            .map_err(|_| io::ErrorKind::InvalidInput.into())
    };
    let set = || -> io::Result<()> {
        let times = fs::FileTimes::new()
            .set_accessed(time(accessed)?)
            .set_modified(time(modified)?);
        OpenOptions::new().write(true).open(&path)?.set_times(times)
    };
    thrown(&ctx, set())
}

fn open(ctx: Ctx<'_>, path: String, flags: String) -> Result<u32> {
    let file = thrown(&ctx, options(&flags).and_then(|options| options.open(path)))?;
    Ok(OPEN.with_borrow_mut(|open| {
        // The lowest free number, as POSIX has it.
        let descriptor = (3..)
            .find(|number| !open.contains_key(number))
            .unwrap_or(u32::MAX);
        open.insert(descriptor, file);
        descriptor
    }))
}

fn close(ctx: Ctx<'_>, descriptor: u32) -> Result<()> {
    match OPEN.with_borrow_mut(|open| open.remove(&descriptor)) {
        Some(_) => Ok(()),
        None => Err(bad_descriptor(&ctx)),
    }
}

fn bad_descriptor(ctx: &Ctx<'_>) -> Error {
    match "EBADF".into_js(ctx) {
        Ok(name) => ctx.throw(name),
        Err(error) => error,
    }
}

fn on_file<T>(
    ctx: &Ctx<'_>,
    descriptor: u32,
    operation: impl FnOnce(&mut File) -> io::Result<T>,
) -> Result<T> {
    let result = OPEN.with_borrow_mut(|open| open.get_mut(&descriptor).map(operation));
    match result {
        Some(result) => thrown(ctx, result),
        None => Err(bad_descriptor(ctx)),
    }
}

/// Up to `most` bytes from `position`, or from where the last read ended.
fn read_at<'js>(
    ctx: Ctx<'js>,
    descriptor: u32,
    most: usize,
    position: Opt<Option<u64>>,
) -> Result<ArrayBuffer<'js>> {
    if descriptor == 0 {
        output::flush();
    }
    let mut buffer = vec![0; most];
    let count = if descriptor == 0 {
        thrown(&ctx, io::stdin().read(&mut buffer))?
    } else {
        on_file(&ctx, descriptor, |file| match position.0.flatten() {
            None => file.read(&mut buffer),
            Some(position) => {
                let current = file.stream_position()?;
                file.seek(SeekFrom::Start(position))?;
                let count = file.read(&mut buffer);
                file.seek(SeekFrom::Start(current))?;
                count
            }
        })?
    };
    buffer.truncate(count);
    ArrayBuffer::new(ctx, buffer)
}

fn write_at<'js>(
    ctx: Ctx<'js>,
    descriptor: u32,
    data: TypedArray<'js, u8>,
    position: Opt<Option<u64>>,
) -> Result<usize> {
    let data = bytes(&ctx, &data)?;
    match descriptor {
        1 => output::write(output::Stream::Output, data),
        2 => output::write(output::Stream::Error, data),
        _ => on_file(&ctx, descriptor, |file| {
            if let Some(position) = position.0.flatten() {
                file.seek(SeekFrom::Start(position))?;
            }
            file.write_all(data)
        })?,
    }
    Ok(data.len())
}

fn truncate(ctx: Ctx<'_>, descriptor: u32, length: u64) -> Result<()> {
    on_file(&ctx, descriptor, |file| file.set_len(length))
}

fn status_of<'js>(ctx: Ctx<'js>, descriptor: u32) -> Result<Value<'js>> {
    let metadata = on_file(&ctx, descriptor, |file| file.metadata())?;
    Ok(describe(&ctx, &metadata)?.into_value())
}
