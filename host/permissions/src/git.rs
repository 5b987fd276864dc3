//! What in a `.git` is data, and what makes git run programs or tells it where its files are.
//!
//! Only data is named: what a commit writes. Everything else is control, `.git` itself included, so that what a later
//! git reads is never writable before somebody has thought about it. Hooks, `config`, `config.worktree`, `modules`,
//! `worktrees`, `commondir`, `info/attributes`, `objects/info/alternates` (other people's objects), and the to-do lists
//! of a rebase with their `exec` lines are control (gitrepository-layout(5), git-config(1), git-rebase(1)).

/// Where a path lies as git sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GitPart {
    /// In no `.git`.
    Outside,
    /// What a commit writes.
    Data,
    /// Everything else in a `.git`, and `.git` itself, be it a directory, a file or a link.
    Control,
}

/// Files at the top of `.git` that a commit, an amendment, a merge or a cherry-pick writes.
const DATA_FILES: [&str; 10] = [
    "HEAD",
    "ORIG_HEAD",
    "MERGE_HEAD",
    "MERGE_MODE",
    "MERGE_MSG",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "COMMIT_EDITMSG",
    "index",
    "packed-refs",
];

/// Where a plain absolute path lies. `.git` is known in any case of letters: some file systems do not tell.
pub(crate) fn part(path: &[u8]) -> GitPart {
    let mut part = GitPart::Outside;
    let mut rest = path;
    while let Some(slash) = rest.iter().position(|byte| *byte == b'/') {
        rest = &rest[slash + 1..];
        let (name, below) = first_name(rest);
        if name.eq_ignore_ascii_case(b".git") {
            if !is_data(below) {
                return GitPart::Control;
            }
            part = GitPart::Data;
        }
    }
    part
}

fn is_data(below: &[u8]) -> bool {
    let (name, rest) = first_name(below);
    match name {
        b"refs" | b"logs" => !rest.is_empty(),
        b"objects" => is_object(first_name(rest).0),
        name => {
            let name = name.strip_suffix(b".lock").unwrap_or(name);
            rest.is_empty() && DATA_FILES.iter().any(|file| file.as_bytes() == name)
        }
    }
}

/// The directories of loose objects, `00` to `ff`, the packs, and objects that are being written.
fn is_object(name: &[u8]) -> bool {
    let is_loose = name.len() == 2 && name.iter().all(u8::is_ascii_hexdigit);
    is_loose || name == b"pack" || name.starts_with(b"tmp_obj_")
}

/// The first name of a path without a leading slash, and what follows it.
fn first_name(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().position(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (path, &[]),
    }
}
