//! A context that may only be read.

pub(crate) const CHECKS: &str = "
read @/context/a.txt -> ok context
overwrite @/context/a.txt x -> not-permitted
append @/context/a.txt x -> not-permitted
create @/context/new.txt -> not-permitted
create-any @/context/new.txt -> not-permitted
mkdir @/context/new -> not-permitted
symlink a.txt @/context/link -> not-permitted
unlink @/context/a.txt -> not-permitted
unlink @/context/a.txt/ -> not-permitted|not-directory
rmdir @/context/sub -> not-permitted
rename @/context/a.txt @/context/b.txt -> not-permitted
rename @/context/a.txt @/ws/a.txt -> not-permitted
rename @/ws/mine.txt @/context/a.txt -> not-permitted
rename @/ws/mine.txt @/context/new.txt -> not-permitted
rename @/context/sub @/ws/sub2 -> not-permitted
link @/context/a.txt @/ws/hard.txt -> not-permitted
link @/ws/mine.txt @/context/hard.txt -> not-permitted
touch @/context/a.txt -> not-permitted
touch @/context -> not-permitted
rmdir @/context -> not-permitted
rename @/context @/ws/context -> not-permitted
overwrite @/peers/agent1/answer.md x -> not-permitted
read @/peers/agent1/answer.md -> ok answer
open-both b @/context/a.txt -> not-permitted
open-directory c @/context -> ok
create c:new.txt -> not-permitted
mkdir c:new -> not-permitted
unlink c:a.txt -> not-permitted
rename c:a.txt c:b.txt -> not-permitted
link c:a.txt @/ws/hard.txt -> not-permitted
touch-open c -> not-permitted
open-read r @/context/a.txt -> ok
read-open r -> ok context
write-open r x -> not-permitted|bad-descriptor
write-stream r x -> not-permitted|bad-descriptor
append-stream r x -> not-permitted|bad-descriptor
size-open r 0 -> not-permitted|bad-descriptor
touch-open r -> not-permitted|bad-descriptor
";
