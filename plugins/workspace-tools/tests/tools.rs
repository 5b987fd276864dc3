//! The tools on a real directory, rule by rule (`spec/04` §10.1, T1–T12 with the defects mended).
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use massgen_plugin::Content;
use massgen_plugin::host::{Access, GrantedPath, RemovalRefusal, pretend, pretend_refusals};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A workspace that the tools believe they work in.
struct Workspace {
    _temporary: TempDir,
    root: PathBuf,
}

impl Workspace {
    fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let root = temporary.path().canonicalize().expect("its real path");
        let granted = GrantedPath {
            path: root.clone(),
            access: Access::Write,
            single_file: false,
        };
        pretend(root.clone(), vec![granted]);
        Self {
            _temporary: temporary,
            root,
        }
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.root.join(name)).expect("a file")
    }

    fn has(&self, name: &str) -> bool {
        fs::symlink_metadata(self.root.join(name)).is_ok()
    }
}

fn call(tool: &str, arguments: Value) -> Result<Value, String> {
    let tools = workspace_tools::tools();
    let named = tools
        .iter()
        .find(|candidate| candidate.describe().name == tool)
        .expect("a tool of that name");
    match named.call(&arguments.to_string())?.remove(0) {
        Content::Json(text) => Ok(serde_json::from_str(&text).expect("JSON")),
        other => panic!("{other:?}"),
    }
}

fn copy(source: &str, destination: &str, overwrite: bool) -> Result<Value, String> {
    call(
        "copy_file",
        json!({"source_path": source, "destination_path": destination, "overwrite": overwrite}),
    )
}

#[test]
fn a_file_is_copied_with_the_directories_above_it() {
    let workspace = Workspace::new();
    workspace.write("a", "12345");
    let result = copy("a", "x/y/b", false).unwrap();
    assert_eq!(
        (&result["success"], &result["operation"]),
        (&json!(true), &json!("copy_file"))
    );
    assert_eq!(
        (&result["details"]["type"], &result["details"]["size"]),
        (&json!("file"), &json!(5))
    );
    assert_eq!(workspace.read("x/y/b"), "12345");
}

#[test]
fn a_copy_keeps_the_time_of_its_source() {
    let workspace = Workspace::new();
    workspace.write("a", "1");
    let time = UNIX_EPOCH + Duration::from_secs(951_782_400);
    let file = fs::File::options()
        .write(true)
        .open(workspace.root.join("a"));
    file.unwrap().set_modified(time).unwrap();
    copy("a", "b", false).unwrap();
    let kept = fs::metadata(workspace.root.join("b")).unwrap().modified();
    assert_eq!(kept.unwrap(), time);
}

#[test]
fn what_exists_is_replaced_only_when_asked_for() {
    let workspace = Workspace::new();
    workspace.write("a", "new");
    workspace.write("b", "old");
    assert!(
        copy("a", "b", false)
            .unwrap_err()
            .contains("overwrite=true")
    );
    assert_eq!(workspace.read("b"), "old");
    copy("a", "b", true).unwrap();
    assert_eq!(workspace.read("b"), "new");
}

#[test]
fn a_directory_is_merged_and_nothing_at_the_destination_is_lost() {
    let workspace = Workspace::new();
    workspace.write("from/a", "new");
    workspace.write("from/deep/b", "b");
    workspace.write("to/a", "old");
    workspace.write("to/mine", "mine");
    assert!(
        copy("from", "to", false)
            .unwrap_err()
            .contains("overwrite=true")
    );
    assert!(
        !workspace.has("to/deep"),
        "nothing is written before the whole is checked"
    );
    let result = copy("from", "to", true).unwrap();
    assert_eq!(result["details"]["file_count"], 2);
    assert_eq!(
        (
            workspace.read("to/a"),
            workspace.read("to/mine"),
            workspace.read("to/deep/b")
        ),
        ("new".into(), "mine".into(), "b".into())
    );
}

#[test]
fn a_directory_is_not_copied_into_itself_nor_a_file_onto_itself() {
    let workspace = Workspace::new();
    workspace.write("d/a", "a");
    assert!(
        copy("d", "d/e", true)
            .unwrap_err()
            .contains("cannot hold its own copy")
    );
    assert!(
        copy("d/a", "d/a", true)
            .unwrap_err()
            .contains("onto itself")
    );
    assert_eq!(workspace.read("d/a"), "a");
}

