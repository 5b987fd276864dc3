//! Bytes become file operations with odd paths, which a guest does one after the other. Whatever they are, what lies
//! outside, what is read-only, protected or hidden stays as it is, its text never reaches the guest, and the call ends as
//! calls do.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use massgen_config::Limits;
use massgen_permissions::{Access, Effect, Grant, GrantKind, PathRule, Pattern, Policy};
use massgen_sandbox::{
    Cancel, Entry, GuestFilesystem, Invocation, Manifest, Outcome, Plugin, PluginKind, Sandbox,
    SandboxOptions,
};

/// What no guest may ever see.
const SECRET: &str = "SECRET";

/// Parts of paths.
const PARTS: [&str; 32] = [
    "ws",
    "open",
    "context",
    "outside",
    "single",
    "only.txt",
    "other.txt",
    "a",
    "b",
    "dir",
    "keep",
    "missing",
    ".env",
    ".ENV",
    ".git",
    "config",
    "hooks",
    "file.txt",
    "nested",
    "link_out",
    "link_dir",
    "link_up",
    "link_keep",
    "link_loop",
    "..",
    "..",
    ".",
    "",
    "none",
    "build",
    "é",
    "x:y",
];

/// Verbs of the `files` guest with one path, with a path and a text, and with two paths.
const WITH_PATH: [&str; 18] = [
    "read",
    "create",
    "create-any",
    "truncate",
    "truncate-only",
    "exists",
    "lexists",
    "list",
    "readlink",
    "unlink",
    "rmdir",
    "mkdir",
    "touch",
    "ltouch",
    "no-follow",
    "hash",
    "stat",
    "open",
];
const WITH_TEXT: [&str; 3] = ["write", "overwrite", "append"];
const WITH_TWO: [&str; 3] = ["rename", "link", "link-follow"];
const OPENING: [&str; 4] = ["open-read", "open-write", "open-both", "open-directory"];
const OPENED: [&str; 6] = [
    "read-open d",
    "write-open d text",
    "size-open d 3",
    "touch-open d",
    "stat-open d",
    "list-open d",
];

#[derive(Debug, Arbitrary)]
struct Odd {
    /// From the folder, from the root, from an open descriptor, or a path that climbs first.
    from: u8,
    parts: Vec<u8>,
    slash: bool,
}

impl Odd {
    fn text(&self) -> String {
        let part = |byte: &u8| PARTS[usize::from(*byte) % PARTS.len()];
        let parts: Vec<_> = self.parts.iter().take(8).map(part).collect();
        let start = ["@/", "@/ws/", "@/open/", "/", "d:", "../"][usize::from(self.from) % 6];
        let slash = if self.slash { "/" } else { "" };
        format!("{start}{}{slash}", parts.join("/"))
    }
}

#[derive(Debug, Arbitrary)]
enum Action {
    Path(u8, Odd),
    Text(u8, Odd),
    Two(u8, Odd, Odd),
    Link(Odd, Odd),
    Open(u8, Odd),
    Opened(u8),
}

impl Action {
    fn words(&self) -> String {
        let pick =
            |verbs: &'static [&'static str], verb: &u8| verbs[usize::from(*verb) % verbs.len()];
        match self {
            Self::Path(verb, path) => format!("{} {}", pick(&WITH_PATH, verb), path.text()),
            Self::Text(verb, path) => format!("{} {} text", pick(&WITH_TEXT, verb), path.text()),
            Self::Two(verb, from, to) => {
                format!("{} {} {}", pick(&WITH_TWO, verb), from.text(), to.text())
            }
            Self::Link(target, path) => {
                let target = target.text().replace("@/", "../").replace("d:", "x");
                format!("symlink {target} {}", path.text())
            }
            Self::Open(verb, path) => format!("{} d {}", pick(&OPENING, verb), path.text()),
            Self::Opened(verb) => pick(&OPENED, verb).to_owned(),
        }
    }
}

/// What all runs share.
struct Ground {
    sandbox: Sandbox,
    plugin: Plugin,
    runtime: tokio::runtime::Runtime,
}

fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let component = repository.join("tests/guests/target/wasm32-wasip2/release/files.wasm");
        let component = fs::read(component).expect("built by `cargo xtask plugins`");
        let cache = repository.join("host/sandbox/fuzz/target/components");
        let sandbox = Sandbox::new(SandboxOptions { cache }).expect("a sandbox");
        let imports = [
            "wasi:cli",
            "wasi:clocks",
            "wasi:filesystem",
            "wasi:io",
            "wasi:random",
        ];
        let manifest = Manifest::new("files", PluginKind::Command, imports);
        Ground {
            plugin: sandbox.load_bytes(manifest, &component).expect("the guest"),
            runtime: tokio::runtime::Runtime::new().expect("a runtime"),
            sandbox,
        }
    })
}

