//! Builds the `python` plugin with componentize-py, in a virtual environment of its own.
//!
//! The compiler is pinned by version and content hash in `plugins/python/requirements.txt`. A build
//! takes about half a minute and is skipped while nothing that it reads has changed.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{
    fingerprint,
    guests::{self, MANIFEST},
    layout::Layout,
    run::{self, Failure},
};

/// The world in `plugins/python/wit` that the component implements.
const WORLD: &str = "massgen:python/command";

/// The Python package whose import is the component's start-up.
const PACKAGE: &str = "massgen_python";

/// Builds the component, or leaves it where it is up to date.
///
/// # Errors
/// Python or its `venv` module is missing, the compiler cannot be downloaded, or the build fails.
pub(crate) fn build(layout: &Layout) -> Result<(), Failure> {
    let workspace = layout.plugins();
    let sources = workspace.join("python");
    let manifest = sources.join(MANIFEST);
    let requirements = sources.join("requirements.txt");
    let scratch = workspace.join("target/python-build");

    let inputs = [
        sources.join("src"),
        sources.join("wit"),
        layout.wit(),
        requirements.clone(),
        manifest.clone(),
    ];
    let built_from = format!("{WORLD} {PACKAGE} {}", fingerprint::of(&inputs)?);
    let stamp = scratch.join("built-from");
    let name = guests::plugin_name(&manifest)?;
    let artifact = guests::artifacts(&workspace).join(format!("{name}.wasm"));
    if artifact.is_file() && fs::read_to_string(&stamp).is_ok_and(|last| last == built_from) {
        println!("{} is up to date", artifact.display());
        return Ok(());
    }

    let tools = virtual_environment(&workspace.join("target/python-venv"), &requirements)?;
    let component = componentize(layout, &sources, &scratch, &tools)?;
    guests::install(&component, &manifest, &guests::artifacts(&workspace))?;
    fs::write(&stamp, built_from).map_err(Failure::file("write", &stamp))
}

fn componentize(
    layout: &Layout,
    sources: &Path,
    scratch: &Path,
    tools: &Path,
) -> Result<PathBuf, Failure> {
    // The compiler lets the guest write bytecode beside the sources, so it works on a copy.
    let copy = scratch.join("src");
    copy_tree(&sources.join("src"), &copy)?;
    // It also takes in the site-packages of whatever Python it finds; this one is empty.
    let environment = scratch.join("environment");
    create_folder(&environment.join("lib/python3/site-packages"))?;
    let component = scratch.join("component.wasm");
    run::program(tools.join("componentize-py"), layout.root())
        .env("VIRTUAL_ENV", &environment)
        .args(["--quiet", "--wit-path"])
        .args([layout.wit()])
        .args(["--wit-path"])
        .args([sources.join("wit")])
        .args(["--world", WORLD, "componentize", PACKAGE, "--python-path"])
        .args([copy])
        .args(["--output"])
        .args([&component])
        .run()?;
    Ok(component)
}

/// Makes sure that the virtual environment holds exactly the pinned compiler; returns the folder
/// of its programs.
fn virtual_environment(folder: &Path, requirements: &Path) -> Result<PathBuf, Failure> {
    let tools = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let stamp = folder.join("installed-from");
    let wanted = fs::read_to_string(requirements).map_err(Failure::file("read", requirements))?;
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(tools);
    }
    let parent = folder.parent().unwrap_or(folder);
    create_folder(parent)?;
    create_environment(folder, parent)?;
    run::program(tools.join("python"), parent)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args([
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--requirement",
        ])
        .args([requirements])
        .run()?;
    fs::write(&stamp, wanted).map_err(Failure::file("write", &stamp))?;
    Ok(tools)
}

fn create_environment(folder: &Path, parent: &Path) -> Result<(), Failure> {
    let python = env::var_os("MASSGEN_PYTHON").unwrap_or_else(|| "python3".into());
    if !run::program(&python, parent).args(["--version"]).succeeds() {
        return Err(Failure::Missing(format!(
            "the python component is built by a Python 3.9 or newer, and `{}` does not run. \
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
                "{failure}: the python component is built in a virtual environment. \
                 Install what makes one with `apt-get install python3-venv`"
            ))
        })
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), Failure> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(Failure::file("remove", to))?;
    }
    for file in fingerprint::files_under(from)? {
        let copy = to.join(file.strip_prefix(from).unwrap_or(&file));
        create_folder(copy.parent().unwrap_or(to))?;
        fs::copy(&file, &copy).map_err(Failure::file("write", &copy))?;
    }
    Ok(())
}

fn create_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(Failure::file("create", path))
}
