//! What sign-ins leave behind, over the tables that keep it: whether it still stands, and ending all of it at once. Called by `engine::tokens`.

use crate::value::row;
use crate::{Result, Tx, p};

row! {
    /// What may have changed since a token was signed, but for its user.
    StandingRow {
        pool_version: i64,
        /// `None`: the pool has no such client.
        client_version: Option<i64>,
        /// The family's name, where there is such a family.
        family: Option<String>,
        revoked_at: Option<i64>,
    }
}

/// Where a token stands of this pool, client and family, in one look: tokens are shown more often than anything else is
/// asked. `None` where there is no such pool.
pub async fn standing(tx: &mut Tx, pool_id: &str, client_id: &str, origin_jti: &str) -> Result<Option<StandingRow>> {
    const SQL: &str = "SELECT p.version, c.version, f.origin_jti, f.revoked_at FROM pools p
        LEFT JOIN clients c ON c.pool_id = p.id AND c.id = $1
        LEFT JOIN refresh_families f ON f.origin_jti = $2
        WHERE p.id = $3";
    tx.opt(SQL, p![client_id, origin_jti, pool_id]).await
}

/// Ends the sessions of the pool's next `limit` users after `after` ("" first): tokens, browser sessions, challenges, and
/// codes that were not used yet. The last user's sub and
/// how many they were, or `None` when there were no more.
pub async fn end_page(tx: &mut Tx, pool_id: &str, after: &str, limit: i64, now: i64) -> Result<Option<(String, u64)>> {
    const LAST: &str = "SELECT max(sub) FROM
        (SELECT sub FROM users WHERE pool_id = $1 AND sub > $2 ORDER BY sub LIMIT $3) AS page";
    const SIGN_OUT: &str = "UPDATE users SET signed_out_at = CASE WHEN signed_out_at > $1 THEN signed_out_at ELSE $1 END
        WHERE pool_id = $2 AND sub > $3 AND sub <= $4";
    const REVOKE: &str = "UPDATE refresh_families SET revoked_at = $1
        WHERE pool_id = $2 AND sub > $3 AND sub <= $4 AND revoked_at IS NULL";
    const DELETE: [&str; 4] = [
        "DELETE FROM authorization_codes WHERE pool_id = $1 AND sub > $2 AND sub <= $3 AND redeemed_at IS NULL",
        "DELETE FROM browser_sessions WHERE pool_id = $1 AND sub > $2 AND sub <= $3",
        "DELETE FROM challenge_sessions WHERE pool_id = $1 AND sub > $2 AND sub <= $3",
        "DELETE FROM codes WHERE pool_id = $1 AND sub > $2 AND sub <= $3",
    ];
    let Some(last) = tx.one::<Option<String>>(LAST, p![pool_id, after, limit]).await? else { return Ok(None) };
    let users = tx.exec(SIGN_OUT, p![now, pool_id, after, last]).await?;
    tx.exec(REVOKE, p![now, pool_id, after, last]).await?;
    for sql in DELETE {
        tx.exec(sql, p![pool_id, after, last]).await?;
    }
    Ok(Some((last, users)))
}
