//! Keys that ask for what the provider's API itself must be able to do. Where the catalogue says that a type's API cannot,
//! the key is an error with its place, since the agent would go without what its user counts on (`spec/03` §1).

use crate::backend_type::BackendType;
use crate::catalogue::Capability;
use crate::node::{Node, Tree};
use crate::plan::BackendKind;
use crate::section::{Section, alternatives};

const FEATURES: [(&str, Capability); 4] = [
    ("enable_web_search", Capability::WebSearch),
    ("enable_code_execution", Capability::CodeExecution),
    ("enable_code_interpreter", Capability::CodeExecution),
    ("mcp_servers", Capability::Mcp),
];

/// Tells that a key asks for what this type cannot do; gives whether it does.
pub(crate) fn refuse(section: &Section<'_>, known: &BackendType, key: &str, node: &Node) -> bool {
    let feature = FEATURES.into_iter().find(|(name, _)| *name == key);
    let Some((_, capability)) = feature.filter(|_| asks(node)) else {
        return false;
    };
    if has(known, capability) {
        return false;
    }
    let able: Vec<_> = BackendType::all()
        .filter(|other| other.kind != BackendKind::Replay && has(other, capability))
        .map(|other| (other.name, ()))
        .collect();
    let help = match able.as_slice() {
        [] => "Remove it.".to_owned(),
        able => format!("Remove it, or use the type {}.", alternatives(able)),
    };
    let message = format!("a `{}` backend has no {capability}.", known.name);
    section
        .findings
        .error(node.place, &section.key(key), message, help);
    true
}

/// Whether the value asks for anything: `false` and an empty list do not.
fn asks(node: &Node) -> bool {
    match &node.value {
        Tree::Bool(wanted) => *wanted,
        Tree::List(items) => !items.is_empty(),
        Tree::Map(keys) => !keys.is_empty(),
        _ => false,
    }
}

fn has(known: &BackendType, capability: Capability) -> bool {
    known.entry().is_some_and(|entry| entry.has(capability))
}
