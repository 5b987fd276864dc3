//! What agents are set to do: an attempt at the question, or the presentation. Each is a task that reports its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Zoned;
use massgen_backends::{Message, Stage, TurnContext};

use super::places::placeholders;
use super::{Driver, Presentation, milliseconds, sorted_labels};
use crate::answer::{AgentIndex, Answer, AnswerLabel};
use crate::attempt::Attempt;
use crate::conversation::Conversation;
use crate::coordinator::{Choices, Selection, Severity};
use crate::desks::{Desks, Start};
use crate::event::EventKind;
use crate::presentation::present;
use crate::prompt;
use crate::report::{AttemptEnd, Report};
use crate::workflow::{Ballot, Candidate};

impl Driver {
    pub(super) fn start(
        &mut self,
        agent: AgentIndex,
        round: u32,
        sees: Vec<Answer>,
        choices: Choices,
    ) {
        let labels: Vec<AnswerLabel> = sees.iter().map(|answer| answer.label).collect();
        self.publisher.publish(EventKind::AgentStarted {
            agent: self.id(agent),
            round,
            sees: labels.clone(),
        });
        let start = if self.asked.contains_key(&agent) {
            Start::Empty
        } else {
            Start::Prepared
        };
        self.asked.entry(agent).or_default().round = round;

        let candidates = labels
            .iter()
            .map(|label| Candidate {
                agent: label.agent,
                id: self.id(label.agent),
            })
            .collect();
        let ballot = Ballot {
            choices,
            candidates,
        };
        let mut conversation = self.conversation(agent, Stage::Coordination, &labels);
        let (desks, places, question) = (
            self.desks.clone(),
            self.places.clone(),
            self.question.clone(),
        );
        let system = prompt::coordination_system(self.instructions(agent), &self.places[agent.0]);
        self.spawn(agent, async move {
            let end = match lay_out(&desks, &conversation, start, labels).await {
                Err(error) => AttemptEnd::Failed {
                    error,
                    severity: Severity::Transient,
                },
                Ok(folders) => {
                    let shown = prompt::shown(&sees, agent, &places, &folders);
                    let content = prompt::question(&question, &shown, choices, &Zoned::now());
                    conversation.messages = vec![
                        Message::System { content: system },
                        Message::User { content },
                    ];
                    Attempt {
                        agent,
                        conversation,
                        ballot,
                    }
                    .run()
                    .await
                }
            };
            Report::AttemptEnded { agent, end }
        });
    }

    pub(super) fn present(&mut self, selection: Selection) {
        let (agent, winner) = (self.id(selection.winner), selection.winner);
        self.publisher.publish(EventKind::WinnerSelected {
            agent: agent.clone(),
            label: selection.label,
            basis: selection.basis,
            votes: self.vote_counts(&selection),
        });
        self.publisher
            .publish(EventKind::PresentationStarted { agent });
        self.presentation = Some(Presentation {
            winner,
            label: selection.label,
            shown: String::new(),
        });

        let labels: Vec<AnswerLabel> = selection
            .answers
            .iter()
            .map(|answer| answer.label)
            .collect();
        let start = selection.label.map_or(Start::Prepared, Start::AsAnswered);
        let mut conversation = self.conversation(winner, Stage::Presentation, &labels);
        let (desks, places, question) = (
            self.desks.clone(),
            self.places.clone(),
            self.question.clone(),
        );
        let system = prompt::presentation_system(self.instructions(winner), &self.places[winner.0]);
        self.spawn(winner, async move {
            let folders = match lay_out(&desks, &conversation, start, labels).await {
                Ok(folders) => folders,
                Err(error) => {
                    conversation
                        .warn(format!("the final presentation cannot begin: {error}"))
                        .await;
                    return Report::PresentationEnded {
                        text: None,
                        shown: String::new(),
                    };
                }
            };
            let answers = prompt::shown(&selection.answers, winner, &places, &folders);
            let shown = prompt::presentation(&question, &answers, &selection, &Zoned::now());
            conversation.messages = vec![
                Message::System { content: system },
                Message::User {
                    content: shown.clone(),
                },
            ];
            let (reporter, agent) = (conversation.reporter.clone(), conversation.agent.clone());
            let text = match present(conversation).await {
                Ok(text) => Some(text),
                Err(error) => {
                    let message = format!("the final presentation failed: {error}");
                    reporter
                        .event(EventKind::Warning {
                            agent: Some(agent),
                            message,
                        })
                        .await;
                    None
                }
            };
            Report::PresentationEnded { text, shown }
        });
    }

    /// Runs an agent's work as a task of its own; what it ends with is reported like everything else.
    pub(super) fn spawn(
        &mut self,
        agent: AgentIndex,
        work: impl Future<Output = Report> + Send + 'static,
    ) {
        let reporter = self.reporter.clone();
        let task = self.tasks.spawn(async move {
            let report = work.await;
            reporter.send(report).await;
            agent
        });
        self.working.insert(agent, task);
    }

    pub(super) fn stop(&mut self, agent: AgentIndex) {
        self.verdicts.remove(&agent);
        if let Some(task) = self.working.remove(&agent) {
            task.abort();
        }
    }

    pub(super) fn schedule_retry(&mut self, agent: AgentIndex, after: Duration) {
        self.publisher.publish(EventKind::RetryScheduled {
            agent: self.id(agent),
            after_ms: milliseconds(after),
        });
        let reporter = self.reporter.clone();
        self.tasks.spawn(async move {
            tokio::time::sleep(after).await;
            reporter.send(Report::RetryDue { agent }).await;
            agent
        });
    }

    pub(super) fn conversation(
        &self,
        agent: AgentIndex,
        stage: Stage,
        sees: &[AnswerLabel],
    ) -> Conversation {
        let member = &self.members[agent.0];
        let context = TurnContext {
            agent: member.id.to_string(),
            stage,
            sees: sorted_labels(sees),
            answers: self.answers.subscribe(),
            placeholders: placeholders(&self.places[agent.0]),
        };
        Conversation {
            agent: member.id.clone(),
            backend: Arc::clone(&member.backend),
            _background: member.toolbox.background_of_turn(),
            toolbox: member.toolbox.clone(),
            context,
            messages: Vec::new(),
            reporter: self.reporter.clone(),
        }
    }
}

/// Lays out the agent's files, once nothing of an earlier turn can change them any more.
async fn lay_out(
    desks: &Desks,
    conversation: &Conversation,
    start: Start,
    sees: Vec<AnswerLabel>,
) -> Result<Vec<PathBuf>, String> {
    conversation.toolbox.end_background().await;
    let (folders, warnings) = desks
        .lay_out(conversation.agent.clone(), start, sees)
        .await?;
    for warning in warnings {
        conversation.warn(warning).await;
    }
    Ok(folders)
}
