//! The two tools by which agents coordinate, `new_answer` and `vote` (`spec/01` §5), and the table that decides what a
//! model's calls of them mean (`spec/01` §7.1).

use massgen_backends::{ToolCall, ToolDefinition};
use massgen_config::AgentId;
use serde::Deserialize;
use serde_json::json;

use crate::answer::AgentIndex;
use crate::coordinator::{Choices, Rejection};
use crate::report::Proposal;

/// Proposes an answer.
pub(crate) const NEW_ANSWER: &str = "new_answer";
/// Votes for an answer.
pub(crate) const VOTE: &str = "vote";

/// True for a tool of this module: no other tool may bear its name.
pub(crate) fn is_workflow_tool(name: &str) -> bool {
    matches!(name, NEW_ANSWER | VOTE)
}

/// What one attempt may propose, and for whom it may vote.
#[derive(Debug, Clone)]
pub(crate) struct Ballot {
    pub(crate) choices: Choices,
    /// The agents whose answers are visible, in the order of the agents.
    pub(crate) candidates: Vec<Candidate>,
}

/// An agent whose answer is visible.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) agent: AgentIndex,
    pub(crate) id: AgentId,
}

/// What a turn's workflow calls mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// There are none.
    Nothing,
    /// They propose this.
    Propose(Proposal),
    /// They cannot be taken as they are.
    Correct(Correction),
}

/// What the model is told so that it does better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Correction {
    /// What was wrong and what to do; the result of the first workflow call.
    pub(crate) reason: String,
}

impl Correction {
    /// The result of every further workflow call of the same turn.
    pub(crate) const FURTHER_CALL: &'static str =
        "This call was not carried out. See the result of the first of these calls.";

    fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl Ballot {
    /// The workflow tools as they are announced. Only what may be called is there, and `vote` names only agents whose
    /// answers are visible.
    pub(crate) fn tools(&self) -> Vec<ToolDefinition> {
        match self.choices {
            Choices::Answer => vec![new_answer_tool()],
            Choices::AnswerOrVote => vec![new_answer_tool(), self.vote_tool()],
            Choices::Vote => vec![self.vote_tool()],
        }
    }

    fn vote_tool(&self) -> ToolDefinition {
        ToolDefinition {
            name: VOTE.to_owned(),
            description: "Vote for the best of the current answers, your own included. Ends your work unless a newer \
                          answer arrives."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": {
                    "agent_id": {
                        "type": "string",
                        "enum": self.names(),
                        "description": "The agent whose answer is best."
                    },
                    "reason": { "type": "string", "description": "Why it is best, in a sentence or two." }
                },
                "required": ["agent_id", "reason"],
                "additionalProperties": false
            }),
        }
    }

    /// Rows 1 to 8 of the table; row 9, no call at all, is [`Decision::Nothing`]. `text` is what the model said beside
    /// its calls: it stands in for missing content.
    pub(crate) fn decide(&self, calls: &[&ToolCall], text: &str) -> Decision {
        let votes: Vec<_> = calls.iter().filter(|call| call.name == VOTE).collect();
        let answers: Vec<_> = calls
            .iter()
            .filter(|call| call.name == NEW_ANSWER)
            .collect();
        let decided = match (votes.as_slice(), answers.as_slice()) {
            ([], []) => return Decision::Nothing,
            ([vote], []) => self.vote(vote),
            ([], [answer]) => new_answer(answer, text),
            ([_, _, ..], _) => Err(Correction::new(
                "Only one vote is possible, and none of these was counted. Call `vote` once.",
            )),
            ([_], [_, ..]) => Err(Correction::new(
                "`vote` and `new_answer` exclude each other, and neither was carried out. Call exactly one of them.",
            )),
            ([], [_, _, ..]) => Err(Correction::new(
                "Only one answer is possible, and none of these was taken. Call `new_answer` once, with the whole answer.",
            )),
        };
        decided.map_or_else(Decision::Correct, Decision::Propose)
    }

    fn vote(&self, call: &ToolCall) -> Result<Proposal, Correction> {
        #[derive(Deserialize)]
        struct Arguments {
            agent_id: String,
            #[serde(default)]
            reason: String,
        }
        if self.candidates.is_empty() {
            return Err(Correction::new(
                "There is no answer to vote for yet. Call `new_answer` with your own.",
            ));
        }
        let arguments: Arguments = parse(call)?;
        let named = arguments.agent_id.trim();
        let target = self.resolve(named).ok_or_else(|| {
            let valid = self.names().join(", ");
            Correction::new(format!(
                "`{named}` has no answer to vote for. Call `vote` with one of: {valid}."
            ))
        })?;
        Ok(Proposal::Vote {
            target,
            reason: arguments.reason,
        })
    }

    /// An anonymous name, or else the configured id of an agent whose answer is visible (`spec/01` §7.1, row 5).
    fn resolve(&self, name: &str) -> Option<AgentIndex> {
        let anonymous = self
            .candidates
            .iter()
            .find(|candidate| candidate.agent.anonymous() == name);
        let named = || {
            self.candidates
                .iter()
                .find(|candidate| candidate.id.as_str() == name)
        };
        anonymous.or_else(named).map(|candidate| candidate.agent)
    }

    fn names(&self) -> Vec<String> {
        self.candidates
            .iter()
            .map(|candidate| candidate.agent.anonymous())
            .collect()
    }

    /// What to say to a model that called neither tool.
    pub(crate) fn reminder(&self) -> String {
        let what = self.what_to_call();
        format!("Your turn ended without a result: text alone is not counted. {what}")
    }

    /// What to say to a model that has used up its tool calls.
    pub(crate) fn out_of_tool_turns(&self) -> String {
        format!(
            "This call was not carried out: all turns with other tools are used up. {}",
            self.what_to_call()
        )
    }

    fn what_to_call(&self) -> &'static str {
        match self.choices {
            Choices::Answer => "Call the tool `new_answer` with your whole answer.",
            Choices::AnswerOrVote => {
                "Call the tool `vote` if one of the current answers is good enough, or `new_answer` with a better one."
            }
            Choices::Vote => "Call the tool `vote` for the best of the current answers.",
        }
    }

    /// What to say about a proposal that the coordinator rejected.
    pub(crate) fn correction(&self, rejection: Rejection) -> Correction {
        Correction::new(match rejection {
            Rejection::Duplicate(label) => format!(
                "This answer repeats the answer of {}. Vote for it if it is the best, or give an answer that differs.",
                label.agent.anonymous()
            ),
            Rejection::AnswerLimit(bound) => {
                format!(
                    "You have given all of your {bound} answers. Call `vote` for the best of the current answers."
                )
            }
            Rejection::EmptyAnswer => {
                "The answer is empty. Call `new_answer` with your whole answer.".to_owned()
            }
            Rejection::UnseenTarget => {
                format!(
                    "That agent has no answer to vote for. Call `vote` with one of: {}.",
                    self.names().join(", ")
                )
            }
        })
    }
}

