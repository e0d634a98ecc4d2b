//! The handle a statement runs on: inside a write body, or as a reader. Table modules are the only users of its methods.

use crate::lite::LiteTx;
use crate::pg::PgTx;
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

    /// `exec` for a statement that touches one row or none.
    pub(crate) async fn exec_one(&mut self, sql: &'static str, params: Params<'_>) -> Result<bool> {
        Ok(self.exec(sql, params).await? > 0)
    }

    fn check(&self) -> Result<()> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    fn fail<T>(&mut self, error: Error) -> Result<T> {
        self.failed = Some(error.clone());
        Err(error)
    }
}
