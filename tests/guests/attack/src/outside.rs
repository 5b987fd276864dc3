//! Paths outside every grant, by every operation and spelling.

pub(crate) const CHECKS: &str = "
read @/outside/secret.txt -> no-entry
exists @/outside/secret.txt -> no-entry
exists @/outside -> no-entry
exists @/none -> no-entry
list @/outside -> no-entry
overwrite @/outside/secret.txt x -> not-permitted
write @/outside/new.txt x -> not-permitted
create @/outside/new.txt -> not-permitted
truncate @/outside/secret.txt -> not-permitted
truncate-only @/outside/secret.txt -> not-permitted
append @/outside/secret.txt x -> not-permitted
mkdir @/outside/new -> not-permitted
mkdir @/beside -> not-permitted
unlink @/outside/secret.txt -> not-permitted
rmdir @/outside -> not-permitted
touch @/outside/secret.txt -> not-permitted
symlink x @/outside/link -> not-permitted
rename @/outside/secret.txt @/ws/stolen.txt -> not-permitted
rename @/ws/mine.txt @/outside/secret.txt -> not-permitted
link @/outside/secret.txt @/ws/stolen.txt -> not-permitted
link @/ws/mine.txt @/outside/new.txt -> not-permitted
readlink @/outside/link -> no-entry
hash @/outside/secret.txt -> no-entry
read /etc/passwd -> no-entry
read //etc/passwd -> not-permitted
read /../etc/passwd -> not-permitted
read ../../../etc/passwd -> not-permitted
read @/../../../../../../../etc/passwd -> not-permitted
read /proc/self/environ -> no-entry
read /proc/self/cmdline -> no-entry
list /proc/self/fd -> no-entry
read /proc/self/root/etc/passwd -> no-entry
read /dev/mem -> no-entry
read @/ws/../outside/secret.txt -> no-entry
read @/ws/sub/../../outside/secret.txt -> no-entry
read @/ws/./sub/.././../outside/./secret.txt -> no-entry
read @/ws//..//outside//secret.txt -> no-entry
read @/ws/none/../../outside/secret.txt -> no-entry
read @/ws/mine.txt/../../outside/secret.txt -> not-directory
overwrite @/ws/../outside/secret.txt x -> not-permitted
create @/ws/sub/../../outside/new.txt -> not-permitted
mkdir @/ws/../outside/new/ -> not-permitted
rename @/ws/mine.txt @/ws/../outside/new.txt -> not-permitted
exists @/wsx -> no-entry
create @/wsx -> not-permitted
list @ -> ok context open peers repo single ws
read @/ws/../ws/mine.txt -> ok mine
";
