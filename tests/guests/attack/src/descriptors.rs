//! Open directories cannot be left, and follow the rules of where they are now.

pub(crate) const CHECKS: &str = "
open-directory w @/ws -> ok
read w:mine.txt -> ok mine
read w:sub/../mine.txt -> ok mine
read w:../outside/secret.txt -> not-permitted
read w:../ws/mine.txt -> not-permitted
read w:sub/../../ws/mine.txt -> not-permitted
read w:/etc/passwd -> not-permitted
read w:link_out -> not-permitted
read w:link_absolute -> not-permitted
read w:link_dir/secret.txt -> not-permitted
read w:link_magic/etc/passwd -> not-permitted
overwrite w:link_out x -> not-permitted
create-any w:link_new -> not-permitted
rename w:mine.txt w:../outside/x -> not-permitted
link w:mine.txt w:../outside/x -> not-permitted
mkdir w:../new -> not-permitted
rmdir w:. -> not-permitted|busy|invalid
rmdir w:.. -> not-permitted
unlink w:.. -> not-permitted
mkdir @/open/scratch/d -> ok
open-directory d @/open/scratch/d -> ok
create d:a.txt -> ok
rename @/open/scratch/d @/open/scratch/e -> ok
create d:b.txt -> ok
list @/open/scratch/e -> ok a.txt b.txt
read d:../../keep/secret.txt -> not-permitted
symlink ../../keep @/open/scratch/e/up -> ok
create d:up/new.txt -> not-permitted
unlink d:up -> ok
unlink d:a.txt -> ok
unlink d:b.txt -> ok
rmdir @/open/scratch/e -> ok
create d:c.txt -> no-entry
mkdir d:c -> no-entry
list-open d -> no-entry|ok
exists d:. -> no-entry
read d:../e/x -> not-permitted
mkdir @/open/scratch/e -> ok
create d:c.txt -> no-entry
list @/open/scratch/e -> ok
rename @/open/scratch/e d:e -> no-entry
open-directory r /. -> ok
read r:../etc/passwd -> not-permitted
exists r:. -> ok
open-read f @/ws/mine.txt -> ok
read f:x -> not-directory|bad-descriptor
list-open f -> not-directory
mkdir f:x -> not-directory|bad-descriptor
";
