//! Every decision once more, as slowly and plainly as the rules can be said, and compared on random policies.

use proptest::prelude::*;

use super::*;

/// Names below the root, and patterns over them.
type Names = Vec<String>;

fn names(path: &Path) -> Names {
    let parts = path.components().skip(1);
    parts
        .map(|part| part.as_os_str().to_str().unwrap().to_owned())
        .collect()
}

/// Whether a name matches a pattern of `*` and letters.
fn name_matches(pattern: &str, name: &str) -> bool {
    match (pattern.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), _) if name_matches(&pattern[1..], name) => true,
        (Some('*'), Some(_)) => name_matches(pattern, &name[1..]),
        (Some(wanted), Some(there)) => wanted == there && name_matches(&pattern[1..], &name[1..]),
        _ => false,
    }
}

fn path_matches(pattern: &[String], path: &[String]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((first, [])), _) if first == "**" => !path.is_empty(),
        (Some((first, rest)), _) if first == "**" && path_matches(rest, path) => true,
        (Some((first, _)), Some((_, below))) if first == "**" => path_matches(pattern, below),
        (Some((first, rest)), Some((name, below))) => {
            name_matches(first, name) && path_matches(rest, below)
        }
        _ => false,
    }
}

/// A pattern's parts, a name standing at any depth.
fn parts(text: &str) -> Names {
    let anchored = text.strip_prefix('/').unwrap_or(text);
    let mut parts: Names = anchored.split('/').map(str::to_owned).collect();
    if !text.contains('/') && text != "**" {
        parts.insert(0, "**".to_owned());
    }
    parts
}

/// How exactly a pattern names a path: 0 not at all, 1 by wildcards, 2 by a directory above it, 3 by its name, 4 by its
/// path.
fn exactness(text: &str, path: &[String]) -> u8 {
    let itself = path_matches(&parts(text), path);
    let above = (1..path.len()).any(|end| path_matches(&parts(text), &path[..end]));
    let is_plain = !text.contains('*');
    let is_name = !text.contains('/') || (text.starts_with("**/") && !text[3..].contains('/'));
    let plain_name = !text.trim_start_matches("**/").contains('*') && is_name;
    match (itself, above) {
        (true, _) if plain_name => 3,
        (true, _) if is_plain => 4,
        (_, true) => 2,
        (true, _) => 1,
        (false, false) => 0,
    }
}

/// True when a directory at `path` may get something below it that the anchored pattern matches.
fn is_above(text: &str, path: &[String]) -> bool {
    let parts = parts(text);
    let first = usize::from(parts[0] == "**");
    (first + 1..parts.len()).any(|end| {
        let (before, last) = (&parts[..end], &parts[end - 1]);
        let is_after_a_gap = before[first..end - 1].iter().any(|part| part == "**");
        !is_after_a_gap && (path_matches(before, path)) && !(last == "**" && path.is_empty())
    })
}

/// A random policy, in the words that it is made of.
#[derive(Debug, Clone)]
struct Model {
    grants: Vec<Grant>,
    rules: Vec<(usize, &'static str, Effect)>,
    final_presentation: bool,
}

/// Hidden names of the model: the built-in list needs no second model, its own tests name each entry.
const HIDDEN: [&str; 2] = ["*.key", ".env"];

impl Model {
    fn policy(&self) -> Policy {
        let tree = |index: &usize| {
            let grant = &self.grants[*index];
            self.grants
                .iter()
                .all(|other| other.path != grant.path || other.extent == Extent::Tree)
        };
        let rules = self.rules.iter().filter(|(index, ..)| tree(index));
        let rules = rules.map(|(index, pattern, effect)| PathRule {
            root: self.grants[*index].path.clone(),
            pattern: Pattern::new(*pattern).unwrap(),
            effect: *effect,
        });
        let policy = Policy::new(self.grants.clone());
        let policy = policy.with_rules(rules.collect()).unwrap();
        let mut policy = policy.with_hidden_names(&HIDDEN).unwrap();
        policy.final_presentation = self.final_presentation;
        policy
    }

    fn is_writable(&self, grant: &Grant) -> bool {
        let now = grant.writable_when == WritableWhen::Always || self.final_presentation;
        grant.access == Access::Write && now
    }

    /// All grants of the path that decides, if there is one.
    fn deciding(&self, path: &Path) -> Vec<&Grant> {
        let is_file = |at: &Path| {
            let mut same = self.grants.iter().filter(|grant| grant.path == at);
            same.any(|grant| grant.extent == Extent::File)
        };
        for at in path.ancestors() {
            let here: Vec<_> = self
                .grants
                .iter()
                .filter(|grant| grant.path == at)
                .collect();
            if !here.is_empty() && (at == path || !is_file(at)) {
                return here;
            }
        }
        Vec::new()
    }

