//! Names that by convention hold secrets. Outside workspaces they are not there for an agent.

use std::sync::{Arc, LazyLock};

use crate::rule::{Effect, Pattern, PatternError, RuleSet};

/// Names that are hidden in every grant but a workspace, in any case of letters. Each is the fixed name or suffix under
/// which some program keeps passwords, tokens or private keys; names that merely may hold one are not in the list.
pub const DEFAULT_HIDDEN_NAMES: [&str; 38] = [
    // Environments of programs.
    ".env",
    ".env.*",
    ".envrc",
    // Private keys and stores of keys.
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.ppk",
    "*.kdbx",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    // Passwords and tokens of programs.
    ".netrc",
    "_netrc",
    ".pgpass",
    ".my.cnf",
    ".git-credentials",
    ".pypirc",
    ".npmrc",
    ".yarnrc.yml",
    ".htpasswd",
    ".dockercfg",
    ".vault-token",
    ".terraformrc",
    // The state of Terraform holds every password it has set, as text.
    "*.tfstate",
    "*.tfstate.backup",
    // Directories.
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".kube",
    ".gcloud",
    ".password-store",
];

/// Names that [`DEFAULT_HIDDEN_NAMES`] would hide and that hold no secrets: samples, meant to be read, and the list of
/// public authorities that Python's `certifi` brings along.
pub const DEFAULT_SHOWN_NAMES: [&str; 4] =
    [".env.example", ".env.sample", ".env.template", "cacert.pem"];

/// The built-in list, compiled once in the life of the process.
pub(crate) fn built_in() -> Arc<RuleSet> {
    #[expect(
        clippy::expect_used,
        reason = "the lists are constants, and a test compiles them"
    )]
    static BUILT_IN: LazyLock<Arc<RuleSet>> =
        LazyLock::new(|| Arc::new(compile(&DEFAULT_HIDDEN_NAMES).expect("the built-in list")));
    Arc::clone(&BUILT_IN)
}

/// Rules that hide these names; the samples stay visible.
pub(crate) fn compile<S: AsRef<str>>(names: &[S]) -> Result<RuleSet, PatternError> {
    let hide = names.iter().map(|name| (name.as_ref(), Effect::Hide));
    let show = DEFAULT_SHOWN_NAMES
        .iter()
        .map(|name| (*name, Effect::Write));
    let rules: Result<Vec<_>, _> = hide
        .chain(show)
        .map(|(name, effect)| Ok((Pattern::in_any_case(name)?, effect)))
        .collect();
    RuleSet::compile(rules?)
}
