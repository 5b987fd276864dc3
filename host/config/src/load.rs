//! Reading and checking a configuration (`spec/02` §1–2).

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use crate::backend;
use crate::claude_code;
use crate::command_line;
use crate::context::Context;
use crate::diagnostic::{ConfigError, Diagnostic, Severity};
use crate::environment::Environment;
use crate::limits::Limits;
use crate::node::{Node, Place, Tree};
use crate::plan::{
    AgentId, AgentPlan, BackendKind, HiddenNames, OrchestratorPlan, PathRules, ReadBeforeDelete,
    RunPlan, ToolFilter, UiPlan,
};
use crate::quantity;
use crate::section::{Findings, Section};
use crate::source::Source;

/// How long coordination may take unless the file says otherwise (`spec/01` §11).
const ORCHESTRATOR_TIMEOUT: Duration = Duration::from_secs(1800);

/// How many of `-`, `?` and `:` may follow each other on a line. The YAML scanner descends once for each, before its own
/// limit on depth counts, and some thousands would end a thread's stack.
const MAX_OPENINGS: usize = 256;

/// The folder that relative folders of a run are moved to (`spec/02` §2.5).
pub(crate) const HOME_FOLDER: &str = ".massgen";

/// Reads and checks a configuration.
///
/// # Errors
/// When it cannot be read or has errors, or when this machine lacks what it needs; all of that is told.
pub fn load(source: &Source, environment: &Environment) -> Result<RunPlan, ConfigError> {
    parse(&source.text()?, &source.name(), environment)
}

/// What is to be said of a configuration, without running it.
pub fn check(source: &Source, environment: &Environment) -> Vec<Diagnostic> {
    match source.text() {
        Ok(text) => read(&text, &source.name(), environment).1,
        Err(error) => error.diagnostics,
    }
}

/// Checks a configuration's text, which came from `origin`.
///
/// # Errors
/// When it has errors, or when this machine lacks what it needs; all of that is told.
pub fn parse(text: &str, origin: &Path, environment: &Environment) -> Result<RunPlan, ConfigError> {
    let (plan, diagnostics) = read(text, origin, environment);
    let may_start = diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity == Severity::Warning);
    match plan {
        Some(mut plan) if may_start => {
            plan.warnings = diagnostics;
            Ok(plan)
        }
        _ => Err(ConfigError { diagnostics }),
    }
}

/// The plan, as far as there is one, and everything that is to be said of it.
fn read(
    text: &str,
    origin: &Path,
    environment: &Environment,
) -> (Option<RunPlan>, Vec<Diagnostic>) {
    let findings = Findings::new(origin);
    if let Some(line) = text
        .lines()
        .position(|line| line.split('\r').any(opens_too_deep))
    {
        let message = format!("the line opens more than {MAX_OPENINGS} lists in each other.");
        findings.error(
            (line as u64 + 1, 1),
            "",
            message,
            "No key needs that: remove them.",
        );
        return (None, findings.into_diagnostics());
    }
    let plan = match serde_saphyr::from_str::<Node>(text) {
        Ok(root) => read_run(&findings, &root, origin, environment),
        Err(error) => {
            let place = error
                .location()
                .map(|location| (location.line(), location.column()));
            let reason = error.without_snippet().to_string();
            // The place is told already; advice for programmers is none for users.
            let reason = reason.split(" at line ").next().unwrap_or(&reason);
            let reason = reason.split(", set ").next().unwrap_or(reason);
            let help = "Check the indentation and the quotes around here.".to_owned();
            findings.add(
                Severity::Error,
                place,
                "",
                format!("this is not YAML: {reason}."),
                Some(help),
            );
            None
        }
    };
    let mut diagnostics = environment.warnings().to_vec();
    diagnostics.extend(findings.into_diagnostics());
    (plan, diagnostics)
}

/// Whether so many indicators follow each other, wherever in the line: an anchor or a bracket may come first.
fn opens_too_deep(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    words
        .split(|word| !matches!(*word, "-" | "?" | ":"))
        .any(|run| run.len() > MAX_OPENINGS)
}