    /// The effect of the rule that wins at `below` the root.
    fn effect(&self, grants: &[&Grant], below: &[String]) -> Option<Effect> {
        if grants.iter().any(|grant| grant.extent == Extent::File) {
            return None;
        }
        let mut matching = Vec::new();
        for (index, pattern, effect) in &self.rules {
            if self.grants[*index].path == grants[0].path {
                matching.push((exactness(pattern, below), *effect));
            }
        }
        if !grants
            .iter()
            .all(|grant| grant.kind == GrantKind::Workspace)
        {
            for name in HIDDEN {
                matching.push((exactness(name, below), Effect::Hide));
            }
        }
        matching.retain(|(exactness, _)| *exactness > 0);
        let any = |wanted: u8| matching.iter().any(|(exactness, _)| *exactness == wanted);
        let counting = match (any(4), any(3)) {
            (true, _) => 4..=4,
            (false, true) => 2..=3,
            (false, false) => 1..=2,
        };
        let mut best = matching;
        best.retain(|(exactness, _)| counting.contains(exactness));
        best.sort_by_key(|rule| rule.1);
        best.first().map(|rule| rule.1)
    }

    fn decide(&self, path: &Path, operation: Operation, moved: Moved) -> (Verdict, Rule) {
        let deny = |rule| (Verdict::Deny, rule);
        let grants = self.deciding(path);
        if grants.is_empty() {
            let beside = |grant: &Grant| {
                let is_file = self
                    .grants
                    .iter()
                    .any(|other| other.path == grant.path && other.extent == Extent::File);
                is_file && grant.path.parent() == path.parent()
            };
            return deny(match self.grants.iter().any(beside) {
                true => Rule::FileGrantOnly,
                false => Rule::OutsideGrants,
            });
        }
        let below = names(path).split_off(names(&grants[0].path).len());
        let effect = self.effect(&grants, &below);
        if effect == Some(Effect::Hide) {
            return (Verdict::Hide, Rule::Hidden);
        }
        let against = || self.against_change(path, &below, &grants, effect, (operation, moved));
        if operation.needs() == Access::Write
            && let Some(rule) = against()
        {
            return deny(rule);
        }
        let shown = matches!(operation, Operation::Stat | Operation::List);
        if effect == Some(Effect::Ask) && !shown {
            return (Verdict::Ask, Rule::NeedsApproval);
        }
        (Verdict::Allow, Rule::Granted)
    }

    fn against_change(
        &self,
        path: &Path,
        below: &[String],
        grants: &[&Grant],
        effect: Option<Effect>,
        (operation, moved): (Operation, Moved),
    ) -> Option<Rule> {
        let all = names(path);
        let workspace = grants
            .iter()
            .all(|grant| grant.kind == GrantKind::Workspace);
        let commit = grants.iter().all(|grant| grant.git == GitAccess::Commit);
        if self
            .grants
            .iter()
            .flat_map(|grant| &grant.protected)
            .any(|protected| path.starts_with(protected))
        {
            return Some(Rule::ProtectedPath);
        }
        // Of what git writes the model knows `.git/index` and what is below `.git/refs`.
        for (index, name) in all.iter().enumerate() {
            if name.to_lowercase() == ".git" {
                let rest: Vec<_> = all[index + 1..].iter().map(String::as_str).collect();
                let is_data = matches!(rest.as_slice(), ["index"] | ["refs", _, ..]);
                let brings_links = operation == Operation::Symlink
                    || (operation == Operation::RenameTo && moved != Moved::File);
                if !is_data || brings_links {
                    return Some(Rule::GitControl);
                }
            }
        }
        let excluded = ["node_modules", ".env", ".git"];
        let is_excluded =
            |name: &String| excluded.contains(&name.as_str()) && !(commit && name == ".git");
        if !workspace && below.iter().any(is_excluded) {
            return Some(Rule::ExcludedName);
        }
        if effect == Some(Effect::Read) {
            return Some(Rule::ReadOnlyRule);
        }
        if !grants.iter().all(|grant| self.is_writable(grant)) {
            return Some(Rule::ReadOnlyGrant);
        }
        let replaces = operation.displaces() || operation == Operation::Symlink;
        if below.is_empty() && replaces {
            return Some(Rule::GrantRoot);
        }
        let renames = matches!(operation, Operation::RenameFrom | Operation::RenameTo);
        if replaces {
            let mut fixed: Vec<PathBuf> = Vec::new();
            for grant in &self.grants {
                fixed.push(grant.path.clone());
                fixed.extend(grant.protected.clone());
            }
            for (index, pattern, _) in self.used_rules() {
                if !pattern.contains('*') && pattern.contains('/') {
                    let pattern = pattern.trim_start_matches('/');
                    fixed.push(self.grants[index].path.join(pattern));
                }
            }
            if fixed
                .iter()
                .any(|fixed| fixed != path && fixed.starts_with(path))
            {
                return Some(Rule::AncestorOfProtected);
            }
            let has_contents = operation == Operation::Symlink || (renames && moved != Moved::File);
            let guarded = self.used_rules().into_iter().any(|(index, pattern, _)| {
                self.grants[index].path == grants[0].path && is_above(pattern, below)
            });
            if has_contents && guarded {
                return Some(Rule::AncestorOfProtected);
            }
        }
        None
    }

