//! Where tools read from: a file by its name, or standard input for `-`; lines as bytes, whatever their encoding.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// Opens `name`, of which `-` is standard input. A directory is an error as it is for `read(2)`.
pub fn open(name: &str) -> io::Result<Box<dyn Read>> {
    if name == "-" {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(open_file(name)?))
}

/// Opens a file that is not a directory.
pub fn open_file(name: &str) -> io::Result<File> {
    // A directory can be opened and then not be read; WASI's words for that are about a descriptor.
    if std::fs::metadata(name)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    File::open(name)
}

/// Opens `name` for reading line by line.
pub fn buffered(name: &str) -> io::Result<BufReader<Box<dyn Read>>> {
    Ok(BufReader::with_capacity(64 * 1024, open(name)?))
}

/// Reads everything of `name`.
pub fn whole(name: &str) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    open(name)?.read_to_end(&mut contents)?;
    Ok(contents)
}

/// Reads up to `end` into `line`, without it; false at the end of the input.
pub fn read_until(reader: &mut dyn BufRead, end: u8, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    if reader.read_until(end, line)? == 0 {
        return Ok(false);
    }
    if line.last() == Some(&end) {
        line.pop();
    }
    Ok(true)
}
