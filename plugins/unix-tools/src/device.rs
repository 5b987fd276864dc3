//! `cat` and `cp` of devices such as `/dev/null`: on WASI the uutils crates take nothing but files, directories and links.
//! What names no device goes to them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::input;
use crate::outcome::{Outcome, complain, finish, reason};
use crate::uutils;

/// Runs cat.
pub fn cat(arguments: Vec<OsString>) -> i32 {
    match plain_operands(&arguments) {
        Some(files) if files.iter().any(|file| is_device(file)) => finish("cat", copy(&files), 1),
        _ => uutils::run("cat", uu_cat::uumain, arguments),
    }
}

/// Runs cp.
pub fn cp(arguments: Vec<OsString>) -> i32 {
    match plain_operands(&arguments).as_deref() {
        Some([from, to]) if is_device(from) => finish("cp", copy_to(from, to), 1),
        _ => uutils::run("cp", uu_cp::uumain, arguments),
    }
}

/// The operands of a command without options that would change what is copied.
fn plain_operands(arguments: &[OsString]) -> Option<Vec<&str>> {
    let mut operands = Vec::new();
    for argument in arguments.get(1..)? {
        match argument.to_str()? {
            "-u" | "-f" | "--" => {}
            option if option.len() > 1 && option.starts_with('-') => return None,
            operand => operands.push(operand),
        }
    }
    Some(operands)
}

fn is_device(path: &str) -> bool {
    path.starts_with("/dev/")
        && std::fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir())
}

/// Writes all that the files hold to standard output.
fn copy(files: &[&str]) -> Outcome {
    let mut output = io::stdout().lock();
    let mut status = 0;
    for file in files {
        match input::open(file) {
            Ok(mut input) => pass_on(&mut input, &mut output)?,
            Err(error) => {
                complain(format_args!("cat: {file}: {}", reason(&error)));
                status = 1;
            }
        }
    }
    output.flush()?;
    Ok(status)
}

fn copy_to(from: &str, to: &str) -> Outcome {
    let path = match Path::new(to) {
        folder if folder.is_dir() => folder.join(Path::new(from).file_name().unwrap_or_default()),
        file => file.to_owned(),
    };
    match File::create(&path) {
        Ok(mut file) => pass_on(&mut input::open(from)?, &mut file).map(|()| 0),
        Err(error) => {
            let path = path.display();
            complain(format_args!(
                "cp: cannot create regular file '{path}': {}",
                reason(&error)
            ));
            Ok(1)
        }
    }
    .map_err(Into::into)
}

/// Not `io::copy`, which would ask for the lengths of both sides first.
fn pass_on(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
    let mut block = vec![0; 64 * 1024];
    loop {
        match from.read(&mut block)? {
            0 => return Ok(()),
            count => to.write_all(&block[..count])?,
        }
    }
}
