//! One SQLite connection: prepare with the parameter-order check, bind, step to the end. Used by `readers` and the writer.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection};

use super::wal_index::{Stamp, WalIndex};
use crate::value::{FromRow, Params, Row, RowKind};
use crate::{Error, Result};

/// Frames (of 4 KiB) in the log from which on no reader stays on a state of it; also those that make a checkpoint worth its syncs,
/// as SQLite has it by default.
pub(crate) const LONG_LOG: u32 = 1000;

/// A connection, and the addresses of the statements whose parameter order was checked.
pub(crate) struct LiteConn {
    conn: Connection,
    checked: HashSet<(usize, usize)>,
    /// Whether every statement is to see the newest state, by itself.
    follows: bool,
    /// The state on which a read transaction stays open between statements: beginning and ending one costs two locks that all
    /// readers share, more than a look-up itself.
    stays: Option<Stamp>,
    /// Dropped after the connection, as it must be.
    index: Option<Arc<WalIndex>>,
}

impl LiteConn {
    pub(crate) fn new(conn: Connection) -> Self {
        conn.set_prepared_statement_cache_capacity(256);
        Self { conn, checked: HashSet::new(), follows: false, stays: None, index: None }
    }

    /// Keeps `index` for as long as the connection.
    pub(crate) fn keep(&mut self, index: &Arc<WalIndex>) {
        self.index = Some(Arc::clone(index));
    }

    /// From now on every statement sees the newest committed state; or, `false`, what the caller's own transaction shows.
    pub(crate) fn follow(&mut self, follows: bool) -> Result<()> {
        self.follows = follows;
        if follows { Ok(()) } else { self.let_go() }
    }

    /// Ends the read transaction that is kept open between statements, if there is one.
    pub(crate) fn let_go(&mut self) -> Result<()> {
        match self.stays.take() {
            // Some errors have ended it already. Not COMMIT, which fails once more where a statement of the transaction met damage.
            Some(_) if !self.conn.is_autocommit() => self.control("ROLLBACK"),
            _ => Ok(()),
        }
    }

    /// Whether a transaction is open that is not the connection's own.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.stays.is_none() && !self.conn.is_autocommit()
    }

    /// Stays on the state that it reads as long as it is the newest one.
    fn renew(&mut self) -> Result<()> {
        let Some(index) = self.index.as_ref().filter(|_| self.follows) else { return Ok(()) };
        // Before the transaction, which may begin with a newer state: then the next statement looks again.
        let look = index.look();
        if look.is_some_and(|look| self.stays == Some(look.stamp)) && !self.conn.is_autocommit() {
            return Ok(());
        }
        self.let_go()?;
        if let Some(look) = look.filter(|look| look.may_stay(LONG_LOG)) {
            self.control("BEGIN")?;
            self.stays = Some(look.stamp);
        }
        Ok(())
    }

    /// Every row of the statement. Steps to the end even where one row is wanted: an unfinished RETURNING would stay
    /// open and block RELEASE and COMMIT.
    pub(crate) fn query<T: FromRow>(&mut self, sql: &'static str, params: Params<'_>) -> Result<Vec<T>> {
        self.renew()?;
        let mut read = || -> Result<Vec<T>> {
            let mut statement = prepare(&self.conn, &mut self.checked, sql, params)?;
            let mut rows = statement.raw_query();
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(T::from_row(&Row(RowKind::Lite(row)))?);
            }
            Ok(found)
        };
        named(sql, read())
    }

    /// The number of rows changed.
    pub(crate) fn execute(&mut self, sql: &'static str, params: Params<'_>) -> Result<u64> {
        self.renew()?;
        let mut statement = prepare(&self.conn, &mut self.checked, sql, params)?;
        let changed = named(sql, statement.raw_execute().map_err(Error::from))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// A statement of the seam's own (BEGIN, SAVEPOINT, COMMIT …).
    pub(crate) fn control(&self, sql: &'static str) -> Result<()> {
        self.conn.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }

    /// Statements of the seam's own, several at once: a schema.
    pub(crate) fn script(&self, sql: &str) -> Result<()> {
        Ok(self.conn.execute_batch(sql)?)
    }

    /// Whether no transaction is open; SQLite ends one by itself after some I/O and memory errors.
    pub(crate) fn is_autocommit(&self) -> bool {
        self.conn.is_autocommit()
    }

    pub(crate) fn raw(&self) -> &Connection {
        &self.conn
    }
}

/// Says which statement met damage: its text names the table and holds no values.
fn named<T>(sql: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error| match error {
        Error::Damaged(what) => {
            tracing::error!(what, sql, "the database is damaged; `poolhouse check` names what");
            Error::Damaged(format!("{what}, in {sql}"))
        }
        other => other,
    })
}

fn prepare<'c>(
    conn: &'c Connection,
    checked: &mut HashSet<(usize, usize)>,
    sql: &'static str,
    params: Params<'_>,
) -> Result<CachedStatement<'c>> {
    let mut statement = conn.prepare_cached(sql)?;
    let address = (sql.as_ptr().addr(), sql.len());
    if checked.insert(address) {
        // SQLite numbers `$n` by first appearance, PostgreSQL by n: a statement where the two differ would bind
        // the wrong values on one of them.
        for index in 1..=statement.parameter_count() {
            if statement.parameter_name(index) != Some(format!("${index}").as_str()) {
                checked.remove(&address);
                return Err(Error::Db(format!("parameters out of order: {sql}")));
            }
        }
        #[cfg(feature = "testkit")]
        crate::testkit::plans::note(conn, sql);
    }
    if statement.parameter_count() != params.len() {
        return Err(Error::Db(format!("wrong number of parameters: {sql}")));
    }
    for (index, param) in params.iter().enumerate() {
        statement.raw_bind_parameter(index.saturating_add(1), param.lite())?;
    }
    Ok(statement)
}
