//! The SQLite side: one writer thread with group commit, pooled read-only connections used in place. Called by `db`.

pub(crate) mod copy;
pub(crate) mod files;
pub(crate) mod open;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

pub(crate) use open::Opening;

use crate::conn::readers::Readers;
use crate::conn::wal_index::{Stamp, WalIndex};
use crate::options::{Access, Footprint, Options};
use crate::tx::{Tx, TxKind};
use crate::{Error, Result};
use writer::{Message, Task};

/// An open SQLite database.
pub(crate) struct Lite {
    queue: mpsc::Sender<Message>,
    readers: Arc<Readers>,
    index: Option<Arc<WalIndex>>,
    state: Arc<State>,
    options: Options,
    path: PathBuf,
}

/// SQLite keeps its files beside the database; their directory is made where it is missing.
pub(crate) fn footprint(path: &Path) -> Result<Footprint> {
    Ok(Footprint { directory: Some(files::make_directory(path)?.to_owned()), ..Footprint::default() })
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

impl Lite {
    /// Starts the writer thread over the connection that migrated, and opens the first reader.
    pub(crate) fn start(opening: Opening, mut tx: Tx, options: &Options) -> Result<Self> {
        let path = opening.path.clone();
        let mut reader = open::reader(&path, options)?;
        let index = opening.index();
        if let (Some(index), TxKind::Lite(first)) = (&index, &mut tx.kind) {
            [&mut reader, first.conn()?].into_iter().for_each(|conn| conn.keep(index));
        }
        let (at, with, kept) = (path.clone(), options.clone(), index.clone());
        let more = move || {
            let mut conn = open::reader(&at, &with)?;
            kept.iter().for_each(|index| conn.keep(index));
            Ok(conn)
        };
        let readers = Arc::new(Readers::new(reader, options.readers, Box::new(more)));
        let state = Arc::new(State::default());
        let (queue, receiver) = mpsc::channel(options.queue.max(1));
        if options.access == Access::Read {
            // Nobody takes jobs: every write is refused.
            state.closed.store(true, Ordering::Release);
        } else {
            writer::start(tx, opening.lock, receiver, Arc::clone(&state), Arc::clone(&readers))?;
        }
        Ok(Self { queue, readers, index, state, options: options.clone(), path })
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
        let mut lite = self.readers.lend(self.options.wait).await?;
        let conn = lite.conn()?;
        conn.follow(!snapshot)?;
        if snapshot {
            conn.control("BEGIN")?;
        }
        Ok(Tx::new(TxKind::Lite(lite)))
    }

    /// The newest committed state; `None` while it is changing, or where it cannot be seen.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        Some(self.index.as_ref()?.look()?.stamp)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
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
        self.readers.close();
        let (done, end) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            // An error means that the thread has already gone, which is what is wanted.
            end.await.ok();
        }
    }
}
