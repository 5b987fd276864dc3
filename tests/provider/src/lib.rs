//! Model providers on loopback for tests and benches: an HTTP server that speaks Chat Completions, OpenAI's Responses,
//! Anthropic's Messages and Google's Gemini API as the strict real ones do, and says what a script tells it.
//!
//! [`Provider::start`] takes the script, a function from [`ChatRequest`] to [`Reply`]. Requests that break the API's
//! rules are answered with status 400 and kept in [`Provider::violations`]; all requests are kept in
//! [`Provider::requests`]. [`Coordination`] is a ready script for whole runs of several agents.

mod api;
mod coordination;
mod gemini;
mod messages;
mod request;
mod responses;
mod script;
mod server;
mod wire;

pub use coordination::{AgentScript, Coordination};
pub use request::ChatRequest;
pub use script::{Call, Reply, Turn};
pub use server::Provider;