#[test]
fn links_are_neither_copied_nor_followed() {
    let workspace = Workspace::new();
    workspace.write("secret", "secret");
    workspace.write("d/a", "a");
    symlink("../secret", workspace.root.join("d/link")).unwrap();
    assert!(
        copy("d/link", "copy", false)
            .unwrap_err()
            .contains("symbolic link")
    );
    copy("d", "e", false).unwrap();
    assert!(workspace.has("e/a") && !workspace.has("e/link"));
    let result = call(
        "copy_files_batch",
        json!({"source_base_path": "d", "destination_base_path": "f"}),
    )
    .unwrap();
    assert_eq!(
        result["details"]["skipped_files"][0]["reason"],
        "symbolic link"
    );
}

#[test]
fn a_missing_source_is_told() {
    let _workspace = Workspace::new();
    assert!(
        copy("nothing", "b", false)
            .unwrap_err()
            .contains("does not exist or was not granted")
    );
}

#[test]
fn a_batch_copies_what_its_patterns_hold_and_skips_what_exists() {
    let workspace = Workspace::new();
    for name in [
        "from/a.py",
        "from/deep/b.py",
        "from/deep/test_c.py",
        "from/d.txt",
    ] {
        workspace.write(name, "new");
    }
    workspace.write("to/a.py", "old");
    let arguments = json!({
        "source_base_path": "from", "destination_base_path": "to",
        "include_patterns": ["*.py"], "exclude_patterns": ["*/test_*"],
    });
    let result = call("copy_files_batch", arguments).unwrap();
    assert_eq!(
        result["summary"],
        json!({"copied": 1, "skipped": 1, "errors": 0})
    );
    assert_eq!(
        result["details"]["copied_files"][0]["relative_path"], "deep/b.py",
        "`*` matches `/` too"
    );
    assert_eq!(
        result["details"]["skipped_files"][0]["reason"],
        "destination exists (overwrite=false)"
    );
    assert_eq!(workspace.read("to/a.py"), "old");
}

#[test]
fn a_batch_without_destination_goes_to_the_workspace() {
    let workspace = Workspace::new();
    workspace.write("from/a", "a");
    call("copy_files_batch", json!({"source_base_path": "from"})).unwrap();
    assert_eq!(workspace.read("a"), "a");
}

#[test]
fn a_batch_of_which_everything_failed_is_no_success() {
    let workspace = Workspace::new();
    workspace.write("from/a", "a");
    fs::create_dir_all(workspace.root.join("to/a")).unwrap();
    let arguments =
        json!({"source_base_path": "from", "destination_base_path": "to", "overwrite": true});
    let result = call("copy_files_batch", arguments).unwrap();
    assert_eq!(
        (&result["success"], &result["summary"]["errors"]),
        (&json!(false), &json!(1))
    );
}

#[test]
fn files_and_empty_directories_are_deleted_full_ones_only_recursively() {
    let workspace = Workspace::new();
    workspace.write("a", "12");
    workspace.write("d/e/f", "f");
    fs::create_dir(workspace.root.join("empty")).unwrap();
    assert_eq!(
        call("delete_file", json!({"path": "a"})).unwrap()["details"]["size"],
        2
    );
    call("delete_file", json!({"path": "empty"})).unwrap();
    assert!(
        call("delete_file", json!({"path": "d"}))
            .unwrap_err()
            .contains("recursive=true")
    );
    let result = call("delete_file", json!({"path": "d", "recursive": true})).unwrap();
    assert_eq!(result["details"]["file_count"], 1);
    assert!(!workspace.has("a") && !workspace.has("empty") && !workspace.has("d"));
    assert!(
        call("delete_file", json!({"path": "a"}))
            .unwrap_err()
            .contains("does not exist")
    );
}

