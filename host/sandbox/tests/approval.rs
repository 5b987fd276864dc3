//! Paths under an `ask` rule: a person is asked, and the answer covers what was asked about and no more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use massgen_config::Limits;
use massgen_permissions::audit::Record;
use massgen_permissions::{
    Access, Effect, Grant, GrantKind, Operation, PathRule, Pattern, Policy, Rule,
};
use massgen_sandbox::{
    Answer, ApprovalRequest, Approver, Cancel, Entry, GuestFilesystem, Invocation, Outcome,
    PluginKind, Report,
};
use tempfile::TempDir;

/// Stands for the person: gives the next answer of a list, and notes what it was asked.
#[derive(Debug, Default)]
struct Person {
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<(String, Operation)>>,
    thinks_for: Duration,
}

impl Person {
    fn answering(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self {
            answers: Mutex::new(answers.into_iter().collect()),
            ..Self::default()
        }
    }

    fn asked(&self) -> Vec<(String, Operation)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Approver for Person {
    fn ask(&self, request: &ApprovalRequest<'_>, _: &dyn Fn() -> bool) -> Answer {
        let name = request.path.file_name().unwrap().to_str().unwrap();
        self.asked
            .lock()
            .unwrap()
            .push((name.to_owned(), request.operation));
        std::thread::sleep(self.thinks_for);
        let answer = self.answers.lock().unwrap().pop_front();
        answer.expect("a question that was not expected")
    }
}

/// A workspace in which `*.sql` needs approval and `*.key` is kept as it is.
struct Agent {
    _temporary: TempDir,
    folder: PathBuf,
    person: Arc<Person>,
    files: Arc<GuestFilesystem>,
    limits: Limits,
}

impl Agent {
    fn asking(person: Person) -> Self {
        Self::with(person, |files| files)
    }

    fn with(person: Person, change: impl FnOnce(GuestFilesystem) -> GuestFilesystem) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().canonicalize().unwrap();
        fs::write(folder.join("a.sql"), "one").unwrap();
        fs::write(folder.join("b.sql"), "two").unwrap();
        fs::write(folder.join("c.key"), "three").unwrap();
        let rule = |pattern: &str, effect| PathRule {
            root: folder.clone(),
            pattern: Pattern::new(pattern).unwrap(),
            effect,
        };
        let grant = Grant::tree(&folder, GrantKind::Context, Access::Write);
        let policy = Policy::new(vec![grant])
            .with_rules(vec![
                rule("*.sql", Effect::Ask),
                rule("*.key", Effect::Hide),
            ])
            .unwrap();
        let person = Arc::new(person);
        let approver: Arc<dyn Approver> = Arc::clone(&person) as Arc<dyn Approver>;
        let files = GuestFilesystem::mirroring(policy, folder.clone()).unwrap();
        Self {
            _temporary: temporary,
            files: Arc::new(change(files.approved_by(approver))),
            folder,
            person,
            limits: guests::limits(),
        }
    }

    async fn report(&self, operations: &[&str]) -> Report {
        let folder = self.folder.to_str().unwrap();
        let operations: Vec<String> = operations
            .iter()
            .map(|operation| operation.replace('@', folder))
            .collect();
        let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
        guests::run_within("files", &self.files, &operations, self.limits.clone()).await
    }

