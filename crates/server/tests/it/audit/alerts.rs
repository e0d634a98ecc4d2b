//! What somebody should look at.

use serde_json::{Value, json};

use super::{alerts, events};
use crate::both;
use crate::harness::{CALLBACK, House, Options, PASSWORD, encode};

/// How often Prometheus was told of this alert.
async fn counted(house: &House, alert: &str) -> bool {
    house.engine.metrics_text().contains(&format!("poolhouse_alerts_total{{alert=\"{alert}\"}}"))
}

both! {
    async fn sec_201_a_refresh_token_used_again_is_an_alert(house: House) {
        let app = house.oauth_app(json!({
            "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 }, "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        })).await;
        let sub = house.user(&app.pool, "ada@example.com").await;
        let token = house.sign_in(&app, "ada@example.com").await["RefreshToken"].clone();
        let refresh = json!({ "ClientId": app.client, "RefreshToken": token });
        house.ok("GetTokensFromRefreshToken", refresh.clone()).await;
        assert!(alerts(&house).await.is_empty());
        house.refused("GetTokensFromRefreshToken", refresh).await;
        assert_eq!(alerts(&house).await, ["refresh_token_reuse"]);
        let alert = events(&house).await.into_iter().find(|event| event.action == "refresh_token_reuse").unwrap();
        assert_eq!((alert.pool.as_deref(), alert.client.as_deref()), (Some(app.pool.as_str()), Some(app.client.as_str())));
        assert_eq!(alert.target["Sub"], sub);
        assert!(alert.ip.is_some() && counted(&house, "refresh_token_reuse").await);
    }

    async fn sec_201_a_code_redeemed_twice_is_an_alert(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, "ada@example.com").await;
        let mut browser = house.browser();
        let query = encode(&[("response_type", "code"), ("client_id", &app.client), ("redirect_uri", CALLBACK), ("scope", "openid")]);
        let page = browser.get(&format!("/login?{query}")).await;
        let code = browser.submit(&page, &[("username", "ada@example.com"), ("password", PASSWORD)]).await.redirected("code").unwrap();
        let redeem = [("grant_type", "authorization_code"), ("client_id", &app.client), ("code", &code), ("redirect_uri", CALLBACK)];
        assert!(house.form("/oauth2/token", &redeem, None).await.status.is_success());
        assert!(alerts(&house).await.is_empty());
        assert!(house.form("/oauth2/token", &redeem, None).await.status.is_client_error());
        assert_eq!(alerts(&house).await, ["code_replay"]);
        assert!(counted(&house, "code_replay").await);
    }
}

#[tokio::test]
async fn sec_201_a_burst_of_wrong_signatures_is_one_alert() {
    let house = House::with(Options::serve()).await;
    let (id, _) = house.access_key("admin", &["*"], &[]).await;
    let wrong = (id.clone(), "0123456789012345678901234567890123456789".to_owned());
    let list = json!({ "MaxResults": 5 });
    let made = vec!["access_key_created".to_owned()];
    for _ in 0..9 {
        assert_eq!(house.api_signed(&wrong, "ListUserPools", &list).await.error().0, "InvalidSignatureException");
    }
    assert_eq!(alerts(&house).await, made);
    // A minute later they do not count any more.
    house.clock.advance_ms(60_000);
    for _ in 0..12 {
        house.api_signed(&wrong, "ListUserPools", &list).await;
    }
    assert_eq!(alerts(&house).await, ["access_key_created", "signature_failures"]);
    let refused = events(&house).await.into_iter().filter(|event| event.result.as_deref() == Some("InvalidSignatureException"));
    let refused: Vec<_> = refused.collect();
    assert_eq!(refused.len(), 21);
    assert!(refused.iter().all(|event| event.target["AccessKeyId"] == id && event.actor == "anonymous" && event.ip.is_some()));
    assert!(counted(&house, "signature_failures").await);
}

#[tokio::test]
async fn sec_201_forged_access_tokens_are_a_burst_too() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, "ada@example.com").await;
    let token = house.sign_in(&app, "ada@example.com").await["AccessToken"].as_str().unwrap().to_owned();
    let (head, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for _ in 0..10 {
        house.refused("GetUser", json!({ "AccessToken": forged })).await;
    }
    assert_eq!(alerts(&house).await, ["signature_failures"]);
}

#[tokio::test]
async fn sec_201_access_keys_that_come_and_go_are_alerts() {
    use poolhouse_engine::{access_keys, ctx::Caller};
    let house = House::with(Options::serve()).await;
    let (id, secret) = house.access_key("ci", &["*"], &[]).await;
    access_keys::delete(&house.engine.ctx(Caller::Operator, None), &id).await.unwrap();
    assert_eq!(alerts(&house).await, ["access_key_created", "access_key_deleted"]);
    let events = events(&house).await;
    assert!(events.iter().all(|event| event.actor == "operator" && event.target["AccessKeyId"] == id), "{events:?}");
    assert!(!serde_json::to_string(&events).unwrap().contains(&secret));
    assert!(counted(&house, "access_key_created").await && counted(&house, "access_key_deleted").await);
}

#[tokio::test]
async fn a_secret_in_the_place_of_a_key_id_is_not_kept() {
    let house = House::with(Options::serve()).await;
    house.access_key("admin", &["*"], &[]).await;
    let swapped = ("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12".to_owned(), "AKIAIOSFODNN7EXAMPLE".to_owned());
    let reply = house.api_signed(&swapped, "ListUserPools", &json!({ "MaxResults": 5 })).await;
    assert_eq!(reply.error().0, "UnrecognizedClientException");
    let events = events(&house).await;
    let refused = events.iter().find(|event| event.result.as_deref() == Some("UnrecognizedClientException")).unwrap();
    assert_eq!(refused.target["AccessKeyId"], "unknown");
    assert!(!serde_json::to_string(&events).unwrap().contains(&swapped.0));
}

#[tokio::test]
async fn what_reaches_no_pool_leaves_no_event() {
    let house = House::start().await;
    let app = house.app().await;
    let before = events(&house).await.len();
    let nobody = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "nobody0client", "AuthParameters": { "USERNAME": "a", "PASSWORD": "b" } });
    let calls: [(&str, Value); 3] = [
        ("InitiateAuth", nobody),
        (
            "ChangePassword",
            json!({ "AccessToken": "a.b.c", "PreviousPassword": "Correct-Horse-9", "ProposedPassword": "Correct-Horse-8" }),
        ),
        ("SignUp", json!({ "ClientId": app.client })),
    ];
    for (operation, input) in calls {
        house.refused(operation, input).await;
    }
    house
        .form("/oauth2/token", &[("grant_type", "refresh_token"), ("client_id", "nobody0client"), ("refresh_token", "x")], None)
        .await;
    assert_eq!(events(&house).await.len(), before);
}
