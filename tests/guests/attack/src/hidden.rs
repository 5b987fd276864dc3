//! Hidden names: by every operation, by links, by case, by renames of what is above.

pub(crate) const CHECKS: &str = "
read @/open/.env -> no-entry
overwrite @/open/.env x -> no-entry
append @/open/.env x -> no-entry
create-any @/open/.env -> no-entry
write @/open/.env x -> no-entry
unlink @/open/.env -> no-entry
rename @/open/.env @/ws/env -> no-entry
rename @/ws/mine.txt @/open/.env -> no-entry
link @/open/.env @/ws/env -> no-entry
link @/ws/mine.txt @/open/.env -> no-entry
symlink x @/open/.env -> no-entry
mkdir @/open/.env -> no-entry
create @/open/scratch/.env -> no-entry
create @/open/scratch/.ENV -> no-entry
read @/open/scratch/../.env -> no-entry
read @/open/./.env -> no-entry
read @/open/.env/ -> no-entry
read @/open/.ssh/id_rsa -> no-entry
read @/open/.ssh/config -> no-entry
exists @/open/.ssh -> no-entry
list @/open/.ssh -> no-entry
open-directory h @/open/.ssh -> no-entry
rename @/open/.ssh @/open/scratch/ssh -> no-entry
rename @/open/empty @/open/.ssh -> no-entry
symlink ../.ssh @/open/scratch/to_ssh -> ok
read @/open/scratch/to_ssh/config -> no-entry
list @/open/scratch/to_ssh -> no-entry
read @/open/SERVER.PEM -> no-entry
read @/open/vault/plan.txt -> no-entry
exists @/open/vault -> no-entry
rename @/open/vault @/open/scratch/vault -> no-entry
list @/open/hides -> ok shown.txt
list @/context -> ok a.txt sub
open-directory o @/open/hides -> ok
list-open o -> ok shown.txt
read o:.env -> no-entry
rename o:.env o:env -> no-entry
rename @/open/hides @/open/scratch/hides -> ok
read @/open/scratch/hides/.env -> no-entry
list @/open/scratch/hides -> ok shown.txt
read o:.env -> no-entry
rename @/open/scratch/hides @/open/hides -> ok
write @/ws/.env mine -> ok
read @/ws/.env -> ok mine
rename @/ws/.env @/open/scratch/.env -> no-entry
rename @/ws/.env @/open/scratch/env -> cross-device
";
