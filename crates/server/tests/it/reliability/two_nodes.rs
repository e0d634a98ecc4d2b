//! What is changed on one node decides on the other at once, and what may be used once is used once over both.

use futures_util::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use super::two_nodes;
use crate::harness::{App, CALLBACK, House, PASSWORD, encode};

const ANN: &str = "ann@poolhouse.test";

fn by_password(app: &App, password: &str) -> Value {
    let parameters = json!({ "USERNAME": ANN, "PASSWORD": password });
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters })
}

fn by_refresh(app: &App, tokens: &Value) -> Value {
    json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } })
}

/// A user with tokens from `b`, which has everything in its cache.
async fn warm(a: &House, b: &House) -> (App, Value) {
    let app = a.app().await;
    a.user(&app.pool, ANN).await;
    let tokens = b.sign_in(&app, ANN).await;
    b.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    (app, tokens)
}

#[tokio::test]
async fn sec_157_a_client_changed_on_one_node_is_changed_on_the_other() {
    let (a, b) = two_nodes().await;
    let (app, tokens) = warm(&a, &b).await;
    let flows = ["ALLOW_REFRESH_TOKEN_AUTH"];
    let update = json!({ "UserPoolId": app.pool, "ClientId": app.client, "ExplicitAuthFlows": flows });
    a.ok("UpdateUserPoolClient", update).await;
    let refused = b.refused("InitiateAuth", by_password(&app, PASSWORD)).await;
    assert_eq!(
        refused,
        ("InvalidParameterException".to_owned(), "USER_PASSWORD_AUTH flow not enabled for this client".to_owned())
    );
    a.ok("DeleteUserPoolClient", json!({ "UserPoolId": app.pool, "ClientId": app.client })).await;
    assert_eq!(b.refused("InitiateAuth", by_refresh(&app, &tokens)).await.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn sec_157_a_secret_deleted_on_one_node_is_deleted_on_the_other() {
    let (a, b) = two_nodes().await;
    let app = a.oauth_app(json!({ "GenerateSecret": true })).await;
    let ids = json!({ "UserPoolId": app.pool, "ClientId": app.client });
    let added = a.ok("AddUserPoolClientSecret", ids.clone()).await["ClientSecretDescriptor"].clone();
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let first = app.secret.clone().unwrap();
    let second = added["ClientSecretValue"].as_str().unwrap();
    for secret in [first.as_str(), second] {
        let reply = b.form("/oauth2/token", &fields, Some((&app.client, secret))).await;
        assert_eq!(reply.json()["error"], "invalid_grant", "{reply:?}");
    }
    let mut delete = ids;
    delete["ClientSecretId"] = added["ClientSecretId"].clone();
    a.ok("DeleteUserPoolClientSecret", delete).await;
    let reply = b.form("/oauth2/token", &fields, Some((&app.client, second))).await;
    assert_eq!(reply.json()["error"], "invalid_client", "{reply:?}");
    assert_eq!(b.form("/oauth2/token", &fields, Some((&app.client, &first))).await.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn sec_157_a_pool_changed_on_one_node_is_changed_on_the_other() {
    let (a, b) = two_nodes().await;
    let (app, tokens) = warm(&a, &b).await;
    let set = json!({ "UserPoolId": app.pool, "Username": ANN, "Password": PASSWORD, "Permanent": true });
    b.ok("AdminSetUserPassword", set.clone()).await;
    let policy = json!({ "PasswordPolicy": { "MinimumLength": 40 } });
    a.ok("UpdateUserPool", json!({ "UserPoolId": app.pool, "Policies": policy, "AutoVerifiedAttributes": ["email"] })).await;
    assert_eq!(b.refused("AdminSetUserPassword", set).await.0, "InvalidPasswordException");
    a.ok("DeleteUserPool", json!({ "UserPoolId": app.pool })).await;
    assert_eq!(b.refused("DescribeUserPool", json!({ "UserPoolId": app.pool })).await.0, "ResourceNotFoundException");
    assert_ne!(b.api("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await.status, StatusCode::OK);
    assert_ne!(b.get(&format!("/{}/.well-known/jwks.json", app.pool)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sec_157_a_user_changed_on_one_node_is_changed_on_the_other() {
    let (a, b) = two_nodes().await;
    let (app, tokens) = warm(&a, &b).await;
    let user = json!({ "UserPoolId": app.pool, "Username": ANN });
    a.ok("AdminDisableUser", user.clone()).await;
    for input in [by_password(&app, PASSWORD), by_refresh(&app, &tokens)] {
        assert_eq!(b.refused("InitiateAuth", input).await.0, "NotAuthorizedException");
    }
    assert_eq!(b.refused("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await.0, "NotAuthorizedException");
    a.ok("AdminEnableUser", user.clone()).await;
    b.sign_in(&app, ANN).await;

    let other = "Another-Horse-8";
    a.ok("AdminSetUserPassword", json!({ "UserPoolId": app.pool, "Username": ANN, "Password": other, "Permanent": true })).await;
    assert_eq!(b.refused("InitiateAuth", by_password(&app, PASSWORD)).await.0, "NotAuthorizedException");
    b.ok("InitiateAuth", by_password(&app, other)).await;

    a.ok("CreateGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff" })).await;
    b.ok("AdminAddUserToGroup", json!({ "UserPoolId": app.pool, "Username": ANN, "GroupName": "staff" })).await;
    let groups = a.ok("AdminListGroupsForUser", user.clone()).await;
    assert_eq!(groups["Groups"][0]["GroupName"], "staff");
    a.ok("AdminDeleteUser", user).await;
    assert_eq!(b.refused("InitiateAuth", by_password(&app, other)).await.0, "NotAuthorizedException");
}

#[tokio::test]
async fn sec_023_what_is_revoked_on_one_node_is_dead_on_the_other_at_once() {
    let (a, b) = two_nodes().await;
    let (app, _) = warm(&a, &b).await;
    for round in 0..20 {
        let (here, there) = if round % 2 == 0 { (&a, &b) } else { (&b, &a) };
        let tokens = there.sign_in(&app, ANN).await;
        there.ok("InitiateAuth", by_refresh(&app, &tokens)).await;
        match round % 3 {
            0 => here.ok("RevokeToken", json!({ "ClientId": app.client, "Token": tokens["RefreshToken"] })).await,
            1 => here.ok("GlobalSignOut", json!({ "AccessToken": tokens["AccessToken"] })).await,
            _ => here.ok("AdminUserGlobalSignOut", json!({ "UserPoolId": app.pool, "Username": ANN })).await,
        };
        assert_eq!(there.refused("InitiateAuth", by_refresh(&app, &tokens)).await.0, "NotAuthorizedException", "round {round}");
        let get_user = json!({ "AccessToken": tokens["AccessToken"] });
        assert_eq!(there.refused("GetUser", get_user).await.0, "NotAuthorizedException", "round {round}");
    }
}

#[tokio::test]
async fn sec_154_a_code_is_redeemed_once_over_both_nodes() {
    let (a, b) = two_nodes().await;
    let app = a.oauth_app(json!({})).await;
    a.user(&app.pool, ANN).await;
    let query =
        encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK), ("scope", "openid email")]);
    let authorize = format!("/oauth2/authorize?{query}");
    let mut browser = a.browser();
    let page = browser.get(&authorize).await;
    let page = browser.follow(page).await;
    let arrived = browser.submit(&page, &[("username", ANN), ("password", PASSWORD)]).await;
    assert!(browser.follow(arrived).await.redirected("code").is_some());
    for round in 0..10 {
        let reply = browser.get(&authorize).await;
        let code = reply.redirected("code").unwrap_or_else(|| panic!("no code: {reply:?}"));
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", app.client.as_str()),
            ("redirect_uri", CALLBACK),
            ("code", &code),
        ];
        let replies = join_all((0..40).map(|n| if n % 2 == 0 { &a } else { &b }.form("/oauth2/token", &fields, None))).await;
        let won = replies.iter().filter(|reply| reply.status == StatusCode::OK).count();
        assert_eq!(won, 1, "round {round}");
        for reply in replies.iter().filter(|reply| reply.status != StatusCode::OK) {
            assert_eq!((reply.status, &reply.json()["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_grant")), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn sec_154_a_reset_code_and_a_rotated_token_are_used_once_over_both_nodes() {
    let (a, b) = two_nodes().await;
    let pool = a.pool(json!({})).await;
    let rotation = json!({
        "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 },
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
    });
    let (client, secret) = a.client(&pool, rotation).await;
    let app = App { pool, client, secret };
    a.user(&app.pool, ANN).await;
    a.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": ANN })).await;
    let code = a.code_for(ANN).await;
    let confirm = |n: usize| {
        let password = format!("{PASSWORD}-{n}");
        json!({ "ClientId": app.client, "Username": ANN, "ConfirmationCode": code, "Password": password })
    };
    let replies = join_all((0..20).map(|n| if n % 2 == 0 { &a } else { &b }.api("ConfirmForgotPassword", confirm(n)))).await;
    let won: Vec<usize> = (0..20).filter(|n| replies[*n].status == StatusCode::OK).collect();
    assert_eq!(won.len(), 1, "{replies:?}");
    let result = a.ok("InitiateAuth", by_password(&app, &format!("{PASSWORD}-{}", won[0]))).await;

    let token = result["AuthenticationResult"]["RefreshToken"].clone();
    let input = json!({ "ClientId": app.client, "RefreshToken": token });
    let replies =
        join_all((0..20).map(|n| if n % 2 == 0 { &a } else { &b }.api("GetTokensFromRefreshToken", input.clone()))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == StatusCode::OK).count(), 1, "{replies:?}");
}

#[tokio::test]
async fn sec_165_five_nodes_start_on_an_empty_database() {
    use crate::harness::{Options, Store};
    use poolhouse_store::testkit::{self, Scratch};
    let url = testkit::postgres().await.unwrap();
    let options = |seed| Options { store: Store::Postgres, seed, ..Options::default() };
    let nodes = join_all((0..5).map(|seed| House::on(options(seed), Scratch::new().unwrap(), url.clone()))).await;
    let pool = nodes[0].pool(json!({})).await;
    for node in &nodes {
        node.ok("DescribeUserPool", json!({ "UserPoolId": pool })).await;
    }
}
