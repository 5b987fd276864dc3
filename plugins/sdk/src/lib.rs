//! Write MassGen tools in Rust: a tool is a function with typed arguments.
//!
//! ```
//! use massgen_plugin::{Failure, Plugin, Tool};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Greet {
//!     /// Who is greeted.
//!     name: String,
//! }
//!
//! fn greet(arguments: Greet) -> Result<String, Failure> {
//!     Ok(format!("Hello, {}!", arguments.name))
//! }
//!
//! struct Greeter;
//!
//! impl Plugin for Greeter {
//!     fn tools() -> Vec<Tool> {
//!         vec![Tool::new("greet", "Greets somebody by name.", greet).read_only()]
//!     }
//! }
//!
//! massgen_plugin::export!(Greeter);
//! # fn main() {}
//! ```
//!
//! The JSON Schema that the model sees comes from the arguments' type and its doc comments. Build the crate as a
//! `cdylib` for `wasm32-wasip2`; what comes out is a component that the host loads.
//!
//! Files: paths are the same inside and outside the sandbox, and `std::fs` works as usual. What was not granted is not
//! there to be read and cannot be written; see [`Failure::at`] for the words.

mod content;
mod failure;
pub mod host;
pub mod paths;
mod tool;

/// The generated bindings of the contract.
#[doc(hidden)]
#[allow(missing_docs, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/plugin.wit",
        world: "massgen:plugin/tool-plugin",
        pub_export_macro: true,
        default_bindings_module: "massgen_plugin::bindings",
    });
}

pub use content::{Content, IntoContent, Json};
pub use failure::Failure;
pub use tool::{Plugin, Tool};

/// Makes a [`Plugin`] the component's export.
#[macro_export]
macro_rules! export {
    ($plugin:ty) => {
        const _: () = {
            struct Component;

            impl $crate::bindings::exports::massgen::plugin::tools::Guest for Component {
                fn list_tools() -> Vec<$crate::bindings::exports::massgen::plugin::tools::Tool> {
                    <$plugin as $crate::Plugin>::tools()
                        .iter()
                        .map($crate::Tool::describe)
                        .collect()
                }

                fn call_tool(
                    name: String,
                    arguments: String,
                ) -> Result<
                    Vec<$crate::bindings::exports::massgen::plugin::tools::Content>,
                    $crate::bindings::exports::massgen::plugin::tools::ToolError,
                > {
                    $crate::Tool::dispatch(&<$plugin as $crate::Plugin>::tools(), &name, &arguments)
                }
            }

            #[cfg(target_family = "wasm")]
    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
