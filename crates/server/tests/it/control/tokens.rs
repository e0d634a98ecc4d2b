//! `/_poolhouse/tokens` and `/_poolhouse/events`.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::both;
use crate::harness::{House, encode};

const ADA: &str = "ada@poolhouse.test";

fn claims(token: &Value) -> Value {
    poolhouse_engine::keys::jwt::unverified(token.as_str().unwrap()).unwrap()
}

both! {
    async fn minted_tokens_are_those_of_a_sign_in(house: House) {
        let app = house.app().await;
        let sub = house.user(&app.pool, ADA).await;
        let wanted = json!({ "pool": app.pool, "client": app.client, "username": ADA });
        let minted = house.controlled("tokens", wanted).await;
        assert_eq!((&minted["expires_in"], &minted["token_type"]), (&json!(3600), &json!("Bearer")));
        let got = house.ok("GetUser", json!({ "AccessToken": minted["access_token"] })).await;
        assert!(got["UserAttributes"].to_string().contains(&sub));
        let refresh = json!({ "REFRESH_TOKEN": minted["refresh_token"] });
        house.ok("InitiateAuth", json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": refresh })).await;
        // Claim by claim those that a password brings.
        let names = |token: &Value| claims(token).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let signed_in = house.sign_in(&app, ADA).await;
        assert_eq!(names(&minted["access_token"]), names(&signed_in["AccessToken"]));
        assert_eq!(names(&minted["id_token"]), names(&signed_in["IdToken"]));
        // A short life is over soon.
        let short = json!({ "pool": app.pool, "client": app.client, "username": ADA, "ttl_seconds": 2 });
        let short = house.controlled("tokens", short).await;
        let access = claims(&short["access_token"]);
        assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 2);
        house.clock.advance_ms(3000);
        assert_eq!(house.refused("GetUser", json!({ "AccessToken": short["access_token"] })).await.1, "Access Token has expired");
        house.ok("GetUser", json!({ "AccessToken": minted["access_token"] })).await;
    }

    async fn events_tell_what_happened_and_wait_for_more(house: House) {
        let app = house.app().await;
        let sub = house.user(&app.pool, ADA).await;
        let events = async |query: &str| house.get(&format!("/_poolhouse/events?{query}")).await.json()["events"].clone();
        let about = format!("{}&type=InitiateAuth", encode(&[("pool", &app.pool), ("user", ADA)]));
        assert_eq!(events(&about).await, json!([]));
        let waiting = format!("{about}&wait=20");
        let (waited, ()) = tokio::join!(events(&waiting), async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            house.sign_in(&app, ADA).await;
        });
        let last = waited.as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["action"], &last["result"], &last["kind"]), (&json!("InitiateAuth"), &json!("ok"), &json!("outcome")));
        assert_eq!((&last["actor"], &last["pool"]), (&json!(format!("user {sub}")), &json!(app.pool)));
        assert!(!waited.to_string().contains("chain"));
        let behind = format!("{about}&{}", encode(&[("after", last["id"].as_str().unwrap())]));
        assert_eq!(events(&behind).await, json!([]));
        house.clock.advance_ms(1000);
        house.sign_in(&app, ADA).await;
        house.clock.advance_ms(2000);
        house.sign_in(&app, ADA).await;
        let first = events(&format!("{behind}&limit=1")).await;
        assert_eq!(first.as_array().unwrap().len(), 1);
        let second = events(&format!("{about}&limit=1&{}", encode(&[("after", first[0]["id"].as_str().unwrap())]))).await;
        assert_ne!(first, second);
        assert_eq!(events(&format!("{about}&limit=1")).await, second, "the newest");
        assert_eq!(events(&format!("{about}&since=1s")).await, second);
        assert_eq!(events("user=nobody").await, json!([]));
        let of_pool = events(&encode(&[("pool", &app.pool), ("type", "AdminCreateUser")])).await;
        assert_eq!(of_pool.as_array().unwrap().len(), 2, "begins and is done");
    }
}