/// The displays of the Python version (`spec/06`).
const DISPLAYS: [&str; 3] = ["simple", "terminal", "rich_terminal"];

/// What the readers of sections share.
pub(crate) struct Reader<'a> {
    pub(crate) findings: &'a Findings,
    pub(crate) environment: &'a Environment,
    /// The configuration file's folder.
    folder: PathBuf,
}

/// What all agents have unless they say otherwise.
struct Shared {
    contexts: Vec<Context>,
    hidden_names: HiddenNames,
    read_before_delete: ReadBeforeDelete,
    limits: Limits,
}

fn read_run(
    findings: &Findings,
    root: &Node,
    origin: &Path,
    environment: &Environment,
) -> Option<RunPlan> {
    if matches!(root.value, Tree::Null) {
        findings.error(
            root.place,
            "",
            "the file is empty.",
            "Add `agents:` with at least one agent.",
        );
        return None;
    }
    let section = Section::open(findings, "", root)?;
    let folder = environment
        .current_directory()
        .join(origin)
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    let reader = Reader {
        findings,
        environment,
        folder,
    };
    let orchestrator = section
        .get("orchestrator")
        .and_then(|node| Section::open(findings, "orchestrator", node));
    let shared = Shared {
        contexts: orchestrator
            .as_ref()
            .map(|section| reader.contexts(section))
            .unwrap_or_default(),
        hidden_names: orchestrator
            .as_ref()
            .map(|section| reader.hidden_names(section, &HiddenNames::default()))
            .unwrap_or_default(),
        read_before_delete: orchestrator
            .as_ref()
            .map(|section| reader.read_before_delete(section, ReadBeforeDelete::default()))
            .unwrap_or_default(),
        limits: reader.limits(&section, &Limits::default()),
    };
    let agents = reader.agents(&section, &shared);
    let orchestrator = reader.orchestrator(orchestrator.as_ref());
    let ui = reader.ui(&section);
    let orchestrator_timeout = reader.timeout(&section);
    let _ = section.get("display");
    section.warn_about_the_rest(&[]);
    if agents.is_empty() {
        return None;
    }
    Some(RunPlan {
        source: Some(origin.to_owned()),
        agents,
        orchestrator,
        ui,
        orchestrator_timeout,
        warnings: Vec::new(),
    })
}

