//! Forged, broken and good tokens.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::rsa::tests::{ACCESS, ID};
use super::super::secret::hmac_sha256;
use super::*;

fn keys() -> PublicKeys {
    PublicKeys::new(vec![ID.public().clone(), ACCESS.public().clone()])
}

fn good() -> String {
    encode(&ACCESS, &json!({"sub": "ann", "token_use": "access"})).unwrap()
}

fn check(token: &str) -> Result<Value, TokenRejected> {
    verify(token, &keys(), KeyPurpose::Access, &Verified::default())
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A token with this header text, truly signed by the access key: only the header can be its fault.
fn signed_with_header(header: &str) -> String {
    let signed = format!("{}.{}", b64(header), b64(r#"{"sub":"ann"}"#));
    let signature = ACCESS.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", b64(signature))
}

#[test]
fn a_token_has_cognitos_header_and_keeps_the_order_of_claims() {
    #[derive(Serialize)]
    struct Claims {
        sub: &'static str,
        iss: &'static str,
        exp: i64,
        aud: &'static str,
    }
    let token = encode(&ID, &Claims { sub: "s", iss: "i", exp: 5, aud: "a" }).unwrap();
    let parts: Vec<Vec<u8>> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    assert_eq!(String::from_utf8_lossy(&parts[0]), format!(r#"{{"kid":"{}","alg":"RS256"}}"#, ID.kid()));
    assert_eq!(String::from_utf8_lossy(&parts[1]), r#"{"sub":"s","iss":"i","exp":5,"aud":"a"}"#);
    assert_eq!(parts[2].len(), 256);
}

#[test]
fn our_own_tokens_verify_for_their_purpose_only() {
    assert_eq!(check(&good()).unwrap()["sub"], "ann");
    assert_eq!(verify::<Value>(&good(), &keys(), KeyPurpose::Id, &Verified::default()), Err(TokenRejected::UnknownKey));
    assert_eq!(
        verify::<Value>(&good(), &PublicKeys::default(), KeyPurpose::Access, &Verified::default()),
        Err(TokenRejected::UnknownKey)
    );
    #[derive(Debug, PartialEq, Deserialize)]
    struct Sub {
        sub: String,
    }
    assert_eq!(verify(&good(), &keys(), KeyPurpose::Access, &Verified::default()), Ok(Sub { sub: "ann".into() }));
}

#[test]
fn sec_036_the_algorithm_and_the_key_are_never_the_tokens_choice() {
    let kid = ACCESS.kid();
    let payload = b64(r#"{"sub":"ann"}"#);
    let forged = SigningKey::generate(KeyPurpose::Access).unwrap();
    let jwk = serde_json::to_string(&forged.public().jwk()).unwrap();
    let headers = [
        format!(r#"{{"kid":"{kid}","alg":"none"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"None"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"rs256"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"HS256"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"ES256"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"PS256"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS512"}}"#),
        format!(r#"{{"kid":"{kid}","alg":""}}"#),
        format!(r#"{{"kid":"{kid}","alg":null}}"#),
        format!(r#"{{"kid":"{kid}","alg":["RS256"]}}"#),
        format!(r#"{{"kid":"{kid}"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","jwk":{jwk}}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","jku":"https://evil.example/keys"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","x5u":"https://evil.example/cert"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","x5c":["AAAA"]}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","crit":["exp"],"exp":1}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","zip":"DEF"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","b64":false}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256","alg":"none"}}"#),
        format!(r#"{{"kid":"{kid}","kid":"{kid}","alg":"RS256"}}"#),
        format!(r#"{{"kid":"{kid}","alg":"RS256"}} x"#),
        format!(r#"["{kid}","RS256"]"#),
        r#"{"alg":"RS256"}"#.to_owned(),
        "null".to_owned(),
        String::new(),
    ];
    for header in headers {
        assert!(check(&signed_with_header(&header)).is_err(), "signed: {header}");
        let unsigned = format!("{}.{payload}", b64(&header));
        assert!(check(&format!("{unsigned}.")).is_err(), "unsigned: {header}");
        // The public key taken for an HMAC secret.
        let mac = hmac_sha256(ACCESS.public().der(), &[unsigned.as_bytes()]);
        assert!(check(&format!("{unsigned}.{}", b64(mac.as_ref()))).is_err(), "mac: {header}");
        let own = forged.sign(unsigned.as_bytes()).unwrap();
        assert!(check(&format!("{unsigned}.{}", b64(own))).is_err(), "own key: {header}");
    }
    // The same maker with the right header is accepted: the table fails for the header alone.
    assert!(check(&signed_with_header(&format!(r#"{{"kid":"{kid}","alg":"RS256"}}"#))).is_ok());
    assert!(check(&signed_with_header(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#))).is_ok());
}

#[test]
fn sec_036_a_forged_key_under_a_known_name_does_not_verify() {
    let forged = SigningKey::generate(KeyPurpose::Access).unwrap();
    let signed = format!("{}.{}", b64(format!(r#"{{"kid":"{}","alg":"RS256"}}"#, ACCESS.kid())), b64(r#"{"sub":"ann"}"#));
    let token = format!("{signed}.{}", b64(forged.sign(signed.as_bytes()).unwrap()));
    assert_eq!(check(&token), Err(TokenRejected::Signature));
    assert_eq!(check(&encode(&forged, &json!({"sub": "ann"})).unwrap()), Err(TokenRejected::UnknownKey));
}

#[test]
fn sec_036_what_is_remembered_is_one_token_under_one_key() {
    let (keys, verified, good) = (keys(), Verified::default(), good());
    let check = |token: &str, keys: &PublicKeys| verify::<Value>(token, keys, KeyPurpose::Access, &verified).map(drop);
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let flipped = |at: usize| {
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[at] ^= 1;
        format!("{signed}.{}", b64(bytes))
    };
    // A refusal is not remembered, neither as one nor as its opposite.
    for _ in 0..2 {
        assert_eq!(check(&flipped(0), &keys), Err(TokenRejected::Signature));
    }
    for _ in 0..2 {
        assert_eq!(check(&good, &keys), Ok(()));
    }
    for at in [0, 100, 255] {
        assert_eq!(check(&flipped(at), &keys), Err(TokenRejected::Signature), "{at}");
    }
    assert_eq!(check(signed, &keys), Err(TokenRejected::Malformed));
    assert_eq!(check(&format!("{good}="), &keys), Err(TokenRejected::Malformed));
    // The claims of another under the header and the signature of this one.
    let (header, _) = signed.split_once('.').unwrap();
    let exchanged = format!("{header}.{}.{signature}", b64(r#"{"sub":"bob","token_use":"access"}"#));
    assert_eq!(check(&exchanged, &keys), Err(TokenRejected::Signature));
    // The key is gone, or is for the other kind of token.
    assert_eq!(check(&good, &PublicKeys::new(vec![ID.public().clone()])), Err(TokenRejected::UnknownKey));
    assert_eq!(verify::<Value>(&good, &keys, KeyPurpose::Id, &verified), Err(TokenRejected::UnknownKey));
    assert_eq!(check(&good, &keys), Ok(()));
}

#[test]
fn sec_037_kid_is_only_a_lookup() {
    let long = "k".repeat(65);
    for kid in ["", "../../etc/passwd", "https://evil.example/key", "' OR 1=1 --", "key\\u0000", "*", long.as_str()] {
        let token = signed_with_header(&format!(r#"{{"kid":"{kid}","alg":"RS256"}}"#));
        assert_eq!(check(&token), Err(TokenRejected::UnknownKey), "{kid}");
    }
    for kid in ["null", "7", "[]", r#"{"a":1}"#] {
        let token = signed_with_header(&format!(r#"{{"kid":{kid},"alg":"RS256"}}"#));
        assert_eq!(check(&token), Err(TokenRejected::Malformed), "{kid}");
    }
    let megabyte = signed_with_header(&format!(r#"{{"kid":"{}","alg":"RS256"}}"#, "k".repeat(1_000_000)));
    assert_eq!(check(&megabyte), Err(TokenRejected::TooLong));
}

#[test]
fn sec_038_large_and_deep_tokens_are_refused_cheaply() {
    let (keys, deep_header) = (keys(), signed_with_header(&"[".repeat(5_000)));
    for (token, expected) in [
        ("a".repeat(10_000_000), TokenRejected::TooLong),
        ("e30.".repeat(4_000), TokenRejected::Malformed),
        (deep_header, TokenRejected::Malformed),
    ] {
        let began = Instant::now();
        assert_eq!(verify::<Value>(&token, &keys, KeyPurpose::Access, &Verified::default()), Err(expected));
        assert!(began.elapsed() < Duration::from_millis(10));
    }
    // Signed by us, 500 levels deep.
    let deep = "[".repeat(500) + &"]".repeat(500);
    let signed = format!("{}.{}", b64(format!(r#"{{"kid":"{}","alg":"RS256"}}"#, ACCESS.kid())), b64(deep));
    let token = format!("{signed}.{}", b64(ACCESS.sign(signed.as_bytes()).unwrap()));
    assert_eq!(check(&token), Err(TokenRejected::Malformed));
}

#[test]
fn every_altered_character_is_noticed() {
    let token = good();
    for at in (0..token.len()).step_by(7).chain([token.len() - 1]) {
        for other in ['A', 'B', '-', '.', '=', '+', ' '] {
            let mut altered = token.clone();
            altered.replace_range(at..=at, other.encode_utf8(&mut [0; 4]));
            if altered != token {
                assert!(check(&altered).is_err(), "{other:?} at {at}");
            }
        }
    }
}

#[test]
fn a_token_has_one_spelling() {
    let token = good();
    for other in [
        format!("{token}="),
        format!("{token}."),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{token}.e30"),
        format!(".{token}"),
    ] {
        assert_eq!(check(&other), Err(TokenRejected::Malformed), "{other}");
    }
    for text in ["", ".", "..", "...", "a.b", "a.b.c", "é.é.é"] {
        assert_eq!(check(text), Err(TokenRejected::Malformed), "{text}");
    }
}

#[test]
fn sec_203_no_mutation_of_a_token_verifies() {
    let (good, odd) = (good(), signed_with_header(r#"{"kid":"x","alg":"none"}"#));
    let claims = check(&good).unwrap();
    poolhouse_store::testkit::fuzz::text(&[&good, &odd, "e30.e30.e30", "..", "a.b.c.d"], |token| {
        assert_eq!(check(token).ok(), (token == good).then(|| claims.clone()), "one spelling alone verifies");
        let _ = unverified::<Value>(token);
    });
}
