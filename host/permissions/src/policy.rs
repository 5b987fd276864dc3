//! The decision function. Its order is the table in the crate's documentation.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::git::{self, GitPart};
use crate::grant::Grants;
use crate::rule::{self, Match, RuleSet};
use crate::trace::{Bearing, Chain, Untold};
use crate::{
    Access, Decision, Effect, Extent, GitAccess, Grant, GrantKind, Moved, Operation, PathRule,
    Pattern, PatternError, Rule, Step, Verdict, WritableWhen, hidden, place,
};

/// Names that stay read-only in every grant but a workspace (`spec/04` §2, P2).
pub const DEFAULT_EXCLUDED_NAMES: [&str; 12] = [
    ".massgen",
    ".env",
    ".git",
    "node_modules",
    "__pycache__",
    ".venv",
    "venv",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".DS_Store",
    "massgen_logs",
];

/// What may refuse a change of a path that a grant covers and nothing hides, in the order in which it is looked at.
const AGAINST_CHANGES: [Rule; 7] = [
    Rule::ProtectedPath,
    Rule::GitControl,
    Rule::ExcludedName,
    Rule::ReadOnlyRule,
    Rule::ReadOnlyGrant,
    Rule::GrantRoot,
    Rule::AncestorOfProtected,
];

/// Everything an agent was granted, at one moment of the run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The grants, one for each path, in the order of the configuration.
    pub grants: Grants,
    /// True only while the winner presents: grants that wait for it are writable.
    pub final_presentation: bool,
    excluded_names: Arc<[String]>,
    hidden: Arc<RuleSet>,
    /// The rules of each grant, by its index in `grants`.
    rules: Arc<[Option<Arc<RuleSet>>]>,
    /// The indexes of the grants, the deepest first. No two have one path, so there is one order.
    deepest_first: Arc<[usize]>,
    /// What lies at these paths, or may come to lie there, is not moved or removed together with a directory above.
    guarded: Arc<[PathBuf]>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
struct Question {
    operation: Operation,
    moved: Moved,
    /// What is moved has been in a `.git`.
    from_git: bool,
}

impl From<Operation> for Question {
    fn from(operation: Operation) -> Self {
        Self {
            operation,
            moved: Moved::Tree,
            from_git: false,
        }
    }
}

impl Question {
    /// True when the name will stand for nothing, or for something else that may lead elsewhere.
    fn replaces_names(self) -> bool {
        self.operation.displaces() || self.operation == Operation::Symlink
    }
}

/// A path with the grant that decides about it and the rule that narrows the grant there.
struct Site<'a> {
    path: &'a [u8],
    below: &'a [u8],
    index: usize,
    grant: &'a Grant,
    rule: Option<Match<'a>>,
}

impl Policy {
    /// A policy of these grants with the default excluded and hidden names, outside the final presentation. Grants of
    /// the same path become one, which allows what all of them allow.
    pub fn new(grants: Vec<Grant>) -> Self {
        let grants = Grants::merged(grants);
        let mut deepest_first: Vec<usize> = (0..grants.len()).collect();
        deepest_first
            .sort_by_key(|index| std::cmp::Reverse(place::bytes(&grants[*index].path).len()));
        let protected = grants.iter().flat_map(|grant| &grant.protected);
        let guarded = protected
            .chain(grants.iter().map(|grant| &grant.path))
            .cloned();
        Self {
            final_presentation: false,
            excluded_names: DEFAULT_EXCLUDED_NAMES.map(String::from).into(),
            hidden: hidden::built_in(),
            rules: grants.iter().map(|_| None).collect(),
            deepest_first: deepest_first.into(),
            guarded: guarded.collect(),
            grants,
        }
    }

    /// The same policy with one more grant, without rules of its own, at a path that has no grant yet.
    #[must_use]
    pub fn with_grant(&self, grant: Grant) -> Self {
        let guarded = self.guarded.iter().chain([&grant.path]).cloned().collect();
        let rules = self.rules.iter().cloned().chain([None]).collect();
        let grants = self.grants.iter().cloned().chain([grant]).collect();
        Self {
            guarded,
            rules,
            final_presentation: self.final_presentation,
            excluded_names: Arc::clone(&self.excluded_names),
            hidden: Arc::clone(&self.hidden),
            ..Self::new(grants)
        }
    }

