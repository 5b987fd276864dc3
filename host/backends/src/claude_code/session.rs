//! One process of the CLI, and the conversation that it remembers.

use std::collections::HashMap;
use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_util::codec::{FramedRead, LinesCodec};

use super::ClaudeCodeSettings;
use super::frame::{self, Frame, Outcome, Reply, Rpc, SERVER, Wanted};
use crate::claude::MessageDecoder;
use crate::conversation::instructions;
use crate::transport::{Progress, TurnDecoder};
use crate::turn::{BackendError, Chunk, ErrorKind, Message, ToolDefinition, TurnRequest};

/// The longest line of the CLI's that is read, in bytes: a tool's arguments are repeated in one.
const LONGEST_LINE: usize = 16 * 1024 * 1024;

/// How much of what the CLI wrote to standard error an error shows, in bytes from its end.
const SHOWN_BYTES: usize = 500;

/// Where the instructions are handed over: the command line of a process is too short for long ones.
const INSTRUCTIONS: &str = "instructions.txt";

/// Where the CLI's standard error goes.
const COMPLAINTS: &str = "stderr.txt";

/// How often the CLI sends a refused request again; by itself it does so for minutes, with a wrong key too. The loop above
/// tries whole turns again.
const RETRIES: &str = "CLAUDE_CODE_MAX_RETRIES";

/// A running CLI.
pub(super) struct Session {
    _child: Child,
    input: ChildStdin,
    lines: FramedRead<ChildStdout, LinesCodec>,
    /// Its working directory, which is empty but for what is handed to it.
    folder: TempDir,
    idle: Duration,
    tools: Vec<ToolDefinition>,
    /// The conversation up to the turn that it now gives.
    heard: Vec<Message>,
    /// What is said once it has started.
    opening: Option<String>,
    /// Results of tool calls, by the call's id, that it has not asked for yet.
    results: HashMap<String, String>,
    /// Tool calls that it waits for.
    waiting: Vec<WaitingCall>,
    /// The model's message that is coming.
    message: Option<MessageDecoder>,
    /// The end of a message after which the CLI may still go on.
    held: Vec<Chunk>,
}

/// A tool call of which the result is wanted.
struct WaitingCall {
    /// The CLI's request.
    request_id: String,
    /// The JSON-RPC request in it.
    rpc_id: Value,
    call_id: String,
}

/// What one line of the CLI led to.
pub(super) enum Step {
    Chunks(Vec<Chunk>),
    /// The turn is complete.
    End(Vec<Chunk>),
}

