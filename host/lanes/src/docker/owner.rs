//! To which process a container belongs, so that those of a killed one are known for what they are.

use std::fmt;
use std::fs;

/// A process of one boot of one machine: ids of processes are used again, with another time of start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    boot: String,
    process: u32,
    /// In clock ticks since the boot, `proc_pid_stat(5)` field 22.
    started: String,
}

impl Owner {
    pub(super) fn this_process() -> Self {
        let process = std::process::id();
        Self {
            boot: boot(),
            process,
            started: start_time(process).unwrap_or_default(),
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (boot, rest) = text.split_once(':')?;
        let (process, started) = rest.split_once(':')?;
        Some(Self {
            boot: boot.to_owned(),
            process: process.parse().ok()?,
            started: started.to_owned(),
        })
    }

    /// True when it was a process of this boot and is no more. Of another boot, which may be another machine's that
    /// shares the daemon, nothing is known.
    pub(super) fn has_ended(&self) -> bool {
        self.boot == boot() && start_time(self.process).as_ref() != Some(&self.started)
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.boot, self.process, self.started)
    }
}

fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
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
        let this = Owner::this_process();
        assert!(!this.has_ended());
        assert_eq!(Owner::parse(&this.to_string()), Some(this.clone()));
        let other = Owner {
            started: "1".to_owned(),
            ..this.clone()
        };
        assert!(other.has_ended());
        let elsewhere = Owner {
            boot: "another".to_owned(),
            ..other
        };
        assert!(!elsewhere.has_ended());
        assert_eq!(Owner::parse("nonsense"), None);
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
            ..Owner::this_process()
        };
        assert!(!owner.has_ended());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(owner.has_ended());
    }
}
