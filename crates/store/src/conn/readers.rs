//! SQLite connections on loan: the writer's own, or a reader's that goes back by itself. Used by `tx` and `lite`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::lite::LiteConn;
use crate::{Error, Result};

/// The read connections of one database.
pub(crate) struct Readers {
    idle: Mutex<Vec<LiteConn>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(conns: Vec<LiteConn>) -> Self {
        Self { free: Arc::new(Semaphore::new(conns.len())), idle: Mutex::new(conns) }
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
        Ok(LiteTx { conn: self.lock().pop(), home: Some((Arc::clone(self), permit)) })
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
