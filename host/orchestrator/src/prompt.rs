//! What agents are told (`spec/01` §8). Agents know each other only by their anonymous names. The system message of an
//! agent is the same in every turn of a run and what changes comes last, down to the date: a provider can then reuse
//! the beginning of the conversation that it has already read.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use jiff::Zoned;
use massgen_config::{ContextPath, Permission};

use crate::answer::{AgentIndex, Answer};
use crate::coordinator::{Choices, Selection};
use crate::workspace::normalise_paths;

/// Where an agent finds files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Desk {
    /// Its own working directory.
    pub(crate) workspace: Option<PathBuf>,
    /// Where it sees the files of the answers, one folder an agent.
    pub(crate) temporary: Option<PathBuf>,
    /// The user's paths.
    pub(crate) context_paths: Vec<ContextPath>,
}

const EVALUATION: &str = "\
You are one of several agents who answer the same question in parallel. The agents differ in skills and tools, and know \
each other only as agent1, agent2 and so on.

You are shown the ORIGINAL MESSAGE of the user and the CURRENT ANSWERS of the agents, your own among them if you have \
given one. Decide whether the best CURRENT ANSWER fully meets the ORIGINAL MESSAGE:
- If it does, call the tool `vote` for it.
- If it does not, or if there is none, do the work that is missing: keep what is good in the answers, correct what is \
wrong, check what is doubtful, and call the tool `new_answer` with the whole improved answer.

Finish with a real call of one of these tools. Text that merely speaks of a call is not counted.";

const PRESENTATION: &str = "\
The agents have voted, and you were selected to present the final answer to the user.

Write the best coordinated answer: start from the selected answer, add what the other answers do better, and correct \
what the votes criticise. Write for the user, who sees nothing but your text: do not speak of agents, votes or rounds.";

/// The system message of an agent during coordination: its own instructions, and what the agents' work is.
pub(crate) fn coordination_system(instructions: Option<&str>, desk: &Desk) -> String {
    let mut text = EVALUATION.to_owned();
    if let Some(instructions) = instructions {
        let _ = write!(text, "\n\n# Special requirement\n\n{instructions}");
    }
    text.push_str(&files_section(desk, Moment::Coordination));
    text
}

/// The system message of the winner during its presentation.
pub(crate) fn presentation_system(instructions: Option<&str>, desk: &Desk) -> String {
    let mut text = PRESENTATION.to_owned();
    if let Some(instructions) = instructions {
        let _ = write!(text, "\n\n# Special requirement\n\n{instructions}");
    }
    text.push_str(&files_section(desk, Moment::Presentation));
    text
}

/// The user message of an attempt.
pub(crate) fn question(question: &str, answers: &[Shown], choices: Choices, now: &Zoned) -> String {
    let task = match choices {
        Choices::Answer => "There is nothing to vote for yet: call `new_answer`.",
        Choices::AnswerOrVote => {
            "Call `vote` if one of the current answers is good enough, else `new_answer`."
        }
        Choices::Vote => {
            "You have given all of your answers: call `vote` for the best of the current ones."
        }
    };
    format!(
        "{}\n\n{}\n\n{task}\n\n{}",
        original(question),
        current(answers),
        date(now)
    )
}

/// The user message of the presentation.
pub(crate) fn presentation(
    question: &str,
    answers: &[Shown],
    selection: &Selection,
    now: &Zoned,
) -> String {
    let votes = voting_summary(selection);
    format!(
        "{}\n\n{}\n\n{votes}\n\nPresent the best coordinated answer.\n\n{}",
        original(question),
        current(answers),
        date(now)
    )
}

/// An answer as one reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) agent: AgentIndex,
    /// The answer, with paths that the reader can follow.
    pub(crate) content: String,
    /// Where its files are, if it has any.
    pub(crate) files: Option<PathBuf>,
}

/// The answers as the agent at `reader` sees them: paths into their authors' folders become paths into the reader's
/// temporary workspace (`spec/01` §7.3). `desks` are those of all agents, in their order; `folders` are the shared
/// folders that exist.
pub(crate) fn shown(
    answers: &[Answer],
    reader: AgentIndex,
    desks: &[Desk],
    folders: &[PathBuf],
) -> Vec<Shown> {
    let own = desks
        .get(reader.0)
        .and_then(|desk| desk.temporary.as_deref());
    let places = places(desks, own);
    let places: Vec<(&Path, &str)> = places
        .iter()
        .map(|(path, place)| (path.as_path(), place.as_str()))
        .collect();
    let show = |answer: &Answer| {
        let agent = answer.label.agent;
        let folder = own.map(|own| own.join(agent.anonymous()));
        let files = folder.filter(|folder| folders.contains(folder));
        Shown {
            agent,
            content: normalise_paths(&answer.content, &places),
            files,
        }
    };
    answers.iter().map(show).collect()
}

