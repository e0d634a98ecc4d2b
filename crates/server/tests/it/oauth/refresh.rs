//! Refreshing, by both doors: what stays, what rotates, and that a copy is noticed.

use serde_json::{Value, json};

use super::tools::{ADA, error, granted, refresh, text, tokens, verified};
use crate::both;
use crate::harness::{App, CALLBACK, House};

fn rotating(grace_seconds: i64) -> Value {
    // REFRESH_TOKEN_AUTH does not go with rotation.
    json!({ "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": grace_seconds }, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"] })
}

/// A refresh token of the session, by this door.
async fn by_door(house: &House, app: &App, domain: bool) -> String {
    if domain {
        text(&tokens(house, app, ADA, &[]).await, "refresh_token").to_owned()
    } else {
        text(&house.sign_in(app, ADA).await, "RefreshToken").to_owned()
    }
}

/// The new refresh token, or the name of the refusal.
async fn rotate(house: &House, app: &App, token: &str, domain: bool) -> Result<String, String> {
    if domain {
        let reply = refresh(house, app, token, &[]).await;
        return if reply.status.is_success() { Ok(text(&reply.json(), "refresh_token").to_owned()) } else { Err(error(&reply)) };
    }
    let reply = house.api("GetTokensFromRefreshToken", json!({ "ClientId": app.client, "RefreshToken": token })).await;
    if reply.status.is_success() {
        Ok(text(&reply.json()["AuthenticationResult"], "RefreshToken").to_owned())
    } else {
        Err(reply.error().0)
    }
}

#[tokio::test]
async fn a_refresh_keeps_the_session_and_moves_the_time() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let first = tokens(&house, &app, ADA, &[("nonce", "n")]).await;
    house.clock.advance_ms(1_800_000);
    let reply = refresh(&house, &app, text(&first, "refresh_token"), &[]).await;
    let second = granted(&reply);
    assert_eq!(super::tools::members(&second), ["access_token", "expires_in", "id_token", "token_type"], "no new refresh token");
    for name in ["access_token", "id_token"] {
        let (old, new) =
            (verified(&house, &app.pool, text(&first, name)).await, verified(&house, &app.pool, text(&second, name)).await);
        for same in ["iss", "sub", "aud", "auth_time", "origin_jti", "scope", "client_id", "username", "version"] {
            assert_eq!(old.get(same), new.get(same), "{name} {same}");
        }
        assert_eq!(new["iat"].as_i64().unwrap() - old["iat"].as_i64().unwrap(), 1800);
        assert_ne!(old["jti"], new["jti"]);
    }
    let id = verified(&house, &app.pool, text(&second, "id_token")).await;
    assert_eq!(id["at_hash"], super::claims::at_hash(text(&second, "access_token")));
    // Tokens of the API come by this endpoint too, and stay tokens of the API.
    let api = house.sign_in(&app, ADA).await;
    let tokens = granted(&refresh(&house, &app, text(&api, "RefreshToken"), &[]).await);
    let access = verified(&house, &app.pool, text(&tokens, "access_token")).await;
    assert_eq!((access["scope"].as_str(), access.get("version")), (Some("aws.cognito.signin.user.admin"), None));
    // Thirty days, and no longer.
    house.clock.advance_ms(30 * 86_400_000 - 1_800_000);
    assert_eq!(error(&refresh(&house, &app, text(&first, "refresh_token"), &[]).await), "invalid_grant");
}

