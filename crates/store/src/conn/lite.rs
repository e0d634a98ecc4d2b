//! One SQLite connection: prepare with the parameter-order check, bind, step to the end. Used by `readers` and the writer.

use std::collections::HashSet;

use rusqlite::{CachedStatement, Connection};

use crate::value::{FromRow, Params, Row, RowKind};
use crate::{Error, Result};

/// A connection, and the addresses of the statements whose parameter order was checked.
pub(crate) struct LiteConn {
    conn: Connection,
    checked: HashSet<(usize, usize)>,
}

impl LiteConn {
    pub(crate) fn new(conn: Connection) -> Self {
        conn.set_prepared_statement_cache_capacity(256);
        Self { conn, checked: HashSet::new() }
    }

    /// Every row of the statement. Steps to the end even where one row is wanted: an unfinished RETURNING would stay
    /// open and block RELEASE and COMMIT.
    pub(crate) fn query<T: FromRow>(&mut self, sql: &'static str, params: Params<'_>) -> Result<Vec<T>> {
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
