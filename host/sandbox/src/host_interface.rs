//! `massgen:plugin/host`: what a plugin may ask of the host besides WASI.

use massgen_permissions::{Access, Extent, Policy};
use wasmtime::component::HasData;

use crate::call::Cancel;

wasmtime::component::bindgen!({
    path: "../../wit/plugin.wit",
    world: "massgen:plugin/tool-plugin",
    exports: { default: async },
});

use massgen::plugin::host;

/// What the host interface tells one guest, and what it hears from it.
pub(crate) struct GuestFacts {
    pub(crate) plugin: String,
    pub(crate) configuration: String,
    pub(crate) working_directory: String,
    pub(crate) granted: Vec<host::GrantedPath>,
    pub(crate) cancel: Cancel,
    pub(crate) log: Vec<String>,
}

impl GuestFacts {
    /// Lines kept of one call; a guest can log without end.
    const LOG_LINES: usize = 1_000;

    /// Characters kept of one line.
    const LINE_LENGTH: usize = 4_096;
}

/// The granted paths as the contract lists them.
pub(crate) fn granted_paths(policy: &Policy) -> Vec<host::GrantedPath> {
    let granted = policy.grants.iter().map(|grant| host::GrantedPath {
        path: grant.path.display().to_string(),
        access: match policy.current_access(grant) {
            Access::Read => host::Access::Read,
            Access::Write => host::Access::Write,
        },
        single_file: grant.extent == Extent::File,
    });
    granted.collect()
}

/// Selects [`GuestFacts`] as the implementation behind the linker's `massgen:plugin/host`.
pub(crate) struct HasFacts;

impl HasData for HasFacts {
    type Data<'a> = &'a mut GuestFacts;
}

impl host::Host for GuestFacts {
    fn log(&mut self, level: host::Level, message: String) {
        if self.log.len() >= Self::LOG_LINES {
            return;
        }
        let line: String = message.chars().take(Self::LINE_LENGTH).collect();
        match level {
            host::Level::Debug => tracing::debug!(plugin = %self.plugin, "{line}"),
            host::Level::Info => tracing::info!(plugin = %self.plugin, "{line}"),
            host::Level::Warning => tracing::warn!(plugin = %self.plugin, "{line}"),
            host::Level::Error => tracing::error!(plugin = %self.plugin, "{line}"),
        }
        self.log.push(line);
    }

    fn progress(&mut self, done: u64, total: Option<u64>, message: String) {
        let line: String = message.chars().take(Self::LINE_LENGTH).collect();
        tracing::info!(plugin = %self.plugin, done, total, "{line}");
    }

    fn configuration(&mut self) -> String {
        self.configuration.clone()
    }

    fn cancelled(&mut self) -> bool {
        self.cancel.is_cancelled()
    }

    fn working_directory(&mut self) -> String {
        self.working_directory.clone()
    }

    fn granted_paths(&mut self) -> Vec<host::GrantedPath> {
        self.granted.clone()
    }
}
