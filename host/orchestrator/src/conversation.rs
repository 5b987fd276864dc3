//! One agent's conversation with its model: turns are streamed out as events, tool calls are run, and every call gets
//! exactly one result. What a turn means for the run is decided elsewhere.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::join_all;
use massgen_backends::{
    Backend, BackendError, Chunk, ErrorKind, FinishReason, Message, Stage, ToolCall,
    ToolDefinition, TurnContext, TurnRequest, Usage,
};
use massgen_config::AgentId;
use massgen_tools::{BackgroundOfTurn, Toolbox};

use crate::event::EventKind;
use crate::report::Reporter;

/// Longest summary of arguments or results in an event, in characters; the model reads the whole.
const SUMMARY: usize = 200;

/// A conversation in progress.
pub(crate) struct Conversation {
    pub(crate) agent: AgentId,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) toolbox: Toolbox,
    /// Background commands end with the conversation in which they were started.
    pub(crate) _background: BackgroundOfTurn,
    pub(crate) context: TurnContext,
    pub(crate) messages: Vec<Message>,
    pub(crate) reporter: Reporter,
}

/// What a model said in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) text: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) finish_reason: FinishReason,
}

impl Conversation {
    /// Streams the next turn and appends it to the conversation. A turn that fails half-way leaves nothing behind.
    pub(crate) async fn turn(&mut self, tools: Vec<ToolDefinition>) -> Result<Turn, BackendError> {
        let request = TurnRequest {
            context: self.context.clone(),
            messages: self.messages.clone(),
            tools,
        };
        let mut chunks = self.backend.stream(request);
        let mut turn = Turn {
            text: String::new(),
            calls: Vec::new(),
            finish_reason: FinishReason::Stop,
        };
        let mut native = None;
        let mut usage = Usage::default();
        while let Some(chunk) = chunks.next().await {
            match chunk? {
                Chunk::Content { text } => {
                    turn.text.push_str(&text);
                    self.say(text).await;
                }
                Chunk::Reasoning { text } => {
                    self.reporter
                        .event(EventKind::Reasoning {
                            agent: self.agent.clone(),
                            text,
                        })
                        .await;
                }
                Chunk::ProviderTool { tool, detail } => {
                    self.reporter
                        .event(EventKind::ProviderTool {
                            agent: self.agent.clone(),
                            tool,
                            detail: summary(&detail),
                        })
                        .await;
                }
                Chunk::Citation { url, title } => {
                    self.reporter
                        .event(EventKind::Citation {
                            agent: self.agent.clone(),
                            url,
                            title,
                        })
                        .await;
                }
                Chunk::ToolCall(call) => turn.calls.push(call),
                Chunk::Native(turn) => native = Some(turn),
                Chunk::Usage(counted) => usage = counted,
                Chunk::Done { finish_reason } => {
                    self.tell_usage(usage).await;
                    turn.finish_reason = finish_reason;
                    let (content, tool_calls) = (turn.text.clone(), turn.calls.clone());
                    self.messages.push(Message::Assistant {
                        content,
                        tool_calls,
                        native,
                    });
                    return Ok(turn);
                }
            }
        }
        let message = "the model's answer ended before it was complete; ask again".to_owned();
        Err(BackendError {
            kind: ErrorKind::Protocol,
            message,
        })
    }

    /// Tells what a completed turn used. A provider that counts nothing is told of too, or the turn would seem to have
    /// cost nothing.
    async fn tell_usage(&self, usage: Usage) {
        let (agent, stage) = (self.agent.clone(), self.context.stage);
        self.reporter
            .event(EventKind::Usage {
                agent,
                stage,
                usage,
            })
            .await;
    }

    /// What the agent was shown at first: question and answers, for the log.
    pub(crate) fn shown(&self) -> String {
        let first = self.messages.iter().find_map(|message| match message {
            Message::User { content } => Some(content.clone()),
            _ => None,
        });
        first.unwrap_or_default()
    }

    /// Tells the user of something that does not end the work.
    pub(crate) async fn warn(&self, message: String) {
        self.reporter
            .event(EventKind::Warning {
                agent: Some(self.agent.clone()),
                message,
            })
            .await;
    }

    /// Shows a piece of visible text.
    pub(crate) async fn say(&self, text: String) {
        let agent = self.agent.clone();
        self.reporter
            .event(match self.context.stage {
                Stage::Coordination => EventKind::Content { agent, text },
                Stage::Presentation => EventKind::PresentationContent { agent, text },
            })
            .await;
    }

    /// Runs calls and appends their results in the order of the calls. Neighbouring calls that change nothing run at
    /// the same time; every other call runs alone and in its place, so that it sees what came before it.
    pub(crate) async fn run(&mut self, calls: &[&ToolCall]) {
        let neighbours = calls.chunk_by(|one, next| {
            self.toolbox.is_read_only(&one.name) && self.toolbox.is_read_only(&next.name)
        });
        let mut results = Vec::with_capacity(calls.len());
        for together in neighbours {
            results.extend(join_all(together.iter().map(|call| self.run_one(call))).await);
        }
        self.messages.extend(results);
    }

    async fn run_one(&self, call: &ToolCall) -> Message {
        let (agent, call_id, tool) = (self.agent.clone(), call.id.clone(), call.name.clone());
        let arguments = summary(
            &call
                .arguments
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        );
        self.reporter
            .event(EventKind::ToolCallStarted {
                agent,
                call_id,
                tool,
                arguments,
            })
            .await;

        let outcome = self.toolbox.call(call).await;

        let (agent, call_id, tool) = (self.agent.clone(), call.id.clone(), call.name.clone());
        let finished = EventKind::ToolCallFinished {
            agent,
            call_id,
            tool,
            status: outcome.status,
            summary: summary(outcome.content.trim().lines().next().unwrap_or_default()),
            elapsed_ms: u64::try_from(outcome.elapsed.as_millis()).unwrap_or(u64::MAX),
            lane: outcome.lane,
        };
        self.reporter.event(finished).await;
        Message::Tool {
            call_id: call.id.clone(),
            content: outcome.content,
        }
    }

    /// Answers calls that are not carried out.
    pub(crate) fn refuse(&mut self, calls: &[&ToolCall], first: &str, further: &str) {
        let texts = std::iter::once(first).chain(std::iter::repeat(further));
        let results = calls.iter().zip(texts).map(|(call, text)| Message::Tool {
            call_id: call.id.clone(),
            content: text.to_owned(),
        });
        self.messages.extend(results);
    }
}

fn summary(text: &str) -> String {
    match text.char_indices().nth(SUMMARY) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}
