//! Renames and removals of directories above and at what is protected, granted or hidden.

pub(crate) const CHECKS: &str = "
rename @/open/deep @/open/moved -> not-permitted
rename @/open/deep @/ws/deep -> not-permitted
rename @/open/deep/ @/open/moved -> not-permitted
rename @/open/empty @/open/deep -> not-permitted
rename @/open/scratch @/open/deep -> not-permitted
rename @/open/empty @/open/new -> not-permitted
rename @/ws/mine.txt @/open/new -> not-permitted
rename @/open/keep @/open/moved -> not-permitted
rename @/open/empty @/open/keep -> not-permitted
rmdir @/open/keep -> not-permitted
rmdir @/open/deep -> not-permitted
symlink scratch @/open/new -> not-permitted
symlink ../ws @/open/new -> not-permitted
symlink scratch @/open/vault -> no-entry|not-permitted
rename @/ws @/open/scratch/ws -> not-permitted
rename @/ws/ @/open/scratch/ws -> not-permitted
rename @/ws/. @/open/scratch/ws -> not-permitted|busy
rename @/open/empty @/ws -> not-permitted
rename @/open @/ws/open -> not-permitted
rmdir @/ws -> not-permitted
rmdir @/ws/. -> not-permitted|busy|invalid
rmdir @/ws/sub/.. -> not-permitted|busy
unlink @/ws -> not-permitted
rename @ /elsewhere -> not-permitted
rmdir @ -> not-permitted
rename @/open/empty @/ws/empty -> cross-device
rename @/ws/sub @/open/scratch/sub -> cross-device
rename @/open/outer @/open/moved -> not-permitted
rename @/open/empty @/open/outer -> not-permitted
rename @/open/outer/nested @/open/scratch/nested -> not-permitted
rmdir @/open/outer/nested -> not-permitted
rename @/ws/sub @/ws/sub/below -> invalid
rename @/ws/sub @/ws/mine.txt -> not-directory|not-permitted
rename @/ws/mine.txt @/ws/sub -> is-directory
rename @/ws/full @/ws/sub -> ok
rename @/ws/half.txt/ @/ws/x -> not-directory
rename @/ws/half.txt @/ws/x/ -> not-directory
";
