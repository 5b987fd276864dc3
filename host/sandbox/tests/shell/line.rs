//! One command line and the place it runs in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use massgen_config::{Limits, ReadBeforeDelete};
use massgen_permissions::{Access, Extent, Grant, GrantKind, Policy};
use massgen_sandbox::{
    Cancel, Entry, GuestFilesystem, Invocation, MountPoint, Outcome, Report, Sandbox,
};
use tempfile::TempDir;

use crate::guests;

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A sandbox whose commands are the shell and the Unix tools.
fn sandbox() -> Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX
        .get_or_init(|| guests::with_commands(&["shell", "unix_tools"]))
        .clone()
}

/// Where [`Place`] is in the guest.
pub(crate) const ROOT: &str = "/place";

/// A folder of the host's, mounted at [`ROOT`], with the working directory `w` in it.
pub(crate) struct Place {
    folder: TempDir,
    files: Arc<GuestFilesystem>,
    pub(crate) limits: Limits,
    pub(crate) environment: Vec<(String, String)>,
}

/// What a command line gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::with(|files| files)
    }

    pub(crate) fn with(change: impl FnOnce(GuestFilesystem) -> GuestFilesystem) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), change)
    }

    pub(crate) fn in_folder(
        folder: TempDir,
        change: impl FnOnce(GuestFilesystem) -> GuestFilesystem,
    ) -> Self {
        let host = folder.path().canonicalize().unwrap();
        fs::create_dir(host.join("w")).unwrap();
        let point = MountPoint {
            guest: ROOT.into(),
            host: host.clone(),
            extent: Extent::Tree,
        };
        let policy = Policy::new(vec![Grant::tree(host, GrantKind::Mount, Access::Write)]);
        let files = GuestFilesystem::new(&[point], policy, Path::new(ROOT).join("w"))
            .unwrap()
            .with_read_before_delete(ReadBeforeDelete::Off);
        let variables = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/agent"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
        ];
        Self {
            folder,
            files: Arc::new(change(files)),
            limits: Limits {
                call_time: Duration::from_secs(60),
                ..Limits::default()
            },
            environment: variables
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
        }
    }

    /// Ends the use of the files, and gives the folder, which is removed with it.
    pub(crate) fn close(self) -> TempDir {
        self.folder
    }

    /// The host's path of what has this name in the working directory.
    pub(crate) fn host(&self, name: &str) -> PathBuf {
        self.folder.path().join("w").join(name)
    }

    pub(crate) async fn report(&self, line: &str, stdin: &str) -> Report {
        let entry = Entry::Command {
            arguments: ["bash", "-c", line].map(str::to_owned).to_vec(),
            stdin: stdin.into(),
        };
        let sandbox = sandbox();
        let shell = sandbox.commands().find("bash").unwrap();
        let mut invocation = Invocation::new(entry, self.limits.clone());
        invocation.environment = self.environment.clone();
        sandbox
            .call(&shell, &self.files, invocation, &Cancel::default())
            .await
    }

    pub(crate) async fn run(&self, line: &str) -> Answer {
        self.run_with_input(line, "").await
    }

    pub(crate) async fn run_with_input(&self, line: &str, stdin: &str) -> Answer {
        let report = self.report(line, stdin).await;
        Answer {
            stdout: report.stdout.to_text(),
            stderr: report.stderr.to_text(),
            status: match report.outcome {
                Outcome::Exited { code } => Some(i32::from(code)),
                _ => None,
            },
        }
    }

    /// What a command line that succeeds in silence on standard error prints.
    pub(crate) async fn prints(&self, line: &str) -> String {
        let answer = self.run(line).await;
        assert_eq!(
            (answer.status, answer.stderr.as_str()),
            (Some(0), ""),
            "{line}: {}",
            answer.stdout
        );
        answer.stdout
    }
}
