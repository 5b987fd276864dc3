//! A tool plugin that does everything wrong, one tool a vice, and one that does nothing at all.

wit_bindgen::generate!({ path: "../../../wit/plugin.wit", world: "massgen:plugin/tool-plugin" });

use exports::massgen::plugin::tools::{Annotations, Content, Guest, Tool, ToolError};
use massgen::plugin::host;

struct Misbehave;

export!(Misbehave);

const TOOLS: [&str; 13] = [
    "no_op",
    "trap",
    "loop",
    "memory",
    "flood",
    "bad_json",
    "recurse",
    "sleep",
    "fail",
    "log_flood",
    "read",
    "handles",
    "late_write",
];

impl Guest for Misbehave {
    fn list_tools() -> Vec<Tool> {
        let tool = |name: &&str| Tool {
            name: (*name).to_owned(),
            description: format!("does {name}"),
            input_schema: r#"{"type":"object"}"#.to_owned(),
            output_schema: None,
            annotations: Annotations {
                read_only: *name == "no_op",
                destructive: false,
                idempotent: true,
                open_world: false,
            },
        };
        TOOLS.iter().map(tool).collect()
    }

    fn call_tool(name: String, arguments: String) -> Result<Vec<Content>, ToolError> {
        match name.as_str() {
            "no_op" => {}
            "trap" => panic!("on purpose"),
            "loop" => loop {
                std::hint::black_box(0);
            },
            "memory" => {
                let mut hog: Vec<Vec<u8>> = Vec::new();
                loop {
                    hog.push(vec![1; 1 << 20]);
                    std::hint::black_box(&hog);
                }
            }
            "flood" => {
                use std::io::Write;
                let block = vec![b'x'; 1 << 20];
                for _ in 0..1024 {
                    std::io::stdout()
                        .write_all(&block)
                        .map_err(|error| ToolError::Failed(error.to_string()))?;
                }
            }
            "bad_json" => return Ok(vec![Content::Json("{not json".to_owned())]),
            "recurse" => return Ok(vec![Content::Text(depth(0).to_string())]),
            "sleep" => std::thread::sleep(std::time::Duration::from_secs(3600)),
            "fail" => return Err(ToolError::Failed("it did not work".to_owned())),
            "log_flood" => {
                for line in 0..1_000_000 {
                    host::log(host::Level::Debug, &format!("line {line}"));
                }
            }
            "read" => {
                return match std::fs::read_to_string(&arguments) {
                    Ok(text) => Ok(vec![Content::Text(text)]),
                    Err(error) => Err(ToolError::Failed(format!("{arguments}: {error}"))),
                };
            }
            "handles" => {
                let mut held = Vec::new();
                loop {
                    held.push(
                        std::fs::File::open(&arguments)
                            .map_err(|error| ToolError::Failed(error.to_string()))?,
                    );
                }
            }
            "late_write" => {
                return match std::fs::write(&arguments, "late") {
                    Ok(()) => Ok(Vec::new()),
                    Err(error) => Err(ToolError::Failed(format!("{arguments}: {error}"))),
                };
            }
            other => {
                return Err(ToolError::UnknownTool(format!(
                    "there is no tool `{other}`"
                )));
            }
        }
        Ok(vec![Content::Text("done".to_owned())])
    }
}

#[allow(unconditional_recursion)]
fn depth(level: u64) -> u64 {
    let frame = std::hint::black_box([level; 64]);
    depth(level + 1) + frame[7]
}
