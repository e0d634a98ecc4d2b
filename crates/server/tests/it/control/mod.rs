//! `/_poolhouse/`: health and the inbox here, the control API of development instances beside.

mod clock;
mod commands;
mod faults;
mod guard;
mod snapshots;
mod tokens;

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::json;

use crate::harness::House;

async fn sign_up(house: &House, client: &str, email: &str) {
    house.ok("SignUp", json!({ "ClientId": client, "Username": email, "Password": "Correct-Horse-9" })).await;
}

#[tokio::test]
async fn sec_200_health_asks_nobody_and_readiness_asks_the_store() {
    let house = House::start().await;
    for path in ["/_poolhouse/health", "/_poolhouse/ready"] {
        let reply = house.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}");
        assert!(!reply.text.contains(env!("CARGO_PKG_VERSION")));
    }
    house.engine.close().await;
    assert_eq!(house.get("/_poolhouse/health").await.status, StatusCode::OK);
    assert_eq!(house.get("/_poolhouse/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn sec_158_a_store_that_is_away_is_told_within_two_seconds() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.engine.close().await;
    let since = Instant::now();
    let reply = house.api("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    assert_eq!((reply.status, reply.error().0.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "InternalErrorException"));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", app.client.as_str())];
    let reply = house.form("/oauth2/token", &fields, None).await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "1"));
    assert_eq!(reply.json(), json!({ "error": "server_error" }));
    assert!(since.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_wait_ends_when_the_message_comes() {
    let house = House::start().await;
    let app = house.app().await;
    assert_eq!(house.get("/_poolhouse/messages?address=ada@example.com").await.json(), json!({ "messages": [] }));
    let since = Instant::now();
    let (waited, ()) = tokio::join!(house.get("/_poolhouse/messages?address=ada@example.com&wait=20"), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        sign_up(&house, &app.client, "ada@example.com").await;
    });
    assert!(since.elapsed() < Duration::from_secs(10));
    let message = waited.json()["messages"][0].clone();
    assert_eq!(
        (&message["address"], &message["pool_id"], &message["medium"]),
        (&json!("ada@example.com"), &json!(app.pool), &json!("EMAIL"))
    );
    let code = message["code"].as_str().unwrap();
    assert!(code.len() == 6 && message["body"].as_str().unwrap().contains(code), "{message}");

    let after = format!("/_poolhouse/messages?address=ada@example.com&after={}", message["id"].as_str().unwrap());
    assert_eq!(house.get(&after).await.json(), json!({ "messages": [] }));
    assert_eq!(house.get("/_poolhouse/messages/latest?address=nobody@example.com").await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.code_for("ada@example.com").await, code);
}
