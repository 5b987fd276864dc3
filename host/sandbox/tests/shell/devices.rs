//! The devices that scripts and programs open by name.

use crate::line::Place;

#[tokio::test(flavor = "multi_thread")]
async fn tools_open_devices_as_their_operands() {
    let place = Place::new();
    let prints = |line: &'static str| {
        let place = &place;
        async move { (line, place.prints(line).await) }
    };
    for (line, told) in [
        (prints("cat /dev/null; echo done").await, "done\n"),
        (prints("head -c 3 /dev/zero | xxd -p").await, "000000\n"),
        (prints("head -c 9 /dev/urandom | wc -c").await, "9\n"),
        (prints("echo in | cat /dev/stdin").await, "in\n"),
        (prints("echo in | cat - /dev/fd/0").await, "in\n"),
        (prints("echo both | tee /dev/stdout").await, "both\nboth\n"),
        (
            prints("echo x | tee /dev/stderr 2>&1 > /dev/null").await,
            "x\n",
        ),
        (
            prints("echo word > f; grep -H word /dev/null f").await,
            "f:word\n",
        ),
        (prints("cp /dev/null empty; wc -c < empty").await, "0\n"),
        (
            prints("echo x > f; cat f > /dev/null; sort -o /dev/null f").await,
            "",
        ),
        (
            prints("dd=1; test -c /dev/null && test -e /dev/fd/1 && echo is").await,
            "is\n",
        ),
        (
            prints("ls /dev").await,
            "fd\nfull\nnull\nrandom\nstderr\nstdin\nstdout\nurandom\nzero\n",
        ),
    ]
    .map(|((line, told), expected)| ((line, told), expected))
    {
        assert_eq!(line.1, told, "{}", line.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_device_refuses_what_is_written_to_it() {
    let place = Place::new();
    let answer = place.run("echo x | tee /dev/full").await;
    assert_eq!(answer.stdout, "x\n");
    assert_eq!(answer.status, Some(1));
    assert!(answer.stderr.starts_with("tee: /dev/full: "), "{answer:?}");
    let answer = place.run("echo x > /dev/full").await;
    assert_eq!(answer.status, Some(1), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_neither_removed_nor_made() {
    let place = Place::new();
    for line in [
        "rm -f /dev/null",
        "mv /dev/null x",
        "touch /dev/new",
        "mkdir /dev/new",
    ] {
        let answer = place.run(line).await;
        assert_eq!(answer.status, Some(1), "{line}: {answer:?}");
    }
    assert_eq!(place.prints("cat /dev/null && echo there").await, "there\n");
}
