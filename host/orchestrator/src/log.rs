//! Writes the run's log from the event stream, and nothing but the event stream: the journal first, then what each
//! agent said, and at the end the tracker's files. What cannot be written is told once and does not stop
//! the run.

use std::collections::HashMap;

use massgen_config::AgentId;

use crate::event::{Event, EventKind, EventSink};
use crate::layout::{Appender, LogError, LogLayout};
use crate::spending::Ledger;
use crate::tracker::Tracker;

/// The log of one run.
struct RunLog {
    layout: LogLayout,
    journal: Appender,
    outputs: HashMap<AgentId, Appender>,
    tracker: Tracker,
}

/// Gives events their numbers and times, and hands them to the log and to every sink, in this order.
pub(crate) struct Publisher {
    next: u64,
    log: Option<RunLog>,
    log_failed: bool,
    sinks: Vec<EventSink>,
    ledger: Ledger,
}

impl Publisher {
    /// # Errors
    /// The journal cannot be opened.
    pub(crate) fn new(log: Option<LogLayout>, sinks: Vec<EventSink>) -> Result<Self, LogError> {
        let log = log.map(RunLog::open).transpose()?;
        Ok(Self {
            next: 0,
            log,
            log_failed: false,
            sinks,
            ledger: Ledger::default(),
        })
    }

    pub(crate) fn publish(&mut self, kind: EventKind) {
        let event = Event {
            seq: self.next,
            at: jiff::Timestamp::now(),
            kind,
        };
        self.next += 1;
        self.ledger.record(&event.kind);
        let failure = self.log.as_mut().and_then(|log| log.record(&event).err());
        for sink in &mut self.sinks {
            sink(&event);
        }
        if let Some(failure) = failure.filter(|_| !self.log_failed) {
            self.log_failed = true;
            self.warn(None, failure.to_string());
        }
    }

    /// Tells what was spent, where anything was.
    pub(crate) fn publish_spending(&mut self) {
        if let Some(spent) = self.ledger.spent() {
            self.publish(spent);
        }
    }

    pub(crate) fn warn(&mut self, agent: Option<AgentId>, message: String) {
        self.publish(EventKind::Warning { agent, message });
    }
}

impl RunLog {
    fn open(layout: LogLayout) -> Result<Self, LogError> {
        let journal = layout.open_journal()?;
        Ok(Self {
            layout,
            journal,
            outputs: HashMap::new(),
            tracker: Tracker::default(),
        })
    }

    /// Writes everything that the event gives cause to. A failure does not keep the rest from being written; the first
    /// one is returned.
    fn record(&mut self, event: &Event) -> Result<(), LogError> {
        let journaled = self.journal.append_json(event);
        self.tracker.record(event);
        let written = match &event.kind {
            EventKind::Content { agent, text } | EventKind::PresentationContent { agent, text } => {
                self.output(agent, text)
            }
            EventKind::AnswerAccepted { agent, label, .. } => {
                self.output(agent, &format!("\n[answer {label}]\n"))
            }
            EventKind::VoteCast { agent, label, .. } => {
                self.output(agent, &format!("\n[vote for {label}]\n"))
            }
            EventKind::ToolCallFinished {
                agent,
                tool,
                summary,
                lane,
                ..
            } => {
                let lane = lane.as_ref().map(|lane| format!(" in the lane {lane}"));
                let lane = lane.unwrap_or_default();
                self.output(agent, &format!("\n[{tool}{lane}] {summary}\n"))
            }
            EventKind::AgentFailed { agent, error, .. } => {
                self.output(agent, &format!("\n[failed] {error}\n"))
            }
            EventKind::PresentationFinished { agent, text, .. } => {
                self.layout.write_final_presentation(agent, text)
            }
            EventKind::RunFinished { .. } => self.finish(),
            _ => Ok(()),
        };
        journaled.and(written)
    }

    fn output(&mut self, agent: &AgentId, text: &str) -> Result<(), LogError> {
        if !self.outputs.contains_key(agent) {
            let output = self.layout.open_agent_output(agent)?;
            self.outputs.insert(agent.clone(), output);
        }
        self.outputs
            .get_mut(agent)
            .map_or(Ok(()), |output| output.append(text))
    }

    fn finish(&mut self) -> Result<(), LogError> {
        let written = [
            self.layout
                .write_coordination_events(&self.tracker.coordination_events()),
            self.layout
                .write_snapshot_mappings(&self.tracker.snapshot_mappings()),
            self.layout.write_coordination_table(&self.tracker.table()),
            self.layout.write_system_status(&self.tracker.status()),
        ];
        written.into_iter().collect()
    }
}
