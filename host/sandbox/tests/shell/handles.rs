//! The shell and the tools at the limit on handles, and where nobody reads what they write.

use massgen_sandbox::LimitKind;

use crate::line::Place;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_substitutions_in_a_loop_leave_no_handles_behind() {
    let place = Place::new();
    let line = "i=0; while [ $i -lt 10000 ]; do x=$(echo $i); i=$((x + 1)); done; echo $i";
    assert_eq!(place.prints(line).await, "10000\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pipelines_of_children_leave_no_handles_behind() {
    let place = Place::new();
    let line = "for i in {1..1000}; do x=$(echo $i | cat); echo $x > f; read y < f; done; echo $y";
    assert_eq!(place.prints(line).await, "1000\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_that_may_open_no_more_says_so_and_goes_on() {
    let place = Place::new();
    let line = "for i in {1..400}; do exec {fd}> f$i || break; done 2> errors; \
                echo stopped; for ((fd = 10; fd < 500; fd++)); do eval \"exec $fd>&-\"; done; \
                echo $(echo and goes on | cat); head -1 errors | grep -o 'Too many open files'";
    let report = place.report(line, "").await;
    assert_eq!(
        report.stdout.to_text(),
        "stopped\nand goes on\nToo many open files\n",
        "{}",
        report.stderr.to_text()
    );
    assert_eq!(report.limit.unwrap().kind, LimitKind::Handles);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_whose_reader_has_gone_ends_in_silence_with_141() {
    let place = Place::new();
    for tool in [
        "yes",
        "seq 1000000",
        "cat /dev/zero",
        "awk 'BEGIN {while (1) print 1}'",
        "yes | sed p",
        "yes | tr y n",
        "yes | grep y",
        "yes | tee copy",
        "yes | cut -c 1",
    ] {
        let line = format!("{tool} | head -c 1 > kept; echo ${{PIPESTATUS[*]}}");
        let statuses = place.prints(&line).await;
        let before_last = statuses.split_whitespace().rev().nth(1);
        assert_eq!(before_last, Some("141"), "{tool}: {statuses}");
    }
    let line = "set -o pipefail; seq 1000000 | head -1; echo $?";
    assert_eq!(place.prints(line).await, "1\n141\n");
}