    /// The same policy with these rules instead of those it had.
    ///
    /// # Errors
    /// When a rule's root is no granted directory, since it would have no effect, or the patterns are too large.
    pub fn with_rules(mut self, rules: Vec<PathRule>) -> Result<Self, PatternError> {
        let mut of_grants: Vec<Vec<(Pattern, Effect)>> = vec![Vec::new(); self.grants.len()];
        let mut guarded = self.guarded.to_vec();
        for PathRule {
            root,
            pattern,
            effect,
        } in rules
        {
            let is_root = |grant: &Grant| grant.path == root && grant.extent == Extent::Tree;
            let Some(index) = self.grants.iter().position(is_root) else {
                return Err(PatternError::RootNotGranted(root));
            };
            guarded.extend(pattern.exact_path().map(|below| root.join(below)));
            of_grants[index].push((pattern, effect));
        }
        let compile = |rules: Vec<_>| match rules.as_slice() {
            [] => Ok(None),
            [..] => RuleSet::compile(rules).map(|rules| Some(Arc::new(rules))),
        };
        let compiled: Result<Vec<_>, _> = of_grants.into_iter().map(compile).collect();
        self.rules = compiled?.into();
        self.guarded = guarded.into();
        Ok(self)
    }

    /// The same policy hiding these names instead of [`crate::DEFAULT_HIDDEN_NAMES`]. They are patterns as in a rule, and
    /// match in any case of letters; [`crate::DEFAULT_SHOWN_NAMES`] stay visible.
    ///
    /// # Errors
    /// When a name is no pattern, or the patterns are too large.
    pub fn with_hidden_names<S: AsRef<str>>(mut self, names: &[S]) -> Result<Self, PatternError> {
        self.hidden = Arc::new(hidden::compile(names)?);
        Ok(self)
    }

    /// Decides whether `operation` may be done to `path`, which must be the real, absolute location. A rename is judged
    /// as one of a directory; [`Policy::decide_rename`] knows better.
    pub fn decide(&self, path: &Path, operation: Operation) -> Decision {
        self.judge(path, operation.into(), &mut Untold)
    }

    /// Decides about both ends of a rename, [`Operation::RenameFrom`] and [`Operation::RenameTo`]; it may go on when both
    /// are allowed.
    pub fn decide_rename(&self, from: &Path, to: &Path, moved: Moved) -> [Decision; 2] {
        let from_git = git::part(place::bytes(from)) != GitPart::Outside;
        let end = |operation| Question {
            operation,
            moved,
            from_git,
        };
        [
            self.judge(from, end(Operation::RenameFrom), &mut Untold),
            self.judge(to, end(Operation::RenameTo), &mut Untold),
        ]
    }

    /// What [`Policy::decide`] looked at on its way, in its order; the last step decided.
    pub fn trace(&self, path: &Path, operation: Operation) -> Vec<Step> {
        let mut steps = Vec::new();
        self.judge(path, operation.into(), &mut steps);
        steps
    }

    /// What the grant allows at this moment of the run.
    pub fn current_access(&self, grant: &Grant) -> Access {
        match grant.writable_when {
            WritableWhen::FinalPresentation if !self.final_presentation => Access::Read,
            WritableWhen::Always | WritableWhen::FinalPresentation => grant.access,
        }
    }

    /// The same policy, by which nothing may be changed.
    #[must_use]
    pub fn reading_only(&self) -> Self {
        Self {
            grants: self.grants.reading_only(),
            ..self.clone()
        }
    }

    /// The names that stay read-only outside workspaces.
    pub fn excluded_names(&self) -> &[String] {
        &self.excluded_names
    }

    /// The paths for which a grant, a protection or a rule names the very place, whether or not something lies there yet.
    pub fn fixed_places(&self) -> &[PathBuf] {
        &self.guarded
    }

    fn judge(&self, path: &Path, question: Question, chain: &mut impl Chain) -> Decision {
        let path = place::plain(path);
        let site = path
            .as_deref()
            .and_then(|path| self.site(place::bytes(path), chain));
        let Some(site) = site else {
            return self.judge_outside(path.as_deref(), chain);
        };
        let decision = |verdict, rule| Decision {
            verdict,
            rule,
            grant: Some(site.index),
        };
        let effect = site.rule.map(|rule| rule.effect);
        let detail = || match site.rule {
            Some(rule) => format!("the rule `{}: {}`", rule.pattern, rule.effect),
            None => "no rule matches the path".to_owned(),
        };
        if chain.ask(Rule::Hidden, effect == Some(Effect::Hide), detail) {
            return decision(Verdict::Hide, Rule::Hidden);
        }
        if question.operation.needs() == Access::Write {
            for rule in AGAINST_CHANGES {
                let refuses = self.refuses(rule, &site, question);
                if chain.ask(rule, refuses, || self.detail(rule, &site)) {
                    return decision(Verdict::Deny, rule);
                }
            }
        }
        // Names and metadata are no secret of an `ask`: whoever lists a directory would be asked about each file in it.
        let shows_names = matches!(question.operation, Operation::Stat | Operation::List);
        let asks = effect == Some(Effect::Ask) && !shows_names;
        if chain.ask(Rule::NeedsApproval, asks, detail) {
            return decision(Verdict::Ask, Rule::NeedsApproval);
        }
        chain.note(Rule::Granted, Bearing::Decides, || {
            described(site.grant, self.current_access(site.grant))
        });
        decision(Verdict::Allow, Rule::Granted)
    }