/// One run.
///
/// # Panics
/// When a promise is broken.
pub fn run(bytes: &[u8]) {
    let Ok(mut actions) = Vec::<Action>::arbitrary_take_rest(Unstructured::new(bytes)) else {
        return;
    };
    actions.truncate(24);
    let temporary = tempfile::tempdir().expect("a folder");
    let folder = temporary.path().canonicalize().expect("a folder");
    lay_out(&folder);
    let script: Vec<_> = actions.iter().map(Action::words).collect();
    let script = script.join("\n");
    let before = guarded(&folder, &script);
    let filesystem = GuestFilesystem::mirroring(policy(&folder), folder.join("ws"));
    let filesystem = Arc::new(filesystem.expect("mounts"));

    let at = |action: &Action| action.words().replace('@', folder.to_str().expect("UTF-8"));
    let arguments = std::iter::once("files".to_owned()).chain(actions.iter().map(at));
    let entry = Entry::Command {
        arguments: arguments.collect(),
        stdin: Vec::new(),
    };
    let limits = Limits {
        call_time: Duration::from_secs(20),
        memory_bytes: 64 << 20,
        ..Limits::default()
    };
    let ground = ground();
    let invocation = Invocation::new(entry, limits);
    let cancel = Cancel::default();
    let call = ground
        .sandbox
        .call(&ground.plugin, &filesystem, invocation, &cancel);
    let report = ground.runtime.block_on(call);

    let output = report.stdout.to_text();
    assert_eq!(
        report.outcome,
        Outcome::Exited { code: 0 },
        "{}",
        report.stderr.to_text()
    );
    assert!(!output.contains(SECRET), "{script}\n{output}");
    assert_eq!(before, guarded(&folder, &script), "{script}\n{output}");
}

const FILES: [(&str, &str); 13] = [
    ("outside/file.txt", SECRET),
    ("outside/dir/a", SECRET),
    ("single/only.txt", "only"),
    ("single/other.txt", SECRET),
    ("context/file.txt", "context"),
    ("context/.env", SECRET),
    ("open/keep/file.txt", "protected"),
    ("open/.env", SECRET),
    ("open/.git/config", "config"),
    ("open/dir/nested/file.txt", "nested"),
    ("open/dir/.env", SECRET),
    ("open/file.txt", "free"),
    ("ws/dir/file.txt", "mine"),
];

const LINKS: [(&str, &str); 6] = [
    ("../outside/file.txt", "ws/link_out"),
    ("../outside", "ws/link_dir"),
    ("../..", "ws/dir/link_up"),
    ("../open/keep", "ws/link_keep"),
    ("link_loop", "ws/link_loop"),
    ("../outside/dir", "open/link_dir"),
];

fn lay_out(folder: &Path) {
    for (path, text) in FILES {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    for (target, link) in LINKS {
        symlink(target, folder.join(link)).expect("a link");
    }
    fs::hard_link(folder.join("context/file.txt"), folder.join("ws/b")).expect("a link");
    fs::hard_link(folder.join("open/keep/file.txt"), folder.join("open/b")).expect("a link");
}

fn policy(folder: &Path) -> Policy {
    let at = |name: &str| folder.join(name);
    let open = Grant::tree(at("open"), GrantKind::Context, Access::Write);
    let grants = vec![
        Grant::tree(at("ws"), GrantKind::Workspace, Access::Write),
        Grant::tree(at("context"), GrantKind::Context, Access::Read),
        open.protecting([at("open/keep"), at("open/missing"), at("open/none/keep")]),
        Grant::tree(at("open/dir/nested"), GrantKind::Context, Access::Read),
        Grant::file(at("single/only.txt"), GrantKind::Context, Access::Read),
    ];
    let rule = PathRule {
        root: at("open"),
        pattern: Pattern::new("/config/*").expect("a pattern"),
        effect: Effect::Read,
    };
    Policy::new(grants).with_rules(vec![rule]).expect("rules")
}

/// What stays as it is: bytes of files, targets of links, and that nothing is where nothing may be.
fn guarded(folder: &Path, script: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let names = [
        "outside",
        "single",
        "context",
        "open/keep",
        "open/missing",
        "open/.git",
        "open/.env",
        "open/dir/nested",
    ];
    let mut pending: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
    // Through a link or not: what a later reader would find.
    found.insert(
        PathBuf::from("open/none/keep"),
        vec![u8::from(folder.join("open/none/keep").exists())],
    );
    while let Some(path) = pending.pop() {
        let Ok(stat) = fs::symlink_metadata(&path) else {
            continue;
        };
        let bytes = if stat.is_dir() {
            let entries = fs::read_dir(&path).expect("a directory");
            pending.extend(entries.map(|entry| entry.expect("an entry").path()));
            Vec::new()
        } else if stat.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            target.into_os_string().into_encoded_bytes()
        } else {
            fs::read(&path).expect("a file")
        };
        found.insert(path, bytes);
    }
    // No `.git` and no hidden name came to be in a context.
    let forged = [
        "open/dir/.git",
        "open/a/.git",
        "ws/.git",
        "ws/a/.git",
        "ws/dir/.git",
    ];
    for name in forged {
        let path = folder.join(name);
        // A link in place of the directory leads to a `.git` that was there before.
        let by_link = path.parent().is_some_and(Path::is_symlink);
        assert!(
            by_link || fs::symlink_metadata(path).is_err(),
            "{name} was made by\n{script}"
        );
    }
    found
}
