//! Refresh tokens and their families (one family a sign-in, named by `origin_jti`). Called by `engine::tokens` and `oauth`.

use crate::value::row;
use crate::{FromRow, Result, Row, Tx, p};

row! {
    /// One sign-in: all tokens that descend from it.
    FamilyRow {
        origin_jti: String,
        pool_id: String,
        client_id: String,
        sub: String,
        /// JSON.
        document: String,
        issued_at: i64,
        expires_at: i64,
        revoked_at: Option<i64>,
    }
}

row! {
    /// One refresh token; the key is its hash.
    TokenRow {
        hash: Vec<u8>,
        origin_jti: String,
        created_at: i64,
        expires_at: i64,
        /// Set once by [`rotate`].
        replaced_at: Option<i64>,
        /// Until then a retry of the lost answer is not a replay (the grace period).
        replaced_until: Option<i64>,
    }
}

macro_rules! family {
    ($head:literal, $tail:literal) => {
        concat!($head, "origin_jti, pool_id, client_id, sub, document, issued_at, expires_at, revoked_at", $tail)
    };
}

/// Starts a family. A fault shows at the next statement or the end of the write.
pub async fn insert_family(tx: &mut Tx, row: &FamilyRow) -> Result<()> {
    const SQL: &str = family!("INSERT INTO refresh_families (", ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    let params =
        p![row.origin_jti, row.pool_id, row.client_id, row.sub, row.document, row.issued_at, row.expires_at, row.revoked_at];
    tx.exec_later(SQL, params).await
}

/// The family, revoked or not.
pub async fn get_family(tx: &mut Tx, origin_jti: &str) -> Result<Option<FamilyRow>> {
    tx.opt(family!("SELECT ", " FROM refresh_families WHERE origin_jti = $1"), p![origin_jti]).await
}

/// The user's living families, oldest first.
pub async fn families_of_user(tx: &mut Tx, pool_id: &str, sub: &str, now: i64) -> Result<Vec<FamilyRow>> {
    const SQL: &str = family!(
        "SELECT ",
        " FROM refresh_families WHERE pool_id = $1 AND sub = $2 AND revoked_at IS NULL AND expires_at > $3
        ORDER BY issued_at, origin_jti"
    );
    tx.all(SQL, p![pool_id, sub, now]).await
}

/// Revokes one family; false when it was revoked or is unknown.
pub async fn revoke_family(tx: &mut Tx, origin_jti: &str, now: i64) -> Result<bool> {
    const SQL: &str = "UPDATE refresh_families SET revoked_at = $1 WHERE origin_jti = $2 AND revoked_at IS NULL";
    tx.exec_one(SQL, p![now, origin_jti]).await
}

/// Revokes every family of the user; returns how many were alive.
pub async fn revoke_by_user(tx: &mut Tx, pool_id: &str, sub: &str, now: i64) -> Result<u64> {
    const SQL: &str = "UPDATE refresh_families SET revoked_at = $1
        WHERE pool_id = $2 AND sub = $3 AND revoked_at IS NULL";
    tx.exec(SQL, p![now, pool_id, sub]).await
}

/// Revokes every family of the client.
pub async fn revoke_by_client(tx: &mut Tx, client_id: &str, now: i64) -> Result<u64> {
    const SQL: &str = "UPDATE refresh_families SET revoked_at = $1 WHERE client_id = $2 AND revoked_at IS NULL";
    tx.exec(SQL, p![now, client_id]).await
}

/// Adds a token to its family. A fault shows at the next statement or the end of the write.
pub async fn insert_token(tx: &mut Tx, row: &TokenRow) -> Result<()> {
    const SQL: &str = "INSERT INTO refresh_tokens
        (hash, origin_jti, created_at, expires_at, replaced_at, replaced_until) VALUES ($1, $2, $3, $4, $5, $6)";
    let params = p![row.hash, row.origin_jti, row.created_at, row.expires_at, row.replaced_at, row.replaced_until];
    tx.exec_later(SQL, params).await
}

struct Joined(TokenRow, FamilyRow);

impl FromRow for Joined {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (token, next) = TokenRow::from_columns(row, 0)?;
        Ok(Self(token, FamilyRow::from_columns(row, next)?.0))
    }
}

/// The token with its family, whatever state they are in.
pub async fn get(tx: &mut Tx, hash: &[u8]) -> Result<Option<(TokenRow, FamilyRow)>> {
    const SQL: &str = "SELECT t.hash, t.origin_jti, t.created_at, t.expires_at, t.replaced_at, t.replaced_until,
        f.origin_jti, f.pool_id, f.client_id, f.sub, f.document, f.issued_at, f.expires_at, f.revoked_at
        FROM refresh_tokens t JOIN refresh_families f ON f.origin_jti = t.origin_jti WHERE t.hash = $1";
    Ok(tx.opt::<Joined>(SQL, p![hash]).await?.map(|Joined(token, family)| (token, family)))
}

/// Marks the token as replaced unless it was, has expired, or its family was revoked: of any number of rotations one wins
/// (sec 154). After `None`, [`get`] tells a replay from the rest.
pub async fn rotate(tx: &mut Tx, hash: &[u8], now: i64, replaced_until: i64) -> Result<Option<TokenRow>> {
    const SQL: &str = "UPDATE refresh_tokens SET replaced_at = $1, replaced_until = $2
        WHERE hash = $3 AND replaced_at IS NULL AND expires_at > $1
        AND EXISTS (SELECT 1 FROM refresh_families f
            WHERE f.origin_jti = refresh_tokens.origin_jti AND f.revoked_at IS NULL AND f.expires_at > $1)
        RETURNING hash, origin_jti, created_at, expires_at, replaced_at, replaced_until";
    tx.opt(SQL, p![now, replaced_until, hash]).await
}

/// A retry within the grace period: whatever stands in the place of this token is replaced as well, so that the family
/// keeps one head. False where the grace is over or was none, the token was never replaced, or its family was revoked. "None" does
/// not follow from the time: a caller that began a moment before the first one still carries the earlier time.
pub async fn retry(tx: &mut Tx, row: &TokenRow, now: i64, replaced_until: i64) -> Result<bool> {
    const GUARD: &str = "UPDATE refresh_tokens SET replaced_at = replaced_at
        WHERE hash = $1 AND replaced_until > replaced_at AND replaced_until > $2 AND expires_at > $2
        AND EXISTS (SELECT 1 FROM refresh_families f
            WHERE f.origin_jti = refresh_tokens.origin_jti AND f.revoked_at IS NULL AND f.expires_at > $2)";
    const HEADS: &str = "UPDATE refresh_tokens SET replaced_at = $1, replaced_until = $2
        WHERE origin_jti = $3 AND replaced_at IS NULL";
    // The guard also locks the row: of two retries at the same moment the second replaces the head of the first.
    if tx.exec(GUARD, p![row.hash, now]).await? == 0 {
        return Ok(false);
    }
    tx.exec(HEADS, p![now, replaced_until, row.origin_jti]).await?;
    Ok(true)
}

/// Deletes tokens that expired before `before`, at most `limit`.
pub async fn purge_tokens(tx: &mut Tx, before: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM refresh_tokens WHERE hash IN
        (SELECT hash FROM refresh_tokens WHERE expires_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![before, limit]).await
}

/// Deletes families that expired before `before` with their tokens, at most `limit`. Access tokens ask for their family's
/// revocation: `before` lies further back than they live.
pub async fn purge_families(tx: &mut Tx, before: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM refresh_families WHERE origin_jti IN
        (SELECT origin_jti FROM refresh_families WHERE expires_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![before, limit]).await
}
