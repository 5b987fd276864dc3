//! An agent's `backend` section: provider, model, key and request fields (`spec/02` §2.2, `spec/03` §2–3).

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::backend_type::{BackendType, Key};
use crate::command_line;
use crate::environment::Environment;
use crate::feature;
use crate::node::{Node, Tree};
use crate::plan::{ApiKey, BackendKind, BackendPlan};
use crate::program::Program;
use crate::provider::Provider;
use crate::provider_tool;
use crate::section::{Section, nearest};

/// Types that the Python version had and this version does not have yet.
pub(crate) const LATER_TYPES: [&str; 2] = ["ag2", "autogen"];

/// Keys that the Python version knows and this version ignores.
const LATER_KEYS: [&str; 22] = [
    "mcp_servers",
    "enable_web_search",
    "enable_code_interpreter",
    "enable_code_execution",
    "enable_image_generation",
    "enable_audio_generation",
    "enable_video_generation",
    "upload_files",
    "media_max_file_size_mb",
    "max_mcp_message_history",
    "circuit_breaker_enabled",
    "text",
    "reasoning",
    "chat_template_kwargs",
    "top_k",
    "repetition_penalty",
    "separate_reasoning",
    "system_prompt",
    "append_system_prompt",
    "max_thinking_tokens",
    "context_write_access_enabled",
    "agent_temporary_workspace",
];

/// Keys that narrow or move command execution. To ignore one would give an agent more than its user meant.
const SAFETY_KEYS: [&str; 5] = [
    "command_line_docker_credentials",
    "command_line_docker_packages",
    "command_line_docker_enable_sudo",
    "permission_mode",
    "disallowed_tools",
];

/// Those of them that are about Claude Code's own tools, which are switched off in any case.
const CLAUDE_CODE_KEYS: [&str; 2] = ["permission_mode", "disallowed_tools"];

/// Keys read elsewhere.
pub(crate) const SHARED_KEYS: [&str; 4] =
    ["cwd", "context_paths", "allowed_tools", "exclude_tools"];

/// Reads the section. `folder` is the configuration file's, against which a cassette is found.
pub(crate) fn read(
    section: &Section<'_>,
    folder: &Path,
    environment: &Environment,
) -> Option<BackendPlan> {
    let backend_type = backend_type(section);
    let model = section.filled("model").map(str::to_owned);
    let base_url = section
        .text("base_url")
        .map(|url| url.trim_end_matches('/').to_owned());
    let base_url = match backend_type {
        Some(known) if known.kind == BackendKind::AzureOpenAi => {
            azure_url(section, base_url, environment)
        }
        Some(known) => base_url.or_else(|| Some(known.base_url.to_owned())),
        None => None,
    };
    let given_key = api_key(section);
    let cassette = section.filled("cassette").map(|path| folder.join(path));
    let parameters = backend_type.map_or_else(Map::new, |known| request_fields(section, known));
    let provider_tools =
        backend_type.map_or_else(Vec::new, |known| provider_tool::read(section, known));
    report_keys(section, backend_type);
    let known = backend_type?;
    let base_url = base_url?;
    let host = host(&base_url).to_ascii_lowercase();
    let mut plan = BackendPlan {
        kind: known.kind,
        provider: known.provider().unwrap_or_else(|| Provider::at(&host)),
        model,
        base_url,
        api_key: given_key,
        program: None,
        cassette,
        provider_tools,
        parameters,
    };
    match plan.kind {
        BackendKind::ChatCompletion
        | BackendKind::AzureOpenAi
        | BackendKind::Claude
        | BackendKind::OpenAi
        | BackendKind::Gemini => {
            check_provider(section, &mut plan, known, &host, environment);
        }
        BackendKind::ClaudeCode => check_claude_code(section, &mut plan, environment),
        BackendKind::Replay => check_replay(section, plan.cassette.as_ref()),
    }
    Some(plan)
}

