//! Packs the first-party plugins into the binary: each component compressed, with its manifest and digest.
//!
//! They come from `plugins/target/artifacts`, where `cargo xtask plugins` puts them, or from the folder that
//! `MASSGEN_PLUGIN_ARTIFACTS` names.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() {
    println!("cargo::rerun-if-env-changed=MASSGEN_PLUGIN_ARTIFACTS");
    if let Err(error) = pack() {
        println!("cargo::error={error}");
    }
}

fn variable(name: &str) -> io::Result<PathBuf> {
    env::var_os(name)
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::other(format!("{name} is not set")))
}

fn pack() -> io::Result<()> {
    let folder = match env::var_os("MASSGEN_PLUGIN_ARTIFACTS") {
        Some(folder) => PathBuf::from(folder),
        None => variable("CARGO_MANIFEST_DIR")?.join("../../plugins/target/artifacts"),
    };
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = variable("OUT_DIR")?;
    let mut table = String::from("pub(crate) static PLUGINS: &[Packed] = &[\n");
    for manifest in manifests(&folder)? {
        let component = manifest.with_extension("wasm");
        println!("cargo::rerun-if-changed={}", manifest.display());
        println!("cargo::rerun-if-changed={}", component.display());
        table.push_str(&packed(&manifest, &component, &out)?);
    }
    table.push_str("];\n");
    fs::write(out.join("plugins.rs"), table)
}

/// The manifests in the folder, in the order of their names.
fn manifests(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let missing = || {
        io::Error::other(format!(
            "the first-party plugins are not built ({}): run `cargo xtask plugins`",
            folder.display()
        ))
    };
    let mut manifests = Vec::new();
    for entry in fs::read_dir(folder).map_err(|_| missing())? {
        let path = entry?.path();
        if path.extension().is_some_and(|suffix| suffix == "toml")
            && path.with_extension("wasm").is_file()
        {
            manifests.push(path);
        }
    }
    manifests.sort();
    if manifests.is_empty() {
        Err(missing())
    } else {
        Ok(manifests)
    }
}

/// Compresses a component into the output folder; its row of the table.
fn packed(manifest: &Path, component: &Path, out: &Path) -> io::Result<String> {
    // The highest level costs half a minute for an interpreter: worth it once for a release.
    let level = if env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        19
    } else {
        3
    };
    let bytes = fs::read(component)?;
    let digest = blake3::hash(&bytes).to_hex();
    let name = component
        .file_name()
        .ok_or_else(|| io::Error::other("a component without a name"))?;
    let file = out.join(name).with_extension("wasm.zst");
    fs::write(&file, zstd::encode_all(bytes.as_slice(), level)?)?;
    let mut row = String::new();
    let written = writeln!(
        row,
        "    Packed {{ manifest: {:?}, digest: {:?}, size: {}, compressed: include_bytes!({:?}) }},",
        fs::read_to_string(manifest)?,
        digest.as_str(),
        bytes.len(),
        file.display().to_string(),
    );
    written.map_err(io::Error::other)?;
    Ok(row)
}
