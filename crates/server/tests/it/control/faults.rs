//! `/_poolhouse/faults`: what is ordered happens, as often as ordered, to whom it was ordered, and looks like the real thing.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};

use crate::both;
use crate::harness::{App, CALLBACK, House, Options, PASSWORD};
use poolhouse_engine::rates::{self, quotas};

const ADA: &str = "ada@poolhouse.test";

fn sign_in(app: &App) -> Value {
    let parameters = json!({ "USERNAME": ADA, "PASSWORD": PASSWORD });
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters })
}

async fn listed(house: &House) -> Vec<Value> {
    house.get("/_poolhouse/faults").await.json()["faults"].as_array().unwrap().clone()
}

both! {
    async fn a_throttled_operation_throttles_as_often_as_it_was_told(house: House) {
        let app = house.app().await;
        house.user(&app.pool, ADA).await;
        let fault = house.controlled("faults", json!({ "operation": "InitiateAuth", "fault": "throttle", "times": 2 })).await;
        assert_eq!((&fault["id"], &fault["times_left"]), (&json!(1), &json!(2)));
        let throttled = ("TooManyRequestsException".to_owned(), "Rate exceeded".to_owned());
        assert_eq!(house.refused("InitiateAuth", sign_in(&app)).await, throttled);
        assert_eq!(listed(&house).await[0]["times_left"], json!(1));
        // Another operation is not meant, nor is a call that was wrong before it came to that.
        house.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
        assert_eq!(house.refused("InitiateAuth", json!({})).await.0, "InvalidParameterException");
        assert_eq!(house.refused("InitiateAuth", sign_in(&app)).await, throttled);
        house.ok("InitiateAuth", sign_in(&app)).await;
        assert!(listed(&house).await.is_empty());
    }
}

#[tokio::test]
async fn a_fault_throttles_just_as_a_quota_does() {
    let quotas = quotas::Rates([(quotas::Category::UserAuthentication, 1)].into());
    let rates = rates::Settings { quotas: Some(quotas), guesses: None };
    let house = House::with(Options { rates, ..Options::default() }).await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    house.ok("InitiateAuth", sign_in(&app)).await;
    let by_quota = house.api("InitiateAuth", sign_in(&app)).await;
    house.clock.advance_ms(10_000);
    house.controlled("faults", json!({ "operation": "InitiateAuth", "fault": "throttle", "times": 1 })).await;
    let by_fault = house.api("InitiateAuth", sign_in(&app)).await;
    assert_eq!((by_quota.status, &by_quota.text), (by_fault.status, &by_fault.text));
    let same = |name: &str| by_quota.header(name) == by_fault.header(name);
    assert!(same("retry-after") && same("x-amzn-errortype") && same("content-type"), "{by_quota:?} {by_fault:?}");
}

