//! Forward-only migrations, embedded and checksummed: which there are, and which comes next. Each database applies them in
//! its own way (`lite::migrate`, `pg::migrate`).

use crate::value::FromRow;
use crate::{Error, Result, Row};
use aws_lc_rs::digest::{SHA256, digest};

pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),* $(,)?) => {
        &[$(Migration { version: $version, name: $name, sql: include_str!(concat!("../migrations/", $name, ".sql")) }),*]
    };
}

/// In order. A released file never changes: add the next one (expand first, contract a release later).
const MIGRATIONS: &[Migration] = migrations![1 "0001_foundation", 2 "0002_audit"];

pub(crate) const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)";
pub(crate) const APPLIED: &str = "SELECT version, checksum FROM schema_migrations ORDER BY version";
pub(crate) const RECORD: &str = "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)";
pub(crate) struct Applied {
    pub(crate) version: i64,
    pub(crate) checksum: String,
}

impl FromRow for Applied {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { version: row.get(0)?, checksum: row.get(1)? })
    }
}

/// The next migration to run, after checking the ones already applied.
pub(crate) fn next(applied: &[Applied]) -> Result<Option<&'static Migration>> {
    if let Some(newest) = applied.last().filter(|a| MIGRATIONS.iter().all(|m| m.version < a.version)) {
        return Err(Error::Schema(format!("version {} is newer than this program knows", newest.version)));
    }
    for applied in applied {
        let known = MIGRATIONS.iter().find(|m| m.version == applied.version);
        let known = known.ok_or_else(|| Error::Schema(format!("unknown migration {}", applied.version)))?;
        if checksum(known.sql) != applied.checksum {
            return Err(Error::Schema(format!("migration {} was changed after it ran", known.name)));
        }
    }
    Ok(MIGRATIONS.iter().find(|m| applied.iter().all(|a| a.version < m.version)))
}

pub(crate) fn checksum(sql: &str) -> String {
    digest(&SHA256, sql.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
