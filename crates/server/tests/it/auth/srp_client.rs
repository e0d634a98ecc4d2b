//! The client's half of SRP-6a as Cognito's clients compute it: schoolbook powers over the public description, sharing
//! nothing with the server but SHA-256.

use std::sync::LazyLock;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::{NonZero, U3072};
use serde_json::{Value, json};

use super::text;

/// N and k stand in the published worked example.
static VECTOR: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../engine/src/keys/srp/vector.json")).unwrap());

/// 2026-11-23T06:00:00Z: when every test begins.
pub const TIME: &str = "Mon Nov 23 06:00:00 UTC 2026";

pub fn prime() -> String {
    text(&VECTOR["N"]).to_owned()
}

fn modulus() -> NonZero<U3072> {
    NonZero::new(U3072::from_be_hex(&prime())).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest::digest(&digest::SHA256, &parts.concat()).as_ref().to_vec()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &parts.concat()).as_ref().to_vec()
}

fn times(a: &U3072, b: &U3072) -> U3072 {
    a.mul_mod_vartime(b, &modulus())
}

/// The exponent as big-endian bytes.
fn raise(base: &U3072, exponent: &[u8]) -> U3072 {
    let bits = exponent.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1));
    bits.fold(U3072::ONE, |result, bit| {
        let squared = times(&result, &result);
        if bit == 1 { times(&squared, base) } else { squared }
    })
}

fn number(hex: &str) -> U3072 {
    U3072::from_be_hex(&format!("{:0>768}", hex.trim_start_matches('0')))
}

/// Java's `BigInteger.toByteArray()`: minimal, with a zero byte in front of a set top bit.
fn pad(number: &U3072) -> Vec<u8> {
    let all = number.to_be_bytes().as_slice().to_vec();
    let skip = all.iter().take_while(|byte| **byte == 0).count();
    let sign = all.get(skip).is_none_or(|byte| *byte >= 0x80);
    [if sign { vec![0] } else { vec![] }, all[skip..].to_vec()].concat()
}

/// v = g^x, as the server has to keep it: what must be nowhere to be read.
pub fn verifier(pool: &str, asked: &Value, password: &str) -> Vec<u8> {
    let pool_name = pool.split_once('_').unwrap().1;
    let user = text(&asked["ChallengeParameters"]["USER_ID_FOR_SRP"]);
    let identity = sha256(&[format!("{pool_name}{user}:{password}").as_bytes()]);
    let x = sha256(&[&pad(&number(text(&asked["ChallengeParameters"]["SALT"]))), &identity]);
    raise(&U3072::from_u8(2), &x).to_be_bytes().as_slice().to_vec()
}

/// One sign-in of a client.
pub struct Client {
    a: [u8; 32],
    pub a_hex: String,
}

impl Client {
    pub fn new(seed: u8) -> Self {
        let a = [seed; 32];
        Self { a, a_hex: hex(&pad(&raise(&U3072::from_u8(2), &a))) }
    }

    /// The bytes of PASSWORD_CLAIM_SIGNATURE for what the server asked.
    pub fn claim(&self, pool: &str, asked: &Value, password: &str, time: &str) -> Vec<u8> {
        let pool_name = pool.split_once('_').unwrap().1;
        let parameter = |name: &str| text(&asked["ChallengeParameters"][name]).to_owned();
        let user = parameter("USER_ID_FOR_SRP");
        let (big_a, big_b, salt) = (number(&self.a_hex), number(&parameter("SRP_B")), number(&parameter("SALT")));
        let u = sha256(&[&pad(&big_a), &pad(&big_b)]);
        let identity = sha256(&[format!("{pool_name}{user}:{password}").as_bytes()]);
        let x = sha256(&[&pad(&salt), &identity]);
        let k = number(text(&VECTOR["k"]));
        let base = big_b.sub_mod(&times(&k, &raise(&U3072::from_u8(2), &x)), &modulus());
        let s = times(&raise(&base, &self.a), &raise(&raise(&base, &u), &x));
        let scrambler = pad(&U3072::from_be_slice(&[vec![0; 352], u].concat()));
        let key = &mac(&mac(&scrambler, &[&pad(&s)]), &[b"Caldera Derived Key", &[1]])[..16];
        let block = STANDARD.decode(parameter("SECRET_BLOCK")).unwrap();
        mac(key, &[pool_name.as_bytes(), user.as_bytes(), &block, time.as_bytes()])
    }

    /// ChallengeResponses with this claim.
    pub fn responses(asked: &Value, claim: &[u8], time: &str) -> Value {
        json!({
            "USERNAME": asked["ChallengeParameters"]["USER_ID_FOR_SRP"],
            "PASSWORD_CLAIM_SECRET_BLOCK": asked["ChallengeParameters"]["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode(claim),
            "TIMESTAMP": time,
        })
    }

    /// ChallengeResponses of one who knows the password.
    pub fn answer(&self, pool: &str, asked: &Value, password: &str) -> Value {
        Self::responses(asked, &self.claim(pool, asked, password, TIME), TIME)
    }
}
