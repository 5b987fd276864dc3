//! Opens that write without asking for the right to, and opens of the wrong kind.

pub(crate) const CHECKS: &str = "
truncate @/context/a.txt -> not-permitted
truncate-only @/context/a.txt -> not-permitted
truncate-read @/context/a.txt -> not-permitted
truncate @/open/keep/secret.txt -> not-permitted
truncate-only @/open/keep/secret.txt -> not-permitted
truncate-read @/open/keep/secret.txt -> not-permitted
truncate-only @/open/alias.txt -> not-permitted
truncate-read @/open/alias.txt -> not-permitted
truncate-only @/open/node_modules/m.js -> not-permitted
truncate-only @/open/.git/config -> not-permitted
truncate-only @/single/only.txt -> not-permitted
truncate-only @/ws/link_context -> not-permitted
truncate @/open/.env -> no-entry
truncate @/context -> is-directory
truncate @/ws -> is-directory
open-write w @/ws/sub -> is-directory
read @/ws/sub -> is-directory
list @/ws/mine.txt -> not-directory
create @/ws/mine.txt -> exist
create @/ws/link_new -> exist
create @/ws/link_out -> exist
create @/context/a.txt -> exist
create @/open/.env -> no-entry
create @/ws -> exist
no-follow @/ws/link_context -> loop
read @/ws/mine.txt/ -> not-directory
create @/ws/new/ -> no-entry|is-directory
open @/ws/none -> no-entry
truncate-only @/ws/half.txt -> ok
stat @/ws/half.txt -> ok 0 1
";
