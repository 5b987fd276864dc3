//! Python in the sandbox as people and agents use it: whole programs and their tests, wheels, and commands started from
//! Python. What the interpreter itself must do is in `plugins/python/tests/cases.jsonl`.

use std::fs;

use serde_json::{Value, json};

use crate::massgen::{Folder, Ran, copy, repository};
use crate::shell::call_tool;

/// A copy of one of the programs in `tests/programs`.
fn program(name: &str) -> Folder {
    let folder = Folder::new();
    copy(
        &repository().join("tests/programs").join(name),
        &folder.path,
    );
    folder
}

/// Runs a command line in the folder, which it may write to.
fn exec(folder: &Folder, line: &str) -> Ran {
    let words: Vec<&str> = line.split(' ').collect();
    folder.run(&[&["exec", "--mount", ".:/work", "--"], &words[..]].concat())
}

/// The same with one program text.
fn python(folder: &Folder, text: &str) -> Ran {
    folder.run(&["exec", "--mount", ".:/work", "--", "python", "-c", text])
}

#[test]
fn a_projects_tests_run_under_unittest() {
    let folder = program("ledger");
    let ran = exec(&folder, "python -m unittest");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("Ran 6 tests in "), "{}", ran.stderr);
    let source = folder
        .read("ledger/parser.py")
        .replace("#\\w+", "#[A-Z]\\w*");
    folder.write("ledger/parser.py", &source);
    let ran = exec(&folder, "python -m unittest discover -s tests -t . -v");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("FAILED (errors=1)"), "{}", ran.stderr);
}

#[test]
fn a_projects_tests_run_under_pytest() {
    let folder = program("ledger");
    for line in [
        "pytest",
        "python -m pytest -q",
        "python3 -m pytest tests -x",
    ] {
        let ran = exec(&folder, line);
        assert_eq!(ran.code, Some(0), "{line}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("16 passed"), "{line}: {}", ran.stdout);
    }
    for (line, code, told) in [
        (
            "pytest -k tags -v",
            0,
            "test_tags_choose_transactions PASSED",
        ),
        ("pytest -m slow -q", 0, "1 passed, 15 deselected"),
        ("pytest -q -k nothing_of_the_kind", 5, "16 deselected"),
        ("pytest -q tests/gone.py", 4, "no tests ran"),
        ("pytest --collect-only -q", 0, "16 tests collected"),
    ] {
        let ran = exec(&folder, line);
        assert_eq!(ran.code, Some(code), "{line}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(told), "{line}: {}", ran.stdout);
    }
    let left: Vec<_> = fs::read_dir(&folder.path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn pytest_shows_what_differs_where_a_test_fails() {
    let folder = program("ledger");
    let source = folder
        .read("ledger/journal.py")
        .replace("> transaction.date", "< transaction.date");
    folder.write("ledger/journal.py", &source);
    let ran = exec(&folder, "pytest --tb=short");
    assert_eq!(ran.code, Some(1));
    for told in [
        "AssertionError",
        "E    ",
        "short test summary info",
        "test_parser.py::Journals::",
    ] {
        assert!(ran.stdout.contains(told), "{told}: {}", ran.stdout);
    }
}

#[test]
fn a_failing_test_run_looks_for_nothing_outside_of_its_folder() {
    let folder = program("ledger");
    folder.write(
        "tests/test_wrong.py",
        "def test_wrong():\n    assert {1: 2} == {1: 3}\n",
    );
    let ran = folder.run(&["exec", "--mount", ".:/work", "--json", "--", "pytest"]);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(told["exit_code"], 1);
    let outside: Vec<&Value> = told["refused"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|refusal| refusal["operation"] != "create")
        .collect();
    assert!(outside.is_empty(), "{outside:?}");
}

#[test]
fn a_program_of_several_modules_has_a_command_line() {
    let folder = program("ledger");
    folder.write(
        "may.journal",
        "2026-05-02 Market #food\n    Expenses:Food  12.50 EUR\n    Assets:Cash\n",
    );
    let ran = exec(&folder, "python -m ledger balance may.journal");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("-12.50 EUR"), "{}", ran.stdout);
    folder.write(
        "may.journal",
        "2026-05-02 Market\n    Expenses:Food  much\n",
    );
    let ran = exec(&folder, "python -m ledger balance may.journal");
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (Some(1), "ledger: line 2: not an amount: 'much'\n")
    );
}

#[test]
fn a_csv_file_is_analysed_and_a_report_written() {
    let folder = program("sales");
    let ran = exec(&folder, "python report.py sales.csv report.md");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "7 sales, 2 lines skipped\n"),
        "{}",
        ran.stderr
    );
    let report = folder.read("report.md");
    for line in [
        "| West | 9,450.00 | 93.9% |",
        "Median sale 99.00, trend +4761.60 a month.",
        "Stands out: 2026-03-03 West 9,450.00",
        "Skipped lines: 6, 8",
    ] {
        assert!(report.contains(line), "{line}: {report}");
    }
}

