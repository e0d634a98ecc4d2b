//! Domains of pools, found by host. Called by `engine::pools` and `engine::oauth`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One domain: a prefix in a region, or a custom host name with region "" (unique everywhere).
    DomainRow {
        domain: String,
        region: String,
        pool_id: String,
        /// `prefix` or `custom`; a pool has at most one of each.
        kind: String,
        /// JSON.
        document: String,
        version: i64,
        created_at: i64,
        modified_at: i64,
    }
}

macro_rules! select {
    ($tail:literal) => {
        concat!("SELECT domain, region, pool_id, kind, document, version, created_at, modified_at FROM domains ", $tail)
    };
}

/// Adds a domain. `Unique("domains(region, domain)")` when the name is taken, `Unique("domains(pool_id, kind)")` when the
/// pool has one of the kind.
pub async fn insert(tx: &mut Tx, row: &DomainRow) -> Result<()> {
    const SQL: &str = "INSERT INTO domains (domain, region, pool_id, kind, document, version, created_at, modified_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let params = p![row.domain, row.region, row.pool_id, row.kind, row.document, row.version, row.created_at, row.modified_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The domain by its host key: region and prefix, or "" and the custom host name.
pub async fn get(tx: &mut Tx, region: &str, domain: &str) -> Result<Option<DomainRow>> {
    tx.opt(select!("WHERE region = $1 AND domain = $2"), p![region, domain]).await
}

/// The prefix domains of that name in every region.
pub async fn of_prefix(tx: &mut Tx, prefix: &str) -> Result<Vec<DomainRow>> {
    tx.all(select!("WHERE domain = $1 AND kind = 'prefix' ORDER BY region"), p![prefix]).await
}

/// The pool's domains (none to two), custom first.
pub async fn of_pool(tx: &mut Tx, pool_id: &str) -> Result<Vec<DomainRow>> {
    tx.all(select!("WHERE pool_id = $1 ORDER BY kind"), p![pool_id]).await
}

/// Writes document and `modified_at` if the stored version is still `row.version`, and adds one to it.
pub async fn update(tx: &mut Tx, row: &DomainRow) -> Result<bool> {
    const SQL: &str = "UPDATE domains SET document = $1, modified_at = $2, version = version + 1
        WHERE region = $3 AND domain = $4 AND pool_id = $5 AND version = $6";
    tx.exec_one(SQL, p![row.document, row.modified_at, row.region, row.domain, row.pool_id, row.version]).await
}

/// Deletes the pool's domain of that name.
pub async fn delete(tx: &mut Tx, pool_id: &str, region: &str, domain: &str) -> Result<bool> {
    const SQL: &str = "DELETE FROM domains WHERE pool_id = $1 AND region = $2 AND domain = $3";
    tx.exec_one(SQL, p![pool_id, region, domain]).await
}
