//! Any policy, any path: what must hold of the decision whatever the rules are.
#![no_main]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use massgen_permissions::{
    Access, Effect, Extent, Grant, GrantKind, Moved, Operation, PathRule, Pattern, Policy, Verdict,
};

/// Names that rules know, next to ones that they do not.
const NAMES: [&str; 16] = [
    "a",
    "b",
    "c",
    ".env",
    ".ENV",
    ".git",
    "hooks",
    "config",
    "refs",
    "x.pem",
    "node_modules",
    ".ssh",
    "é",
    "a.toml",
    "deep",
    "..x",
];

#[derive(Debug, Arbitrary)]
struct Place(Vec<u8>);

impl Place {
    /// At most five names below the root.
    fn path(&self) -> PathBuf {
        let names = self
            .0
            .iter()
            .take(5)
            .map(|byte| NAMES[usize::from(*byte) % NAMES.len()]);
        Path::new("/").join(names.collect::<PathBuf>())
    }
}

#[derive(Debug, Arbitrary)]
struct AGrant {
    place: Place,
    kind: u8,
    writable: bool,
    late: bool,
    alone: bool,
    commits: bool,
    protected: Vec<Place>,
}

impl AGrant {
    fn grant(&self) -> Grant {
        let kinds = [
            GrantKind::Workspace,
            GrantKind::TempWorkspace,
            GrantKind::Context,
            GrantKind::PreviousTurn,
            GrantKind::Mount,
        ];
        let kind = kinds[usize::from(self.kind) % kinds.len()];
        let access = if self.writable {
            Access::Write
        } else {
            Access::Read
        };
        let mut grant = match self.alone {
            true => Grant::file(self.place.path(), kind, access),
            false => Grant::tree(self.place.path(), kind, access),
        };
        if self.late {
            grant = grant.writable_in_final_presentation();
        }
        if self.commits {
            grant = grant.letting_commit();
        }
        let root = self.place.path();
        let below = |place: &Place| root.join(place.path().strip_prefix("/").unwrap_or(&root));
        grant.protecting(self.protected.iter().take(3).map(below))
    }
}

#[derive(Debug, Arbitrary)]
struct ARule {
    grant: u8,
    text: String,
    names: Place,
    anchored: bool,
    effect: u8,
}

impl ARule {
    /// The rule, anchored at one of the granted directories, where its text is a pattern.
    fn rule(&self, policy: &Policy, effect: Effect) -> Option<PathRule> {
        let trees = policy
            .grants
            .iter()
            .filter(|grant| grant.extent == Extent::Tree);
        let trees: Vec<_> = trees.collect();
        let root = &trees
            .get(usize::from(self.grant) % trees.len().max(1))?
            .path;
        let text = match (self.text.is_empty(), self.anchored) {
            (false, _) => self.text.clone(),
            (true, true) => self.names.path().display().to_string(),
            (true, false) => self.names.path().file_name()?.to_str()?.to_owned(),
        };
        Some(PathRule {
            root: root.clone(),
            pattern: Pattern::new(text).ok()?,
            effect,
        })
    }

    fn effect(&self) -> Effect {
        [Effect::Hide, Effect::Ask, Effect::Read, Effect::Write][usize::from(self.effect) % 4]
    }
}

#[derive(Debug, Arbitrary)]
struct Question {
    grants: Vec<AGrant>,
    rules: Vec<ARule>,
    final_presentation: bool,
    place: Place,
    bytes: Vec<u8>,
    added: ARule,
    protected: Place,
}