impl Reader<'_> {
    fn agents(&self, section: &Section<'_>, shared: &Shared) -> Vec<AgentPlan> {
        let nodes: Vec<(String, &Node)> = match (section.list("agents"), section.get("agent")) {
            (Some(_), Some(agent)) => {
                let help = "Keep one: `agents` is a list, `agent` is a single agent.";
                self.findings.error(
                    agent.place,
                    "agent",
                    "both `agents` and `agent` are given.",
                    help,
                );
                return Vec::new();
            }
            (Some(agents), None) => agents
                .iter()
                .enumerate()
                .map(|(index, node)| (format!("agents[{index}]"), node))
                .collect(),
            (None, Some(agent)) => vec![("agent".to_owned(), agent)],
            (None, None) => Vec::new(),
        };
        if nodes.is_empty() {
            let help = "Add `agents:` with at least one agent, each with an `id` and a `backend`.";
            self.findings
                .error(section.place, "agents", "there are no agents.", help);
        }
        let mut agents: Vec<AgentPlan> = Vec::new();
        for (index, (path, node)) in nodes.into_iter().enumerate() {
            let Some(section) = Section::open(self.findings, &path, node) else {
                continue;
            };
            let Some(agent) = self.agent(&section, index, shared) else {
                continue;
            };
            if agents.iter().any(|other| other.id == agent.id) {
                let help = "Give each agent an id of its own.";
                let message = format!("the id `{}` is used twice.", agent.id);
                self.findings
                    .error(section.place_of("id"), &section.key("id"), message, help);
                continue;
            }
            agents.push(agent);
        }
        agents
    }

    fn agent(&self, section: &Section<'_>, index: usize, shared: &Shared) -> Option<AgentPlan> {
        let id = section
            .text("id")
            .map_or_else(|| format!("agent{}", index + 1), str::to_owned);
        let id = AgentId::new(id)
            .map_err(|error| {
                self.findings.error(
                    section.place_of("id"),
                    &section.key("id"),
                    format!("{error}."),
                    "Choose another id.",
                );
            })
            .ok();
        let system_message = section.text("system_message").map(str::to_owned);
        let limits = self.limits(section, &shared.limits);
        let backend = section.get("backend").or_else(|| {
            let help = "Add `backend:` with `type`, `model` and what else it needs.";
            self.findings.error(
                section.place,
                &section.key("backend"),
                "the agent has no backend.",
                help,
            );
            None
        });
        section.warn_about_the_rest(&[]);
        let backend = Section::open(self.findings, &section.key("backend"), backend?)?;
        let workspace = self.run_folder(
            &backend,
            "cwd",
            Path::new(HOME_FOLDER).join("workspaces").as_path(),
        );
        let contexts = self.contexts_of_agent(&backend, &shared.contexts);
        let path_rules = PathRules {
            rules: contexts
                .iter()
                .flat_map(|context| context.rules.clone())
                .collect(),
            commits: contexts.iter().filter_map(Context::commits).collect(),
            hidden_names: self.hidden_names(&backend, &shared.hidden_names),
            read_before_delete: self.read_before_delete(&backend, shared.read_before_delete),
        };
        let names = |list: Option<Vec<(Place, String)>>| {
            list.map(|list| list.into_iter().map(|(_, name)| name).collect())
        };
        let tools = ToolFilter {
            allowed: names(backend.texts("allowed_tools")),
            excluded: names(backend.texts("exclude_tools")).unwrap_or_default(),
        };
        let command_line = command_line::read(&backend);
        let plan = backend::read(&backend, &self.folder, self.environment)?;
        let tools = match plan.kind {
            BackendKind::ClaudeCode => claude_code::own_tools(tools),
            _ => tools,
        };
        Some(AgentPlan {
            id: id?,
            system_message,
            backend: plan,
            workspace,
            context_paths: contexts.into_iter().map(|context| context.path).collect(),
            path_rules,
            tools,
            command_line,
            limits,
        })
    }

    fn orchestrator(&self, section: Option<&Section<'_>>) -> OrchestratorPlan {
        let home = Path::new(HOME_FOLDER);
        let folder = |name: &'static str, default: &str| {
            section
                .and_then(|section| self.run_folder(section, name, home))
                .unwrap_or_else(|| {
                    self.environment
                        .current_directory()
                        .join(home)
                        .join(default)
                })
        };
        let plan = OrchestratorPlan {
            snapshot_storage: folder("snapshot_storage", "snapshots"),
            agent_temporary_workspace: folder("agent_temporary_workspace", "temp_workspaces"),
            session_storage: folder("session_storage", "sessions"),
            skip_coordination_rounds: section
                .and_then(|section| section.boolean("skip_coordination_rounds"))
                .unwrap_or(false),
            max_new_answers_per_agent: section
                .and_then(|section| section.count("max_new_answers_per_agent")),
        };
        if let Some(section) = section {
            let later = [
                "coordination",
                "voting_sensitivity",
                "answer_novelty_requirement",
            ];
            for name in later {
                if let Some(node) = section.get(name) {
                    let message = "not available in this version; it is ignored.";
                    self.findings
                        .warning(node.place, &section.key(name), message, "");
                }
            }
            section.warn_about_the_rest(&[]);
        }
        plan
    }

    fn ui(&self, root: &Section<'_>) -> UiPlan {
        if let Some(section) = root
            .get("ui")
            .and_then(|node| Section::open(self.findings, "ui", node))
        {
            let display = section
                .text("display_type")
                .filter(|name| !DISPLAYS.contains(name));
            if let Some(display) = display {
                let help = "Known: simple, terminal, rich_terminal; this version shows all of them as plain lines.";
                let message = format!("there is no display `{display}`.");
                self.findings.error(
                    section.place_of("display_type"),
                    &section.key("display_type"),
                    message,
                    help,
                );
            }
            for known in [
                "type",
                "logging_enabled",
                "use_orchestrator_for_single_agent",
            ] {
                let _ = section.get(known);
            }
            section.warn_about_the_rest(&[]);
        }
        UiPlan::default()
    }

    fn timeout(&self, root: &Section<'_>) -> Duration {
        let section = root
            .get("timeout_settings")
            .and_then(|node| Section::open(self.findings, "timeout_settings", node));
        let Some(section) = section else {
            return ORCHESTRATOR_TIMEOUT;
        };
        let timeout = section.quantity("orchestrator_timeout_seconds", "600", quantity::time);
        section.warn_about_the_rest(&[]);
        timeout.unwrap_or(ORCHESTRATOR_TIMEOUT)
    }

    fn limits(&self, outer: &Section<'_>, defaults: &Limits) -> Limits {
        let section = outer
            .get("sandbox")
            .and_then(|node| Section::open(self.findings, &outer.key("sandbox"), node));
        let Some(section) = section else {
            return defaults.clone();
        };
        let limits = Limits {
            memory_bytes: section
                .quantity("memory", "512MiB", quantity::bytes)
                .unwrap_or(defaults.memory_bytes),
            call_time: section
                .quantity("call_time", "60s", quantity::time)
                .unwrap_or(defaults.call_time),
            output_bytes: section
                .quantity("output", "1MiB", quantity::bytes)
                .unwrap_or(defaults.output_bytes),
            open_files: section.count("open_files").unwrap_or(defaults.open_files),
            commands: section.count("commands").unwrap_or(defaults.commands),
            requests: section.count("requests").unwrap_or(defaults.requests),
            background_time: section
                .quantity("background_time", "600s", quantity::time)
                .unwrap_or(defaults.background_time),
            background_commands: section
                .count("background_commands")
                .unwrap_or(defaults.background_commands),
            written_bytes: section
                .quantity("written", "1GiB", quantity::bytes)
                .unwrap_or(defaults.written_bytes),
            written_bytes_per_agent: section
                .quantity("written_per_agent", "16GiB", quantity::bytes)
                .unwrap_or(defaults.written_bytes_per_agent),
            new_files: section
                .count("new_files")
                .map_or(defaults.new_files, u64::from),
            new_files_per_agent: section
                .count("new_files_per_agent")
                .map_or(defaults.new_files_per_agent, u64::from),
            largest_file: section
                .quantity("largest_file", "1GiB", quantity::bytes)
                .unwrap_or(defaults.largest_file),
        };
        section.warn_about_the_rest(&[]);
        limits
    }

    /// A folder of the run: absolute as it stands, relative below `home` (`spec/02` §2.5); a relative one that climbs
    /// out is refused.
    fn run_folder(
        &self,
        section: &Section<'_>,
        name: &'static str,
        home: &Path,
    ) -> Option<PathBuf> {
        let text = section.text(name)?;
        let path = Path::new(text);
        if path.is_absolute() {
            return Some(path.to_owned());
        }
        if path
            .components()
            .any(|component| component == Component::ParentDir)
        {
            let place = section.place_of(name);
            let help = format!(
                "Use a name below {}, or an absolute path if you mean a folder elsewhere.",
                home.display()
            );
            self.findings.error(
                place,
                &section.key(name),
                format!("`{text}` leads out of {}.", home.display()),
                help,
            );
            return None;
        }
        let path: PathBuf = path
            .components()
            .filter(|component| *component != Component::CurDir)
            .collect();
        // The folder is emptied when a run starts: it must not be the one that holds all others.
        if path.as_os_str().is_empty() || path == Path::new(HOME_FOLDER) {
            let help = format!(
                "Give it a name of its own; it becomes a folder below {}.",
                home.display()
            );
            let message = format!("`{text}` is no folder of its own.");
            self.findings
                .error(section.place_of(name), &section.key(name), message, help);
            return None;
        }
        let moved = if path.starts_with(HOME_FOLDER) {
            path
        } else {
            home.join(path)
        };
        Some(self.environment.current_directory().join(moved))
    }
}

#[cfg(test)]
mod tests;