#[test]
fn roots_and_critical_names_stay_also_deep_inside_what_is_deleted() {
    let workspace = Workspace::new();
    workspace.write(".env", "key");
    workspace.write("d/.git/config", "config");
    workspace.write("d/a", "a");
    let root = workspace.root.display().to_string();
    assert!(
        call("delete_file", json!({"path": root, "recursive": true}))
            .unwrap_err()
            .contains("permission path root")
    );
    assert!(
        call("delete_file", json!({"path": ".env"}))
            .unwrap_err()
            .contains("`.env`")
    );
    assert!(
        call("delete_file", json!({"path": "d", "recursive": true}))
            .unwrap_err()
            .contains("`.git`")
    );
    assert!(
        workspace.has("d/a") && workspace.has("d/.git/config") && workspace.has(".env"),
        "nothing was deleted"
    );
}

#[test]
fn a_critical_name_counts_only_below_the_granted_root() {
    let workspace = Workspace::new();
    let root = workspace.root.join(".massgen/workspaces/w");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("index.html"), "").unwrap();
    pretend(
        root.clone(),
        vec![GrantedPath {
            path: root,
            access: Access::Write,
            single_file: false,
        }],
    );
    call("delete_file", json!({"path": "index.html"})).unwrap();
}

#[test]
fn a_link_is_deleted_and_not_what_it_leads_to() {
    let workspace = Workspace::new();
    workspace.write("d/a", "a");
    symlink("d", workspace.root.join("link")).unwrap();
    call("delete_file", json!({"path": "link", "recursive": true})).unwrap();
    assert!(!workspace.has("link") && workspace.has("d/a"));
}

#[test]
fn a_batch_deletes_files_only_and_leaves_critical_ones() {
    let workspace = Workspace::new();
    for name in ["d/a.tmp", "d/e/b.tmp", "d/c.txt", "d/.venv/x.tmp"] {
        workspace.write(name, "");
    }
    let result = call(
        "delete_files_batch",
        json!({"base_path": "d", "include_patterns": ["*.tmp"]}),
    )
    .unwrap();
    assert_eq!(
        result["summary"],
        json!({"deleted": 2, "skipped": 1, "errors": 0})
    );
    assert_eq!(
        result["details"]["skipped_files"][0]["reason"],
        "system file (protected)"
    );
    assert!(workspace.has("d/e") && workspace.has("d/c.txt") && workspace.has("d/.venv/x.tmp"));
}

#[test]
fn directories_are_compared_by_content() {
    let workspace = Workspace::new();
    for (name, text) in [
        ("x/same", "1"),
        ("y/same", "1"),
        ("x/other", "a\n"),
        ("y/other", "b\n"),
        ("x/left", ""),
        ("y/right", ""),
    ] {
        workspace.write(name, text);
    }
    workspace.write("x/.git/config", "ignored");
    let result = call(
        "compare_directories",
        json!({"dir1": "x", "dir2": "y", "show_content_diff": true}),
    )
    .unwrap();
    let details = &result["details"];
    assert_eq!(
        (&details["only_in_dir1"], &details["only_in_dir2"]),
        (&json!(["left"]), &json!(["right"]))
    );
    assert_eq!(
        (&details["different"], &details["identical"]),
        (&json!(["other"]), &json!(["same"]))
    );
    assert!(
        details["content_diffs"]["other"]
            .as_str()
            .unwrap()
            .contains("-a\n+b")
    );
}

#[test]
fn files_are_compared_line_by_line_with_statistics() {
    let workspace = Workspace::new();
    workspace.write("a", "1\n2\n3\n");
    workspace.write("b", "1\ntwo\n3\n4\n");
    let result = call(
        "compare_files",
        json!({"file1": "a", "file2": "b", "context_lines": 0}),
    )
    .unwrap();
    assert_eq!(
        result["details"]["stats"],
        json!({"added": 2, "removed": 1, "changed": 1})
    );
    let diff = result["details"]["diff"].as_str().unwrap();
    assert!(
        diff.contains("-2\n+two") && !diff.contains("\n 1"),
        "{diff}"
    );
    let same = call("compare_files", json!({"file1": "a", "file2": "a"})).unwrap();
    assert_eq!(same["details"]["identical"], true);
}

#[test]
fn a_long_diff_is_cut_and_counted_whole() {
    let workspace = Workspace::new();
    workspace.write("a", "");
    workspace.write("b", &"line\n".repeat(1000));
    let result = call("compare_files", json!({"file1": "a", "file2": "b"})).unwrap();
    assert_eq!(result["details"]["stats"]["added"], 1000);
    let diff = result["details"]["diff"].as_str().unwrap();
    assert!(
        diff.lines().count() <= 501 && diff.ends_with("more lines)"),
        "{} lines",
        diff.lines().count()
    );
}

