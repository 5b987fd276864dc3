//! Hard links, made and found.

pub(crate) const CHECKS: &str = "
overwrite @/open/alias.txt x -> not-permitted
append @/open/alias.txt x -> not-permitted
truncate @/open/alias.txt -> not-permitted
touch @/open/alias.txt -> not-permitted
link @/open/alias.txt @/ws/second.txt -> not-permitted
open-both a @/open/alias.txt -> not-permitted
overwrite @/ws/alias_context.txt x -> not-permitted
truncate-only @/ws/alias_context.txt -> not-permitted
touch @/ws/alias_context.txt -> not-permitted
link @/ws/alias_context.txt @/ws/second.txt -> not-permitted
rename @/ws/alias_context.txt @/ws/renamed.txt -> ok
overwrite @/ws/renamed.txt x -> not-permitted
overwrite @/ws/alias_outside.txt x -> not-permitted
append @/ws/alias_outside.txt x -> not-permitted
truncate @/ws/alias_outside.txt -> not-permitted
link @/context/a.txt @/ws/hard.txt -> not-permitted
link @/peers/agent1/answer.md @/ws/hard.txt -> not-permitted
link @/single/only.txt @/ws/hard.txt -> not-permitted
link @/single/other.txt @/ws/hard.txt -> not-permitted
link @/open/.env @/ws/hard.txt -> not-permitted|no-entry
link @/open/node_modules/m.js @/ws/hard.js -> not-permitted
link @/ws/link_out @/ws/hard.txt -> not-permitted
link @/ws/sub @/ws/hard -> not-permitted
link @/ws/pipe @/ws/hard -> not-permitted
link @/ws/mine.txt/ @/ws/hard.txt -> not-directory
link @/ws/mine.txt @/ws/hard.txt/ -> not-directory|no-entry
link @/ws/mine.txt @/ws/half.txt -> exist
link @/ws/mine.txt @/ws/hard.txt -> ok
overwrite @/ws/hard.txt mine2 -> ok
read @/ws/mine.txt -> ok mine2
unlink @/ws/alias_outside.txt -> ok
";
