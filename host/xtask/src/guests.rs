//! Builds everything that runs inside the sandbox: the plugins and the guests of the tests.
//!
//! A plugin's artifacts are `plugins/target/artifacts/NAME.wasm` and its manifest `NAME.toml`, where
//! NAME is the manifest's `name`; a test guest's is `tests/guests/target/artifacts/NAME.wasm`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    c_compiler::{self, CCompiler},
    layout::Layout,
    python,
    report::Report,
    run::{self, Failure, Invocation},
    toolchain::{self, GuestCompiler, TARGET},
};

/// The manifest of a plugin, next to its sources.
pub(crate) const MANIFEST: &str = "plugin.toml";

/// Builds every plugin and every test guest.
///
/// # Errors
/// A tool is missing, a build fails, or a plugin's manifest is not usable.
pub(crate) fn build(layout: &Layout, report: &mut Report) -> Result<(), Failure> {
    let compiler = report.step("guest compiler", || {
        toolchain::guest_compiler(layout.root())
    })?;
    let c_compiler = report.step("C compiler", || c_compiler::prepare(&layout.plugins()))?;
    report.step("plugins in Rust", || {
        rust_plugins(&layout.plugins(), &compiler, &c_compiler)
    })?;
    report.step("plugin python", || python::build(layout))?;
    report.step("test guests", || {
        test_guests(&layout.test_guests(), &compiler)
    })
}

/// The folder of finished components under a guest workspace.
pub(crate) fn artifacts(workspace: &Path) -> PathBuf {
    workspace.join("target/artifacts")
}

/// Puts a component and its manifest in place under the manifest's name.
pub(crate) fn install(component: &Path, manifest: &Path, into: &Path) -> Result<(), Failure> {
    let name = plugin_name(manifest)?;
    copy(component, &into.join(format!("{name}.wasm")))?;
    copy(manifest, &into.join(format!("{name}.toml")))
}

/// The `name` of a plugin's manifest.
pub(crate) fn plugin_name(manifest: &Path) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Manifest {
        name: String,
    }
    let text = fs::read_to_string(manifest).map_err(Failure::file("read", manifest))?;
    let parsed: Manifest = toml::from_str(&text)
        .map_err(|error| Failure::Invalid(format!("{}: {error}", manifest.display())))?;
    Ok(parsed.name)
}

fn rust_plugins(
    workspace: &Path,
    compiler: &GuestCompiler,
    c_compiler: &CCompiler,
) -> Result<(), Failure> {
    if !workspace.join("Cargo.toml").is_file() {
        println!("no plugin is written in Rust");
        return Ok(());
    }
    for component in compile(
        c_compiler.for_guests(run::cargo(workspace)),
        workspace,
        compiler,
    )? {
        let manifest = component.package.join(MANIFEST);
        if manifest.is_file() {
            install(&component.file, &manifest, &artifacts(workspace))?;
        }
    }
    Ok(())
}

fn test_guests(workspace: &Path, compiler: &GuestCompiler) -> Result<(), Failure> {
    for component in compile(run::cargo(workspace), workspace, compiler)? {
        let name = format!("{}.wasm", component.name);
        copy(&component.file, &artifacts(workspace).join(name))?;
    }
    Ok(())
}

/// One component as cargo built it.
struct Component {
    name: String,
    /// The folder of its package.
    package: PathBuf,
    file: PathBuf,
}

fn compile(
    cargo: Invocation,
    workspace: &Path,
    compiler: &GuestCompiler,
) -> Result<Vec<Component>, Failure> {
    let mut cargo = cargo
        .args(["build", "--release", "--locked", "--target", TARGET])
        .args([
            "--message-format",
            "json-render-diagnostics",
            "--target-dir",
        ])
        .args([workspace.join("target")]);
    if let GuestCompiler::Named(rustc) = compiler {
        cargo = cargo.env("RUSTC", rustc);
    }
    Ok(components(&String::from_utf8_lossy(&cargo.output()?)))
}

/// The components among cargo's messages ("External tools" in the Cargo book).
fn components(messages: &str) -> Vec<Component> {
    #[derive(Deserialize)]
    struct Message {
        manifest_path: PathBuf,
        target: Target,
        filenames: Vec<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    // Messages of other kinds lack these fields.
    let artifacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let mut found = BTreeMap::new();
    for artifact in artifacts {
        let wasm = |file: &&PathBuf| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        };
        if let Some(file) = artifact.filenames.iter().find(wasm) {
            let component = Component {
                package: artifact
                    .manifest_path
                    .parent()
                    .unwrap_or(Path::new(""))
                    .to_owned(),
                file: file.clone(),
                name: artifact.target.name,
            };
            found.insert(file.clone(), component);
        }
    }
    found.into_values().collect()
}

/// Copies a file unless the copy is there already, so that its time stamp stays.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let content = fs::read(from).map_err(Failure::file("read", from))?;
    if fs::read(to).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(Failure::file("create", folder))?;
    }
    // Renamed into place: a build that is cut short leaves no half of a component.
    let partial = to.with_extension("partial");
    fs::write(&partial, &content).map_err(Failure::file("write", &partial))?;
    fs::rename(&partial, to).map_err(Failure::file("write", to))?;
    println!("{} ({:.1} MB)", to.display(), content.len() as f64 / 1e6);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn components_are_the_wasm_files_among_cargo_s_messages() {
        let messages = r#"
{"reason":"compiler-artifact","manifest_path":"/p/dep/Cargo.toml","target":{"name":"dep"},"filenames":["/t/libdep.rlib"]}
{"reason":"compiler-artifact","manifest_path":"/p/filesystem/Cargo.toml","target":{"name":"filesystem"},"filenames":["/t/filesystem.wasm"]}
{"reason":"build-finished","success":true}
not a message
"#;
        let found = components(messages);
        let [only] = found.as_slice() else {
            panic!("{} components", found.len())
        };
        assert_eq!(only.name, "filesystem");
        assert_eq!(only.package, Path::new("/p/filesystem"));
        assert_eq!(only.file, Path::new("/t/filesystem.wasm"));
    }

    #[test]
    fn a_component_is_installed_under_the_name_in_its_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let (wasm, manifest) = (
            folder.path().join("built.wasm"),
            folder.path().join(MANIFEST),
        );
        fs::write(&wasm, "component").unwrap();
        fs::write(&manifest, "name = \"workspace_tools\"\nkind = \"tools\"\n").unwrap();
        let artifacts = folder.path().join("artifacts");
        install(&wasm, &manifest, &artifacts).unwrap();
        assert_eq!(
            fs::read(artifacts.join("workspace_tools.wasm")).unwrap(),
            b"component"
        );
        assert!(artifacts.join("workspace_tools.toml").is_file());
    }

    #[test]
    fn a_manifest_without_a_name_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join(MANIFEST);
        fs::write(&manifest, "kind = \"tools\"\n").unwrap();
        let failure = plugin_name(&manifest).unwrap_err().to_string();
        assert!(
            failure.contains("plugin.toml") && failure.contains("name"),
            "{failure}"
        );
    }
}
