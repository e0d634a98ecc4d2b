//! Cognito's request quotas: checklist 116.
use http::StatusCode;
use poolhouse_engine::rates::quotas::Category;
use serde_json::{Value, json};

use super::{RATE, guesses, is_limited, quotas, right};
use crate::harness::{App, House, Options};
use crate::oauth::tools::{ADA, authorize, granted, refresh, signed_in, text, tokens};

/// Few enough to burst.
const FEW: u32 = 3;

fn few() -> Options {
    quotas(&Category::all().map(|category| (category, FEW)).collect::<Vec<_>>())
}

/// One call of each category that has operations here; what they answer does not matter, only whether they are let in.
fn calls(app: &App, token: &Value) -> Vec<(&'static str, Value)> {
    let pool = &app.pool;
    let named = json!({ "UserPoolId": pool, "Username": "nobody" });
    vec![
        ("InitiateAuth", right(app, "nobody@example.com")),
        ("SignUp", json!({ "ClientId": app.client, "Username": "x", "Password": "weak-1" })),
        ("ForgotPassword", json!({ "ClientId": app.client, "Username": "nobody@example.com" })),
        ("GetUser", json!({ "AccessToken": token })),
        ("AdminDisableUser", named.clone()),
        ("RevokeToken", json!({ "ClientId": app.client, "Token": "x" })),
        ("AdminListGroupsForUser", named),
        ("ListUsers", json!({ "UserPoolId": pool })),
        ("DescribeUserPool", json!({ "UserPoolId": pool })),
        ("UpdateUserPool", json!({ "UserPoolId": pool })),
        ("ListGroups", json!({ "UserPoolId": pool })),
        ("DeleteGroup", json!({ "UserPoolId": pool, "GroupName": "none" })),
        ("ListUserPoolClients", json!({ "UserPoolId": pool })),
        ("DeleteUserPoolClient", json!({ "UserPoolId": pool, "ClientId": "none" })),
    ]
}

#[tokio::test]
async fn sec_116_a_burst_of_every_category_is_throttled_and_other_pools_are_not() {
    let house = House::with(few()).await;
    let app = house.app().await;
    house.clock.advance_ms(1000);
    let other = house.app().await;
    house.clock.advance_ms(1000);
    let mut accounts = Vec::new();
    for app in [&app, &other] {
        house.user(&app.pool, ADA).await;
        accounts.push(house.sign_in(app, ADA).await["AccessToken"].clone());
        house.clock.advance_ms(1000);
    }
    let ours = calls(&app, &accounts[0]);
    for ((operation, input), (_, elsewhere)) in ours.iter().zip(calls(&other, &accounts[1])) {
        for number in 0..FEW {
            let reply = house.api(operation, input.clone()).await;
            assert!(reply.status == StatusCode::OK || !is_limited(&reply), "{operation} {number}: {reply:?}");
        }
        let reply = house.api(operation, input.clone()).await;
        assert!(is_limited(&reply), "{operation}: {reply:?}");
        let reply = house.api(operation, elsewhere).await;
        assert!(reply.status == StatusCode::OK || !is_limited(&reply), "another pool, {operation}: {reply:?}");
    }
    // All are throttled at once, and all come back with the clock.
    for (operation, input) in &ours {
        assert_eq!(house.refused(operation, input.clone()).await.0, RATE.0, "{operation}");
    }
    house.clock.advance_ms(1000);
    for (operation, input) in &ours {
        let reply = house.api(operation, input.clone()).await;
        assert!(reply.status == StatusCode::OK || !is_limited(&reply), "a second later, {operation}: {reply:?}");
    }
    let refusals = house.engine.rates.refusals();
    let of = |name: &str| refusals.iter().find(|(known, _)| *known == name).unwrap().1;
    assert!(of("UserRead") >= 2 && of("UserPoolClientUpdate") >= 2, "{refusals:?}");
}

