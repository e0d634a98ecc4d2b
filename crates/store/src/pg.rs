//! The PostgreSQL side: transactions over pooled connections, run again on a conflict. Called by `db`.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::conn::pool::{End, PgTx, Pool};
use crate::options::Options;
use crate::tx::{Tx, TxKind};
use crate::{Error, Result};

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

impl Pg {
    /// Connects once, for migrating; the rest of the pool comes with the work.
    pub(crate) async fn open(url: &str, options: &Options) -> Result<(Self, Tx)> {
        let pool = Arc::new(Pool::new(url, options)?);
        let first = Tx::new(TxKind::Pg(pool.connect_unlimited().await?));
        Ok((Self { pool, closed: AtomicBool::new(false), commits: AtomicU64::new(0) }, first))
    }

    pub(crate) async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        E: From<Error>,
        F: AsyncFn(&mut Tx) -> Result<T, E>,
    {
        let (started, mut attempt) = (Instant::now(), 0);
        while attempt < TRIES {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            self.check()?;
            let (tx, is_new) = self.pool.transaction().await?;
            let mut tx = Tx::new(TxKind::Pg(tx));
            let mut result = IN_WRITE.scope((), body(&mut tx)).await;
            let mut failed = tx.failed.take();
            let Some(pg) = tx.pg() else { return Err(Error::Down.into()) };
            if failed.is_none() && result.is_ok() && pg.is_untried() {
                failed = pg.settle().await.err();
            }
            if failed.is_none() && result.is_ok() {
                match pg.commit().await {
                    Ok(()) => {
                        self.commits.fetch_add(1, Ordering::Relaxed);
                        return result;
                    }
                    Err(Error::Retry) => {
                        attempt += 1;
                        continue;
                    }
                    // Sent, and no answer: the server may have done it.
                    Err(Error::Down) => return Err(Error::Unknown.into()),
                    Err(error) => return Err(error.into()),
                }
            }
            // A pooled connection may have died unseen, as after a restart of the server: the next one may live. But silence
            // is not death: a second attempt would only double the caller's wait.
            if failed == Some(Error::Down) && pg.is_untried() && !is_new && started.elapsed() < self.pool.patience() {
                continue;
            }
            // When ROLLBACK fails the connection is cut, which rolls back too.
            pg.rollback().await.ok();
            match failed {
                Some(Error::Retry) => attempt += 1,
                Some(error) => {
                    if result.is_ok() {
                        result = Err(error.into());
                    }
                    return result;
                }
                None => return result,
            }
        }
        Err(Error::Retry.into())
    }

    pub(crate) async fn reader(&self, snapshot: bool) -> Result<Tx> {
        self.check()?;
        let tx = if snapshot {
            let (conn, lease) = self.pool.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
            PgTx::lent(conn, Some(lease), End::Rollback)
        } else {
            PgTx::lent(self.pool.shared().await?, None, End::Done)
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

/// 1 ms doubling to 64 ms, times 0.5 to 1.5 so that rivals do not meet again.
fn pause(attempt: u32) -> Duration {
    // The hasher's keys are random; spreading retries needs no better randomness, and no secret is made here.
    let jitter = std::hash::RandomState::new().hash_one(attempt) % 1000;
    Duration::from_micros((500 + jitter) << attempt.min(6))
}