#[test]
fn binary_and_missing_files_are_told() {
    let workspace = Workspace::new();
    fs::write(workspace.root.join("a"), [0, 1, 2]).unwrap();
    assert!(
        call("compare_files", json!({"file1": "a", "file2": "a"}))
            .unwrap_err()
            .contains("appear to be binary")
    );
    assert!(
        call("compare_files", json!({"file1": "a", "file2": "none"}))
            .unwrap_err()
            .starts_with("file2: ")
    );
    assert!(
        call("compare_directories", json!({"dir1": "none", "dir2": "."}))
            .unwrap_err()
            .starts_with("dir1: ")
    );
}

#[test]
fn a_root_written_with_parent_steps_is_still_a_root() {
    let workspace = Workspace::new();
    workspace.write("d/a", "a");
    workspace.write("b", "b");
    let refused = call("delete_file", json!({"path": "d/..", "recursive": true}));
    assert!(refused.unwrap_err().contains("permission path root"));
    assert!(workspace.has("d/a") && workspace.has("b"));
}

#[test]
fn a_file_copied_onto_itself_by_another_spelling_keeps_its_content() {
    let workspace = Workspace::new();
    workspace.write("a", "precious");
    workspace.write("d/b", "b");
    let refused = copy("a", "d/../a", true);
    assert_eq!(workspace.read("a"), "precious");
    assert!(refused.unwrap_err().contains("onto itself"));
}

#[test]
fn a_directory_spelled_with_parent_steps_is_not_copied_into_itself() {
    let workspace = Workspace::new();
    workspace.write("d/a", "a");
    workspace.write("x/b", "b");
    let refused = copy("x/../d", "d/e", true);
    assert!(refused.unwrap_err().contains("cannot hold its own copy"));
    assert!(!workspace.has("d/e"));
}

#[test]
fn a_copy_is_not_written_through_a_link() {
    let workspace = Workspace::new();
    workspace.write("a", "precious");
    workspace.write("b", "other");
    symlink("a", workspace.root.join("link")).unwrap();
    for source in ["a", "b"] {
        let refused = copy(source, "link", true);
        assert_eq!(workspace.read("a"), "precious");
        assert!(refused.unwrap_err().contains("symbolic link"));
    }
}

#[test]
fn a_link_that_leads_nowhere_does_not_end_the_comparison_of_directories() {
    let workspace = Workspace::new();
    workspace.write("x/same", "1");
    workspace.write("y/same", "1");
    for name in ["x/link", "y/link"] {
        symlink("nowhere", workspace.root.join(name)).unwrap();
    }
    let result = call("compare_directories", json!({"dir1": "x", "dir2": "y"})).unwrap();
    assert_eq!(result["details"]["identical"], json!(["link", "same"]));
}

#[test]
fn a_batch_deletes_nothing_that_an_exclude_pattern_holds() {
    let workspace = Workspace::new();
    workspace.write("d/a.tmp", "");
    workspace.write("d/deep/keep.tmp", "");
    let arguments = json!({
        "base_path": "d", "include_patterns": ["*.tmp"], "exclude_patterns": ["*keep*"],
    });
    let result = call("delete_files_batch", arguments).unwrap();
    assert_eq!(result["summary"]["deleted"], 1);
    assert!(!workspace.has("d/a.tmp") && workspace.has("d/deep/keep.tmp"));
}

#[test]
fn a_comparison_shows_as_many_lines_around_a_difference_as_asked_for() {
    let workspace = Workspace::new();
    workspace.write("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    workspace.write("b", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n");
    for (context, lines) in [(0, 0), (1, 2), (3, 6)] {
        let arguments = json!({"file1": "a", "file2": "b", "context_lines": context});
        let result = call("compare_files", arguments).unwrap();
        let diff = result["details"]["diff"].as_str().unwrap();
        let around = diff.lines().filter(|line| line.starts_with(' ')).count();
        assert_eq!(around, lines, "{diff}");
    }
}

