//! `sed` of uutils.

use std::ffi::OsString;

/// Runs sed.
pub fn run(arguments: Vec<OsString>) -> i32 {
    crate::uutils::run("sed", ::sed::sed::uumain, arguments)
}
