//! Names: case, Unicode spellings, length, zero bytes, depth, and text that looks like the kernel's.

pub(crate) const CHECKS: &str = "
read @/open/KEEP/secret.txt -> no-entry
read @/WS/mine.txt -> no-entry
create @/OPEN/new.txt -> not-permitted
create @/open/scratch/.Env -> no-entry
create @/open/scratch/.eNV.local -> no-entry
mkdir @/open/scratch/.SSH -> no-entry
create @/ws/.GIT -> not-permitted
create @/ws/.Git -> not-permitted
write @/ws/\u{e9} composed -> ok
exists @/ws/e\u{301} -> no-entry
write @/ws/e\u{301} decomposed -> ok
read @/ws/\u{e9} -> ok composed
create @/open/scratch/{x*255} -> ok
create @/open/scratch/{x*256} -> name-too-long
exists @/ws/{x*256} -> name-too-long|no-entry
read @/outside/{x*256} -> no-entry
mkdir @/ws/{\u{e9}*128} -> name-too-long
read @/ws/{a/*2500}x -> name-too-long|no-entry
read @/ws/{./*2100}mine.txt -> name-too-long
read {../*2000}etc/passwd -> name-too-long|not-permitted
read ../{a/*2000000}x -> name-too-long
mkdir @/ws/{./*500000}new -> name-too-long
descend @/ws 40 -> name-too-long
exists {NUL} -> invalid
read @/ws/mine.txt{NUL}.jpg -> invalid
create @/ws/new{NUL}.txt -> invalid
rename @/ws/mine.txt @/ws/new{NUL}.txt -> invalid
read @/ws/min\u{435}.txt -> no-entry
read @/ws/mine.txt\u{200b} -> no-entry
read @/ws/mine.txt{SP} -> no-entry
read @/ws/\\mine.txt -> no-entry
write @/ws/..\\outside x -> ok
write @/ws/... x -> ok
write @/ws/..x x -> ok
mkdir @/ws/gone{SP}(deleted) -> ok
write @/ws/gone{SP}(deleted)/f x -> ok
read @/ws/gone{SP}(deleted)/f -> ok x
mkdir @/ws/. -> exist
mkdir @/ws/.. -> exist|not-permitted
unlink @/ws/.. -> not-permitted
read // -> not-permitted
open-directory d @/ws -> ok
read d: -> no-entry
mkdir d: -> no-entry
unlink d: -> no-entry
rename d: d:x -> no-entry
";
