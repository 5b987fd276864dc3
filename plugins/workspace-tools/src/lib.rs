//! Tools that copy, delete and compare files and directories.

mod compare;
mod copy;
mod delete;
mod walk;

use massgen_plugin::{Plugin, Tool};

/// The plugin.
pub struct WorkspaceTools;

massgen_plugin::export!(WorkspaceTools);

impl Plugin for WorkspaceTools {
    fn tools() -> Vec<Tool> {
        tools()
    }
}

/// The tools of this plugin.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::new(
            "copy_file",
            "Copies a file, or a directory with everything in it. Directories are merged: what exists at the destination \
             and not at the source stays. With `overwrite` existing files are replaced.",
            copy::one,
        ),
        Tool::new(
            "copy_files_batch",
            "Copies the files below a directory whose relative paths match glob patterns, keeping their relative paths.",
            copy::batch,
        ),
        Tool::new("delete_file", "Deletes a file, or a directory; with all it holds only if `recursive`.", delete::one),
        Tool::new(
            "delete_files_batch",
            "Deletes the files below a directory whose relative paths match glob patterns. Directories stay.",
            delete::batch,
        ),
        Tool::new(
            "compare_directories",
            "Compares the entries of two directories by name and content; optionally shows the differences of text files.",
            compare::directories,
        )
        .read_only(),
        Tool::new("compare_files", "Compares two text files and returns a unified diff.", compare::files).read_only(),
    ]
}