#[test]
fn a_client_of_a_json_api_is_told_that_it_is_not_let_out() {
    let folder = program("weather");
    for line in [
        "python client.py",
        "python client.py http://127.0.0.1:8/forecast",
    ] {
        let ran = exec(&folder, line);
        assert_eq!(ran.code, Some(1));
        assert!(
            ran.stderr
                .contains("the sandbox does not let this program reach http"),
            "{}",
            ran.stderr
        );
    }
}

/// A folder with the wheels that `tests/programs/wheels/build.py` writes.
fn wheels() -> Folder {
    let folder = program("wheels");
    let ran = exec(&folder, "python build.py");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    folder
}

#[test]
fn a_wheel_is_installed_with_what_it_needs_and_is_there_in_the_next_call() {
    let folder = wheels();
    let ran = exec(&folder, "pip install --no-index --find-links wheels greet");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout
            .ends_with("Successfully installed greet-1.2 polite-2.1\n"),
        "{}",
        ran.stdout
    );
    folder.write("run.sh", ".local/bin/greet\n");
    for line in ["python -m greet", "sh run.sh"] {
        let ran = exec(&folder, line);
        assert_eq!(ran.stdout, "hello 1.2, please\n", "{line}: {}", ran.stderr);
    }
    let told = python(
        &folder,
        "import importlib.metadata as m\nprint(m.version('greet'), [e.name for e in m.entry_points(group='console_scripts', name='greet')])",
    );
    assert_eq!(told.stdout, "1.2 ['greet']\n", "{}", told.stderr);
    assert_eq!(
        exec(&folder, "pip freeze").stdout,
        "greet==1.2\npolite==2.1\n"
    );
    let shown = exec(&folder, "pip show -f greet").stdout;
    assert!(
        shown.contains("Requires: polite\n") && shown.contains("greet/__main__.py"),
        "{shown}"
    );
    let again = exec(&folder, "pip install --find-links wheels greet>=1.1");
    assert!(
        again
            .stdout
            .starts_with("Requirement already satisfied: greet>=1.1 (1.2 in /"),
        "{}",
        again.stdout
    );
}

#[test]
fn a_version_is_replaced_and_removed_with_all_its_files() {
    let folder = wheels();
    assert_eq!(
        exec(&folder, "pip install --find-links wheels greet").code,
        Some(0)
    );
    let older = exec(&folder, "pip install wheels/greet-1.0-py3-none-any.whl");
    assert_eq!(older.code, Some(0), "{}", older.stderr);
    assert_eq!(
        python(&folder, "import greet; print(greet.hello())").stdout,
        "hello 1.0\n"
    );
    let upgraded = exec(&folder, "pip install -U --find-links wheels greet");
    assert!(
        upgraded.stdout.contains("Successfully installed greet-1.2"),
        "{}",
        upgraded.stdout
    );
    let kept = folder.write(".local/lib/python3.14/site-packages/mine.py", "X = 1\n");
    let asked = exec(&folder, "pip uninstall greet");
    assert_eq!(asked.code, Some(1));
    assert!(asked.stderr.contains("pass --yes"), "{}", asked.stderr);
    let removed = exec(&folder, "pip uninstall -y greet polite");
    assert_eq!(
        removed.stdout, "Successfully uninstalled greet-1.2\nSuccessfully uninstalled polite-2.1\n",
        "{}",
        removed.stderr
    );
    let site: Vec<_> = fs::read_dir(kept.parent().unwrap()).unwrap().collect();
    assert_eq!(site.len(), 1, "{site:?}");
    assert!(!folder.path.join(".local/bin/greet").exists());
}

