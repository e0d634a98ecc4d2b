//! SQLite connections on loan: the writer's own, or a reader's that goes back by itself. Used by `tx` and `lite`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::lite::LiteConn;
use crate::{Error, Result};

/// Opens one more connection.
pub(crate) type Open = Box<dyn Fn() -> Result<LiteConn> + Send + Sync>;

/// The read connections of one database. One is opened when it is first missing: each holds 200 KB with the schema it has read,
/// and no more are ever busy at once than there are processors, but for transactions that wait.
pub(crate) struct Readers {
    idle: Mutex<Vec<LiteConn>>,
    free: Arc<Semaphore>,
    open: Open,
}

impl Readers {
    /// `first` is open, so that a database that cannot be read is refused at start; there are `most` at most.
    pub(crate) fn new(first: LiteConn, most: usize, open: Open) -> Self {
        Self { free: Arc::new(Semaphore::new(most.max(1))), idle: Mutex::new(vec![first]), open }
    }

    /// Lends one, waiting while all are in use; [`Error::Busy`] after `wait`.
    pub(crate) async fn lend(self: &Arc<Self>, wait: Duration) -> Result<LiteTx> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(Error::Down),
            Err(TryAcquireError::NoPermits) => {
                let permit = tokio::time::timeout(wait, Arc::clone(&self.free).acquire_owned()).await;
                permit.map_err(|_| Error::Busy)?.map_err(|_| Error::Down)?
            }
        };
        let idle = self.lock().pop();
        let conn = match idle {
            Some(conn) => conn,
            None if self.free.is_closed() => return Err(Error::Down),
            None => (self.open)()?,
        };
        Ok(LiteTx { conn: Some(conn), home: Some((Arc::clone(self), permit)) })
    }

    /// Ends the transactions that idle connections keep open, so that the log can be started anew.
    pub(crate) fn let_go(&self) {
        for conn in self.lock().iter_mut() {
            conn.let_go().ok();
        }
    }

    /// Lends no more; those on loan are dropped when they come back.
    pub(crate) fn close(&self) {
        self.free.close();
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<LiteConn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection of a [`Tx`](crate::Tx): the writer's own, or a reader's on loan, which goes back when dropped.
pub(crate) struct LiteTx {
    conn: Option<LiteConn>,
    home: Option<(Arc<Readers>, OwnedSemaphorePermit)>,
}

impl LiteTx {
    /// The writer's: no way back.
    pub(crate) fn owned(conn: LiteConn) -> Self {
        Self { conn: Some(conn), home: None }
    }

    pub(crate) fn conn(&mut self) -> Result<&mut LiteConn> {
        self.conn.as_mut().ok_or(Error::Down)
    }
}

impl Drop for LiteTx {
    fn drop(&mut self) {
        if let (Some(conn), Some((readers, permit))) = (self.conn.take(), self.home.take()) {
            if conn.is_in_transaction() {
                conn.control("ROLLBACK").ok();
            }
            if !readers.free.is_closed() {
                readers.lock().push(conn);
            }
            drop(permit);
        }
    }
}
