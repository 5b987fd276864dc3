//! To which process a container belongs, so that those of a killed one are known for what they are.

use std::fmt;
use std::fs;

/// A process of one boot of one machine: ids of processes are used again, with another time of start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    sight: Sight,
    process: u32,
    /// In clock ticks since the boot, `proc_pid_stat(5)` field 22.
    started: String,
}

/// Whose processes one can see: those of this boot, in this namespace of processes, of this user. Others may share the
/// daemon from another machine, from within a container, or as somebody whose processes are hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sight {
    boot: String,
    namespace: String,
    user: u32,
}

impl Sight {
    /// This process's own; none where the system does not tell.
    fn own() -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        Some(Self {
            boot: boot.trim().to_owned(),
            namespace: namespace.to_string_lossy().into_owned(),
            user: rustix::process::geteuid().as_raw(),
        })
    }
}

impl Owner {
    /// None where the system does not tell enough about processes.
    pub(super) fn this_process() -> Option<Self> {
        let process = std::process::id();
        Some(Self {
            sight: Sight::own()?,
            process,
            started: start_time(process)?,
        })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/').map(str::to_owned);
        let mut next = || parts.next();
        Some(Self {
            sight: Sight {
                boot: next()?,
                namespace: next()?,
                user: next()?.parse().ok()?,
            },
            process: next()?.parse().ok()?,
            started: next()?,
        })
    }

    /// True when it was a process that could be seen from here, and is no more.
    pub(super) fn has_ended(&self) -> bool {
        Sight::own().is_some_and(|own| own == self.sight)
            && start_time(self.process).as_ref() != Some(&self.started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sight {
            boot,
            namespace,
            user,
        } = &self.sight;
        let (process, started) = (self.process, &self.started);
        write!(formatter, "{boot}/{namespace}/{user}/{process}/{started}")
    }
}

fn start_time(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold anything, blanks and parentheses too.
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn this_process_has_not_ended_and_one_with_another_start_has() {
        let this = Owner::this_process().unwrap();
        assert!(!this.has_ended());
        assert_eq!(Owner::parse(&this.to_string()), Some(this.clone()));
        let other = Owner {
            started: "1".to_owned(),
            ..this
        };
        assert!(other.has_ended());
        assert_eq!(Owner::parse("nonsense"), None);
    }

    #[test]
    fn of_processes_that_cannot_be_seen_from_here_nothing_is_said() {
        let ended = Owner {
            started: "1".to_owned(),
            ..Owner::this_process().unwrap()
        };
        let changes: [fn(&mut Sight); 3] = [
            |sight| sight.boot.push('x'),
            |sight| sight.namespace.push('x'),
            |sight| sight.user += 1,
        ];
        for change in changes {
            let mut elsewhere = ended.clone();
            change(&mut elsewhere.sight);
            assert!(!elsewhere.has_ended(), "{elsewhere}");
        }
    }

    #[test]
    fn a_process_that_has_ended_is_known_to_have() {
        let mut child = std::process::Command::new("sleep")
            .arg("100")
            .spawn()
            .unwrap();
        let owner = Owner {
            process: child.id(),
            started: start_time(child.id()).unwrap(),
            ..Owner::this_process().unwrap()
        };
        assert!(!owner.has_ended());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(owner.has_ended());
    }
}
