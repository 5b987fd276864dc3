//! The commands that guests may start, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::filesystem::Brought;
use crate::{Plugin, PluginKind};

/// Commands that cannot be offered together.
#[derive(Debug, thiserror::Error)]
pub enum CommandsError {
    /// Two plugins provide the same name.
    #[error(
        "the plugins `{first}` and `{second}` both provide the command `{name}`. Use one of them."
    )]
    Twice {
        /// The name.
        name: String,
        /// The plugin that had it first.
        first: String,
        /// The other.
        second: String,
    },
}

/// Names and the command components behind them. Cheap to clone.
#[derive(Clone, Default)]
pub struct Commands(Arc<BTreeMap<String, Plugin>>);

impl Commands {
    /// The names that the manifests of these plugins provide. Plugins that are no commands provide none.
    ///
    /// # Errors
    /// When two provide the same name.
    pub fn of<'a>(plugins: impl IntoIterator<Item = &'a Plugin>) -> Result<Self, CommandsError> {
        let mut commands: BTreeMap<String, Plugin> = BTreeMap::new();
        for plugin in plugins {
            let manifest = plugin.manifest();
            if manifest.kind != PluginKind::Command {
                continue;
            }
            for name in &manifest.provides {
                if let Some(first) = commands.insert(name.clone(), plugin.clone()) {
                    return Err(CommandsError::Twice {
                        name: name.clone(),
                        first: first.manifest().name.clone(),
                        second: manifest.name.clone(),
                    });
                }
            }
        }
        Ok(Self(Arc::new(commands)))
    }

    /// The command of this name.
    pub fn find(&self, name: &str) -> Option<Plugin> {
        self.0.get(name).cloned()
    }

    /// The files that they bring along.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Brought> + Clone {
        self.0
            .values()
            .filter_map(|plugin| plugin.inner.files.as_ref())
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}