impl Session {
    /// Starts the CLI for this conversation.
    pub(super) async fn start(
        settings: &ClaudeCodeSettings,
        request: &TurnRequest,
    ) -> Result<Self, BackendError> {
        let folder = tempfile::tempdir().map_err(cannot("make a folder for it"))?;
        let instructions_file = folder.path().join(INSTRUCTIONS);
        std::fs::write(
            &instructions_file,
            instructions(&request.messages).join("\n\n"),
        )
        .map_err(cannot("write down its instructions"))?;
        let complaints =
            File::create(folder.path().join(COMPLAINTS)).map_err(cannot("make a file for it"))?;
        let servers = json!({ "mcpServers": { SERVER: { "type": "sdk", "name": SERVER } } });
        let mut command = Command::new(&settings.program.path);
        command
            .args(["--print", "--verbose", "--include-partial-messages"])
            .args(["--input-format", "stream-json"])
            .args(["--output-format", "stream-json"])
            // No tools, settings, skills, servers and memory but ours.
            .args(["--tools", ""])
            .args(["--setting-sources", ""])
            .args(["--disable-slash-commands", "--strict-mcp-config"])
            .args(["--mcp-config", &servers.to_string()])
            .args(["--permission-prompt-tool", "stdio"])
            .arg("--no-session-persistence")
            .arg("--system-prompt-file")
            .arg(&instructions_file)
            .args(settings.model.iter().flat_map(|model| ["--model", model]))
            .current_dir(folder.path())
            .env_clear()
            .env(RETRIES, "3")
            .envs(settings.program.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .kill_on_drop(true);
        if let Some(key) = &settings.api_key {
            command.env("ANTHROPIC_API_KEY", key.expose());
        }
        if let Some(url) = &settings.base_url {
            command.env("ANTHROPIC_BASE_URL", url);
        }
        let program = settings.program.path.display();
        let mut child = command
            .spawn()
            .map_err(cannot(&format!("start it as {program}")))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(ErrorKind::Network, "it has no pipes".to_owned()));
        };
        let mut session = Self {
            _child: child,
            input,
            lines: FramedRead::new(output, LinesCodec::new_with_max_length(LONGEST_LINE)),
            folder,
            idle: settings.idle,
            tools: request.tools.clone(),
            heard: request.messages.clone(),
            opening: Some(opening(&request.messages)),
            results: HashMap::new(),
            waiting: Vec::new(),
            message: None,
            held: Vec::new(),
        };
        session.send(&frame::initialize()).await?;
        Ok(session)
    }

    /// Whether the request begins with what was heard and with one turn of the model's, and only adds to that.
    pub(super) fn goes_on_with(&self, request: &TurnRequest) -> bool {
        let Some((heard, rest)) = request.messages.split_at_checked(self.heard.len()) else {
            return false;
        };
        let added =
            |message: &Message| matches!(message, Message::Tool { .. } | Message::User { .. });
        request.tools == self.tools
            && heard == self.heard
            && matches!(rest.first(), Some(Message::Assistant { .. }))
            && rest.len() > 1
            && rest[1..].iter().all(added)
    }

    /// Tells what was added to the conversation.
    pub(super) async fn go_on(&mut self, request: &TurnRequest) -> Result<(), BackendError> {
        let added = &request.messages[self.heard.len() + 1..];
        let mut last_call = None;
        let mut said = Vec::new();
        for message in added {
            match message {
                Message::Tool { call_id, content } => {
                    self.results.insert(call_id.clone(), content.clone());
                    last_call = Some(call_id.clone());
                }
                Message::User { content } => said.push(content.as_str()),
                Message::System { .. } | Message::Assistant { .. } => {}
            }
        }
        let said = said.join("\n\n");
        self.heard.clone_from(&request.messages);
        match last_call.and_then(|call| self.results.get_mut(&call)) {
            // It goes on by itself once it has its results: what is said comes along with the last of them.
            Some(result) if !said.is_empty() => {
                result.push_str("\n\n");
                result.push_str(&said);
            }
            Some(_) => {}
            None => self.send(&frame::user(&said)).await?,
        }
        for call in std::mem::take(&mut self.waiting) {
            self.answer_call(call).await?;
        }
        Ok(())
    }

    /// Reads the next line and does what it asks for.
    pub(super) async fn step(&mut self) -> Result<Step, BackendError> {
        match self.next_frame().await? {
            Frame::ControlResponse {} => {
                if let Some(text) = self.opening.take() {
                    self.send(&frame::user(&text)).await?;
                }
            }
            Frame::ControlRequest {
                request_id,
                request,
            } => self.grant(request_id, request).await?,
            Frame::StreamEvent {
                event,
                parent_tool_use_id: None,
            } => return self.event(&event),
            Frame::Result(outcome) => return self.ended(outcome).map(Step::End),
            Frame::StreamEvent { .. } | Frame::Other => {}
        }
        Ok(Step::Chunks(Vec::new()))
    }

    /// Takes an event of the model's message.
    fn event(&mut self, event: &Value) -> Result<Step, BackendError> {
        let message = self.message.get_or_insert_default();
        let mut chunks = Vec::new();
        let broken = |failure: crate::transport::Failure| {
            failed(
                failure.kind(),
                format!("it passed on what is no answer ({failure:?})"),
            )
        };
        let progress = message
            .payload(&event.to_string(), &mut chunks)
            .map_err(broken)?;
        if progress == Progress::Open {
            return Ok(Step::Chunks(chunks));
        }
        let message = self.message.take().unwrap_or_default();
        let end = message.finish().map_err(broken)?;
        let calls_tools = end.iter().any(|chunk| matches!(chunk, Chunk::ToolCall(_)));
        // The CLI keeps the turn as it was.
        let end = end
            .into_iter()
            .filter(|chunk| !matches!(chunk, Chunk::Native(_)))
            .map(with_own_name);
        if calls_tools {
            chunks.extend(end);
            return Ok(Step::End(chunks));
        }
        self.held = end.collect();
        Ok(Step::Chunks(chunks))
    }

    /// Takes the CLI's word that it is done.
    fn ended(&mut self, outcome: Outcome) -> Result<Vec<Chunk>, BackendError> {
        let held = std::mem::take(&mut self.held);
        if !outcome.is_error && !held.is_empty() {
            return Ok(held);
        }
        let kind = match outcome.api_error_status {
            Some(401 | 403) => ErrorKind::Authentication,
            Some(400 | 404 | 413 | 422) => ErrorKind::Rejected,
            Some(429) => ErrorKind::RateLimited,
            Some(_) => ErrorKind::Provider,
            None => ErrorKind::Protocol,
        };
        let text = outcome.result.unwrap_or(outcome.subtype);
        Err(failed(kind, format!("it ended with: {text}")))
    }

    /// Answers what the CLI wants.
    async fn grant(&mut self, request_id: String, wanted: Wanted) -> Result<(), BackendError> {
        let answer = match wanted {
            Wanted::CanUseTool { tool_name, input } => {
                let response = match frame::own_name(&tool_name) {
                    // The toolbox decides, call by call.
                    Some(_) => json!({ "behavior": "allow", "updatedInput": input }),
                    None => json!({
                        "behavior": "deny",
                        "message": format!("{tool_name} is not available here; use the tools of the server {SERVER}."),
                    }),
                };
                frame::granted(&request_id, response)
            }
            Wanted::McpMessage { message } => return self.serve(request_id, message).await,
            Wanted::Other => frame::unknown(&request_id),
        };
        self.send(&answer).await
    }

    /// Answers a message to our server of tools.
    async fn serve(&mut self, request_id: String, message: Rpc) -> Result<(), BackendError> {
        let Some(id) = message.id else {
            // A notification wants no answer, but the CLI's request that brought it does.
            let answer = frame::reply(&request_id, &json!(0), Reply::Result(json!({})));
            return self.send(&answer).await;
        };
        let body = match message.method.as_str() {
            "initialize" => Reply::Result(frame::greeting(&message.params)),
            "ping" => Reply::Result(json!({})),
            "tools/list" => Reply::Result(frame::listing(&self.tools)),
            "tools/call" => {
                let call_id = &message.params["_meta"]["claudecode/toolUseId"];
                match call_id.as_str() {
                    Some(call_id) => {
                        let call_id = call_id.to_owned();
                        let call = WaitingCall {
                            request_id,
                            rpc_id: id,
                            call_id,
                        };
                        return self.answer_call(call).await;
                    }
                    None => Reply::Error(-32602, "the call does not say which one it is"),
                }
            }
            _ => Reply::Error(-32601, "there is no such method"),
        };
        self.send(&frame::reply(&request_id, &id, body)).await
    }

    /// Gives a call its result, now or when there is one.
    async fn answer_call(&mut self, call: WaitingCall) -> Result<(), BackendError> {
        match self.results.remove(&call.call_id) {
            Some(result) => {
                let body = Reply::Result(frame::text_result(&result));
                let answer = frame::reply(&call.request_id, &call.rpc_id, body);
                self.send(&answer).await
            }
            None => {
                self.waiting.push(call);
                Ok(())
            }
        }
    }

    async fn send(&mut self, message: &Value) -> Result<(), BackendError> {
        let line = format!("{message}\n");
        let sent = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await
        };
        match tokio::time::timeout(self.idle, sent).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(self.gone()),
            Err(_) => Err(self.silent("read nothing")),
        }
    }

    async fn next_frame(&mut self) -> Result<Frame, BackendError> {
        let line = match tokio::time::timeout(self.idle, self.lines.next()).await {
            Ok(Some(Ok(line))) => line,
            Ok(None) => return Err(self.gone()),
            Ok(Some(Err(error))) => {
                return Err(failed(
                    ErrorKind::Protocol,
                    format!("its output cannot be read: {error}"),
                ));
            }
            Err(_) => return Err(self.silent("said nothing")),
        };
        serde_json::from_str(&line).map_err(|error| {
            let beginning: String = line.chars().take(80).collect();
            let reason = format!("it wrote what is not its protocol ({error}): {beginning}");
            failed(ErrorKind::Protocol, reason)
        })
    }

    fn silent(&self, what: &str) -> BackendError {
        let seconds = self.idle.as_secs();
        failed(ErrorKind::Network, format!("it {what} for {seconds} s"))
    }

    /// The process has ended before its turn, with what it said last.
    fn gone(&self) -> BackendError {
        let complaints = std::fs::read(self.folder.path().join(COMPLAINTS)).unwrap_or_default();
        let shown = &complaints[complaints.len().saturating_sub(SHOWN_BYTES)..];
        let shown = String::from_utf8_lossy(shown);
        let reason = match shown.trim() {
            "" => "it ended before its turn was complete".to_owned(),
            shown => format!("it ended before its turn was complete: {shown}"),
        };
        failed(ErrorKind::Protocol, reason)
    }
}

