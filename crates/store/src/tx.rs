//! The handle a statement runs on: inside a write body, or as a reader. Table modules are the only users of its public
//! methods; the backends make it, and `migrate` uses the rest.

use crate::conn::pool::PgTx;
use crate::conn::readers::LiteTx;
use crate::value::{FromRow, Params};
use crate::{Error, Result};

/// One open transaction, or a reader. Statements are `&'static str`: never built from input.
///
/// The first failed statement fails the whole transaction on both databases (PostgreSQL insists on it), so a body
/// that swallows an error still does not commit.
pub struct Tx {
    pub(crate) kind: TxKind,
    pub(crate) failed: Option<Error>,
}

pub(crate) enum TxKind {
    Lite(LiteTx),
    Pg(PgTx),
}

impl Tx {
    pub(crate) fn new(kind: TxKind) -> Self {
        Self { kind, failed: None }
    }

    /// At most one row; more is an error.
    pub async fn opt<T: FromRow>(&mut self, sql: &'static str, params: Params<'_>) -> Result<Option<T>> {
        let mut rows = self.all(sql, params).await?;
        let last = rows.pop();
        if rows.is_empty() {
            return Ok(last);
        }
        self.fail(Error::Db(format!("more than one row: {sql}")))
    }

    /// Exactly one row, else [`Error::NoRow`].
    pub async fn one<T: FromRow>(&mut self, sql: &'static str, params: Params<'_>) -> Result<T> {
        self.opt(sql, params).await?.ok_or(Error::NoRow)
    }

    /// Every row, read to the end.
    pub async fn all<T: FromRow>(&mut self, sql: &'static str, params: Params<'_>) -> Result<Vec<T>> {
        self.check()?;
        let result = match &mut self.kind {
            TxKind::Lite(lite) => lite.conn().and_then(|conn| conn.query(sql, params)),
            TxKind::Pg(pg) => pg.query(sql, params).await,
        };
        result.or_else(|error| self.fail(error))
    }

    /// Runs a statement for its effect and returns the number of rows changed.
    pub async fn exec(&mut self, sql: &'static str, params: Params<'_>) -> Result<u64> {
        self.check()?;
        let result = match &mut self.kind {
            TxKind::Lite(lite) => lite.conn().and_then(|conn| conn.execute(sql, params)),
            TxKind::Pg(pg) => pg.execute(sql, params).await,
        };
        result.or_else(|error| self.fail(error))
    }

    /// `exec` for a statement that changes nothing the body has to know. On PostgreSQL it costs no round trip, and its error is
    /// that of the next statement or of the whole write.
    pub async fn exec_later(&mut self, sql: &'static str, params: Params<'_>) -> Result<()> {
        self.check()?;
        let result = match &mut self.kind {
            TxKind::Lite(lite) => lite.conn().and_then(|conn| conn.execute(sql, params)).map(drop),
            TxKind::Pg(pg) => pg.execute_later(sql, params).await,
        };
        result.or_else(|error| self.fail(error))
    }

    /// `exec` for a statement that touches one row or none.
    pub(crate) async fn exec_one(&mut self, sql: &'static str, params: Params<'_>) -> Result<bool> {
        Ok(self.exec(sql, params).await? > 0)
    }

    /// Whether the table is there. Another text for each database: the catalogue is the one thing they do not share.
    pub(crate) async fn has_table(&mut self, name: &'static str) -> Result<bool> {
        const LITE: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1)";
        const PG: &str = "SELECT CAST(to_regclass(CAST($1 AS TEXT)) IS NOT NULL AS INTEGER)::BIGINT";
        let sql = if matches!(self.kind, TxKind::Lite(_)) { LITE } else { PG };
        self.one(sql, crate::p![name]).await
    }

    /// Begins a transaction that no other migrator has at the same time.
    pub(crate) async fn begin_alone(&mut self) -> Result<()> {
        match &mut self.kind {
            TxKind::Lite(lite) => lite.conn()?.control("BEGIN IMMEDIATE"),
            // Any number will do as long as every node takes the same.
            TxKind::Pg(pg) => pg.control("BEGIN; SELECT pg_advisory_xact_lock(7076867836867)").await,
        }
    }

    /// COMMIT and the like.
    pub(crate) async fn control(&mut self, sql: &'static str) -> Result<()> {
        match &mut self.kind {
            TxKind::Lite(lite) => lite.conn()?.control(sql),
            TxKind::Pg(pg) => pg.control(sql).await,
        }
    }

    /// Statements that make tables. On PostgreSQL with bytewise comparison, as SQLite does it: the same order on both,
    /// and prefix ranges can use an index.
    pub(crate) async fn schema(&mut self, sql: &str) -> Result<()> {
        match &mut self.kind {
            TxKind::Lite(lite) => lite.conn()?.script(sql),
            TxKind::Pg(pg) => pg.control(&sql.replace(" TEXT", " TEXT COLLATE \"C\"")).await,
        }
    }

    pub(crate) fn pg(&mut self) -> Option<&mut PgTx> {
        match &mut self.kind {
            TxKind::Pg(pg) => Some(pg),
            TxKind::Lite(_) => None,
        }
    }

    fn check(&self) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn fail<T>(&mut self, error: Error) -> Result<T> {
        self.failed = Some(error.clone());
        Err(error)
    }
}
