//! Names that hold secrets: what is hidden where, and how that is changed. P8 mended.

use super::*;
use crate::{DEFAULT_HIDDEN_NAMES, DEFAULT_SHOWN_NAMES};

fn open() -> Policy {
    Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write),
        Grant::tree("/t", GrantKind::TempWorkspace, Access::Read),
        Grant::tree("/w", GrantKind::Workspace, Access::Write),
        Grant::tree("/home/.ssh/known", GrantKind::Context, Access::Read),
        Grant::file("/c/deploy/.env", GrantKind::Context, Access::Read),
        Grant::tree("/c/.aws", GrantKind::Context, Access::Read),
    ])
}

#[test]
fn every_built_in_name_is_hidden_everywhere_but_in_a_workspace() {
    let policy = open();
    for name in DEFAULT_HIDDEN_NAMES {
        let name = name.replace('*', "prod");
        for path in [
            format!("/c/x/{name}"),
            format!("/c/x/{name}/below"),
            format!("/t/{name}"),
        ] {
            for operation in Operation::ALL {
                let decision = policy.decide(Path::new(&path), operation);
                assert_eq!(decision.verdict, Verdict::Hide, "{path} {operation:?}");
            }
        }
        let own = format!("/w/{name}");
        assert_eq!(
            rule(&policy, &own, Operation::Write),
            Rule::Granted,
            "{own}"
        );
    }
}

#[test]
fn hidden_names_are_known_in_any_case_of_letters() {
    for path in [
        "/c/.ENV",
        "/c/.Env.Local",
        "/c/ID_RSA",
        "/c/Server.PEM",
        "/c/.SSH/config",
    ] {
        assert_eq!(rule(&open(), path, Operation::Read), Rule::Hidden, "{path}");
    }
}

#[test]
fn samples_and_names_that_only_look_alike_are_shown() {
    let policy = open();
    for name in DEFAULT_SHOWN_NAMES {
        assert_eq!(
            rule(&policy, &format!("/c/{name}"), Operation::Write),
            Rule::Granted
        );
    }
    for path in [
        "/c/env",
        "/c/a.env",
        "/c/keys",
        "/c/id_rsa.pub",
        "/c/pem",
        "/c/ssh",
        "/c/.environment",
    ] {
        assert_eq!(
            rule(&policy, path, Operation::Read),
            Rule::Granted,
            "{path}"
        );
    }
}

#[test]
fn a_hidden_name_counts_below_the_granted_root_only_and_a_grant_of_the_very_path_wins() {
    let policy = open();
    for path in [
        "/home/.ssh/known/hosts",
        "/c/deploy/.env",
        "/c/.aws",
        "/c/.aws/config",
    ] {
        assert_eq!(
            rule(&policy, path, Operation::Read),
            Rule::Granted,
            "{path}"
        );
    }
    assert_eq!(
        rule(&policy, "/c/.aws/server.key", Operation::Read),
        Rule::Hidden
    );
    assert_eq!(
        rule(&policy, "/c/deploy/.env.local", Operation::Stat),
        Rule::Hidden
    );
}

#[test]
fn a_rule_lifts_a_hidden_name_only_by_naming_the_file() {
    let with = |pattern: &str| {
        let rule = PathRule {
            root: PathBuf::from("/c"),
            pattern: Pattern::new(pattern).unwrap(),
            effect: Effect::Read,
        };
        open().with_rules(vec![rule]).unwrap()
    };
    for pattern in ["**", "*", "d/**", "d", "/d", "*.pem", "d/*.pem"] {
        assert_eq!(
            rule(&with(pattern), "/c/d/ca.pem", Operation::Read),
            Rule::Hidden,
            "{pattern}"
        );
    }
    for pattern in ["ca.pem", "d/ca.pem", "/d/ca.pem"] {
        assert_eq!(
            rule(&with(pattern), "/c/d/ca.pem", Operation::Read),
            Rule::Granted,
            "{pattern}"
        );
    }
    assert_eq!(
        rule(&with(".env"), "/c/d/.env", Operation::Read),
        Rule::Hidden,
        "a tie"
    );
    assert_eq!(
        rule(&with("d/.env"), "/c/d/.env", Operation::Read),
        Rule::Granted,
        "a path before a name"
    );
}

#[test]
fn the_list_is_replaced_and_switched_off() {
    let replaced = open().with_hidden_names(&["*.secret"]).unwrap();
    assert_eq!(
        rule(&replaced, "/c/a.SECRET", Operation::Read),
        Rule::Hidden
    );
    assert_eq!(rule(&replaced, "/c/.env", Operation::Read), Rule::Granted);
    let off = open().with_hidden_names::<&str>(&[]).unwrap();
    assert_eq!(rule(&off, "/c/.env", Operation::Read), Rule::Granted);
    assert_eq!(rule(&off, "/c/.env", Operation::Write), Rule::ExcludedName);
    assert!(open().with_hidden_names(&["["]).is_err());
}

#[test]
fn a_directory_moves_with_the_hidden_names_in_it_since_they_are_hidden_wherever_it_goes() {
    let policy = open();
    let [from, to] = policy.decide_rename(Path::new("/c/a"), Path::new("/c/b"), Moved::Tree);
    assert!(from.is_allowed() && to.is_allowed());
    for path in ["/c/a/.env", "/c/b/.env"] {
        assert_eq!(rule(&policy, path, Operation::Read), Rule::Hidden);
    }
    let [from, to] = policy.decide_rename(Path::new("/c/a/.env"), Path::new("/c/b"), Moved::File);
    assert_eq!((from.rule, to.rule), (Rule::Hidden, Rule::Granted));
    let [_, to] = policy.decide_rename(Path::new("/c/a/x"), Path::new("/c/.env"), Moved::File);
    assert_eq!(to.rule, Rule::Hidden, "nothing is put under a hidden name");
}

#[test]
fn the_reason_is_the_same_whether_something_is_there_or_not() {
    let path = Path::new("/c/.env");
    let policy = open();
    assert_eq!(
        policy.explain(policy.decide(path, Operation::Read), path, Operation::Read),
        "cannot read /c/.env: for an agent there is nothing, since a rule or the list of names that hold secrets \
         hides it. Work without it."
    );
}

#[test]
fn a_rule_about_a_name_uncovers_nothing_in_a_hidden_directory() {
    let rule_for = |pattern: &str| {
        let config = PathRule {
            root: PathBuf::from("/t"),
            pattern: Pattern::new(pattern).unwrap(),
            effect: Effect::Read,
        };
        let policy = open().with_rules(vec![config]).unwrap();
        rule(&policy, "/t/.kube/config", Operation::Read)
    };
    assert_eq!(rule_for("config"), Rule::Hidden);
    assert_eq!(rule_for(".kube/config"), Rule::Granted);
}
