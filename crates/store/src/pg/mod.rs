//! The PostgreSQL side: pooled connections, retried transactions, shared readers. Called by `db`.

mod conn;
mod migrate;
mod pool;
mod tls;
mod url;

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use conn::PgConn;
use pool::{Lease, Pool};

use crate::tx::{Tx, TxKind};
use crate::value::{FromRow, Params};
use crate::{Error, Options, Result};

/// How often a transaction is tried before [`Error::Retry`].
const TRIES: u32 = 8;

tokio::task_local! {
    static IN_WRITE: ();
}

/// Whether this task is inside a PostgreSQL write body. Clients of other services assert that it is false: a network
/// call there would hold locks for as long as a stranger likes. (On SQLite such a body fails by itself.)
#[must_use]
pub fn in_write_transaction() -> bool {
    IN_WRITE.try_with(|()| ()).is_ok()
}

/// An open PostgreSQL database.
pub(crate) struct Pg {
    pool: Arc<Pool>,
    closed: AtomicBool,
    commits: AtomicU64,
}

/// The connection of a [`Tx`]: one's own inside a transaction, or a shared one for single reads.
pub(crate) struct PgTx {
    conn: Option<Arc<PgConn>>,
    lease: Option<Lease>,
    end: End,
}

/// What dropping does with an exclusive connection.
#[derive(Clone, Copy)]
enum End {
    /// Cut: the caller vanished in the middle of a write, statements may be under way.
    Abort,
    /// Roll back and reuse: a snapshot.
    Rollback,
    /// Reuse: the transaction has ended.
    Done,
}

impl Pg {
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self> {
        let (config, tls) = url::parse(url)?;
        let pool = Arc::new(Pool::new(config, tls, options));
        let conn = pool.connect_unlimited().await?;
        migrate::run(&conn).await?;
        conn.end().await;
        Ok(Self { pool, closed: AtomicBool::new(false), commits: AtomicU64::new(0) })
    }

    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFn(&mut Tx) -> Result<T, E>,
    {
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            self.check()?;
            let (conn, lease) = self.pool.begin("BEGIN").await?;
            let mut tx = Tx::new(TxKind::Pg(PgTx { conn: Some(conn), lease: Some(lease), end: End::Abort }));
            let result = IN_WRITE.scope((), body(&mut tx)).await;
            let failed = tx.failed.take();
            if failed.is_none() && result.is_ok() {
                match finish(&mut tx, "COMMIT").await {
                    Ok(()) => {
                        self.commits.fetch_add(1, Ordering::Relaxed);
                        return result;
                    }
                    Err(Error::Retry) => continue,
                    // Sent, and no answer: the server may have done it.
                    Err(Error::Down) => return Err(Error::Unknown.into()),
                    Err(error) => return Err(error.into()),
                }
            }
            // When ROLLBACK fails the connection is cut, which rolls back too.
            finish(&mut tx, "ROLLBACK").await.ok();
            match (failed, result) {
                (Some(Error::Retry), _) => {}
                (Some(error), Ok(_)) => return Err(error.into()),
                (_, result) => return result,
            }
        }
        Err(Error::Retry.into())
    }

    pub(crate) async fn reader(&self, snapshot: bool) -> Result<Tx> {
        self.check()?;
        let tx = if snapshot {
            let (conn, lease) = self.pool.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            PgTx { conn: Some(conn), lease: Some(lease), end: End::Rollback }
        } else {
            PgTx { conn: Some(self.pool.shared().await?), lease: None, end: End::Done }
        };
        Ok(Tx::new(TxKind::Pg(tx)))
    }

    pub(crate) fn in_use(&self) -> usize {
        self.pool.in_use()
    }

    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.pool.close().await;
    }

    fn check(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Down) } else { Ok(()) }
    }
}

impl PgTx {
    pub(crate) async fn query<T: FromRow>(&mut self, sql: &'static str, params: Params<'_>) -> Result<Vec<T>> {
        self.conn.as_ref().ok_or(Error::Down)?.query(sql, params).await
    }

    pub(crate) async fn execute(&mut self, sql: &'static str, params: Params<'_>) -> Result<u64> {
        self.conn.as_ref().ok_or(Error::Down)?.execute(sql, params).await
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

/// Ends the transaction and marks its connection as fit for reuse.
async fn finish(tx: &mut Tx, sql: &'static str) -> Result<()> {
    let TxKind::Pg(pg) = &mut tx.kind else {
        return Err(Error::Down);
    };
    let result = pg.conn.as_ref().ok_or(Error::Down)?.control(sql).await;
    // A COMMIT that the server refused (40001) has rolled back: reuse as well.
    if result.is_ok() || result == Err(Error::Retry) {
        pg.end = End::Done;
    }
    result
}

/// 1 ms doubling to 64 ms, times 0.5 to 1.5 so that rivals do not meet again.
fn pause(attempt: u32) -> Duration {
    // The hasher's keys are random; spreading retries needs no better randomness, and no secret is made here.
    let jitter = std::hash::RandomState::new().hash_one(attempt) % 1000;
    Duration::from_micros((500 + jitter) << attempt.min(6))
}