#[tokio::test]
async fn tokens_from_the_oauth_door_have_the_clients_scopes() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let mint = |scopes: Value| json!({ "pool": app.pool, "client": app.client, "username": ADA, "scopes": scopes });
    let minted = house.controlled("tokens", mint(json!(["openid", "email"]))).await;
    let access = claims(&minted["access_token"]);
    assert_eq!((&access["scope"], &access["version"]), (&json!("openid email"), &json!(2)));
    let bearer = format!("Bearer {}", minted["access_token"].as_str().unwrap());
    let info = house.send("GET", "/oauth2/userInfo", &[("authorization", &bearer)], "").await;
    assert_eq!(info.json()["email"], ADA);
    assert_eq!(house.controlled("tokens", mint(json!(["email"]))).await["id_token"], json!(null));
    let refused = house.control("tokens", mint(json!(["phone"]))).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text.contains("phone") && refused.text.contains("openid"), "{}", refused.text);
}

#[tokio::test]
async fn what_no_sign_in_would_give_is_not_minted() {
    let house = House::start().await;
    let (app, other) = (house.app().await, house.app().await);
    house.user(&app.pool, ADA).await;
    let base = json!({ "pool": app.pool, "client": app.client, "username": ADA });
    let with = |name: &str, value: Value| {
        let mut body = base.clone();
        body[name] = value;
        body
    };
    let table = [
        (with("username", json!("nobody")), StatusCode::NOT_FOUND, "User does not exist"),
        (with("pool", json!("eu-central-1_nothere00")), StatusCode::NOT_FOUND, "pool"),
        (with("client", json!(other.client)), StatusCode::NOT_FOUND, "client"),
        (with("ttl_seconds", json!(0)), StatusCode::BAD_REQUEST, "ttl_seconds"),
        (with("ttl_seconds", json!(86_401)), StatusCode::BAD_REQUEST, "ttl_seconds"),
        (with("claims", json!({ "admin": true })), StatusCode::BAD_REQUEST, "claims"),
        (with("username", json!("a\0")), StatusCode::BAD_REQUEST, "NUL"),
        (with("scope", json!("openid")), StatusCode::BAD_REQUEST, "scope"),
    ];
    for (body, status, says) in table {
        let reply = house.control("tokens", body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        assert!(reply.text.contains(says), "{body}: {}", reply.text);
    }
    house.ok("AdminDisableUser", json!({ "UserPoolId": app.pool, "Username": ADA })).await;
    assert!(house.control("tokens", base).await.text.contains("disabled"));
}

#[tokio::test]
async fn events_refuse_what_they_do_not_understand() {
    let house = House::start().await;
    for query in ["after=x", "after=1.1.a%00", "since=yesterday", "limit=1001", "wait=61", "users=x", "pool=a&pool=b"] {
        assert_eq!(house.get(&format!("/_poolhouse/events?{query}")).await.status, StatusCode::BAD_REQUEST, "{query}");
    }
    // Behind an event of a time that was taken back there is nothing to wait for.
    house.controlled("clock", json!({ "shift_seconds": 86_400 })).await;
    house.pool(json!({})).await;
    let events = house.get("/_poolhouse/events?limit=1").await.json();
    let after = format!("/_poolhouse/events?{}", encode(&[("after", events["events"][0]["id"].as_str().unwrap())]));
    assert_eq!(house.get(&after).await.status, StatusCode::OK);
    house.controlled("clock", json!({ "reset": true })).await;
    let reply = house.get(&after).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.text.contains("set back"), "{}", reply.text);
}

#[tokio::test]
async fn the_status_is_this_instance_at_a_glance() {
    let house = House::start().await;
    let app = house.app().await;
    house.ok("SignUp", json!({ "ClientId": app.client, "Username": ADA, "Password": crate::harness::PASSWORD })).await;
    house.controlled("faults", json!({ "operation": "*", "fault": "delay", "delay_ms": 1 })).await;
    house.controlled("snapshots", json!({ "name": "s" })).await;
    let status = house.get("/_poolhouse/status").await.json();
    assert_eq!((&status["pools"], &status["messages"], &status["ready"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!((&status["store"], &status["snapshots"]), (&json!("sqlite"), &json!(["s"])));
    assert_eq!((&status["clock"]["frozen"], &status["faults"][0]["fault"]), (&json!(false), &json!("delay")));
}
