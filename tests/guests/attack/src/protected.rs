//! Protected paths in a writable context, there or not.

pub(crate) const CHECKS: &str = "
read @/open/keep/secret.txt -> ok protected
overwrite @/open/keep/secret.txt x -> not-permitted
append @/open/keep/secret.txt x -> not-permitted
overwrite @/open//./deep/../keep/secret.txt x -> not-permitted
overwrite @/ws/../open/keep/secret.txt x -> not-permitted
create @/open/keep/new.txt -> not-permitted
mkdir @/open/keep/new -> not-permitted
symlink x @/open/keep/link -> not-permitted
unlink @/open/keep/secret.txt -> not-permitted
touch @/open/keep/secret.txt -> not-permitted
touch @/open/keep -> not-permitted
rename @/ws/mine.txt @/open/keep/secret.txt -> not-permitted
rename @/ws/mine.txt @/open/keep/new.txt -> not-permitted
rename @/open/keep/secret.txt @/ws/secret.txt -> not-permitted
link @/open/keep/secret.txt @/open/scratch/alias.txt -> not-permitted
link @/ws/mine.txt @/open/keep/alias.txt -> not-permitted
create @/open/missing.txt -> not-permitted
create-any @/open/missing.txt -> not-permitted
mkdir @/open/missing.txt -> not-permitted
symlink scratch @/open/missing.txt -> not-permitted
rename @/ws/mine.txt @/open/missing.txt -> not-permitted
rename @/open/empty @/open/missing.txt -> not-permitted
link @/ws/mine.txt @/open/missing.txt -> not-permitted
symlink ../missing.txt @/open/scratch/to_missing -> ok
create-any @/open/scratch/to_missing -> not-permitted
write @/open/scratch/to_missing x -> not-permitted
overwrite @/open/node_modules/m.js x -> not-permitted
create @/open/node_modules/n.js -> not-permitted
unlink @/open/node_modules/m.js -> not-permitted
rename @/open/node_modules @/open/scratch/modules -> not-permitted
rename @/open/empty @/open/node_modules -> not-permitted
mkdir @/open/scratch/node_modules -> not-permitted
mkdir @/open/scratch/__pycache__ -> not-permitted
symlink scratch @/open/venv -> not-permitted
mkdir @/open/.massgen -> not-permitted
rename @/open/empty @/open/.massgen -> not-permitted
read @/open/node_modules/m.js -> ok module
mkdir @/ws/node_modules -> ok
write @/open/scratch/free.txt x -> ok
open-directory k @/open/keep -> ok
create k:new.txt -> not-permitted
touch-open k -> not-permitted
unlink k:secret.txt -> not-permitted
read k:secret.txt -> ok protected
";
