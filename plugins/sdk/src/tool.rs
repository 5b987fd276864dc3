//! A tool: a name, a description, and a function with typed arguments.

use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::bindings::exports::massgen::plugin::tools as wire;
use crate::{Content, Failure, IntoContent};

/// A plugin: a list of tools.
pub trait Plugin {
    /// Its tools.
    fn tools() -> Vec<Tool>;
}

/// Why a call gave no result.
#[derive(Debug)]
enum CallError {
    Arguments(String),
    Failed(String),
}

type Handler = Box<dyn Fn(&str) -> Result<Vec<Content>, CallError>>;

/// One tool.
pub struct Tool {
    name: &'static str,
    description: &'static str,
    input_schema: String,
    annotations: wire::Annotations,
    handler: Handler,
}

impl Tool {
    /// A tool that calls `function`. Its JSON Schema is that of `A`. Unless said otherwise it may change and destroy.
    pub fn new<A, R>(
        name: &'static str,
        description: &'static str,
        function: fn(A) -> Result<R, Failure>,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema + 'static,
        R: IntoContent + 'static,
    {
        let handler = move |text: &str| {
            let arguments = parse(text).map_err(|reason| {
                CallError::Arguments(format!(
                    "The arguments of `{name}` do not fit its schema: {reason}."
                ))
            })?;
            let result =
                function(arguments).map_err(|failure| CallError::Failed(failure.to_string()))?;
            result.into_content().map_err(CallError::Failed)
        };
        Self {
            name,
            description,
            input_schema: schema_for!(A).to_value().to_string(),
            annotations: wire::Annotations {
                read_only: false,
                destructive: true,
                idempotent: false,
                open_world: false,
            },
            handler: Box::new(handler),
        }
    }

    /// The same tool, marked as changing nothing.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.annotations = wire::Annotations {
            read_only: true,
            destructive: false,
            idempotent: true,
            open_world: false,
        };
        self
    }

    /// The same tool, marked as adding without overwriting or removing.
    #[must_use]
    pub fn additive(mut self) -> Self {
        self.annotations.destructive = false;
        self
    }

    /// The same tool, marked as having no further effect when called again.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.annotations.idempotent = true;
        self
    }

    /// Calls the tool as the host would; for tests.
    ///
    /// # Errors
    /// The words that the model would read.
    pub fn call(&self, arguments: &str) -> Result<Vec<Content>, String> {
        (self.handler)(arguments).map_err(|error| match error {
            CallError::Arguments(message) | CallError::Failed(message) => message,
        })
    }

    /// The tool as the contract describes it.
    #[doc(hidden)]
    pub fn describe(&self) -> wire::Tool {
        wire::Tool {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            input_schema: self.input_schema.clone(),
            output_schema: None,
            annotations: self.annotations,
        }
    }

    /// Calls the tool `name` of `tools`.
    #[doc(hidden)]
    pub fn dispatch(
        tools: &[Self],
        name: &str,
        arguments: &str,
    ) -> Result<Vec<wire::Content>, wire::ToolError> {
        let Some(tool) = tools.iter().find(|tool| tool.name == name) else {
            return Err(wire::ToolError::UnknownTool(format!(
                "This plugin has no tool `{name}`."
            )));
        };
        match (tool.handler)(arguments) {
            Ok(content) => Ok(content.into_iter().map(Into::into).collect()),
            Err(CallError::Arguments(message)) => Err(wire::ToolError::InvalidArguments(message)),
            Err(CallError::Failed(message)) => Err(wire::ToolError::Failed(message)),
        }
    }
}

/// Reads arguments; the error names the field that is wrong, such as `edits[0].oldText`.
fn parse<A: DeserializeOwned>(text: &str) -> Result<A, String> {
    // Serde would fill a struct from an array too; the contract knows only objects.
    if text.trim_start().starts_with('[') {
        return Err("they are an array, not an object".to_owned());
    }
    let mut input = serde_json::Deserializer::from_str(text);
    let arguments = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let field = error.path().to_string();
        let reason = error.into_inner();
        // The name of an unknown or missing field stands in the reason itself; `.` is the whole object.
        match reason.classify() {
            Category::Data if field != "." => format!("`{field}`: {reason}"),
            _ => reason.to_string(),
        }
    })?;
    input.end().map_err(|error| error.to_string())?;
    Ok(arguments)
}
