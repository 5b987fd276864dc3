//! HTTP requests over `wasi:http`, for plugins that are written here.
//!
//! [`send`] hands a request to the host, which decides where it may go and does names, TLS and proxies. The answer is
//! waited for ([`Pending::wait`]) or asked for now and then ([`Pending::answer`]); its body is read as it comes.

mod answer;
mod failure;
mod request;

#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "massgen:outgoing/client",
        generate_all,
    });
}

pub use answer::{Answer, Pending};
pub use failure::{Failure, FailureKind};
pub use request::{Request, Timeouts, send};