/// For each folder of an agent the place where a reader whose temporary workspace is `own` finds the same files.
fn places(desks: &[Desk], own: Option<&Path>) -> Vec<(PathBuf, String)> {
    let Some(own) = own else { return Vec::new() };
    let mut places = Vec::new();
    for (position, desk) in desks.iter().enumerate() {
        if let Some(workspace) = &desk.workspace {
            let folder = own.join(AgentIndex(position).anonymous());
            places.push((workspace.clone(), folder.display().to_string()));
        }
        if let Some(temporary) = desk
            .temporary
            .as_ref()
            .filter(|temporary| temporary.as_path() != own)
        {
            places.push((temporary.clone(), own.display().to_string()));
        }
    }
    places
}

fn original(question: &str) -> String {
    format!("<ORIGINAL MESSAGE>\n{question}\n<END OF ORIGINAL MESSAGE>")
}

fn current(answers: &[Shown]) -> String {
    let mut text = "<CURRENT ANSWERS from the agents>\n".to_owned();
    if answers.is_empty() {
        text.push_str("(no answers available yet)\n");
    }
    for answer in answers {
        let name = answer.agent.anonymous();
        let _ = writeln!(text, "<{name}>\n{}", answer.content);
        if let Some(files) = &answer.files {
            let _ = writeln!(text, "(files of this answer: {})", files.display());
        }
        let _ = writeln!(text, "<end of {name}>");
    }
    text.push_str("<END OF CURRENT ANSWERS>");
    text
}

fn voting_summary(selection: &Selection) -> String {
    let winner = selection.winner.anonymous();
    if selection.votes.is_empty() {
        return format!("<VOTES>\nNobody voted. You are {winner}.\n<END OF VOTES>");
    }
    let mut text = format!("<VOTES>\nYou are {winner}, and your answer was selected.\n");
    for answer in &selection.answers {
        let agent = answer.label.agent;
        let _ = writeln!(
            text,
            "{} received {} vote(s).",
            agent.anonymous(),
            selection.votes_for(agent)
        );
        for vote in selection
            .votes
            .iter()
            .filter(|vote| vote.label.agent == agent)
        {
            let _ = writeln!(text, "- {}: {}", vote.voter.anonymous(), vote.reason);
        }
    }
    text.push_str("<END OF VOTES>");
    text
}

fn date(now: &Zoned) -> String {
    format!(
        "Current date and time: {}.",
        now.strftime("%A, %-d %B %Y, %H:%M %Z")
    )
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Coordination,
    Presentation,
}

fn files_section(desk: &Desk, moment: Moment) -> String {
    let mut text = String::new();
    if let Some(workspace) = &desk.workspace {
        let _ = write!(
            text,
            "\n\n# Files\n\n- Your workspace is {}. Work there; only you can write to it.",
            workspace.display()
        );
        text.push_str(match moment {
            Moment::Coordination => {
                " It is empty when you start; its files become part of your `new_answer`."
            }
            Moment::Presentation => {
                " It holds the files of your answer, and what you leave there is delivered."
            }
        });
    }
    if let Some(temporary) = &desk.temporary {
        let _ = write!(
            text,
            "\n- The files of the current answers are under {}, one folder an agent (agent1, agent2, …). You can read \
             and run them and copy from them; you cannot change them there.",
            temporary.display()
        );
    }
    if !desk.context_paths.is_empty() {
        if text.is_empty() {
            text.push_str("\n\n# Files\n");
        }
        text.push_str("\n- The user's paths, to be named as absolute paths:");
        for path in &desk.context_paths {
            let _ = write!(
                text,
                "\n  - {}: {}",
                path.path.display(),
                context_access(path, moment)
            );
            for protected in &path.protected {
                let _ = write!(
                    text,
                    "\n    - {} stays as it is, always",
                    protected.display()
                );
            }
        }
    }
    if desk.workspace.is_some() {
        text.push_str(match moment {
            Moment::Coordination => WORKING_WITH_FILES,
            Moment::Presentation => DELIVERING_FILES,
        });
    }
    text
}

fn context_access(path: &ContextPath, moment: Moment) -> &'static str {
    match (path.permission, moment) {
        (Permission::Read, _) => "read only",
        (Permission::Write, Moment::Coordination) => {
            "read only now; the agent that presents the final answer may write here. Make changes on a copy in your \
             workspace first"
        }
        (Permission::Write, Moment::Presentation) => {
            "writable now. Apply the finished work here and check that it is in place"
        }
    }
}

const WORKING_WITH_FILES: &str = "

# How to work

Do what was asked instead of asking back: use your tools, run what you write, and put results that are files into your \
workspace. Judge other answers by their files, and by running them where that is possible, not by their text alone. \
Before `new_answer`, remove files that do not belong to the result. A good `new_answer` lists the files, says what each \
is for, and how to run them.";

const DELIVERING_FILES: &str = "

# How to deliver

