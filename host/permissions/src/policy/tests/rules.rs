//! Rules that narrow a grant: what a pattern matches, which rule wins, and what moving a directory may not do.

use super::*;
use crate::PatternError;

/// A writable context path `/c` with these rules.
fn ruled(rules: &[(&str, Effect)]) -> Policy {
    let rules = rules.iter().map(|(pattern, effect)| PathRule {
        root: PathBuf::from("/c"),
        pattern: Pattern::new(*pattern).unwrap(),
        effect: *effect,
    });
    Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Write),
        Grant::tree("/w", GrantKind::Workspace, Access::Write),
        Grant::tree("/c/inner", GrantKind::Context, Access::Write),
    ])
    .with_rules(rules.collect())
    .unwrap()
}

fn hides(pattern: &str, path: &str) -> bool {
    let policy = ruled(&[(pattern, Effect::Hide)]);
    policy.decide(Path::new(path), Operation::Stat).verdict == Verdict::Hide
}

#[test]
fn a_pattern_is_anchored_at_its_root_unless_it_is_a_mere_name() {
    for (pattern, matched, unmatched) in [
        (
            "notes.txt",
            &["/c/notes.txt", "/c/a/b/notes.txt"][..],
            &["/c/Notes.txt", "/c/xnotes.txt"][..],
        ),
        (
            "*.log",
            &["/c/a.log", "/c/a/.log", "/c/logs.log/x"],
            &["/c/a.logs"],
        ),
        ("/notes.txt", &["/c/notes.txt"], &["/c/a/notes.txt"]),
        ("./notes.txt", &["/c/notes.txt"], &["/c/a/notes.txt"]),
        (
            "a/*.txt",
            &["/c/a/x.txt"],
            &["/c/a/b/x.txt", "/c/b/a/x.txt", "/c/a"],
        ),
        (
            "a/**/x",
            &["/c/a/x", "/c/a/b/x", "/c/a/b/c/x", "/c/a/x/below"],
            &["/c/x", "/c/b/a/x"],
        ),
        ("a/**", &["/c/a/x", "/c/a/b/x"], &["/c/a", "/c/ab"]),
        ("**/a/x", &["/c/a/x", "/c/b/a/x"], &["/c/a/b/x"]),
        (
            "build/",
            &["/c/build", "/c/build/x", "/c/sub/build/x"],
            &["/c/builds"],
        ),
        ("a?c", &["/c/abc"], &["/c/a/c", "/c/ac"]),
        ("[ab]", &["/c/a", "/c/b"], &["/c/c"]),
        (
            "{one,two}.md",
            &["/c/one.md", "/c/x/two.md"],
            &["/c/three.md"],
        ),
        ("**", &["/c/a", "/c/a/b"], &["/c"]),
        ("*\n*", &["/c/a\nb"], &["/c/ab"]),
    ] {
        for path in matched {
            assert!(hides(pattern, path), "{pattern} matches {path}");
        }
        for path in unmatched {
            assert!(!hides(pattern, path), "{pattern} does not match {path}");
        }
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf_8_are_matched_by_their_bytes() {
    use std::os::unix::ffi::OsStrExt;
    let policy = ruled(&[("*.log", Effect::Hide)]);
    let path = Path::new(std::ffi::OsStr::from_bytes(b"/c/\xff\xfe.log"));
    assert_eq!(policy.decide(path, Operation::Read).rule, Rule::Hidden);
}

#[test]
fn a_rule_reaches_neither_other_grants_nor_deeper_ones() {
    let policy = ruled(&[("**", Effect::Hide)]);
    assert_eq!(rule(&policy, "/c/x", Operation::Read), Rule::Hidden);
    assert_eq!(
        rule(&policy, "/c", Operation::List),
        Rule::Granted,
        "the root itself is granted"
    );
    assert_eq!(rule(&policy, "/w/x", Operation::Read), Rule::Granted);
    assert_eq!(
        rule(&policy, "/c/inner/x", Operation::Write),
        Rule::Granted,
        "the longer root"
    );
}

#[test]
fn a_rule_for_everything_counts_beside_a_name_only_below_a_directory() {
    for (everything, beside, below) in [
        ("**", "/c/x.env", "/c/d/x.env"),
        ("d/**", "/c/d/x.env", "/c/d/e/x.env"),
    ] {
        let policy = ruled(&[("x.env", Effect::Ask), (everything, Effect::Hide)]);
        assert_eq!(
            rule(&policy, beside, Operation::Read),
            Rule::NeedsApproval,
            "{everything}"
        );
        assert_eq!(
            rule(&policy, below, Operation::Read),
            Rule::Hidden,
            "{everything}"
        );
    }
}

#[test]
fn each_effect_allows_what_it_says() {
    for (effect, reading, listing, changing) in [
        (Effect::Hide, Rule::Hidden, Rule::Hidden, Rule::Hidden),
        (
            Effect::Ask,
            Rule::NeedsApproval,
            Rule::Granted,
            Rule::NeedsApproval,
        ),
        (
            Effect::Read,
            Rule::Granted,
            Rule::Granted,
            Rule::ReadOnlyRule,
        ),
        (Effect::Write, Rule::Granted, Rule::Granted, Rule::Granted),
    ] {
        let policy = ruled(&[("a", effect)]);
        assert_eq!(rule(&policy, "/c/a", Operation::Read), reading, "{effect}");
        for operation in [Operation::List, Operation::Stat] {
            assert_eq!(rule(&policy, "/c/a", operation), listing, "{effect}");
        }
        for operation in changes() {
            assert_eq!(
                rule(&policy, "/c/a", operation),
                changing,
                "{effect} {operation:?}"
            );
        }
    }
}

#[test]
fn what_needs_approval_has_a_verdict_of_its_own_and_a_reason_that_nobody_is_there() {
    let policy = ruled(&[("a", Effect::Ask)]);
    let path = Path::new("/c/a");
    let decision = policy.decide(path, Operation::Write);
    assert_eq!(decision.verdict, Verdict::Ask);
    assert!(!decision.is_allowed());
    assert_eq!(
        policy.explain(decision, path, Operation::Write),
        "cannot write /c/a: it needs a person's approval, and there is no person to ask in this run. \
         Work somewhere else."
    );
}

#[test]
fn a_rule_never_gives_what_its_grant_does_not_give() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Read).protecting([PathBuf::from("/c/keep")]),
    ]);
    for effect in [Effect::Write, Effect::Ask] {
        let everything = PathRule {
            root: PathBuf::from("/c"),
            pattern: Pattern::new("**").unwrap(),
            effect,
        };
        let policy = policy.clone().with_rules(vec![everything]).unwrap();
        for operation in changes() {
            assert_eq!(
                rule(&policy, "/c/x", operation),
                Rule::ReadOnlyGrant,
                "nobody is asked in vain"
            );
            assert_eq!(rule(&policy, "/c/keep", operation), Rule::ProtectedPath);
            assert_eq!(
                rule(&policy, "/c/node_modules/x", operation),
                Rule::ExcludedName
            );
        }
    }
}

