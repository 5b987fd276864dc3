//! Who answers at a base URL: the display name and the variable that holds its key (spec: Python MassGen's URL table).

/// A known provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    /// The environment variables in which its key is looked for; empty for servers that need none.
    pub(super) key_variables: &'static [&'static str],
}

/// Host, display name, variables. A host also stands for its subdomains.
const PROVIDERS: &[(&str, &str, &[&str])] = &[
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

/// The provider at a host. An unknown host speaks the same protocol under the generic name; its key is looked for
/// where OpenAI's is.
pub(super) fn provider_at(host: &str) -> Provider {
    let found = PROVIDERS.iter().find(|(domain, ..)| {
        host.strip_suffix(domain)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    match found {
        Some((_, name, key_variables)) => Provider {
            name,
            key_variables,
        },
        None => Provider {
            name: "Chat Completions",
            key_variables: &["OPENAI_API_KEY"],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_its_subdomains_are_known_and_look_alikes_are_not() {
        assert_eq!(provider_at("api.groq.com").name, "Groq");
        assert_eq!(provider_at("groq.com").key_variables, ["GROQ_API_KEY"]);
        assert_eq!(provider_at("api.z.ai").name, "ZAI");
        assert_eq!(provider_at("evilgroq.com").name, "Chat Completions");
        assert_eq!(provider_at("groq.com.example.org").name, "Chat Completions");
    }
}
