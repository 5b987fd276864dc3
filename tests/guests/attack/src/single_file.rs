//! A file that was granted alone.

pub(crate) const CHECKS: &str = "
read @/single/only.txt -> ok only
list @/single -> ok only.txt
read @/single/other.txt -> no-entry
exists @/single/other.txt -> no-entry
read @/single/./other.txt -> no-entry
read @/single/only.txt/../other.txt -> no-entry|not-directory
read @/single/only.txt/x -> no-entry|not-directory
read @/single/only.txt/ -> not-directory
read @/single/only.txt/. -> not-directory|no-entry
read @/single/only.txt.bak -> no-entry
read @/single/ONLY.TXT -> no-entry
create @/single/new.txt -> not-permitted
mkdir @/single/new -> not-permitted
symlink other.txt @/single/link -> not-permitted
link @/single/only.txt @/single/link -> not-permitted
overwrite @/single/only.txt x -> not-permitted
append @/single/only.txt x -> not-permitted
unlink @/single/only.txt -> not-permitted
rename @/single/only.txt @/single/new.txt -> not-permitted
rename @/single/only.txt @/ws/only.txt -> not-permitted
rename @/ws/mine.txt @/single/only.txt -> not-permitted
rename @/single/other.txt @/ws/other.txt -> not-permitted
rmdir @/single -> not-permitted
rename @/single @/ws/single -> not-permitted
open-directory s @/single -> ok
read s:only.txt -> ok only
read s:other.txt -> no-entry
read s:../outside/secret.txt -> not-permitted|no-entry
create s:new.txt -> not-permitted
list-open s -> ok only.txt
";
