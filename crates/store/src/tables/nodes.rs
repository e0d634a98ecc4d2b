//! The processes that share this database, and the master keys each holds. Called by `engine::nodes`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One running process.
    NodeRow {
        id: String,
        /// Ids of master keys between spaces, the active one first.
        ring: String,
        /// When it last said so.
        seen_at: i64,
    }
}

/// Adds the node or renews what it says.
pub async fn put(tx: &mut Tx, row: &NodeRow) -> Result<()> {
    const SQL: &str = "INSERT INTO nodes (id, ring, seen_at) VALUES ($1, $2, $3)
        ON CONFLICT (id) DO UPDATE SET ring = excluded.ring, seen_at = excluded.seen_at";
    tx.exec(SQL, p![row.id, row.ring, row.seen_at]).await?;
    Ok(())
}

/// The nodes seen since `since`, by id.
pub async fn seen(tx: &mut Tx, since: i64) -> Result<Vec<NodeRow>> {
    tx.all("SELECT id, ring, seen_at FROM nodes WHERE seen_at >= $1 ORDER BY id", p![since]).await
}

/// Forgets the node.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool> {
    tx.exec_one("DELETE FROM nodes WHERE id = $1", p![id]).await
}

/// Forgets the nodes last seen before `before`.
pub async fn purge(tx: &mut Tx, before: i64) -> Result<u64> {
    tx.exec("DELETE FROM nodes WHERE seen_at < $1", p![before]).await
}