#[test]
fn a_package_may_go_to_any_directory_and_is_found_through_pythonpath() {
    let folder = wheels();
    let ran = exec(
        &folder,
        "pip install --target vendor --find-links wheels greet",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let words = [
        "exec",
        "--mount",
        ".:/work",
        "--env",
        "PYTHONPATH=vendor",
        "--",
        "python",
        "-m",
        "greet",
    ];
    assert_eq!(folder.run(&words).stdout, "hello 1.2, please\n");
    assert!(!folder.path.join(".local").exists());
}

#[test]
fn a_requirement_that_nothing_here_fulfils_is_refused_before_anything_is_written() {
    let folder = wheels();
    for (words, told) in [
        (
            "demanding",
            "no wheel of nowhere (demanding-1.0 needs it) is in wheels",
        ),
        (
            "greet>=2",
            "no version of greet fits greet>=2; the directories have 1.0, 1.2",
        ),
        (
            "picky greet",
            "picky-1.0 asked for polite<2, and polite-2.1 was chosen for greet-1.2",
        ),
        ("native", "native is there with native code only"),
        ("greet[noise]", "no wheel of loud (greet-1.2 needs it)"),
    ] {
        let ran = exec(&folder, &format!("pip install --find-links wheels {words}"));
        assert_eq!(ran.code, Some(1), "{words}: {}", ran.stdout);
        assert!(ran.stderr.contains(told), "{words}: {}", ran.stderr);
        assert!(!folder.path.join(".local").exists(), "{words}");
    }
}

#[test]
fn a_wheel_that_is_not_what_it_says_is_refused_before_anything_is_written() {
    let folder = wheels();
    for (name, told) in [
        (
            "spoiled-1.0-py3-none-any",
            "spoiled.py with another hash than its RECORD says",
        ),
        (
            "forged-1.0-py3-none-any",
            "extra.py, for which its RECORD has no hash",
        ),
        (
            "climber-1.0-py3-none-any",
            "a name that leads out of its directory",
        ),
        (
            "rooted-1.0-py3-none-any",
            "a name that leads out of its directory",
        ),
        ("linked-1.0-py3-none-any", "the link 'linked_to'"),
        ("sneaky-1.0-py3-none-any", "cannot load native code"),
        (
            "native-1.0-cp314-cp314-manylinux_2_17_x86_64",
            "ends in -none-any.whl",
        ),
        ("torn-1.0-py3-none-any", "is not a wheel"),
        ("gone-1.0-py3-none-any", "No such file"),
    ] {
        let ran = exec(&folder, &format!("pip install --no-deps wheels/{name}.whl"));
        assert_eq!(ran.code, Some(1), "{name}: {}", ran.stdout);
        assert!(ran.stderr.contains(told), "{name}: {}", ran.stderr);
    }
    let mut names: Vec<_> = fs::read_dir(&folder.path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["build.py", "wheels"]);
}

#[test]
fn a_record_that_lists_files_of_others_removes_nothing() {
    let folder = wheels();
    assert_eq!(
        exec(&folder, "pip install wheels/polite-2.1-py3-none-any.whl").code,
        Some(0)
    );
    let record = ".local/lib/python3.14/site-packages/polite-2.1.dist-info/RECORD";
    let listed = folder.read(record) + "../../../../build.py,,\n";
    folder.write(record, &listed);
    let ran = exec(&folder, "pip uninstall -y polite");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("nothing was removed"), "{}", ran.stderr);
    assert!(folder.path.join("build.py").exists());
    assert_eq!(python(&folder, "import polite").code, Some(0));
}

#[test]
fn commands_are_started_with_the_interface_of_subprocess() {
    let folder = Folder::new();
    folder.write("in.txt", "b\na\n");
    folder.write(
        "tool.py",
        "#!/usr/bin/env python3\nimport sys\nprint('tool', sys.argv[1:])\n",
    );
    for (text, expected) in [
        (
            "r = run(['sort', 'in.txt'], capture_output=True, text=True); print(r.returncode, r.stdout.split(), r.stderr == '')",
            "0 ['a', 'b'] True\n",
        ),
        (
            "print(check_output('echo hi | tr a-z A-Z', shell=True))",
            "b'HI\\n'\n",
        ),
        (
            "print(run(['cat'], input='x' * 300_000, capture_output=True, text=True).stdout.count('x'))",
            "300000\n",
        ),
        (
            "p = Popen(['sort'], stdin=PIPE, stdout=PIPE, text=True)\np.stdin.write('2\\n1\\n'); p.stdin.close(); print(p.stdout.read().split(), p.wait())",
            "['1', '2'] 0\n",
        ),
        (
            "a = Popen(['seq', '5'], stdout=PIPE); b = Popen(['sort', '-r'], stdin=a.stdout, stdout=PIPE); a.stdout.close(); print(b.communicate()[0].split()[0])",
            "b'5'\n",
        ),
        (
            "print([line.strip() for line in Popen(['seq', '3'], stdout=PIPE, text=True).stdout])",
            "['1', '2', '3']\n",
        ),
        (
            "print(run(['sh', '-c', 'echo err >&2; echo out'], stdout=PIPE, stderr=STDOUT).stdout)",
            "b'err\\nout\\n'\n",
        ),
        (
            "with open('out.txt', 'w') as f: run(['seq', '50000'], stdout=f)\nwith open('out.txt') as f: print(run(['wc', '-l'], stdin=f, capture_output=True, text=True).stdout.strip())",
            "50000\n",
        ),
        (
            "print(run([sys.executable, 'tool.py', '1'], stdout=PIPE, text=True).stdout, run(['./tool.py', '2'], stdout=PIPE, text=True).stdout, sep='', end='')",
            "tool ['1']\ntool ['2']\n",
        ),
        (
            "print(run(['env'], env={'A': '1'}, stdout=PIPE).stdout, run(['pwd'], cwd='/', stdout=PIPE).stdout)",
            "b'A=1\\n' b'/\\n'\n",
        ),
        (
            "print(run(['ls'], stdout=DEVNULL).returncode, run(['cat'], stdin=open(os.devnull), stdout=open(os.devnull, 'w')).returncode)",
            "0 0\n",
        ),
        (
            "print(os.system('exit 4') >> 8, os.popen('echo p').read(), getoutput('echo g'), shutil.which('ls'), shutil.which('git'))",
            "4 p\n g /usr/bin/ls None\n",
        ),
        (
            "p = Popen(['sleep', '60']); print(p.poll()); p.terminate(); print(p.wait())",
            "None\n-9\n",
        ),
        (
            "run(['echo', 'inherited']); print(call(['false']))",
            "inherited\n1\n",
        ),
    ] {
        let program = format!("import os, shutil, sys\nfrom subprocess import *\n{text}");
        let ran = python(&folder, &program);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), expected),
            "{text}: {}",
            ran.stderr
        );
    }
}

