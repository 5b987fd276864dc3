//! A tree with one of everything: grants of each kind, protected paths, hidden names, links, special files.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use massgen_config::ReadBeforeDelete;
use massgen_permissions::{Access, Effect, Grant, GrantKind, PathRule, Pattern, Policy};
use massgen_sandbox::GuestFilesystem;
use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

/// What a program changes when it changes anything: kind and permissions, time of modification, and the bytes, the
/// target of a link, or nothing.
type Condition = (u32, i64, i64, Vec<u8>);

/// The condition of everything below `root`, and of itself, without what lies in one of the directories `free`.
pub(crate) fn condition(root: &Path, free: &[PathBuf]) -> BTreeMap<PathBuf, Condition> {
    let mut found = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(path) = pending.pop() {
        let stat = fs::symlink_metadata(&path).unwrap();
        let kind = stat.file_type();
        let bytes = if kind.is_symlink() {
            fs::read_link(&path)
                .unwrap()
                .into_os_string()
                .into_encoded_bytes()
        } else if kind.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        if free.contains(&path) {
            continue;
        }
        if kind.is_dir() {
            pending.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        found.insert(path, (stat.mode(), stat.mtime(), stat.mtime_nsec(), bytes));
    }
    found
}

/// Fails with the paths that differ.
pub(crate) fn assert_same(
    before: &BTreeMap<PathBuf, Condition>,
    after: &BTreeMap<PathBuf, Condition>,
) {
    let paths = before.keys().chain(after.keys());
    let mut changed: Vec<_> = paths
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    changed.dedup();
    assert!(changed.is_empty(), "these were changed: {changed:?}");
}

pub(crate) fn write(path: impl AsRef<Path>, text: &str) {
    fs::create_dir_all(path.as_ref().parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The tree. Guests may change what is in `ws`, in `open/scratch`, and little else.
pub(crate) struct Scene {
    _temporary: TempDir,
    folder: PathBuf,
}

const FILES: [(&str, &str); 28] = [
    ("outside/secret.txt", "secret"),
    ("context/a.txt", "context"),
    ("context/sub/b.txt", "context"),
    ("peers/agent1/answer.md", "answer"),
    ("open/free.txt", "free"),
    ("open/scratch/here.txt", "free"),
    ("open/empty/.keep", ""),
    ("open/keep/secret.txt", "protected"),
    ("open/deep/keep2/x.txt", "protected"),
    ("open/.env", "key"),
    ("open/.ssh/config", "key"),
    ("open/.ssh/id_rsa", "key"),
    ("open/SERVER.PEM", "key"),
    ("open/vault/plan.txt", "hidden"),
    ("open/hides/.env", "key"),
    ("open/hides/shown.txt", "shown"),
    ("open/config/app.toml", "setting"),
    ("open/ask.txt", "ask"),
    ("open/node_modules/m.js", "module"),
    ("open/.git/config", "config"),
    ("open/outer/outer.txt", "outer"),
    ("open/outer/nested/n.txt", "nested"),
    ("repo/.git/config", "config"),
    ("repo/.git/hooks/pre-push", "hook"),
    ("single/only.txt", "only"),
    ("single/other.txt", "other"),
    ("ws/mine.txt", "mine"),
    ("ws/half.txt", "half"),
];

const DIRECTORIES: [&str; 7] = [
    "repo/.git/refs/heads",
    "repo/.git/objects/info",
    "repo/.git/objects/pack",
    "repo/.git/info",
    "repo/sub",
    "ws/sub",
    "ws/full",
];

const HARD_LINKS: [(&str, &str); 3] = [
    ("open/keep/secret.txt", "open/alias.txt"),
    ("context/a.txt", "ws/alias_context.txt"),
    ("outside/secret.txt", "ws/alias_outside.txt"),
];

const LINKS: [(&str, &str); 15] = [
    ("secret.txt", "outside/link"),
    ("keep/secret.txt", "open/link_keep"),
    ("keep", "open/link_keep_dir"),
    ("../outside/secret.txt", "ws/link_out"),
    ("../outside/new.txt", "ws/link_new"),
    ("../outside", "ws/link_dir"),
    ("link_out", "ws/link_chain"),
    ("link_loop", "ws/link_loop"),
    ("link_pong", "ws/link_ping"),
    ("link_ping", "ws/link_pong"),
    ("/proc/self/root", "ws/link_magic"),
    ("/proc/self/fd", "ws/link_fd"),
    ("/proc/self/cwd", "ws/link_cwd"),
    ("../context/a.txt", "ws/link_context"),
    ("pipe", "ws/link_pipe"),
];

impl Scene {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        for (path, text) in FILES {
            write(folder.join(path), text);
        }
        for path in DIRECTORIES {
            fs::create_dir_all(folder.join(path)).unwrap();
        }
        fs::remove_file(folder.join("open/empty/.keep")).unwrap();
        for (from, to) in HARD_LINKS {
            fs::hard_link(folder.join(from), folder.join(to)).unwrap();
        }
        for (target, link) in LINKS {
            symlink(target, folder.join(link)).unwrap();
        }
        let secret = folder.join("outside/secret.txt");
        symlink(secret, folder.join("ws/link_absolute")).unwrap();
        make_special(&folder.join("ws"));
        // A name that is no UTF-8.
        let odd = folder.join("ws/full").join(OsStr::from_bytes(b"odd\xff"));
        fs::write(odd, "odd").unwrap();
        Self {
            _temporary: temporary,
            folder,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn path(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    /// What must stay as it is, all but what a guest may change.
    pub(crate) fn guarded(&self) -> BTreeMap<PathBuf, Condition> {
        let free = [
            "ws",
            "open/scratch",
            "open/free.txt",
            "repo/sub",
            "repo/.git",
        ];
        let mut guarded = condition(&self.folder, &free.map(|name| self.folder.join(name)));
        for name in ["repo/.git/config", "repo/.git/hooks", "repo/.git/objects"] {
            guarded.extend(condition(&self.folder.join(name), &[]));
        }
        // Its entries are moved about, within it and back.
        guarded.remove(&self.folder.join("open"));
        guarded
    }

    pub(crate) fn policy(&self) -> Policy {
        let at = |name: &str| self.folder.join(name);
        let rule = |pattern: &str, effect| PathRule {
            root: at("open"),
            pattern: Pattern::new(pattern).unwrap(),
            effect,
        };
        let open = Grant::tree(at("open"), GrantKind::Context, Access::Write).protecting(
            ["keep", "missing.txt", "deep/keep2", "new/keep"]
                .map(|name| self.folder.join("open").join(name)),
        );
        let grants = vec![
            Grant::tree(at("ws"), GrantKind::Workspace, Access::Write),
            Grant::tree(at("context"), GrantKind::Context, Access::Read),
            Grant::tree(at("peers"), GrantKind::TempWorkspace, Access::Read),
            open,
            Grant::tree(at("open/outer/nested"), GrantKind::Context, Access::Read),
            Grant::file(at("single/only.txt"), GrantKind::Context, Access::Read),
            Grant::tree(at("repo"), GrantKind::Context, Access::Write).letting_commit(),
        ];
        Policy::new(grants)
            .with_rules(vec![
                rule("/vault", Effect::Hide),
                rule("/config/*.toml", Effect::Read),
                rule("/ask.txt", Effect::Ask),
            ])
            .unwrap()
    }

    pub(crate) fn filesystem(&self) -> Arc<GuestFilesystem> {
        let files = GuestFilesystem::mirroring(self.policy(), self.folder.join("ws")).unwrap();
        // So that every refused removal is refused by the rule that is under attack.
        Arc::new(files.with_read_before_delete(ReadBeforeDelete::Off))
    }
}

fn make_special(directory: &Path) {
    let make = |name: &str, kind, device| {
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(CWD, directory.join(name), kind, mode, device)
    };
    make("pipe", FileType::Fifo, 0).unwrap();
    make("socket", FileType::Socket, 0).unwrap();
    // `/dev/zero`; only root makes devices. Without one the checks about it meet a second socket.
    if make(
        "device",
        FileType::CharacterDevice,
        rustix::fs::makedev(1, 5),
    )
    .is_err()
    {
        make("device", FileType::Socket, 0).unwrap();
    }
}
