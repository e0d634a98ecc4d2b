//! Keys that change while everything goes on: a pool's signing keys (`engine/tokens/rotation`) and the master keys
//! (`engine/rewrap`, `engine/nodes`).

mod crashes;
mod master;
mod rotation;

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use poolhouse_engine::ctx::{Caller, Ctx};
use poolhouse_engine::tokens::rotation::{KeyFacts, KeyState, list};
use serde_json::Value;

use crate::harness::House;
use crate::tokens::part;

pub const HOUR: i64 = 3_600_000;
pub const DAY: i64 = 24 * HOUR;

/// As an operator's command or the background task.
pub fn operator(house: &House) -> Ctx {
    house.engine.ctx(Caller::Operator, None)
}

/// Ids of the keys that a pool publishes, as (active, next, retired); one active key for each purpose, or it fails.
pub async fn states(house: &House, pool: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let keys = list(&operator(house), pool).await.unwrap();
    let of = |wanted: fn(&KeyState) -> bool| -> Vec<&KeyFacts> { keys.iter().filter(|key| wanted(&key.state)).collect() };
    let active = of(|state| matches!(state, KeyState::Active(_)));
    let mut purposes: Vec<&str> = active.iter().map(|key| key.purpose.as_str()).collect();
    purposes.sort_unstable();
    assert_eq!(purposes, ["access", "id"], "{keys:?}");
    let kids = |keys: Vec<&KeyFacts>| keys.into_iter().map(|key| key.kid.clone()).collect();
    (kids(active), kids(of(|state| matches!(state, KeyState::Next(_)))), kids(of(|state| matches!(state, KeyState::Retired(_)))))
}

/// Somebody who verifies tokens elsewhere: keeps the JWKS for as long as it allows, and never asks in between.
pub struct RelyingParty {
    pool: String,
    jwks: Value,
    /// When the copy ends, milliseconds.
    until: i64,
}

impl RelyingParty {
    pub fn new(pool: &str) -> Self {
        Self { pool: pool.to_owned(), jwks: Value::Null, until: i64::MIN }
    }

    /// Whether every token verifies with the copy, which is renewed only when its time is over.
    pub async fn verifies(&mut self, house: &House, tokens: &[String]) -> bool {
        if house.clock.now_ms() >= self.until {
            self.fetch(house).await;
        }
        tokens.iter().all(|token| verifies(&self.jwks, token))
    }

    /// Renews the copy.
    pub async fn fetch(&mut self, house: &House) {
        let reply = house.get(&format!("/{}/.well-known/jwks.json", self.pool)).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        let seconds: i64 = reply.header("cache-control").split("max-age=").nth(1).unwrap().parse().unwrap();
        self.until = house.clock.now_ms() + seconds * 1000;
        self.jwks = reply.json();
    }
}

/// Whether the token is signed by a key of this JWKS.
pub fn verifies(jwks: &Value, token: &str) -> bool {
    let kid = part(token, 0)["kid"].clone();
    let Some(key) = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid) else { return false };
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    RsaPublicKeyComponents { n: number("n"), e: number("e") }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .is_ok()
}

/// The ID and the access token of a sign-in.
pub fn pair(result: &Value) -> Vec<String> {
    ["IdToken", "AccessToken"].map(|name| result[name].as_str().unwrap().to_owned()).to_vec()
}
