//! The whole authorization code flow through the pages, on both stores: `oauth/`, `pages/`.

use http::StatusCode;
use serde_json::json;

use crate::both;
use crate::harness::{CALLBACK, House, PASSWORD, encode, pairs};

both! {
    async fn a_user_signs_in_and_the_app_gets_tokens(house: House) {
        let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
        let basic = (app.client.as_str(), app.secret.as_deref().unwrap());
        let sub = house.user(&app.pool, "ada@example.com").await;
        let query = encode(&[
            ("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK), ("state", "s t&a=te"), ("scope", "openid email"),
        ]);
        let mut browser = house.browser();
        let first = browser.get(&format!("/oauth2/authorize?{query}")).await;
        assert_eq!(first.location(), format!("/login?{query}"));
        let page = browser.follow(first).await;
        assert_eq!(page.status, StatusCode::OK, "{page:?}");

        let wrong = browser.submit(&page, &[("username", "ada@example.com"), ("password", "wrong")]).await;
        let again = browser.follow(wrong).await;
        assert!(again.text.contains("Incorrect username or password."), "{again:?}");
        let signed_in = browser.submit(&again, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
        assert!(signed_in.location().starts_with(&format!("{CALLBACK}?")), "{signed_in:?}");
        let back = pairs(signed_in.location().split_once('?').unwrap().1);
        assert_eq!(back["state"], "s t&a=te");

        let redeem = [("grant_type", "authorization_code"), ("code", back["code"].as_str()), ("redirect_uri", CALLBACK)];
        let reply = house.form("/oauth2/token", &redeem, Some(basic)).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        let tokens = reply.json();
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
        let order: Vec<usize> = ["id_token", "access_token", "refresh_token", "expires_in", "token_type"]
            .map(|name| reply.text.find(&format!("\"{name}\"")).unwrap()).to_vec();
        assert!(order.is_sorted(), "Cognito's order of members");
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let info = house.send("GET", "/oauth2/userInfo", &[("authorization", &bearer)], "").await;
        assert_eq!(info.json(), json!({ "sub": sub, "email": "ada@example.com", "email_verified": "true", "username": sub }));

        // The browser has a session now: the next request is answered at once, until it has had its hour.
        let silent = browser.get(&format!("/oauth2/authorize?{query}&prompt=none")).await;
        assert!(silent.redirected("code").is_some(), "{silent:?}");
        house.clock.advance_ms(3_600_000);
        let late = browser.get(&format!("/oauth2/authorize?{query}&prompt=none")).await;
        assert_eq!(late.redirected("error").as_deref(), Some("login_required"));

        // A second use of the code is refused and takes the first one's tokens with it.
        let replay = house.form("/oauth2/token", &redeem, Some(basic)).await;
        assert_eq!((replay.status, replay.json()), (StatusCode::BAD_REQUEST, json!({ "error": "invalid_grant" })));
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
        assert_eq!(house.form("/oauth2/token", &refresh, Some(basic)).await.json(), json!({ "error": "invalid_grant" }));
    }

    async fn sec_018_a_refresh_may_narrow_its_scopes_and_never_widen(house: House) {
        let app = house.oauth_app(json!({ "AllowedOAuthScopes": ["openid", "email", "phone"] })).await;
        house.user(&app.pool, "ada@example.com").await;
        let query = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK), ("scope", "openid email")]);
        let mut browser = house.browser();
        let page = browser.get(&format!("/login?{query}")).await;
        let code = browser.submit(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await.redirected("code").unwrap();
        let client = ("client_id", app.client.as_str());
        let redeem = [client, ("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
        let tokens = house.form("/oauth2/token", &redeem, None).await.json();
        let refresh = [client, ("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
        let table = [
            ("openid email", Ok("openid email")),
            ("email openid", Ok("openid email")),
            ("openid", Ok("openid")),
            ("", Ok("openid email")),
            ("openid email phone", Err("invalid_scope")),
            ("nowhere/read", Err("invalid_scope")),
        ];
        for (scope, want) in table {
            let reply = house.form("/oauth2/token", &[&refresh[..], &[("scope", scope)]].concat(), None).await.json();
            let got = reply["access_token"].as_str().map(|token| claim(token, "scope")).ok_or_else(|| reply["error"].as_str().unwrap());
            assert_eq!(got.as_ref().map(String::as_str).map_err(|e| *e), want, "{scope:?}");
        }
        // What one refresh left out the next one has again.
        let whole = house.form("/oauth2/token", &refresh, None).await.json();
        assert_eq!(claim(whole["access_token"].as_str().unwrap(), "scope"), "openid email");
    }

    async fn sec_068_signing_out_ends_the_browsers_session(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, "ada@example.com").await;
        let query = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK)]);
        let mut browser = house.browser();
        let page = browser.get(&format!("/login?{query}")).await;
        let signed_in = browser.submit(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
        assert!(signed_in.redirected("code").is_some(), "{signed_in:?}");
        let kept = browser.jar.clone();

        // A bare post from elsewhere asks first, and without the form's token does nothing.
        let asked = browser.get("/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.test").await;
        assert!(asked.status == StatusCode::OK && asked.text.contains("Sign out?"), "{asked:?}");
        assert_eq!(browser.post("/logout", &[("client_id", &app.client)]).await.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(browser.post("/logout/confirm", &[("_csrf", "forged")]).await.redirected("error").as_deref(), Some("invalid_request"));
        assert!(browser.get(&format!("/oauth2/authorize?{query}")).await.redirected("code").is_some());

        let out = browser.get(&format!("/logout?{}", encode(&[("client_id", &app.client), ("logout_uri", "https://app.example.com/bye")]))).await;
        assert_eq!(out.location(), "https://app.example.com/bye");
        assert!(!browser.jar.contains_key("cognito"));
        // The old cookie is worth nothing.
        browser.jar = kept;
        assert_eq!(browser.get(&format!("/oauth2/authorize?{query}")).await.location(), format!("/login?{query}"));
    }

    async fn the_question_page_signs_out_when_it_is_answered(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, "ada@example.com").await;
        let query = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK)]);
        let mut browser = house.browser();
        let page = browser.get(&format!("/login?{query}")).await;
        browser.submit(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await;
        let asked = browser.get("/logout?post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fbye").await;
        let done = browser.submit(&asked, &[]).await;
        assert_eq!(done.status, StatusCode::OK, "{done:?}");
        assert_eq!(browser.get(&format!("/oauth2/authorize?{query}")).await.location(), format!("/login?{query}"));
    }
}