/// A tool call by the name that the agent's tool has. Another tool's name stays, for the toolbox to refuse.
fn with_own_name(chunk: Chunk) -> Chunk {
    match chunk {
        Chunk::ToolCall(mut call) => {
            if let Some(own) = frame::own_name(&call.name) {
                call.name = own.to_owned();
            }
            Chunk::ToolCall(call)
        }
        other => other,
    }
}

/// What a new process is told first: what the user says or, where there was more, the conversation so far.
fn opening(messages: &[Message]) -> String {
    let mut spoken = messages
        .iter()
        .filter(|message| !matches!(message, Message::System { .. }));
    if let (Some(Message::User { content }), None) = (spoken.next(), spoken.next()) {
        return content.clone();
    }
    let mut text = String::from("This is our conversation so far. Go on with it.\n");
    for message in messages {
        let (who, what) = match message {
            Message::System { .. } => continue,
            Message::User { content } => ("User", content.clone()),
            Message::Assistant {
                content,
                tool_calls,
                ..
            } => {
                let calls = tool_calls.iter().map(|call| {
                    format!("\n[called {} {} as {}]", call.name, call.arguments, call.id)
                });
                ("You", content.clone() + &calls.collect::<String>())
            }
            Message::Tool { call_id, content } => ("Result", format!("of {call_id}: {content}")),
        };
        text.push_str(&format!("\n{who}: {what}\n"));
    }
    text
}

fn cannot(doing: &str) -> impl Fn(std::io::Error) -> BackendError + '_ {
    move |error| {
        failed(
            ErrorKind::Network,
            format!("MassGen cannot {doing}: {error}"),
        )
    }
}

fn failed(kind: ErrorKind, reason: String) -> BackendError {
    let help = match kind {
        ErrorKind::Authentication => {
            " Set ANTHROPIC_API_KEY, or log in with `claude` and `/login`."
        }
        _ => "",
    };
    BackendError {
        kind,
        message: format!("Claude Code: {}.{help}", reason.trim_end_matches('.')),
    }
}
