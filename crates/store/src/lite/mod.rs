//! The SQLite side: one writer thread with group commit, pooled read-only connections used in place. Called by `db`.

mod conn;
mod files;
mod migrate;
mod open;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use conn::LiteConn;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::tx::{Tx, TxKind};
use crate::{Error, Options, Result};
use writer::{Message, Task};

/// An open SQLite database.
pub(crate) struct Lite {
    queue: mpsc::Sender<Message>,
    readers: Arc<Readers>,
    state: Arc<State>,
    options: Options,
}

/// What the writer thread tells the outside.
#[derive(Default)]
pub(crate) struct State {
    stopped: AtomicBool,
    closed: AtomicBool,
    commits: AtomicU64,
}

impl State {
    /// Why a job that was never answered did not run.
    fn refusal(&self) -> Error {
        if self.stopped.load(Ordering::Acquire) {
            Error::Stopped
        } else if self.closed.load(Ordering::Acquire) {
            Error::Down
        } else {
            Error::Unknown
        }
    }
}

pub(crate) struct Readers {
    idle: Mutex<Vec<LiteConn>>,
    free: Arc<Semaphore>,
}

impl Lite {
    /// Opens (creating file and directory if missing), migrates, starts the writer thread. Blocks for some milliseconds,
    /// longer only while another process still holds the file.
    pub(crate) async fn open(path: &Path, options: &Options) -> Result<Self> {
        let opened = open::open(path, options).await?;
        let state = Arc::new(State::default());
        let (queue, receiver) = mpsc::channel(options.queue.max(1));
        writer::start(opened.writer, opened.lock, receiver, Arc::clone(&state))?;
        let free = Arc::new(Semaphore::new(opened.readers.len()));
        let readers = Arc::new(Readers { idle: Mutex::new(opened.readers), free });
        Ok(Self { queue, readers, state, options: options.clone() })
    }

    /// Queues the body for the next group; returns after its COMMIT.
    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + Sync + 'static,
    {
        if self.state.stopped.load(Ordering::Acquire) {
            return Err(Error::Stopped.into());
        }
        let (reply, answer) = oneshot::channel();
        match self.queue.try_send(Message::Job(Box::new(Task::new(body, reply)))) {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(self.state.refusal().into())),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Error::Busy.into()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(self.state.refusal().into()),
        }
    }

    /// Takes a read connection, waiting while all are in use; [`Error::Busy`] after the configured wait.
    pub(crate) async fn reader(&self, snapshot: bool) -> Result<Tx> {
        let permit = Arc::clone(&self.readers.free).acquire_owned();
        let permit = tokio::time::timeout(self.options.wait, permit).await.map_err(|_| Error::Busy)?;
        let permit = permit.map_err(|_| Error::Down)?;
        let conn = self.readers.lock().pop();
        let mut lite = LiteTx { conn, home: Some((Arc::clone(&self.readers), permit)) };
        if snapshot {
            lite.conn()?.control("BEGIN")?;
        }
        Ok(Tx::new(TxKind::Lite(lite)))
    }

    /// Whether writing has ended for good.
    pub(crate) fn check(&self) -> Result<()> {
        if self.state.stopped.load(Ordering::Acquire) { Err(Error::Stopped) } else { Ok(()) }
    }

    pub(crate) fn queued(&self) -> usize {
        self.queue.max_capacity().saturating_sub(self.queue.capacity())
    }

    pub(crate) fn commits(&self) -> u64 {
        self.state.commits.load(Ordering::Relaxed)
    }

    /// Runs what is queued, empties the WAL, ends the writer thread and drops the readers.
    pub(crate) async fn close(&self) {
        self.state.closed.store(true, Ordering::Release);
        self.readers.free.close();
        self.readers.lock().clear();
        let (done, end) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error means that the thread has already gone, which is what is wanted.
            end.await.ok();
        }
    }
}

impl Readers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<LiteConn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection of a [`Tx`]: the writer's own, or a reader's on loan, which goes back when dropped.
pub(crate) struct LiteTx {
    conn: Option<LiteConn>,
    home: Option<(Arc<Readers>, OwnedSemaphorePermit)>,
}

impl LiteTx {
    /// The writer's: no way back.
    fn owned(conn: LiteConn) -> Self {
        Self { conn: Some(conn), home: None }
    }

    pub(crate) fn conn(&mut self) -> Result<&mut LiteConn> {
        self.conn.as_mut().ok_or(Error::Down)
    }
}

impl Drop for LiteTx {
    fn drop(&mut self) {
        if let (Some(conn), Some((readers, permit))) = (self.conn.take(), self.home.take()) {
            if !conn.is_autocommit() {
                conn.control("ROLLBACK").ok();
            }
            if !readers.free.is_closed() {
                readers.lock().push(conn);
            }
            drop(permit);
        }
    }
}
