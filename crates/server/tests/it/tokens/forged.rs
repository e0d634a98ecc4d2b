//! Tokens somebody else made.

use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use serde_json::{Value, json};

use super::{b64, claims, part, refused_everywhere};
use crate::auth::{ADA, not_authorized, text, with_ada};
use crate::harness::{House, Options, Store};

fn rsa(key: &RsaKeyPair, padding: &'static dyn RsaEncoding, signed: &str) -> String {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", b64(signature))
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", b64(header.to_string()), b64(claims.to_string()))
}

/// A house, an access token of Ada's that is good, and its pool's JWKS.
async fn genuine() -> (House, String, Value) {
    genuine_in(House::start().await).await
}

async fn genuine_in(house: House) -> (House, String, Value) {
    let app = with_ada(&house).await;
    let token = text(&house.sign_in(&app, ADA).await["AccessToken"]).to_owned();
    let jwks = house.get(&format!("/{}/.well-known/jwks.json", app.pool)).await.json();
    (house, token, jwks)
}

#[tokio::test]
async fn sec_036_nothing_in_a_token_chooses_how_it_is_checked() {
    let (house, good, jwks) = genuine().await;
    let (header, claims) = (part(&good, 0), claims(&good));
    let kid = header["kid"].clone();
    let mine = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let own_jwk = json!({ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "e": "AQAB", "n": b64(mine.public_key().modulus().big_endian_without_leading_zero()) });
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
    let public_secret = |secret: &[u8], header: &Value| {
        let signed = unsigned(header, &claims);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", b64(tag))
    };
    let hs = json!({ "kid": kid, "alg": "HS256" });
    let signature = good.rsplit_once('.').unwrap().1;
    let mut table: Vec<(&str, String)> = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let signed = unsigned(&json!({ "kid": kid, "alg": alg }), &claims);
        table.push(("no algorithm, no signature", format!("{signed}.")));
        table.push(("no algorithm, the old signature", format!("{signed}.{signature}")));
    }
    table.push(("no alg at all", rsa(&mine, &RSA_PKCS1_SHA256, &unsigned(&json!({ "kid": kid }), &claims))));
    table.push(("HMAC with the modulus", public_secret(text(&key["n"]).as_bytes(), &hs)));
    table.push(("HMAC with the JWK", public_secret(key.to_string().as_bytes(), &hs)));
    table.push(("HMAC with nothing", public_secret(b"", &hs)));
    for alg in ["RS384", "RS512", "PS256", "ES256", "rs256", "EdDSA", "dir"] {
        table.push(("another algorithm", rsa(&mine, &RSA_PKCS1_SHA256, &unsigned(&json!({ "kid": kid, "alg": alg }), &claims))));
    }
    table.push(("a key of my own", rsa(&mine, &RSA_PKCS1_SHA256, &unsigned(&header, &claims))));
    table.push(("PSS", rsa(&mine, &RSA_PSS_SHA256, &unsigned(&header, &claims))));
    for (name, value) in [
        ("jwk", own_jwk.clone()),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/chain.pem")),
        ("x5c", json!([b64("certificate")])),
        ("crit", json!(["exp"])),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
    ] {
        let mut header = header.clone();
        header[name] = value;
        table.push((name, rsa(&mine, &RSA_PKCS1_SHA256, &unsigned(&header, &claims))));
        // The genuine signature does not cover the new header either.
        table.push((name, format!("{}.{signature}", unsigned(&header, &claims))));
    }
    let mut raised = claims.clone();
    raised["sub"] = json!("00000000-0000-4000-8000-000000000000");
    table.push(("another user", format!("{}.{signature}", unsigned(&header, &raised))));
    table.push(("two signatures", format!("{good}.{signature}")));
    table.push(("no signature", good.rsplit_once('.').unwrap().0.to_owned()));
    table.push(("an empty signature", format!("{}.", good.rsplit_once('.').unwrap().0)));
    table.push(("padding", format!("{good}==")));
    let mut bytes = good.clone().into_bytes();
    let at = bytes.len() - 40;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    table.push(("a bit of the signature", String::from_utf8(bytes).unwrap()));
    assert!(table.len() > 30);
    for (what, token) in table {
        let (kind, message) = refused_everywhere(&house, &token, what).await;
        assert!(kind == "NotAuthorizedException" || kind == "InvalidParameterException", "{what}: {kind} {message}");
    }
    // And the good one is good.
    assert_eq!(house.api("GetUser", json!({ "AccessToken": good })).await.status.as_u16(), 200);
}

