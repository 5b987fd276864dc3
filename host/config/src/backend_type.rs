//! The types of backends that a configuration may name: which API, where, and which of its fields (`spec/03` §2). Whose
//! it is and what it can do is in the catalogue.

use crate::catalogue::{TypeEntry, catalogue};
use crate::plan::BackendKind;
use crate::provider::Provider;

/// Request fields of Chat Completions that are passed on as they stand (the published API, and `extra_body`, whose
/// fields are merged into the request).
const CHAT_FIELDS: &[&str] = &[
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "n",
    "response_format",
    "reasoning_effort",
    "parallel_tool_calls",
    "tool_choice",
    "service_tier",
    "user",
    "extra_body",
];

/// What servers of one's own take besides (`spec/03` §3, "+ Inference").
const INFERENCE_FIELDS: &[&str] = &[
    "chat_template_kwargs",
    "top_k",
    "repetition_penalty",
    "separate_reasoning",
];

/// Request fields of the Messages API that are passed on; `stop` under its name there.
const CLAUDE_FIELDS: &[&str] = &[
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "stop_sequences",
    "thinking",
    "tool_choice",
    "metadata",
    "extra_body",
];

/// Request fields of the Responses API that are passed on; `max_tokens` and `reasoning_effort` under their names there.
const RESPONSES_FIELDS: &[&str] = &[
    "temperature",
    "top_p",
    "max_tokens",
    "max_output_tokens",
    "reasoning",
    "reasoning_effort",
    "text",
    "include",
    "store",
    "truncation",
    "parallel_tool_calls",
    "tool_choice",
    "service_tier",
    "metadata",
    "user",
    "extra_body",
];

/// Request fields of the Gemini API that are passed on, as the Python version and as the API writes them; `max_tokens`
/// and `stop` under their names there.
const GEMINI_FIELDS: &[&str] = &[
    "temperature",
    "top_p",
    "topP",
    "top_k",
    "topK",
    "max_tokens",
    "max_output_tokens",
    "maxOutputTokens",
    "stop",
    "stop_sequences",
    "stopSequences",
    "seed",
    "presence_penalty",
    "presencePenalty",
    "frequency_penalty",
    "frequencyPenalty",
    "response_mime_type",
    "responseMimeType",
    "response_schema",
    "responseSchema",
    "response_json_schema",
    "responseJsonSchema",
    "thinking_config",
    "thinkingConfig",
    "safety_settings",
    "safetySettings",
    "tool_config",
    "toolConfig",
    "extra_body",
];

/// Which key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// One of the user's; a server on this machine needs none.
    Own,
    /// One of the user's, or this word where there is none: servers of one's own ask for some key, and not for which.
    OwnOr(&'static str),
    /// None.
    Without,
}

/// A type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BackendType {
    /// Its name.
    pub(crate) name: &'static str,
    /// The codec.
    pub(crate) kind: BackendKind,
    /// Where the API is, unless `base_url` says otherwise.
    pub(crate) base_url: &'static str,
    pub(crate) key: Key,
    fields: &'static [&'static [&'static str]],
}

impl BackendType {
    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TYPES.iter().find(|known| known.name == name)
    }

    /// All types.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        TYPES.iter()
    }

    /// The names of all types.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Self::all().map(|known| known.name)
    }

    /// What the catalogue says of it.
    pub(crate) fn entry(&self) -> Option<&'static TypeEntry> {
        catalogue().backend_type(self.name)
    }

    /// Whose it is; none where the host tells.
    pub(crate) fn provider(&self) -> Option<Provider> {
        catalogue()
            .provider(self.entry()?.provider.as_deref()?)
            .map(Provider::from)
    }

    /// The request fields that are passed on.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().copied().flatten().copied()
    }
}

/// A type that speaks Chat Completions on a server of one's own.
const fn own_server(name: &'static str, base_url: &'static str, key: &'static str) -> BackendType {
    BackendType {
        name,
        kind: BackendKind::ChatCompletion,
        base_url,
        key: Key::OwnOr(key),
        fields: &[CHAT_FIELDS, INFERENCE_FIELDS],
    }
}

const TYPES: [BackendType; 14] = [
    BackendType {
        name: "chatcompletion",
        kind: BackendKind::ChatCompletion,
        base_url: BackendKind::ChatCompletion.default_base_url(),
        key: Key::Own,
        fields: &[CHAT_FIELDS],
    },
    BackendType {
        name: "azure_openai",
        kind: BackendKind::AzureOpenAi,
        // Every customer has an address of their own.
        base_url: "",
        key: Key::Own,
        fields: &[CHAT_FIELDS],
    },
    BackendType {
        name: "claude",
        kind: BackendKind::Claude,
        base_url: BackendKind::Claude.default_base_url(),
        key: Key::Own,
        fields: &[CLAUDE_FIELDS],
    },
    BackendType {
        name: "openai",
        kind: BackendKind::OpenAi,
        base_url: BackendKind::OpenAi.default_base_url(),
        key: Key::Own,
        fields: &[RESPONSES_FIELDS],
    },
    BackendType {
        name: "claude_code",
        kind: BackendKind::ClaudeCode,
        base_url: "",
        // It may be logged in.
        key: Key::Without,
        fields: &[],
    },
    BackendType {
        name: "gemini",
        kind: BackendKind::Gemini,
        base_url: BackendKind::Gemini.default_base_url(),
        key: Key::Own,
        fields: &[GEMINI_FIELDS],
    },
    BackendType {
        name: "grok",
        kind: BackendKind::ChatCompletion,
        base_url: "https://api.x.ai/v1",
        key: Key::Own,
        fields: &[CHAT_FIELDS],
    },
    BackendType {
        name: "zai",
        kind: BackendKind::ChatCompletion,
        base_url: "https://api.z.ai/api/paas/v4",
        key: Key::Own,
        fields: &[CHAT_FIELDS],
    },
    own_server("lmstudio", "http://localhost:1234/v1", "lm-studio"),
    own_server("ollama", "http://localhost:11434/v1", "ollama"),
    own_server("vllm", "http://localhost:8000/v1", "EMPTY"),
    own_server("sglang", "http://localhost:30000/v1", "EMPTY"),
    own_server("inference", "http://localhost:8000/v1", "EMPTY"),
    BackendType {
        name: "replay",
        kind: BackendKind::Replay,
        base_url: "",
        key: Key::Without,
        // What it was recorded with may stay in its section.
        fields: &[CHAT_FIELDS],
    },
];
