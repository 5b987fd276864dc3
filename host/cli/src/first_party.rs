//! The plugins inside the binary.

/// One packed plugin; the table is written by `build.rs`.
pub(crate) struct Packed {
    pub(crate) manifest: &'static str,
    /// BLAKE3 of the component, in hexadecimal.
    pub(crate) digest: &'static str,
    /// Bytes of the component.
    pub(crate) size: usize,
    /// The component, compressed by zstd.
    pub(crate) compressed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/plugins.rs"));
