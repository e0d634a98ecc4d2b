//! The token inspector: kinds, claims, signatures, and each reason to refuse.

use http::StatusCode;
use poolhouse_engine::operators::Role;
use serde_json::{Value, json};

use super::forms::{Form, has, submit};
use super::operators::{self, operator};
use crate::browser::Browser;
use crate::harness::{House, Options, Reply, Store};

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

#[tokio::test]
async fn sec_109_a_pasted_token_is_not_repeated_before_it_is_revealed() {
    let house = House::with(operators::options(Store::Sqlite)).await;
    let (_, tokens) = tokens(&house).await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let (mut eve, _) = operator(&house, "eve", Role::ReadOnly).await;
    let access = text(&tokens, "AccessToken");
    let inspect = async |browser: &mut Browser<'_>, token: &str| {
        let page = browser.get("/console/token").await;
        submit(browser, &page, "inspect", &[("token", token), ("used", "id")]).await
    };
    let page = inspect(&mut ada, access).await;
    has(&page, &["Access token: claims", "your app expects an ID token", "eyJ", "…"]);
    assert!(!page.text.contains(access) && !page.text.contains(access.rsplit('.').next().unwrap()), "{}", page.text);
    let reveal = Form::of(&page, "reveal");
    let open = reveal.send(&mut ada).await;
    assert_eq!((open.status, open.header("cache-control")), (StatusCode::OK, "no-store"));
    has(&open, &[access, "your app expects an ID token"]);
    let trail = crate::audit::events(&house).await;
    let told = trail.iter().filter(|event| event.action == "RevealToken" && event.actor == "operator ada").count();
    assert_eq!(told, 2, "what was intended and what came of it");

    // Nobody else opens what was sealed for this browser, and a role that only looks opens nothing.
    let page = inspect(&mut eve, access).await;
    assert!(!page.text.contains("Reveal the token") && !page.text.contains(access));
    assert_eq!(reveal.send(&mut eve).await.status, StatusCode::FORBIDDEN);
    let (mut bob, _) = operator(&house, "bob", Role::Owner).await;
    let csrf = Form::of(&bob.get("/console/token").await, "inspect").value("_csrf")[0].to_owned();
    let stolen = reveal.clone().with("_csrf", &[&csrf]).send(&mut bob).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    assert!(!stolen.text.contains(access));
    house.clock.advance_ms(10 * operators::MINUTE);
    for _ in 0..5 {
        ada.get("/console").await;
        house.clock.advance_ms(10 * operators::MINUTE);
    }
    assert_eq!(reveal.send(&mut ada).await.status, StatusCode::BAD_REQUEST, "an hour later");

    for pasted in [text(&tokens, "RefreshToken").to_owned(), format!("{{\"access_token\":\"{access}\"}}"), format!("{access}.x")]
    {
        let page = inspect(&mut ada, &pasted).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(!page.text.contains(pasted.get(60..90).unwrap()), "{}", page.text);
    }
    // Of another server: there is nothing to reveal it by.
    let page = inspect(&mut ada, &sign(&json!({ "iss": "https://elsewhere.example.com/x", "token_use": "access" }))).await;
    assert!(page.status.is_success() && !page.text.contains("Reveal the token"));
}

/// A token signed by nobody.
fn sign(claims: &Value) -> String {
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"none"}"#), encode(&claims.to_string()), encode("x"))
}