fn backend_type(section: &Section<'_>) -> Option<&'static BackendType> {
    let Some(node) = section.get("type") else {
        section.findings.error(
            section.place,
            &section.key("type"),
            "the backend has no type.",
            "Add `type: chatcompletion` with `base_url` and `model`, or `type: replay` with `cassette`.",
        );
        return None;
    };
    let Tree::Text(name) = &node.value else {
        section.mismatch("type", node, "text");
        return None;
    };
    if let Some(known) = BackendType::named(name) {
        return Some(known);
    }
    let (message, help) = if LATER_TYPES.contains(&name.as_str()) {
        let message = format!("the backend type `{name}` is not available in this version.");
        (message, available())
    } else {
        let help = match nearest(name, BackendType::names().chain(LATER_TYPES)) {
            Some(nearest) => format!("Did you mean `{nearest}`?"),
            None => available(),
        };
        (format!("there is no backend type `{name}`."), help)
    };
    section
        .findings
        .error(node.place, &section.key("type"), message, help);
    None
}

fn available() -> String {
    let names: Vec<String> = BackendType::names()
        .map(|name| format!("`{name}`"))
        .collect();
    format!(
        "Available: {} (`chatcompletion` is any OpenAI-compatible API, by `base_url`).",
        names.join(", ")
    )
}

/// The key in the file. A reference to a variable would reach the provider as it stands (`spec/02` §1.4 replaces
/// `${VAR}` elsewhere only) and come back as a refused key.
fn api_key(section: &Section<'_>) -> Option<ApiKey> {
    let key = section.filled("api_key")?;
    if key.starts_with('$') {
        section.findings.error(
            section.place_of("api_key"),
            &section.key("api_key"),
            "variables are not replaced here.",
            "Remove this key: the provider's variable is read from the environment without it.",
        );
    }
    Some(ApiKey::new(key))
}

fn request_fields(section: &Section<'_>, known: &BackendType) -> Map<String, Value> {
    let field = |name: &'static str| {
        section
            .get(name)
            .map(|node: &Node| (name.to_owned(), node.to_json()))
    };
    known.fields().filter_map(field).collect()
}

fn report_keys(section: &Section<'_>, known: Option<&BackendType>) {
    for name in SHARED_KEYS.into_iter().chain(command_line::KEYS) {
        let _ = section.get(name);
    }
    let fields: Vec<&str> = known.into_iter().flat_map(BackendType::fields).collect();
    for name in LATER_KEYS.into_iter().filter(|name| !fields.contains(name)) {
        let refused = |node| known.is_some_and(|known| feature::refuse(section, known, name, node));
        if let Some(node) = section.get(name)
            && !refused(node)
            && !provider_tool::reads(known, name)
        {
            section.findings.warning(
                node.place,
                &section.key(name),
                "not available in this version; it is ignored.",
                "",
            );
        }
    }
    let is_claude_code = known.is_some_and(|known| known.kind == BackendKind::ClaudeCode);
    for name in SAFETY_KEYS {
        let Some(node) = section.get(name) else {
            continue;
        };
        if is_claude_code && CLAUDE_CODE_KEYS.contains(&name) {
            section.findings.warning(
                node.place,
                &section.key(name),
                "Claude Code's own tools are switched off, so it has no effect: MassGen's tools and rules stand in their place.",
                "",
            );
        } else {
            section.findings.error(
                node.place,
                &section.key(name),
                "not available in this version, and ignoring it could allow more than was meant.",
                "Remove it.",
            );
        }
    }
    section.warn_about_the_rest(&[]);
}

/// The version of Azure's API where nothing is said (`spec/03` §2).
const AZURE_API_VERSION: &str = "2024-12-01-preview";