#[tokio::test]
async fn sec_037_the_kid_only_picks_among_the_pools_keys() {
    let (house, good, jwks) = genuine().await;
    let elsewhere = with_ada(&house).await;
    let foreign = house.get(&format!("/{}/.well-known/jwks.json", elsewhere.pool)).await.json();
    let (header, claims) = (part(&good, 0), claims(&good));
    let other = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] != header["kid"]).unwrap();
    let mine = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let kids = [
        other["kid"].clone(),
        foreign["keys"][0]["kid"].clone(),
        foreign["keys"][1]["kid"].clone(),
        json!("../../../../../../dev/null"),
        json!("' OR '1'='1"),
        json!("x' UNION SELECT sealed FROM signing_keys --"),
        json!("http://127.0.0.1:9/key"),
        json!("\0"),
        json!(format!("{}\0", text(&header["kid"]))),
        json!(text(&header["kid"]).to_lowercase() + "x"),
        json!(""),
        json!("k".repeat(65)),
        json!("k".repeat(2_000)),
        json!(["a"]),
        json!({ "kid": header["kid"] }),
        json!(7),
        Value::Null,
    ];
    for kid in kids {
        let header = json!({ "kid": kid, "alg": "RS256" });
        for token in [
            rsa(&mine, &RSA_PKCS1_SHA256, &unsigned(&header, &claims)),
            format!("{}.{}", unsigned(&header, &claims), good.rsplit_once('.').unwrap().1),
        ] {
            let refused = refused_everywhere(&house, &token, &kid.to_string()).await;
            assert_eq!(refused, not_authorized("Could not verify signature for Access Token"), "{kid}");
        }
    }
}

#[tokio::test]
async fn sec_036_issuers_that_are_not_ours_lead_nowhere() {
    for store in [Store::Sqlite, Store::Postgres] {
        foreign_issuers(House::with(Options { store, ..Options::default() }).await).await;
    }
}

async fn foreign_issuers(house: House) {
    let (house, good, _) = genuine_in(house).await;
    let (header, claims) = (part(&good, 0), claims(&good));
    let signature = good.rsplit_once('.').unwrap().1;
    let issuers = [
        json!("https://evil.example.com/eu-central-1_AAAAAAAAA"),
        json!("eu-central-1_AAAAAAAAA"),
        json!(""),
        json!("/"),
        json!("' OR 1=1 --"),
        json!("\0"),
        json!("x".repeat(5_000)),
        json!(null),
        json!(5),
        json!([claims["iss"]]),
    ];
    for issuer in issuers {
        let mut claims = claims.clone();
        claims["iss"] = issuer.clone();
        let token = format!("{}.{signature}", unsigned(&header, &claims));
        assert_eq!(
            refused_everywhere(&house, &token, &issuer.to_string()).await,
            not_authorized("Invalid Access Token"),
            "{issuer}"
        );
    }
}

#[tokio::test]
async fn sec_038_large_deep_and_packed_tokens_cost_nothing() {
    let (house, good, _) = genuine().await;
    let header = part(&good, 0);
    let deep = format!("{}{}", "[".repeat(4_000), "]".repeat(4_000));
    let table = [
        ("long", "a".repeat(100_000)),
        ("long payload", format!("{}.{}.x", b64(header.to_string()), "e".repeat(100_000))),
        ("many dots", ".".repeat(100_000)),
        ("deep payload", format!("{}.{}.eA", b64(header.to_string()), b64(&deep))),
        ("deep header", format!("{}.{}.eA", b64(&deep), good.split('.').nth(1).unwrap())),
        ("deflate", format!("{}.{}.eA", b64("{\"alg\":\"RS256\",\"zip\":\"DEF\",\"kid\":\"x\"}"), b64([0x78, 0x9c, 0xed, 0xc1]))),
    ];
    for (what, token) in table {
        let started = Instant::now();
        let (kind, _) = house.refused("GetUser", json!({ "AccessToken": token })).await;
        assert!(["NotAuthorizedException", "InvalidParameterException"].contains(&kind.as_str()), "{what}: {kind}");
        // Generous: an unoptimised build on a loaded machine. A parsed bomb takes minutes.
        assert!(started.elapsed() < Duration::from_secs(2), "{what}: {:?}", started.elapsed());
    }
    // 10 MB never reaches the operation.
    let reply = house.api("GetUser", json!({ "AccessToken": "a".repeat(10_000_000) })).await;
    assert_eq!(reply.status.as_u16(), 413);
}