both! {
    async fn sec_021_a_rotated_token_that_comes_back_ends_the_session(house: House) {
        let app = house.oauth_app(rotating(0)).await;
        house.user(&app.pool, ADA).await;
        for domain in [true, false] {
            let first = by_door(&house, &app, domain).await;
            let second = rotate(&house, &app, &first, domain).await.unwrap();
            assert_ne!(first, second);
            let third = rotate(&house, &app, &second, domain).await.unwrap();
            let reuse = if domain { "invalid_grant" } else { "RefreshTokenReuseException" };
            assert_eq!(rotate(&house, &app, &second, domain).await.unwrap_err(), reuse);
            let dead = if domain { "invalid_grant" } else { "NotAuthorizedException" };
            for token in [&third, &second, &first] {
                assert_eq!(rotate(&house, &app, token, domain).await.unwrap_err(), dead, "the whole session");
            }
        }
    }

    async fn sec_021_within_the_grace_a_retry_works_and_after_it_none(house: House) {
        let app = house.oauth_app(rotating(10)).await;
        house.user(&app.pool, ADA).await;
        for domain in [true, false] {
            let first = by_door(&house, &app, domain).await;
            let lost = rotate(&house, &app, &first, domain).await.unwrap();
            house.clock.advance_ms(9_999);
            let second = rotate(&house, &app, &first, domain).await.expect("the answer was lost");
            assert_ne!(lost, second);
            house.clock.advance_ms(10_000);
            let third = rotate(&house, &app, &second, domain).await.unwrap();
            house.clock.advance_ms(10_000);
            // What came of the first try is no second session beside it.
            let reuse = if domain { "invalid_grant" } else { "RefreshTokenReuseException" };
            assert_eq!(rotate(&house, &app, &lost, domain).await.unwrap_err(), reuse);
            assert!(rotate(&house, &app, &third, domain).await.is_err());

            let first = by_door(&house, &app, domain).await;
            let second = rotate(&house, &app, &first, domain).await.unwrap();
            house.clock.advance_ms(10_000);
            assert_eq!(rotate(&house, &app, &first, domain).await.unwrap_err(), reuse, "the grace is over");
            assert!(rotate(&house, &app, &second, domain).await.is_err());
        }
    }
}

#[tokio::test]
async fn a_rotated_token_lives_for_what_remains() {
    let house = House::start().await;
    let mut settings = rotating(0);
    settings["RefreshTokenValidity"] = json!(2);
    settings["TokenValidityUnits"] = json!({ "RefreshToken": "hours" });
    let app = house.oauth_app(settings).await;
    house.user(&app.pool, ADA).await;
    let first = by_door(&house, &app, true).await;
    house.clock.advance_ms(5_400_000);
    let second = rotate(&house, &app, &first, true).await.unwrap();
    house.clock.advance_ms(1_799_999);
    let third = rotate(&house, &app, &second, true).await.unwrap();
    house.clock.advance_ms(1);
    assert_eq!(rotate(&house, &app, &third, true).await.unwrap_err(), "invalid_grant");
}

#[tokio::test]
async fn sec_022_a_refresh_token_is_of_use_to_its_client_alone() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let stranger = house.oauth_app(json!({})).await;
    let settings = json!({
        "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid"], "CallbackURLs": [CALLBACK],
        "SupportedIdentityProviders": ["COGNITO"],
    });
    let (sibling, _) = house.client(&app.pool, settings).await;
    let sibling = App { client: sibling, ..app.clone() };
    house.user(&app.pool, ADA).await;
    for domain in [true, false] {
        let token = by_door(&house, &app, domain).await;
        for other in [&sibling, &stranger] {
            assert_eq!(error(&refresh(&house, other, &token, &[]).await), "invalid_grant");
            let reply =
                house.refused("GetTokensFromRefreshToken", json!({ "ClientId": other.client, "RefreshToken": token })).await;
            assert_eq!(reply.0, "NotAuthorizedException");
            let revoked = house.form("/oauth2/revoke", &[("token", &token), ("client_id", &other.client)], None).await;
            assert_ne!(revoked.status, http::StatusCode::OK, "nor may they revoke it");
        }
        granted(&refresh(&house, &app, &token, &[]).await);
    }
    let token = by_door(&house, &app, true).await;
    for wrong in ["", "x", "a.b.c.d.e", &token[1..], &format!("{token}A"), &token.to_lowercase(), &"x".repeat(20_000)] {
        let reply = refresh(&house, &app, wrong, &[]).await;
        assert_eq!(error(&reply), if wrong.is_empty() { "invalid_request" } else { "invalid_grant" });
    }
    assert!(token.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "VSCHAR (RFC 6749 appendix A)");
}
