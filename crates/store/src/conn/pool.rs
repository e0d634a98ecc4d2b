//! The connections of one PostgreSQL database: exclusive ones for writes and snapshots, shared ones for reads; reconnects
//! with back-off to whichever of several servers takes writes, and takes back what was lent ([`PgTx`]). Used by `tx` and `pg`.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::Config;

use super::backoff::Backoff;
use super::pg::PgConn;
use super::tls::Tls;
use super::url;
use crate::options::{Access, Options};
use crate::value::{FromRow, OwnedParam, Params};
use crate::{Error, Result};

/// What a server may take to answer when the program starts.
const START_PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Pool {
    /// Never empty.
    servers: Vec<Config>,
    /// The one that took writes last.
    current: AtomicUsize,
    tls: Option<Tls>,
    idle: Mutex<Vec<Arc<PgConn>>>,
    free: Arc<Semaphore>,
    shared: Vec<tokio::sync::Mutex<Option<Arc<PgConn>>>>,
    turn: AtomicUsize,
    backoff: Arc<Mutex<Backoff>>,
    options: Options,
}

/// Where an exclusive connection returns to.
pub(crate) struct Lease {
    pool: Arc<Pool>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Gives the connection back. Its transaction has ended, or its ROLLBACK stands on the wire.
    fn give_back(&self, conn: Arc<PgConn>) {
        if !conn.is_closed() && !self.pool.free.is_closed() {
            self.pool.lock_idle().push(conn);
        }
    }
}

impl Pool {
    /// Connects to nothing yet.
    pub(crate) fn new(url: &str, options: &Options) -> Result<Self> {
        let (servers, tls) = url::parse(url)?;
        Ok(Self {
            servers,
            current: AtomicUsize::new(0),
            tls,
            idle: Mutex::default(),
            free: Arc::new(Semaphore::new(options.pool.max(1))),
            shared: (0..options.read_clients.max(1)).map(|_| tokio::sync::Mutex::default()).collect(),
            turn: AtomicUsize::new(0),
            backoff: Arc::default(),
            options: options.clone(),
        })
    }

    /// How long a statement may take.
    pub(crate) fn patience(&self) -> Duration {
        self.options.statement_timeout
    }

    /// Exclusive connections in use.
    pub(crate) fn in_use(&self) -> usize {
        self.options.pool.max(1).saturating_sub(self.free.available_permits())
    }