#[test]
fn a_copy_onto_another_name_of_its_source_loses_nothing() {
    let workspace = Workspace::new();
    workspace.write("a.txt", "content");
    fs::hard_link(workspace.root.join("a.txt"), workspace.root.join("b.txt")).unwrap();
    copy("a.txt", "b.txt", true).unwrap();
    assert_eq!(workspace.read("a.txt"), "content");
    assert_eq!(workspace.read("b.txt"), "content");
}

#[test]
fn a_copy_over_a_longer_file_leaves_nothing_of_it() {
    let workspace = Workspace::new();
    workspace.write("a.txt", "short");
    workspace.write("b.txt", "much longer than that");
    copy("a.txt", "b.txt", true).unwrap();
    assert_eq!(workspace.read("b.txt"), "short");
}

#[test]
fn nothing_is_deleted_by_a_way_through_a_link() {
    let workspace = Workspace::new();
    workspace.write("inner/keep.txt", "kept");
    workspace.write(".git/config", "kept");
    let name = workspace
        .root
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    symlink("..", workspace.root.join("up")).unwrap();
    symlink(".git", workspace.root.join("g")).unwrap();
    symlink("inner", workspace.root.join("i")).unwrap();
    for (tool, arguments) in [
        (
            "delete_file",
            json!({"path": format!("up/{name}"), "recursive": true}),
        ),
        (
            "delete_file",
            json!({"path": format!("up/{name}/inner"), "recursive": true}),
        ),
        ("delete_file", json!({"path": "g/config"})),
        ("delete_file", json!({"path": "i/keep.txt"})),
        ("delete_files_batch", json!({"base_path": "g"})),
        ("delete_files_batch", json!({"base_path": "g/"})),
        ("delete_files_batch", json!({"base_path": "i/."})),
        (
            "delete_files_batch",
            json!({"base_path": format!("up/{name}")}),
        ),
    ] {
        let refused = call(tool, arguments.clone()).unwrap_err();
        assert!(refused.contains("symbolic link"), "{arguments}: {refused}");
    }
    assert_eq!(workspace.read("inner/keep.txt"), "kept");
    assert_eq!(workspace.read(".git/config"), "kept");
    assert!(workspace.has("up") && workspace.has("g") && workspace.has("i"));
}

fn refused(workspace: &Workspace, name: &str, rule: &str) -> RemovalRefusal {
    RemovalRefusal {
        path: workspace.root.join(name),
        rule: rule.to_owned(),
        reason: format!("cannot remove {name}."),
    }
}

#[test]
fn a_directory_or_batch_with_unread_files_is_left_whole() {
    // D4, D9.
    let workspace = Workspace::new();
    for name in ["read", "u1", "u2", "u3", "u4"] {
        workspace.write(&format!("d/{name}.txt"), "content");
    }
    let unread = ["u1", "u2", "u3", "u4"]
        .map(|name| refused(&workspace, &format!("d/{name}.txt"), "read-before-delete"));
    pretend_refusals(unread.to_vec());
    let error = call("delete_file", json!({"path": "d", "recursive": true})).unwrap_err();
    assert!(error.contains("Contains 4 unread file(s): "), "{error}");
    assert!(error.contains("u3.txt (and 1 more)"), "{error}");
    let error = call("delete_files_batch", json!({"base_path": "d"})).unwrap_err();
    assert!(
        error.contains("Cannot delete 4 unread file(s): "),
        "{error}"
    );
    for name in ["read", "u1", "u2", "u3", "u4"] {
        assert!(workspace.has(&format!("d/{name}.txt")));
    }
    let excluded = json!({"base_path": "d", "exclude_patterns": ["u*"]});
    call("delete_files_batch", excluded).unwrap();
    assert!(!workspace.has("d/read.txt") && workspace.has("d/u1.txt"));
}

#[test]
fn a_directory_of_which_a_rule_keeps_a_part_is_left_whole() {
    let workspace = Workspace::new();
    workspace.write("d/a.txt", "content");
    workspace.write("d/z.txt", "content");
    pretend_refusals(vec![refused(&workspace, "d/z.txt", "protected-path")]);
    let error = call("delete_file", json!({"path": "d", "recursive": true})).unwrap_err();
    assert!(
        error.contains("Nothing was deleted: cannot remove d/z.txt."),
        "{error}"
    );
    assert!(workspace.has("d/a.txt"));
}
