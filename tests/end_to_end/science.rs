//! The optional command `python-science`, which `cargo xtask science` builds: numpy, pandas, scipy, scikit-learn and
//! matplotlib in the sandbox. Where it is not built these tests say so and check nothing; `cargo xtask test` builds it.
#![allow(clippy::print_stderr, reason = "a test that checks nothing says so")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use crate::massgen::{Folder, Ran, ran, repository};

/// The folder of optional plugins, if the command is in it.
fn plugins() -> Option<PathBuf> {
    let plugins = repository().join("plugins/target/optional");
    if plugins.join("python-science/plugin.toml").is_file() {
        // Compiled once, and not by every test that runs at the same time.
        static PREPARED: Once = Once::new();
        PREPARED.call_once(|| {
            let arguments = ["exec", "--", "python-science", "-c", "pass"];
            let ran = run(&Folder::new(), &plugins, &arguments);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        });
        return Some(plugins);
    }
    eprintln!("SKIPPED: python-science is not built; `cargo xtask science` builds it");
    None
}

fn run(folder: &Folder, plugins: &Path, arguments: &[&str]) -> Ran {
    let mut command = folder.command(arguments);
    command.env("MASSGEN_PLUGINS", plugins);
    ran(command.output().unwrap())
}

#[test]
fn a_script_analyses_a_table_and_draws_it() {
    let Some(plugins) = plugins() else { return };
    let folder = Folder::new();
    folder.write("sales.csv", "region,units\nnorth,3\nsouth,4\nnorth,5\n");
    folder.write(
        "report.py",
        "import sys\n\
         import matplotlib.pyplot as plt\n\
         import numpy as np\n\
         import pandas as pd\n\
         from scipy import optimize\n\
         from sklearn.linear_model import LinearRegression\n\
         table = pd.read_csv('sales.csv')\n\
         print(table.groupby('region').units.sum().to_dict())\n\
         print(np.linalg.det(np.array([[1.0, 2.0], [3.0, 4.0]])).round(6))\n\
         print(round(optimize.brentq(lambda x: x * x - 2, 0, 2), 6))\n\
         model = LinearRegression().fit([[0], [1], [2]], [1, 3, 5])\n\
         print(model.coef_.round(6), round(model.intercept_, 6))\n\
         figure, axes = plt.subplots(figsize=(4, 3))\n\
         axes.bar(table.region, table.units)\n\
         axes.set_title('Units')\n\
         figure.savefig('units.png', dpi=100)\n\
         sys.exit(3)\n",
    );
    let ran = run(
        &folder,
        &plugins,
        &["exec", "--mount", ".", "--", "python-science", "report.py"],
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            Some(3),
            "{'north': 8, 'south': 4}\n-2.0\n1.414214\n[2.] 1.0\n"
        ),
        "{}",
        ran.stderr
    );
    // What it looks for on a Unix and does not find is no refusal that a user wants to read.
    assert!(!ran.stderr.contains("massgen: cannot"), "{}", ran.stderr);
    let image = fs::read(folder.path.join("units.png")).unwrap();
    assert_eq!(&image[..8], b"\x89PNG\r\n\x1a\n");
    // Width and height in the header chunk (PNG, 11.2.1).
    assert_eq!(image[16..24], [0, 0, 1, 144, 0, 0, 1, 44]);
    assert!(image.len() > 4_000, "{} bytes are no picture", image.len());
}

#[test]
fn programs_come_as_text_as_modules_and_on_standard_input() {
    let Some(plugins) = plugins() else { return };
    let folder = Folder::new();
    folder.write(
        "tools/double.py",
        "import sys\nprint(int(sys.argv[1]) * 2)\n",
    );
    let program = "import os, sys; print(sys.argv, os.getcwd())";
    let text = run(
        &folder,
        &plugins,
        &["exec", "--", "python-science", "-c", program, "-c", "x"],
    );
    let here = folder.path.display();
    assert_eq!(
        text.stdout,
        format!("['-c', '-c', 'x'] {here}\n"),
        "{}",
        text.stderr
    );
    let module = run(
        &folder,
        &plugins,
        &["exec", "--", "python-science", "-m", "tools.double", "21"],
    );
    assert_eq!(module.stdout, "42\n", "{}", module.stderr);
    let line = "echo 'import numpy; print(numpy.arange(4).sum())' | python-science - | cat";
    let piped = run(&folder, &plugins, &["exec", "--", "sh", "-c", line]);
    assert_eq!(piped.stdout, "6\n", "{}", piped.stderr);
}

