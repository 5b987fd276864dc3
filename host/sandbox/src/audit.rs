//! The audit file: every decision about a file, one line of JSON each, in the order in which they reached it.
//!
//! Calls hand their records over a bounded queue to one thread that writes them. A call waits only when the queue is
//! full, so that no record is ever dropped and the memory stays bounded.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use massgen_permissions::audit::Record;

/// Records that may wait to be written; some hundred kilobytes.
const QUEUE: usize = 4_096;

enum Message {
    Record(Box<Record>),
    /// Everything before this is to be on its way to the disk; the answer says whether all of it could be written.
    Flush(SyncSender<Result<(), String>>),
}

/// Takes records for one audit file. Clones write to the same file.
#[derive(Debug, Clone)]
pub struct AuditLog(Arc<Writer>);

#[derive(Debug)]
struct Writer {
    queue: Mutex<Option<SyncSender<Message>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AuditLog {
    /// Opens the file at `path` to append to it; it is made if missing, readable for the user alone.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn append_to(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        let (sender, receiver) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write_all(file, &receiver))?;
        Ok(Self(Arc::new(Writer {
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
        })))
    }

    /// Hands a record over.
    pub fn record(&self, record: Record) {
        self.send(Message::Record(Box::new(record)));
    }

    /// Waits until every record handed over before is written.
    ///
    /// # Errors
    /// The system's reason, when a record could not be written: the file is then incomplete.
    pub fn flush(&self) -> Result<(), String> {
        let (answer, wait) = sync_channel(1);
        self.send(Message::Flush(answer));
        wait.recv()
            .unwrap_or_else(|_| Err("the audit's writer has ended".to_owned()))
    }

    fn send(&self, message: Message) {
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = &*queue {
            // The writer lives until the last sender is gone.
            let _ = queue.send(message);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let queue = self.queue.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(queue.take());
        let thread = self
            .thread
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            let _ = thread.join();
        }
    }
}

fn write_all(file: File, records: &Receiver<Message>) {
    let mut file = BufWriter::new(file);
    let mut failed: Option<String> = None;
    while let Ok(message) = records.recv() {
        // Whatever waits is written together; then the buffer goes to the system, so that a crash loses nothing that
        // was handed over a moment ago.
        let mut next = Some(message);
        while let Some(message) = next {
            match message {
                Message::Record(record) => note(&mut failed, write_line(&mut file, &record)),
                Message::Flush(answer) => {
                    note(&mut failed, file.flush());
                    let _ = answer.send(failed.clone().map_or(Ok(()), Err));
                }
            }
            next = records.try_recv().ok();
        }
        note(&mut failed, file.flush());
    }
}

fn write_line(file: &mut impl Write, record: &Record) -> io::Result<()> {
    serde_json::to_writer(&mut *file, record)?;
    file.write_all(b"\n")
}

/// Keeps the first failure, and tells it once.
fn note(failed: &mut Option<String>, result: io::Result<()>) {
    if let Err(error) = result
        && failed.is_none()
    {
        tracing::error!("the audit file cannot be written: {error}");
        *failed = Some(error.to_string());
    }
}
