//! Pipes, sockets and devices are never opened.

pub(crate) const CHECKS: &str = "
read @/ws/pipe -> no-entry
overwrite @/ws/pipe x -> not-permitted
open @/ws/pipe -> no-entry
truncate-only @/ws/pipe -> not-permitted
open-both p @/ws/pipe -> not-permitted|no-entry
open-directory p @/ws/pipe -> no-entry|not-directory
read @/ws/socket -> no-entry
overwrite @/ws/socket x -> not-permitted
read @/ws/device -> no-entry
overwrite @/ws/device x -> not-permitted
truncate-only @/ws/device -> not-permitted
append @/ws/device x -> not-permitted
read @/ws/link_pipe -> no-entry
overwrite @/ws/link_pipe x -> not-permitted
link @/ws/device @/ws/device2 -> not-permitted
link @/ws/socket @/ws/socket2 -> not-permitted
rename @/ws/mine.txt @/ws/pipe/ -> not-directory
exists @/ws/pipe -> ok
create @/ws/pipe -> exist
mkdir @/ws/pipe -> exist
symlink x @/ws/pipe -> exist
";
