//! Context paths and what narrows them: the keys `context_paths`, `hidden_names` and `read_before_delete` (`spec/04`
//! §1.1, D7).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::load::Reader;
use crate::node::{Place, Tree};
use crate::pattern;
use crate::plain_path::plain_path;
use crate::plan::{
    BuiltInNames, ContextPath, HiddenNames, PathRule, Permission, ReadBeforeDelete, RuleAccess,
};
use crate::section::{Section, alternatives};

/// What may be done to `.git`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Git {
    Read,
    Commit,
}

/// One entry of `context_paths`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) path: ContextPath,
    pub(crate) rules: Vec<PathRule>,
    git: Git,
}

impl Context {
    /// The path, where commits may be made in it.
    pub(crate) fn commits(&self) -> Option<PathBuf> {
        (self.git == Git::Commit).then(|| self.path.path.clone())
    }
}

/// Values of a key, as they are written.
const PERMISSIONS: [(&str, Permission); 2] =
    [("read", Permission::Read), ("write", Permission::Write)];
const ACCESSES: [(&str, RuleAccess); 4] = [
    ("hidden", RuleAccess::Hidden),
    ("ask", RuleAccess::Ask),
    ("read", RuleAccess::Read),
    ("write", RuleAccess::Write),
];
const GIT: [(&str, Git); 2] = [("read", Git::Read), ("commit", Git::Commit)];

