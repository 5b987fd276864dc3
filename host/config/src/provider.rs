//! Who answers at a base URL, and which variable holds the key for it (`spec/03` §2).

use crate::catalogue::{ProviderEntry, catalogue};

/// A provider of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// As people know it.
    pub name: &'static str,
    /// The environment variables in which its key is looked for, the first that is set counts.
    pub key_variables: &'static [&'static str],
}

impl Provider {
    /// The provider at a host in lower case. An unknown host speaks the same protocol under the generic name; its key is
    /// looked for where OpenAI's is.
    pub fn at(host: &str) -> Self {
        let generic = Self {
            name: "Chat Completions",
            key_variables: &["OPENAI_API_KEY"],
        };
        catalogue().provider_at(host).map_or(generic, Self::from)
    }
}

impl From<&'static ProviderEntry> for Provider {
    fn from(entry: &'static ProviderEntry) -> Self {
        Self {
            name: &entry.name,
            key_variables: &entry.key_variables,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_its_subdomains_are_known_and_look_alikes_are_not() {
        assert_eq!(Provider::at("api.groq.com").name, "Groq");
        assert_eq!(Provider::at("groq.com").key_variables, ["GROQ_API_KEY"]);
        assert_eq!(Provider::at("api.z.ai").name, "ZAI");
        assert_eq!(Provider::at("evilgroq.com").name, "Chat Completions");
        assert_eq!(
            Provider::at("groq.com.example.org").name,
            "Chat Completions"
        );
    }
}
