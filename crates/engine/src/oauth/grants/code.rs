//! The authorization code grant (RFC 6749 §4.1.3, RFC 7636 §4.6). A code is redeemed once: the guard is one statement in
//! the store. A second use revokes what the first one got; a failed attempt burns the code (checklist 6, 7, 8, 11).
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poolhouse_store::tables::authorization_codes::{self as table, AuthorizationCodeRow};
use poolhouse_store::tables::refresh;
use poolhouse_wire::types::OAuthFlowType;

use super::super::authorize::{CodeDocument, code_hash};
use super::super::client::Authenticated;
use super::super::params::Params;
use crate::audit::Alert;
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::keys::secret;
use crate::tokens::{self, Door, Grant, TokenSet};
use crate::users::{self, User};

pub async fn grant(ctx: &Ctx, caller: &Authenticated, params: &Params) -> Result<TokenSet> {
    if !caller.client.allows_oauth(OAuthFlowType::Code) {
        return Err(Error::oauth(OAuthCode::UnauthorizedClient, "").because("the client may not use the code grant"));
    }
    let hash = code_hash(params.required("code")?);
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &hash).await?;
    drop(reader);
    let row = row.ok_or_else(|| invalid_grant("no such code"))?;
    if row.redeemed_at.is_some() {
        return Err(replayed(ctx, &row).await?);
    }
    let document: CodeDocument = serde_json::from_str(&row.document).map_err(|e| Error::internal(e.to_string()))?;
    if let Err(refusal) = belongs(ctx, caller, params, &row, &document) {
        burn(ctx, &row).await?;
        return Err(refusal);
    }
    let user = users::by_sub(ctx, &caller.pool, &row.sub).await?.filter(User::enabled);
    let user = user.ok_or_else(|| invalid_grant("the user is gone or disabled"))?;
    ctx.proven(user.sub());
    let grant = Grant {
        pool: &caller.pool,
        client: &caller.client,
        user: &user,
        scopes: document.scopes,
        auth_time: document.auth_time,
        door: Door::Domain,
        nonce: document.nonce,
        resource: document.resource,
    };
    let prepared = Arc::new(tokens::prepare(ctx, &grant, row.origin_jti.clone(), true).await?);
    redeem(ctx, row, prepared).await
}

/// One write: the guarded redemption, and the rows of the tokens. Of parallel redemptions one commits it.
async fn redeem(ctx: &Ctx, row: AuthorizationCodeRow, prepared: Arc<tokens::Prepared>) -> Result<TokenSet> {
    let (rows, hash, now) = (Arc::clone(&prepared), row.hash.clone(), ctx.now);
    let won = ctx
        .store()
        .write(async move |tx| {
            if table::redeem(tx, &hash, now).await?.is_none() {
                return Ok::<_, poolhouse_store::Error>(false);
            }
            rows.store(tx).await?;
            Ok(true)
        })
        .await?;
    if won { Ok(prepared.tokens.clone()) } else { Err(replayed(ctx, &row).await?) }
}

/// Bound to client, pool, redirect address, time and PKCE challenge; each in its own words.
fn belongs(
    ctx: &Ctx,
    caller: &Authenticated,
    params: &Params,
    row: &AuthorizationCodeRow,
    document: &CodeDocument,
) -> Result<()> {
    if row.client_id != caller.client.id || row.pool_id != caller.pool.id {
        return Err(invalid_grant("the code was issued to another client").differs(&caller.client.id, &row.client_id));
    }
    if row.expires_at <= ctx.now {
        return Err(invalid_grant("the code has expired"));
    }
    let redirect_uri = params.get("redirect_uri")?;
    if redirect_uri.is_none() && document.redirect_uri_given {
        return Err(super::super::params::invalid_request("redirect_uri is missing"));
    }
    if redirect_uri.is_some_and(|uri| uri != document.redirect_uri) {
        // Cognito's answer to a differing redirect address (developer guide 2026, token endpoint errors).
        return Err(Error::oauth(OAuthCode::UnauthorizedClient, "invalid_redirect")
            .because("redirect_uri is not the one of the authorization request")
            .differs(redirect_uri.unwrap_or_default(), &document.redirect_uri));
    }
    pkce(params.get_raw("code_verifier")?, document.code_challenge.as_deref())
}

/// RFC 7636 §4.6, and RFC 9700 §4.8: a verifier without a challenge is refused too (downgrade).
fn pkce(verifier: Option<&str>, challenge: Option<&str>) -> Result<()> {
    match (verifier, challenge) {
        (None, None) => Ok(()),
        (Some(verifier), Some(challenge)) => {
            let unreserved = verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
            let hash = challenge_of(verifier);
            let right =
                (43..=128).contains(&verifier.len()) && unreserved && secret::equal(hash.as_bytes(), challenge.as_bytes());
            if right { Ok(()) } else { Err(invalid_grant("code_verifier does not match code_challenge")) }
        }
        (None, Some(_)) => Err(invalid_grant("code_verifier is missing")),
        (Some(_), None) => Err(invalid_grant("code_verifier without a code_challenge")),
    }
}

/// The `code_challenge` of a verifier by the method S256 (RFC 7636 §4.2).
#[must_use]
pub fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

fn invalid_grant(why: &str) -> Error {
    Error::oauth(OAuthCode::InvalidGrant, "").because(why)
}

/// A failed attempt uses the code up, so that nobody can guess at it (checklist 8).
async fn burn(ctx: &Ctx, row: &AuthorizationCodeRow) -> Result<()> {
    let (hash, now) = (row.hash.clone(), ctx.now);
    ctx.store().write(async move |tx| table::redeem(tx, &hash, now).await).await?;
    Ok(())
}

/// The code was used before: whoever used it first may be the thief, so its tokens die (RFC 6749 §4.1.2).
async fn replayed(ctx: &Ctx, row: &AuthorizationCodeRow) -> Result<Error> {
    let (origin_jti, now) = (row.origin_jti.clone(), ctx.now);
    ctx.store().write(async move |tx| refresh::revoke_family(tx, &origin_jti, now).await).await?;
    ctx.concerns("Sub", &row.sub);
    ctx.alert(Alert::CodeReplay);
    Ok(invalid_grant("the code was already used; what it was exchanged for is revoked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_203_a_verifier_is_the_one_that_was_hashed() {
        // RFC 7636, appendix B.
        let (verifier, challenge) =
            ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(pkce(Some(verifier), Some(challenge)).is_ok());
        poolhouse_store::testkit::fuzz::text(&[verifier, challenge, ""], |text| {
            assert_eq!(pkce(Some(text), Some(challenge)).is_ok(), text == verifier);
            assert_eq!(pkce(Some(verifier), Some(text)).is_ok(), text == challenge);
        });
    }
}
