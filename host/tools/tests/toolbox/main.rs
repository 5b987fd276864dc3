//! A toolbox of the first-party plugins on real files.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agent;
mod background;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use massgen_backends::ToolCall;
use massgen_config::{CommandLine, Limits, ToolFilter};
use massgen_sandbox::{GuestFilesystem, Manifest};
use massgen_tools::{ToolStatus, Toolbox, Toolset};
use serde_json::{Value, json};

use crate::agent::{Agent, toolset, toolset_beside};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_party_tools_are_announced_with_their_schemas() {
    let agent = Agent::new().await;
    let names = agent.names();
    for name in [
        "read_file",
        "read_text_file",
        "read_multiple_files",
        "write_file",
        "edit_file",
        "create_directory",
        "list_directory",
        "directory_tree",
        "move_file",
        "search_files",
        "get_file_info",
        "list_allowed_directories",
        "copy_file",
        "copy_files_batch",
        "delete_file",
        "delete_files_batch",
        "compare_directories",
        "compare_files",
        "run_python",
    ] {
        assert!(
            names.iter().any(|known| known == name),
            "{name} is missing in {names:?}"
        );
    }
    for tool in agent.toolbox.definitions() {
        assert_eq!(tool.parameters["type"], "object", "{}", tool.name);
    }
    assert!(agent.toolbox.is_read_only("read_file") && !agent.toolbox.is_read_only("write_file"));
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_that_run_command_lines_are_told_of_commands_that_the_user_has_installed() {
    let folder = tempfile::tempdir().unwrap();
    let component = "../../plugins/target/artifacts/unix_tools.wasm";
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join(component);
    fs::copy(component, folder.path().join("plugin.wasm")).unwrap();
    let manifest = Manifest::parse(
        "name = 'more'\nversion = '1.0.0'\nkind = 'command'\ndescription = 'tools for tests'\n\
         imports = ['wasi:cli', 'wasi:clocks', 'wasi:filesystem', 'wasi:io', 'wasi:random', 'wasi:sockets', 'massgen:plugin/process']\n\
         provides = ['more', 'most']",
    )
    .unwrap();
    let told = async |toolset: Toolset| {
        let toolbox = toolset.for_agent(
            Arc::new(GuestFilesystem::empty()),
            &ToolFilter::default(),
            Some(&CommandLine::default()),
            None,
            Limits::default(),
        );
        let tools = toolbox.unwrap().definitions();
        let found = tools
            .into_iter()
            .find(|tool| tool.name == "execute_command");
        found.unwrap().description
    };
    let plain = told(toolset().await).await;
    let more =
        toolset_beside(|sandbox| Some(sandbox.load_folder(manifest, folder.path()).unwrap()));
    assert_eq!(
        told(more.await).await,
        format!("{plain} There is also `more`, `most`: tools for tests.")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_from_tool_to_tool_and_to_python() {
    let agent = Agent::new().await;
    let written = agent
        .call(
            "write_file",
            json!({"path": "n.txt", "content": "20\n22\n"}),
        )
        .await;
    assert_eq!(written.status, ToolStatus::Ok, "{}", written.content);
    let ran = agent
        .call(
            "run_python",
            json!({"code": "print(sum(map(int, open('n.txt'))))"}),
        )
        .await;
    let result: Value = serde_json::from_str(&ran.content).unwrap();
    assert_eq!(
        (&result["success"], &result["exit_code"], &result["stdout"]),
        (&json!(true), &json!(0), &json!("42\n"))
    );
    let copied = agent
        .call(
            "copy_file",
            json!({"source_path": "n.txt", "destination_path": "m/n.txt"}),
        )
        .await;
    assert_eq!(copied.status, ToolStatus::Ok, "{}", copied.content);
    assert_eq!(
        fs::read_to_string(agent.folder.join("ws/m/n.txt")).unwrap(),
        "20\n22\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_with_a_name_that_is_no_utf8_is_told_of_by_listing_and_searching() {
    let agent = Agent::new().await;
    let folder = agent.folder.join("ws/odd");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"odd\xff")), "text").unwrap();
    let path = folder.to_str().unwrap();
    let listed = agent.call("list_directory", json!({ "path": path })).await;
    assert_eq!(listed.status, ToolStatus::ToolError, "{}", listed.content);
    assert!(
        listed.content.contains("Illegal byte sequence"),
        "{}",
        listed.content
    );
    let arguments = json!({"path": agent.folder.join("ws"), "pattern": "*.txt"});
    let found = agent.call("search_files", arguments).await;
    assert_eq!(found.status, ToolStatus::Ok, "{}", found.content);
    let told = format!("No matches.\nNot all of {path} was searched: ");
    assert!(found.content.starts_with(&told), "{}", found.content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_name_in_a_filter_is_told_with_the_nearest_one() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let filter = ToolFilter {
        allowed: Some(names(&[
            "read_file",
            "raed_file",
            "mcp__filesystem__write_fle",
        ])),
        excluded: names(&[
            "mcp__python__run_python",
            "run_pyhton",
            "generate_and_store_image",
        ]),
    };
    let unknown = toolset().await.unknown_in(&filter);
    let told: Vec<String> = unknown.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "`allowed_tools` names `raed_file`, and no tool goes by that name; it has no effect. \
             Did you mean `read_file`?",
            "`allowed_tools` names `mcp__filesystem__write_fle`, and no tool goes by that name; it has no effect. \
             Did you mean `mcp__filesystem__write_file`?",
            "`exclude_tools` names `run_pyhton`, and no tool goes by that name; it has no effect. \
             Did you mean `run_python`?",
            "`exclude_tools` names `generate_and_store_image`, and no tool goes by that name; it has no effect. \
             Remove it if it is not needed.",
        ]
    );
    assert_eq!(toolset().await.unknown_in(&ToolFilter::default()), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_holds_for_a_tool_by_its_own_name_and_by_its_prefixed_name() {
    let agent = Agent::new().await;
    for name in ["write_file", "mcp__filesystem__write_file"] {
        let outcome = agent
            .call(name, json!({"path": "/etc/massgen-test", "content": "x"}))
            .await;
        assert_eq!(
            outcome.status,
            ToolStatus::Denied {
                rule: "outside-grants".to_owned()
            },
            "{name}"
        );
        assert!(
            outcome
                .content
                .contains("Refused by the rule `outside-grants`"),
            "{}",
            outcome.content
        );
    }
    assert!(!Path::new("/etc/massgen-test").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn python_that_is_refused_a_file_is_told_the_rule() {
    let agent = Agent::new().await;
    let outcome = agent
        .call("run_python", json!({"code": "open('/etc/passwd').read()"}))
        .await;
    assert_eq!(
        outcome.status,
        ToolStatus::Denied {
            rule: "outside-grants".to_owned()
        },
        "{}",
        outcome.content
    );
    let result: Value = serde_json::from_str(&outcome.content).unwrap();
    assert_eq!(result["exit_code"], 1);
    assert!(
        result["stderr"]
            .as_str()
            .unwrap()
            .contains("FileNotFoundError"),
        "{result}"
    );
    assert!(
        result["refused"][0]
            .as_str()
            .unwrap()
            .contains("cannot read /etc/passwd"),
        "{result}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn context_writes_are_there_for_the_presentation_only_and_never_for_protected_paths() {
    let agent = Agent::new().await;
    let write =
        |name: &str| json!({"path": agent.folder.join("context").join(name), "content": "x"});
    let read_only = ToolStatus::Denied {
        rule: "read-only-grant".to_owned(),
    };
    assert_eq!(
        agent.call("write_file", write("a.txt")).await.status,
        read_only
    );
    agent.toolbox.set_context_writes(true);
    assert_eq!(
        agent.call("write_file", write("a.txt")).await.status,
        ToolStatus::Ok
    );
    let protected = ToolStatus::Denied {
        rule: "protected-path".to_owned(),
    };
    assert_eq!(
        agent.call("write_file", write("keep.txt")).await.status,
        protected
    );
    agent.toolbox.set_context_writes(false);
    assert_eq!(
        agent.call("write_file", write("b.txt")).await.status,
        read_only
    );
    assert!(!agent.folder.join("context/b.txt").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_deleted_once_every_tools_reading_has_covered_it() {
    // `spec/04` D4, D5, D9, with any tool's reading counted: cases 190 to 196 of `spec/07`.
    let agent = Agent::new().await;
    for name in ["a.txt", "b.txt"] {
        fs::create_dir_all(agent.folder.join("ws/d")).unwrap();
        fs::write(agent.folder.join("ws/d").join(name), "content").unwrap();
    }
    let unread = agent.call("delete_file", json!({"path": "d/a.txt"})).await;
    assert!(
        unread.content.contains("must be read before deletion"),
        "{}",
        unread.content
    );
    agent
        .call("read_text_file", json!({"path": "d/a.txt"}))
        .await;
    let partly = agent
        .call("delete_file", json!({"path": "d", "recursive": true}))
        .await;
    assert!(
        partly.content.contains("Contains 1 unread file(s): "),
        "{}",
        partly.content
    );
    let batch = agent
        .call("delete_files_batch", json!({"base_path": "d"}))
        .await;
    assert!(
        batch.content.contains("Cannot delete 1 unread file(s): "),
        "{}",
        batch.content
    );
    assert!(agent.folder.join("ws/d/a.txt").exists());
    agent
        .call("run_python", json!({"code": "open('d/b.txt').read()"}))
        .await;
    let whole = agent
        .call("delete_file", json!({"path": "d", "recursive": true}))
        .await;
    assert_eq!(whole.status, ToolStatus::Ok, "{}", whole.content);
    assert!(!agent.folder.join("ws/d").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_or_an_edit_in_the_sandbox_keeps_mode_and_names() {
    use std::os::unix::fs::PermissionsExt;
    let agent = Agent::new().await;
    let script = agent.folder.join("ws/run.sh");
    fs::write(&script, "echo one\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    fs::hard_link(&script, agent.folder.join("ws/same.sh")).unwrap();
    let edits = json!([{"oldText": "one", "newText": "two"}]);
    let edited = agent
        .call("edit_file", json!({"path": "run.sh", "edits": edits}))
        .await;
    assert_eq!(edited.status, ToolStatus::Ok, "{}", edited.content);
    let copied = agent
        .call(
            "copy_file",
            json!({"source_path": "run.sh", "destination_path": "same.sh", "overwrite": true}),
        )
        .await;
    assert_eq!(copied.status, ToolStatus::Ok, "{}", copied.content);
    assert_eq!(fs::read_to_string(&script).unwrap(), "echo two\n");
    assert_eq!(
        fs::read_to_string(agent.folder.join("ws/same.sh")).unwrap(),
        "echo two\n"
    );
    assert_eq!(
        fs::metadata(&script).unwrap().permissions().mode() & 0o777,
        0o755
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_by_a_way_through_a_link() {
    let agent = Agent::new().await;
    std::os::unix::fs::symlink("..", agent.folder.join("ws/up")).unwrap();
    fs::write(agent.folder.join("ws/keep.txt"), "kept").unwrap();
    agent.call("read_file", json!({"path": "keep.txt"})).await;
    let refused = agent
        .call("delete_file", json!({"path": "up/ws", "recursive": true}))
        .await;
    assert_ne!(refused.status, ToolStatus::Ok);
    assert_eq!(
        fs::read_to_string(agent.folder.join("ws/keep.txt")).unwrap(),
        "kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_names_tools_with_or_without_their_prefix() {
    let allowed = ["read_file", "mcp__workspace_tools__copy_file"]
        .map(str::to_owned)
        .to_vec();
    let filter = ToolFilter {
        allowed: Some(allowed),
        excluded: Vec::new(),
    };
    assert_eq!(
        Agent::with(&filter, Limits::default()).await.names(),
        ["copy_file", "read_file"]
    );
    let filter = ToolFilter {
        allowed: None,
        excluded: vec!["mcp__python__run_python".to_owned()],
    };
    assert!(
        !Agent::with(&filter, Limits::default())
            .await
            .names()
            .contains(&"run_python".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_calls_are_answered_with_what_to_do() {
    let agent = Agent::new().await;
    let unknown = agent.call("rm", json!({})).await;
    assert!(
        unknown
            .content
            .starts_with("There is no tool `rm`. The tools are: compare_directories,"),
        "{}",
        unknown.content
    );
    let broken = agent.call_text("read_file", "{\"path\": ").await;
    assert!(
        broken.content.contains("not a JSON object"),
        "{}",
        broken.content
    );
    let array = agent.call_text("read_file", "[1]").await;
    assert!(
        array.content.contains("it is an array"),
        "{}",
        array.content
    );
    let field = agent.call("read_file", json!({"file": "a"})).await;
    assert!(
        field.content.contains("unknown field `file`"),
        "{}",
        field.content
    );
    let both = agent
        .call("run_python", json!({"code": "1", "script": "a.py"}))
        .await;
    assert!(both.content.contains("exactly one of"), "{}", both.content);
    let time = agent
        .call("run_python", json!({"code": "1", "timeout": -1}))
        .await;
    assert!(
        time.content.contains("positive number of seconds"),
        "{}",
        time.content
    );
    for outcome in [unknown, broken, array, field, both, time] {
        assert_eq!(outcome.status, ToolStatus::ToolError);
    }
    assert_eq!(
        agent.call_text("list_allowed_directories", "").await.status,
        ToolStatus::Ok
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programs_own_timeout_is_held_and_its_output_kept() {
    let agent = Agent::new().await;
    let code = "print('begun', flush=True)\nwhile True: pass";
    let outcome = agent
        .call("run_python", json!({"code": code, "timeout": 2}))
        .await;
    assert_eq!(outcome.status, ToolStatus::Timeout);
    let result: Value = serde_json::from_str(&outcome.content).unwrap();
    assert_eq!(result["stdout"], "begun\n");
    assert!(
        result["error"].as_str().unwrap().contains("2 seconds"),
        "{result}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_is_cut_to_the_output_limit() {
    let limits = Limits {
        output_bytes: 100,
        call_time: Duration::from_secs(30),
        ..Limits::default()
    };
    let agent = Agent::with(&ToolFilter::default(), limits).await;
    fs::write(agent.folder.join("ws/long.txt"), "x".repeat(1000)).unwrap();
    let outcome = agent.call("read_file", json!({"path": "long.txt"})).await;
    assert_eq!(
        outcome.content,
        format!(
            "{}\n... (truncated, 1000 bytes exceed the limit of 100)",
            "x".repeat(100)
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_without_files_has_no_tools() {
    assert!(Toolbox::empty().definitions().is_empty());
    let call = ToolCall {
        id: "1".to_owned(),
        name: "read_file".to_owned(),
        arguments: String::new(),
    };
    assert_eq!(
        Toolbox::empty().call(&call).await.status,
        ToolStatus::ToolError
    );
}
