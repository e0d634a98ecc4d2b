//! Pages of a list. The token names where the next page starts and carries a MAC over operation, scope and filter, so
//! that a client can neither make one up nor carry it to another list (checklist 113). Called by every List operation.
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::secret;

/// How long a token may be used.
const LIFETIME_MS: i64 = 60 * 60 * 1000;
/// Items on a page where the caller does not say, and the most there can be (model: 0 to 60).
const PAGE_MAX: i64 = 60;
const MAC_BYTES: usize = 32;
const EXPIRY_BYTES: usize = 8;

/// Which list a token belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The operation's name.
    pub operation: &'a str,
    /// Pool id, or the region for lists of pools.
    pub scope: &'a str,
    /// Whatever else selects the items: a filter, a group, a user.
    pub filter: &'a str,
}

/// Items on this page: 60 where the caller says nothing or 0. The model has refused what lies outside 0 to 60.
pub fn limit(asked: Option<i32>) -> i64 {
    match asked {
        None | Some(0) => PAGE_MAX,
        Some(n) => i64::from(n).clamp(1, PAGE_MAX),
    }
}

/// The cursor in a token that [`next`] made for this place and not longer than an hour ago; `None` for the first page.
pub fn cursor(ctx: &Ctx, place: Place<'_>, token: Option<&str>) -> Result<Option<Vec<String>>> {
    let Some(token) = token else { return Ok(None) };
    open(ctx, place, token).map(Some).ok_or_else(|| Error::invalid_parameter("Invalid pagination token provided."))
}

/// The cursor of lists that are ordered by one key; "" for the first page.
pub fn first(cursor: &Option<Vec<String>>) -> &str {
    cursor.as_ref().and_then(|keys| keys.first()).map_or("", String::as_str)
}

fn open(ctx: &Ctx, place: Place<'_>, token: &str) -> Option<Vec<String>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (mac, rest) = bytes.split_at_checked(MAC_BYTES)?;
    // A forged cursor would start a page anywhere, or in another pool's list.
    if !secret::equal(mac, &mac_of(ctx, place, rest)) {
        return None;
    }
    let (expiry, cursor) = rest.split_at_checked(EXPIRY_BYTES)?;
    if i64::from_be_bytes(expiry.try_into().ok()?) <= ctx.now {
        return None;
    }
    serde_json::from_slice(cursor).ok()
}

/// Cuts `rows`, which were read with a limit of `limit + 1`, to the page; where rows are left over, the token names the
/// last one shown by its `key`.
pub fn next<T>(
    ctx: &Ctx,
    place: Place<'_>,
    rows: &mut Vec<T>,
    limit: i64,
    key: impl Fn(&T) -> Vec<String>,
) -> Result<Option<String>> {
    let limit = usize::try_from(limit).unwrap_or(0);
    if rows.len() <= limit {
        return Ok(None);
    }
    rows.truncate(limit);
    let Some(last) = rows.last() else { return Ok(None) };
    let cursor = serde_json::to_vec(&key(last)).map_err(|e| Error::internal(e.to_string()))?;
    let mut rest = (ctx.now + LIFETIME_MS).to_be_bytes().to_vec();
    rest.extend_from_slice(&cursor);
    let mut bytes = mac_of(ctx, place, &rest).to_vec();
    bytes.extend_from_slice(&rest);
    Ok(Some(URL_SAFE_NO_PAD.encode(bytes)))
}

fn mac_of(ctx: &Ctx, place: Place<'_>, rest: &[u8]) -> [u8; 32] {
    let parts = [place.operation.as_bytes(), place.scope.as_bytes(), place.filter.as_bytes(), rest];
    secret::mac32(ctx.engine.keys.pagination(), &parts)
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn limits_default_to_sixty() {
        assert_eq!([limit(None), limit(Some(0)), limit(Some(1)), limit(Some(60))], [60, 60, 1, 60]);
    }

    #[tokio::test]
    async fn sec_203_no_mutation_of_a_page_token_is_read() {
        let world = crate::testing::World::new().await;
        let ctx = world.ctx();
        let place = super::Place { operation: "ListUsers", scope: "eu-west-1_abcdefghi", filter: "" };
        let mut rows = vec!["ann", "bob"];
        let token = super::next(&ctx, place, &mut rows, 1, |row| vec![(*row).to_owned()]).unwrap().unwrap();
        poolhouse_store::testkit::fuzz::text(&[&token, "AAAA", ""], |text| {
            assert_eq!(super::open(&ctx, place, text).is_some(), text == token);
        });
    }
}
