//! Puts the files of an answer back onto their author's desk.

use std::ffi::OsStr;
use std::os::fd::AsFd;

use massgen_config::AgentId;

use super::{Tally, WorkspaceError, Workspaces, tree};
use crate::answer::AnswerLabel;

impl Workspaces {
    /// Makes the agent's workspace hold exactly the files of this answer, so that the winner presents with the files
    /// that it was chosen for. An answer without files gives an empty workspace.
    ///
    /// # Errors
    /// The workspace cannot be emptied or written, or the snapshot cannot be read.
    pub fn restore(&self, agent: &AgentId, label: AnswerLabel) -> Result<Tally, WorkspaceError> {
        let Some(workspace) = &self.member(agent)?.workspace else {
            return Ok(Tally::default());
        };
        workspace.clear()?;
        let Some(snapshot) = self.open_snapshot(label)? else {
            return Ok(Tally::default());
        };
        tree::copy(snapshot.as_fd(), workspace.handle(), OsStr::new(""))
            .map_err(|source| workspace.tree_failed(source))
    }
}
