//! HTTP out of the sandbox: to the hosts that `--allow-net` names, and to no other.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::loopback::Loopback;
use crate::massgen::{Folder, Ran, copy, ran, repository};

/// Runs a command line that may reach these places.
fn exec(folder: &Folder, places: &[&str], words: &[&str]) -> Ran {
    let mut arguments = vec!["exec", "--mount", "."];
    for place in places {
        arguments.extend(["--allow-net", place]);
    }
    arguments.push("--");
    arguments.extend(words);
    folder.run(&arguments)
}

/// Runs a program of each language that asks for a URL and prints the answer's `path`.
fn each_language(folder: &Folder, places: &[&str], url: &str) -> [Ran; 3] {
    let python =
        format!("import json, urllib.request as r\nprint(json.load(r.urlopen('{url}'))['path'])");
    let javascript =
        format!("fetch('{url}').then((r) => r.json()).then((told) => console.log(told.path))");
    let shell = format!("curl -sS -L '{url}' | jq -r .path");
    [
        exec(folder, places, &["python", "-c", &python]),
        exec(folder, places, &["node", "-e", &javascript]),
        exec(folder, places, &["bash", "-o", "pipefail", "-c", &shell]),
    ]
}

#[test]
fn without_a_word_nothing_is_reached_and_the_flag_is_named() {
    let (server, folder) = (Loopback::start(), Folder::new());
    for ran in each_language(&folder, &[], &server.url("/a")) {
        assert_ne!(ran.code, Some(0), "{}", ran.stdout);
        let told = format!(
            "massgen: cannot reach http://localhost:{port}: the sandbox has no network; --allow-net \
             'localhost:{port}' allows it",
            port = server.port
        );
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
        assert!(
            ran.stderr
                .contains("the sandbox does not let this program reach http://localhost"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn an_allowed_host_is_reached_from_every_language() {
    let (server, folder) = (Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    for ran in each_language(&folder, &[&place], &server.url("/a?b=c")) {
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "/a?b=c\n"),
            "{}",
            ran.stderr
        );
    }
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_redirect_leads_to_no_place_that_was_not_allowed() {
    let (allowed, other, folder) = (Loopback::start(), Loopback::start(), Folder::new());
    let place = format!("localhost:{}", allowed.port);
    let inside = allowed.url(&format!("/redirect/302/{}", allowed.url("/there")));
    for ran in each_language(&folder, &[&place], &inside) {
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(0), "/there\n"),
            "{}",
            ran.stderr
        );
    }
    for target in [
        other.url("/x"),
        format!("http://127.0.0.1:{}/x", allowed.port),
    ] {
        let outside = allowed.url(&format!("/redirect/302/{target}"));
        let before = allowed.requests();
        for ran in each_language(&folder, &[&place], &outside) {
            assert_ne!(ran.code, Some(0), "{target}: {}", ran.stdout);
            assert!(
                ran.stderr.contains("massgen: cannot reach "),
                "{}",
                ran.stderr
            );
        }
        assert_eq!(allowed.requests(), before + 3, "{target}");
    }
    assert_eq!(other.requests(), 0);
    // Another notation of an address is that address.
    let before = allowed.requests();
    let url = format!("http://2130706433:{}/x", allowed.port);
    let ran = exec(&folder, &[&place], &["curl", &url]);
    let told = format!("massgen: cannot reach http://127.0.0.1:{}", allowed.port);
    assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    assert_eq!((ran.code, allowed.requests()), (Some(7), before));
}

#[test]
fn a_request_arrives_as_it_was_made() {
    let (server, folder) = (Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    folder.write("data.txt", "from a file");
    let python = "import http.client, json, sys
c = http.client.HTTPConnection('localhost', int(sys.argv[1]))
c.request('PUT', '/p', body=iter([b'from ', b'a file']), headers={'X-One': '1'}, encode_chunked=True)
print(c.getresponse().read().decode())
c.request('GET', '/again')
print(json.loads(c.getresponse().read())['path'])";
    let javascript = "const url = process.argv[1];
const r = await fetch(url, { method: 'PUT', headers: { 'X-One': '1' }, body: 'from a file' });
console.log(await r.text());
console.log(JSON.parse(await (await fetch(url.replace('/p', '/again'))).text()).path);";
    folder.write("client.mjs", &javascript.replace("argv[1]", "argv[2]"));
    let port = server.port.to_string();
    let curl = format!(
        "curl -s -X PUT -H 'X-One: 1' --data-binary @data.txt {0}; echo; curl -s {1} | jq -r .path",
        server.url("/p"),
        server.url("/again")
    );
    for ran in [
        exec(&folder, &[&place], &["python", "-c", python, &port]),
        exec(
            &folder,
            &[&place],
            &["node", "client.mjs", &server.url("/p")],
        ),
        exec(&folder, &[&place], &["sh", "-c", &curl]),
    ] {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let (told, again) = ran.stdout.split_once('\n').unwrap();
        let told: Value = serde_json::from_str(told).expect(told);
        assert_eq!(
            (
                &told["method"],
                &told["path"],
                &told["body"],
                &told["headers"]["x-one"]
            ),
            (
                &"PUT".into(),
                &"/p".into(),
                &"from a file".into(),
                &"1".into()
            )
        );
        assert_eq!(told["headers"]["host"], format!("localhost:{port}"));
        assert_eq!(again, "/again\n");
    }
}

#[test]
fn a_client_of_a_json_api_works_where_its_host_is_allowed() {
    let (server, folder) = (Loopback::start(), Folder::new());
    copy(&repository().join("tests/programs/weather"), &folder.path);
    let place = format!("localhost:{}", server.port);
    let ran = exec(
        &folder,
        &[&place],
        &["python", "client.py", &server.url("/v1")],
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "Here: 7 degrees\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn https_is_checked_against_the_authorities_of_this_machine() {
    let ((server, authority), folder) = (Loopback::start_with_tls(), Folder::new());
    let authority = folder.write("authority.pem", &authority);
    let place = format!("localhost:{}", server.port);
    let url = format!("https://{place}/tls");
    let python = format!("import urllib.request as r; print(r.urlopen('{url}').status)");
    let fetch = format!("fetch('{url}').then((r) => console.log(r.status))");
    for words in [
        vec!["python", "-c", &python],
        vec!["node", "-e", &fetch],
        vec![
            "curl",
            "-sS",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}\\n",
            &url,
        ],
    ] {
        let arguments = [vec!["exec", "--allow-net", &place, "--"], words].concat();
        let mut command = folder.command(&arguments);
        let trusted = ran(command.env("SSL_CERT_FILE", &authority).output().unwrap());
        assert_eq!(
            (trusted.code, trusted.stdout.as_str()),
            (Some(0), "200\n"),
            "{}",
            trusted.stderr
        );
        let stranger = folder.run(&arguments);
        assert_ne!(stranger.code, Some(0));
        assert!(
            stranger.stderr.to_lowercase().contains("certificate"),
            "{}",
            stranger.stderr
        );
    }
}

#[test]
fn the_end_of_a_call_closes_its_connections_at_once() {
    let (server, folder) = (Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    let fetch = format!("fetch('{}')", server.url("/hold"));
    let started = Instant::now();
    let ran = folder.run(&[
        "exec",
        "--allow-net",
        &place,
        "--timeout",
        "1",
        "--",
        "node",
        "-e",
        &fetch,
    ]);
    assert_eq!(ran.code, Some(124), "{}", ran.stderr);
    assert_eq!(server.requests(), 1);
    while server.held() > 0 {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "the request is still open"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn so_many_requests_are_open_at_one_time_and_no_more() {
    let (server, folder) = (Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    let program = format!(
        "const all = Array.from({{ length: 17 }}, () => fetch('{}'));
Promise.any(all.map((one) => one.then(() => {{ throw 'answered'; }}, (e) => e.message))).then((m) => {{ console.log(m); process.exit(1); }});",
        server.url("/hold")
    );
    let ran = exec(&folder, &[&place], &["node", "-e", &program]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            Some(1),
            "fetch failed: too many requests are open at one time\n"
        ),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("`sandbox.requests`"), "{}", ran.stderr);
    assert!(server.requests() <= 16, "{}", server.requests());
}

#[test]
fn what_was_asked_of_the_network_is_in_the_report() {
    let (server, folder) = (Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    let line = format!(
        "curl -s {0}/a {0}/b; curl -s https://api.example.org/secret?key=1",
        server.url("")
    );
    let ran = folder.run(&[
        "exec",
        "--json",
        "--allow-net",
        &place,
        "--",
        "sh",
        "-c",
        &line,
    ]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        report["network"],
        serde_json::json!([
            { "origin": server.url(""), "requests": 2 },
            {
                "origin": "https://api.example.org",
                "requests": 1,
                "refusal": format!("cannot reach https://api.example.org: the sandbox may reach {place} only"),
                "missing": "api.example.org",
            },
        ])
    );
    assert_eq!(report["exit_code"], 7);
}

#[test]
fn what_is_no_place_is_refused_before_anything_runs() {
    let ran = exec(&Folder::new(), &["example.org/path"], &["true"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("[http://]HOST[:PORT]"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_session_has_the_network_that_was_allowed() {
    let (server, folder) = (Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    let mut command = folder.command(&["shell", "--allow-net", &place]);
    let input = folder.write(
        "lines",
        &format!("curl -s {} | jq -r .path\n", server.url("/s")),
    );
    command.stdin(std::fs::File::open(input).unwrap());
    let ran = ran(command.output().unwrap());
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "/s\n"),
        "{}",
        ran.stderr
    );
}

#[test]
fn curl_keeps_to_its_options_and_exit_codes() {
    let (server, folder) = (Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let closed = format!("localhost:{nobody}");
    let u = |path: &str| server.url(path);
    folder.write("body.json", "{\"a\": 1}");
    for (line, code, out) in [
        (format!("curl -f {}", u("/status/404")), 22, ""),
        (
            format!(
                "curl -s -o /dev/null -w '%{{http_code}}' {}",
                u("/status/503")
            ),
            0,
            "503",
        ),
        (
            format!(
                "curl -s --fail-with-body {} | jq -r .path",
                u("/status/500")
            ),
            0,
            "/status/500\n",
        ),
        (format!("curl -s http://{closed}/"), 7, ""),
        ("curl -s".to_owned(), 2, ""),
        ("curl -s ftp://x/".to_owned(), 1, ""),
        ("curl -s http://".to_owned(), 3, ""),
        (format!("curl -k {}", u("/")), 2, ""),
        (format!("curl -s -m 0.3 {}", u("/hold")), 28, ""),
        (
            format!("curl -s -L --max-redirs 0 {}", u("/redirect/302//x")),
            47,
            "",
        ),
        (
            format!(
                "curl -s -d a=1 --data-urlencode 'b=x y' {} | jq -r '.method,.body,.headers[\"content-type\"]'",
                u("/")
            ),
            0,
            "POST\na=1&b=x%20y\napplication/x-www-form-urlencoded\n",
        ),
        (
            format!(
                "curl -s --json @body.json {} | jq -r '.body,.headers.accept'",
                u("/")
            ),
            0,
            "{\"a\": 1}\napplication/json\n",
        ),
        (
            format!("curl -sG -d q=1 {} | jq -r '.method,.path'", u("/x?y=2")),
            0,
            "GET\n/x?y=2&q=1\n",
        ),
        (
            format!("curl -s -u me:pw {} | jq -r .headers.authorization", u("/")),
            0,
            "Basic bWU6cHc=\n",
        ),
        (
            format!(
                "curl -s -L -d a=1 {} | jq -r '.method,.body'",
                u("/redirect/303//x")
            ),
            0,
            "GET\n\n",
        ),
        (
            format!(
                "curl -s -L -X POST -d a=1 {} | jq -r '.method,.body'",
                u("/redirect/307//x")
            ),
            0,
            "POST\na=1\n",
        ),
        (
            format!("curl -sI {} | head -1 | tr -d '\\r'", u("/")),
            0,
            "HTTP/1.1 200 OK\n",
        ),
        (
            format!(
                "curl -s -F n=v -F f=@body.json {} | jq -r '.headers[\"content-type\"][:19], (.body | contains(\"filename=\\\"body.json\\\"\"))'",
                u("/")
            ),
            0,
            "multipart/form-data\ntrue\n",
        ),
        (
            format!(
                "mkdir d; curl -s --output-dir d -O {} && jq -r .path d/name.json",
                u("/p/name.json")
            ),
            0,
            "/p/name.json\n",
        ),
        (
            format!(
                "wget -q {} && jq -r .path w.json; wget -qO- {} | jq -r .path",
                u("/w.json"),
                u("/v")
            ),
            0,
            "/w.json\n/v\n",
        ),
        (format!("wget -q {}", u("/status/404")), 8, ""),
    ] {
        let ran = exec(&folder, &[&place, &closed], &["sh", "-c", &line]);
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (Some(code), out),
            "{line}: {}",
            ran.stderr
        );
    }
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    let (first, second, folder) = (Loopback::start(), Loopback::start(), Folder::new());
    let (here, there) = (
        format!("localhost:{}", first.port),
        format!("localhost:{}", second.port),
    );
    let url = first.url(&format!("/redirect/302/{}", second.url("/x")));
    let curl = format!("curl -s -L -u me:secret -b k=secret {url}");
    let fetch = format!(
        "fetch('{url}', {{ headers: {{ authorization: 'Bearer secret', cookie: 'k=secret' }} }}).then((r) => r.text()).then(console.log)"
    );
    for words in [["sh", "-c", &curl], ["node", "-e", &fetch]] {
        let ran = exec(&folder, &[&here, &there], &words);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(
            ran.stdout.contains("\"/x\"") && !ran.stdout.contains("secret"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn the_proxy_of_massgens_environment_is_gone_through_except_to_this_machine() {
    let (proxy, server, folder) = (Loopback::start(), Loopback::start(), Folder::new());
    let place = format!("localhost:{}", server.port);
    let line = format!(
        "curl -s http://api.example.org/x {} | jq -r .path",
        server.url("/y")
    );
    let mut command = folder.command(&[
        "exec",
        "--allow-net",
        "http://api.example.org",
        "--allow-net",
        &place,
        "--",
        "sh",
        "-c",
        &line,
    ]);
    let ran = ran(command.env("HTTP_PROXY", proxy.url("")).output().unwrap());
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "http://api.example.org/x\n/y\n"),
        "{}",
        ran.stderr
    );
    assert_eq!((proxy.requests(), server.requests()), (1, 1));
}
