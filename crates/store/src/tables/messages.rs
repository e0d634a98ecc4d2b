//! The inbox of a development server: what would have been sent. Called by `engine::delivery` and the control pages.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One message.
    MessageRow {
        /// Time-ordered.
        id: String,
        pool_id: String,
        address: String,
        medium: String,
        kind: String,
        subject: Option<String>,
        body: String,
        code: Option<String>,
        link: Option<String>,
        created_at: i64,
    }
}

macro_rules! columns {
    ($head:literal, $tail:literal) => {
        concat!($head, "id, pool_id, address, medium, kind, subject, body, code, link, created_at", $tail)
    };
}

/// Greater than every id.
const NEWEST: &str = "\u{10FFFF}";

/// Adds a message.
pub async fn insert(tx: &mut Tx, row: &MessageRow) -> Result<()> {
    const SQL: &str = columns!("INSERT INTO messages (", ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    let params =
        p![row.id, row.pool_id, row.address, row.medium, row.kind, row.subject, row.body, row.code, row.link, row.created_at];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// The message by id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<MessageRow>> {
    tx.opt(columns!("SELECT ", " FROM messages WHERE id = $1"), p![id]).await
}

/// A page of all messages, newest first; `before` is the last id of the page before.
pub async fn list(tx: &mut Tx, before: Option<&str>, limit: i64) -> Result<Vec<MessageRow>> {
    const SQL: &str = columns!("SELECT ", " FROM messages WHERE id < $1 ORDER BY id DESC LIMIT $2");
    tx.all(SQL, p![before.unwrap_or(NEWEST), limit]).await
}

/// A page of the messages to one address, newest first.
pub async fn list_for(tx: &mut Tx, address: &str, before: Option<&str>, limit: i64) -> Result<Vec<MessageRow>> {
    const SQL: &str = columns!("SELECT ", " FROM messages WHERE address = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    tx.all(SQL, p![address, before.unwrap_or(NEWEST), limit]).await
}

/// The newest message to the address.
pub async fn latest_for(tx: &mut Tx, address: &str) -> Result<Option<MessageRow>> {
    const SQL: &str = columns!("SELECT ", " FROM messages WHERE address = $1 ORDER BY id DESC LIMIT 1");
    tx.opt(SQL, p![address]).await
}

/// How many messages there are, of all or to one address.
pub async fn count(tx: &mut Tx, address: Option<&str>) -> Result<i64> {
    match address {
        Some(address) => tx.one("SELECT COUNT(*) FROM messages WHERE address = $1", p![address]).await,
        None => tx.one("SELECT COUNT(*) FROM messages", p![]).await,
    }
}

/// Keeps the newest `at_most` messages; returns how many went.
pub async fn keep_newest(tx: &mut Tx, at_most: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM messages WHERE id <= (SELECT id FROM messages ORDER BY id DESC LIMIT 1 OFFSET $1)";
    tx.exec(SQL, p![at_most]).await
}

/// Deletes a message; returns whether it was there.
pub async fn delete(tx: &mut Tx, id: &str) -> Result<bool> {
    Ok(tx.exec("DELETE FROM messages WHERE id = $1", p![id]).await? > 0)
}

/// Deletes every message; returns how many.
pub async fn clear(tx: &mut Tx) -> Result<u64> {
    tx.exec("DELETE FROM messages", p![]).await
}
