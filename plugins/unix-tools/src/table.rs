//! The table of tools: a name and what runs under it.

use std::ffi::OsString;
use std::path::Path;

use crate::{
    awk, cmp, column, device, diff, du, env, file, find, grep, gzip, identity, jq, mode, patch,
    rev, sed, stat, tac, tar, tree, unzip, uutils, which, xargs, xxd, zip,
};

/// One tool.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    name: &'static str,
    run: Run,
}

/// What runs.
#[derive(Debug, Clone, Copy)]
enum Run {
    /// A crate of uutils, with the name of its messages.
    Uutils(&'static str, fn(std::vec::IntoIter<OsString>) -> i32),
    /// A module of this component.
    Own(fn(Vec<OsString>) -> i32),
}

impl Tool {
    /// Runs the tool with `arguments`, the first of which is its name, to its exit status.
    pub fn run(&self, arguments: Vec<OsString>) -> i32 {
        match self.run {
            Run::Uutils(messages, uumain) => uutils::run(messages, uumain, arguments),
            Run::Own(run) => run(arguments),
        }
    }
}

/// Entries of uutils whose name is that of their crate, then other ones, then ours.
macro_rules! table {
    ([$($name:literal $module:ident,)*] [$($other:literal $messages:literal $from:ident,)*] [$($own:literal $run:path,)*]) => {
        &[
            $(Tool { name: $name, run: Run::Uutils($name, $module::uumain) },)*
            $(Tool { name: $other, run: Run::Uutils($messages, $from::uumain) },)*
            $(Tool { name: $own, run: Run::Own($run) },)*
        ]
    };
}

static TOOLS: &[Tool] = table! {
    [
        "b2sum" uu_b2sum,
        "base32" uu_base32,
        "base64" uu_base64,
        "basename" uu_basename,
        "basenc" uu_basenc,
        "cksum" uu_cksum,
        "comm" uu_comm,
        "csplit" uu_csplit,
        "cut" uu_cut,
        "date" uu_date,
        "dircolors" uu_dircolors,
        "dirname" uu_dirname,
        "echo" uu_echo,
        "expand" uu_expand,
        "expr" uu_expr,
        "factor" uu_factor,
        "false" uu_false,
        "fmt" uu_fmt,
        "fold" uu_fold,
        "head" uu_head,
        "join" uu_join,
        "link" uu_link,
        "ln" uu_ln,
        "ls" uu_ls,
        "md5sum" uu_md5sum,
        "mkdir" uu_mkdir,
        "mktemp" uu_mktemp,
        "mv" uu_mv,
        "nl" uu_nl,
        "nproc" uu_nproc,
        "numfmt" uu_numfmt,
        "od" uu_od,
        "paste" uu_paste,
        "pr" uu_pr,
        "printenv" uu_printenv,
        "printf" uu_printf,
        "pwd" uu_pwd,
        "readlink" uu_readlink,
        "realpath" uu_realpath,
        "rm" uu_rm,
        "rmdir" uu_rmdir,
        "seq" uu_seq,
        "sha1sum" uu_sha1sum,
        "sha224sum" uu_sha224sum,
        "sha256sum" uu_sha256sum,
        "sha384sum" uu_sha384sum,
        "sha512sum" uu_sha512sum,
        "shuf" uu_shuf,
        "sleep" uu_sleep,
        "sort" uu_sort,
        "split" uu_split,
        "sum" uu_sum,
        "tail" uu_tail,
        "tee" uu_tee,
        "test" uu_test,
        "touch" uu_touch,
        "tr" uu_tr,
        "true" uu_true,
        "truncate" uu_truncate,
        "tsort" uu_tsort,
        "unexpand" uu_unexpand,
        "uniq" uu_uniq,
        "unlink" uu_unlink,
        "wc" uu_wc,
        "yes" uu_yes,
    ]
    [
        "[" "test" uu_test,
    ]
    [
        "awk" awk::run,
        "gawk" awk::run,
        "mawk" awk::run,
        "cat" device::cat,
        "chgrp" mode::chgrp,
        "chmod" mode::chmod,
        "chown" mode::chown,
        "cmp" cmp::run,
        "column" column::run,
        "cp" device::cp,
        "diff" diff::run,
        "du" du::run,
        "egrep" grep::run,
        "env" env::run,
        "fgrep" grep::run,
        "file" file::run,
        "find" find::run,
        "grep" grep::run,
        "gunzip" gzip::run,
        "gzip" gzip::run,
        "hostname" identity::hostname,
        "jq" jq::run,
        "patch" patch::run,
        "rev" rev::run,
        "sed" sed::run,
        "stat" stat::run,
        "tac" tac::run,
        "tar" tar::run,
        "tree" tree::run,
        "uname" identity::uname,
        "unzip" unzip::run,
        "which" which::run,
        "whoami" identity::whoami,
        "xargs" xargs::run,
        "xxd" xxd::run,
        "zcat" gzip::run,
        "zip" zip::run,
    ]
};

/// The tool of this name.
pub fn find(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// All names, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = TOOLS.iter().map(|tool| tool.name).collect();
    names.sort_unstable();
    names.into_iter()
}

/// The name in argument 0: its last path component.
pub fn called_as(argument: &OsString) -> String {
    Path::new(argument)
        .file_name()
        .unwrap_or(argument)
        .to_string_lossy()
        .into_owned()
}