impl Reader<'_> {
    /// The shared entries, then the agent's own that do not repeat them.
    pub(crate) fn contexts_of_agent(
        &self,
        backend: &Section<'_>,
        shared: &[Context],
    ) -> Vec<Context> {
        let mut contexts = shared.to_vec();
        for own in self.contexts(backend) {
            let path = &own.path.path;
            match shared.iter().find(|shared| shared.path.path == *path) {
                None => contexts.push(own),
                Some(shared) if *shared == own => {}
                Some(_) => {
                    let message = format!(
                        "`orchestrator.context_paths` also has {}; its entry is used, this one is ignored.",
                        path.display()
                    );
                    self.findings.warning(
                        backend.place_of("context_paths"),
                        &backend.key("context_paths"),
                        message,
                        "Keep one of them.",
                    );
                }
            }
        }
        contexts
    }

    /// The entries of `context_paths` in one section.
    pub(crate) fn contexts(&self, section: &Section<'_>) -> Vec<Context> {
        let mut contexts: Vec<Context> = Vec::new();
        let nodes = section.list("context_paths").unwrap_or_default();
        for (index, node) in nodes.iter().enumerate() {
            let key = section.key(&format!("context_paths[{index}]"));
            let Some(entry) = Section::open(self.findings, &key, node) else {
                continue;
            };
            let Some(context) = self.context(&entry) else {
                continue;
            };
            let path = &context.path.path;
            if contexts.iter().any(|other| other.path.path == *path) {
                let message = format!("{} is given twice.", path.display());
                self.findings
                    .error(entry.place, &key, message, "Keep one entry.");
                continue;
            }
            contexts.push(context);
        }
        contexts
    }

    /// The names that are hidden from an agent: those of `base` and the section's, or only the section's.
    ///
    /// A list adds to what there is, so that nothing is uncovered by naming one more; `only` replaces, and `false`
    /// hides nothing.
    pub(crate) fn hidden_names(&self, section: &Section<'_>, base: &HiddenNames) -> HiddenNames {
        let replaced = |further| HiddenNames {
            built_in: BuiltInNames::Replaced,
            further,
        };
        let Some(node) = section.get("hidden_names") else {
            return base.clone();
        };
        match &node.value {
            Tree::List(_) => {
                let mut names = base.clone();
                names.further.extend(self.names(section, "hidden_names"));
                names
            }
            Tree::Map(_) => {
                let key = section.key("hidden_names");
                let Some(section) = Section::open(self.findings, &key, node) else {
                    return base.clone();
                };
                if section.get("only").is_none() {
                    section.mismatch("only", node, "`only:` with a list of names");
                }
                let names = self.names(&section, "only");
                section.warn_about_the_rest(&[]);
                replaced(names)
            }
            Tree::Bool(false) => replaced(Vec::new()),
            _ => {
                let expected = "a list of further names, `only:` with a list of names, or false";
                section.mismatch("hidden_names", node, expected);
                base.clone()
            }
        }
    }

    /// Reads `read_before_delete`; what it does not say is as in `base`.
    pub(crate) fn read_before_delete(
        &self,
        section: &Section<'_>,
        base: ReadBeforeDelete,
    ) -> ReadBeforeDelete {
        match section.boolean("read_before_delete") {
            Some(true) => ReadBeforeDelete::Enforced,
            Some(false) => ReadBeforeDelete::Off,
            None => base,
        }
    }

    fn names(&self, section: &Section<'_>, key: &'static str) -> Vec<String> {
        let names = section.texts(key).unwrap_or_default();
        let is_name = |(place, name): &(Place, String)| {
            let fault = match name.contains('/') {
                true => Some("it has a `/`, and a hidden name has no place".to_owned()),
                false => pattern::fault(name),
            };
            let Some(fault) = fault else { return true };
            let help =
                "Give a name such as `*.secret`; for a path use `rules` of its context path.";
            let message = format!("`{name}` is no pattern of a name: {fault}.");
            self.findings
                .error(*place, &section.key(key), message, help);
            false
        };
        let names = names.into_iter().filter(is_name);
        names.map(|(_, name)| name).collect()
    }

    fn context(&self, entry: &Section<'_>) -> Option<Context> {
        let text = entry.filled("path");
        let permission = entry.choice("permission", &PERMISSIONS);
        let git = entry.choice("git", &GIT).unwrap_or(Git::Read);
        let protected = entry.texts("protected_paths").unwrap_or_default();
        let rules = entry.list("rules").unwrap_or_default();
        entry.warn_about_the_rest(&[]);
        let Some(text) = text else {
            self.findings.error(
                entry.place,
                &entry.key("path"),
                "the context path has no path.",
                "Add `path:`.",
            );
            return None;
        };
        let (path, is_file) = self.context_path(entry, text)?;
        let root = if is_file { path.parent()? } else { &path };
        let mut context = Context {
            rules: Vec::new(),
            git,
            path: ContextPath {
                permission: permission.unwrap_or(Permission::Read),
                is_file,
                protected: Vec::new(),
                path: path.clone(),
            },
        };
        for (place, text) in &protected {
            match self.protected_pattern(entry, &context.path, *place, text) {
                Some(pattern) => context.rules.extend(pattern),
                None => context
                    .path
                    .protected
                    .extend(self.protected(entry, root, *place, text)),
            }
        }
        for (index, node) in rules.iter().enumerate() {
            let key = entry.key(&format!("rules[{index}]"));
            let rule = Section::open(self.findings, &key, node)
                .and_then(|rule| self.rule(&rule, &context.path));
            context.rules.extend(rule);
        }
        Some(context)
    }

    /// The real path, and whether it is a file.
    fn context_path(&self, entry: &Section<'_>, text: &str) -> Option<(PathBuf, bool)> {
        let place = entry.place_of("path");
        let path = match self
            .environment
            .current_directory()
            .join(text)
            .canonicalize()
        {
            Ok(path) => path,
            Err(error) => {
                let message = format!("the context path {text} cannot be used: {error}.");
                let help = "Relative paths are meant from the current directory. Create it, or correct the path.";
                let key = entry.key("path");
                match error.kind() {
                    ErrorKind::NotFound => self.findings.missing(place, &key, message, help),
                    _ => self.findings.error(place, &key, message, help),
                }
                return None;
            }
        };
        let is_file = path.is_file();
        if !is_file && !path.is_dir() {
            let message = format!("{} is neither a file nor a directory.", path.display());
            self.findings.error(
                place,
                &entry.key("path"),
                message,
                "Name a file or a directory.",
            );
            return None;
        }
        Some((path, is_file))
    }

    fn rule(&self, rule: &Section<'_>, context: &ContextPath) -> Option<PathRule> {
        let text = match rule.get("path") {
            Some(_) => rule.text("path"),
            None => Some(""),
        };
        let has_access = rule.get("access").is_some();
        let access = rule.choice("access", &ACCESSES);
        rule.warn_about_the_rest(&[]);
        if text == Some("") {
            self.findings.error(
                rule.place,
                &rule.key("path"),
                "the rule has no path.",
                "Add `path:` with a pattern such as `docs/**` or `*.lock`.",
            );
        }
        if !has_access {
            self.findings.error(
                rule.place,
                &rule.key("access"),
                "the rule does not say what holds.",
                format!("Add `access:` with {}.", alternatives(&ACCESSES)),
            );
        }
        let text = text.filter(|text| !text.is_empty())?;
        self.pattern(rule, "path", rule.place_of("path"), context, text)?;
        Some(PathRule {
            root: context.path.clone(),
            pattern: text.to_owned(),
            access: access?,
        })
    }

    /// Refuses a text that is no pattern, or stands where there is nothing below.
    fn pattern(
        &self,
        section: &Section<'_>,
        key: &'static str,
        place: Place,
        context: &ContextPath,
        text: &str,
    ) -> Option<()> {
        let (message, help) = if context.is_file {
            let file = context.path.display();
            let message = format!("`{text}` has no effect, since {file} is a file.");
            (message, "Use `permission`, or name a directory.")
        } else {
            let fault = pattern::fault(text);
            let Some(fault) = fault else { return Some(()) };
            let help =
                "Patterns are meant below the context path: `docs/**`, `*.lock`, `/notes.txt`.";
            (format!("`{text}` is no pattern of a path: {fault}."), help)
        };
        self.findings.error(place, &section.key(key), message, help);
        None
    }

    /// A protected path with wildcards as a rule, unless something has just this name. `Some(None)` is a pattern that
    /// was refused.
    fn protected_pattern(
        &self,
        entry: &Section<'_>,
        context: &ContextPath,
        place: Place,
        text: &str,
    ) -> Option<Option<PathRule>> {
        let is_there = |path: PathBuf| path.symlink_metadata().is_ok();
        if !pattern::has_wildcards(text) || is_there(context.path.join(text)) {
            return None;
        }
        let key = "protected_paths";
        let below = match text.starts_with('/') {
            false => text.to_owned(),
            true => match Path::new(text).strip_prefix(&context.path) {
                Ok(below) => format!("/{}", below.display()),
                Err(_) => {
                    self.warn_outside(entry, &context.path, place, text);
                    return Some(None);
                }
            },
        };
        let rule = self
            .pattern(entry, key, place, context, &below)
            .map(|()| PathRule {
                root: context.path.clone(),
                pattern: below,
                access: RuleAccess::Read,
            });
        Some(rule)
    }

    /// `spec/04` R10–R12: relative to the context's directory; what lies outside it is dropped with a warning.
    fn protected(
        &self,
        entry: &Section<'_>,
        root: &Path,
        place: Place,
        text: &str,
    ) -> Option<PathBuf> {
        let path = plain_path(&root.join(text));
        // An absolute spelling may name the root by another way: compare what both really are.
        let path = real(&path);
        if path.starts_with(root) {
            return Some(path);
        }
        self.warn_outside(entry, root, place, text);
        None
    }

    fn warn_outside(&self, entry: &Section<'_>, root: &Path, place: Place, text: &str) {
        let message = format!(
            "the protected path {text} lies outside the context path {}; it has no effect.",
            root.display()
        );
        self.findings.warning(
            place,
            &entry.key("protected_paths"),
            message,
            "Name a path inside it.",
        );
    }
}

/// The path with links resolved as far as it exists.
fn real(path: &Path) -> PathBuf {
    let Some((parent, name)) = path.parent().zip(path.file_name()) else {
        return path.to_owned();
    };
    parent
        .canonicalize()
        .unwrap_or_else(|_| real(parent))
        .join(name)
}