/// A claim of a token, its signature unchecked.
fn claim(token: &str, name: &str) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<serde_json::Value>(&body).unwrap()[name].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn sec_024_a_revocation_that_fails_is_not_called_a_success() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, "ada@example.com").await;
    let tokens = house.sign_in(&app, "ada@example.com").await;
    let refresh = tokens["RefreshToken"].as_str().unwrap();
    let access = tokens["AccessToken"].as_str().unwrap();
    let client = ("client_id", app.client.as_str());
    let table = [
        (vec![client], StatusCode::BAD_REQUEST, "invalid_request"),
        (vec![client, ("token", access)], StatusCode::BAD_REQUEST, "unsupported_token_type"),
        (vec![("client_id", "nobody"), ("token", refresh)], StatusCode::UNAUTHORIZED, "invalid_client"),
    ];
    for (fields, status, error) in table {
        let reply = house.form("/oauth2/revoke", &fields, None).await;
        assert_eq!((reply.status, reply.json()["error"].as_str()), (status, Some(error)), "{fields:?}");
    }
    let garbage = house.form("/oauth2/revoke", &[client, ("token", "garbage")], None).await;
    assert_eq!((garbage.status, garbage.text.as_str()), (StatusCode::OK, ""));
    let reply = house.form("/oauth2/revoke", &[client, ("token", refresh)], None).await;
    assert_eq!((reply.status, reply.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(house.refused("GetUser", json!({ "AccessToken": access })).await.0, "NotAuthorizedException");

    let tokens = house.sign_in(&app, "ada@example.com").await;
    house.engine.close().await;
    let fields = [client, ("token", tokens["RefreshToken"].as_str().unwrap())];
    assert_eq!(house.form("/oauth2/revoke", &fields, None).await.status, StatusCode::SERVICE_UNAVAILABLE);
}
