//! Metadata and timestamps: what may be learned, and what may be set.

pub(crate) const CHECKS: &str = "
stat @/context/a.txt -> ok 7 2
exists @/single/other.txt -> no-entry
lexists @/single/other.txt -> no-entry
hash @/single/other.txt -> no-entry
exists @/open/.env -> no-entry
lexists @/open/.env -> no-entry
hash @/open/.env -> no-entry
readlink @/open/.env -> no-entry
touch @/open/.env -> no-entry
ltouch @/open/.env -> no-entry
touch @/context/a.txt -> not-permitted
ltouch @/context/a.txt -> not-permitted
touch @/context/sub -> not-permitted
touch @/context/sub/.. -> not-permitted
touch @/open/keep -> not-permitted
touch @/open/keep/. -> not-permitted
touch @/open/alias.txt -> not-permitted
touch @/open/link_keep -> not-permitted
touch @/ws/link_out -> not-permitted
touch @/ws/link_context -> not-permitted
touch @/ws/none -> no-entry
touch @/ws/link_loop -> loop
touch /. -> not-permitted
touch @ -> not-permitted
touch @/single -> not-permitted
touch @/single/only.txt -> not-permitted
exists @/ws/mine.txt/ -> not-directory
exists @/ws/sub/ -> ok
readlink @/ws/mine.txt -> invalid
readlink @/ws -> invalid
touch @/ws -> ok
touch @/ws/sub -> ok
list @/single -> ok only.txt
";
