//! Good signatures that are not enough: the wrong kind, the wrong scope, a user who may no longer act.

use http::StatusCode;
use serde_json::json;

use super::{claims, refused_everywhere, user_operations};
use crate::auth::{ADA, Door, not_authorized, text, with_ada};
use crate::both;
use crate::harness::{App, CALLBACK, House, PASSWORD, Reply};

/// An access token of the domain with these scopes, by the implicit grant's longer sibling: code and form.
pub async fn domain_tokens(house: &House, app: &App, scope: &str) -> serde_json::Value {
    let query = crate::harness::encode(&[
        ("client_id", &app.client),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", scope),
        ("state", "s"),
    ]);
    let mut browser = house.browser();
    let start = browser.get(&format!("/oauth2/authorize?{query}")).await;
    let page = browser.follow(start).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let answer = browser.submit(&page, &[("username", ADA), ("password", PASSWORD)]).await;
    let answer = browser.follow(answer).await;
    let code = answer.redirected("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let fields = [("grant_type", "authorization_code"), ("client_id", &app.client), ("code", &code), ("redirect_uri", CALLBACK)];
    let reply = house.form("/oauth2/token", &fields, None).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    reply.json()
}

async fn user_info(house: &House, token: &str) -> Reply {
    house.send("GET", "/oauth2/userInfo", &[("authorization", &format!("Bearer {token}"))], "").await
}

both! {
    async fn sec_026_who_may_not_act_is_refused_everywhere_at_once(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let named = json!({ "UserPoolId": app.pool, "Username": ADA });
        let hosted = domain_tokens(&house, &app, "openid aws.cognito.signin.user.admin").await;
        let hosted = text(&hosted["access_token"]).to_owned();
        let api = text(&house.sign_in(&app, ADA).await["AccessToken"]).to_owned();
        assert_eq!(user_info(&house, &hosted).await.status, StatusCode::OK);
        house.ok("AdminDisableUser", named.clone()).await;
        for token in [&api, &hosted] {
            assert_eq!(refused_everywhere(&house, token, "disabled").await.0, "NotAuthorizedException");
        }
        house.ok("AdminEnableUser", named.clone()).await;
        house.clock.advance_ms(1_000);
        let hosted = domain_tokens(&house, &app, "openid aws.cognito.signin.user.admin").await;
        let hosted = text(&hosted["access_token"]).to_owned();
        let api = text(&house.sign_in(&app, ADA).await["AccessToken"]).to_owned();
        house.ok("AdminUserGlobalSignOut", named.clone()).await;
        for token in [&api, &hosted] {
            assert_eq!(refused_everywhere(&house, token, "signed out").await, not_authorized("Access Token has been revoked"));
        }
        house.clock.advance_ms(1_000);
        let hosted = domain_tokens(&house, &app, "openid aws.cognito.signin.user.admin").await;
        let hosted = text(&hosted["access_token"]).to_owned();
        let api = text(&house.sign_in(&app, ADA).await["AccessToken"]).to_owned();
        house.ok("AdminDeleteUser", named).await;
        for token in [&api, &hosted] {
            assert_eq!(refused_everywhere(&house, token, "deleted").await, ("UserNotFoundException".to_owned(), "User does not exist.".to_owned()));
        }
    }

    async fn sec_025_every_token_has_its_own_places(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        let signed = house.sign_in(&app, ADA).await;
        let hosted = domain_tokens(&house, &app, "openid aws.cognito.signin.user.admin").await;
        let not_access = [
            ("ID token of the API", text(&signed["IdToken"])),
            ("refresh token of the API", text(&signed["RefreshToken"])),
            ("ID token of the domain", text(&hosted["id_token"])),
            ("refresh token of the domain", text(&hosted["refresh_token"])),
        ];
        for (what, token) in not_access {
            assert_eq!(refused_everywhere(&house, token, what).await, not_authorized("Invalid Access Token"), "{what}");
        }
        // An access or ID token refreshes nothing.
        for token in [text(&signed["AccessToken"]), text(&signed["IdToken"]), text(&hosted["access_token"]), text(&hosted["id_token"])] {
            let input = json!({ "ClientId": app.client, "RefreshToken": token });
            assert_eq!(house.refused("GetTokensFromRefreshToken", input).await, not_authorized("Invalid Refresh Token"));
            let (operation, input) = Door::Public.initiate(&app, "REFRESH_TOKEN_AUTH", json!({ "REFRESH_TOKEN": token }));
            assert_eq!(house.refused(operation, input).await, not_authorized("Invalid Refresh Token"));
            let fields = [("grant_type", "refresh_token"), ("client_id", app.client.as_str()), ("refresh_token", token)];
            assert_eq!(house.form("/oauth2/token", &fields, None).await.json()["error"], "invalid_grant");
            let fields = [("grant_type", "authorization_code"), ("client_id", app.client.as_str()), ("code", token), ("redirect_uri", CALLBACK)];
            assert_eq!(house.form("/oauth2/token", &fields, None).await.json()["error"], "invalid_grant");
        }
        // The API's tokens have no openid: not for userInfo.
        assert_eq!(user_info(&house, text(&signed["AccessToken"])).await.status, StatusCode::UNAUTHORIZED);
        // Another pool's domain does not know the token.
        let other = house.oauth_app(json!({})).await;
        let prefix = "elsewhere";
        house.ok("CreateUserPoolDomain", json!({ "UserPoolId": other.pool, "Domain": prefix })).await;
        let bearer = format!("Bearer {}", text(&hosted["access_token"]));
        let reply = house.send("GET", &format!("/_domain/{prefix}/oauth2/userInfo"), &[("authorization", &bearer)], "").await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{reply:?}");
    }

    async fn sec_104_user_operations_need_their_scope(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ADA).await;
        for scope in ["openid", "openid email", "openid email profile"] {
            let token = domain_tokens(&house, &app, scope).await;
            let token = text(&token["access_token"]);
            for (operation, input) in user_operations(token) {
                let refused = house.refused(operation, input).await;
                assert_eq!(refused, not_authorized("Access Token does not have required scopes"), "{operation} {scope}");
            }
            assert_eq!(user_info(&house, token).await.status, StatusCode::OK, "{scope}");
        }
        let token = domain_tokens(&house, &app, "openid aws.cognito.signin.user.admin").await;
        assert_eq!(house.api("GetUser", json!({ "AccessToken": token["access_token"] })).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn sec_025_a_machines_token_is_no_users() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let server = json!({ "UserPoolId": pool, "Identifier": "api", "Name": "api", "Scopes": [{ "ScopeName": "read", "ScopeDescription": "r" }] });
    house.ok("CreateResourceServer", server).await;
    let (client, secret) = house
        .client(
            &pool,
            json!({
                "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["client_credentials"],
                "AllowedOAuthScopes": ["api/read"],
            }),
        )
        .await;
    let reply = house.form("/oauth2/token", &[("grant_type", "client_credentials")], Some((&client, &secret.unwrap()))).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    let token = reply.json();
    refused_everywhere(&house, text(&token["access_token"]), "machine").await;
    assert_eq!(token.get("refresh_token").or_else(|| token.get("id_token")), None);
}

#[tokio::test]
async fn tokens_end_with_their_time() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let token = text(&house.sign_in(&app, ADA).await["AccessToken"]).to_owned();
    house.clock.advance_ms(3_599_999);
    assert_eq!(house.api("GetUser", json!({ "AccessToken": token })).await.status, StatusCode::OK);
    house.clock.advance_ms(1);
    assert_eq!(refused_everywhere(&house, &token, "expired").await, not_authorized("Access Token has expired"));
}

#[tokio::test]
async fn sec_025_a_token_dies_with_its_client_and_its_pool() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let signed = house.sign_in(&app, ADA).await;
    house.ok("DeleteUserPoolClient", json!({ "UserPoolId": app.pool, "ClientId": app.client })).await;
    assert_eq!(refused_everywhere(&house, text(&signed["AccessToken"]), "client").await.0, "NotAuthorizedException");
    let app = with_ada(&house).await;
    let signed = house.sign_in(&app, ADA).await;
    house.ok("DeleteUserPool", json!({ "UserPoolId": app.pool })).await;
    assert_eq!(refused_everywhere(&house, text(&signed["AccessToken"]), "pool").await.0, "NotAuthorizedException");
}

