//! Builds the `python` plugin with componentize-py, in a virtual environment of its own.
//!
//! The compiler is pinned by version and content hash in `plugins/python/requirements.txt`, and the
//! packages that the interpreter brings along in `packages.txt`. A build takes about a minute and is
//! skipped while nothing that it reads has changed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    fingerprint,
    guests::{self, MANIFEST},
    layout::Layout,
    run::{self, Failure},
    venv,
};

/// The world in `plugins/python/wit` that the component implements.
const WORLD: &str = "massgen:python/command";

/// The Python package whose import is the component's start-up.
const PACKAGE: &str = "massgen_python";

/// The version of the interpreter that the compiler brings, for the choice of packages.
const GUEST_PYTHON: &str = "3.14";

/// Builds the component, or leaves it where it is up to date.
///
/// # Errors
/// Python or its `venv` module is missing, the compiler cannot be downloaded, or the build fails.
pub(crate) fn build(layout: &Layout) -> Result<(), Failure> {
    let workspace = layout.plugins();
    let sources = workspace.join("python");
    let manifest = sources.join(MANIFEST);
    let requirements = sources.join("requirements.txt");
    let pinned = sources.join("packages.txt");
    let scratch = workspace.join("target/python-build");

    let inputs = [
        sources.join("src"),
        sources.join("wit"),
        sources.join("packages"),
        pinned.clone(),
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

    let tools = tools(layout)?;
    let environment = scratch.join("environment");
    install_packages(&tools, &pinned, &sources.join("packages"), &environment)?;
    let component = componentize(layout, &sources, &scratch, &tools, &environment)?;
    guests::install(&component, &manifest, &guests::artifacts(&workspace))?;
    fs::write(&stamp, built_from).map_err(Failure::file("write", &stamp))
}

/// The folder of the programs in the virtual environment of the python component's compiler.
///
/// # Errors
/// Python or its `venv` module is missing, or the compiler cannot be downloaded.
pub(crate) fn tools(layout: &Layout) -> Result<PathBuf, Failure> {
    venv::with(
        "the python component",
        &layout.plugins().join("target/python-venv"),
        &layout.plugins().join("python/requirements.txt"),
    )
}

fn componentize(
    layout: &Layout,
    sources: &Path,
    scratch: &Path,
    tools: &Path,
    environment: &Path,
) -> Result<PathBuf, Failure> {
    // The compiler lets the guest write bytecode beside the sources, so it works on a copy.
    let copy = scratch.join("src");
    copy_tree(&sources.join("src"), &copy)?;
    let component = scratch.join("component.wasm");
    run::program(tools.join("componentize-py"), layout.root())
        // Else it would take in the site-packages of whatever Python it finds.
        .env("VIRTUAL_ENV", environment)
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

/// Fills the environment's site directory: the pinned packages, and those of this repository.
fn install_packages(
    tools: &Path,
    pinned: &Path,
    own: &Path,
    environment: &Path,
) -> Result<(), Failure> {
    let site = environment.join("lib/python3/site-packages");
    if environment.exists() {
        fs::remove_dir_all(environment).map_err(Failure::file("remove", environment))?;
    }
    copy_tree(own, &site)?;
    venv::pip_install(tools, environment, pinned)
        .args(["--no-deps", "--no-compile"])
        // Wheels for the guest's interpreter, not for this one; of its platform there are none.
        .args([
            "--platform",
            "any",
            "--implementation",
            "py",
            "--abi",
            "none",
        ])
        .args(["--python-version", GUEST_PYTHON, "--target"])
        .args([&site])
        .run()
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
