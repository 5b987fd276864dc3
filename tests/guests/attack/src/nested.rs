//! A read-only mount below a writable one, and the ways in and out of it.

pub(crate) const CHECKS: &str = "
read @/open/outer/nested/n.txt -> ok nested
overwrite @/open/outer/nested/n.txt x -> not-permitted
create @/open/outer/nested/new.txt -> not-permitted
create @/open/outer/./nested/new.txt -> not-permitted
create @/open/outer/x/../nested/new.txt -> no-entry|not-permitted
unlink @/open/outer/nested/n.txt -> not-permitted
rename @/open/outer/nested/n.txt @/open/scratch/n.txt -> not-permitted
rename @/ws/mine.txt @/open/outer/nested/n.txt -> not-permitted
link @/open/outer/nested/n.txt @/open/scratch/n.txt -> not-permitted
read @/open/outer/nested/../nested/n.txt -> ok nested
read @/open/outer/nested/../../../outside/secret.txt -> no-entry
create @/open/outer/nested/../nested/new.txt -> not-permitted
open-directory o @/open/outer -> ok
create o:nested/new.txt -> not-permitted
overwrite o:nested/n.txt x -> not-permitted
unlink o:nested/n.txt -> not-permitted
rename o:nested o:moved -> not-permitted
rmdir o:nested -> not-permitted
open-directory n @/open/outer/nested -> ok
create n:new.txt -> not-permitted
read n:../outer.txt -> not-permitted
list n:. -> ok n.txt
symlink ../outer/nested @/open/scratch/in -> ok
create @/open/scratch/in/new.txt -> not-permitted
read @/open/scratch/in/n.txt -> ok nested
read @/open/scratch/in/../outer.txt -> ok outer
";
