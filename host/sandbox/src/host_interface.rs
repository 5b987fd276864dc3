//! `massgen:plugin/host`: what a plugin may ask of the host besides WASI.

use massgen_permissions::{Access, Extent, Policy};
use wasmtime::component::HasData;

use crate::call::Cancel;
use crate::filesystem::GateView;

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

/// Selects [`HostView`] as the implementation behind the linker's `massgen:plugin/host`.
pub(crate) struct HasHost;

impl HasData for HasHost {
    type Data<'a> = HostView<'a>;
}

/// What the host interface works on, for the length of one host call.
pub(crate) struct HostView<'a> {
    pub(crate) facts: &'a mut GuestFacts,
    pub(crate) gate: GateView<'a>,
}

/// Paths that [`host::Host::removal_refusals`] looks at in one call. A guest is not interrupted during a host call, so
/// this bounds how long one takes.
const ASKED_AT_ONCE: usize = 4_096;

impl host::Host for HostView<'_> {
    fn log(&mut self, level: host::Level, message: String) {
        if self.facts.log.len() >= GuestFacts::LOG_LINES {
            return;
        }
        let line: String = message.chars().take(GuestFacts::LINE_LENGTH).collect();
        match level {
            host::Level::Debug => tracing::debug!(plugin = %self.facts.plugin, "{line}"),
            host::Level::Info => tracing::info!(plugin = %self.facts.plugin, "{line}"),
            host::Level::Warning => tracing::warn!(plugin = %self.facts.plugin, "{line}"),
            host::Level::Error => tracing::error!(plugin = %self.facts.plugin, "{line}"),
        }
        self.facts.log.push(line);
    }

    fn progress(&mut self, done: u64, total: Option<u64>, message: String) {
        let line: String = message.chars().take(GuestFacts::LINE_LENGTH).collect();
        tracing::info!(plugin = %self.facts.plugin, done, total, "{line}");
    }

    fn configuration(&mut self) -> String {
        self.facts.configuration.clone()
    }

    fn cancelled(&mut self) -> bool {
        self.facts.cancel.is_cancelled()
    }

    fn working_directory(&mut self) -> String {
        self.facts.working_directory.clone()
    }

    fn granted_paths(&mut self) -> Vec<host::GrantedPath> {
        self.facts.granted.clone()
    }

    fn removal_refusals(&mut self, paths: Vec<String>) -> Vec<host::RemovalRefusal> {
        let mut refusals = Vec::new();
        for path in paths.into_iter().take(ASKED_AT_ONCE) {
            if let Some((rule, reason)) = self.gate.refusal_of_removal(&path) {
                let rule = rule.name().to_owned();
                refusals.push(host::RemovalRefusal { path, rule, reason });
            }
        }
        refusals
    }
}
