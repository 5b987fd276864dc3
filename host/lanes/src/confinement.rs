//! What confines a command: the arguments of bubblewrap, and of `prlimit` and the shell within.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::cover::Cover;
use crate::local::LocalError;
use crate::{Bind, NativeCommand, Shown, View};

/// The search path.
pub(crate) const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// Directories of programs and libraries; a link among them stays a link.
const SYSTEM: [&str; 7] = [
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
];

/// What programs need of `/etc`: nothing that tells of users or of this machine's services.
const SETTINGS: [&str; 8] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/ssl/certs",
];

/// What this machine has to confine commands with.
#[derive(Debug)]
pub(crate) struct Confinement {
    cover: Cover,
    shell: &'static str,
    /// Absolute, as the shell is: the search path begins in the workspace.
    prlimit: &'static str,
    /// Options that not every bubblewrap has.
    further: &'static [&'static str],
}

impl Confinement {
    /// Looks for it.
    pub(crate) async fn find() -> Result<Self, LocalError> {
        let help = help_of_bubblewrap().await?;
        Ok(Self {
            cover: Cover::new().map_err(LocalError::Temporary)?,
            shell: shell(),
            prlimit: prlimit()?,
            further: match help.contains("--disable-userns") {
                true => &["--disable-userns"],
                false => &[],
            },
        })
    }

    /// The command as arguments of bubblewrap, itself first.
    pub(crate) fn arguments(&self, command: &NativeCommand, view: &View) -> Vec<OsString> {
        let mut arguments = Arguments(vec!["bwrap".into()]);
        for option in [
            "--unshare-user",
            "--unshare-ipc",
            "--unshare-pid",
            "--unshare-net",
            "--unshare-uts",
            "--unshare-cgroup-try",
            "--die-with-parent",
            "--new-session",
            "--clearenv",
        ] {
            arguments.add([option]);
        }
        arguments.add(self.further.iter().copied());
        arguments.add(["--cap-drop", "ALL"]);
        arguments.system();
        let memory = command.limits.memory_bytes.to_string();
        arguments.add(["--size", &memory, "--tmpfs", "/tmp"]);
        let empty_file = self.cover.empty_file();
        for bind in &view.binds {
            arguments.bind(bind, &empty_file);
        }
        let covered = view
            .binds
            .iter()
            .filter(|bind| bind.shown == Shown::EmptyDirectory);
        for bind in covered {
            arguments.add([OsString::from("--remount-ro"), bind.path.clone().into()]);
        }
        arguments.add(["--remount-ro", "/"]);
        for (name, value) in environment(&command.working_directory) {
            arguments.add([OsString::from("--setenv"), name.into(), value]);
        }
        arguments.add([
            OsString::from("--chdir"),
            command.working_directory.clone().into(),
        ]);
        arguments.add(["--", self.prlimit]);
        for limit in rlimits(command) {
            arguments.add([limit]);
        }
        arguments.add(["--", self.shell, "-c", &command.line]);
        arguments.0
    }
}

/// Arguments of bubblewrap in the order in which it follows them.
struct Arguments(Vec<OsString>);

impl Arguments {
    fn add(&mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) {
        self.0.extend(arguments.into_iter().map(Into::into));
    }

    /// Programs, libraries and devices of the machine.
    fn system(&mut self) {
        for path in SYSTEM {
            match std::fs::read_link(path) {
                Ok(target) => self.add([OsString::from("--symlink"), target.into(), path.into()]),
                Err(_) => self.add(["--ro-bind-try", path, path]),
            }
        }
        for path in SETTINGS {
            self.add(["--ro-bind-try", path, path]);
        }
        self.add(["--proc", "/proc", "--dev", "/dev"]);
        // Root may set the kernel there, with or without capabilities.
        for path in ["/proc/sys", "/proc/sysrq-trigger"] {
            self.add(["--ro-bind-try", path, path]);
        }
    }

    fn bind(&mut self, bind: &Bind, empty_file: &Path) {
        let path = bind.path.as_os_str();
        match bind.shown {
            Shown::Writable => self.add([OsString::from("--bind"), path.into(), path.into()]),
            Shown::ReadOnly => self.add([OsString::from("--ro-bind"), path.into(), path.into()]),
            Shown::EmptyFile => {
                self.add([OsString::from("--ro-bind"), empty_file.into(), path.into()])
            }
            Shown::EmptyDirectory => {
                self.add(["--perms", "0755"]);
                self.add([OsString::from("--tmpfs"), path.into()]);
            }
        }
    }
}

/// What of the limits one process can be held to. Memory is what it may write to: interpreters reserve addresses by the
/// gigabyte that they never touch.
fn rlimits(command: &NativeCommand) -> [String; 5] {
    let limits = &command.limits;
    [
        format!("--data={}", limits.memory_bytes),
        format!("--fsize={}", limits.largest_file),
        format!("--nofile={}", limits.open_files),
        format!("--nproc={}", command.most_processes()),
        "--core=0".to_owned(),
    ]
}

/// The whole environment: nothing of ours is in it. The programs of a virtual environment in the working directory come
/// first (`spec/04` E9).
fn environment(working_directory: &Path) -> Vec<(&'static str, OsString)> {
    let mut path = OsString::from(PROGRAMS);
    let mut variables = vec![
        ("HOME", "/tmp".into()),
        ("LANG", "C.UTF-8".into()),
        ("LOGNAME", "agent".into()),
        ("TERM", "dumb".into()),
        ("USER", "agent".into()),
    ];
    let venv: PathBuf = working_directory.join(".venv");
    if venv.join("bin").is_dir() {
        let mut with_venv = venv.join("bin").into_os_string();
        with_venv.push(":");
        with_venv.push(path);
        path = with_venv;
        variables.push(("VIRTUAL_ENV", venv.into()));
    }
    variables.push(("PATH", path));
    variables
}

/// The machine's shell: bash, as in the sandbox, where there is one.
fn shell() -> &'static str {
    match Path::new("/bin/bash").exists() {
        true => "/bin/bash",
        false => "/bin/sh",
    }
}

/// Where the machine has `prlimit`.
fn prlimit() -> Result<&'static str, LocalError> {
    let places = ["/usr/bin/prlimit", "/bin/prlimit"];
    let mut found = places.into_iter().filter(|path| Path::new(path).exists());
    found.next().ok_or_else(|| LocalError::Missing {
        program: places[0],
        package: "util-linux",
        source: std::io::ErrorKind::NotFound.into(),
    })
}

async fn help_of_bubblewrap() -> Result<String, LocalError> {
    let output = Command::new("bwrap").arg("--help").output().await;
    let output = output.map_err(|source| LocalError::Missing {
        program: "bwrap",
        package: "bubblewrap",
        source,
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
