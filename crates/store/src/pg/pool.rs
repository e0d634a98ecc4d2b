//! The connections of one PostgreSQL database: exclusive ones for writes and snapshots, shared ones for reads; reconnects
//! with back-off. Used by `Pg`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Config;

use super::conn::PgConn;
use super::tls::Tls;
use crate::{Error, Options, Result};

const FIRST_DELAY: Duration = Duration::from_millis(50);
const LAST_DELAY: Duration = Duration::from_secs(1);

pub(crate) struct Pool {
    config: Config,
    tls: Option<Tls>,
    idle: Mutex<Vec<Arc<PgConn>>>,
    free: Arc<Semaphore>,
    shared: Vec<tokio::sync::Mutex<Option<Arc<PgConn>>>>,
    turn: AtomicUsize,
    backoff: Arc<Mutex<Backoff>>,
    options: Options,
}

/// When the next connection may be tried, and how long to pause after another failure.
#[derive(Default)]
pub(super) struct Backoff {
    until: Option<Instant>,
    delay: Duration,
}

impl Backoff {
    /// The server did not answer: whoever comes next is told at once instead of waiting as long again.
    pub(super) fn failed(&mut self) {
        self.delay = (self.delay * 2).clamp(FIRST_DELAY, LAST_DELAY);
        self.until = Some(Instant::now() + self.delay);
    }

    fn is_pausing(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }
}

/// Where an exclusive connection returns to.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Gives the connection back. Its transaction has ended, or its ROLLBACK stands on the wire.
    pub(super) fn give_back(&self, conn: Arc<PgConn>) {
        if !conn.is_closed() && !self.pool.free.is_closed() {
            self.pool.lock_idle().push(conn);
        }
    }
}

impl Pool {
    pub(super) fn new(config: Config, tls: Option<Tls>, options: &Options) -> Self {
        Self {
            config,
            tls,
            idle: Mutex::default(),
            free: Arc::new(Semaphore::new(options.pool.max(1))),
            shared: (0..options.read_clients.max(1)).map(|_| tokio::sync::Mutex::default()).collect(),
            turn: AtomicUsize::new(0),
            backoff: Arc::default(),
            options: options.clone(),
        }
    }

    /// Exclusive connections in use.
    pub(super) fn in_use(&self) -> usize {
        self.options.pool.max(1).saturating_sub(self.free.available_permits())
    }

    /// An exclusive connection on which `begin` was done. Waits a bounded time for a free one ([`Error::Busy`]).
    pub(super) async fn begin(self: &Arc<Self>, begin: &'static str) -> Result<(Arc<PgConn>, Lease)> {
        let permit = tokio::time::timeout(self.options.wait, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.map_err(|_| Error::Busy)?.map_err(|_| Error::Down)?;
        let lease = Lease { pool: Arc::clone(self), _permit: permit };
        let started = Instant::now();
        // A pooled connection may have died unseen, as after a restart of the server: BEGIN finds out, a new one follows.
        while let Some(conn) = self.pop_idle() {
            if conn.control(begin).await.is_ok() {
                return Ok((conn, lease));
            }
            // Silence is not death: a second attempt would only double the caller's wait.
            if started.elapsed() >= self.options.statement_timeout {
                return Err(Error::Down);
            }
        }
        let conn = self.connect(false).await?;
        conn.control(begin).await?;
        Ok((conn, lease))
    }

    /// A connection shared by many readers.
    pub(super) async fn shared(&self) -> Result<Arc<PgConn>> {
        if self.free.is_closed() {
            return Err(Error::Down);
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let slot = self.shared.get(turn % self.shared.len().max(1)).ok_or(Error::Down)?;
        let mut slot = slot.lock().await;
        if let Some(conn) = slot.as_ref().filter(|conn| !conn.is_closed()) {
            return Ok(Arc::clone(conn));
        }
        let conn = self.connect(true).await?;
        *slot = Some(Arc::clone(&conn));
        Ok(conn)
    }

    async fn connect(&self, read_only: bool) -> Result<Arc<PgConn>> {
        if self.lock_backoff().is_pausing() {
            return Err(Error::Down);
        }
        let limit = self.options.statement_timeout;
        let result = async {
            let conn = PgConn::connect(&self.config, self.tls.as_ref(), limit, &self.backoff).await?;
            conn.control(&settings(limit, read_only)).await?;
            Ok(Arc::new(conn))
        }
        .await;
        let mut backoff = self.lock_backoff();
        if result.is_ok() {
            *backoff = Backoff::default();
        } else {
            backoff.failed();
        }
        result
    }

    /// A connection without time limits, for migrations.
    pub(super) async fn connect_unlimited(&self) -> Result<PgConn> {
        PgConn::connect(&self.config, self.tls.as_ref(), Duration::from_secs(3600), &self.backoff).await
    }

    /// Waits for open transactions (bounded), then closes every connection.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.options.pool.max(1)).unwrap_or(u32::MAX);
        let drained = tokio::time::timeout(self.options.statement_timeout * 2, self.free.acquire_many(all)).await;
        self.free.close();
        drop(drained);
        let mut conns: Vec<_> = self.lock_idle().drain(..).collect();
        for slot in &self.shared {
            conns.extend(slot.lock().await.take());
        }
        for conn in conns {
            if let Some(conn) = Arc::into_inner(conn) {
                conn.end().await;
            }
        }
    }

    fn pop_idle(&self) -> Option<Arc<PgConn>> {
        let mut idle = self.lock_idle();
        idle.retain(|conn| !conn.is_closed());
        idle.pop()
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<Arc<PgConn>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_backoff(&self) -> std::sync::MutexGuard<'_, Backoff> {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server gives up a little before the client does, so that a slow statement is told from a dead server.
fn settings(limit: Duration, read_only: bool) -> String {
    let limit = limit.as_millis();
    format!(
        "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {};
         SET default_transaction_read_only = {}",
        limit * 9 / 10,
        limit * 3 / 4,
        limit * 5,
        if read_only { "on" } else { "off" },
    )
}