#[test]
fn a_path_from_the_root_goes_before_a_name_and_a_name_before_wildcards() {
    use Effect::{Ask, Hide, Read, Write};
    let winner = |rules: &[(&str, Effect)]| {
        let policy = ruled(rules);
        let write = rule(&policy, "/c/d/x.txt", Operation::Write);
        let read = rule(&policy, "/c/d/x.txt", Operation::Read);
        match (read, write) {
            (Rule::Hidden, Rule::Hidden) => Hide,
            (Rule::NeedsApproval, Rule::NeedsApproval) => Ask,
            (Rule::Granted, Rule::ReadOnlyRule) => Read,
            (Rule::Granted, Rule::Granted) => Write,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(winner(&[("/d/x.txt", Write), ("x.txt", Hide)]), Write);
    assert_eq!(winner(&[("x.txt", Write), ("d/*.txt", Hide)]), Write);
    for cover in ["d", "/d", "d*"] {
        for (effect, name) in [(Hide, Read), (Ask, Write), (Read, Write)] {
            let winner = winner(&[(cover, effect), ("x.txt", name)]);
            assert_eq!(
                winner, effect,
                "a name lifts nothing from a directory, {cover}"
            );
        }
        let winner = winner(&[(cover, Hide), ("/d/x.txt", Read)]);
        assert_eq!(winner, Read, "a path does");
    }
    assert_eq!(
        winner(&[("d", Write), ("x.txt", Read), ("*.txt", Hide)]),
        Read,
        "wildcards beside a name"
    );
    assert_eq!(
        winner(&[("/d", Write), ("*.txt", Hide)]),
        Hide,
        "nor is an exact directory"
    );
    assert_eq!(
        winner(&[("d/**", Write), ("*.txt", Hide)]),
        Hide,
        "many files lift nothing"
    );
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
        let effects = [Hide, Ask, Read, Write];
        for strictest in 0..4 {
            let of = order.into_iter().filter(|index| *index >= strictest);
            let rules: Vec<_> = of.map(|index| ("*.txt", effects[index])).collect();
            assert_eq!(
                winner(&rules),
                effects[strictest],
                "on a tie hidden, ask, read, write"
            );
        }
    }
}

#[test]
fn a_hidden_path_is_hidden_for_every_operation_before_anything_else_is_said() {
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Read).protecting([PathBuf::from("/c/.env")]),
    ]);
    for operation in Operation::ALL {
        let decision = policy.decide(Path::new("/c/.env"), operation);
        assert_eq!(
            (decision.verdict, decision.rule),
            (Verdict::Hide, Rule::Hidden),
            "{operation:?}"
        );
    }
}

