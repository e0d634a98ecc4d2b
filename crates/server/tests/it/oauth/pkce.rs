//! RFC 7636: a code that was asked for with a challenge is of use to whoever has the verifier, and to nobody else.

use serde_json::json;

use super::tools::{ADA, CHALLENGE, VERIFIER, authorize, code, error, granted, redeem, signed_in};
use crate::harness::House;

const S256: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

#[tokio::test]
async fn sec_011_a_verifier_without_its_challenge_or_the_reverse_is_refused() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let other = VERIFIER.replace('d', "e");
    let table: [(&[(&str, &str)], &str, Option<&str>); 8] = [
        (&[], "-", None),
        (&S256, VERIFIER, None),
        (&S256, "-", Some("invalid_grant")),
        (&S256, "", Some("invalid_grant")),
        (&S256, &other, Some("invalid_grant")),
        // The challenge itself, as in the method "plain".
        (&S256, CHALLENGE, Some("invalid_grant")),
        (&[], VERIFIER, Some("invalid_grant")),
        (&[], "", Some("invalid_grant")),
    ];
    for (request, verifier, refused) in table {
        let code = code(&mut browser, &app, request).await;
        let reply = redeem(&house, &app, &code, &[("code_verifier", verifier)]).await;
        match refused {
            None => assert!(granted(&reply)["access_token"].is_string()),
            Some(why) => {
                assert_eq!(error(&reply), why, "{request:?} {verifier}");
                let right: &[(&str, &str)] = if request.is_empty() { &[] } else { &[("code_verifier", VERIFIER)] };
                assert_eq!(error(&redeem(&house, &app, &code, right).await), "invalid_grant", "the code is burnt");
            }
        }
    }
}

#[tokio::test]
async fn sec_012_the_method_is_s256_and_the_verifier_has_43_to_128_characters() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let (short, long) = (&CHALLENGE[1..], format!("{CHALLENGE}A"));
    let refused: [&[(&str, &str)]; 10] = [
        &[("code_challenge", CHALLENGE), ("code_challenge_method", "plain")],
        &[("code_challenge", CHALLENGE), ("code_challenge_method", "s256")],
        &[("code_challenge", CHALLENGE), ("code_challenge_method", "S512")],
        &[("code_challenge", CHALLENGE), ("code_challenge_method", "")],
        &[("code_challenge", CHALLENGE)],
        &[("code_challenge", "")],
        &[("code_challenge", ""), ("code_challenge_method", "S256")],
        &[("code_challenge_method", "S256")],
        &[("code_challenge", short), ("code_challenge_method", "S256")],
        &[("code_challenge", &long), ("code_challenge_method", "S256")],
    ];
    for request in refused {
        let reply = browser.get(&authorize(&app, request)).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("invalid_request"), "{request:?} {reply:?}");
        assert_eq!(reply.redirected("code"), None);
    }
    let table = [
        ("a".repeat(42), false),
        ("a".repeat(43), true),
        ("~".repeat(128), true),
        ("a".repeat(129), false),
        (format!("{}+", "a".repeat(43)), false),
    ];
    for (verifier, accepted) in table {
        let challenge = hash(&verifier);
        let code = code(&mut browser, &app, &[("code_challenge", &challenge), ("code_challenge_method", "S256")]).await;
        let reply = redeem(&house, &app, &code, &[("code_verifier", &verifier)]).await;
        assert_eq!(reply.status.is_success(), accepted, "{} characters: {reply:?}", verifier.len());
    }
}

fn hash(verifier: &str) -> String {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}
