//! Asking a person about what the rules leave open.
//!
//! A path under an `ask` rule waits for somebody to decide. The answer is bound to the agent, the path and the kind of
//! action that was asked about, and to no more. Nobody's time is taken from the guest's: while an agent's question is
//! open, the clocks of all its calls stand still.

use std::collections::{HashMap, HashSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use massgen_permissions::Operation;
use massgen_permissions::audit::Call;

/// Questions that one call may ask. A guest can try paths without end, and a person who is asked without end says yes
/// in the end.
const QUESTIONS_OF_A_CALL: usize = 20;

/// What is asked.
#[derive(Debug)]
pub struct ApprovalRequest<'a> {
    /// Who wants it: the agent, the tool and the call.
    pub call: &'a Call,
    /// What is to be done; the answer holds for operations of the same [`Action`].
    pub operation: Operation,
    /// The real location.
    pub path: &'a Path,
}

/// What a person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes, for the rest of this call.
    AllowForCall,
    /// Yes, for the rest of the run.
    AllowForRun,
    /// No.
    Refuse,
}

/// Somebody who can be asked.
pub trait Approver: Debug + Send + Sync {
    /// Asks and waits for the answer. May block; gives up with [`Answer::Refuse`] when `is_wanted` no longer holds.
    fn ask(&self, request: &ApprovalRequest<'_>, is_wanted: &dyn Fn() -> bool) -> Answer;
}

/// Operations that one answer covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Reading.
    Read,
    /// Making or changing.
    Change,
    /// Removing, moving away, or putting something else in place.
    Displace,
}

impl From<Operation> for Action {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Read | Operation::List | Operation::Stat => Self::Read,
            Operation::Write
            | Operation::Create
            | Operation::Symlink
            | Operation::SetTimes
            | Operation::LinkFrom => Self::Change,
            Operation::Remove | Operation::RenameFrom | Operation::RenameTo => Self::Displace,
        }
    }
}

/// What an answer is bound to.
type Subject = (PathBuf, Action);

/// One agent's questions: who is asked, what was allowed for the run, and how long the agent has waited.
#[derive(Debug)]
pub(crate) struct Approvals {
    approver: Arc<dyn Approver>,
    allowed: Mutex<HashSet<Subject>>,
    /// Held while a question is open: an agent asks one at a time.
    turn: Mutex<()>,
    waits: Arc<Waits>,
}

impl Approvals {
    pub(crate) fn new(approver: Arc<dyn Approver>) -> Self {
        Self {
            approver,
            allowed: Mutex::default(),
            turn: Mutex::default(),
            waits: Arc::default(),
        }
    }

    pub(crate) fn waits(&self) -> Arc<Waits> {
        Arc::clone(&self.waits)
    }

    /// True when the operation may be carried out: allowed before, or now.
    pub(crate) fn allow(
        &self,
        request: &ApprovalRequest<'_>,
        answers: &Answers,
        is_wanted: &dyn Fn() -> bool,
    ) -> bool {
        let subject = (request.path.to_owned(), request.operation.into());
        let known = || match lock(&self.allowed).contains(&subject) {
            true => Some(true),
            false => lock(&answers.0).get(&subject).copied(),
        };
        if let Some(known) = known() {
            return known;
        }
        let _waiting = self.waits.begin();
        let _turn = lock(&self.turn);
        // Another call may have asked the same meanwhile.
        if let Some(known) = known() {
            return known;
        }
        if lock(&answers.0).len() >= QUESTIONS_OF_A_CALL || !is_wanted() {
            return false;
        }
        let answer = self.approver.ask(request, is_wanted);
        if answer == Answer::AllowForRun {
            lock(&self.allowed).insert(subject);
            return true;
        }
        let allowed = answer == Answer::AllowForCall;
        lock(&answers.0).insert(subject, allowed);
        allowed
    }
}

/// What was answered for one call.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<HashMap<Subject, bool>>);

/// How long an agent has waited for answers.
#[derive(Debug, Default)]
pub(crate) struct Waits(Mutex<Waited>);

#[derive(Debug, Default)]
struct Waited {
    /// Questions that are open now, and since when there is at least one.
    open: u32,
    since: Option<Instant>,
    over: Duration,
}

impl Waits {
    fn begin(&self) -> Waiting<'_> {
        let mut waited = lock(&self.0);
        waited.open += 1;
        waited.since.get_or_insert_with(Instant::now);
        Waiting(self)
    }

    /// The time so far in which at least one question was open.
    fn total(&self) -> Duration {
        let waited = lock(&self.0);
        waited.over + waited.since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

struct Waiting<'a>(&'a Waits);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waited = lock(&self.0.0);
        waited.open -= 1;
        if waited.open == 0 {
            let since = waited.since.take();
            waited.over += since.map_or(Duration::ZERO, |since| since.elapsed());
        }
    }
}

/// When a call's time is over. Time in which its agent waits for an answer does not count.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    at: Instant,
    waits: Option<Arc<Waits>>,
    waited_before: Duration,
}

impl Deadline {
    pub(crate) fn after(time: Duration, waits: Option<Arc<Waits>>) -> Self {
        let waited_before = waits.as_ref().map_or(Duration::ZERO, |waits| waits.total());
        Self {
            at: Instant::now() + time,
            waits,
            waited_before,
        }
    }

    /// The same moment, later by `time`.
    pub(crate) fn with_grace(&self, time: Duration) -> Self {
        Self {
            at: self.at + time,
            ..self.clone()
        }
    }

    /// The time that is left, none when it is over.
    fn left(&self) -> Duration {
        let waited = self.waits.as_ref().map_or(Duration::ZERO, |waits| {
            waits.total().saturating_sub(self.waited_before)
        });
        (self.at + waited).saturating_duration_since(Instant::now())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Waits until the time is over.
    pub(crate) async fn over(&self) {
        loop {
            let left = self.left();
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept changes in single steps, so a panic leaves it whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[tokio::test]
    async fn a_deadline_stands_still_while_a_question_is_open() {
        let waits = Arc::new(Waits::default());
        let deadline = Deadline::after(Duration::from_millis(60), Some(Arc::clone(&waits)));
        let waiting = waits.begin();
        tokio::time::sleep(Duration::from_millis(120)).await;
        assert!(!deadline.is_over());
        drop(waiting);
        assert!(!deadline.is_over());
        deadline.over().await;
        assert!(deadline.is_over());
    }

    #[test]
    fn open_questions_at_the_same_time_are_waited_for_once() {
        let waits = Waits::default();
        let first = waits.begin();
        let second = waits.begin();
        std::thread::sleep(Duration::from_millis(20));
        drop(first);
        drop(second);
        let total = waits.total();
        assert!(total >= Duration::from_millis(20) && total < Duration::from_millis(40) * 10);
        assert_eq!(waits.total(), total, "nothing is open any more");
    }
}
