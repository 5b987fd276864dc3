//! A real HTTP server on loopback that answers each request with the next of its prepared byte sequences, so that a
//! test decides about every byte on the wire.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The bytes of one answer, and what happens after them.
pub(crate) struct Answer {
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) then: Then,
}

/// What the server does after the last byte of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Close,
    /// Keep the connection open and say nothing.
    Silence,
}

impl Answer {
    /// An answer with this status line, these headers and this body; the connection closes behind it.
    pub(crate) fn http(status: &str, headers: &str, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n");
        Self {
            pieces: vec![head.into_bytes(), body.as_bytes().to_vec()],
            then: Then::Close,
        }
    }

    /// A stream of these payloads.
    pub(crate) fn events(payloads: &[&str]) -> Self {
        let body: String = payloads
            .iter()
            .map(|payload| format!("data: {payload}\n\n"))
            .collect();
        Self::http(
            "200 OK",
            "content-type: text/event-stream; charset=utf-8\r\n",
            &body,
        )
    }

    pub(crate) fn json(status: &str, body: &str) -> Self {
        Self::http(status, "content-type: application/json\r\n", body)
    }

    pub(crate) fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }
}

/// The server; it ends with the test's runtime.
pub(crate) struct Loopback {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Loopback {
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut answers: VecDeque<Answer> = answers.into_iter().collect();
        let log = requests.clone();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let request = read_request(&mut connection).await;
                log.lock().expect("the log").push(request);
                if let Some(answer) = answers.pop_front() {
                    tokio::spawn(send(connection, answer));
                }
            }
        });
        Self { url, requests }
    }

    /// The requests so far, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("the log").clone()
    }
}

async fn read_request(connection: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = connection.read(&mut buffer).await.unwrap_or(0);
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if read == 0 {
                return text;
            }
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse::<usize>()
                    .ok()
            })
            .unwrap_or(0);
        if read == 0 || body.len() >= length {
            return text;
        }
    }
}

async fn send(mut connection: TcpStream, answer: Answer) {
    for piece in answer.pieces {
        if connection.write_all(&piece).await.is_err() {
            return;
        }
    }
    if answer.then == Then::Silence {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}