/// Where a customer's deployments are, with the version of the API as the query.
fn azure_url(
    section: &Section<'_>,
    base_url: Option<String>,
    environment: &Environment,
) -> Option<String> {
    let told = |key: &'static str, variable: &str| {
        let given = section.filled(key).map(str::to_owned);
        given.or_else(|| environment.variable(variable).map(str::to_owned))
    };
    let endpoint = base_url.or_else(|| told("azure_endpoint", "AZURE_OPENAI_ENDPOINT"));
    let version = told("api_version", "AZURE_OPENAI_API_VERSION");
    let Some(endpoint) = endpoint else {
        section.findings.missing(
            section.place,
            &section.key("azure_endpoint"),
            "the address of your Azure OpenAI resource is missing.",
            "Add `azure_endpoint: https://NAME.openai.azure.com`, or set AZURE_OPENAI_ENDPOINT in the environment or in a \
             `.env` file.",
        );
        return None;
    };
    if endpoint.contains('?') {
        return Some(endpoint);
    }
    let version = version.as_deref().unwrap_or(AZURE_API_VERSION);
    Some(format!(
        "{}?api-version={version}",
        endpoint.trim_end_matches('/')
    ))
}

fn check_provider(
    section: &Section<'_>,
    plan: &mut BackendPlan,
    known: &BackendType,
    host: &str,
    environment: &Environment,
) {
    if plan.model.is_none() {
        section.findings.error(
            section.place,
            &section.key("model"),
            format!("a `{}` backend needs a model.", known.name),
            "Add `model:` with the name the provider uses.",
        );
    }
    let base_url = &plan.base_url;
    let has_scheme = base_url.starts_with("https://") || base_url.starts_with("http://");
    if !has_scheme || host.is_empty() {
        section.findings.error(
            section.place_of("base_url"),
            &section.key("base_url"),
            format!("`{base_url}` is no web address."),
            "It must begin with https:// (or http:// for a server of your own).",
        );
        return;
    }
    if plan.api_key.is_some() || (known.key == Key::Own && is_loopback(host)) {
        return;
    }
    let variables = plan.provider.key_variables;
    let found = variables
        .iter()
        .find_map(|variable| environment.variable(variable));
    match (found, known.key) {
        (Some(key), _) => plan.api_key = Some(ApiKey::new(key)),
        (None, Key::OwnOr(word)) => plan.api_key = Some(ApiKey::new(word)),
        (None, Key::Without) => {}
        (None, Key::Own) => section.findings.missing(
            section.place,
            &section.key("api_key"),
            format!("there is no key for {host}."),
            format!(
                "Set {} in the environment or in a `.env` file.",
                variables.join(" or ")
            ),
        ),
    }
}

/// The program `claude`, with the key and the address that are known; else it uses its own.
fn check_claude_code(section: &Section<'_>, plan: &mut BackendPlan, environment: &Environment) {
    plan.program = Program::find("claude", environment);
    if plan.program.is_none() {
        section.findings.missing(
            section.place_of("type"),
            &section.key("type"),
            "there is no program `claude` on the PATH.",
            "Install Claude Code (npm install -g @anthropic-ai/claude-code), or use `type: claude`.",
        );
    }
    let variables = plan.provider.key_variables;
    let key = || {
        variables
            .iter()
            .find_map(|variable| environment.variable(variable))
    };
    plan.api_key = plan.api_key.take().or_else(|| key().map(ApiKey::new));
}

fn check_replay(section: &Section<'_>, cassette: Option<&PathBuf>) {
    let help = "Record one with `--record FILE`, and name it relative to this configuration file.";
    match cassette {
        None => {
            section.findings.error(
                section.place,
                &section.key("cassette"),
                "a `replay` backend needs a cassette.",
                help,
            );
        }
        Some(path) if !path.is_file() => {
            let place = section.place_of("cassette");
            section.findings.missing(
                place,
                &section.key("cassette"),
                format!("there is no file {}.", path.display()),
                help,
            );
        }
        Some(_) => {}
    }
}

/// The host of a web address, without user, port and path.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let authority = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
