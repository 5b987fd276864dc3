//! Names of Claude Code's own tools in lists of tools. Those are switched off; what does the same here stands for them, so
//! that a list narrows an agent as its user meant.

use crate::plan::ToolFilter;

/// A tool of Claude Code's and the tools that do the same here. Tools that nothing here does (WebFetch, Task, …) stand
/// for none.
const SAME: [(&str, &[&str]); 10] = [
    (
        "Read",
        &[
            "read_file",
            "read_text_file",
            "read_media_file",
            "read_multiple_files",
            "get_file_info",
        ],
    ),
    ("Write", &["write_file", "create_directory"]),
    ("Edit", &["edit_file"]),
    ("MultiEdit", &["edit_file"]),
    (
        "LS",
        &[
            "list_directory",
            "list_directory_with_sizes",
            "directory_tree",
            "list_allowed_directories",
        ],
    ),
    ("Glob", &["search_files"]),
    ("Grep", &["search_files"]),
    ("Bash", &["execute_command", "start_background_shell"]),
    (
        "BashOutput",
        &[
            "get_background_shell_output",
            "get_background_shell_status",
            "list_background_shells",
        ],
    ),
    ("KillShell", &["kill_background_shell"]),
];

/// The lists with the names of tools that there are.
pub(crate) fn own_tools(filter: ToolFilter) -> ToolFilter {
    ToolFilter {
        allowed: filter
            .allowed
            .map(|names| names.into_iter().flat_map(own_names).collect()),
        excluded: filter.excluded.into_iter().flat_map(own_names).collect(),
    }
}

fn own_names(name: String) -> Vec<String> {
    match SAME.iter().find(|(theirs, _)| *theirs == name) {
        Some((_, ours)) => ours.iter().map(|&name| name.to_owned()).collect(),
        None => vec![name],
    }
}
