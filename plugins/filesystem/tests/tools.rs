//! The tools on a real directory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use massgen_plugin::Content;
use massgen_plugin::host::{Access, GrantedPath, pretend};
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
}

fn pieces(tool: &str, arguments: Value) -> Result<Vec<Content>, String> {
    let tools = filesystem::tools();
    let named = tools
        .iter()
        .find(|candidate| candidate.describe().name == tool)
        .expect("a tool of that name");
    named.call(&arguments.to_string())
}

fn call(tool: &str, arguments: Value) -> Result<String, String> {
    match pieces(tool, arguments)?.remove(0) {
        Content::Text(text) | Content::Json(text) => Ok(text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_is_written_read_and_replaced() {
    let workspace = Workspace::new();
    call(
        "write_file",
        json!({"path": "a.txt", "content": "one\ntwo\nthree\n"}),
    )
    .unwrap();
    assert_eq!(
        call("read_file", json!({"path": "a.txt"})).unwrap(),
        "one\ntwo\nthree\n"
    );
    assert_eq!(
        call("read_text_file", json!({"path": "a.txt", "head": 1})).unwrap(),
        "one\n"
    );
    assert_eq!(
        call("read_text_file", json!({"path": "a.txt", "tail": 1})).unwrap(),
        "three\n"
    );
    call("write_file", json!({"path": "a.txt", "content": "new"})).unwrap();
    assert_eq!(workspace.read("a.txt"), "new");
    assert_eq!(
        fs::read_dir(&workspace.root).unwrap().count(),
        1,
        "no temporary file is left"
    );
}

#[test]
fn an_edit_replaces_a_passage_and_shows_the_change() {
    let workspace = Workspace::new();
    workspace.write("a.py", "def f():\n    return 1\n");
    let edit = json!({"path": "a.py", "edits": [{"oldText": "return 1", "newText": "return 2"}]});
    let diff = call("edit_file", edit).unwrap();
    assert!(diff.contains("-    return 1\n+    return 2"), "{diff}");
    assert_eq!(workspace.read("a.py"), "def f():\n    return 2\n");
}

#[test]
fn an_edit_finds_lines_with_other_indentation_and_keeps_that_of_the_file() {
    let workspace = Workspace::new();
    workspace.write("a.py", "if x:\n        one()\n        two()\n");
    let edit = json!({"path": "a.py", "edits": [{"oldText": "one()\ntwo()", "newText": "three()\nfour()"}]});
    call("edit_file", edit).unwrap();
    assert_eq!(
        workspace.read("a.py"),
        "if x:\n        three()\n        four()\n"
    );
}

#[test]
fn an_edit_that_is_not_clear_changes_nothing() {
    let workspace = Workspace::new();
    workspace.write("a.txt", "x\nx\n");
    let twice = json!({"path": "a.txt", "edits": [{"oldText": "x", "newText": "y"}]});
    assert!(
        call("edit_file", twice)
            .unwrap_err()
            .contains("occurs 2 times")
    );
    let missing = json!({"path": "a.txt", "edits": [{"oldText": "z", "newText": "y"}]});
    assert!(
        call("edit_file", missing)
            .unwrap_err()
            .contains("does not occur")
    );
    let dry =
        json!({"path": "a.txt", "edits": [{"oldText": "x\nx", "newText": "y"}], "dryRun": true});
    call("edit_file", dry).unwrap();
    assert_eq!(workspace.read("a.txt"), "x\nx\n");
}

#[test]
fn an_edit_keeps_crlf_line_ends() {
    let workspace = Workspace::new();
    workspace.write("a.txt", "one\r\ntwo\r\n");
    call(
        "edit_file",
        json!({"path": "a.txt", "edits": [{"oldText": "two\n", "newText": "2\n"}]}),
    )
    .unwrap();
    assert_eq!(workspace.read("a.txt"), "one\r\n2\r\n");
}

#[test]
fn directories_are_made_listed_and_shown_as_trees() {
    let workspace = Workspace::new();
    call("create_directory", json!({"path": "a/b"})).unwrap();
    call("create_directory", json!({"path": "a/b"})).unwrap();
    workspace.write("a/f.txt", "12345");
    assert_eq!(
        call("list_directory", json!({"path": "a"})).unwrap(),
        "[DIR] b\n[FILE] f.txt"
    );
    let sizes = call(
        "list_directory_with_sizes",
        json!({"path": "a", "sortBy": "size"}),
    )
    .unwrap();
    assert!(
        sizes.contains("5 B") && sizes.contains("Total: 1 files, 1 directories, 5 B"),
        "{sizes}"
    );
    let tree: Value =
        serde_json::from_str(&call("directory_tree", json!({"path": "."})).unwrap()).unwrap();
    assert_eq!(
        tree,
        json!([{"name": "a", "type": "directory", "children": [
            {"name": "b", "type": "directory", "children": []},
            {"name": "f.txt", "type": "file"},
        ]}])
    );
    let without: Value = serde_json::from_str(
        &call(
            "directory_tree",
            json!({"path": ".", "excludePatterns": ["b"]}),
        )
        .unwrap(),
    )
    .unwrap();
    assert_eq!(without[0]["children"].as_array().unwrap().len(), 1);
}

#[test]
fn files_are_found_by_pattern() {
    let workspace = Workspace::new();
    for name in ["x.py", "a/y.py", "a/b/z.txt", "node_modules/w.py"] {
        workspace.write(name, "");
    }
    let arguments = json!({"path": ".", "pattern": "*.py", "excludePatterns": ["node_modules"]});
    let found = call("search_files", arguments).unwrap();
    let names: Vec<_> = found
        .lines()
        .map(|line| line.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(names, ["y.py", "x.py"]);
    assert_eq!(
        call("search_files", json!({"path": ".", "pattern": "nothing*"})).unwrap(),
        "No matches."
    );
    assert!(
        call("search_files", json!({"path": ".", "pattern": "a[" }))
            .unwrap_err()
            .contains("not a glob pattern")
    );
}

#[test]
fn a_file_is_moved_but_never_onto_another() {
    let workspace = Workspace::new();
    workspace.write("a", "a");
    workspace.write("b", "b");
    let refused = call("move_file", json!({"source": "a", "destination": "b"})).unwrap_err();
    assert!(refused.contains("exists already"), "{refused}");
    call("move_file", json!({"source": "a", "destination": "c"})).unwrap();
    assert_eq!(
        (workspace.read("b"), workspace.read("c")),
        ("b".to_owned(), "a".to_owned())
    );
}

#[test]
fn several_files_are_read_whatever_becomes_of_one() {
    let workspace = Workspace::new();
    workspace.write("a", "A");
    let read = call("read_multiple_files", json!({"paths": ["a", "missing"]})).unwrap();
    assert!(
        read.starts_with("a:\nA\n") && read.contains("missing: Cannot read"),
        "{read}"
    );
}

#[test]
fn binary_files_are_refused_as_text_and_read_as_media() {
    let workspace = Workspace::new();
    fs::write(workspace.root.join("p.png"), [0x89, b'P', b'N', b'G', 0]).unwrap();
    assert!(
        call("read_file", json!({"path": "p.png"}))
            .unwrap_err()
            .contains("read_media_file")
    );
    let media = pieces("read_media_file", json!({"path": "p.png"})).unwrap();
    assert!(
        matches!(&media[0], Content::Image { mime_type, data } if mime_type == "image/png" && data.len() == 5)
    );
}

#[test]
fn granted_paths_and_file_facts_are_told() {
    let workspace = Workspace::new();
    workspace.write("a", "12");
    let allowed = call("list_allowed_directories", json!({})).unwrap();
    assert_eq!(
        allowed,
        format!("{} (read and write)", workspace.root.display())
    );
    let info = call("get_file_info", json!({"path": "a"})).unwrap();
    assert!(info.contains("type: file\nsize: 2"), "{info}");
}

#[test]
fn wrong_arguments_are_told_by_name() {
    let _workspace = Workspace::new();
    assert!(
        call("read_file", json!({"file": "a"}))
            .unwrap_err()
            .contains("unknown field `file`")
    );
    assert!(
        call("read_file", json!({}))
            .unwrap_err()
            .contains("missing field `path`")
    );
    assert!(
        call("read_file", json!({"path": "~/x"}))
            .unwrap_err()
            .contains("no home directory")
    );
    assert!(
        call("read_file", json!({"path": ""}))
            .unwrap_err()
            .contains("path is empty")
    );
}

#[test]
fn a_write_and_an_edit_keep_the_mode_and_the_other_names_of_a_file() {
    let workspace = Workspace::new();
    workspace.write("run.sh", "echo one\n");
    let script = workspace.root.join("run.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    fs::hard_link(&script, workspace.root.join("same.sh")).unwrap();
    for (tool, arguments, after) in [
        (
            "write_file",
            json!({"path": "run.sh", "content": "echo two, and more\n"}),
            "echo two, and more\n",
        ),
        (
            "edit_file",
            json!({"path": "run.sh", "edits": [{"oldText": ", and more", "newText": ""}]}),
            "echo two\n",
        ),
        ("write_file", json!({"path": "run.sh", "content": ""}), ""),
    ] {
        call(tool, arguments).unwrap();
        assert_eq!(workspace.read("run.sh"), after);
        assert_eq!(workspace.read("same.sh"), after);
        let mode = fs::metadata(&script).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{tool}");
    }
    assert_eq!(fs::read_dir(&workspace.root).unwrap().count(), 2);
}
