//! The plugins inside the binary.

use std::time::Instant;

use massgen_sandbox::{Commands, Manifest, Plugin, Sandbox};

use crate::exit::Failure;

/// One packed plugin; the table is written by `build.rs`.
pub(crate) struct Packed {
    manifest: &'static str,
    /// BLAKE3 of the component, in hexadecimal.
    digest: &'static str,
    /// Bytes of the component.
    size: usize,
    /// The component, compressed by zstd.
    compressed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));

/// Loads every plugin in the binary. What was not compiled for this machine yet is compiled now, with a word about it:
/// an interpreter takes half a minute, once.
pub(crate) fn load(sandbox: &Sandbox) -> Result<Vec<Plugin>, Failure> {
    PLUGINS
        .iter()
        .map(|packed| load_one(sandbox, packed))
        .collect()
}

/// Loads the command of this name, and what it may start: all commands, if its manifest declares that it starts some.
/// None if no plugin in the binary provides the name.
pub(crate) fn command(sandbox: &Sandbox, name: &str) -> Result<Option<(Sandbox, Plugin)>, Failure> {
    let mut packed = None;
    for candidate in PLUGINS {
        let manifest = Manifest::parse(candidate.manifest)?;
        if manifest.provides.iter().any(|provided| provided == name) {
            packed = Some((candidate, manifest));
        }
    }
    let Some((packed, manifest)) = packed else {
        return Ok(None);
    };
    if !manifest.starts_commands() {
        let plugin = load_one(sandbox, packed)?;
        return Ok(Some((sandbox.clone(), plugin)));
    }
    let commands = Commands::of(&load(sandbox)?)?;
    let plugin = commands.find(name);
    Ok(plugin.map(|plugin| (sandbox.clone().with_commands(commands), plugin)))
}

/// The names of all commands in the binary, sorted.
pub(crate) fn command_names() -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for packed in PLUGINS {
        names.extend(Manifest::parse(packed.manifest)?.provides);
    }
    names.sort();
    Ok(names)
}

fn load_one(sandbox: &Sandbox, packed: &Packed) -> Result<Plugin, Failure> {
    let manifest = Manifest::parse(packed.manifest)?;
    let unpack = || zstd::decode_all(packed.compressed);
    if sandbox.is_prepared(packed.digest) {
        return Ok(sandbox.load(manifest, packed.digest, unpack)?);
    }
    let name = manifest.name.clone();
    notice(&format!(
        "Preparing the plugin `{name}` ({:.1} MB) for this machine; this happens once ...",
        packed.size as f64 / 1e6
    ));
    let started = Instant::now();
    let plugin = sandbox.load(manifest, packed.digest, unpack)?;
    notice(&format!(
        "The plugin `{name}` is ready after {:.1} s.",
        started.elapsed().as_secs_f64()
    ));
    Ok(plugin)
}

#[expect(
    clippy::print_stderr,
    reason = "progress of a long start, before any display exists"
)]
fn notice(text: &str) {
    eprintln!("{text}");
}
