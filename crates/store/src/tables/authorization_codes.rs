//! Authorization codes (RFC 6749 section 4.1): single use, kept after redemption to notice a replay. Called by
//! `engine::oauth`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// One code; the key is its hash.
    AuthorizationCodeRow {
        hash: Vec<u8>,
        pool_id: String,
        client_id: String,
        sub: String,
        /// JSON: redirect URI, scopes, nonce, PKCE challenge.
        document: String,
        /// The refresh family that redemption starts; a replay revokes it.
        origin_jti: String,
        created_at: i64,
        expires_at: i64,
        redeemed_at: Option<i64>,
    }
}

macro_rules! columns {
    ($head:literal, $tail:literal) => {
        concat!($head, "hash, pool_id, client_id, sub, document, origin_jti, created_at, expires_at, redeemed_at", $tail)
    };
}

/// Stores a code.
pub async fn insert(tx: &mut Tx, row: &AuthorizationCodeRow) -> Result<()> {
    const SQL: &str = columns!("INSERT INTO authorization_codes (", ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    let params = p![
        row.hash,
        row.pool_id,
        row.client_id,
        row.sub,
        row.document,
        row.origin_jti,
        row.created_at,
        row.expires_at,
        row.redeemed_at
    ];
    tx.exec(SQL, params).await?;
    Ok(())
}

/// Redeems the code unless it was redeemed or expired: of any number of redeemers one wins (sec 154). After `None`, [`get`]
/// tells a replay from an unknown code.
pub async fn redeem(tx: &mut Tx, hash: &[u8], now: i64) -> Result<Option<AuthorizationCodeRow>> {
    const SQL: &str = columns!(
        "UPDATE authorization_codes SET redeemed_at = $1
        WHERE hash = $2 AND redeemed_at IS NULL AND expires_at > $1 RETURNING ",
        ""
    );
    tx.opt(SQL, p![now, hash]).await
}

/// The code, redeemed or not.
pub async fn get(tx: &mut Tx, hash: &[u8]) -> Result<Option<AuthorizationCodeRow>> {
    tx.opt(columns!("SELECT ", " FROM authorization_codes WHERE hash = $1"), p![hash]).await
}

/// Drops the user's unused codes (after a disable or a global sign-out).
pub async fn delete_of_user(tx: &mut Tx, pool_id: &str, sub: &str) -> Result<u64> {
    const SQL: &str = "DELETE FROM authorization_codes WHERE pool_id = $1 AND sub = $2 AND redeemed_at IS NULL";
    tx.exec(SQL, p![pool_id, sub]).await
}

/// Deletes codes that expired before `before`, at most `limit`. Keep them a while: a replay is noticed only until then.
pub async fn purge(tx: &mut Tx, before: i64, limit: i64) -> Result<u64> {
    const SQL: &str = "DELETE FROM authorization_codes WHERE hash IN
        (SELECT hash FROM authorization_codes WHERE expires_at <= $1 LIMIT $2)";
    tx.exec(SQL, p![before, limit]).await
}
