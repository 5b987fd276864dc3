//! `massgen config`: configurations are checked and samples shown, and nothing is started.

use serde_json::Value;

use crate::massgen::Folder;

/// A key that a provider does not have, one that is misspelt, and no key of the provider's in the environment.
const WRONG: &str = "agents:\n- id: a\n  backend: {type: zai, model: glm-4.5, enable_web_search: true, temprature: 1}\n";

#[test]
fn a_wrong_configuration_is_told_with_its_place_and_ends_with_1() {
    let folder = Folder::new();
    folder.write("wrong.yaml", WRONG);
    let ran = folder.run(&["config", "check", "wrong.yaml"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("missing: "), "{}", ran.stdout);
    assert!(lines[1].starts_with("error: "), "{}", ran.stdout);
    assert!(
        lines[1].contains("wrong.yaml:3:59: `agents[0].backend.enable_web_search`"),
        "{}",
        ran.stdout
    );
    assert!(lines[2].starts_with("warning: "), "{}", ran.stdout);
    assert!(
        lines[2].ends_with("Did you mean `temperature`?"),
        "{}",
        ran.stdout
    );
    assert_eq!(lines[3], "wrong.yaml: 1 error, 1 missing, 1 warning");
    assert_eq!(lines.len(), 4);
}

#[test]
fn several_files_are_told_as_json_and_one_that_is_wrong_decides_the_exit_code() {
    let folder = Folder::new();
    folder.write("wrong.yaml", WRONG);
    let check = |files: &[&str]| {
        let ran = folder.run(&[&["config", "check", "--output", "json"], files].concat());
        let told: Value = serde_json::from_str(&ran.stdout).unwrap();
        (ran.code, told)
    };
    // The key that is missing here may be there where the file is meant for.
    let (code, told) = check(&["@examples/own-servers", "@examples/reasoning"]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(told[0]["findings"], serde_json::json!([]), "{told}");
    assert_eq!(told[1]["ok"], true);
    assert_eq!(told[1]["findings"][0]["severity"], "missing");

    let (code, told) = check(&["@examples/own-servers", "wrong.yaml", "nowhere.yaml"]);
    assert_eq!(code, Some(1), "{told}");
    let oks: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|file| &file["ok"])
        .collect();
    assert_eq!(oks, [true, false, false]);
    let error = &told[1]["findings"][1];
    assert_eq!(
        (&error["line"], &error["column"], &error["key"]),
        (
            &3.into(),
            &59.into(),
            &"agents[0].backend.enable_web_search".into()
        )
    );
    assert!(
        error["help"].as_str().unwrap().contains("`openai`"),
        "{error}"
    );
}

#[test]
fn samples_are_listed_and_printed_so_that_one_can_be_made_ones_own() {
    let folder = Folder::new();
    let listed = folder.run(&["config", "examples"]);
    assert_eq!(listed.code, Some(0), "{}", listed.stderr);
    let names: Vec<_> = listed
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.contains(&"@examples/two-providers"), "{names:?}");
    for name in names {
        let printed = folder.run(&["config", "examples", name]);
        assert_eq!(printed.code, Some(0), "{}", printed.stderr);
        folder.write("mine.yaml", &printed.stdout);
        let checked = folder.run(&["config", "check", "mine.yaml"]);
        assert_eq!(checked.code, Some(0), "{name}: {}", checked.stdout);
    }
    let ran = folder.run(&["config", "examples", "nothing"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("`massgen config examples` lists them"),
        "{}",
        ran.stderr
    );
}
