//! Guests that crash, loop, hoard and flood: each ends with its named outcome, and the next call works.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::sync::Arc;
use std::time::Duration;

use guests::{call_tool, limits, sandbox, workspace};
use massgen_config::Limits;
use massgen_permissions::{Access, Grant, GrantKind, Policy, Rule};
use massgen_sandbox::{
    Cancel, Content, Entry, GuestFilesystem, Invocation, LimitKind, LoadError, Outcome, PluginKind,
};

fn no_files() -> Arc<GuestFilesystem> {
    Arc::new(GuestFilesystem::empty())
}

async fn outcome_of(tool: &str, limits: Limits) -> Outcome {
    let outcome = call_tool(&no_files(), tool, "{}", limits).await.outcome;
    let next = call_tool(&no_files(), "no_op", "{}", guests::limits())
        .await
        .outcome;
    assert_eq!(
        next,
        Outcome::Ok {
            content: vec![Content::Text {
                text: "done".to_owned()
            }]
        },
        "the host goes on"
    );
    outcome
}

fn short() -> Limits {
    Limits {
        call_time: Duration::from_millis(200),
        ..limits()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_panics_is_a_trap() {
    let Outcome::Trap { message } = outcome_of("trap", limits()).await else {
        panic!("no trap")
    };
    assert!(message.contains("unreachable"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_ends_at_its_time_limit() {
    assert_eq!(
        outcome_of("loop", short()).await,
        Outcome::Timeout {
            after: Duration::from_millis(200)
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleeping_guest_ends_at_its_time_limit() {
    assert_eq!(
        outcome_of("sleep", short()).await,
        Outcome::Timeout {
            after: Duration::from_millis(200)
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_hog_ends_at_its_memory_limit_which_is_named() {
    let Outcome::Limit { limit, message } = outcome_of("memory", limits()).await else {
        panic!("no limit")
    };
    assert_eq!(limit, LimitKind::Memory);
    assert_eq!(message, "the program needed more than its 64 MiB of memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_recursion_ends_at_the_stack_limit_or_the_guests_own_stack() {
    match outcome_of("recurse", limits()).await {
        Outcome::Limit {
            limit: LimitKind::Stack,
            ..
        }
        | Outcome::Trap { .. } => {}
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gigabyte_of_output_is_cut_and_counted() {
    let report = call_tool(
        &no_files(),
        "flood",
        "{}",
        Limits {
            // A gigabyte takes its time on a busy machine; the limit under test is another.
            call_time: Duration::from_secs(600),
            output_bytes: 1000,
            ..limits()
        },
    )
    .await;
    assert!(
        matches!(report.outcome, Outcome::Ok { .. }),
        "{:?}",
        report.outcome
    );
    assert_eq!(report.stdout.bytes.len(), 1000);
    assert_eq!(report.stdout.dropped, (1 << 30) - 1000);
    assert!(
        report
            .stdout
            .to_text()
            .ends_with("(truncated, exceeded 1000 bytes by 1073740824)")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_are_bounded() {
    let report = call_tool(&no_files(), "log_flood", "{}", limits()).await;
    assert_eq!(report.log.len(), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_is_not_the_json_it_claims_to_be_is_a_tool_error() {
    let Outcome::ToolError { message } = outcome_of("bad_json", limits()).await else {
        panic!("no tool error")
    };
    assert!(message.contains("marked as JSON"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_error_and_an_unknown_tool_are_told_as_they_are() {
    assert_eq!(
        outcome_of("fail", limits()).await,
        Outcome::ToolError {
            message: "it did not work".to_owned()
        }
    );
    assert_eq!(
        outcome_of("nonesuch", limits()).await,
        Outcome::ToolError {
            message: "there is no tool `nonesuch`".to_owned()
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_call_ends_as_cancelled() {
    let plugin = guests::plugin("misbehave", PluginKind::Tools);
    for tool in ["loop", "sleep"] {
        let cancel = Cancel::default();
        let entry = Entry::Tool {
            name: tool.to_owned(),
            arguments: "{}".to_owned(),
        };
        let call = tokio::spawn({
            let (plugin, cancel) = (plugin.clone(), cancel.clone());
            async move {
                sandbox()
                    .call(
                        &plugin,
                        &no_files(),
                        Invocation::new(entry, limits()),
                        &cancel,
                    )
                    .await
            }
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
        assert_eq!(call.await.unwrap().outcome, Outcome::Cancelled, "{tool}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_files_are_bounded() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    std::fs::write(folder.join("a"), "a").unwrap();
    let limits = Limits {
        open_files: 40,
        ..limits()
    };
    let report = call_tool(
        &workspace(folder.clone()),
        "handles",
        folder.join("a").to_str().unwrap(),
        limits,
    )
    .await;
    let Outcome::Limit {
        limit: LimitKind::Handles,
        message,
    } = report.outcome
    else {
        panic!("{:?}", report.outcome)
    };
    let limit = "no more than 40 open files, pipes and children (`sandbox.open_files`)";
    assert!(message.contains(limit), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_tool_is_denied_with_the_rule_and_the_reason() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let report = call_tool(&workspace(folder), "read", "/etc/passwd", limits()).await;
    let Outcome::Denied { denial, .. } = report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert_eq!(denial.rule, Rule::OutsideGrants);
    assert!(
        denial
            .reason
            .starts_with("cannot read /etc/passwd: it is outside every granted path."),
        "{}",
        denial.reason
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_grant_ends_when_it_is_revoked() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap();
    let grant =
        Grant::tree(&folder, GrantKind::Context, Access::Read).writable_in_final_presentation();
    let mut policy = Policy::new(vec![grant]);
    let filesystem = Arc::new(GuestFilesystem::mirroring(policy.clone(), folder.clone()).unwrap());
    let file = folder.join("result.txt");
    let write = || call_tool(&filesystem, "late_write", file.to_str().unwrap(), limits());

    assert!(matches!(write().await.outcome, Outcome::Denied { .. }));
    policy.final_presentation = true;
    filesystem.set_policy(policy.clone());
    assert!(matches!(write().await.outcome, Outcome::Ok { .. }));
    policy.final_presentation = false;
    filesystem.set_policy(policy);
    std::fs::write(&file, "kept").unwrap();
    assert!(matches!(write().await.outcome, Outcome::Denied { .. }));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_as_the_plugin_describes_them() {
    let plugin = guests::plugin("misbehave", PluginKind::Tools);
    let tools = sandbox().list_tools(&plugin, limits()).await.unwrap();
    assert_eq!(tools.len(), 13);
    assert!(
        tools
            .iter()
            .any(|tool| tool.name == "no_op" && tool.annotations.read_only)
    );
}

#[test]
fn a_component_whose_import_is_not_declared_is_refused_with_the_list() {
    let mut manifest = guests::manifest("attack", PluginKind::Command);
    manifest
        .imports
        .retain(|import| import != "wasi:filesystem");
    let error = sandbox()
        .load_bytes(manifest, &guests::component("attack"))
        .err()
        .unwrap();
    assert!(matches!(error, LoadError::Undeclared { .. }));
    assert!(
        error.to_string().contains("wasi:filesystem/types@0.2"),
        "{error}"
    );
}

#[test]
fn a_component_that_wants_what_nothing_gates_is_refused_with_the_list() {
    let component = r#"(component (import "wasi:keyvalue/store@0.2.0" (instance)) (import "acme:vault/keys@1.0.0" (instance)))"#;
    let component = wat::parse_str(component).unwrap();
    let error = sandbox()
        .load_bytes(guests::manifest("thief", PluginKind::Command), &component)
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "plugin `thief` wants wasi:keyvalue/store@0.2.0, acme:vault/keys@1.0.0: this host does not offer it. \
         Build the plugin without it."
    );
}

#[test]
fn bytes_that_are_no_component_and_components_of_another_kind_are_refused() {
    let manifest = || guests::manifest("attack", PluginKind::Tools);
    let error = sandbox().load_bytes(manifest(), b"\0asm").err().unwrap();
    assert!(
        error
            .to_string()
            .contains("must be a WebAssembly component"),
        "{error}"
    );
    let error = sandbox()
        .load_bytes(manifest(), &guests::component("attack"))
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "plugin `attack` is declared as a tool plugin but does not export massgen:plugin/tools"
    );
}
