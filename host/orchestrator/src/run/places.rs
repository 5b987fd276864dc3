//! The members' directories: under which names agents, prompts and recordings speak of them.

use std::path::PathBuf;

use massgen_backends::Placeholders;

use super::Member;
use crate::answer::AgentIndex;
use crate::prompt::Desk;
use crate::workspace::Workspaces;

pub(super) fn place(member: &Member, workspaces: &Workspaces) -> Desk {
    Desk {
        workspace: workspaces.workspace(&member.id).map(ToOwned::to_owned),
        temporary: workspaces.temporary(&member.id),
        context_paths: member.context_paths.clone(),
    }
}

/// Every path under which an agent may speak of the same files.
pub(super) fn folders(places: &[Desk]) -> Vec<PathBuf> {
    let shared = |desk: &Desk| -> Vec<PathBuf> {
        let views = (0..places.len()).map(|position| AgentIndex(position).anonymous());
        desk.temporary
            .iter()
            .flat_map(|temporary| views.clone().map(|view| temporary.join(view)))
            .collect()
    };
    let workspaces = places.iter().filter_map(|desk| desk.workspace.clone());
    workspaces.chain(places.iter().flat_map(shared)).collect()
}

/// Names for an agent's paths in recordings: `${workspace}`, `${temp_workspace}`, and `${context1}` and so on for the
/// context paths in their order. A longer path comes before one that is its prefix.
pub(super) fn placeholders(desk: &Desk) -> Placeholders {
    let own = [
        ("${workspace}", &desk.workspace),
        ("${temp_workspace}", &desk.temporary),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, path)| Some((name.to_owned(), path.as_ref()?)));
    let context = desk
        .context_paths
        .iter()
        .zip(1..)
        .map(|(path, number)| (format!("${{context{number}}}"), &path.path));
    let mut named: Placeholders = own
        .chain(context)
        .map(|(name, path)| (name, path.display().to_string()))
        .collect();
    named.sort_by_key(|(_, path)| std::cmp::Reverse(path.len()));
    named
}