#[tokio::test]
async fn errors_are_those_that_the_operation_may_answer() {
    let house = House::start().await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    let set = |body: Value| house.control("faults", body);
    set(json!({ "operation": "InitiateAuth", "fault": "error", "error": "UserNotConfirmedException", "times": 1 })).await;
    assert_eq!(house.refused("InitiateAuth", sign_in(&app)).await.0, "UserNotConfirmedException");
    set(json!({ "operation": "InitiateAuth", "fault": "error", "times": 1 })).await;
    let reply = house.api("InitiateAuth", sign_in(&app)).await;
    assert_eq!((reply.status, reply.error().0.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "InternalErrorException"));
    let refusals = [
        (json!({ "operation": "InitiateAuth", "fault": "error", "error": "GroupExistsException" }), "UserNotConfirmedException"),
        (json!({ "operation": "*", "fault": "error", "error": "UserNotFoundException" }), "TooManyRequestsException"),
        (json!({ "operation": "oauth2/token", "fault": "error", "error": "login_required" }), "invalid_grant"),
        (json!({ "operation": "InitateAuth", "fault": "throttle" }), "Did you mean InitiateAuth"),
        (json!({ "operation": "oauth2/tokens", "fault": "throttle" }), "Did you mean oauth2/token"),
        (json!({ "operation": "Nonsense", "fault": "throttle" }), "oauth2/authorize"),
        (json!({ "operation": "InitiateAuth", "fault": "delay" }), "delay_ms"),
        (json!({ "operation": "InitiateAuth", "fault": "delay", "delay_ms": 60_001 }), "delay_ms"),
        (json!({ "operation": "InitiateAuth", "fault": "throttle", "times": 0 }), "times"),
        (json!({ "operation": "InitiateAuth", "fault": "throttle", "error": "x" }), "error goes with"),
        (json!({ "operation": "InitiateAuth", "fault": "explode" }), "throttle"),
        (json!({ "operation": "InitiateAuth", "fault": "throttle", "tines": 1 }), "tines"),
        (json!({}), "operation"),
    ];
    for (body, says) in refusals {
        let reply = set(body.clone()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(reply.text.contains(says), "{body}: {}", reply.text);
    }
    assert!(listed(&house).await.is_empty());
}

#[tokio::test]
async fn a_fault_strikes_the_pool_and_the_client_it_was_ordered_for() {
    let house = House::start().await;
    let (one, other) = (house.app().await, house.app().await);
    for app in [&one, &other] {
        house.user(&app.pool, ADA).await;
    }
    house.controlled("faults", json!({ "operation": "*", "fault": "throttle", "pool": one.pool })).await;
    assert_eq!(house.refused("InitiateAuth", sign_in(&one)).await.0, "TooManyRequestsException");
    assert_eq!(house.refused("ListUsers", json!({ "UserPoolId": one.pool })).await.0, "TooManyRequestsException");
    let token = house.sign_in(&other, ADA).await["AccessToken"].clone();
    house.ok("GetUser", json!({ "AccessToken": token })).await;
    let removed = house.send("DELETE", "/_poolhouse/faults/1", &[], "").await;
    assert_eq!((removed.status, removed.json()), (StatusCode::OK, json!({ "removed": 1 })));
    assert_eq!(house.send("DELETE", "/_poolhouse/faults/1", &[], "").await.status, StatusCode::NOT_FOUND);
    house.controlled("faults", json!({ "operation": "InitiateAuth", "fault": "throttle", "client": other.client })).await;
    house.sign_in(&one, ADA).await;
    assert_eq!(house.refused("InitiateAuth", sign_in(&other)).await.0, "TooManyRequestsException");
    assert_eq!(house.send("DELETE", "/_poolhouse/faults", &[], "").await.json(), json!({ "removed": 1 }));
    house.sign_in(&other, ADA).await;
}

#[tokio::test]
async fn a_delay_takes_its_time_by_the_real_clock() {
    let house = House::start().await;
    let app = house.app().await;
    house.controlled("clock", json!({ "freeze": true })).await;
    house.controlled("faults", json!({ "operation": "DescribeUserPool", "fault": "delay", "delay_ms": 300, "times": 1 })).await;
    let since = Instant::now();
    house.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
    assert!(since.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn the_oauth_endpoints_fail_as_they_would() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    let secret = app.secret.clone().unwrap();
    let basic = Some((app.client.as_str(), secret.as_str()));
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let own = json!({ "operation": "oauth2/token", "fault": "throttle", "client": app.client, "times": 1 });
    house.controlled("faults", own).await;
    let reply = house.form("/oauth2/token", &fields, basic).await;
    assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "1"));
    assert_eq!(reply.json()["error"], "temporarily_unavailable");
    let of_pool =
        json!({ "operation": "/oauth2/token", "fault": "error", "error": "invalid_client", "pool": app.pool, "times": 1 });
    house.controlled("faults", of_pool).await;
    let reply = house.form("/oauth2/token", &fields, basic).await;
    assert_eq!((reply.status, reply.json()), (StatusCode::BAD_REQUEST, json!({ "error": "invalid_client" })));
    let reply = house.form("/oauth2/token", &fields, basic).await;
    assert_eq!(reply.json()["error"], "invalid_grant");

    house.controlled("faults", json!({ "operation": "*", "fault": "error" })).await;
    let query = format!("response_type=code&client_id={}&redirect_uri={CALLBACK}&state=s", app.client);
    let reply = house.get(&format!("/oauth2/authorize?{query}")).await;
    assert_eq!((reply.redirected("error").as_deref(), reply.redirected("state").as_deref()), (Some("server_error"), Some("s")));
    let reply = house.send("GET", "/oauth2/userInfo", &[("authorization", "Bearer x")], "").await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
    let reply = house.form("/oauth2/revoke", &[("token", "x")], basic).await;
    assert_eq!(reply.status, StatusCode::INTERNAL_SERVER_ERROR);
}
