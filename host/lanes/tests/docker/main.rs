//! The Docker lane against a real daemon, and against exchanges recorded with one.
//!
//! The daemon is that of `DOCKER_HOST`, or one that the test starts if `dockerd` is installed and this is root; where
//! there is none, the tests that need it say so on standard error and check nothing. The recorded exchanges are replayed
//! everywhere. `MASSGEN_RECORD_ENGINE=1` records them anew.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;
mod exchange;
mod lane;
mod mended;
mod recorded;
