//! Signing out, in Cognito's dialect and in the standard's (OIDC RP-Initiated Logout 1.0).

use http::StatusCode;
use serde_json::json;

use super::tools::{ADA, authorize, claims, code, granted, redeem, signed_in, tampered, text, tokens, unsigned, user_info};
use crate::harness::{Browser, CALLBACK, House, encode};

const OUT: &str = "https://app.example.com/bye";

async fn is_signed_in(browser: &mut Browser<'_>, app: &crate::harness::App) -> bool {
    browser.get(&authorize(app, &[("prompt", "none")])).await.redirected("error").is_none()
}

#[tokio::test]
async fn cognitos_dialect() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let client = app.client.as_str();
    let mut browser = signed_in(&house, &app, ADA).await;
    let again =
        [("client_id", client), ("response_type", "code"), ("redirect_uri", CALLBACK), ("state", "s"), ("scope", "openid")];
    let both =
        [("client_id", client), ("logout_uri", OUT), ("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "s")];
    for (request, to) in [
        (encode(&[("client_id", client), ("logout_uri", OUT)]), OUT.to_owned()),
        (encode(&both), OUT.to_owned()),
        (encode(&again), format!("/login?{}", encode(&again))),
    ] {
        let cookie = browser.jar["cognito"].clone();
        let reply = browser.get(&format!("/logout?{request}")).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::FOUND, to.as_str()));
        assert!(!browser.jar.contains_key("cognito"));
        browser.jar.insert("cognito".to_owned(), cookie);
        assert!(!is_signed_in(&mut browser, &app).await, "the old cookie is nobody's");
        browser = signed_in(&house, &app, ADA).await;
    }
    for request in [
        encode(&[("logout_uri", OUT)]),
        encode(&[("client_id", "nobody"), ("logout_uri", OUT)]),
        encode(&[("client_id", client)]),
        encode(&[("client_id", client), ("redirect_uri", CALLBACK)]),
    ] {
        let reply = browser.get(&format!("/logout?{request}")).await;
        assert!(reply.location().starts_with("/error?"), "{request}: {reply:?}");
        assert!(is_signed_in(&mut browser, &app).await, "{request}");
    }
    // Tokens live on, as on AWS.
    assert_eq!(user_info(&house, text(&tokens, "access_token")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sec_030_the_standards_dialect() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let discovery = house.get(&format!("/{}/.well-known/openid-configuration", app.pool)).await.json();
    assert_eq!(discovery["end_session_endpoint"], format!("{}/logout", house.public_url));
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let hint = text(&tokens, "id_token");
    let with_state = format!("{OUT}?state=a+b%26c");
    let table: [(&[(&str, &str)], &str); 4] = [
        (&[("id_token_hint", hint), ("post_logout_redirect_uri", OUT), ("state", "a b&c")], &with_state),
        (&[("id_token_hint", hint), ("post_logout_redirect_uri", OUT)], OUT),
        (&[("id_token_hint", hint), ("client_id", &app.client), ("post_logout_redirect_uri", OUT)], OUT),
        (&[("id_token_hint", hint)], ""),
    ];
    for (request, to) in table {
        let mut browser = signed_in(&house, &app, ADA).await;
        let reply = browser.get(&format!("/logout?{}", encode(request))).await;
        assert_eq!(reply.location(), to, "{reply:?}");
        assert_eq!(reply.status, if to.is_empty() { StatusCode::OK } else { StatusCode::FOUND });
        let reply = browser.get(&authorize(&app, &[("prompt", "none")])).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("login_required"), "{request:?}");
    }
    for request in [encode(&[]), encode(&[("state", "s")])] {
        let mut browser = signed_in(&house, &app, ADA).await;
        let reply = browser.get(&format!("/logout?{request}")).await;
        // Nothing proves that the user wants this: they are asked first (OIDC RP-Initiated Logout 1.0 §2).
        assert!(reply.status == StatusCode::OK && reply.text.contains("Sign out?"), "{reply:?}");
        assert!(is_signed_in(&mut browser, &app).await);
    }
    // It may have expired.
    house.clock.advance_ms(7_200_000);
    let reply = house.get(&format!("/logout?{}", encode(&[("id_token_hint", hint), ("post_logout_redirect_uri", OUT)]))).await;
    assert_eq!(reply.location(), OUT);
}

#[tokio::test]
async fn sec_031_a_hint_that_is_not_ours_signs_nobody_out() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let stranger = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    house.user(&stranger.pool, ADA).await;
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "one" })).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let tokens = granted(&redeem(&house, &app, &code(&mut browser, &app, &[]).await, &[]).await);
    let foreign = super::tools::tokens(&house, &stranger, ADA, &[]).await;
    let (id, foreign) = (text(&tokens, "id_token"), text(&foreign, "id_token"));
    let mut hints = unsigned(id);
    hints.push(tampered(id, "aud", json!(stranger.client)));
    hints.push(tampered(foreign, "iss", claims(id)["iss"].clone()));
    hints.push(tampered(id, "iss", json!("https://evil.example/pool")));
    hints.push(text(&tokens, "access_token").to_owned());
    hints.extend(["x".to_owned(), "a.b.c".to_owned(), "e30.e30.e30".to_owned()]);
    for hint in &hints {
        let request = encode(&[("id_token_hint", hint), ("post_logout_redirect_uri", OUT)]);
        let reply = browser.get(&format!("/logout?{request}")).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::OK, ""), "{hint}: {reply:?}");
        assert!(reply.text.contains("<form"), "the user is asked: {hint}");
        assert!(is_signed_in(&mut browser, &app).await, "{hint}");
    }
    let mismatched = encode(&[("id_token_hint", id), ("client_id", &stranger.client), ("post_logout_redirect_uri", OUT)]);
    let no_hint = encode(&[("post_logout_redirect_uri", OUT)]);
    for request in [mismatched, no_hint] {
        let reply = browser.get(&format!("/logout?{request}")).await;
        assert_eq!((reply.status, reply.location()), (StatusCode::OK, ""), "{request}: {reply:?}");
        assert!(is_signed_in(&mut browser, &app).await, "{request}");
    }
    // Another pool's token at a pool's own domain.
    let request = encode(&[("id_token_hint", foreign), ("post_logout_redirect_uri", OUT)]);
    let reply =
        house.send("GET", &format!("/logout?{request}"), &[("host", "one.auth.eu-central-1.amazoncognito.com")], "").await;
    assert_eq!(reply.location(), "", "{reply:?}");
    // Asked, the user says yes.
    let page = browser.get(&format!("/logout?{}", encode(&[("post_logout_redirect_uri", OUT)]))).await;
    let reply = browser.submit(&page, &[]).await;
    assert_eq!((reply.status, reply.location()), (StatusCode::OK, ""), "never to an address nobody proved");
    assert!(!is_signed_in(&mut browser, &app).await);
}
