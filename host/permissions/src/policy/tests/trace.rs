//! The chain of rules behind a decision.

use super::*;

fn chain(policy: &Policy, path: &str, operation: Operation) -> Vec<(Rule, Bearing)> {
    let steps = policy.trace(Path::new(path), operation);
    steps.iter().map(|step| (step.rule, step.bearing)).collect()
}

#[test]
fn a_chain_names_the_grants_the_matching_rules_and_what_decided() {
    let rule = |pattern: &str, effect| PathRule {
        root: PathBuf::from("/p"),
        pattern: Pattern::new(pattern).unwrap(),
        effect,
    };
    let policy = project()
        .with_rules(vec![
            rule("docs/**", Effect::Write),
            rule("*.lock", Effect::Read),
        ])
        .unwrap();
    let steps = policy.trace(Path::new("/p/docs/x.lock"), Operation::Write);
    let told: Vec<_> = steps
        .iter()
        .map(|step| (step.rule.name(), step.bearing, step.detail.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                "granted",
                Bearing::None,
                "the workspace /p/.massgen/workspaces/w (write) does not hold the path"
            ),
            (
                "granted",
                Bearing::None,
                "the context path /p/src/components (write) does not hold the path"
            ),
            (
                "granted",
                Bearing::Applies,
                "the context path /p (read) is the deepest grant that holds the path"
            ),
            (
                "granted",
                Bearing::Applies,
                "the rule `docs/**: write` matches the path"
            ),
            (
                "read-only-rule",
                Bearing::Applies,
                "the rule `*.lock: read` matches the path"
            ),
            ("hidden", Bearing::None, "the rule `*.lock: read`"),
            (
                "protected-path",
                Bearing::None,
                "no protected path holds it"
            ),
            ("git-control", Bearing::None, "it lies in no .git"),
            (
                "excluded-name",
                Bearing::None,
                "no part of its name is excluded"
            ),
            (
                "read-only-rule",
                Bearing::Decides,
                "the rule `*.lock: read`"
            ),
        ]
    );
}

#[test]
fn a_chain_ends_with_the_decision_and_nothing_else_decides() {
    let policy = project();
    for path in [
        "/p/README.md",
        "/p/.env",
        "/p/.git/config",
        "/etc/passwd",
        "/p/src/components/x",
        "/p/../x",
    ] {
        for operation in Operation::ALL {
            let decision = policy.decide(Path::new(path), operation);
            let chain = chain(&policy, path, operation);
            let (last, before) = chain.split_last().unwrap();
            assert_eq!(
                *last,
                (decision.rule, Bearing::Decides),
                "{path} {operation:?}"
            );
            assert!(
                before
                    .iter()
                    .all(|(_, bearing)| *bearing != Bearing::Decides)
            );
        }
    }
}