#[test]
fn what_goes_wrong_with_a_command_is_an_exception_of_subprocess() {
    let folder = Folder::new();
    folder.write("plain", "no script\n");
    for (text, expected) in [
        (
            "run('exit 3', shell=True, check=True)",
            "CalledProcessError: Command 'exit 3' returned non-zero exit status 3.",
        ),
        (
            "run(['sh', '-c', 'echo begun; sleep 60'], timeout=0.3, stdout=PIPE)",
            "timed out after 0.3 seconds",
        ),
        (
            "run(['git', 'status'])",
            "FileNotFoundError: [Errno 44] There is no such command in the sandbox: 'git'",
        ),
        (
            "run(['./plain'])",
            "Not a script with a #! line, and native programs do not run in the sandbox: './plain'",
        ),
        (
            "run(['ls'], cwd='nowhere')",
            "FileNotFoundError: [Errno 44] No such file or directory: 'nowhere'",
        ),
        (
            "run(['ls'], preexec_fn=print)",
            "preexec_fn is not supported",
        ),
        (
            "files = [open('plain') for _ in range(253)]\nrun(['ls'], capture_output=True)",
            "OSError: [Errno 33] a program may hold no more than 256 open files, pipes and children",
        ),
    ] {
        let ran = python(&folder, &format!("from subprocess import *\n{text}"));
        assert_eq!(ran.code, Some(1), "{text}: {}", ran.stdout);
        assert!(ran.stderr.contains(expected), "{text}: {}", ran.stderr);
    }
}

#[test]
fn children_of_python_run_side_by_side_and_end_with_the_call() {
    let folder = Folder::new();
    let text = "import time\nfrom subprocess import *\nbegun = time.monotonic()\n\
                children = [Popen(['sleep', '0.4']) for _ in range(5)]\nprint([c.wait() for c in children])\n\
                print(time.monotonic() - begun < 1.9)\nPopen(['sleep', '600'])";
    let ran = python(&folder, text);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "[0, 0, 0, 0, 0]\nTrue\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn patterns_hold_for_what_an_agents_python_starts_too() {
    let (told, ran) = call_tool(
        "run_python",
        ", enable_mcp_command_line: true, command_line_blocked_commands: ['rm.*']",
        &[
            json!({"code": "import subprocess\nopen('kept', 'w').close()\nsubprocess.run(['sh', '-c', 'rm kept; ls'])"}),
            json!({"code": "import subprocess\ntry: subprocess.run(['rm', 'kept'])\nexcept PermissionError as error: print(error.strerror)"}),
        ],
    );
    assert_eq!(told.len(), 2, "{}", ran.stderr);
    assert!(told[0].contains(r#""stdout":"kept\n""#), "{}", told[0]);
    for told in told {
        let rule = "(`command_line_blocked_commands`: rm.*)";
        assert!(told.contains(rule), "{told}");
    }
}

#[test]
fn what_an_agent_installs_is_there_in_its_next_call() {
    let build = fs::read_to_string(repository().join("tests/programs/wheels/build.py")).unwrap();
    let (told, ran) = call_tool(
        "run_python",
        "",
        &[
            json!({"code": build}),
            json!({"code": "import pip.commands; raise SystemExit(pip.commands.main(['install', 'wheels/greet-1.0-py3-none-any.whl']))"}),
            json!({"code": "import greet, os; print(greet.hello(), os.environ['HOME'] == os.getcwd())"}),
        ],
    );
    assert_eq!(told.len(), 3, "{}", ran.stderr);
    assert!(
        told[2].contains(r#""stdout":"hello 1.0 True\n""#),
        "{told:?}"
    );
}
