//! Repository chores, run as `cargo xtask VERB`: build the plugins, run the demo, run every check.
//!
//! Each verb sets up what it needs (the wasm target, the Python compiler) and says so; what it may
//! not install by itself it names, with the one command that does.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to its user"
)]

mod c_compiler;
mod checks;
mod fingerprint;
mod guests;
mod layout;
mod python;
mod report;
mod run;
#[cfg(feature = "science")]
mod science;
mod toolchain;
mod venv;

use std::process::ExitCode;

use crate::{layout::Layout, report::Report, run::Failure};

/// What the demo asks its three agents; `configs/demo.yaml` names the same question.
const DEMO_QUESTION: &str = "Which of the three sensors drifts, and by how much a day?";

const USAGE: &str = "\
usage: cargo xtask VERB

  plugins        build the plugins and the test guests as WASI components
  science        build the optional plugin python-science: numpy, pandas, matplotlib (needs 600 MB of disk)
  demo           build the release binary and run the offline demo
  test           format, lint, document and test everything
  bench [ARGS]   build the plugins, then run the benchmarks

Environment:
  MASSGEN_GUEST_RUSTC   a rustc that can build for wasm32-wasip2, where rustup cannot add the target
  MASSGEN_PYTHON        the Python 3.9 or newer that brings the compilers of the python and
                        javascript components (default: python3)
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let layout = Layout::of_this_repository();
    let mut report = Report::new();
    let outcome = match (verb.as_str(), rest.as_slice()) {
        ("plugins", []) => guests::build(&layout, &mut report),
        ("science", []) => science(&layout, &mut report),
        ("demo", []) => demo(&layout, &mut report),
        ("test", []) => checks::run(&layout, &mut report),
        ("bench", arguments) => bench(&layout, &mut report, arguments),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    report.print_summary();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask {verb}: {failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "science")]
fn science(layout: &Layout, report: &mut Report) -> Result<(), Failure> {
    let plugin = report.step("plugin python-science", || science::build(layout))?;
    println!(
        "\nTo use it, copy {} into ~/.local/share/massgen/plugins, or set\nMASSGEN_PLUGINS={}",
        plugin.display(),
        science::plugins(layout).display()
    );
    Ok(())
}

/// This program again, with the encoder of components in it: the other verbs do without, and it takes minutes to compile.
#[cfg(not(feature = "science"))]
fn science(layout: &Layout, _: &mut Report) -> Result<(), Failure> {
    run::cargo(layout.root())
        .args([
            "run",
            "--quiet",
            "--package",
            "xtask",
            "--features",
            "science",
        ])
        .args(["--", "science"])
        .run()
}

fn demo(layout: &Layout, report: &mut Report) -> Result<(), Failure> {
    guests::build(layout, report)?;
    report.step("release build", || {
        run::cargo(layout.root())
            .args(["build", "--release", "--package", "massgen"])
            .run()
    })?;
    report.step("demo", || {
        run::program(layout.release_binary(), layout.root())
            .args(["run", "--config", "configs/demo.yaml", DEMO_QUESTION])
            .run()
    })
}

fn bench(layout: &Layout, report: &mut Report, arguments: &[String]) -> Result<(), Failure> {
    guests::build(layout, report)?;
    report.step("bench", || {
        run::cargo(layout.root())
            .args(["bench", "--workspace", "--bench", "*"])
            .args(arguments)
            .run()
    })
}