fn new_answer_tool() -> ToolDefinition {
    ToolDefinition {
        name: NEW_ANSWER.to_owned(),
        description: "Give a new, improved answer. It must stand on its own: whoever reads it sees nothing else of \
                      your work but your files. If you made files, list them and say how to use them."
            .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "content": { "type": "string", "description": "The whole answer." }
            },
            "required": ["content"],
            "additionalProperties": false
        }),
    }
}

fn new_answer(call: &ToolCall, text: &str) -> Result<Proposal, Correction> {
    #[derive(Deserialize)]
    struct Arguments {
        content: Option<String>,
    }
    let arguments: Arguments = parse(call)?;
    let content = arguments
        .content
        .filter(|content| !content.trim().is_empty());
    Ok(Proposal::Answer(content.unwrap_or_else(|| text.to_owned())))
}

fn parse<'a, T: Deserialize<'a>>(call: &'a ToolCall) -> Result<T, Correction> {
    // Models write nothing at all where they mean no arguments.
    let arguments = if call.arguments.trim().is_empty() {
        "{}"
    } else {
        &call.arguments
    };
    serde_json::from_str(arguments).map_err(|error| {
        Correction::new(format!(
            "The arguments of `{}` cannot be read: {error}. Call it again with a JSON object that fits its schema.",
            call.name
        ))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::answer::AnswerLabel;

    fn ballot(choices: Choices, candidates: &[(usize, &str)]) -> Ballot {
        let candidates = candidates
            .iter()
            .map(|(agent, id)| Candidate {
                agent: AgentIndex(*agent),
                id: AgentId::new(*id).unwrap(),
            })
            .collect();
        Ballot {
            choices,
            candidates,
        }
    }

    fn call(name: &str, arguments: &str) -> ToolCall {
        ToolCall {
            id: "1".into(),
            name: name.into(),
            arguments: arguments.into(),
        }
    }

    fn decide(ballot: &Ballot, calls: &[ToolCall]) -> Decision {
        ballot.decide(&calls.iter().collect::<Vec<_>>(), "said beside")
    }

    fn reason(decision: Decision) -> String {
        match decision {
            Decision::Correct(correction) => correction.reason,
            other => panic!("{other:?} needs no correction"),
        }
    }

    fn both() -> Ballot {
        ballot(Choices::AnswerOrVote, &[(0, "alpha"), (2, "gamma")])
    }

    #[test]
    fn the_vote_tool_names_only_agents_with_visible_answers() {
        let tools = both().tools();
        assert_eq!(
            tools
                .iter()
                .map(|tool| tool.name.as_str())
                .collect::<Vec<_>>(),
            [NEW_ANSWER, VOTE]
        );
        assert_eq!(
            tools[1].parameters["properties"]["agent_id"]["enum"],
            json!(["agent1", "agent3"])
        );
    }

    #[test]
    fn only_what_may_be_called_is_announced() {
        let names = |choices| -> Vec<String> {
            ballot(choices, &[(0, "alpha")])
                .tools()
                .into_iter()
                .map(|tool| tool.name)
                .collect()
        };
        assert_eq!(names(Choices::Answer), [NEW_ANSWER]);
        assert_eq!(names(Choices::Vote), [VOTE]);
    }

    #[test]
    fn a_vote_names_an_agent_anonymously_or_by_its_configured_id() {
        for name in ["agent3", "gamma"] {
            let vote = call(
                VOTE,
                &json!({"agent_id": name, "reason": "best"}).to_string(),
            );
            let target = AgentIndex(2);
            assert_eq!(
                decide(&both(), &[vote]),
                Decision::Propose(Proposal::Vote {
                    target,
                    reason: "best".into()
                })
            );
        }
    }

    #[test]
    fn the_anonymous_name_wins_over_an_agent_that_is_called_like_it() {
        let ballot = ballot(Choices::AnswerOrVote, &[(0, "agent2"), (1, "agent1")]);
        let vote = call(VOTE, r#"{"agent_id":"agent1","reason":""}"#);
        let target = AgentIndex(0);
        assert_eq!(
            decide(&ballot, &[vote]),
            Decision::Propose(Proposal::Vote {
                target,
                reason: String::new()
            })
        );
    }

    #[test]
    fn a_vote_for_an_unknown_agent_is_corrected_with_the_valid_names() {
        let vote = call(VOTE, r#"{"agent_id":"agent2","reason":""}"#);
        let reason = reason(decide(&both(), &[vote]));
        assert!(
            reason.contains("`agent2`") && reason.contains("agent1, agent3"),
            "{reason}"
        );
    }

    #[test]
    fn a_vote_before_there_are_answers_is_corrected() {
        let vote = call(VOTE, r#"{"agent_id":"agent1","reason":""}"#);
        let reason = reason(decide(&ballot(Choices::Answer, &[]), &[vote]));
        assert!(reason.contains("no answer to vote for yet"), "{reason}");
    }

    #[test]
    fn two_votes_or_two_answers_or_both_kinds_are_corrected() {
        let vote = || call(VOTE, r#"{"agent_id":"agent1","reason":""}"#);
        let answer = || call(NEW_ANSWER, r#"{"content":"x"}"#);
        for (calls, expected) in [
            (vec![vote(), vote()], "Only one vote"),
            (vec![vote(), answer()], "exclude each other"),
            (vec![answer(), answer()], "Only one answer"),
            (vec![vote(), vote(), answer()], "Only one vote"),
        ] {
            let reason = reason(decide(&both(), &calls));
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn the_spoken_text_stands_in_for_missing_content() {
        for arguments in ["{}", "", r#"{"content":" "}"#] {
            let expected = Decision::Propose(Proposal::Answer("said beside".into()));
            assert_eq!(decide(&both(), &[call(NEW_ANSWER, arguments)]), expected);
        }
        let expected = Decision::Propose(Proposal::Answer("x".into()));
        assert_eq!(
            decide(&both(), &[call(NEW_ANSWER, r#"{"content":"x"}"#)]),
            expected
        );
    }

    #[test]
    fn arguments_that_cannot_be_read_are_corrected_with_the_cause() {
        for arguments in [r#"{"content": "cut"#, r#"{"content": 5}"#, "[]]"] {
            let reason = reason(decide(&both(), &[call(NEW_ANSWER, arguments)]));
            assert!(reason.contains("cannot be read"), "{reason}");
        }
    }

    #[test]
    fn rejections_are_told_without_real_ids() {
        let label = AnswerLabel {
            agent: AgentIndex(2),
            number: 1,
        };
        for rejection in [
            Rejection::Duplicate(label),
            Rejection::AnswerLimit(2),
            Rejection::EmptyAnswer,
            Rejection::UnseenTarget,
        ] {
            let Correction { reason } = both().correction(rejection);
            assert!(
                !reason.contains("gamma") && !reason.contains("alpha"),
                "{reason}"
            );
        }
        assert!(
            both()
                .correction(Rejection::Duplicate(label))
                .reason
                .contains("agent3")
        );
    }
}
