//! Who works, who waits, what stands and who wins: the rules of `spec/01` §5–§11 as one pure state machine. It has no
//! clock, no I/O and no randomness; a driver tells it what happened ([`Input`]) and does what it asks ([`Effect`]).
//!
//! An agent is in exactly one standing at a time, so it cannot be asked twice at once, and a vote exists only as
//! the standing of its voter, so a new answer, which asks everyone again, leaves no vote behind.
//!
//! # Why it ends
//!
//! An accepted answer uses up one of a bounded number ([`Rules::max_answers_per_agent`]); a vote rests its voter until
//! the next answer; a failure counts towards [`Rules::max_failures`] in a row; an attempt is abandoned only after an
//! answer. Between two answers each agent can so only fail a bounded number of times and then vote or be killed, and
//! the number of answers is bounded. (An attempt itself is bounded by the agent loop.)

mod exchange;
mod rules;
mod selection;
#[cfg(test)]
mod tests;

pub use exchange::{Choices, Effect, Ending, Input, Rejection, Selection, Severity, Vote};
pub use rules::{Backoff, Coordination, DEFAULT_MAX_ANSWERS, DEFAULT_MAX_FAILURES, Rules};

use crate::answer::{AgentIndex, Answer, AnswerLabel};
use crate::event::FinalTextSource;
use crate::workspace::normalise_paths;

/// The state of one run's coordination.
#[derive(Debug, Clone)]
pub struct Coordinator {
    rules: Rules,
    members: Vec<Member>,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Idle,
    Coordinating,
    Presenting { winner: AgentIndex, timing: Timing },
    Finished,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Timing {
    InTime,
    TimedOut,
}

#[derive(Debug, Clone)]
struct Member {
    standing: Standing,
    answers: Vec<Answer>,
    failures: u32,
    round: u32,
}

/// What an agent is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    /// Not asked yet.
    Fresh,
    /// Asked over these answers; `superseded_by` is the first newer one.
    Working {
        sees: Vec<AnswerLabel>,
        superseded_by: Option<AnswerLabel>,
    },
    /// Waits after a failure.
    BackingOff,
    /// Rests on its vote.
    Voted { label: AnswerLabel, reason: String },
    /// Takes no further part.
    Killed,
}

impl Coordinator {
    /// A coordination of `agents` agents, in the order of the configuration, that has not begun.
    pub fn new(agents: usize, rules: Rules) -> Self {
        let member = Member {
            standing: Standing::Fresh,
            answers: Vec::new(),
            failures: 0,
            round: 0,
        };
        Self {
            rules,
            members: vec![member; agents],
            phase: Phase::Idle,
        }
    }

    /// Takes one step. Inputs that come too late (from an agent that no longer works, after the end) have no effect.
    pub fn apply(&mut self, input: Input) -> Vec<Effect> {
        let coordinating = self.phase == Phase::Coordinating;
        match input {
            Input::Begun if self.phase == Phase::Idle => self.begin(),
            Input::AnswerProposed { agent, content } if coordinating => {
                self.answer_proposed(agent, content)
            }
            Input::VoteProposed {
                agent,
                target,
                reason,
            } if coordinating => self.vote_proposed(agent, target, reason),
            Input::AttemptAbandoned { agent } if coordinating => self.attempt_abandoned(agent),
            Input::AttemptFailed {
                agent,
                error,
                severity,
            } if coordinating => self.attempt_failed(agent, error, severity),
            Input::RetryDue { agent } if coordinating => self.retry_due(agent),
            Input::DeadlineReached if coordinating => self.deadline_reached(),
            Input::PresentationEnded { text } => self.presentation_ended(text),
            Input::Interrupted => self.interrupted(),
            _ => Vec::new(),
        }
    }

    /// The answers that stand: the latest of every agent that has one, in the order of the agents.
    pub fn answers(&self) -> Vec<Answer> {
        self.members
            .iter()
            .filter_map(|member| member.answers.last().cloned())
            .collect()
    }

