//! Exchanges with the Engine API: recorded between a client and a daemon, and replayed by a server that takes only the
//! requests that were recorded.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// A request and what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    method: String,
    /// With its query.
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// The bytes of the response, head and all, each as the character of its number.
    response: String,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// The daemon had said everything.
    Closed,
    /// The client went away while the daemon was silent.
    Abandoned,
}

/// A socket at which one can talk with a daemon, or with its recording.
pub(crate) struct Socket {
    _folder: TempDir,
    path: PathBuf,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    /// What a replaying server was asked that it did not expect.
    unexpected: Arc<Mutex<Vec<String>>>,
}

impl Socket {
    fn listen(exchanges: Vec<Exchange>) -> (Self, UnixListener) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let socket = Self {
            _folder: folder,
            path,
            exchanges: Arc::new(Mutex::new(exchanges)),
            unexpected: Arc::default(),
        };
        (socket, listener)
    }

    /// Passes everything on to the daemon at `upstream`, and records it.
    pub(crate) fn recording(upstream: PathBuf) -> Self {
        let (socket, listener) = Self::listen(Vec::new());
        let exchanges = Arc::clone(&socket.exchanges);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, upstream.clone(), Arc::clone(&exchanges)));
            }
        });
        socket
    }

    /// Answers as was recorded, each exchange once.
    pub(crate) fn replaying(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap();
        let exchanges = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let (socket, listener) = Self::listen(exchanges.collect());
        let exchanges = Arc::clone(&socket.exchanges);
        let unexpected = Arc::clone(&socket.unexpected);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(
                    client,
                    Arc::clone(&exchanges),
                    Arc::clone(&unexpected),
                ));
            }
        });
        socket
    }

    /// For `DOCKER_HOST`.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Writes what was recorded.
    pub(crate) fn save(&self, file: &Path) {
        let exchanges = self.exchanges.lock().unwrap();
        let line = |exchange: &Exchange| format!("{}\n", serde_json::to_string(exchange).unwrap());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, exchanges.iter().map(line).collect::<String>()).unwrap();
    }

    /// Everything that was recorded has been asked for, and nothing else.
    pub(crate) fn assert_all_was_asked(&self) {
        let unexpected = self.unexpected.lock().unwrap();
        assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
        let left = self.exchanges.lock().unwrap();
        let left: Vec<_> = left.iter().map(|exchange| &exchange.path).collect();
        assert!(left.is_empty(), "not asked for: {left:?}");
    }
}

/// A request as it came, and as it is compared.
struct Request {
    head: String,
    method: String,
    path: String,
    bytes: Vec<u8>,
    body: Option<Value>,
}

/// Reads one request; none when the client closes.
async fn request(client: &mut UnixStream) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().unwrap())
    });
    let mut bytes = vec![0; length.unwrap_or(0)];
    client.read_exact(&mut bytes).await.ok()?;
    let mut words = head.split(' ');
    Some(Request {
        method: words.next().unwrap().to_owned(),
        path: without_chance(words.next().unwrap()),
        body: serde_json::from_slice(&bytes).ok().map(of_no_machine),
        head: head.clone(),
        bytes,
    })
}

/// A path without the part of a name that is random.
fn without_chance(path: &str) -> String {
    match path.split_once("?name=massgen-coder-") {
        Some((before, random)) => {
            assert!(random.len() == 16 && random.chars().all(|digit| digit.is_ascii_hexdigit()));
            format!("{before}?name=massgen-coder-RANDOM")
        }
        None => path.to_owned(),
    }
}

/// A body without what is another one on another machine: the process and the user that ask.
fn of_no_machine(mut body: Value) -> Value {
    if let Some(owner) = body.pointer_mut("/Labels/massgen.owner") {
        *owner = "OWNER".into();
    }
    if let Some(user) = body.get_mut("User") {
        let is_user = |text: &str| text.split(':').all(|id| id.parse::<u32>().is_ok());
        assert!(user.as_str().is_some_and(is_user), "{user}");
        *user = "USER".into();
    }
    body
}

