//! Whether the user is asked: `prompt`, `max_age`, `id_token_hint` (OIDC Core §3.1.2.1).

use serde_json::json;

use super::tools::{ADA, BOB, authorize, claims, code, granted, redeem, sign_in, signed_in, tampered, text, unsigned};
use crate::harness::{App, Browser, House, PASSWORD};

async fn id_token(house: &House, browser: &mut Browser<'_>, app: &App, changes: &[(&str, &str)]) -> String {
    let code = code(browser, app, changes).await;
    text(&granted(&redeem(house, app, &code, &[]).await), "id_token").to_owned()
}

#[tokio::test]
async fn sec_029_prompt_none_asks_nothing() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut nobody = house.browser();
    let reply = nobody.get(&authorize(&app, &[("prompt", "none")])).await;
    assert_eq!((reply.redirected("error").as_deref(), reply.redirected("state").as_deref()), (Some("login_required"), Some("s")));
    // The sign-in page is no way around it.
    let reply = nobody.get(&format!("/login?{}", super::tools::query(&app, &[("prompt", "none")]))).await;
    assert_eq!(reply.redirected("error").as_deref(), Some("login_required"));
    let mut browser = signed_in(&house, &app, ADA).await;
    let first = claims(&id_token(&house, &mut browser, &app, &[]).await);
    house.clock.advance_ms(60_000);
    let silent = claims(&id_token(&house, &mut browser, &app, &[("prompt", "none")]).await);
    assert_eq!((&silent["sub"], &silent["auth_time"]), (&first["sub"], &first["auth_time"]));
    assert_ne!(silent["iat"], first["iat"]);
    for prompt in ["none login", "login none", "none consent"] {
        let reply = browser.get(&authorize(&app, &[("prompt", prompt)])).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("invalid_request"), "{prompt}");
    }
    // An hour after the sign-in the session is over, however often it was used.
    house.clock.advance_ms(3_540_000);
    let reply = browser.get(&authorize(&app, &[("prompt", "none")])).await;
    assert_eq!(reply.redirected("error").as_deref(), Some("login_required"));
}

#[tokio::test]
async fn sec_029_prompt_login_and_max_age_ask_again() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mut browser = signed_in(&house, &app, ADA).await;
    let first = claims(&id_token(&house, &mut browser, &app, &[]).await);
    // At the very second of the sign-in, too.
    let reply = browser.get(&authorize(&app, &[("max_age", "0")])).await;
    assert!(reply.location().starts_with("/login?"), "{reply:?}");
    let page = browser.follow(reply).await;
    assert!(page.text.contains("<form"), "{page:?}");
    for changes in [("prompt", "login"), ("max_age", "1"), ("prompt", "login consent"), ("max_age", "0")] {
        house.clock.advance_ms(2_000);
        let reply = browser.get(&authorize(&app, &[("prompt", "none"), ("max_age", "1")])).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("login_required"));
        let reply = sign_in(&mut browser, &app, ADA, &[changes]).await;
        let code = reply.redirected("code").unwrap_or_else(|| panic!("{changes:?} {reply:?}"));
        let again = claims(text(&granted(&redeem(&house, &app, &code, &[]).await), "id_token"));
        assert_eq!(again["sub"], first["sub"]);
        assert_eq!(again["auth_time"], house.clock_seconds(), "{changes:?}");
    }
    let before = claims(&id_token(&house, &mut browser, &app, &[]).await);
    house.clock.advance_ms(2_000);
    let after = claims(&id_token(&house, &mut browser, &app, &[("max_age", "10000")]).await);
    assert_eq!(after["auth_time"], before["auth_time"]);
}

#[tokio::test]
async fn sec_029_a_hint_of_another_user_is_not_answered_with_this_one() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let stranger = house.oauth_app(json!({})).await;
    for (pool, email) in [(&app.pool, ADA), (&app.pool, BOB), (&stranger.pool, ADA)] {
        house.user(pool, email).await;
    }
    let mut ada = signed_in(&house, &app, ADA).await;
    let mut bob = signed_in(&house, &app, BOB).await;
    let mut elsewhere = signed_in(&house, &stranger, ADA).await;
    let (hers, his) = (id_token(&house, &mut ada, &app, &[]).await, id_token(&house, &mut bob, &app, &[]).await);
    let foreign = id_token(&house, &mut elsewhere, &stranger, &[]).await;
    let access = text(&granted(&redeem(&house, &app, &code(&mut ada, &app, &[]).await, &[]).await), "access_token").to_owned();
    house.clock.advance_ms(30_000);

    let answer = claims(&id_token(&house, &mut ada, &app, &[("id_token_hint", &hers), ("prompt", "none")]).await);
    assert_eq!(answer["sub"], claims(&hers)["sub"]);
    let forged = tampered(&his, "sub", claims(&hers)["sub"].clone());
    let mut others = vec![his.clone(), foreign, access, forged, "x".to_owned(), "a.b.c".to_owned()];
    others.extend(unsigned(&hers));
    for hint in &others {
        let reply = ada.get(&authorize(&app, &[("id_token_hint", hint), ("prompt", "none")])).await;
        assert_eq!(reply.redirected("error").as_deref(), Some("login_required"), "{hint}: {reply:?}");
        let reply = ada.get(&authorize(&app, &[("id_token_hint", hint)])).await;
        assert!(reply.location().starts_with("/login?"), "she is asked: {hint} {reply:?}");
        let page = ada.follow(reply).await;
        assert!(page.text.contains("<form"), "{page:?}");
    }
    // Asked, she signs in again: the client wanted him, and is told of nobody.
    let reply = ada.get(&authorize(&app, &[("id_token_hint", &his)])).await;
    let page = ada.follow(reply).await;
    let reply = ada.submit(&page, &[("username", ADA), ("password", PASSWORD)]).await;
    assert_eq!((reply.redirected("error").as_deref(), reply.redirected("code")), (Some("login_required"), None), "{reply:?}");
    let reply = bob.get(&authorize(&app, &[("id_token_hint", &his), ("prompt", "none")])).await;
    assert!(reply.redirected("code").is_some());
    // An expired one still says who is meant.
    house.clock.advance_ms(3_700_000);
    let mut ada = signed_in(&house, &app, ADA).await;
    let reply = ada.get(&authorize(&app, &[("id_token_hint", &hers), ("prompt", "none")])).await;
    assert!(reply.redirected("code").is_some(), "{reply:?}");
}

#[tokio::test]
async fn sec_030_a_login_hint_fills_in_the_name() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let mut browser = house.browser();
    let reply = browser.get(&authorize(&app, &[("login_hint", "\"><script>ada@example.com")])).await;
    let page = browser.follow(reply).await;
    assert!(!page.text.contains("<script>ada"), "{page:?}");
    let reply = browser.get(&authorize(&app, &[("login_hint", ADA)])).await;
    let page = browser.follow(reply).await;
    assert!(page.text.contains("value=\"ada@example.com\""), "{page:?}");
}
