//! Every check of the repository, in the order that finds a mistake soonest.
//!
//! Lints and documentation share their builds of the dependencies; the tests need builds of their
//! own. Each guest workspace has its own lock file and target folder and is checked on its own.

use std::path::Path;

use crate::{
    guests,
    layout::Layout,
    report::Report,
    run::{self, Failure},
    venv,
};

/// Formats (as a check), builds the guests, lints, documents and tests.
///
/// # Errors
/// The first step that fails.
pub(crate) fn run(layout: &Layout, report: &mut Report) -> Result<(), Failure> {
    let root = layout.root();
    let plugins = layout.plugins();
    let workspaces = [root.to_owned(), plugins.clone(), layout.test_guests()];
    report.step("format", || {
        for folder in workspaces
            .iter()
            .filter(|folder| folder.join("Cargo.toml").is_file())
        {
            cargo(folder, &["fmt", "--all", "--check"])?;
        }
        Ok(())
    })?;
    guests::build(layout, report)?;
    report.step("plugin python-science", || {
        cargo(root, &["xtask", "science"])
    })?;
    report.step("lint", || {
        cargo(
            root,
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--features",
                "xtask/science",
                "--",
                "-D",
                "warnings",
            ],
        )
    })?;
    report.step("documentation", || {
        let doc = ["doc", "--workspace", "--no-deps"];
        run::cargo(root)
            .args(doc)
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()
    })?;
    let judge = report.step("judge of requests", || {
        let folder = root.join("target/judges-venv");
        let requirements = root.join("tests/judges/requirements.txt");
        venv::with("the judge of requests", &folder, &requirements)
    })?;
    report.step("tests", || {
        run::cargo(root)
            .args(["test", "--workspace"])
            .env("MASSGEN_TEST_JUDGE", judge.join("python"))
            .run()
    })?;
    if plugins.join("Cargo.toml").is_file() {
        report.step("lint of the plugins", || {
            cargo(
                &plugins,
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
            )
        })?;
        report.step("tests of the plugins", || {
            cargo(&plugins, &["test", "--workspace"])
        })?;
    }
    Ok(())
}

fn cargo(folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    run::cargo(folder).args(arguments).run()
}