    /// The grant that decides about `path` and the rule of it that does.
    fn site<'a>(&'a self, path: &'a [u8], chain: &mut impl Chain) -> Option<Site<'a>> {
        let deciding = self.deepest_first.iter().copied().find_map(|index| {
            let grant = &self.grants[index];
            let below = covered(grant, path);
            let (bearing, relation) = match below {
                Some(_) => (Bearing::Applies, "is the deepest grant that holds the path"),
                None => (Bearing::None, "does not hold the path"),
            };
            chain.note(Rule::Granted, bearing, || {
                format!(
                    "{} {relation}",
                    described(grant, self.current_access(grant))
                )
            });
            below.map(|below| (index, grant, below))
        });
        let (index, grant, below) = deciding?;
        Some(Site {
            rule: self.rule(index, grant, below, chain),
            path,
            below,
            index,
            grant,
        })
    }

    /// The rule that narrows the grant at `below`.
    fn rule<'a>(
        &'a self,
        index: usize,
        grant: &Grant,
        below: &[u8],
        chain: &mut impl Chain,
    ) -> Option<Match<'a>> {
        let mut matches = Vec::new();
        if let Some(own) = &self.rules[index] {
            own.collect(below, &mut matches);
        }
        if grant.kind != GrantKind::Workspace {
            self.hidden.collect(below, &mut matches);
        }
        for rule in &matches {
            chain.note(effect_rule(rule.effect), Bearing::Applies, || {
                format!(
                    "the rule `{}: {}` matches the path",
                    rule.pattern, rule.effect
                )
            });
        }
        rule::decisive(&matches)
    }

    /// True when `rule` stands against changing what lies at the site.
    fn refuses(&self, rule: Rule, site: &Site<'_>, question: Question) -> bool {
        match rule {
            Rule::ProtectedPath => self.protected_at(site.path).is_some(),
            Rule::GitControl => self.is_git_control(site, question),
            Rule::ExcludedName => self.excluded_name(site).is_some(),
            Rule::ReadOnlyRule => site.rule.is_some_and(|rule| rule.effect == Effect::Read),
            Rule::ReadOnlyGrant => self.current_access(site.grant) == Access::Read,
            Rule::GrantRoot => question.replaces_names() && site.below.is_empty(),
            Rule::AncestorOfProtected => self.is_above_guarded(site, question),
            _ => false,
        }
    }

    fn is_git_control(&self, site: &Site<'_>, question: Question) -> bool {
        match git::part(site.path) {
            GitPart::Outside => false,
            GitPart::Control => true,
            // Git follows a link it finds among its data, and would write where the link leads.
            GitPart::Data => match question.operation {
                Operation::Symlink => true,
                Operation::RenameTo => match question.moved {
                    Moved::File => false,
                    Moved::Link => true,
                    Moved::Tree => !question.from_git,
                },
                _ => false,
            },
        }
    }

    /// The protected path at or above `path`, of any grant.
    fn protected_at(&self, path: &[u8]) -> Option<&Path> {
        self.grants
            .iter()
            .flat_map(|grant| &grant.protected)
            .find(|protected| place::below(path, place::bytes(protected)).is_some())
            .map(PathBuf::as_path)
    }

    /// The name below the grant's root that is excluded from changes.
    fn excluded_name<'a>(&'a self, site: &Site<'_>) -> Option<&'a str> {
        if site.grant.kind == GrantKind::Workspace {
            return None;
        }
        // Reached for the data in a `.git` only: the rest is control already.
        let may_commit = site.grant.git == GitAccess::Commit;
        site.below
            .split(|byte| *byte == b'/')
            .filter(|name| !(may_commit && *name == b".git"))
            .find_map(|name| {
                let is_excluded = |excluded: &&String| excluded.as_bytes() == name;
                self.excluded_names.iter().find(is_excluded)
            })
            .map(String::as_str)
    }

    /// True when something that a rule guards by its place lies, or may come to lie, strictly below the path.
    fn is_above_guarded(&self, site: &Site<'_>, question: Question) -> bool {
        let operation = question.operation;
        if !question.replaces_names() {
            return false;
        }
        let is_below = |guarded: &PathBuf| {
            place::below(place::bytes(guarded), site.path).is_some_and(|rest| !rest.is_empty())
        };
        if self.guarded.iter().any(is_below) {
            return true;
        }
        // A directory is removed only when it is empty, and a file has nothing below it.
        let has_contents = match operation {
            Operation::Remove => false,
            Operation::RenameFrom | Operation::RenameTo => question.moved != Moved::File,
            _ => true,
        };
        has_contents
            && self.rules[site.index]
                .as_ref()
                .is_some_and(|rules| rules.is_above_match(site.below))
    }

    fn judge_outside(&self, path: Option<&Path>, chain: &mut impl Chain) -> Decision {
        let is_beside = |grant: &Grant| {
            grant.extent == Extent::File
                && path.is_some_and(|path| grant.path.parent() == path.parent())
        };
        let rule = match self.grants.iter().any(is_beside) {
            true => Rule::FileGrantOnly,
            false => Rule::OutsideGrants,
        };
        chain.note(rule, Bearing::Decides, || {
            "no grant holds the path".to_owned()
        });
        Decision {
            verdict: Verdict::Deny,
            rule,
            grant: None,
        }
    }

    /// What a step about `rule` tells.
    fn detail(&self, rule: Rule, site: &Site<'_>) -> String {
        match rule {
            Rule::ProtectedPath => match self.protected_at(site.path) {
                Some(protected) => format!("the protected path {}", protected.display()),
                None => "no protected path holds it".to_owned(),
            },
            Rule::GitControl => match git::part(site.path) {
                GitPart::Outside => "it lies in no .git".to_owned(),
                GitPart::Data => "it is data in a .git".to_owned(),
                GitPart::Control => "it is .git itself, or makes git run programs".to_owned(),
            },
            Rule::ExcludedName => match (self.excluded_name(site), site.grant.kind) {
                (Some(name), _) => format!("the excluded name `{name}`"),
                (None, GrantKind::Workspace) => "names are free in a workspace".to_owned(),
                (None, _) => "no part of its name is excluded".to_owned(),
            },
            Rule::ReadOnlyRule => match site.rule {
                Some(rule) => format!("the rule `{}: {}`", rule.pattern, rule.effect),
                None => "no rule matches the path".to_owned(),
            },
            Rule::ReadOnlyGrant => described(site.grant, self.current_access(site.grant)),
            Rule::GrantRoot => match site.below.is_empty() {
                true => "it is the root of the grant".to_owned(),
                false => "it is not the root of a grant".to_owned(),
            },
            _ => {
                "what lies below it, by protected paths, other grants and anchored rules".to_owned()
            }
        }
    }
}

