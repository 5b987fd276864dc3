//! Guests that throw WebAssembly exceptions, as C++ programs do: the heap that these live in is the guest's memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod guests;

use std::sync::Arc;

use guests::{limits, sandbox};
use massgen_sandbox::{
    Cancel, Entry, GuestFilesystem, Invocation, LimitKind, Outcome, PluginKind, Report,
};

/// A command component around this core function: `wasi:cli/run` answers 0 for success and 1 for failure.
fn command(types: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module $module {types} (func (export "run") (result i32) {body}))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $exported (export "run" (func $run)))
            (export "wasi:cli/run@0.2.6" (instance $exported)))"#
    );
    wat::parse_str(text).unwrap()
}

async fn run(component: &[u8]) -> Report {
    let manifest = guests::manifest("thrower", PluginKind::Command);
    let plugin = sandbox().load_bytes(manifest, component).unwrap();
    let entry = Entry::Command {
        arguments: vec!["thrower".to_owned()],
        stdin: Vec::new(),
    };
    let files = Arc::new(GuestFilesystem::empty());
    let invocation = Invocation::new(entry, limits());
    let cancel = Cancel::default();
    sandbox().call(&plugin, &files, invocation, &cancel).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_thrown_is_caught_with_its_value() {
    let body = "(block $caught (result i32)
                    (try_table (catch $number $caught) (throw $number (i32.const 1)))
                    (i32.const 0))";
    let report = run(&command("(tag $number (param i32))", body)).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_catches_ends_the_guest_and_not_the_host() {
    let throws = command("(tag $number)", "(throw $number)");
    let Outcome::Trap { message } = run(&throws).await.outcome else {
        panic!("no trap")
    };
    assert!(message.contains("exception"), "{message}");
    assert_eq!(
        run(&command("", "(i32.const 0)")).await.outcome,
        Outcome::Exited { code: 0 }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_that_are_let_go_cost_no_memory() {
    // Two million of them would be more than the limit if they stayed.
    let body = "(local $left i32)
                (local.set $left (i32.const 2000000))
                (loop $again
                    (block $caught (result exnref)
                        (try_table (catch_all_ref $caught) (throw $number (i64.const 7)))
                        (unreachable))
                    (drop)
                    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
                (i32.const 0)";
    let report = run(&command("(tag $number (param i64))", body)).await;
    assert_eq!(report.outcome, Outcome::Exited { code: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_that_hold_each_other_without_end_reach_the_memory_limit() {
    let body = "(local $last exnref)
                (loop $again
                    (local.set $last
                        (block $caught (result exnref)
                            (try_table (catch_all_ref $caught) (throw $link (local.get $last)))
                            (unreachable)))
                    (br $again))
                (i32.const 0)";
    let report = run(&command("(tag $link (param exnref))", body)).await;
    let Outcome::Limit { limit, .. } = &report.outcome else {
        panic!("{:?}", report.outcome)
    };
    assert_eq!(*limit, LimitKind::Memory);
    assert!(report.peak_memory <= limits().memory_bytes);
}

#[test]
fn garbage_collected_types_are_not_offered() {
    let component = command("(type $point (struct (field i32)))", "(i32.const 0)");
    let manifest = guests::manifest("collector", PluginKind::Command);
    let error = sandbox().load_bytes(manifest, &component).err().unwrap();
    assert!(error.to_string().contains("cannot be loaded"), "{error}");
}
