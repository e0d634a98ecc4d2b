//! The client credentials grant: a machine's token speaks of the machine alone.

use http::StatusCode;
use serde_json::json;

use super::tools::{error, granted, members, text, user_info, verified};
use crate::harness::{App, House, Reply};

async fn machine(house: &House) -> App {
    let pool = house.pool(json!({})).await;
    for (server, scopes) in [("shop", ["read", "write"]), ("depot", ["read", "move"])] {
        let scopes: Vec<_> = scopes.iter().map(|name| json!({ "ScopeName": name, "ScopeDescription": "x" })).collect();
        house
            .ok("CreateResourceServer", json!({ "UserPoolId": pool, "Identifier": server, "Name": server, "Scopes": scopes }))
            .await;
    }
    let settings = json!({
        "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["shop/read", "shop/write"],
    });
    let (client, secret) = house.client(&pool, settings).await;
    App { pool, client, secret }
}

async fn ask(house: &House, app: &App, more: &[(&str, &str)]) -> Reply {
    let mut fields = vec![("grant_type", "client_credentials")];
    fields.extend(more);
    house.form("/oauth2/token", &fields, Some((&app.client, app.secret.as_deref().unwrap()))).await
}

#[tokio::test]
async fn a_machines_token_has_its_own_claims() {
    let house = House::start().await;
    let app = machine(&house).await;
    let tokens = granted(&ask(&house, &app, &[]).await);
    assert_eq!(members(&tokens), ["access_token", "expires_in", "token_type"]);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    let claims = verified(&house, &app.pool, text(&tokens, "access_token")).await;
    assert_eq!(members(&claims), ["auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "token_use", "version"]);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!(app.client), &json!(app.client)));
    assert_eq!((&claims["version"], &claims["token_use"], &claims["auth_time"]), (&json!(2), &json!("access"), &claims["iat"]));
    let mut scopes: Vec<&str> = text(&claims, "scope").split(' ').collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["shop/read", "shop/write"], "all of the client's");
    let one = granted(
        &ask(&house, &app, &[("scope", "shop/read"), ("resource", "https://api.example.com"), ("aws_client_metadata", "%7B%7D")])
            .await,
    );
    let claims = verified(&house, &app.pool, text(&one, "access_token")).await;
    assert_eq!((&claims["scope"], claims.get("aud")), (&json!("shop/read"), None));
}

#[tokio::test]
async fn sec_018_a_machine_gets_no_scope_of_users() {
    let house = House::start().await;
    let app = machine(&house).await;
    let table = [
        ("openid", "invalid_scope"),
        ("email", "invalid_scope"),
        ("aws.cognito.signin.user.admin", "invalid_scope"),
        ("shop/read openid", "invalid_scope"),
        ("shop/none", "invalid_scope"),
        ("nobody/read", "invalid_scope"),
        // It exists, and is not this client's.
        ("depot/read", "invalid_grant"),
        ("shop/read depot/read", "invalid_grant"),
        (" ", "invalid_scope"),
    ];
    for (scope, why) in table {
        assert_eq!(error(&ask(&house, &app, &[("scope", scope)]).await), why, "{scope}");
    }
    let token = granted(&ask(&house, &app, &[]).await);
    assert_eq!(user_info(&house, text(&token, "access_token")).await.status, StatusCode::UNAUTHORIZED);
    assert_ne!(house.api("GetUser", json!({ "AccessToken": token["access_token"] })).await.status, StatusCode::OK);
    assert_eq!(
        error(&house.form("/oauth2/token", &[("grant_type", "client_credentials")], Some((&app.client, "wrong"))).await),
        "invalid_client"
    );
}
