//! The plugins inside the binary.

use std::time::Instant;

use massgen_sandbox::{Manifest, Plugin, Sandbox};

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