    /// A place among the exclusive connections. Waits a bounded time for one ([`Error::Busy`]).
    async fn lease(self: &Arc<Self>) -> Result<Lease> {
        let permit = tokio::time::timeout(self.options.wait, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.map_err(|_| Error::Busy)?.map_err(|_| Error::Down)?;
        Ok(Lease { pool: Arc::clone(self), _permit: permit })
    }

    /// An exclusive connection on which BEGIN goes out with the first statement, and whether it is new: one that was idle
    /// may turn out to be dead then.
    pub(crate) async fn transaction(self: &Arc<Self>) -> Result<(PgTx, bool)> {
        let lease = self.lease().await?;
        let (conn, new) = match self.pop_idle() {
            Some(conn) => (conn, false),
            None => (self.connect(false).await?, true),
        };
        let mut tx = PgTx::lent(Arc::clone(&conn), Some(lease), End::Abort);
        tx.begin = Some(Box::pin(async move { conn.control("BEGIN").await }));
        tx.begun = false;
        Ok((tx, new))
    }

    /// An exclusive connection on which `begin` was done.
    pub(crate) async fn begin(self: &Arc<Self>, begin: &'static str) -> Result<(Arc<PgConn>, Lease)> {
        let lease = self.lease().await?;
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
    pub(crate) async fn shared(&self) -> Result<Arc<PgConn>> {
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
            // A server that says nothing must leave time for the next one.
            let patience = limit / u32::try_from(self.servers.len()).unwrap_or(u32::MAX);
            // In a box of its own: whatever reads carries this future along, and nearly nothing comes here.
            let conn = Box::pin(self.connect_any(patience, limit)).await?;
            conn.control(&settings(limit, read_only || self.options.access == Access::Read)).await?;
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

    /// A connection of one's own without time limits, for migrations.
    pub(crate) async fn connect_unlimited(&self) -> Result<PgTx> {
        let conn = self.connect_any(START_PATIENCE, Duration::from_secs(3600)).await?;
        if self.options.access == Access::Read {
            conn.control("SET default_transaction_read_only = on").await?;
        }
        Ok(PgTx::lent(Arc::new(conn), None, End::Done))
    }

    /// The first server that takes writes. Beginning with the last one that did: a former primary that comes back beside
    /// its successor must not be asked as long as the successor answers, for it knows no revocation since.
    async fn connect_any(&self, patience: Duration, timeout: Duration) -> Result<PgConn> {
        for _ in 0..=self.servers.len() {
            let asked_first = self.current.load(Ordering::Relaxed);
            let (number, conn) = self.connect_from(asked_first, patience, timeout).await?;
            match self.current.compare_exchange(asked_first, number, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(conn),
                Err(now) if now == number => return Ok(conn),
                // This attempt began before another one found the successor, and the server it asked came back meanwhile.
                Err(_) => conn.end().await,
            }
        }
        Err(Error::Down)
    }

    async fn connect_from(&self, first: usize, patience: Duration, timeout: Duration) -> Result<(usize, PgConn)> {
        let mut last = Error::Down;
        for (number, config) in self.servers.iter().enumerate().cycle().skip(first).take(self.servers.len()) {
            match PgConn::connect(config, self.tls.as_ref(), patience, timeout, &self.backoff).await {
                Ok(conn) => return Ok((number, conn)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits for open transactions (bounded), then closes every connection.
    pub(crate) async fn close(&self) {
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

/// The connection of a [`Tx`](crate::Tx): one's own inside a transaction, or a shared one for single reads.
pub(crate) struct PgTx {
    conn: Option<Arc<PgConn>>,
    lease: Option<Lease>,
    end: End,
    /// BEGIN, not sent yet.
    begin: Option<Pending>,
    /// Whether an answer has shown that the connection lives.
    begun: bool,
    /// Sent, and not answered yet.
    later: Vec<Pending>,
}

type Pending = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// What dropping does with an exclusive connection.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// Cut: the caller vanished in the middle of a write, statements may be under way.
    Abort,
    /// Roll back and reuse: a snapshot.
    Rollback,
    /// Reuse: the transaction has ended.
    Done,
}

impl PgTx {
    pub(crate) fn lent(conn: Arc<PgConn>, lease: Option<Lease>, end: End) -> Self {
        Self { conn: Some(conn), lease, end, begin: None, begun: true, later: Vec::new() }
    }

    pub(crate) async fn query<T: FromRow>(&mut self, sql: &'static str, params: Params<'_>) -> Result<Vec<T>> {
        let conn = self.wire()?;
        self.behind(conn.query(sql, params)).await
    }

    pub(crate) async fn execute(&mut self, sql: &'static str, params: Params<'_>) -> Result<u64> {
        let conn = self.wire()?;
        self.behind(conn.execute(sql, params)).await
    }

    /// Sends a statement and does not wait for its answer: its error is that of whatever comes next.
    pub(crate) async fn execute_later(&mut self, sql: &'static str, params: Params<'_>) -> Result<()> {
        let conn = self.wire()?;
        let statement = conn.statement(sql, params).await?;
        let params: Vec<OwnedParam> = params.iter().map(|param| param.pg_owned()).collect();
        self.send(Box::pin(async move { conn.execute_owned(&statement, &params).await }))
    }

    pub(crate) async fn control(&mut self, sql: &str) -> Result<()> {
        let conn = self.wire()?;
        self.behind(conn.control(sql)).await
    }

    /// Whether no statement was answered yet: the connection may have been dead from the start.
    pub(crate) fn is_untried(&self) -> bool {
        !self.begun
    }

    /// Waits for what was sent and not answered. Before a COMMIT on an untried connection: who finds out by the COMMIT that
    /// it is dead does not know what became of it.
    pub(crate) async fn settle(&mut self) -> Result<()> {
        self.behind(async { Ok(()) }).await
    }

    /// COMMIT, and marks the connection as fit for reuse.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        let (conn, later) = (self.wire()?, std::mem::take(&mut self.later));
        let (before, result) = tokio::join!(biased; answers(later), conn.control("COMMIT"));
        // A COMMIT that the server refused (40001) has rolled back: reuse as well. So has one after a failed statement.
        if result.is_ok() || result == Err(Error::Retry) {
            self.end = End::Done;
        }
        before.and(result)
    }

    /// ROLLBACK, and marks the connection as fit for reuse.
    pub(crate) async fn rollback(&mut self) -> Result<()> {
        self.later.clear();
        if self.begin.take().is_none() {
            self.control("ROLLBACK").await?;
        }
        self.end = End::Done;
        Ok(())
    }

    /// The connection, with BEGIN on it.
    fn wire(&mut self) -> Result<Arc<PgConn>> {
        if let Some(begin) = self.begin.take() {
            self.send(begin)?;
        }
        self.conn.clone().ok_or(Error::Down)
    }

    /// The first poll writes the message; an answer this early is an error.
    fn send(&mut self, mut message: Pending) -> Result<()> {
        if let Poll::Ready(result) = message.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return result;
        }
        self.later.push(message);
        Ok(())
    }

    /// Sends `work` and waits for it and for everything before it.
    async fn behind<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let later = std::mem::take(&mut self.later);
        let (before, result) = tokio::join!(biased; answers(later), work);
        before?;
        let result = result?;
        self.begun = true;
        Ok(result)
    }

    /// Says goodbye properly: for a connection that belongs to no pool.
    pub(crate) async fn hang_up(mut self) {
        if let Some(conn) = self.conn.take().and_then(Arc::into_inner) {
            conn.end().await;
        }
    }
}

impl Drop for PgTx {
    fn drop(&mut self) {
        let (Some(conn), Some(lease)) = (self.conn.take(), self.lease.take()) else {
            return;
        };
        match self.end {
            End::Abort => conn.abort(),
            End::Rollback => {
                conn.rollback_unawaited();
                lease.give_back(conn);
            }
            End::Done => lease.give_back(conn),
        }
    }
}

async fn answers(sent: Vec<Pending>) -> Result<()> {
    for message in sent {
        message.await?;
    }
    Ok(())
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
