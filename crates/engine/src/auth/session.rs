//! Challenge sessions: the string `Session` is a random handle with an expiry and a MAC; what it stands for is a sealed
//! row, used once. The MAC lets an answer say *why* a session is refused without keeping the used ones (checklist 84).
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poolhouse_store::tables::challenge_sessions::{self as table, ChallengeSessionRow};
use poolhouse_wire::types::ChallengeNameType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clients::Client;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keyring;
use crate::keys::seal::{self, Place};
use crate::keys::{entropy, secret};
use crate::pools::Pool;

const HANDLE_BYTES: usize = 32;
const EXPIRY_BYTES: usize = 8;

/// An open session: it has been looked at, not used. Whoever acts on it takes the row in the same write.
#[derive(Debug)]
pub struct Open<P> {
    pub hash: Vec<u8>,
    pub sub: Option<String>,
    pub payload: P,
}

/// Keeps `payload` until the challenge is answered; returns the handle.
pub async fn put<P: Serialize>(
    ctx: &Ctx,
    pool: &Pool,
    client: &Client,
    challenge: ChallengeNameType,
    sub: Option<&str>,
    payload: &P,
) -> Result<String> {
    let expires_at = ctx.now + client.auth_session_minutes() * 60_000;
    let mut bytes = entropy::bytes::<HANDLE_BYTES>(ctx.entropy()).to_vec();
    bytes.extend_from_slice(&expires_at.to_be_bytes());
    let mac = ctx.engine.keys.mac("challenge session", &[&bytes]);
    bytes.extend_from_slice(&mac);
    let text = URL_SAFE_NO_PAD.encode(&bytes);
    write(ctx, pool, client, challenge, sub, hash(&text), expires_at, payload).await?;
    Ok(text)
}

/// As [`put`] under a handle the caller chose (SRP's secret block).
#[expect(clippy::too_many_arguments, reason = "one row's fields, private to two callers")]
pub(super) async fn write<P: Serialize>(
    ctx: &Ctx,
    pool: &Pool,
    client: &Client,
    challenge: ChallengeNameType,
    sub: Option<&str>,
    hash: Vec<u8>,
    expires_at: i64,
    payload: &P,
) -> Result<()> {
    let plain = serde_json::to_vec(payload).map_err(|e| Error::internal(e.to_string()))?;
    let place = Place { pool: &pool.id, row: &client.id, field: challenge.as_str() };
    let row = ChallengeSessionRow {
        hash,
        pool_id: pool.id.clone(),
        client_id: client.id.clone(),
        sub: sub.map(str::to_owned),
        challenge: challenge.as_str().to_owned(),
        sealed: seal::seal(&pool.key, place, &plain, ctx.entropy())?,
        created_at: ctx.now,
        expires_at,
    };
    ctx.store().write(async move |tx| table::insert(tx, &row).await).await?;
    Ok(())
}

/// Looks at a session that this client was given for this challenge.
pub async fn open<P: DeserializeOwned>(
    ctx: &Ctx,
    pool: &Pool,
    client: &Client,
    challenge: ChallengeNameType,
    text: &str,
) -> Result<Open<P>> {
    let expires_at = authentic(ctx, text).ok_or_else(|| invalid().because("the session string is not one of ours"))?;
    if expires_at <= ctx.now {
        return Err(Error::not_authorized("Invalid session for the user, session is expired."));
    }
    let mut reader = ctx.store().reader().await?;
    let row = table::get(&mut reader, &hash(text), ctx.now).await?;
    drop(reader);
    let row = row.ok_or_else(used)?;
    if row.pool_id != pool.id || row.client_id != client.id || row.challenge != challenge.as_str() {
        return Err(invalid().because("the session belongs to another client or challenge"));
    }
    read(pool, row)
}

/// Unseals a row that was fetched or taken.
pub(super) fn read<P: DeserializeOwned>(pool: &Pool, row: ChallengeSessionRow) -> Result<Open<P>> {
    let place = Place { pool: &pool.id, row: &row.client_id, field: &row.challenge };
    let plain = keyring::open(&pool.key, place, &row.sealed)?;
    let payload =
        serde_json::from_slice(plain.expose()).map_err(|e| Error::internal(format!("challenge session does not parse: {e}")))?;
    Ok(Open { hash: row.hash, sub: row.sub, payload })
}

/// The session was used already: by an earlier answer, or by one that ran at the same moment.
pub fn used() -> Error {
    Error::not_authorized("Invalid session for the user, session can only be used once.")
}

/// The string is no session, or not one of this user, client and challenge.
pub(super) fn invalid() -> Error {
    Error::not_authorized("Invalid session for the user.")
}

/// The expiry of a session string that we made, whatever has become of it.
fn authentic(ctx: &Ctx, text: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (signed, mac) = bytes.split_at_checked(HANDLE_BYTES + EXPIRY_BYTES)?;
    let expected = ctx.engine.keys.mac("challenge session", &[signed]);
    if !secret::equal(&expected, mac) {
        return None;
    }
    let (_, expiry) = signed.split_at_checked(HANDLE_BYTES)?;
    Some(i64::from_be_bytes(expiry.try_into().ok()?))
}

fn hash(text: &str) -> Vec<u8> {
    secret::hash32("challenge_session", text.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;

    #[tokio::test]
    async fn sec_203_no_mutation_of_a_session_is_ours() {
        let world = World::new().await;
        let ctx = world.ctx();
        let mut bytes = entropy::bytes::<HANDLE_BYTES>(ctx.entropy()).to_vec();
        bytes.extend_from_slice(&(ctx.now + 1000).to_be_bytes());
        let mac = ctx.engine.keys.mac("challenge session", &[&bytes]);
        bytes.extend_from_slice(&mac);
        let good = URL_SAFE_NO_PAD.encode(&bytes);
        poolhouse_store::testkit::fuzz::text(&[&good, "", "AAAA"], |text| {
            assert_eq!(authentic(&ctx, text), (text == good).then_some(ctx.now + 1000));
        });
    }
}
