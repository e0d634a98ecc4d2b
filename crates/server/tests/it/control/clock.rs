//! `/_poolhouse/clock`: time moves for the rules and for nothing else.

use http::StatusCode;
use poolhouse_engine::rates;
use serde_json::{Value, json};

use crate::both;
use crate::harness::{House, PASSWORD, START};

const ADA: &str = "ada@poolhouse.test";
const HOUR_S: i64 = 3600;

async fn user_info(house: &House, tokens: &Value) -> StatusCode {
    house.api("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await.status
}

both! {
    async fn an_hour_later_an_access_token_has_expired(house: House) {
        let app = house.app().await;
        house.user(&app.pool, ADA).await;
        let tokens = house.sign_in(&app, ADA).await;
        assert_eq!(user_info(&house, &tokens).await, StatusCode::OK);
        let clock = house.controlled("clock", json!({ "shift_seconds": HOUR_S })).await;
        assert_eq!((&clock["shift_seconds"], &clock["real_ms"], &clock["frozen"]), (&json!(HOUR_S), &json!(START), &json!(false)));
        assert_eq!(clock, house.get("/_poolhouse/clock").await.json());
        let refused = house.refused("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        assert_eq!(refused, ("NotAuthorizedException".into(), "Access Token has expired".into()));
        // Shifts add up, and what lives longer lives on.
        house.controlled("clock", json!({ "shift_seconds": HOUR_S })).await;
        let refresh = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
        let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": refresh });
        let later = house.ok("InitiateAuth", refresh).await["AuthenticationResult"].clone();
        assert_eq!(user_info(&house, &later).await, StatusCode::OK);
        let reset = house.controlled("clock", json!({ "reset": true })).await;
        assert_eq!((&reset["shift_seconds"], &reset["now_ms"]), (&json!(0), &json!(START)));
        // The first tokens are good again; those of the hours to come are not yet.
        assert_eq!(user_info(&house, &tokens).await, StatusCode::OK);
        assert_eq!(user_info(&house, &later).await, StatusCode::BAD_REQUEST);
    }

    async fn the_trail_the_inbox_and_sign_ins_stand_a_clock_that_goes_back(house: House) {
        let app = house.app().await;
        house.user(&app.pool, ADA).await;
        let forgotten = json!({ "ClientId": app.client, "Username": ADA });
        house.controlled("clock", json!({ "shift_seconds": 24 * HOUR_S })).await;
        house.sign_in(&app, ADA).await;
        house.ok("ForgotPassword", forgotten.clone()).await;
        let early = house.latest(ADA).await;
        house.controlled("clock", json!({ "reset": true })).await;
        house.clock.advance_ms(1000);
        house.sign_in(&app, ADA).await;
        house.ok("ForgotPassword", forgotten).await;
        // The newest message is the one that came last, whatever time it bears.
        let late = house.latest(ADA).await;
        assert!(late["id"].as_str() > early["id"].as_str() && late["created_at"].as_i64() < early["created_at"].as_i64());
        let code = late["code"].as_str().unwrap();
        let confirm = json!({ "ClientId": app.client, "Username": ADA, "ConfirmationCode": code, "Password": "Other-Horse-1" });
        house.ok("ConfirmForgotPassword", confirm).await;
        house.engine.audit.flush().await;
        let verified = house.engine.audit.verify().await.unwrap();
        assert!(verified.as_ref().is_ok_and(|verified| verified.rows > 5), "{verified:?}");
        house.engine.purge().await.unwrap();
    }
}

#[tokio::test]
async fn a_frozen_clock_stands_until_it_is_told_to_go() {
    let house = House::start().await;
    let at = |name: &'static str, clock: &Value| clock[name].as_str().unwrap().to_owned();
    let frozen = house.controlled("clock", json!({ "freeze_at": "2026-01-01T00:00:00Z" })).await;
    assert_eq!((at("now", &frozen).as_str(), &frozen["frozen"]), ("2026-01-01T00:00:00.000Z", &json!(true)));
    house.clock.advance_ms(5000);
    assert_eq!(at("now", &house.get("/_poolhouse/clock").await.json()), "2026-01-01T00:00:00.000Z");
    house.controlled("clock", json!({ "shift_seconds": 60 })).await;
    house.controlled("clock", json!({ "freeze": false })).await;
    house.clock.advance_ms(2000);
    assert_eq!(at("now", &house.get("/_poolhouse/clock").await.json()), "2026-01-01T00:01:02.000Z");
    house.controlled("clock", json!({ "freeze": true })).await;
    house.clock.advance_ms(2000);
    assert_eq!(at("now", &house.get("/_poolhouse/clock").await.json()), "2026-01-01T00:01:02.000Z");
    for wrong in [
        json!({}),
        json!({ "shift_seconds": 1, "reset": true }),
        json!({ "freeze_at": "tomorrow" }),
        json!({ "reset": false }),
        json!({ "shift": 1 }),
        json!({ "shift_seconds": i64::MAX }),
        json!({ "freeze_at": "3000-01-01T00:00:00Z" }),
        json!([]),
    ] {
        assert_eq!(house.control("clock", wrong.clone()).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(at("now", &house.get("/_poolhouse/clock").await.json()), "2026-01-01T00:01:02.000Z");
    // A restart puts it back.
    let options = house.options();
    let house = house.restarted(options).await;
    assert_eq!(house.get("/_poolhouse/clock").await.json()["shift_seconds"], json!(0));
}

#[tokio::test]
async fn quotas_go_by_the_real_clock() {
    let quotas = rates::quotas::Rates([(rates::quotas::Category::UserAuthentication, 2)].into());
    let rates = rates::Settings { quotas: Some(quotas), guesses: None };
    let house = House::with(crate::harness::Options { rates, ..Default::default() }).await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    let sign_in = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": { "USERNAME": ADA, "PASSWORD": PASSWORD },
    });
    house.controlled("clock", json!({ "freeze": true })).await;
    for _ in 0..2 {
        house.ok("InitiateAuth", sign_in.clone()).await;
    }
    house.controlled("clock", json!({ "shift_seconds": HOUR_S })).await;
    assert_eq!(house.refused("InitiateAuth", sign_in.clone()).await.0, "TooManyRequestsException");
    house.clock.advance_ms(1000);
    house.ok("InitiateAuth", sign_in).await;
}

#[tokio::test]
async fn sec_193_the_clock_of_a_server_in_production_has_no_hands() {
    let house = House::with(crate::harness::Options::serve()).await;
    assert!(house.engine.clock.set(poolhouse_engine::ctx::Setting::Shift(1)).is_err());
    assert_eq!(house.engine.clock.read().now, START);
}
