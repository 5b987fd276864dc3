//! Runs the futures of one shell on one thread: pipeline stages, subshells and jobs are tasks, and when none of them
//! can go on the thread blocks in [`system::poll`] on everything they wait for.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crate::system::{self, Source};

type Id = u64;
type Body = Pin<Box<dyn Future<Output = ()>>>;
type Queue = Arc<Mutex<VecDeque<Id>>>;

/// After so many steps of tasks the outer world is looked at, even if tasks could go on.
const STEPS_BETWEEN_LOOKS: u32 = 64;

#[derive(Default)]
struct State {
    next: Id,
    tasks: HashMap<Id, Option<Body>>,
    waits: HashMap<Id, Wait>,
    queue: Queue,
}

enum Wait {
    Ready(Source, Rc<Cell<bool>>, Waker),
    Until(Instant, Waker),
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

struct Wakeup {
    task: Id,
    queue: Queue,
}

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        lock(&self.queue).push_back(self.task);
    }
}

fn lock(queue: &Queue) -> std::sync::MutexGuard<'_, VecDeque<Id>> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fresh_id() -> Id {
    STATE.with_borrow_mut(|state| {
        state.next += 1;
        state.next
    })
}

struct Slot<T> {
    result: RefCell<Option<T>>,
    done: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

/// A started task. Dropping the last handle ends the task, and with it everything that it holds.
pub struct Task<T> {
    id: Id,
    slot: Rc<Slot<T>>,
}

impl<T> Task<T> {
    /// Whether it has ended by itself.
    pub fn is_done(&self) -> bool {
        self.slot.done.get()
    }

    /// Waits for the end and gives the result, or none if it was taken before.
    pub async fn join(&self) -> Option<T> {
        std::future::poll_fn(|context| {
            if self.slot.done.get() {
                return Poll::Ready(self.slot.result.borrow_mut().take());
            }
            self.slot.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        // A task that drops its own handle finds its place empty, and is not put back.
        let body = STATE.try_with(|state| state.borrow_mut().tasks.remove(&self.id));
        drop(body);
    }
}

/// Starts a task; it runs whenever the current one waits.
pub fn start<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    let slot = Rc::new(Slot {
        result: RefCell::new(None),
        done: Cell::new(false),
        waiting: RefCell::default(),
    });
    let told = Rc::clone(&slot);
    let body = Box::pin(async move {
        let result = future.await;
        *told.result.borrow_mut() = Some(result);
        told.done.set(true);
        told.waiting.take().into_iter().for_each(Waker::wake);
    });
    let id = fresh_id();
    STATE.with_borrow_mut(|state| {
        state.tasks.insert(id, Some(body));
        lock(&state.queue).push_back(id);
    });
    Task { id, slot }
}

/// Runs a future, and the tasks that it starts, until it ends.
pub fn run<T: 'static>(future: impl Future<Output = T> + 'static) -> Option<T> {
    let main = start(future);
    let queue = STATE.with_borrow(|state| Arc::clone(&state.queue));
    let mut steps = 0;
    while !main.is_done() {
        let next = lock(&queue).pop_front();
        match next {
            Some(id) => step(id, &queue),
            None if !look(None) => return None,
            None => {}
        }
        steps += 1;
        if steps % STEPS_BETWEEN_LOOKS == 0 {
            look(Some(Duration::ZERO));
        }
    }
    main.slot.result.take()
}

fn step(id: Id, queue: &Queue) {
    let body = STATE.with_borrow_mut(|state| state.tasks.get_mut(&id).and_then(Option::take));
    let Some(mut body) = body else { return };
    let waker = Waker::from(Arc::new(Wakeup {
        task: id,
        queue: Arc::clone(queue),
    }));
    let poll = body.as_mut().poll(&mut Context::from_waker(&waker));
    let rest = STATE.with_borrow_mut(|state| match (poll, state.tasks.get_mut(&id)) {
        (Poll::Pending, Some(place)) => place.replace(body),
        (Poll::Ready(()), _) => {
            state.tasks.remove(&id);
            Some(body)
        }
        (Poll::Pending, None) => Some(body),
    });
    drop(rest);
}

/// Asks the system what is ready, waits at most so long for it, and wakes whom it concerns. False if nobody waits.
fn look(at_most: Option<Duration>) -> bool {
    let (ids, sources, soonest) = STATE.with_borrow(|state| {
        let mut ids = Vec::new();
        let mut sources = Vec::new();
        let mut soonest: Option<Instant> = None;
        for (id, wait) in &state.waits {
            match wait {
                Wait::Ready(source, ..) => {
                    ids.push(*id);
                    sources.push(source.clone());
                }
                Wait::Until(time, _) => {
                    soonest = Some(soonest.map_or(*time, |known| known.min(*time)));
                }
            }
        }
        (ids, sources, soonest)
    });
    if sources.is_empty() && soonest.is_none() {
        return false;
    }
    let until_soonest = soonest.map(|time| time.saturating_duration_since(Instant::now()));
    let timeout = match (at_most, until_soonest) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    let ready = system::poll(&sources, timeout);
    drop(sources);
    let now = Instant::now();
    STATE.with_borrow(|state| {
        for (id, _) in ids.iter().zip(ready).filter(|(_, ready)| *ready) {
            if let Some(Wait::Ready(_, flag, waker)) = state.waits.get(id) {
                flag.set(true);
                waker.wake_by_ref();
            }
        }
        for wait in state.waits.values() {
            if let Wait::Until(time, waker) = wait {
                if *time <= now {
                    waker.wake_by_ref();
                }
            }
        }
    });
    true
}

/// An entry among the waits, for as long as its future lives.
struct Entry(Id);

impl Drop for Entry {
    fn drop(&mut self) {
        let wait = STATE.try_with(|state| state.borrow_mut().waits.remove(&self.0));
        drop(wait);
    }
}

/// Waits until a source is ready.
pub async fn ready(source: &Source) {
    let entry = Entry(fresh_id());
    let flag = Rc::new(Cell::new(false));
    std::future::poll_fn(|context| {
        if flag.get() {
            return Poll::Ready(());
        }
        let wait = Wait::Ready(source.clone(), Rc::clone(&flag), context.waker().clone());
        STATE.with_borrow_mut(|state| state.waits.insert(entry.0, wait));
        Poll::Pending
    })
    .await;
}

/// Waits for some time.
pub async fn sleep(duration: Duration) {
    let entry = Entry(fresh_id());
    let Some(end) = Instant::now().checked_add(duration) else {
        return std::future::pending().await;
    };
    std::future::poll_fn(|context| {
        if Instant::now() >= end {
            return Poll::Ready(());
        }
        let wait = Wait::Until(end, context.waker().clone());
        STATE.with_borrow_mut(|state| state.waits.insert(entry.0, wait));
        Poll::Pending
    })
    .await;
}

/// Lets the other tasks go on.
pub async fn pause() {
    let mut first = true;
    std::future::poll_fn(|context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Runs a future for at most so long; none if the time is up first.
pub async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut timer = std::pin::pin!(sleep(limit));
    std::future::poll_fn(|context| {
        if let Poll::Ready(result) = future.as_mut().poll(context) {
            return Poll::Ready(Some(result));
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}
