//! The database handle: open by URL, write bodies, readers. The engine opens one per process and shares it.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

use crate::conn::wal_index::Stamp;
use crate::lite::{Lite, Opening};
use crate::migrate::{self, Standing};
use crate::options::{Access, Footprint, Options};
use crate::pg::Pg;
use crate::snapshots::Snapshots;
use crate::tx::{Tx, TxKind};
use crate::{Error, Result, tables};

/// An open, migrated database. Cheap to clone.
#[derive(Clone)]
pub struct Db(Kind);

#[derive(Clone)]
enum Kind {
    Lite(Arc<Lite>),
    Pg(Arc<Pg>),
}

/// An open database whose schema is as it was found: the moment to find out whether it is ours before it is changed.
pub struct Unmigrated {
    tx: Tx,
    rest: Rest,
    options: Options,
    standing: Standing,
}

enum Rest {
    Lite(Opening),
    Pg(Pg),
}

impl Unmigrated {
    /// Opens and changes no table; a SQLite file that is missing is made, empty. `url` is `sqlite:///absolute/path.db` (the
    /// path is taken literally) or
    /// `postgres://user:password@host:port,host:port/database?sslmode=disable|require|verify-full&sslrootcert=/path.pem`; of
    /// several servers the one that takes writes is used.
    ///
    /// # Errors
    /// [`Error::Config`] for a wrong URL, [`Error::InUse`] when another process has the SQLite file open,
    /// [`Error::Schema`] when the schema is one this program cannot work on, [`Error::Down`] when the server does not answer.
    pub async fn open(url: &str, options: Options) -> Result<Self> {
        let (rest, mut tx) = if let Some(path) = url.strip_prefix("sqlite://") {
            let (opening, tx) = Opening::open(Path::new(path), &options).await?;
            (Rest::Lite(opening), tx)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let (pg, tx) = Pg::open(url, &options).await?;
            (Rest::Pg(pg), tx)
        } else {
            return Err(Error::Config("must start with sqlite:// or postgres://".to_owned()));
        };
        let standing = migrate::standing(&mut tx).await?;
        Ok(Self { tx, rest, options, standing })
    }

    /// A fact of `meta` as it stands, whatever the ledger says; `None` where there is none, or no such table.
    pub async fn meta(&mut self, key: &str) -> Result<Option<String>> {
        if self.tx.has_table("meta").await? { tables::meta::get(&mut self.tx, key).await } else { Ok(None) }
    }

    /// Brings the schema up to this program's, where [`Options::access`] allows it, and starts working.
    ///
    /// # Errors
    /// [`Error::Schema`] for an older schema that may not be changed now.
    pub async fn migrate(mut self) -> Result<Db> {
        let may = match &self.rest {
            Rest::Lite(opening) => opening.may_migrate(),
            Rest::Pg(_) => self.options.access != Access::Read,
        };
        if self.options.access != Access::Read {
            Opening::use_wal(&mut self.tx)?;
        }
        if may {
            migrate::run(&mut self.tx, i64::MAX).await?;
        } else if self.standing != Standing::Fit {
            let text = "it is older than this program; start the server of this version first, which migrates it";
            return Err(Error::Schema(text.to_owned()));
        }
        Ok(Db(match self.rest {
            Rest::Lite(opening) => Kind::Lite(Arc::new(Lite::start(opening, self.tx, &self.options)?)),
            Rest::Pg(pg) => {
                if let TxKind::Pg(first) = self.tx.kind {
                    first.hang_up().await;
                }
                Kind::Pg(Arc::new(pg))
            }
        }))
    }
}

#[cfg(feature = "testkit")]
impl Unmigrated {
    /// Applies only the migrations up to `version`, as an older program would have.
    pub async fn migrate_to(mut self, version: i64) -> Result<()> {
        migrate::run(&mut self.tx, version).await
    }
}

impl Db {
    /// [`Unmigrated::open`] and [`Unmigrated::migrate`] in one, for whoever has nothing to ask in between.
    ///
    /// # Errors
    /// Those of both.
    pub async fn open(url: &str, options: Options) -> Result<Self> {
        Unmigrated::open(url, options).await?.migrate().await
    }

    /// What [`Db::open`] of this URL and everything after it touches. Makes the directory of a SQLite file.
    ///
    /// # Errors
    /// [`Error::Config`] for a wrong URL, or a directory that cannot be made.
    pub fn footprint(url: &str) -> Result<Footprint> {
        match url.strip_prefix("sqlite://") {
            Some(path) => crate::lite::footprint(Path::new(path)),
            None => crate::conn::url::footprint(url),
        }
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

    /// The database server's clock, milliseconds since the epoch; `None` on SQLite, which has none of its own.
    pub async fn now(&self) -> Result<Option<i64>> {
        const SQL: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
        match &self.0 {
            Kind::Lite(_) => Ok(None),
            Kind::Pg(_) => Ok(Some(self.reader().await?.one(SQL, crate::p![]).await?)),
        }
    }

    /// The newest committed state: while it is the same, whatever was read after it was taken still stands, whichever process
    /// might have changed it. `None` where only reading tells: on PostgreSQL, and in the moment of a commit. Costs some 0.3 µs.
    #[must_use]
    pub fn stamp(&self) -> Option<Stamp> {
        match &self.0 {
            Kind::Lite(lite) => lite.stamp(),
            Kind::Pg(_) => None,
        }
    }

    /// Whether any number of processes may have this database open: PostgreSQL. A SQLite file is one's alone.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.0, Kind::Pg(_))
    }

    /// Its named states; `None` on PostgreSQL, which has tools of its own for that.
    #[must_use]
    pub fn snapshots(&self) -> Option<Snapshots> {
        match &self.0 {
            Kind::Lite(lite) => Some(Snapshots::of(lite.path())),
            Kind::Pg(_) => None,
        }
    }

    /// What the database itself finds wrong with its file: SQLite reads all of it, pages, indexes and references. Nothing
    /// on PostgreSQL, which watches over its own pages.
    pub async fn damage(&self) -> Result<Vec<String>> {
        let mut reader = self.reader().await?;
        match &mut reader.0.kind {
            TxKind::Lite(lite) => crate::lite::copy::damage(lite.conn()?.raw()),
            TxKind::Pg(_) => Ok(Vec::new()),
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
