//! The token inspector: kinds, claims, signatures, and each reason to refuse.

use http::StatusCode;
use serde_json::{Value, json};

use super::forms::{has, submit};
use crate::harness::{House, Options, Reply};

async fn inspect(house: &House, fields: &[(&str, &str)]) -> Reply {
    let mut browser = house.browser();
    let page = browser.get("/console/token").await;
    submit(&mut browser, &page, "inspect", fields).await
}

async fn tokens(house: &House) -> (crate::harness::App, Value) {
    let app = house.app().await;
    house.user(&app.pool, "ada@example.com").await;
    let tokens = house.sign_in(&app, "ada@example.com").await;
    (app, tokens)
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap()
}

#[tokio::test]
async fn a_good_token_holds_and_every_claim_has_a_meaning() {
    let house = House::start().await;
    let (app, tokens) = tokens(&house).await;
    let access = format!("Authorization: Bearer {}", text(&tokens, "AccessToken"));
    let fields =
        [("token", access.as_str()), ("used", "access"), ("client", &app.client), ("scope", "aws.cognito.signin.user.admin")];
    let page = inspect(&house, &fields).await;
    assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "no-store"));
    has(
        &page,
        &["Nothing was found to refuse it for.", "Access token: claims", "origin_jti", "1 hour 0 minutes left", "(in 1 hour)"],
    );
    assert!(!page.text.contains("Not a claim of Cognito") && !page.text.contains("Not in Cognito"), "{}", page.text);
    let page = inspect(&house, &[("token", text(&tokens, "IdToken")), ("used", "id"), ("client", &app.client)]).await;
    has(&page, &["Nothing was found to refuse it for.", "ID token: claims", "ada@example.com"]);
    assert!(!page.text.contains("Not a claim of Cognito"), "{}", page.text);
}

#[tokio::test]
async fn each_reason_to_refuse_is_told() {
    let house = House::start().await;
    let (_, tokens) = tokens(&house).await;
    let (access, id) = (text(&tokens, "AccessToken"), text(&tokens, "IdToken"));
    let refused = async |fields: &[(&str, &str)], words: &[&str]| {
        let page = inspect(&house, fields).await;
        assert_eq!(page.status, StatusCode::OK);
        has(&page, &["It would be refused"]);
        has(&page, words);
    };
    refused(&[("token", id), ("used", "access")], &["This is an ID token; your API expects an access token"]).await;
    refused(&[("token", access), ("used", "id")], &["your app expects an ID token"]).await;
    refused(&[("token", access), ("client", "another0client")], &["issued to another app client"]).await;
    refused(&[("token", access), ("scope", "orders/write")], &["It lacks orders/write"]).await;
    refused(&[("token", id), ("scope", "orders/write")], &["ID tokens have no scope at all"]).await;

    let (signed, signature) = access.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let flipped = format!("{signed}.{first}{}", signature.get(1..).unwrap());
    refused(&[("token", &flipped)], &["It was not made with the key it names"]).await;
    house.ok("GlobalSignOut", json!({ "AccessToken": access })).await;
    refused(&[("token", access)], &["This server refuses it: Access Token has been revoked"]).await;
    house.clock.advance_ms(2 * 3_600_000);
    refused(&[("token", access)], &["It expired 1 hour 0 minutes ago"]).await;

    let elsewhere = House::with(Options { seed: 7, ..Options::default() }).await;
    let page = inspect(&elsewhere, &[("token", access)]).await;
    has(&page, &["is no user pool of this server", "nothing in it is proven"]);
}

#[tokio::test]
async fn what_is_no_token_gets_a_sentence_and_is_kept_in_the_field() {
    let house = House::start().await;
    let (_, tokens) = tokens(&house).await;
    let table = [
        (text(&tokens, "RefreshToken"), "This is a refresh token."),
        ("nonsense", "This is no token."),
        ("a.b.c", "no base64url of JSON"),
        ("", "Nothing was pasted."),
        ("\u{0}", "This is no token."),
    ];
    for (pasted, sentence) in table {
        let page = inspect(&house, &[("token", pasted)]).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{pasted}");
        has(&page, &[sentence]);
    }
    assert!(inspect(&house, &[("token", "nonsense")]).await.text.contains("\nnonsense</textarea>"));
    let forged = house.browser().post("/console/token", &[("token", "x")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    let nul = sign(&json!({ "iss": "http://x/\u{0}", "token_use": "access", "exp": "soon", "iat": i64::MIN }));
    has(&inspect(&house, &[("token", &nul)]).await, &["It would be refused"]);
    let far = sign(&json!({ "iss": "x", "token_use": 1, "exp": i64::MIN, "iat": i64::MAX, "auth_time": i64::MAX }));
    has(&inspect(&house, &[("token", &far)]).await, &["It would be refused"]);
}

/// A token signed by nobody.
fn sign(claims: &Value) -> String {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"none"}"#), encode(&claims.to_string()), encode("x"))
}
