//! Reading and writing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::{Check, fails, same};

pub(crate) const CHECKS: &[Check] = &[
    ("what is written is read back", written),
    (
        "appending goes to the end, wherever the position is",
        appending,
    ),
    ("two that append do not overwrite each other", two_append),
    ("a position can be set, also beyond the end", positions),
    ("a gap reads as zeros", sparse),
    ("truncating on opening empties a file", truncating),
    ("a file can be made shorter and longer", lengths),
    ("opening anew fails where the file is there", create_new),
    ("opening what is not there fails", missing),
    ("a file opened for reading cannot be written", read_only),
    ("a file opened for writing cannot be read", write_only),
    ("two descriptors see each other's bytes", two_descriptors),
    (
        "a removed file stays readable and writable while it is open",
        removed,
    ),
    ("times of modification follow writing and can be set", times),
    ("syncing works", syncing),
    ("a large file is read whole", large),
    ("reading at the end gives nothing", at_the_end),
    ("a byte can be overwritten in the middle", middle),
    ("copying a file copies its bytes", copying),
];

fn written(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    fs::write(&path, "text")?;
    same(fs::read_to_string(&path)?, "text".to_owned())?;
    same(fs::metadata(&path)?.len(), 4)?;
    same(fs::metadata(&path)?.is_file(), true)
}

fn appending(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    fs::write(&path, "one")?;
    let mut file = OpenOptions::new().append(true).open(&path)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(b" two")?;
    same(fs::read_to_string(&path)?, "one two".to_owned())
}

fn two_append(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    let open = || OpenOptions::new().append(true).create(true).open(&path);
    let (mut one, mut two) = (open()?, open()?);
    for _ in 0..10 {
        one.write_all(b"1")?;
        two.write_all(b"2")?;
    }
    same(fs::read_to_string(&path)?, "12".repeat(10))
}

fn positions(folder: &Path) -> io::Result<()> {
    let mut file = File::create_new(folder.join("a"))?;
    file.write_all(b"0123456789")?;
    same(file.seek(SeekFrom::End(-3))?, 7)?;
    same(file.seek(SeekFrom::Current(10))?, 17)?;
    fails(
        file.seek(SeekFrom::Current(-18)),
        &[ErrorKind::InvalidInput],
    )?;
    file.rewind()?;
    same(file.stream_position()?, 0)
}

fn sparse(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    let mut file = File::create_new(&path)?;
    file.seek(SeekFrom::Start(5_000))?;
    file.write_all(b"x")?;
    let bytes = fs::read(&path)?;
    same(bytes.len(), 5_001)?;
    same(bytes[..5_000].iter().all(|byte| *byte == 0), true)
}

fn truncating(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    fs::write(&path, "text")?;
    File::create(&path)?;
    same(fs::metadata(&path)?.len(), 0)
}

fn lengths(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    fs::write(&path, "text")?;
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_len(2)?;
    same(fs::read(&path)?, b"te".to_vec())?;
    file.set_len(3)?;
    same(fs::read(&path)?, b"te\0".to_vec())
}

fn create_new(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    File::create_new(&path)?;
    fails(File::create_new(&path), &[ErrorKind::AlreadyExists])
}

fn missing(folder: &Path) -> io::Result<()> {
    fails(File::open(folder.join("a")), &[ErrorKind::NotFound])?;
    fails(fs::metadata(folder.join("a/b")), &[ErrorKind::NotFound])
}

fn read_only(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    fs::write(&path, "text")?;
    let mut file = File::open(&path)?;
    same(file.write(b"x").is_err(), true)?;
    same(file.set_len(0).is_err(), true)?;
    same(fs::read_to_string(&path)?, "text".to_owned())
}

fn write_only(folder: &Path) -> io::Result<()> {
    let mut file = File::create(folder.join("a"))?;
    same(file.read(&mut [0; 4]).is_err(), true)
}

fn two_descriptors(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    let mut writer = File::create(&path)?;
    let mut reader = File::open(&path)?;
    let mut text = String::new();
    writer.write_all(b"one")?;
    reader.read_to_string(&mut text)?;
    writer.write_all(b" two")?;
    reader.read_to_string(&mut text)?;
    same(text, "one two".to_owned())
}

fn removed(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    file.write_all(b"one")?;
    fs::remove_file(&path)?;
    fails(fs::metadata(&path), &[ErrorKind::NotFound])?;
    file.write_all(b" two")?;
    file.rewind()?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    same(text, "one two".to_owned())?;
    same(file.metadata()?.len(), 7)
}

fn times(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    let mut file = File::create(&path)?;
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    file.set_modified(then)?;
    same(fs::metadata(&path)?.modified()?, then)?;
    file.write_all(b"x")?;
    same(fs::metadata(&path)?.modified()? > then, true)
}

fn syncing(folder: &Path) -> io::Result<()> {
    let mut file = File::create(folder.join("a"))?;
    file.write_all(b"text")?;
    file.sync_data()?;
    file.sync_all()?;
    file.flush()
}

fn large(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|number| (number % 251) as u8)
        .collect();
    fs::write(&path, &bytes)?;
    same(fs::read(&path)? == bytes, true)
}

fn at_the_end(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    fs::write(&path, "text")?;
    let mut file = File::open(&path)?;
    file.seek(SeekFrom::Start(100))?;
    same(file.read(&mut [0; 4])?, 0)
}

fn middle(folder: &Path) -> io::Result<()> {
    let path = folder.join("a");
    fs::write(&path, "0123456789")?;
    let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
    file.seek(SeekFrom::Start(4))?;
    file.write_all(b"x")?;
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    same(rest, "56789".to_owned())?;
    same(fs::read_to_string(&path)?, "0123x56789".to_owned())
}

fn copying(folder: &Path) -> io::Result<()> {
    fs::write(folder.join("a"), "text")?;
    same(fs::copy(folder.join("a"), folder.join("b"))?, 4)?;
    same(fs::read_to_string(folder.join("b"))?, "text".to_owned())
}
