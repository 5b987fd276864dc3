//! Command lines in the sandbox, with the shell and the Unix tools that users have: what bash and the GNU tools gave, real
//! programs over many files, and what programs on Unix expect around them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod corpus;
mod devices;
#[path = "../guests/mod.rs"]
mod guests;
mod handles;
mod line;
mod program;
mod temporary;