#[tokio::test]
async fn sec_048_no_attribute_becomes_a_claim_of_ours() {
    let house = House::start().await;
    let reserved = ["sub", "iss", "aud", "exp", "iat", "jti", "token_use", "client_id", "origin_jti", "auth_time"];
    let schema: Vec<serde_json::Value> =
        reserved.iter().map(|name| json!({ "Name": name, "AttributeDataType": "String", "Mutable": true })).collect();
    let reply = house.api("CreateUserPool", json!({ "PoolName": "p", "UsernameAttributes": ["email"], "Schema": schema })).await;
    if reply.status == StatusCode::OK {
        // As custom attributes they carry their prefix into the token.
        let pool = text(&reply.json()["UserPool"]["Id"]).to_owned();
        let (client, _) = house.client(&pool, json!({})).await;
        house.user(&pool, ADA).await;
        let set: Vec<serde_json::Value> = reserved
            .iter()
            .filter(|name| **name != "sub")
            .map(|name| json!({ "Name": format!("custom:{name}"), "Value": "forged" }))
            .collect();
        house.ok("AdminUpdateUserAttributes", json!({ "UserPoolId": pool, "Username": ADA, "UserAttributes": set })).await;
        let signed = house.sign_in(&App { pool, client, secret: None }, ADA).await;
        for token in ["AccessToken", "IdToken"] {
            let claims = claims(text(&signed[token]));
            for name in reserved {
                assert_ne!(claims[name], "forged", "{token} {name}");
            }
        }
    } else {
        assert_eq!(reply.error().0, "InvalidParameterException");
    }
    // Nor does any way of writing reach the claims themselves.
    let app = with_ada(&house).await;
    let token = house.sign_in(&app, ADA).await["AccessToken"].clone();
    for name in
        reserved.iter().copied().chain(["cognito:username", "cognito:groups", "cognito:roles", "identities", "at_hash", "nonce"])
    {
        let attributes = json!([{ "Name": name, "Value": "forged" }]);
        let by_user = json!({ "AccessToken": token, "UserAttributes": attributes });
        let by_admin = json!({ "UserPoolId": app.pool, "Username": ADA, "UserAttributes": attributes });
        let sign_up =
            json!({ "ClientId": app.client, "Username": "eve@example.com", "Password": PASSWORD, "UserAttributes": attributes });
        for (operation, input) in
            [("UpdateUserAttributes", by_user), ("AdminUpdateUserAttributes", by_admin), ("SignUp", sign_up)]
        {
            let (kind, message) = house.refused(operation, input).await;
            assert!(
                ["InvalidParameterException", "NotAuthorizedException"].contains(&kind.as_str()),
                "{operation} {name}: {kind} {message}"
            );
        }
    }
}