Make sure that the files which your text speaks of are where it says, and leave nothing behind that does not belong to \
the result.";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::answer::AnswerLabel;
    use crate::coordinator::Vote;
    use crate::event::SelectionBasis;

    fn now() -> Zoned {
        "2026-11-23T01:02:03[UTC]".parse().unwrap()
    }

    fn answer(agent: usize, content: &str) -> Answer {
        Answer {
            label: AnswerLabel {
                agent: AgentIndex(agent),
                number: 1,
            },
            content: content.into(),
        }
    }

    fn desk(agent: &str) -> Desk {
        let workspace = Some(PathBuf::from(format!("/run/{agent}")));
        Desk {
            workspace,
            temporary: Some(format!("/temp/{agent}").into()),
            context_paths: Vec::new(),
        }
    }

    fn context(permission: Permission) -> ContextPath {
        ContextPath {
            path: "/project".into(),
            permission,
            is_file: false,
            protected: vec!["/project/.git".into()],
        }
    }

    #[test]
    fn a_question_without_answers_says_so() {
        let text = question("Why?", &[], Choices::Answer, &now());
        assert!(
            text.starts_with("<ORIGINAL MESSAGE>\nWhy?\n<END OF ORIGINAL MESSAGE>"),
            "{text}"
        );
        assert!(text.contains("(no answers available yet)"), "{text}");
        assert!(
            text.ends_with("Current date and time: Monday, 23 November 2026, 01:02 UTC."),
            "{text}"
        );
    }

    #[test]
    fn answers_stand_in_tags_under_anonymous_names_with_their_files() {
        let answers = [
            answer(0, "see /run/b/x.py and /run/a/y.py"),
            answer(1, "as /temp/b/agent1/y.py"),
        ];
        let desks = [desk("a"), desk("b")];
        let shown = shown(&answers, AgentIndex(1), &desks, &["/temp/b/agent1".into()]);
        let text = question("Why?", &shown, Choices::AnswerOrVote, &now());
        let expected = "<agent1>\nsee /temp/b/agent2/x.py and /temp/b/agent1/y.py\n(files of this answer: \
                        /temp/b/agent1)\n<end of agent1>\n<agent2>\nas /temp/b/agent1/y.py\n<end of agent2>\n";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn a_path_into_the_authors_view_of_the_others_becomes_one_into_the_readers() {
        let desks = [desk("a"), desk("b")];
        let shown = shown(
            &[answer(1, "as /temp/b/agent1/y.py")],
            AgentIndex(0),
            &desks,
            &[],
        );
        assert_eq!(shown[0].content, "as /temp/a/agent1/y.py");
    }

    #[test]
    fn a_reader_without_workspace_reads_answers_as_they_are() {
        let desks = [Desk::default(), desk("b")];
        let shown = shown(&[answer(1, "see /run/b/x.py")], AgentIndex(0), &desks, &[]);
        assert_eq!(
            shown[0],
            Shown {
                agent: AgentIndex(1),
                content: "see /run/b/x.py".into(),
                files: None
            }
        );
    }

    #[test]
    fn the_system_message_holds_the_agents_own_instructions_and_no_date() {
        let text = coordination_system(Some("Answer in French."), &Desk::default());
        assert!(
            text.contains("# Special requirement\n\nAnswer in French."),
            "{text}"
        );
        assert!(
            !text.contains("date") && !text.contains("# Files"),
            "{text}"
        );
    }

    #[test]
    fn a_writable_context_path_is_read_only_until_the_presentation() {
        let desk = Desk {
            context_paths: vec![context(Permission::Write)],
            ..desk("a")
        };
        let during = coordination_system(None, &desk);
        assert!(during.contains("/project: read only now"), "{during}");
        assert!(during.contains("/project/.git stays as it is"), "{during}");
        assert!(
            during.contains("Your workspace is /run/a.") && during.contains("under /temp/a"),
            "{during}"
        );
        let after = presentation_system(None, &desk);
        assert!(after.contains("/project: writable now"), "{after}");
    }

    #[test]
    fn a_read_only_context_path_stays_read_only() {
        let desk = Desk {
            context_paths: vec![context(Permission::Read)],
            ..Desk::default()
        };
        for text in [
            coordination_system(None, &desk),
            presentation_system(None, &desk),
        ] {
            assert!(
                text.contains("# Files\n") && text.contains("/project: read only\n"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_presenter_reads_the_votes_and_their_reasons() {
        let answers = vec![answer(0, "one"), answer(1, "two")];
        let vote = |voter, reason: &str| Vote {
            voter: AgentIndex(voter),
            label: answers[1].label,
            reason: reason.into(),
        };
        let selection = Selection {
            winner: AgentIndex(1),
            label: Some(answers[1].label),
            basis: SelectionBasis::Votes,
            votes: vec![vote(0, "clear"), vote(1, "short")],
            answers: answers.clone(),
        };
        let shown = shown(&answers, AgentIndex(1), &[], &[]);
        let text = presentation("Why?", &shown, &selection, &now());
        assert!(
            text.contains("You are agent2, and your answer was selected."),
            "{text}"
        );
        assert!(text.contains("agent1 received 0 vote(s).\nagent2 received 2 vote(s).\n- agent1: clear\n- agent2: short"));
    }
}
