//! Python virtual environments that hold a pinned tool each: the compilers that come as Python packages.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::run::{self, Failure};

/// Makes sure that the virtual environment holds exactly the pinned `requirements`, which `purpose` needs;
/// returns the folder of its programs.
///
/// # Errors
/// Python or its `venv` module is missing, or a package cannot be downloaded.
pub(crate) fn with(purpose: &str, folder: &Path, requirements: &Path) -> Result<PathBuf, Failure> {
    let tools = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let stamp = folder.join("installed-from");
    let wanted = fs::read_to_string(requirements).map_err(Failure::file("read", requirements))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(tools);
    }
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent).map_err(Failure::file("create", parent))?;
    create(purpose, folder, parent)?;
    pip_install(&tools, parent, requirements).run()?;
    fs::write(&stamp, wanted).map_err(Failure::file("write", &stamp))?;
    Ok(tools)
}

/// The installation of wheels that are pinned by content hash, by the environment whose programs are in `tools`.
pub(crate) fn pip_install(tools: &Path, directory: &Path, pinned: &Path) -> run::Invocation {
    run::program(tools.join("python"), directory)
        .args(["-m", "pip", "install", "--quiet"])
        .args(["--disable-pip-version-check", "--require-hashes"])
        .args(["--only-binary", ":all:", "--requirement"])
        .args([pinned])
}

fn create(purpose: &str, folder: &Path, parent: &Path) -> Result<(), Failure> {
    let python = env::var_os("MASSGEN_PYTHON").unwrap_or_else(|| "python3".into());
    if !run::program(&python, parent).args(["--version"]).succeeds() {
        return Err(Failure::Missing(format!(
            "{purpose} is built by a Python 3.9 or newer, and `{}` does not run. \
             Install it with `apt-get install python3 python3-venv` (or name one in \
             MASSGEN_PYTHON)",
            python.to_string_lossy()
        )));
    }
    run::program(&python, parent)
        .args(["-m", "venv", "--clear"])
        .args([folder])
        .run()
        .map_err(|failure| {
            Failure::Missing(format!(
                "{failure}: {purpose} is built in a virtual environment. \
                 Install what makes one with `apt-get install python3-venv`"
            ))
        })
}
