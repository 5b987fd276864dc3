//! Who answers at a base URL, and which variable holds the key for it (`spec/03` §2).

/// A provider of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    /// As people know it.
    pub name: &'static str,
    /// The environment variables in which its key is looked for, the first that is set counts.
    pub key_variables: &'static [&'static str],
}

/// Host, display name, variables. A host also stands for its subdomains.
const PROVIDERS: [(&str, &str, &[&str]); 14] = [
    ("api.openai.com", "OpenAI", &["OPENAI_API_KEY"]),
    ("cerebras.ai", "Cerebras AI", &["CEREBRAS_API_KEY"]),
    ("together.xyz", "Together AI", &["TOGETHER_API_KEY"]),
    ("fireworks.ai", "Fireworks AI", &["FIREWORKS_API_KEY"]),
    ("groq.com", "Groq", &["GROQ_API_KEY"]),
    ("nebius.com", "Nebius AI Studio", &["NEBIUS_API_KEY"]),
    ("openrouter.ai", "OpenRouter", &["OPENROUTER_API_KEY"]),
    ("z.ai", "ZAI", &["ZAI_API_KEY"]),
    ("bigmodel.cn", "ZAI", &["ZAI_API_KEY"]),
    ("moonshot.ai", "Kimi", &["MOONSHOT_API_KEY", "KIMI_API_KEY"]),
    ("moonshot.cn", "Kimi", &["MOONSHOT_API_KEY", "KIMI_API_KEY"]),
    ("poe.com", "POE", &["POE_API_KEY"]),
    ("aliyuncs.com", "Qwen", &["QWEN_API_KEY"]),
    ("x.ai", "Grok", &["XAI_API_KEY"]),
];

impl Provider {
    /// The provider at a host in lower case. An unknown host speaks the same protocol under the generic name; its key is
    /// looked for where OpenAI's is.
    pub fn at(host: &str) -> Self {
        let found = PROVIDERS.iter().find(|(domain, ..)| {
            host.strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        let (name, key_variables) = found.map_or(
            ("Chat Completions", ["OPENAI_API_KEY"].as_slice()),
            |(_, name, variables)| (*name, *variables),
        );
        Self {
            name,
            key_variables,
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
