//! What sign-ins leave behind, over the tables that keep it: for ending all of it at once. Called by `engine::tokens`.

use crate::{Result, Tx, p};

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