    /// True once [`Effect::Finish`] was given.
    pub fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }

    fn begin(&mut self) -> Vec<Effect> {
        self.phase = Phase::Coordinating;
        match self.rules.coordination {
            Coordination::Skipped if !self.members.is_empty() => {
                self.present(selection::skipped(), Timing::InTime)
            }
            Coordination::Skipped | Coordination::Rounds => {
                let mut effects: Vec<_> = self.agents().map(|agent| self.start(agent)).collect();
                effects.extend(self.end_if_settled());
                effects
            }
        }
    }

    fn answer_proposed(&mut self, agent: AgentIndex, content: String) -> Vec<Effect> {
        let Some(Attempt { superseded_by, .. }) = self.attempt(agent) else {
            return Vec::new();
        };
        match self.objection(agent, &content) {
            Some(Rejection::Duplicate(_)) if superseded_by.is_some() => self.restart(agent),
            Some(rejection) => vec![Effect::RejectProposal { agent, rejection }],
            None => self.accept_answer(agent, content),
        }
    }

    /// Why an answer cannot stand, if it cannot.
    fn objection(&self, agent: AgentIndex, content: &str) -> Option<Rejection> {
        if content.trim().is_empty() {
            return Some(Rejection::EmptyAnswer);
        }
        if self.answers_left(agent) == 0 {
            return Some(Rejection::AnswerLimit(
                self.rules.max_answers_per_agent.get(),
            ));
        }
        let comparable = self.comparable(content);
        self.answers()
            .iter()
            .find(|answer| self.comparable(&answer.content) == comparable)
            .map(|answer| Rejection::Duplicate(answer.label))
    }

    fn accept_answer(&mut self, agent: AgentIndex, content: String) -> Vec<Effect> {
        let member = &mut self.members[agent.0];
        let number = u32::try_from(member.answers.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let answer = Answer {
            label: AnswerLabel { agent, number },
            content,
        };
        member.answers.push(answer.clone());
        member.failures = 0;

        let because = answer.label;
        let mut effects = vec![Effect::AcceptAnswer(answer)];
        for other in self.agents().filter(|other| *other != agent) {
            effects.extend(self.request_restart(other, because));
        }
        effects.extend(self.restart(agent));
        effects.extend(
            self.agents()
                .filter(|other| *other != agent)
                .flat_map(|other| self.wake_voter(other)),
        );
        effects
    }

    /// Tells an agent at work that its attempt is superseded. One that was told already is not told again.
    fn request_restart(&mut self, agent: AgentIndex, because: AnswerLabel) -> Option<Effect> {
        match &mut self.members[agent.0].standing {
            Standing::Working {
                superseded_by: pending @ None,
                ..
            } => {
                *pending = Some(because);
                Some(Effect::RequestRestart { agent, because })
            }
            _ => None,
        }
    }

    /// Asks an agent again whose vote a new answer made void.
    fn wake_voter(&mut self, agent: AgentIndex) -> Vec<Effect> {
        match self.members[agent.0].standing {
            Standing::Voted { .. } => self.restart(agent),
            _ => Vec::new(),
        }
    }

    fn vote_proposed(
        &mut self,
        voter: AgentIndex,
        target: AgentIndex,
        reason: String,
    ) -> Vec<Effect> {
        let Some(Attempt {
            sees,
            superseded_by,
        }) = self.attempt(voter)
        else {
            return Vec::new();
        };
        if let Some(because) = superseded_by {
            let mut effects = vec![Effect::IgnoreVote {
                voter,
                target,
                because,
            }];
            effects.extend(self.restart(voter));
            return effects;
        }
        let Some(label) = sees.into_iter().find(|label| label.agent == target) else {
            return vec![Effect::RejectProposal {
                agent: voter,
                rejection: Rejection::UnseenTarget,
            }];
        };
        let member = &mut self.members[voter.0];
        member.failures = 0;
        member.standing = Standing::Voted {
            label,
            reason: reason.clone(),
        };
        let mut effects = vec![Effect::AcceptVote {
            voter,
            label,
            reason,
        }];
        effects.extend(self.end_if_settled());
        effects
    }

    fn attempt_abandoned(&mut self, agent: AgentIndex) -> Vec<Effect> {
        match self.attempt(agent) {
            Some(Attempt {
                superseded_by: Some(_),
                ..
            }) => self.restart(agent),
            // Nothing superseded it: an agent that stops without reason did not do its work.
            Some(Attempt {
                superseded_by: None,
                ..
            }) => {
                let error = "the agent stopped without an answer or a vote".to_owned();
                self.attempt_failed(agent, error, Severity::Transient)
            }
            None => Vec::new(),
        }
    }

    fn attempt_failed(
        &mut self,
        agent: AgentIndex,
        error: String,
        severity: Severity,
    ) -> Vec<Effect> {
        if self.attempt(agent).is_none() {
            return Vec::new();
        }
        let rules = &self.rules;
        let member = &mut self.members[agent.0];
        member.failures += 1;
        let failures = member.failures;
        let mut effects = vec![Effect::RecordFailure {
            agent,
            error: error.clone(),
            failures,
        }];
        if severity == Severity::Fatal || failures >= rules.max_failures.get() {
            member.standing = Standing::Killed;
            effects.push(Effect::KillAgent { agent, error });
            effects.extend(self.end_if_settled());
        } else {
            member.standing = Standing::BackingOff;
            effects.push(Effect::ScheduleRetry {
                agent,
                after: rules.backoff.after(failures),
            });
        }
        effects
    }

    fn retry_due(&mut self, agent: AgentIndex) -> Vec<Effect> {
        match self.members.get(agent.0).map(|member| &member.standing) {
            Some(Standing::BackingOff) => vec![self.start(agent)],
            _ => Vec::new(),
        }
    }

    fn deadline_reached(&mut self) -> Vec<Effect> {
        let waiting_for = self
            .agents()
            .filter(|agent| self.is_awaited(*agent))
            .collect();
        let mut effects = vec![Effect::DeclareTimeout { waiting_for }];
        effects.extend(self.stop_all());
        effects.extend(self.select(Timing::TimedOut));
        effects
    }

    fn interrupted(&mut self) -> Vec<Effect> {
        let mut effects = match self.phase {
            Phase::Finished => return Vec::new(),
            Phase::Presenting { winner, .. } => vec![Effect::StopAgent { agent: winner }],
            Phase::Idle | Phase::Coordinating => self.stop_all(),
        };
        effects.push(self.finish(Ending::Interrupted));
        effects
    }

    fn presentation_ended(&mut self, text: Option<String>) -> Vec<Effect> {
        let Phase::Presenting { winner, timing } = self.phase else {
            return Vec::new();
        };
        let presented = text
            .filter(|text| !text.trim().is_empty())
            .map(|text| (text, FinalTextSource::Presentation));
        let stored = || {
            let answer = self.members[winner.0].answers.last()?;
            Some((answer.content.clone(), FinalTextSource::StoredAnswer))
        };
        let Some((text, source)) = presented.or_else(stored) else {
            let error = "the final presentation gave no text and there is no stored answer to fall back on; \
                         look for the presenter's error above and ask again";
            return vec![self.finish(Ending::Failed {
                error: error.to_owned(),
            })];
        };
        let ending = match timing {
            Timing::InTime => Ending::Finished {
                winner,
                text: text.clone(),
            },
            Timing::TimedOut => Ending::TimedOut {
                result: Some((winner, text.clone())),
            },
        };
        vec![
            Effect::Conclude {
                winner,
                text,
                source,
            },
            self.finish(ending),
        ]
    }

    /// Asks an agent whose attempt is over because of a newer answer.
    fn restart(&mut self, agent: AgentIndex) -> Vec<Effect> {
        self.members[agent.0].round += 1;
        vec![Effect::CompleteRestart { agent }, self.start(agent)]
    }

    fn start(&mut self, agent: AgentIndex) -> Effect {
        let sees = self.answers();
        let choices = match (sees.is_empty(), self.answers_left(agent)) {
            (true, _) => Choices::Answer,
            (false, 0) => Choices::Vote,
            (false, _) => Choices::AnswerOrVote,
        };
        let member = &mut self.members[agent.0];
        let labels = sees.iter().map(|answer| answer.label).collect();
        member.standing = Standing::Working {
            sees: labels,
            superseded_by: None,
        };
        Effect::StartAgent {
            agent,
            round: member.round,
            sees,
            choices,
        }
    }

    /// Ends coordination once no agent is awaited any more (`spec/01` O4: every *living* agent has voted).
    fn end_if_settled(&mut self) -> Vec<Effect> {
        if self.agents().any(|agent| self.is_awaited(agent)) {
            Vec::new()
        } else {
            self.select(Timing::InTime)
        }
    }

    fn select(&mut self, timing: Timing) -> Vec<Effect> {
        match selection::select(self.answers(), self.votes()) {
            Some(selection) => self.present(selection, timing),
            None => vec![self.finish(self.without_answers(timing))],
        }
    }

    fn without_answers(&self, timing: Timing) -> Ending {
        match timing {
            Timing::TimedOut => Ending::TimedOut { result: None },
            Timing::InTime => Ending::Failed {
                error: "no agent gave an answer: every agent failed; look for their errors above, \
                        check models, keys and network, and ask again"
                    .to_owned(),
            },
        }
    }

    fn present(&mut self, selection: Selection, timing: Timing) -> Vec<Effect> {
        self.phase = Phase::Presenting {
            winner: selection.winner,
            timing,
        };
        vec![Effect::Present(selection)]
    }

    fn finish(&mut self, ending: Ending) -> Effect {
        self.phase = Phase::Finished;
        Effect::Finish(ending)
    }

    fn stop_all(&self) -> Vec<Effect> {
        self.agents()
            .filter(|agent| matches!(self.members[agent.0].standing, Standing::Working { .. }))
            .map(|agent| Effect::StopAgent { agent })
            .collect()
    }

    fn votes(&self) -> Vec<Vote> {
        self.agents()
            .filter_map(|voter| match &self.members[voter.0].standing {
                Standing::Voted { label, reason } => Some(Vote {
                    voter,
                    label: *label,
                    reason: reason.clone(),
                }),
                _ => None,
            })
            .collect()
    }

    /// True for a living agent that has not voted.
    fn is_awaited(&self, agent: AgentIndex) -> bool {
        !matches!(
            self.members[agent.0].standing,
            Standing::Voted { .. } | Standing::Killed
        )
    }

    fn attempt(&self, agent: AgentIndex) -> Option<Attempt> {
        match &self.members.get(agent.0)?.standing {
            Standing::Working {
                sees,
                superseded_by,
            } => Some(Attempt {
                sees: sees.clone(),
                superseded_by: *superseded_by,
            }),
            _ => None,
        }
    }

    fn answers_left(&self, agent: AgentIndex) -> usize {
        let bound = usize::try_from(self.rules.max_answers_per_agent.get()).unwrap_or(usize::MAX);
        bound.saturating_sub(self.members[agent.0].answers.len())
    }

    /// The form in which two answers are compared (`spec/01` §7.1, O6).
    fn comparable(&self, content: &str) -> String {
        let folders: Vec<_> = self
            .rules
            .folders
            .iter()
            .map(|path| (path.as_path(), "/workspace"))
            .collect();
        normalise_paths(content, &folders).trim().to_owned()
    }

    fn agents(&self) -> impl Iterator<Item = AgentIndex> + use<> {
        (0..self.members.len()).map(AgentIndex)
    }
}

/// A working agent's attempt as it stands now.
struct Attempt {
    sees: Vec<AnswerLabel>,
    superseded_by: Option<AnswerLabel>,
}
