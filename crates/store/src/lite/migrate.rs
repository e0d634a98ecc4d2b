//! Migrations on SQLite. Called by `open`, before anything else runs.

use rusqlite::{Connection, TransactionBehavior};

use crate::migrate::{APPLIED, Applied, LEDGER, RECORD, checksum, next};
use crate::{Error, Result};

/// Each migration in one transaction on the writer's connection.
pub(super) fn run(conn: &mut Connection) -> Result<()> {
    loop {
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(LEDGER)?;
        let Some(migration) = next(&applied(&tx)?)? else {
            return Ok(tx.commit()?);
        };
        tx.execute_batch(migration.sql)?;
        tx.execute(RECORD, (migration.version, migration.name, checksum(migration.sql)))?;
        tx.commit()?;
        tracing::info!(migration = migration.name, "schema migrated");
    }
}

/// Whether the file's schema is exactly this program's, for a process that may not migrate it.
pub(super) fn is_current(conn: &Connection) -> Result<()> {
    match next(&applied(conn)?)? {
        None => Ok(()),
        Some(_) => Err(Error::Schema("the running process has an older schema; restart it with this version first".to_owned())),
    }
}

fn applied(conn: &Connection) -> Result<Vec<Applied>> {
    let mut statement = conn.prepare(APPLIED)?;
    let rows = statement.query_map([], |row| Ok(Applied { version: row.get(0)?, checksum: row.get(1)? }))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
