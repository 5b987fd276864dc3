//! Symbolic links: left by the host, made by the guest, in chains, in loops, dangling, and with slashes behind.

pub(crate) const CHECKS: &str = "
read @/ws/link_out -> no-entry
overwrite @/ws/link_out x -> not-permitted
truncate-only @/ws/link_out -> not-permitted
append @/ws/link_out x -> not-permitted
touch @/ws/link_out -> not-permitted
exists @/ws/link_out -> no-entry
hash @/ws/link_out -> no-entry
create-any @/ws/link_new -> not-permitted
write @/ws/link_new x -> not-permitted
mkdir @/ws/link_new -> exist
mkdir @/ws/link_new/ -> not-permitted
read @/ws/link_absolute -> no-entry
overwrite @/ws/link_absolute x -> not-permitted
read @/ws/link_dir/secret.txt -> no-entry
list @/ws/link_dir -> no-entry
list @/ws/link_dir/ -> no-entry
create @/ws/link_dir/new.txt -> not-permitted
unlink @/ws/link_dir/secret.txt -> not-permitted
rmdir @/ws/link_dir/ -> not-permitted
rename @/ws/link_dir/secret.txt @/ws/stolen.txt -> not-permitted
rename @/ws/mine.txt @/ws/link_dir/mine.txt -> not-permitted
rename @/ws/link_dir/ @/ws/stolen -> not-permitted
link @/ws/link_dir/secret.txt @/ws/stolen.txt -> not-permitted
link-follow @/ws/link_out @/ws/stolen.txt -> invalid|not-permitted
link @/ws/link_out @/ws/stolen_link -> not-permitted
read @/ws/link_dir/../mine.txt -> no-entry
read @/ws/link_chain -> no-entry
overwrite @/ws/link_chain x -> not-permitted
read @/ws/link_loop -> loop
exists @/ws/link_loop -> loop
read @/ws/link_loop/x -> loop
create-any @/ws/link_loop -> loop
read @/ws/link_ping -> loop
read @/ws/link_magic/etc/passwd -> no-entry
list @/ws/link_magic -> no-entry
read @/ws/link_fd/0 -> no-entry
read @/ws/link_cwd/Cargo.toml -> no-entry
overwrite @/ws/link_context x -> not-permitted
read @/ws/link_context -> ok context
overwrite @/open/link_keep x -> not-permitted
create @/open/link_keep_dir/new.txt -> not-permitted
unlink @/open/link_keep_dir/secret.txt -> not-permitted
rename @/open/link_keep_dir/ @/open/scratch/keep -> not-permitted
symlink /etc/passwd @/ws/made_absolute -> not-permitted
symlink ../outside/secret.txt @/ws/made -> ok
read @/ws/made -> no-entry
overwrite @/ws/made x -> not-permitted
symlink ../outside @/ws/made_dir -> ok
read @/ws/made_dir/secret.txt -> no-entry
create @/ws/made_dir/new.txt -> not-permitted
symlink made_dir @/ws/made_chain -> ok
read @/ws/made_chain/secret.txt -> no-entry
rename @/ws/made_chain @/ws/sub/made_chain -> ok
read @/ws/sub/made_chain/secret.txt -> no-entry|not-permitted
symlink ../../../../../../../etc @/ws/made_etc -> ok
read @/ws/made_etc/passwd -> no-entry|not-permitted
symlink ../single/other.txt @/ws/made_sibling -> ok
read @/ws/made_sibling -> no-entry
symlink ../open/.env @/ws/made_env -> ok
read @/ws/made_env -> no-entry
symlink ../open/keep @/ws/made_keep -> ok
create @/ws/made_keep/new.txt -> not-permitted
chain @/ws/c 39 -> no-entry
chain @/ws/d 41 -> loop
readlink @/ws/link_out -> ok ../outside/secret.txt
ltouch @/ws/link_out -> ok
unlink @/ws/link_out -> ok
exists @/ws/sub -> ok
symlink {NUL} @/ws/zero -> invalid
symlink {x*5000} @/ws/long_target -> name-too-long
";
