//! Tools that run at the provider, for one of its models: a search of the web, code in a container of the provider's.

use crate::backend_type::BackendType;
use crate::plan::BackendKind;
use crate::section::Section;

/// A tool of the provider's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderTool {
    /// Searches the web; `enable_web_search`.
    WebSearch,
    /// Runs code; `enable_code_execution`, `enable_code_interpreter`.
    CodeExecution,
}

/// The keys that ask for them.
const KEYS: [(&str, ProviderTool); 3] = [
    ("enable_web_search", ProviderTool::WebSearch),
    ("enable_code_execution", ProviderTool::CodeExecution),
    ("enable_code_interpreter", ProviderTool::CodeExecution),
];

/// Whether this version can ask a type's API for its tools.
fn is_spoken(known: &BackendType) -> bool {
    matches!(
        known.kind,
        BackendKind::OpenAi | BackendKind::Claude | BackendKind::Gemini
    )
}

/// The tools that a section asks for, each once. What its type does not have is not read, and told elsewhere.
pub(crate) fn read(section: &Section<'_>, known: &BackendType) -> Vec<ProviderTool> {
    if !is_spoken(known) {
        return Vec::new();
    }
    let asked = KEYS
        .into_iter()
        .filter(|(key, _)| section.boolean(key) == Some(true));
    let mut tools: Vec<_> = asked.map(|(_, tool)| tool).collect();
    tools.sort();
    tools.dedup();
    if let (BackendKind::Gemini, false) = (known.kind, tools.is_empty()) {
        let key = KEYS
            .into_iter()
            .find(|(key, _)| section.boolean(key) == Some(true));
        let key = key.map_or("type", |(key, _)| key);
        section.findings.warning(
            section.place_of(key),
            &section.key(key),
            "Gemini takes its own tools only in requests without functions, and agents have functions while they answer \
             and vote: it is used only by a winner that presents without tools.",
            "For answers that rest on a search give another agent the web search.",
        );
    }
    tools
}

/// Whether a key is read here for this type.
pub(crate) fn reads(known: Option<&BackendType>, key: &str) -> bool {
    known.is_some_and(is_spoken) && KEYS.iter().any(|(name, _)| *name == key)
}