#[test]
fn a_directory_above_what_an_anchored_rule_may_match_is_not_moved_away_or_put_in_place() {
    for (pattern, above, beside) in [
        ("a/*.txt", &["/c/a"][..], &["/c/b", "/c/b/a"][..]),
        ("a/b/x", &["/c/a", "/c/a/b"], &["/c/b", "/c/a/c"]),
        ("*/x", &["/c/a", "/c/anything"], &["/c/a/b"]),
        ("a/**/x", &["/c/a", "/c/a/b", "/c/a/b/c"], &["/c/b"]),
        ("a/**", &["/c/a"], &["/c/b"]),
        ("**/a/x", &["/c/a", "/c/b/a"], &["/c/b", "/c/b/b"]),
        ("x", &[], &["/c/a", "/c/a/b"]),
        ("*.pem", &[], &["/c/a", "/c/a/b"]),
    ] {
        // An effect that exempts guards as one that narrows does: what it matches must not change either way.
        for effect in [Effect::Hide, Effect::Ask, Effect::Read, Effect::Write] {
            let policy = ruled(&[(pattern, effect)]);
            for operation in [
                Operation::RenameFrom,
                Operation::RenameTo,
                Operation::Symlink,
            ] {
                for path in above {
                    assert_eq!(
                        rule(&policy, path, operation),
                        Rule::AncestorOfProtected,
                        "{pattern} {path}"
                    );
                }
                for path in beside {
                    assert_eq!(
                        rule(&policy, path, operation),
                        Rule::Granted,
                        "{pattern} {path}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_file_has_nothing_below_it_and_moves_freely_past_anchored_rules() {
    let policy = ruled(&[("a/**/x", Effect::Hide)]);
    let renamed = |moved| policy.decide_rename(Path::new("/c/a/f"), Path::new("/c/a/g"), moved);
    assert!(renamed(Moved::File).iter().all(|end| end.is_allowed()));
    for moved in [Moved::Tree, Moved::Link] {
        assert!(
            renamed(moved)
                .iter()
                .all(|end| end.rule == Rule::AncestorOfProtected)
        );
    }
    let [from, to] = policy.decide_rename(Path::new("/c/f"), Path::new("/c/a/x"), Moved::File);
    assert_eq!((from.rule, to.rule), (Rule::Granted, Rule::Hidden));
}

#[test]
fn an_empty_directory_is_removed_unless_the_place_below_it_is_fixed() {
    let policy = ruled(&[("a/*.txt", Effect::Hide), ("b/x.txt", Effect::Read)]);
    assert_eq!(rule(&policy, "/c/a", Operation::Remove), Rule::Granted);
    assert_eq!(
        rule(&policy, "/c/b", Operation::Remove),
        Rule::AncestorOfProtected
    );
}

#[test]
fn a_pattern_that_could_match_nothing_or_cannot_be_read_is_refused() {
    let refusal = |text: &str| Pattern::new(text).unwrap_err().to_string();
    for text in ["", "/"] {
        assert_eq!(refusal(text), "the pattern is empty");
    }
    for text in ["a//b", "../x", "a/../b", "a/./b", ".", "./"] {
        assert!(
            refusal(text).contains("no path below the root has"),
            "{text}"
        );
    }
    for text in ["[", "a/{b", "{a/b,c}", "[z-a]"] {
        assert!(refusal(text).contains("cannot be read"), "{text}");
    }
    assert!(refusal(&"x".repeat(513)).contains("longer than 512 bytes"));
}

#[test]
fn a_rule_whose_root_is_not_granted_is_refused_since_it_would_do_nothing() {
    let rule = |root: &str| PathRule {
        root: PathBuf::from(root),
        pattern: Pattern::new("x").unwrap(),
        effect: Effect::Hide,
    };
    let policy = Policy::new(vec![
        Grant::tree("/c", GrantKind::Context, Access::Read),
        Grant::file("/f", GrantKind::Context, Access::Read),
    ]);
    for root in ["/", "/c/sub", "/f"] {
        let error = policy.clone().with_rules(vec![rule(root)]).unwrap_err();
        assert_eq!(error, PatternError::RootNotGranted(PathBuf::from(root)));
    }
    assert!(policy.with_rules(vec![rule("/c")]).is_ok());
}
