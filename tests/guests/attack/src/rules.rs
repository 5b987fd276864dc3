//! Rules below a grant: read, ask, and patterns that are anchored.

pub(crate) const CHECKS: &str = "
read @/open/config/app.toml -> ok setting
overwrite @/open/config/app.toml x -> not-permitted
create @/open/config/new.toml -> not-permitted
unlink @/open/config/app.toml -> not-permitted
rename @/ws/mine.txt @/open/config/new.toml -> not-permitted
rename @/open/config/app.toml @/open/config/app.txt -> not-permitted
link @/open/config/app.toml @/open/scratch/app -> not-permitted
rename @/open/config @/open/scratch/config -> not-permitted
rename @/open/empty @/open/config -> not-permitted
symlink config/app.toml @/open/scratch/../scratch/app -> ok
symlink ../config/app.toml @/open/scratch/setting -> ok
overwrite @/open/scratch/setting x -> not-permitted
read @/open/ask.txt -> no-entry|not-permitted
exists @/open/ask.txt -> ok
overwrite @/open/ask.txt x -> not-permitted
rename @/open/ask.txt @/ws/ask.txt -> not-permitted
link @/open/ask.txt @/ws/ask.txt -> not-permitted
unlink @/open/ask.txt -> not-permitted
truncate-only @/open/ask.txt -> not-permitted
touch @/open/ask.txt -> not-permitted
";
