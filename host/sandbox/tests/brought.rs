//! Plugins in folders of their own: what they bring along is found by every command of a call, and changed by none.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use guests::{limits, sandbox};
use massgen_permissions::{Access, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Cancel, Commands, Entry, GuestFilesystem, Invocation, LoadError, Manifest, Outcome, Plugin,
    Report,
};
use tempfile::TempDir;

/// A plugin's folder, with a component that is `cat`, `ls` and the like.
struct Folder {
    _temporary: TempDir,
    path: PathBuf,
    /// A folder that the user has granted, in which the plugin's lies.
    home: PathBuf,
}

impl Folder {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let home = temporary.path().canonicalize().unwrap();
        let path = home.join("plugins/tools");
        fs::create_dir_all(path.join("share")).unwrap();
        fs::write(path.join("share/words.txt"), "brought along\n").unwrap();
        let artifacts =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/target/artifacts");
        fs::copy(artifacts.join("unix_tools.wasm"), path.join("plugin.wasm")).unwrap();
        Self {
            _temporary: temporary,
            path,
            home,
        }
    }

    fn manifest(&self, more: &str) -> Manifest {
        let text = format!(
            r#"
            name = "tools"
            version = "0.1.0"
            kind = "command"
            description = "Unix tools"
            imports = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets", "massgen:plugin/process"]
            provides = ["cat", "ls", "cp", "rm", "env"]
            {more}
            "#
        );
        Manifest::parse(&text).unwrap()
    }

    fn load_with(&self, more: &str) -> Plugin {
        let files = "[files]\n'/usr/share/tools' = 'share'\n[environment]\nTOOLS = '${cwd}/here'\nHOME = '/usr'";
        let manifest = self.manifest(&format!("{more}{files}"));
        sandbox().load_folder(manifest, &self.path).unwrap()
    }

    /// Runs a command whose user has granted the whole home directory for writing.
    async fn run(&self, words: &[&str]) -> Report {
        self.run_in(&self.load_with(""), words).await
    }

    async fn run_in(&self, plugin: &Plugin, words: &[&str]) -> Report {
        let grant = Grant::tree(&self.home, GrantKind::Mount, Access::Write);
        let files = GuestFilesystem::mirroring(Policy::new(vec![grant]), self.home.clone());
        let files = files.unwrap().with_temporary_directories();
        let sandbox = sandbox().with_commands(Commands::of([plugin]).unwrap());
        let entry = Entry::Command {
            arguments: words.iter().map(|word| (*word).to_owned()).collect(),
            stdin: Vec::new(),
        };
        let mut invocation = Invocation::new(entry, limits());
        invocation.environment = vec![("HOME".to_owned(), "/home/me".to_owned())];
        let cancel = Cancel::default();
        sandbox
            .call(plugin, &Arc::new(files), invocation, &cancel)
            .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_found_at_the_place_that_the_manifest_names() {
    let folder = Folder::new();
    let report = folder.run(&["cat", "/usr/share/tools/words.txt"]).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    assert_eq!(report.stdout.to_text(), "brought along\n");
    let listed = folder.run(&["ls", "/usr/share", "/usr/share/tools"]).await;
    assert_eq!(
        listed.stdout.to_text(),
        "/usr/share:\ntools\n\n/usr/share/tools:\nwords.txt\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_read_only_also_by_way_of_a_grant_above_them() {
    let folder = Folder::new();
    let words = folder.path.join("share/words.txt");
    let (words, manifest) = (words.to_str().unwrap(), folder.path.join("plugin.toml"));
    let manifest = manifest.to_str().unwrap();
    let attempts: [&[&str]; 4] = [
        &["rm", "/usr/share/tools/words.txt"],
        &["rm", words],
        &["cp", words, "/usr/share/tools/more.txt"],
        &["cp", words, manifest],
    ];
    for attempt in attempts {
        let report = folder.run(attempt).await;
        assert_eq!(report.outcome, Outcome::Exited { code: 1 }, "{attempt:?}");
        assert!(!report.denials.is_empty(), "{attempt:?}");
    }
    assert_eq!(fs::read_to_string(words).unwrap(), "brought along\n");
    assert!(!folder.path.join("plugin.toml").exists());
    // What lies beside the plugin is the user's to give.
    let beside = folder.home.join("mine.txt");
    let report = folder.run(&["cp", words, beside.to_str().unwrap()]).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calls_variables_come_before_those_of_the_manifest() {
    let folder = Folder::new();
    let report = folder.run(&["env"]).await;
    let text = report.stdout.to_text();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    let tools = format!("TOOLS={}/here", folder.home.display());
    assert_eq!(lines, ["HOME=/home/me", &tools]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifests_arguments_come_before_the_calls() {
    let folder = Folder::new();
    let plugin = folder.load_with("arguments = ['/usr/share/tools/words.txt', '-']\n");
    let report = folder
        .run_in(&plugin, &["cat", "/usr/share/tools/words.txt"])
        .await;
    assert_eq!(report.stdout.to_text(), "brought along\nbrought along\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_where_the_command_only_probes_is_not_told_as_refused() {
    let folder = Folder::new();
    let plugin = folder.load_with("probes = ['/etc']\n");
    let told = async |words: &[&str]| {
        let report = folder.run_in(&plugin, words).await;
        assert_eq!(report.outcome, Outcome::Exited { code: 1 }, "{words:?}");
        report.denials.len()
    };
    assert_eq!(told(&["cat", "/etc/passwd"]).await, 0);
    assert_ne!(told(&["cat", "/var/log"]).await, 0);
    assert_ne!(
        told(&["cp", "/usr/share/tools/words.txt", "/etc/words"]).await,
        0
    );
}

#[test]
fn a_component_that_is_not_the_one_of_the_digest_is_refused() {
    let folder = Folder::new();
    let digest = "0".repeat(64);
    let manifest = folder.manifest(&format!("digest = '{digest}'"));
    let error = sandbox().load_folder(manifest, &folder.path).err().unwrap();
    assert!(matches!(error, LoadError::Changed { .. }));
    assert!(error.to_string().contains(&format!("and not {digest}")));
    assert!(error.to_string().contains("Install the plugin again"));
}

#[test]
fn a_component_that_is_missing_is_named() {
    let folder = Folder::new();
    let manifest = folder.manifest("component = 'gone.wasm'");
    let error = sandbox().load_folder(manifest, &folder.path).err().unwrap();
    assert!(matches!(error, LoadError::Unreadable { .. }));
    assert!(
        error.to_string().contains("gone.wasm: No such file"),
        "{error}"
    );
}

#[test]
fn a_plugin_without_a_folder_cannot_bring_files() {
    let folder = Folder::new();
    let component = fs::read(folder.path.join("plugin.wasm")).unwrap();
    let manifest = folder.manifest("[files]\n'/usr/share/tools' = 'share'");
    let error = sandbox().load_bytes(manifest, &component).err().unwrap();
    assert!(matches!(error, LoadError::NoFolder { .. }), "{error}");
}

#[test]
fn a_folder_that_is_not_there_or_leads_out_of_the_plugin_is_refused() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("/etc", folder.path.join("link")).unwrap();
    for (files, expected) in [
        ("gone", "No such file"),
        ("link", "leads out of the plugin"),
    ] {
        let manifest = folder.manifest(&format!("[files]\n'/usr/x' = '{files}'"));
        let error = sandbox().load_folder(manifest, &folder.path).err().unwrap();
        assert!(matches!(error, LoadError::Files { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_manifest_cannot_name_what_lies_outside_its_folder() {
    let parse = |more: &str| {
        let text = "name = 'x'\nversion = '1'\nkind = 'command'\ndescription = 'x'\nimports = []\n";
        Manifest::parse(&format!("{text}{more}")).map_err(|error| error.to_string())
    };
    assert!(parse("[files]\n'/usr/share/x' = 'share/x'").is_ok());
    for outside in [
        "component = '../x.wasm'",
        "[files]\n'/x' = '/etc'",
        "[files]\n'/x' = 'a/../..'",
        "[files]\n'/x' = ''",
    ] {
        let error = parse(outside).unwrap_err();
        assert!(
            error.contains("below the manifest's own folder"),
            "{outside}: {error}"
        );
    }
    for place in ["'/' = 'x'", "'usr' = 'x'", "'/a/../b' = 'x'"] {
        let error = parse(&format!("[files]\n{place}")).unwrap_err();
        assert!(
            error.contains("can be put at an absolute path"),
            "{place}: {error}"
        );
    }
}
