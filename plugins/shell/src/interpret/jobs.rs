//! Jobs: commands in the background, as tasks of the same instance.

use std::cell::RefCell;
use std::rc::Rc;

use super::{enclosed, pipeline};
use crate::executor;
use crate::shell::{End, Job, Shell};
use crate::syntax::tree::Item;
use crate::system::{self, Reader};

/// Starts a command in the background. It reads nothing, as without job control in bash.
pub async fn start(shell: &mut Shell, item: &Item) {
    let mut inner = shell.subshell();
    inner.unhooked = true;
    inner.tested = 0;
    inner.attach(0, Some(End::Reader(Reader::nothing())));
    let chain = Rc::clone(&item.chain);
    let task = Rc::new(executor::start(enclosed(inner, async move |shell| {
        pipeline::chain(shell, &chain).await
    })));
    add(shell, task, item.chain.text.clone());
    shell.status = 0;
}

/// Enters a task as a job.
pub fn add(shell: &mut Shell, task: Rc<executor::Task<i32>>, text: String) {
    shell.background.borrow_mut().retain(|task| !task.is_done());
    shell.background.borrow_mut().push(Rc::clone(&task));
    let number = shell.jobs.iter().map(|job| job.number).max().unwrap_or(0) + 1;
    let id = shell
        .last_job
        .unwrap_or_else(|| system::id() + 100 * shell.depth)
        + 1;
    shell.last_job = Some(id);
    let task = RefCell::new(Some(task));
    shell.jobs.push(Rc::new(Job {
        number,
        id,
        text,
        task,
        status: RefCell::new(None),
    }));
}

impl Job {
    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        self.task
            .borrow()
            .as_ref()
            .is_some_and(|task| !task.is_done())
    }

    /// Waits for its end and gives its status.
    pub async fn wait(&self) -> i32 {
        let task = self.task.borrow().clone();
        let known = *self.status.borrow();
        if let Some(status) = known {
            return status;
        }
        let status = match task {
            Some(task) => task.join().await.unwrap_or(0),
            None => 143,
        };
        let status = *self.status.borrow_mut().get_or_insert(status);
        self.task.borrow_mut().take();
        status
    }

    /// Ends it as this signal would.
    pub fn kill(&self, shell: &Shell, signal: i32) {
        let Some(task) = self.task.borrow_mut().take() else {
            return;
        };
        if !task.is_done() {
            *self.status.borrow_mut() = Some(128 + signal);
            shell
                .background
                .borrow_mut()
                .retain(|other| !Rc::ptr_eq(other, &task));
        }
    }
}

/// The job that `%1`, `%%`, `%-` or a process id means.
pub fn find(jobs: &[Rc<Job>], name: &str) -> Option<Rc<Job>> {
    let job = match name.strip_prefix('%') {
        Some("" | "%" | "+") => jobs.last(),
        Some("-") => jobs.iter().rev().nth(1),
        Some(text) => match text.parse::<u32>() {
            Ok(number) => jobs.iter().find(|job| job.number == number),
            Err(_) => jobs.iter().find(|job| job.text.starts_with(text)),
        },
        None => jobs.iter().find(|job| job.id.to_string() == name),
    };
    job.cloned()
}