/// What lies below the grant's root in `path`, where the grant covers it.
fn covered<'a>(grant: &Grant, path: &'a [u8]) -> Option<&'a [u8]> {
    let below = place::below(path, place::bytes(&grant.path))?;
    match grant.extent {
        Extent::Tree => Some(below),
        Extent::File => below.is_empty().then_some(below),
    }
}

/// The rule under which an effect is told.
const fn effect_rule(effect: Effect) -> Rule {
    match effect {
        Effect::Hide => Rule::Hidden,
        Effect::Ask => Rule::NeedsApproval,
        Effect::Read => Rule::ReadOnlyRule,
        Effect::Write => Rule::Granted,
    }
}

fn described(grant: &Grant, access: Access) -> String {
    let kind = match grant.kind {
        GrantKind::Workspace => "the workspace",
        GrantKind::TempWorkspace => "the temporary workspace",
        GrantKind::Context => "the context path",
        GrantKind::PreviousTurn => "the earlier turn",
        GrantKind::Mount => "the mount",
    };
    let access = match (access, grant.access) {
        (Access::Write, _) => "write",
        (Access::Read, Access::Read) => "read",
        (Access::Read, Access::Write) => "read until the final presentation",
    };
    format!("{kind} {} ({access})", grant.path.display())
}

#[cfg(test)]
mod tests;
