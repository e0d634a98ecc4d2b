//! Migrations on PostgreSQL. Called by `Pg::open`, before anything else runs.

use super::conn::PgConn;
use crate::migrate::{APPLIED, LEDGER, RECORD, checksum, next};
use crate::{Result, p};

/// Any constant will do as long as every node takes the same.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7076867836867)";

/// Each migration in one transaction, under a lock that other nodes wait for.
pub(super) async fn run(conn: &PgConn) -> Result<()> {
    loop {
        conn.control("BEGIN").await?;
        conn.control(LOCK).await?;
        conn.control(&collate(LEDGER)).await?;
        let Some(migration) = next(&conn.query(APPLIED, p![]).await?)? else {
            return conn.control("COMMIT").await;
        };
        conn.control(&collate(migration.sql)).await?;
        conn.execute(RECORD, p![migration.version, migration.name, checksum(migration.sql)]).await?;
        conn.control("COMMIT").await?;
        tracing::info!(migration = migration.name, "schema migrated");
    }
}

/// Bytewise comparison, as SQLite does it: the same order on both, and prefix ranges can use an index.
fn collate(sql: &str) -> String {
    sql.replace(" TEXT", " TEXT COLLATE \"C\"")
}
