//! userInfo, in Cognito's types and headers.

use http::StatusCode;
use serde_json::json;

use super::tools::{ADA, claims, text, tokens, user_info};
use crate::harness::House;

#[tokio::test]
async fn sec_030_user_info_by_get_and_post() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let sub = house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let access = text(&tokens, "access_token");
    let expected = json!({ "sub": sub, "email": ADA, "email_verified": "true", "username": sub });
    assert_eq!(claims(text(&tokens, "id_token"))["sub"], expected["sub"]);
    for method in ["GET", "POST"] {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            let reply = house.send(method, "/oauth2/userInfo", &[("authorization", &format!("{scheme} {access}"))], "").await;
            assert_eq!((reply.status, reply.json()), (StatusCode::OK, expected.clone()));
            assert_eq!(reply.header("content-type"), "application/json;charset=UTF-8");
            assert_eq!(reply.header("x-content-type-options"), "nosniff");
            assert_eq!(reply.header("x-xss-protection"), "1; mode=block");
            assert_eq!(reply.header("cache-control"), "no-cache, no-store, max-age=0, must-revalidate");
            assert_eq!(
                (reply.header("pragma"), reply.header("expires"), reply.header("x-frame-options")),
                ("no-cache", "0", "DENY")
            );
            assert_eq!(reply.header("access-control-allow-origin"), "*");
            assert_eq!(reply.header("x-amz-cognito-request-id").len(), 36);
        }
    }
}

#[tokio::test]
async fn sec_034_a_token_counts_in_the_header_alone() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let tokens = tokens(&house, &app, ADA, &[]).await;
    let access = text(&tokens, "access_token");
    let reply = house.get(&format!("/oauth2/userInfo?access_token={access}")).await;
    assert_eq!((reply.status, reply.json()["error"].as_str()), (StatusCode::UNAUTHORIZED, Some("invalid_token")));
    let reply = house.form("/oauth2/userInfo", &[("access_token", access)], None).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let in_query = format!(
        "/oauth2/token?grant_type=refresh_token&client_id={}&refresh_token={}",
        app.client,
        text(&tokens, "refresh_token")
    );
    assert_eq!(super::tools::error(&house.form(&in_query, &[], None).await), "invalid_request");
    let head = house.send("HEAD", "/oauth2/userInfo", &[], "").await;
    assert_eq!(head.text, "");
    for path in ["/oauth2/authorize", "/oauth2/token", "/oauth2/userInfo", "/oauth2/revoke", "/logout", "/oauth/token", "/login"]
    {
        for method in ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT_"] {
            let reply =
                house.send(method, path, &[("authorization", &format!("Bearer {access}")), ("x-echo", "canary")], "").await;
            assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(!reply.text.contains("canary") && !reply.text.contains(access), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn tokens_without_openid_and_dead_ones_are_told_apart() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let without = tokens(&house, &app, ADA, &[("scope", "aws.cognito.signin.user.admin")]).await;
    let api = house.sign_in(&app, ADA).await;
    for token in [text(&without, "access_token"), text(&api, "AccessToken")] {
        let reply = user_info(&house, token).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            reply.header("www-authenticate"),
            "error=\"invalid_token\", error_description=\"Access token does not contain openid scope\""
        );
    }
    let fresh = tokens(&house, &app, ADA, &[]).await;
    house.clock.advance_ms(3_600_000);
    let reply = user_info(&house, text(&fresh, "access_token")).await;
    assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        reply.header("www-authenticate"),
        "error=\"invalid_token\", error_description=\"Access token is expired, disabled, or deleted, or the user has globally signed out.\""
    );
    for header in ["", "Bearer", "Bearer ", "Basic eDp5", "x"] {
        let reply = house.send("GET", "/oauth2/userInfo", &[("authorization", header)], "").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{header:?}");
        assert_eq!(
            reply.header("www-authenticate"),
            "error=\"invalid_request\", error_description=\"Bad OAuth2 request at UserInfo Endpoint\""
        );
    }
}
