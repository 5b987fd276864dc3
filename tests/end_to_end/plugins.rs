//! Plugins that the user has installed in a folder.

use std::fs;
use std::path::PathBuf;

use crate::massgen::{Folder, Ran, ran, repository};

/// A folder of plugins with one, whose manifest ends with these lines. Its component answers to the names of Unix tools.
fn install(folder: &Folder, lines: &str) -> PathBuf {
    let plugins = folder.path.join("plugins");
    let plugin = plugins.join("tools");
    let manifest = format!(
        "name = 'tools'\nversion = '1.0.0'\nkind = 'command'\ndescription = 'more tools'\n\
         imports = ['wasi:cli', 'wasi:clocks', 'wasi:filesystem', 'wasi:io', 'wasi:random', 'wasi:sockets', 'massgen:plugin/process']\n\
         {lines}\n"
    );
    folder.write("plugins/tools/plugin.toml", &manifest);
    let component = repository().join("plugins/target/artifacts/unix_tools.wasm");
    fs::copy(component, plugin.join("plugin.wasm")).unwrap();
    plugins
}

fn run(folder: &Folder, plugins: &str, words: &[&str]) -> Ran {
    let mut command = folder.command(words);
    command.env("MASSGEN_PLUGINS", plugins);
    ran(command.output().unwrap())
}

#[test]
fn a_command_of_an_installed_plugin_runs_alone_and_in_the_shell() {
    let folder = Folder::new();
    // `unix-tools NAME` is NAME.
    let plugins = install(&folder, "provides = ['unix-tools']");
    let plugins = plugins.to_str().unwrap();
    let alone = run(
        &folder,
        plugins,
        &["exec", "--", "unix-tools", "echo", "alone"],
    );
    assert_eq!(
        (alone.code, alone.stdout.as_str()),
        (Some(0), "alone\n"),
        "{}",
        alone.stderr
    );
    let line = "unix-tools echo from a shell | tr a-z A-Z";
    let piped = run(&folder, plugins, &["exec", "--", "sh", "-c", line]);
    assert_eq!(piped.stdout, "FROM A SHELL\n", "{}", piped.stderr);
    let without = run(&folder, "", &["exec", "--", "unix-tools", "echo", "x"]);
    assert_eq!(without.code, Some(127));
    // The usual place.
    fs::create_dir_all(folder.path.join(".local/share/massgen")).unwrap();
    fs::rename(plugins, folder.path.join(".local/share/massgen/plugins")).unwrap();
    let usual = folder.run(&["exec", "--", "unix-tools", "echo", "usual"]);
    assert_eq!(usual.stdout, "usual\n", "{}", usual.stderr);
}

#[test]
fn a_name_that_is_taken_is_refused_with_both_plugins() {
    let folder = Folder::new();
    let plugins = install(&folder, "provides = ['python']");
    let ran = run(&folder, plugins.to_str().unwrap(), &["exec", "--", "ls"]);
    assert_eq!(ran.code, Some(125));
    assert_eq!(
        ran.stderr,
        "massgen: the plugins `python` and `tools` both provide the command `python`. Use one of them.\n"
    );
}

#[test]
fn a_manifest_that_is_none_is_named_with_what_to_do() {
    let folder = Folder::new();
    let plugins = install(&folder, "provide = ['tools']");
    let ran = run(&folder, plugins.to_str().unwrap(), &["exec", "--", "ls"]);
    assert_eq!(ran.code, Some(125));
    for expected in [
        "plugins/tools/plugin.toml cannot be used",
        "`provide`",
        "Mend it or remove the folder.",
    ] {
        assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    }
}

#[test]
fn an_env_file_says_neither_where_plugins_nor_where_compiled_code_come_from() {
    let folder = Folder::new();
    let plugins = install(&folder, "provides = ['unix-tools']");
    let evil = folder.path.join("evil");
    folder.write(
        ".env",
        &format!(
            "MASSGEN_PLUGINS={}\nXDG_DATA_HOME={evil}\nXDG_CACHE_HOME={evil}\n",
            plugins.display(),
            evil = evil.display(),
        ),
    );
    let mut command = folder.command(&["exec", "--", "unix-tools", "echo", "x"]);
    // The shared cache, at the place where it is looked for without a variable.
    let cache = command
        .get_envs()
        .find(|(name, _)| *name == "XDG_CACHE_HOME");
    let cache = PathBuf::from(cache.and_then(|(_, value)| value).unwrap());
    std::os::unix::fs::symlink(cache, folder.path.join(".cache")).unwrap();
    command.env_remove("XDG_CACHE_HOME");
    assert_eq!(ran(command.output().unwrap()).code, Some(127));
    let mut command = folder.command(&["exec", "--", "echo", "done"]);
    command.env_remove("XDG_CACHE_HOME");
    assert_eq!(ran(command.output().unwrap()).stdout, "done\n");
    assert!(!evil.exists());
}
