//! The audit trail: rows are added and, past their time, purged; nothing here changes one. Called by the engine's audit
//! writer, by whoever reads the trail, and by the purge.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One event. `(chain, seq)` is its place; `at` never falls within a chain, so that a purge takes its oldest rows.
    AuditRow {
        /// What one process wrote: random, so that processes never meet.
        chain: String,
        /// From 1, without a gap.
        seq: i64,
        at: i64,
        /// JSON.
        event: String,
        /// The mac of the row before; empty in a chain's first.
        previous: Vec<u8>,
        mac: Vec<u8>,
    }
}

/// Rows of one statement where there are as many: one round trip to PostgreSQL and not sixteen.
const GROUP: usize = 16;

/// Adds rows. `Unique` when a place is taken: of the write, that is.
pub async fn insert(tx: &mut Tx, rows: &[AuditRow]) -> Result<()> {
    const ONE: &str = "INSERT INTO audit_rows (chain, seq, at, event, previous, mac) VALUES ($1, $2, $3, $4, $5, $6)";
    const SIXTEEN: &str = "INSERT INTO audit_rows (chain, seq, at, event, previous, mac) VALUES
        ($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12), ($13, $14, $15, $16, $17, $18),
        ($19, $20, $21, $22, $23, $24), ($25, $26, $27, $28, $29, $30), ($31, $32, $33, $34, $35, $36),
        ($37, $38, $39, $40, $41, $42), ($43, $44, $45, $46, $47, $48), ($49, $50, $51, $52, $53, $54),
        ($55, $56, $57, $58, $59, $60), ($61, $62, $63, $64, $65, $66), ($67, $68, $69, $70, $71, $72),
        ($73, $74, $75, $76, $77, $78), ($79, $80, $81, $82, $83, $84), ($85, $86, $87, $88, $89, $90),
        ($91, $92, $93, $94, $95, $96)";
    let groups = rows.chunks_exact(GROUP);
    let rest = groups.remainder();
    for group in groups {
        let values: Vec<&dyn crate::Param> = group.iter().flat_map(values).collect();
        tx.exec_later(SIXTEEN, &values).await?;
    }
    for row in rest {
        tx.exec_later(ONE, &values(row)).await?;
    }
    Ok(())
}

fn values(row: &AuditRow) -> [&dyn crate::Param; 6] {
    [&row.chain, &row.seq, &row.at, &row.event, &row.previous, &row.mac]
}

/// A page of all rows, chain by chain in the order they were written; `chain` and `seq` are the last place of the page
/// before.
pub async fn by_chain(tx: &mut Tx, chain: &str, seq: i64, limit: i64) -> Result<Vec<AuditRow>> {
    const SQL: &str = "SELECT chain, seq, at, event, previous, mac FROM audit_rows
        WHERE (chain, seq) > ($1, $2) ORDER BY chain, seq LIMIT $3";
    tx.all(SQL, p![chain, seq, limit]).await
}

/// A page of the rows by time; `at`, `chain` and `seq` are the last place of the page before.
pub async fn by_time(tx: &mut Tx, at: i64, chain: &str, seq: i64, limit: i64) -> Result<Vec<AuditRow>> {
    const SQL: &str = "SELECT chain, seq, at, event, previous, mac FROM audit_rows
        WHERE (at, chain, seq) > ($1, $2, $3) ORDER BY at, chain, seq LIMIT $4";
    tx.all(SQL, p![at, chain, seq, limit]).await
}

/// As [`by_time`], the newest first.
pub async fn by_time_back(tx: &mut Tx, at: i64, chain: &str, seq: i64, limit: i64) -> Result<Vec<AuditRow>> {
    const SQL: &str = "SELECT chain, seq, at, event, previous, mac FROM audit_rows
        WHERE (at, chain, seq) < ($1, $2, $3) ORDER BY at DESC, chain DESC, seq DESC LIMIT $4";
    tx.all(SQL, p![at, chain, seq, limit]).await
}

/// Deletes at most `limit` rows from before `before`, the oldest first: what is left of a chain has no gap. Returns how
/// many went.
pub async fn purge(tx: &mut Tx, before: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM audit_rows WHERE (chain, seq) IN (
        SELECT chain, seq FROM audit_rows WHERE at < $1 ORDER BY at, chain, seq LIMIT $2)";
    tx.exec(SQL, p![before, limit]).await
}
