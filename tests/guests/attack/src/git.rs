//! What makes git run programs is never written: not by name, by rename, by link or by case.

pub(crate) const CHECKS: &str = "
overwrite @/open/.git/config x -> not-permitted
create @/open/.git/hooks -> not-permitted
mkdir @/open/.git/hooks -> not-permitted
rename @/open/.git @/ws/git -> not-permitted
rename @/open/empty @/open/.git -> not-permitted
mkdir @/ws/.git -> not-permitted
create @/ws/.git -> not-permitted
symlink prepared @/ws/.git -> not-permitted
mkdir @/ws/prepared -> ok
mkdir @/ws/prepared/hooks -> ok
write @/ws/prepared/hooks/pre-commit x -> ok
rename @/ws/prepared @/ws/.git -> not-permitted
rename @/ws/prepared/ @/ws/.git/ -> not-permitted
rename @/ws/prepared @/ws/.GIT -> not-permitted
rename @/ws/prepared @/ws/sub/.git -> not-permitted
rename @/ws/mine.txt @/ws/.git -> not-permitted
link @/ws/mine.txt @/ws/.git -> not-permitted
overwrite @/repo/.git/config x -> not-permitted
create @/repo/.git/hooks/pre-commit -> not-permitted
overwrite @/repo/.git/hooks/pre-push x -> not-permitted
unlink @/repo/.git/hooks/pre-push -> not-permitted
rename @/repo/.git/hooks @/repo/.git/refs/hooks -> not-permitted
rename @/ws/prepared/hooks @/repo/.git/hooks -> not-permitted
rename @/repo/.git @/repo/git -> not-permitted
symlink ../../../ws/mine.txt @/repo/.git/refs/heads/evil -> not-permitted
symlink . @/repo/.git/objects/pack/evil -> not-permitted
create @/repo/.git/objects/info/alternates -> not-permitted
mkdir @/repo/.git/modules -> not-permitted
create @/repo/.git/config.worktree -> not-permitted
create @/repo/.git/commondir -> not-permitted
create @/repo/.git/info/attributes -> not-permitted
create @/repo/sub/.git -> not-permitted
symlink ../.git/config @/repo/sub/innocent -> ok
overwrite @/repo/sub/innocent x -> not-permitted
symlink ../.git @/repo/sub/dir -> ok
create @/repo/sub/dir/hooks/post-commit -> not-permitted
link @/repo/.git/config @/repo/sub/config -> not-permitted
open-directory g @/repo/.git -> ok
create g:hooks/post-commit -> not-permitted
rename g:hooks g:refs/hooks -> not-permitted
write @/repo/.git/refs/heads/topic 0 -> ok
write @/repo/.git/COMMIT_EDITMSG text -> ok
";
