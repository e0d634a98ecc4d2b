//! The database handle: open by URL, write bodies, readers. The engine opens one per process and shares it.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::lite::Lite;
use crate::pg::Pg;
use crate::tx::Tx;
use crate::{Error, Result};

/// Sizes and waits. The defaults suit a single server.
#[derive(Debug, Clone)]
pub struct Options {
    /// SQLite: read connections; a reader waits when all are in use.
    pub readers: usize,
    /// SQLite: write jobs that may wait; a full queue answers [`Error::Busy`] at once.
    pub queue: usize,
    /// PostgreSQL: connections for writes and snapshots.
    pub pool: usize,
    /// PostgreSQL: shared, pipelined connections for single reads.
    pub read_clients: usize,
    /// How long to wait for a reader, a pooled connection or SQLite's lock before [`Error::Busy`].
    pub wait: Duration,
    /// PostgreSQL: the longest a connection attempt or one statement may take before [`Error::Down`].
    pub statement_timeout: Duration,
    /// SQLite: how long `open` waits for another process to let go of the file.
    pub lock_wait: Duration,
    /// SQLite: work beside a process that has the file open instead of waiting for its end. For short administration:
    /// both write under SQLite's own locks, but only the holder of the file migrates and checkpoints.
    pub join: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 16,
            queue: 1024,
            pool: 8,
            read_clients: 2,
            wait: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(2),
            lock_wait: Duration::from_secs(5),
            join: false,
        }
    }
}

/// An open, migrated database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Kind);

#[derive(Clone)]
enum Kind {
    Lite(Arc<Lite>),
    Pg(Arc<Pg>),
}

impl Db {
    /// Opens and migrates. `url` is `sqlite:///absolute/path.db` (the path is taken literally) or
    /// `postgres://user:password@host:port/database?sslmode=disable|require|verify-full&sslrootcert=/path.pem`.
    ///
    /// # Errors
    /// [`Error::Config`] for a wrong URL, [`Error::InUse`] when another process has the SQLite file open,
    /// [`Error::Schema`] when the schema is newer than this program, [`Error::Down`] when the server does not answer.
    pub async fn open(url: &str, options: Options) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return Ok(Self(Kind::Lite(Arc::new(Lite::open(Path::new(path), &options).await?))));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self(Kind::Pg(Arc::new(Pg::open(url, &options).await?))));
        }
        Err(Error::Config("must start with sqlite:// or postgres://".to_owned()))
    }

    /// Runs `body` in one transaction and returns after its COMMIT. `Err` rolls back: a refusal that must persist is an
    /// `Ok` value. The body does nothing but statements (hash, sign and seal before) and may run more than once. It owns
    /// what it captures: a captured reference, `&'static str` too, makes the compiler say that "implementation of `Send`
    /// is not general enough" where the future is spawned.
    ///
    /// ```text
    /// db.write(async move |tx: &mut Tx| -> Result<bool> { tables::users::delete(tx, &pool_id, &sub).await }).await
    /// ```
    ///
    /// # Errors
    /// The body's own, or [`Error::Busy`], [`Error::Down`], [`Error::Unknown`], [`Error::Stopped`], [`Error::Yielded`].
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: AsyncFn(&mut Tx) -> Result<T, E> + Send + Sync + 'static,
    {
        match &self.0 {
            Kind::Lite(lite) => lite.write(body).await,
            Kind::Pg(pg) => pg.write(body).await,
        }
    }

    /// For single reads: each statement sees the newest committed state. Writes through it are refused by the database.
    pub async fn reader(&self) -> Result<Reader> {
        self.read(false).await
    }

    /// For several reads that must agree with each other. Keep it short: it holds a connection and, on SQLite, the WAL.
    pub async fn snapshot(&self) -> Result<Reader> {
        self.read(true).await
    }

    async fn read(&self, snapshot: bool) -> Result<Reader> {
        Ok(Reader(match &self.0 {
            Kind::Lite(lite) => lite.reader(snapshot).await?,
            Kind::Pg(pg) => pg.reader(snapshot).await?,
        }))
    }

    /// Whether reads answer and writes are still taken.
    pub async fn ping(&self) -> Result<()> {
        let mut reader = self.reader().await?;
        reader.one::<i64>("SELECT CAST(1 AS BIGINT)", crate::p![]).await?;
        match &self.0 {
            Kind::Lite(lite) => lite.check(),
            Kind::Pg(_) => Ok(()),
        }
    }

    /// How many COMMITs this handle has done (on SQLite one for each group).
    #[must_use]
    pub fn commits(&self) -> u64 {
        match &self.0 {
            Kind::Lite(lite) => lite.commits(),
            Kind::Pg(pg) => pg.commits(),
        }
    }

    /// Writes in hand: on SQLite those in the queue, on PostgreSQL the pooled connections in use.
    #[must_use]
    pub fn writes_in_hand(&self) -> usize {
        match &self.0 {
            Kind::Lite(lite) => lite.queued(),
            Kind::Pg(pg) => pg.in_use(),
        }
    }

    /// Finishes what is queued and closes; later calls fail with [`Error::Down`]. Clones share the end.
    pub async fn close(&self) {
        match &self.0 {
            Kind::Lite(lite) => lite.close().await,
            Kind::Pg(pg) => pg.close().await,
        }
    }
}

/// A [`Tx`] for reading; gives its connection back when dropped.
pub struct Reader(Tx);

impl Deref for Reader {
    type Target = Tx;
    fn deref(&self) -> &Tx {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Tx {
        &mut self.0
    }
}
