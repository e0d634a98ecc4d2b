//! What survives a restart, and what must not start: `assembly`, the engine's start.

use http::StatusCode;
use poolhouse_engine::ctx::{Engine, Settings, SystemClock};
use poolhouse_engine::keys::entropy::OsEntropy;
use poolhouse_engine::keys::master::MasterKeys;
use poolhouse_engine::keys::password::HashCost;
use poolhouse_engine::start::{Outgoing, StartOptions};
use serde_json::json;

use crate::harness::{House, Options, REGION};

#[tokio::test]
async fn pools_users_and_tokens_survive_a_restart() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, "ada@example.com").await;
    let tokens = house.sign_in(&app, "ada@example.com").await;
    let public_url = Some(house.public_url.clone());
    let house = house.restarted(Options { seed: 2, public_url, ..Options::default() }).await;
    house.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    house.sign_in(&app, "ada@example.com").await;
}

#[tokio::test]
async fn sec_181_another_master_key_does_not_open_the_store_and_changes_nothing() {
    let house = House::start().await;
    let app = house.app().await;
    house.engine.close().await;
    let settings = Settings {
        account_id: "123456789012".into(),
        region: REGION.into(),
        public_url: "http://localhost".into(),
        issuer: poolhouse_engine::ctx::IssuerMode::Local,
        fixed_code: None,
        domain_url: String::new(),
        audit_days: 400,
        undo_days: 7,
        rates: Default::default(),
    };
    let wrong = StartOptions {
        store_url: house.store_url.clone(),
        master: MasterKeys::generate("test", &OsEntropy).unwrap(),
        settings,
        outgoing: Outgoing::Inbox,
        clock: std::sync::Arc::new(SystemClock),
        entropy: std::sync::Arc::new(OsEntropy),
        hash_cost: HashCost::FOR_TESTS,
    };
    let error = Engine::start(wrong).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("master key is not the one"), "{error}");
    let house = house.restarted(Options { seed: 2, ..Options::default() }).await;
    let described = house.api("DescribeUserPoolClient", json!({ "UserPoolId": app.pool, "ClientId": app.client })).await;
    assert_eq!(described.status, StatusCode::OK);
}

#[tokio::test]
async fn expired_rows_are_forgotten_and_live_ones_kept() {
    let house = House::start().await;
    let app = house.app().await;
    house.ok("SignUp", json!({ "ClientId": app.client, "Username": "ada@example.com", "Password": "Correct-Horse-9" })).await;
    assert_eq!(house.engine.purge().await.unwrap(), 0);
    let code = house.code_for("ada@example.com").await;
    house.ok("ConfirmSignUp", json!({ "ClientId": app.client, "Username": "ada@example.com", "ConfirmationCode": code })).await;
    let input = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client,
        "AuthParameters": { "USERNAME": "ada@example.com", "PASSWORD": "Correct-Horse-9" },
    });
    let tokens = house.ok("InitiateAuth", input).await["AuthenticationResult"].clone();
    house.clock.advance_ms(29 * 86_400_000);
    house.engine.purge().await.unwrap();
    let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } });
    house.ok("InitiateAuth", refresh.clone()).await;
    house.clock.advance_ms(3 * 86_400_000);
    assert!(house.engine.purge().await.unwrap() >= 2, "the refresh token and its family");
    assert_eq!(house.refused("InitiateAuth", refresh).await.0, "NotAuthorizedException");
}
