//! What is known beforehand of backend types, providers, models and prices: one data file with a date,
//! `catalogue/models.toml`, read once. Names are matched as they stand; what the file does not know is unknown, and
//! never guessed from a name that looks alike.

mod capability;
mod price;

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize};

use crate::backend_type::BackendType;
use crate::plan::BackendKind;

pub use capability::Capability;
pub use price::{Price, Rate, Tokens, Usd, cost_text};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    #[expect(
        clippy::expect_used,
        reason = "the file is part of the program, and the tests below read it"
    )]
    toml::from_str(include_str!("catalogue/models.toml")).expect("models.toml is well-formed")
});

/// The data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The day of which all prices are true, as `YYYY-MM-DD`.
    pub as_of: String,
    /// The backend types.
    pub types: Vec<TypeEntry>,
    /// The providers.
    pub providers: Vec<ProviderEntry>,
}

/// A backend type.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TypeEntry {
    /// As in the key `type`.
    pub name: String,
    /// Whose API it asks; none where the host of `base_url` tells.
    pub provider: Option<String>,
    /// What that API can do, whether or not this version asks for it.
    pub capabilities: Vec<Capability>,
    /// Tools that run at the provider, by the provider's names.
    #[serde(default)]
    pub built_in_tools: Vec<String>,
    /// The model to begin with; none where every server has its own.
    pub default_model: Option<String>,
}

/// A provider.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderEntry {
    /// As people know it.
    pub name: String,
    /// Hosts of its Chat Completions, each with its subdomains.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Environment variables in which its key is looked for; the first that is set counts.
    #[serde(default, deserialize_with = "kept")]
    pub key_variables: Vec<&'static str>,
    /// Those of its models that are known here; it may serve more.
    #[serde(default)]
    pub models: Vec<Model>,
}

/// A model of a provider.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// As in the key `model`.
    pub name: String,
    /// Further names with the same limits and the same price.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Tokens that request and answer may have together, where known.
    pub context: Option<u64>,
    /// Tokens that an answer may have, where known.
    pub max_output: Option<u64>,
    /// List price, where known.
    pub price: Option<Price>,
}

/// The catalogue of this version.
pub fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

/// Texts for the rest of the process. The catalogue is read once, so what is kept here is the file.
fn kept<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'static str>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|text| &*text.leak()).collect())
}

impl Catalogue {
    /// The types that this version speaks and that ask a provider.
    pub fn available(&self) -> impl Iterator<Item = &TypeEntry> {
        self.types.iter().filter(|entry| {
            BackendType::named(&entry.name).is_some_and(|known| known.kind != BackendKind::Replay)
        })
    }

    /// The type of this name.
    pub fn backend_type(&self, name: &str) -> Option<&TypeEntry> {
        self.types.iter().find(|entry| entry.name == name)
    }

    /// The provider of this name.
    pub fn provider(&self, name: &str) -> Option<&ProviderEntry> {
        self.providers.iter().find(|entry| entry.name == name)
    }

    /// The provider at a host in lower case.
    pub(crate) fn provider_at(&self, host: &str) -> Option<&ProviderEntry> {
        let is_of = |domain: &String| {
            host.strip_suffix(domain.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.providers
            .iter()
            .find(|provider| provider.hosts.iter().any(is_of))
    }

    /// The providers that a type asks: its own, or, where the host of `base_url` tells, those that have a host and no
    /// type.
    pub fn providers_of(&self, entry: &TypeEntry) -> Vec<&ProviderEntry> {
        let has_type = |name: &str| {
            let mut types = self.types.iter();
            types.any(|other| other.provider.as_deref() == Some(name))
        };
        match &entry.provider {
            Some(name) => self.provider(name).into_iter().collect(),
            None => self
                .providers
                .iter()
                .filter(|provider| !provider.hosts.is_empty() && !has_type(&provider.name))
                .collect(),
        }
    }

    /// The model that a provider serves under this name.
    pub fn model(&self, provider: &str, name: &str) -> Option<&Model> {
        let models = &self.provider(provider)?.models;
        models
            .iter()
            .find(|model| model.name == name || model.aliases.iter().any(|alias| alias == name))
    }

    /// A provider's list price for the model of this name; none where it is not known.
    pub fn price(&self, provider: &str, model: &str) -> Option<&Price> {
        self.model(provider, model)?.price.as_ref()
    }
}

impl TypeEntry {
    /// Whether the type's API can do this.
    pub fn has(&self, capability: Capability) -> bool {
        self.capabilities.contains(&capability)
    }
}

#[cfg(test)]
mod tests;
