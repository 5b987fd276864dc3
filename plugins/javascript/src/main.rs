//! JavaScript as a command: `node [options] [-e code | script | -] [arguments]`.
//!
//! QuickJS-ng runs the language; what Node adds to it is JavaScript under `runtime/`, on top of the
//! few functions of `host`. The same program builds natively, which is how most of its tests run.

mod engine;
mod errno;
mod files;
mod host;
mod modules;
mod network;
mod output;
mod runtime;
mod surroundings;

fn main() {
    engine::run()
}