    async fn run(&self, operations: &[&str]) -> Vec<String> {
        let text = self.report(operations).await.stdout.to_text();
        text.lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

use Answer::{AllowForCall, AllowForRun, Refuse};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_allows_is_done_and_asked_once_in_a_call() {
    let agent = Agent::asking(Person::answering([AllowForCall, AllowForCall]));
    let lines = agent
        .run(&["stat @/a.sql", "read @/a.sql", "read @/a.sql"])
        .await;
    assert_eq!(lines[1..], ["ok one", "ok one"]);
    assert_eq!(
        agent.person.asked(),
        [("a.sql".to_owned(), Operation::Read)],
        "metadata needs no approval, and a second read no second answer"
    );
    agent.run(&["read @/a.sql"]).await;
    assert_eq!(agent.person.asked().len(), 2, "the next call asks again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_the_run_holds_for_later_calls() {
    let agent = Agent::asking(Person::answering([AllowForRun]));
    for _ in 0..3 {
        assert_eq!(agent.run(&["read @/a.sql"]).await, ["ok one"]);
    }
    assert_eq!(agent.person.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_to_the_model_and_holds_for_the_call() {
    let agent = Agent::asking(Person::answering([Refuse]));
    let report = agent.report(&["read @/a.sql", "read @/a.sql"]).await;
    assert_eq!(report.stdout.to_text(), "error no-entry\nerror no-entry\n");
    assert_eq!(report.denials[0].rule, Rule::ApprovalRefused);
    assert!(
        report.denials[0].reason.contains("approval"),
        "{}",
        report.denials[0].reason
    );
    assert_eq!(agent.person.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_covers_neither_another_path_nor_another_kind_of_action() {
    let agent = Agent::asking(Person::answering([
        AllowForRun,
        Refuse,
        Refuse,
        AllowForRun,
    ]));
    let lines = agent
        .run(&[
            "read @/a.sql",
            "read @/b.sql",
            "write @/a.sql new",
            "unlink @/a.sql",
        ])
        .await;
    assert_eq!(
        lines,
        ["ok one", "error no-entry", "error not-permitted", "ok"]
    );
    let asked = agent.person.asked();
    let operations: Vec<_> = asked.iter().map(|(_, operation)| *operation).collect();
    assert_eq!(
        operations,
        [
            Operation::Read,
            Operation::Read,
            Operation::Write,
            Operation::Remove
        ]
    );
    assert!(!agent.folder.join("a.sql").exists());
    assert_eq!(
        fs::read_to_string(agent.folder.join("b.sql")).unwrap(),
        "two"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_about_what_no_answer_could_allow() {
    let agent = Agent::asking(Person::default());
    let lines = agent.run(&["read @/c.key", "read @/../other"]).await;
    assert_eq!(lines, ["error no-entry", "error no-entry"]);
    assert!(agent.person.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_the_answer_is_not_taken_from_the_call() {
    let mut agent = Agent::asking(Person {
        thinks_for: Duration::from_millis(1_500),
        ..Person::answering([AllowForCall])
    });
    agent.limits.call_time = Duration::from_millis(400);
    let report = agent.report(&["read @/a.sql"]).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
    assert_eq!(report.stdout.to_text(), "ok one\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_cancelled_waits_for_no_answer() {
    #[derive(Debug)]
    struct Away;
    impl Approver for Away {
        fn ask(&self, _: &ApprovalRequest<'_>, is_wanted: &dyn Fn() -> bool) -> Answer {
            while is_wanted() {
                std::thread::sleep(Duration::from_millis(10));
            }
            Refuse
        }
    }
    let agent = Agent::with(Person::default(), |files| files.approved_by(Arc::new(Away)));
    let plugin = guests::plugin("files", PluginKind::Command);
    let path = agent.folder.join("a.sql").display().to_string();
    let entry = Entry::Command {
        arguments: vec!["files".to_owned(), format!("read {path}")],
        stdin: Vec::new(),
    };
    let cancel = Cancel::default();
    let soon = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        soon.cancel();
    });
    let report = guests::sandbox()
        .call(
            &plugin,
            &agent.files,
            Invocation::new(entry, guests::limits()),
            &cancel,
        )
        .await;
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert!(report.elapsed < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_cannot_ask_without_end() {
    let agent = Agent::asking(Person::answering([Refuse; 20]));
    let operations: Vec<String> = (0..40).map(|n| format!("write @/{n}.sql x")).collect();
    let operations: Vec<&str> = operations.iter().map(String::as_str).collect();
    let lines = agent.run(&operations).await;
    assert_eq!(lines, vec!["error not-permitted"; 40]);
    assert_eq!(agent.person.asked().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_tells_what_a_person_allowed_and_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let file = temporary.path().join("audit.jsonl");
    let audit = guests::audit(&file);
    {
        let person = Person::answering([AllowForCall, Refuse]);
        let agent = Agent::with(person, |files| files.audited(audit));
        agent.run(&["read @/a.sql", "read @/b.sql"]).await;
    }
    let text = fs::read_to_string(file).unwrap();
    let records = text
        .lines()
        .map(|line| serde_json::from_str::<Record>(line).unwrap());
    let rules: Vec<Rule> = records
        .filter(|record| record.operation == Operation::Read)
        .map(|record| record.rule)
        .collect();
    assert!(
        rules.starts_with(&[Rule::Approved, Rule::ApprovalRefused]),
        "{rules:?}"
    );
}
