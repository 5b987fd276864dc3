//! `coordination_table.txt` (`spec/06` §6): one row an event, one column an agent. Only the acting agent's cell holds
//! the event; the others show what those agents are doing at that moment.

use massgen_config::AgentId;

use super::{Followed, State, Tracker};

/// One event of one agent, and the states of all agents after it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    agent: AgentId,
    text: String,
    states: Vec<String>,
}

const LEGEND: &str = "\
💭 started streaming · ✨ new answer (👁️ its beginning) · 🗳️ vote (💭 its reason) · 🔁 restart triggered
✅ restart completed · ❌ failed or given up · ⏰ out of time · 🏆 winner selected · 🎯 final answer
A label agent2.1 names the first answer of agent2. A restart shows an agent the newest answers. A vote counts for the
very answer that its voter saw.
";

const EVENT_WIDTH: usize = 7;

impl Tracker {
    pub(super) fn row(&mut self, agent: &AgentId, text: &str) {
        let states = self
            .agents
            .iter()
            .map(|info| self.followed.get(&info.id).map_or_else(String::new, state))
            .collect();
        self.rows.push(Row {
            agent: agent.clone(),
            text: text.to_owned(),
            states,
        });
    }

    /// The content of `coordination_table.txt`.
    pub fn table(&self) -> String {
        let width = cell_width(self.agents.len());
        let line = |first: &str, cells: Vec<String>| {
            let cells: String = cells
                .iter()
                .map(|cell| format!(" {} │", fit(cell, width)))
                .collect();
            format!("│ {} │{cells}\n", fit(first, EVENT_WIDTH))
        };
        let heads = self
            .agents
            .iter()
            .map(|agent| format!("{} ({})", agent.anonymous, agent.id))
            .collect();
        let mut table = format!("{LEGEND}\n{}", line("Event", heads));
        for (row, number) in self.rows.iter().zip(1..) {
            let cells = self.agents.iter().zip(&row.states);
            let cells = cells.map(|(info, state)| {
                if info.id == row.agent {
                    row.text.clone()
                } else {
                    state.clone()
                }
            });
            table.push_str(&line(&format!("E{number}"), cells.collect()));
        }
        let total = |count: fn(&Followed) -> String| {
            self.agents
                .iter()
                .map(|info| self.followed.get(&info.id).map_or_else(String::new, count))
                .collect()
        };
        table.push_str(&line(
            "Answers",
            total(|followed| followed.answers.to_string()),
        ));
        table.push_str(&line("Votes", total(|followed| followed.votes.to_string())));
        table.push_str(&line("Status", total(state)));
        table
    }
}

fn state(followed: &Followed) -> String {
    match &followed.state {
        None => String::new(),
        Some(State::Streaming) => "(streaming)".to_owned(),
        Some(State::Answered(label)) => format!("(answered {label})"),
        Some(State::Voted(label)) => format!("(voted {label})"),
        Some(State::Waiting) => "(waiting to be asked again)".to_owned(),
        Some(State::Killed) => "(given up)".to_owned(),
        Some(State::TimedOut) => "(out of time)".to_owned(),
        Some(State::Completed) => "(completed)".to_owned(),
    }
}

/// Cells get narrower with more agents (`spec/06` §6).
fn cell_width(agents: usize) -> usize {
    match agents {
        0 | 1 => 60,
        2 => 40,
        3 => 30,
        _ => 25,
    }
}

/// `text` on one line, cut or filled to `width` characters.
fn fit(text: &str, width: usize) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().count() <= width {
        return format!("{text:<width$}");
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}