    fn used_rules(&self) -> Vec<(usize, &'static str, Effect)> {
        let is_tree = |index: usize| {
            let path = &self.grants[index].path;
            self.grants
                .iter()
                .all(|other| other.path != *path || other.extent == Extent::Tree)
        };
        self.rules
            .iter()
            .copied()
            .filter(|rule| is_tree(rule.0))
            .collect()
    }
}

fn any_path() -> impl Strategy<Value = PathBuf> {
    let names = [
        "a",
        "b",
        "c",
        ".git",
        ".GIT",
        ".env",
        "x.key",
        "index",
        "refs",
        "node_modules",
    ];
    prop::collection::vec(prop::sample::select(names.to_vec()), 1..5)
        .prop_map(|parts| Path::new("/").join(parts.iter().collect::<PathBuf>()))
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let kinds = [
        GrantKind::Workspace,
        GrantKind::Context,
        GrantKind::TempWorkspace,
    ];
    let when = [WritableWhen::Always, WritableWhen::FinalPresentation];
    let protected = prop::collection::vec(any_path(), 0..2);
    (
        any_path(),
        prop::sample::select(vec![Extent::Tree, Extent::Tree, Extent::Tree, Extent::File]),
        prop::sample::select(kinds.to_vec()),
        prop::sample::select(vec![Access::Read, Access::Write]),
        prop::sample::select(when.to_vec()),
        prop::sample::select(vec![GitAccess::Read, GitAccess::Commit]),
        protected,
    )
        .prop_map(
            |(path, extent, kind, access, writable_when, git, protected)| Grant {
                path,
                extent,
                kind,
                access,
                writable_when,
                protected,
                git,
            },
        )
}

fn any_model() -> impl Strategy<Value = Model> {
    let patterns = [
        "a", "*", "**", "/a", "/a/b", "a/*", "a/**", "a/**/b", "**/a/b", "*/b", "**/a", "*.key",
        "x.key", "/.env", ".env", "b/x.key", "a*", "**/*.key",
    ];
    let effects = [Effect::Hide, Effect::Ask, Effect::Read, Effect::Write];
    let pattern = prop::sample::select(patterns.to_vec());
    let rule = (
        any::<prop::sample::Index>(),
        pattern,
        prop::sample::select(effects.to_vec()),
    );
    let rules = prop::collection::vec(rule, 0..4);
    (
        prop::collection::vec(any_grant(), 0..5),
        rules,
        any::<bool>(),
    )
        .prop_map(|(grants, rules, final_presentation)| {
            let rules = rules.into_iter().filter(|_| !grants.is_empty());
            let rules =
                rules.map(|(index, pattern, effect)| (index.index(grants.len()), pattern, effect));
            Model {
                rules: rules.collect(),
                grants: grants.clone(),
                final_presentation,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn decide_agrees_with_the_plain_reference(model in any_model(), paths in prop::collection::vec(any_path(), 24)) {
        let policy = model.policy();
        for path in paths {
            for operation in Operation::ALL {
                let decision = policy.decide(&path, operation);
                let expected = model.decide(&path, operation, Moved::Tree);
                prop_assert_eq!((decision.verdict, decision.rule), expected, "{:?} {:?}", path, operation);
                prop_assert_eq!(decision.is_allowed(), decision.rule == Rule::Granted);
                let steps = policy.trace(&path, operation);
                prop_assert_eq!(steps.last().map(|step| step.rule), Some(decision.rule));
            }
            let nowhere = Path::new("/c/elsewhere");
            let ends = policy.decide_rename(&path, nowhere, Moved::File);
            let expected = model.decide(&path, Operation::RenameFrom, Moved::File);
            prop_assert_eq!((ends[0].verdict, ends[0].rule), expected);
            let ends = policy.decide_rename(nowhere, &path, Moved::File);
            let expected = model.decide(&path, Operation::RenameTo, Moved::File);
            prop_assert_eq!((ends[1].verdict, ends[1].rule), expected);
        }
    }

    #[test]
    fn more_grants_of_one_path_never_allow_more(
        grants in prop::collection::vec(any_grant(), 1..4),
        path in any_path(),
    ) {
        // All on the path of the first, which is a tree.
        let root = grants[0].path.clone();
        let same = |grant: &Grant| Grant { path: root.clone(), extent: Extent::Tree, ..grant.clone() };
        let alone: Vec<_> = grants.iter().map(|grant| Policy::new(vec![same(grant)])).collect();
        let together = Policy::new(grants.iter().map(same).collect());
        let path = root.join(path.strip_prefix("/").unwrap());
        for operation in Operation::ALL {
            if together.decide(&path, operation).is_allowed() {
                prop_assert!(alone.iter().all(|policy| policy.decide(&path, operation).is_allowed()));
            }
        }
    }
}
