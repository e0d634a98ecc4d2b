//! Forward-only migrations, embedded and checksummed; one migrator for both databases. Called by `db` before anything
//! else runs.
//!
//! Programs of two versions may run on one schema: every migration says which is the oldest version whose program still
//! works after it, and the ledger keeps that, so that a program can judge a migration it has never seen.

use crate::tx::Tx;
use crate::value::FromRow;
use crate::{Error, Result, Row, p};
use aws_lc_rs::digest::{SHA256, digest};

struct Migration {
    version: i64,
    name: &'static str,
    /// The oldest version whose program still works on the schema that this migration leaves.
    compatible_with: i64,
    sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal compatible_with $oldest:literal),* $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            compatible_with: $oldest,
            sql: include_str!(concat!("../migrations/", $name, ".sql")),
        }),*]
    };
}

/// In order. A released file never changes: add the next one (expand first, contract a release later).
const MIGRATIONS: &[Migration] = migrations![
    1 "0001_foundation" compatible_with 1,
    2 "0002_audit" compatible_with 1,
    3 "0003_key_rotation" compatible_with 3,
    4 "0004_scale" compatible_with 3,
    5 "0005_undo" compatible_with 3,
    6 "0006_operators" compatible_with 3,
    7 "0007_flow_runs" compatible_with 3,
];

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    compatible_with BIGINT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)";
const APPLIED: &str = "SELECT version, checksum, compatible_with FROM schema_migrations ORDER BY version";
const RECORD: &str = "INSERT INTO schema_migrations (version, name, checksum, compatible_with) VALUES ($1, $2, $3, $4)";

struct Applied {
    version: i64,
    checksum: String,
    compatible_with: i64,
}

impl FromRow for Applied {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self { version: row.get(0)?, checksum: row.get(1)?, compatible_with: row.get(2)? })
    }
}

/// How a schema stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Some migrations are missing, or all.
    Older,
    /// This program works on it as it is; it may be newer.
    Fit,
}

/// Looks and changes nothing.
///
/// # Errors
/// [`Error::Schema`] for a schema that this program must not touch: newer and incompatible, or altered.
pub(crate) async fn standing(tx: &mut Tx) -> Result<Standing> {
    if !tx.has_table("schema_migrations").await? {
        return Ok(Standing::Older);
    }
    let applied = tx.all(APPLIED, p![]).await?;
    Ok(if next(&applied)?.is_none() { Standing::Fit } else { Standing::Older })
}

/// Applies what is missing up to `last`, each migration in one transaction, under a lock that other nodes wait for.
pub(crate) async fn run(tx: &mut Tx, last: i64) -> Result<()> {
    loop {
        tx.begin_alone().await?;
        tx.schema(LEDGER).await?;
        let Some(migration) = next(&tx.all(APPLIED, p![]).await?)?.filter(|next| next.version <= last) else {
            return tx.control("COMMIT").await;
        };
        tx.schema(migration.sql).await?;
        let params = p![migration.version, migration.name, checksum(migration.sql), migration.compatible_with];
        tx.exec(RECORD, params).await?;
        tx.control("COMMIT").await?;
        tracing::info!(migration = migration.name, "schema migrated");
    }
}

/// The next migration to run, after checking the ones already applied.
fn next(applied: &[Applied]) -> Result<Option<&'static Migration>> {
    let newest = MIGRATIONS.last().map_or(0, |m| m.version);
    for applied in applied {
        if applied.version > newest {
            // Made by a newer program, which knows whether ours still works beside it.
            if applied.compatible_with > newest {
                return Err(Error::Schema(format!(
                    "version {} is newer than this program knows ({newest}) and needs a program of version {} at least",
                    applied.version, applied.compatible_with
                )));
            }
            continue;
        }
        let known = MIGRATIONS.iter().find(|m| m.version == applied.version);
        let known = known.ok_or_else(|| Error::Schema(format!("unknown migration {}", applied.version)))?;
        if checksum(known.sql) != applied.checksum {
            return Err(Error::Schema(format!("migration {} was changed after it ran", known.name)));
        }
    }
    Ok(MIGRATIONS.iter().find(|m| applied.iter().all(|a| a.version < m.version)))
}

fn checksum(sql: &str) -> String {
    digest(&SHA256, sql.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(version: i64, compatible_with: i64) -> Applied {
        let known = MIGRATIONS.iter().find(|m| m.version == version);
        Applied { version, checksum: known.map(|m| checksum(m.sql)).unwrap_or_default(), compatible_with }
    }

    fn all() -> Vec<Applied> {
        MIGRATIONS.iter().map(|m| applied(m.version, m.compatible_with)).collect()
    }

    #[test]
    fn versions_rise_and_no_migration_asks_for_a_program_that_does_not_know_it() {
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].version < pair[1].version));
        assert!(MIGRATIONS.iter().all(|m| (1..=m.version).contains(&m.compatible_with)), "compatible_with is a version so far");
        assert!(MIGRATIONS.iter().all(|m| m.name.starts_with(&format!("{:04}_", m.version))));
    }

    #[test]
    fn sec_164_a_newer_schema_is_worked_on_while_every_unknown_migration_allows_it() {
        let newest = MIGRATIONS.last().unwrap().version;
        let after = |more: &[(i64, i64)]| {
            let mut all = all();
            all.extend(more.iter().map(|(ahead, oldest)| applied(newest + ahead, newest + oldest)));
            next(&all).map(|next| next.is_none())
        };
        assert_eq!(after(&[]), Ok(true));
        assert_eq!(after(&[(1, 0)]), Ok(true));
        assert_eq!(after(&[(1, -1), (2, 0)]), Ok(true));
        for incompatible in [&[(1, 1)][..], &[(1, 0), (2, 1)], &[(1, 0), (2, 2)], &[(1, 1), (2, 0)]] {
            assert!(matches!(after(incompatible), Err(Error::Schema(_))), "{incompatible:?}");
        }
    }
}