#[test]
fn an_error_is_shown_as_python_shows_it() {
    let Some(plugins) = plugins() else { return };
    let folder = Folder::new();
    folder.write("fails.py", "import numpy\n\nnumpy.zeros(2)[5]\n");
    let ran = run(
        &folder,
        &plugins,
        &["exec", "--", "python-science", "fails.py"],
    );
    let expected = format!(
        "Traceback (most recent call last):\n  File \"{}/fails.py\", line 3, in <module>\n    numpy.zeros(2)[5]\n",
        folder.path.display()
    );
    assert!(ran.stderr.starts_with(&expected), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nIndexError: "), "{}", ran.stderr);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn options_are_those_of_python_and_what_is_missing_is_said() {
    let Some(plugins) = plugins() else { return };
    let folder = Folder::new();
    let exec = |words: &[&str]| {
        let words = [&["exec", "--", "python-science"], words].concat();
        run(&folder, &plugins, &words)
    };
    let program = "import sys; assert False; print(__debug__, sys.flags.optimize)";
    let optimised = exec(&["-O", "-c", program]);
    assert_eq!(optimised.stdout, "False 1\n", "{}", optimised.stderr);
    let help = exec(&["-h"]);
    assert!(
        help.stdout.starts_with("usage: python-science [option]"),
        "{}",
        help.stdout
    );
    assert!(help.stdout.contains("no subprocess"), "{}", help.stdout);
    assert!(!help.stdout.contains("`pip' installs"), "{}", help.stdout);
    let unknown = exec(&["-Z"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown
            .stderr
            .starts_with("unknown option -Z\nusage: python-science")
    );
    let fetch = "import urllib.request as r; r.urlopen('http://example.org')";
    let network = exec(&["-c", fetch]);
    assert!(
        network
            .stderr
            .contains("There is no network in python-science"),
        "{}",
        network.stderr
    );
}

#[test]
fn it_is_held_by_the_same_rules_and_limits() {
    let Some(plugins) = plugins() else { return };
    let folder = Folder::new();
    let exec = |flags: &[&str], program: &str| {
        let words = [&["exec"], flags, &["--", "python-science", "-c", program]].concat();
        run(&folder, &plugins, &words)
    };
    let outside = exec(&[], "open('/etc/passwd')");
    assert!(
        outside.stderr.contains("FileNotFoundError"),
        "{}",
        outside.stderr
    );
    let own = exec(&["--mount", "."], "open('/usr/local/lib/more.py', 'w')");
    assert!(own.stderr.contains("massgen: cannot "), "{}", own.stderr);
    let memory = exec(&["--memory", "200MiB"], "import numpy; numpy.ones(10**8)");
    assert_eq!(memory.code, Some(1));
    assert!(memory.stderr.contains("MemoryError"), "{}", memory.stderr);
    let endless = exec(&["--timeout", "1"], "while True: pass");
    assert_eq!(endless.code, Some(124));
    let deep = exec(&[], "def f(n): return f(n + 1)\nf(0)");
    assert!(deep.stderr.contains("RecursionError"), "{}", deep.stderr);
}

#[test]
fn plain_python_names_the_command_that_has_a_package() {
    let Some(plugins) = plugins() else { return };
    let ran = run(
        &Folder::new(),
        &plugins,
        &["exec", "--", "python", "-c", "import pandas"],
    );
    assert!(
        ran.stderr
            .contains("pandas is in the command `python-science`: start the program with it"),
        "{}",
        ran.stderr
    );
}
