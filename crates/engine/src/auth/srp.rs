//! The first factor by SRP-6a (USER_SRP_AUTH, PASSWORD_VERIFIER): the server never sees the password. Unknown users get
//! a stable simulated salt and fail at the proof like a wrong password (RFC 5054 §2.5.1.3; checklist 43, 44, 45, 73).
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use poolhouse_store::tables::challenge_sessions as table;
use poolhouse_wire::types::ChallengeNameType;
use serde::{Deserialize, Serialize};

use super::{Challenge, Step, after_first_factor, candidate, incorrect, may_sign_in, refuse_unbuilt, session, unknown};
use crate::clients::{Client, guessing};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::{entropy, secret, srp};
use crate::pools::{Pool, SignInKind};
use crate::users::{self, aliases, attempts, attributes, passwords};

/// Bytes of SECRET_BLOCK; Cognito's is about a kilobyte of base64, opaque to clients.
const SECRET_BLOCK_BYTES: usize = 768;

/// What is kept, sealed, between the two halves.
#[derive(Serialize, Deserialize)]
struct Pending {
    /// What attempts are counted under.
    subject: String,
    user_id: String,
    /// The key both sides share if the password is right.
    key: Vec<u8>,
}

/// The client's answer to PASSWORD_VERIFIER.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    pub username: &'a str,
    pub secret_block: &'a str,
    pub timestamp: &'a str,
    pub signature: &'a str,
}

/// First half: A comes in, B, salt and secret block go out.
pub async fn start(ctx: &Ctx, pool: &Pool, client: &Client, username: &str, a_hex: &str) -> Result<Challenge> {
    refuse_unbuilt(pool)?;
    let candidate = candidate(ctx, pool, username).await?;
    if candidate.user.is_none() && !client.hides_users() {
        return Err(unknown(client));
    }
    let user_id = candidate.user.as_ref().map_or_else(|| simulated_user_id(ctx, pool, username), |u| u.username().to_owned());
    let verifier = passwords::srp_verifier(pool, candidate.user.as_ref(), &candidate.subject)?;
    let (a, random) = (a_hex.to_owned(), Arc::clone(&ctx.engine.entropy));
    let started = ctx.engine.work.srp.run(move || srp::start(&verifier, &a, &*random)).await?;
    let exchange = started.map_err(|e| Error::invalid_parameter("Invalid SRP_A").because(e.to_string()))?;
    let block = entropy::bytes::<SECRET_BLOCK_BYTES>(ctx.entropy());
    let pending =
        Pending { subject: candidate.subject, user_id: user_id.clone(), key: exchange.key.to_bytes().expose().to_vec() };
    let expires_at = ctx.now + client.auth_session_minutes() * 60_000;
    let sub = candidate.user.as_ref().map(users::User::sub);
    session::write(ctx, pool, client, ChallengeNameType::PasswordVerifier, sub, hash(&block), expires_at, &pending).await?;
    let parameters = [
        ("SALT", exchange.salt_hex),
        ("SRP_B", exchange.b_hex),
        ("SECRET_BLOCK", STANDARD.encode(block)),
        ("USERNAME", user_id.clone()),
        ("USER_ID_FOR_SRP", user_id),
    ];
    Ok(Challenge {
        name: ChallengeNameType::PasswordVerifier,
        parameters: parameters.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<BTreeMap<_, _>>(),
        session: None,
    })
}

/// Second half: the proof.
pub async fn verify(ctx: &Ctx, pool: &Pool, client: &Client, proof: Proof<'_>) -> Result<Step> {
    let guess = guessing::of_user(ctx, client)?;
    guess.settle(super::counted(ctx, check(ctx, pool, client, proof).await))
}

/// The secret block is used up by the attempt, right or wrong.
async fn check(ctx: &Ctx, pool: &Pool, client: &Client, proof: Proof<'_>) -> Result<Step> {
    let block = STANDARD
        .decode(proof.secret_block)
        .or_else(|_| URL_SAFE.decode(proof.secret_block))
        .map_err(|_| incorrect().because("PASSWORD_CLAIM_SECRET_BLOCK is not base64"))?;
    let (key, now) = (hash(&block), ctx.now);
    let row = ctx.store().write(async move |tx| table::take(tx, &key, now).await).await?;
    let row = row
        .filter(|row| row.pool_id == pool.id && row.client_id == client.id && row.expires_at > ctx.now)
        .ok_or_else(|| incorrect().because("the secret block is unknown, used, expired or another client's"))?;
    let open: session::Open<Pending> = session::read(pool, row)?;
    let pending = open.payload;
    if !srp::timestamp::is_fresh(proof.timestamp, ctx.now) {
        return Err(incorrect()
            .because("TIMESTAMP is malformed or more than five minutes off")
            .differs(proof.timestamp, "Wed Apr 5 22:42:34 UTC 2017"));
    }
    ctx.concerns(if open.sub.is_some() { "Sub" } else { "Unknown" }, &pending.subject);
    let attempt = attempts::begin(ctx, pool, &pending.subject).await?;
    let user = match &open.sub {
        Some(sub) => users::by_sub(ctx, pool, sub).await?,
        None => None,
    };
    let claim = srp::Claim {
        pool_name: pool.srp_name(),
        user_id: &pending.user_id,
        secret_block: &block,
        timestamp: proof.timestamp,
        signature: proof.signature,
    };
    let right = srp::SessionKey::from_bytes(&pending.key).is_some_and(|key| key.check(&claim));
    let Some(user) = user.filter(|_| right) else { return Err(incorrect()) };
    // A challenge answered under another name is not this user's (cross-user block).
    if !super::names(ctx, pool, proof.username, &user).await? {
        return Err(incorrect().because("USERNAME is not the user the challenge was made for"));
    }
    attempt.succeeded(ctx).await?;
    may_sign_in(ctx, &user)?;
    after_first_factor(ctx, pool, client, user).await
}

/// The user id an unknown user is given: the same at every try, on every node; UUID-shaped where real ones are.
fn simulated_user_id(ctx: &Ctx, pool: &Pool, username: &str) -> String {
    match pool.sign_in_kind() {
        // As the name of a user is kept, however it was typed.
        SignInKind::Username if !is_alias_shaped(pool, username) => aliases::sign_in_key(pool, username),
        // Whoever signs in with an address has another name, which a real user's answer tells.
        _ => {
            let key = aliases::sign_in_key(pool, username);
            let mac = ctx.engine.keys.mac("simulated user id", &[pool.id.as_bytes(), key.as_bytes()]);
            entropy::uuid_from(mac.first_chunk().copied().unwrap_or_default())
        }
    }
}

fn is_alias_shaped(pool: &Pool, name: &str) -> bool {
    let name = name.trim();
    pool.aliases().any(|alias| match alias {
        "email" => attributes::is_email(name),
        "phone_number" => attributes::is_phone_number(name),
        _ => false,
    })
}

fn hash(block: &[u8]) -> Vec<u8> {
    secret::hash32("srp_secret_block", block).to_vec()
}
