//! Tools to read, write, edit, list and search files: the names and arguments of the Model Context Protocol's reference
//! filesystem server, so that models and configurations that know it need not change.

mod edit;
mod list;
mod read;
mod search;
mod write;

use massgen_plugin::{Plugin, Tool};

/// The plugin.
pub struct Filesystem;

massgen_plugin::export!(Filesystem);

impl Plugin for Filesystem {
    fn tools() -> Vec<Tool> {
        tools()
    }
}

/// The tools of this plugin.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::new("read_file", "Reads a text file; the same as read_text_file.", read::text_file).read_only(),
        Tool::new(
            "read_text_file",
            "Reads a text file whole, or only its first (`head`) or last (`tail`) lines.",
            read::text_file,
        )
        .read_only(),
        Tool::new("read_media_file", "Reads a picture or a sound as such.", read::media_file).read_only(),
        Tool::new(
            "read_multiple_files",
            "Reads several text files in one call; a file that cannot be read does not keep the others from being read.",
            read::multiple_files,
        )
        .read_only(),
        Tool::new("write_file", "Makes a file with this content, or replaces the content of one.", write::file).idempotent(),
        Tool::new(
            "edit_file",
            "Replaces passages of a text file, each found by its exact lines (indentation may differ), and returns the \
             change as a diff. With `dryRun` nothing is written.",
            edit::file,
        ),
        Tool::new("create_directory", "Makes a directory and those above it; no error if it exists.", write::directory)
            .additive()
            .idempotent(),
        Tool::new("list_directory", "Lists a directory: one line an entry, [FILE] or [DIR] before its name.", list::directory)
            .read_only(),
        Tool::new("list_directory_with_sizes", "Lists a directory with sizes and totals.", list::with_sizes).read_only(),
        Tool::new("directory_tree", "Shows a directory with everything below it, as JSON.", list::tree).read_only(),
        Tool::new(
            "move_file",
            "Moves or renames a file or directory. Nothing may exist at the destination.",
            write::rename,
        ),
        Tool::new(
            "search_files",
            "Finds files and directories below a directory whose path matches a glob pattern such as `*.py` or `**/test_*`.",
            search::files,
        )
        .read_only(),
        Tool::new("get_file_info", "Tells kind, size and times of a file or directory; of a link, its own.", list::info).read_only(),
        Tool::new("list_allowed_directories", "Lists the paths that were granted, and for what.", list::allowed).read_only(),
    ]
}