#[tokio::test]
async fn sec_116_awss_own_numbers_hold_unless_others_are_set() {
    let house = House::with(quotas(&[])).await;
    let app = house.app().await;
    let group = |number: usize| json!({ "UserPoolId": app.pool, "GroupName": format!("g{number}") });
    for number in 0..5 {
        house.ok("CreateGroup", group(number)).await;
    }
    assert_eq!(house.refused("CreateGroup", group(5)).await, (RATE.0.to_owned(), RATE.1.to_owned()));
    house.ok("UpdateGroup", group(0)).await;
    let described = async || house.api("DescribeUserPool", json!({ "UserPoolId": app.pool })).await.status == StatusCode::OK;
    let mut let_in = 0;
    while described().await {
        let_in += 1;
    }
    assert_eq!(let_in, 15);
}

#[tokio::test]
async fn sec_116_the_token_endpoint_and_the_pages_say_when_to_come_back() {
    let categories = [Category::UserAuthentication, Category::UserToken, Category::UserAccountRecovery];
    let house = House::with(quotas(&categories.map(|category| (category, 1)))).await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    house.clock.advance_ms(1000);
    let token = tokens(&house, &app, ADA, &[]).await;
    let token = text(&token, "refresh_token");
    let waits = |reply: &crate::harness::Reply| {
        assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"), "{reply:?}");
    };
    // The sign-in page has just used the one up.
    waits(&refresh(&house, &app, token, &[]).await);
    house.clock.advance_ms(1000);
    granted(&refresh(&house, &app, token, &[]).await);
    waits(&refresh(&house, &app, token, &[]).await);
    let mut browser = house.browser();
    let reply = browser.get(&authorize(&app, &[])).await;
    let page = browser.follow(reply).await;
    let reply = browser.submit(&page, &[("username", ADA), ("password", "x")]).await;
    waits(&reply);
    assert!(reply.text.contains("Too many attempts"));
    let revoke = async || house.form("/oauth2/revoke", &[("token", token), ("client_id", &app.client)], None).await;
    assert_eq!(revoke().await.status, StatusCode::OK);
    waits(&revoke().await);
    // Sign-ins are one thing, forgotten passwords another.
    let forgot =
        page.text.split("href=\"").filter_map(|rest| rest.split('"').next()).find(|href| href.contains("forgotPassword"));
    let forgot = forgot.unwrap().replace("&amp;", "&");
    let page = browser.get(&forgot).await;
    let ask = [("username", "nobody@example.com")];
    assert_eq!(browser.submit(&page, &ask).await.status, StatusCode::FOUND);
    waits(&browser.submit(&page, &ask).await);
}

#[tokio::test]
async fn sec_116_machines_have_a_quota_that_strangers_cannot_use_up() {
    let house = House::with(quotas(&[(Category::ClientAuthentication, 2)])).await;
    let pool = house.pool(json!({})).await;
    let scopes = json!([{ "ScopeName": "read", "ScopeDescription": "x" }]);
    house.ok("CreateResourceServer", json!({ "UserPoolId": pool, "Identifier": "shop", "Name": "shop", "Scopes": scopes })).await;
    let settings = json!({
        "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["shop/read"],
    });
    let (client, secret) = house.client(&pool, settings).await;
    let ask =
        async |secret: &str| house.form("/oauth2/token", &[("grant_type", "client_credentials")], Some((&client, secret))).await;
    for _ in 0..5 {
        assert_eq!(ask("wrong").await.status, StatusCode::BAD_REQUEST);
    }
    let secret = secret.unwrap();
    for _ in 0..2 {
        granted(&ask(&secret).await);
    }
    let reply = ask(&secret).await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"), "{reply:?}");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    house.clock.advance_ms(500);
    granted(&ask(&secret).await);
}

#[tokio::test]
async fn without_settings_nothing_is_limited() {
    let house = House::start().await;
    let app = house.app().await;
    for _ in 0..60 {
        house.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    }
    assert!(house.engine.rates.refusals().is_empty());
    // Guesses are limited apart from requests.
    let house = House::with(guesses(1, 1, 1)).await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    for _ in 0..5 {
        signed_in(&house, &app, ADA).await;
    }
}