/// A response without what it tells of the machine on which it was recorded: of long objects these members stay.
fn shortened(path: &str, response: String) -> String {
    let kept: &[&str] = match path {
        path if path.ends_with("/info") => {
            &["ServerVersion", "OSType", "Architecture", "SecurityOptions"]
        }
        path if path.contains("/containers/") && path.ends_with("/json") => {
            &["Id", "State", "Config"]
        }
        path if path.contains("/images/") && path.ends_with("/json") => &["Id", "RepoTags", "Os"],
        "/version" => &["Version", "ApiVersion", "MinAPIVersion", "Os", "Arch"],
        _ => return response,
    };
    let status = response.lines().next().unwrap();
    if !status.contains(" 200 ") {
        return response;
    }
    let (begin, end) = (response.find('{').unwrap(), response.rfind('}').unwrap());
    // Several chunks would have their lengths between them.
    let body = without_chunks(&response[begin..=end]);
    let mut object: Map<String, Value> = serde_json::from_str(&body).unwrap();
    object.retain(|name, _| kept.contains(&name.as_str()));
    let body = Value::Object(object).to_string();
    let length = body.len();
    format!(
        "{status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// A body without the lines that begin a further chunk (RFC 9112 §7.1).
fn without_chunks(body: &str) -> String {
    let is_content =
        |line: &&str| line.is_empty() || !line.chars().all(|digit| digit.is_ascii_hexdigit());
    body.split("\r\n").filter(is_content).collect()
}

async fn pass_on(mut client: UnixStream, upstream: PathBuf, exchanges: Arc<Mutex<Vec<Exchange>>>) {
    let Some(request) = request(&mut client).await else {
        return;
    };
    let mut daemon = UnixStream::connect(upstream).await.unwrap();
    // One exchange for each connection: then its end is the end of the answer.
    let head = request
        .head
        .replacen("\r\n", "\r\nConnection: close\r\n", 1);
    daemon.write_all(head.as_bytes()).await.unwrap();
    daemon.write_all(&request.bytes).await.unwrap();
    let mut response = String::new();
    let mut buffer = [0; 4096];
    let mut nothing = [0; 1];
    let end = loop {
        tokio::select! {
            read = daemon.read(&mut buffer) => match read {
                Ok(length @ 1..) => {
                    response.extend(buffer[..length].iter().map(|byte| char::from(*byte)));
                    let _ = client.write_all(&buffer[..length]).await;
                }
                _ => break End::Closed,
            },
            _ = client.read(&mut nothing) => break End::Abandoned,
        }
    };
    exchanges.lock().unwrap().push(Exchange {
        response: shortened(&request.path, response),
        method: request.method,
        path: request.path,
        body: request.body,
        end,
    });
}

async fn answer(
    mut client: UnixStream,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    unexpected: Arc<Mutex<Vec<String>>>,
) {
    let Some(request) = request(&mut client).await else {
        return;
    };
    let found = {
        let mut exchanges = exchanges.lock().unwrap();
        let place = exchanges.iter().position(|exchange| {
            (&exchange.method, &exchange.path) == (&request.method, &request.path)
        });
        place.map(|place| exchanges.remove(place))
    };
    let Some(exchange) = found else {
        let asked = format!("{} {} was not recorded", request.method, request.path);
        unexpected.lock().unwrap().push(asked);
        return;
    };
    if exchange.body != request.body {
        let asked = format!(
            "{}: the body is\n{:#?}\nand was\n{:#?}",
            request.path, request.body, exchange.body
        );
        unexpected.lock().unwrap().push(asked);
    }
    let bytes: Vec<u8> = exchange
        .response
        .chars()
        .map(|letter| u8::try_from(letter).unwrap())
        .collect();
    let _ = client.write_all(&bytes).await;
    if exchange.end == End::Abandoned {
        let _ = client.read(&mut [0; 1]).await;
    }
}