fuzz_target!(|question: Question| {
    let mut grants: Vec<Grant> = question.grants.iter().take(4).map(AGrant::grant).collect();
    let mut policy = Policy::new(grants.clone());
    let rules = question.rules.iter().take(4);
    let rules: Vec<_> = rules
        .filter_map(|rule| rule.rule(&policy, rule.effect()))
        .collect();
    let Ok(with_rules) = policy.clone().with_rules(rules.clone()) else {
        return;
    };
    policy = with_rules;
    policy.final_presentation = question.final_presentation;

    let path = question.place.path();
    nothing_is_allowed_outside_the_grants(&policy, &path);
    nothing_is_allowed_outside_the_grants(&policy, Path::new(OsStr::from_bytes(&question.bytes)));
    what_is_hidden_is_hidden_for_all(&policy, &path);
    writing_is_more_than_reading(&policy, &path);
    the_spelling_makes_no_difference(&policy, &path);
    the_trace_ends_with_the_decision(&policy, &path);
    a_file_may_move_where_a_tree_may(&policy, &path, &question.protected.path());

    // More rules never allow more, but for a rule that names what a wider one hides.
    for effect in [Effect::Hide, Effect::Ask, Effect::Read] {
        let Some(rule) = question.added.rule(&policy, effect) else {
            continue;
        };
        let rules = rules.iter().cloned().chain([rule]).collect();
        if let Ok(narrower) = policy.clone().with_rules(rules) {
            let operations = Operation::ALL.into_iter().filter(|operation| match effect {
                Effect::Hide => true,
                Effect::Ask => !matches!(operation, Operation::Stat | Operation::List),
                _ => operation.needs() == Access::Write,
            });
            allows_no_more(&narrower, &policy, &path, operations);
        }
    }
    if let Some(grant) = grants.first_mut() {
        grant.protected.push(question.protected.path());
        if let Ok(mut narrower) = Policy::new(grants).with_rules(rules) {
            narrower.final_presentation = policy.final_presentation;
            allows_no_more(&narrower, &policy, &path, Operation::ALL);
        }
    }
    let mut earlier = policy.clone();
    earlier.final_presentation = false;
    let mut later = policy;
    later.final_presentation = true;
    allows_no_more(&earlier, &later, &path, Operation::ALL);
});

fn nothing_is_allowed_outside_the_grants(policy: &Policy, path: &Path) {
    let is_covered = policy.grants.iter().any(|grant| grant.covers(path));
    let climbs = path.components().any(|part| part == Component::ParentDir);
    for operation in Operation::ALL {
        let decision = policy.decide(path, operation);
        let is_inside = is_covered && !climbs;
        assert!(
            is_inside || decision.verdict == Verdict::Deny,
            "{operation:?} {path:?}"
        );
        assert_eq!(decision.grant.is_some(), is_inside);
    }
}

fn what_is_hidden_is_hidden_for_all(policy: &Policy, path: &Path) {
    let hidden = |operation| policy.decide(path, operation).verdict == Verdict::Hide;
    let is_hidden = hidden(Operation::Stat);
    assert!(
        Operation::ALL
            .into_iter()
            .all(|operation| hidden(operation) == is_hidden),
        "{path:?}"
    );
}

fn writing_is_more_than_reading(policy: &Policy, path: &Path) {
    let writes = Operation::ALL
        .into_iter()
        .filter(|operation| operation.needs() == Access::Write);
    for write in writes {
        if policy.decide(path, write).is_allowed() {
            for read in [Operation::Read, Operation::List, Operation::Stat] {
                assert!(policy.decide(path, read).is_allowed(), "{write:?} {path:?}");
            }
        }
    }
}

fn the_spelling_makes_no_difference(policy: &Policy, path: &Path) {
    let text = path.to_str().unwrap_or("/");
    let spelled = PathBuf::from(format!("{}/./", text.replace('/', "//")));
    for operation in Operation::ALL {
        assert_eq!(
            policy.decide(path, operation),
            policy.decide(&spelled, operation),
            "{path:?}"
        );
    }
}

fn the_trace_ends_with_the_decision(policy: &Policy, path: &Path) {
    for operation in Operation::ALL {
        let last = policy.trace(path, operation).pop().map(|step| step.rule);
        assert_eq!(
            last,
            Some(policy.decide(path, operation).rule),
            "{operation:?} {path:?}"
        );
    }
}

fn a_file_may_move_where_a_tree_may(policy: &Policy, from: &Path, to: &Path) {
    let tree = policy.decide_rename(from, to, Moved::Tree);
    let file = policy.decide_rename(from, to, Moved::File);
    for (tree, file) in tree.iter().zip(file) {
        assert!(!tree.is_allowed() || file.is_allowed(), "{from:?} {to:?}");
    }
}

fn allows_no_more(
    narrower: &Policy,
    wider: &Policy,
    path: &Path,
    operations: impl IntoIterator<Item = Operation>,
) {
    for operation in operations {
        let (narrow, wide) = (
            narrower.decide(path, operation),
            wider.decide(path, operation),
        );
        assert!(
            !narrow.is_allowed() || wide.is_allowed(),
            "{operation:?} {path:?}: {narrow:?}"
        );
    }
}
