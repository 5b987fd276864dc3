//! What a plugin author may rely on: arguments are checked before a tool sees them, and every refusal says what was wrong.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io;
use std::path::{Path, PathBuf};

use massgen_plugin::host::{Access, GrantedPath, pretend};
use massgen_plugin::{Content, Failure, Json, Tool, paths};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    /// Who gets it.
    customer: String,
    /// What is in it.
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Item {
    /// How many.
    count: u32,
}

#[derive(Serialize)]
struct Receipt {
    total: u32,
}

fn order(order: Order) -> Result<Json<Receipt>, Failure> {
    if order.customer == "nobody" {
        return Err(Failure::new("There is nobody to give it to."));
    }
    let total = order.items.iter().map(|item| item.count).sum();
    Ok(Json(Receipt { total }))
}

fn tool() -> Tool {
    Tool::new("order", "Takes an order.", order)
}

fn refusal(arguments: &str) -> String {
    tool().call(arguments).unwrap_err()
}

#[test]
fn arguments_arrive_typed_and_a_result_leaves_as_json() {
    let arguments = json!({"customer": "Ada", "items": [{"count": 2}, {"count": 3}]});
    let result = tool().call(&arguments.to_string()).unwrap();
    assert_eq!(result, [Content::Json(r#"{"total":5}"#.to_owned())]);
}

#[test]
fn the_schema_is_that_of_the_arguments_type() {
    let schema: Value = serde_json::from_str(&tool().describe().input_schema).unwrap();
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["required"], json!(["customer"]));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"]["customer"]["description"],
        "Who gets it."
    );
}

#[test]
fn an_argument_of_the_wrong_type_is_named_with_its_place() {
    let refused = refusal(r#"{"customer": 3}"#);
    assert!(
        refused.starts_with("The arguments of `order` do not fit its schema: `customer`: "),
        "{refused}"
    );
    let nested = refusal(r#"{"customer": "Ada", "items": [{"count": 1}, {"count": "two"}]}"#);
    assert!(nested.contains("`items[1].count`: "), "{nested}");
}

#[test]
fn a_missing_and_an_unknown_argument_are_named() {
    let missing = refusal("{}");
    assert!(missing.contains("missing field `customer`"), "{missing}");
    let unknown = refusal(r#"{"customer": "Ada", "colour": "red"}"#);
    assert!(unknown.contains("unknown field `colour`"), "{unknown}");
}

#[test]
fn text_that_is_no_json_object_is_refused() {
    for text in [
        "",
        "{",
        "[]",
        r#"["Ada"]"#,
        "null",
        r#"{"customer": "Ada"} {}"#,
    ] {
        let refused = refusal(text);
        assert!(refused.contains("do not fit its schema"), "{refused}");
    }
}

#[test]
fn a_tool_s_own_refusal_is_passed_on_as_it_stands() {
    let refused = refusal(r#"{"customer": "nobody"}"#);
    assert_eq!(refused, "There is nobody to give it to.");
}

#[test]
fn the_effects_of_a_tool_are_told_and_are_the_worst_unless_said_otherwise() {
    let unsaid = tool().describe().annotations;
    assert!(!unsaid.read_only && unsaid.destructive && !unsaid.idempotent);
    let reading = tool().read_only().describe().annotations;
    assert!(reading.read_only && !reading.destructive && reading.idempotent);
    let adding = tool().additive().idempotent().describe().annotations;
    assert!(!adding.read_only && !adding.destructive && adding.idempotent);
}

#[test]
fn a_relative_path_is_meant_from_the_workspace_and_its_steps_are_worked_out() {
    pretend(PathBuf::from("/ws"), Vec::new());
    for (text, path) in [
        ("a", "/ws/a"),
        ("./a//b/.", "/ws/a/b"),
        ("a/../b", "/ws/b"),
        ("../x", "/x"),
        ("../../..", "/"),
        ("/abs/./a", "/abs/a"),
    ] {
        assert_eq!(paths::resolve(text).unwrap(), Path::new(path), "{text}");
    }
}

#[test]
fn a_path_that_can_mean_nothing_here_is_refused_with_the_reason() {
    pretend(PathBuf::from("/ws"), Vec::new());
    for (text, reason) in [
        ("", "empty"),
        ("~/notes", "no home directory"),
        ("a\0b", "NUL"),
    ] {
        let refused = paths::resolve(text).unwrap_err().to_string();
        assert!(refused.contains(reason), "{refused}");
    }
}

#[test]
fn only_the_very_path_of_a_grant_is_a_root() {
    let granted = GrantedPath {
        path: PathBuf::from("/ws"),
        access: Access::Read,
        single_file: false,
    };
    pretend(PathBuf::from("/ws"), vec![granted]);
    assert!(paths::is_granted_root(Path::new("/ws")));
    assert!(!paths::is_granted_root(Path::new("/ws/a")));
    assert!(!paths::is_granted_root(Path::new("/")));
}

#[test]
fn a_failed_file_operation_names_the_operation_the_path_and_what_it_may_mean() {
    let words = |kind| Failure::at("read", "/ws/a", &io::Error::from(kind)).to_string();
    assert_eq!(
        words(io::ErrorKind::NotFound),
        "Cannot read /ws/a: it does not exist or was not granted."
    );
    assert_eq!(
        words(io::ErrorKind::PermissionDenied),
        "Cannot read /ws/a: that is not permitted here."
    );
    assert!(words(io::ErrorKind::StorageFull).starts_with("Cannot read /ws/a: "));
}
