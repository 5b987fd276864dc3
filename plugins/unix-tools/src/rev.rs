//! `rev`: each line backwards, by characters.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};

use crate::outcome::{Outcome, complain, finish, reason};
use crate::{awk, input};

/// Runs rev.
pub fn run(arguments: Vec<OsString>) -> i32 {
    finish("rev", rev(arguments), 1)
}

fn rev(arguments: Vec<OsString>) -> Outcome {
    let mut files = crate::arguments::as_text(arguments)?.split_off(1);
    if files.is_empty() {
        files.push("-".to_owned());
    }
    let mut out = BufWriter::new(io::stdout());
    let mut status = 0;
    for file in files {
        match input::buffered(&file) {
            Ok(mut reader) => {
                let mut line = Vec::new();
                while input::read_until(&mut reader, b'\n', &mut line)? {
                    let characters: Vec<&[u8]> = awk::text::characters(&line).collect();
                    for character in characters.iter().rev() {
                        out.write_all(character)?;
                    }
                    out.write_all(b"\n")?;
                }
            }
            Err(error) => {
                complain(format_args!("rev: cannot open {file}: {}", reason(&error)));
                status = 1;
            }
        }
    }
    out.flush()?;
    Ok(status)
}
