//! The whole product, as a user runs it: the binary, real components, and a provider on the loopback interface.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod approval;
mod background;
mod bad_input;
mod config;
mod coordination;
mod demo;
mod exec;
mod lanes;
mod loopback;
mod massgen;
mod models;
mod network;
mod plugins;
mod policy;
mod python;
mod recover;
mod science;
mod session;
mod shell;
