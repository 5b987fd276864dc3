//! A real daemon to talk with, and small images in it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// An image with busybox, and one without any program.
pub(crate) const IMAGE: &str = "massgen-test/busybox:latest";
pub(crate) const WITHOUT_SHELL: &str = "massgen-test/shellless:latest";

/// The socket of a daemon that has the images, or why there is none.
fn daemon() -> &'static Result<PathBuf, String> {
    static DAEMON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    DAEMON.get_or_init(|| {
        let socket = match std::env::var("DOCKER_HOST") {
            Ok(host) => match host.strip_prefix("unix://") {
                Some(path) => PathBuf::from(path),
                None => return Err(format!("DOCKER_HOST is {host} and no socket")),
            },
            Err(_) if Path::new("/var/run/docker.sock").exists() => "/var/run/docker.sock".into(),
            Err(_) => start()?,
        };
        make_images(&socket)?;
        Ok(socket)
    })
}

/// The daemon's socket; tells where there is none.
pub(crate) fn socket() -> Option<&'static Path> {
    match daemon() {
        Ok(path) => Some(path),
        Err(reason) => {
            // Past the capture of tests that pass.
            let said = format!("SKIPPED: no Docker daemon to test with: {reason}\n");
            let _ = std::io::stderr().write_all(said.as_bytes());
            None
        }
    }
}

/// Starts a daemon of this test's own, without networks.
fn start() -> Result<PathBuf, String> {
    if !rustix::process::geteuid().is_root() {
        return Err("DOCKER_HOST is not set, and only root can start one".to_owned());
    }
    let folder = fresh_folder().map_err(|error| error.to_string())?;
    let place = |name: &str| folder.join(name);
    let socket = place("docker.sock");
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "TERM", "dockerd"])
        .args([
            "--storage-driver",
            "vfs",
            "--iptables=false",
            "--ip6tables=false",
            "--bridge=none",
        ])
        .arg("--data-root")
        .arg(place("data"))
        .arg("--exec-root")
        .arg(place("exec"))
        .arg("--pidfile")
        .arg(place("pid"))
        .arg("--host")
        .arg(format!("unix://{}", socket.display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let ended = kept_running(command)?;
    let until = Instant::now() + Duration::from_secs(30);
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        if let Ok(status) = ended.try_recv() {
            return Err(format!("dockerd ended with {status}; is it installed?"));
        }
        if Instant::now() > until {
            return Err("dockerd did not come up".to_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(socket)
}

/// A folder for the daemon of this process. It outlives the process, as the daemon does for a moment; those of processes
/// that are no more are removed here.
fn fresh_folder() -> std::io::Result<PathBuf> {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docker");
    std::fs::create_dir_all(&parent)?;
    for entry in std::fs::read_dir(&parent)? {
        let entry = entry?;
        let process = Path::new("/proc").join(entry.file_name());
        if !process.exists() {
            // What the kernel still holds goes the next time.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let folder = parent.join(std::process::id().to_string());
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Starts the daemon from a thread that lasts as long as this process: with it the daemon is told to end. What is
/// received is how it ended by itself.
fn kept_running(mut command: Command) -> Result<Receiver<ExitStatus>, String> {
    let (started, is_started) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    std::thread::spawn(move || {
        let child = command.spawn();
        let told = child.as_ref().map(|_| ()).map_err(ToString::to_string);
        let _ = started.send(told);
        if let Ok(status) = child.and_then(|mut child| child.wait()) {
            let _ = ended.send(status);
        }
    });
    let told = is_started.recv().map_err(|error| error.to_string())?;
    told.map_err(|error| format!("dockerd cannot be started: {error}"))?;
    Ok(has_ended)
}

/// Imports the images through the API itself.
fn make_images(socket: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let busybox = ["/bin/busybox", "/usr/bin/busybox"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .ok_or("there is no busybox to make an image of; the package is `busybox-static`")?;
    let root = folder.path().join("root");
    let script = format!(
        "set -e; mkdir -p '{root}'/bin '{root}'/tmp '{root}'/etc; cp {busybox} '{root}'/bin/busybox; \
         for name in $({busybox} --list | grep -v '^busybox$'); do ln -s busybox '{root}'/bin/$name; done; \
         mkdir '{root}'/../none; echo > '{root}'/../none/file; \
         tar -C '{root}' -cf '{root}'/../root.tar .; tar -C '{root}'/../none -cf '{root}'/../none.tar .",
        root = root.display()
    );
    let made = Command::new("sh").args(["-c", &script]).status();
    if !made.is_ok_and(|status| status.success()) {
        return Err("the images' files cannot be made".to_owned());
    }
    for (archive, image) in [("root.tar", IMAGE), ("none.tar", WITHOUT_SHELL)] {
        let bytes =
            std::fs::read(folder.path().join(archive)).map_err(|error| error.to_string())?;
        import(socket, image, bytes)?;
    }
    Ok(())
}

fn import(socket: &Path, image: &str, archive: Vec<u8>) -> Result<(), String> {
    let (name, tag) = image.rsplit_once(':').unwrap();
    let url = format!("http://docker/images/create?fromSrc=-&repo={name}&tag={tag}");
    let import = async {
        let client = reqwest::Client::builder().unix_socket(socket).build()?;
        let response = client.post(url).body(archive).send().await?;
        response.error_for_status()?.text().await
    };
    std::thread::scope(|scope| {
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(import)
        };
        scope.spawn(run).join().unwrap()
    })
    .map(|_| ())
    .map_err(|error| format!("{image} cannot be imported: {error}"))
}
