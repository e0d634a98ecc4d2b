//! Facts about this database as a whole: the master key's canary, format versions. Called by the engine's start-up.

use crate::{Result, Tx, p};

/// The value of `key`.
pub async fn get(tx: &mut Tx, key: &str) -> Result<Option<String>> {
    tx.opt("SELECT value FROM meta WHERE key = $1", p![key]).await
}

/// Sets `key`, new or not.
pub async fn put(tx: &mut Tx, key: &str, value: &str) -> Result<()> {
    const SQL: &str = "INSERT INTO meta (key, value) VALUES ($1, $2)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.exec(SQL, p![key, value]).await?;
    Ok(())
}

/// Sets `key` if it is missing; false when it was there. Of several nodes that start at once, one wins.
pub async fn insert_if_absent(tx: &mut Tx, key: &str, value: &str) -> Result<bool> {
    tx.exec_one("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", p![key, value]).await
}

/// Sets `key` to `to` only while it is `from`.
pub async fn replace(tx: &mut Tx, key: &str, from: &str, to: &str) -> Result<bool> {
    tx.exec_one("UPDATE meta SET value = $1 WHERE key = $2 AND value = $3", p![to, key, from]).await
}
