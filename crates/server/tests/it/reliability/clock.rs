//! The clock jumps, forwards and backwards; and what has expired is forgotten.

use http::StatusCode;
use serde_json::{Value, json};

use crate::both;
use crate::harness::{App, House, PASSWORD};

const ANN: &str = "ann@poolhouse.test";
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn by_password(app: &App, password: &str) -> Value {
    let parameters = json!({ "USERNAME": ANN, "PASSWORD": password });
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters })
}

both! {
    async fn sec_162_a_used_code_stays_used_when_the_clock_goes_back(house: House) {
        let app = house.app().await;
        house.user(&app.pool, ANN).await;
        house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": ANN })).await;
        let code = house.code_for(ANN).await;
        let confirm = |password: &str| json!({ "ClientId": app.client, "Username": ANN, "ConfirmationCode": code, "Password": password });
        house.ok("ConfirmForgotPassword", confirm("First-Horse-1")).await;
        for back in [MINUTE, HOUR, DAY] {
            house.clock.advance_ms(-back);
            assert_ne!(house.api("ConfirmForgotPassword", confirm("Second-Horse-2")).await.status, StatusCode::OK);
        }
        house.ok("InitiateAuth", by_password(&app, "First-Horse-1")).await;
    }

    async fn sec_162_an_expired_code_and_session_are_dead_after_a_jump(house: House) {
        let app = house.app().await;
        house.user(&app.pool, ANN).await;
        house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": ANN })).await;
        let code = house.code_for(ANN).await;
        house.clock.advance_ms(DAY);
        let confirm = json!({ "ClientId": app.client, "Username": ANN, "ConfirmationCode": code, "Password": "Second-Horse-2" });
        assert_eq!(house.refused("ConfirmForgotPassword", confirm.clone()).await.0, "ExpiredCodeException");
        // What was seen to have expired does not come back with the clock.
        house.engine.purge().await.unwrap();
        house.clock.advance_ms(-DAY);
        assert_ne!(house.api("ConfirmForgotPassword", confirm).await.status, StatusCode::OK);
        house.ok("InitiateAuth", by_password(&app, PASSWORD)).await;
    }

    async fn sec_162_a_lockout_is_not_ended_by_a_clock_that_goes_back(house: House) {
        let app = house.app().await;
        house.user(&app.pool, ANN).await;
        let mut locked = None;
        for _ in 0..12 {
            let refused = house.refused("InitiateAuth", by_password(&app, "Wrong-Horse-1")).await;
            if refused.1 == "Password attempts exceeded" {
                locked = Some(refused);
                break;
            }
        }
        assert!(locked.is_some(), "no lockout");
        for back in [1, MINUTE, HOUR] {
            house.clock.advance_ms(-back);
            assert_ne!(house.api("InitiateAuth", by_password(&app, PASSWORD)).await.status, StatusCode::OK, "{back} ms back");
        }
        // Nor is it endless: forwards again and past it.
        house.clock.advance_ms(1 + MINUTE + HOUR + HOUR);
        house.ok("InitiateAuth", by_password(&app, PASSWORD)).await;
    }

    async fn sec_162_sessions_and_tokens_keep_to_their_time(house: House) {
        let app = house.app().await;
        house.user(&app.pool, ANN).await;
        let tokens = house.sign_in(&app, ANN).await;
        let get = json!({ "AccessToken": tokens["AccessToken"] });
        let refresh = json!({
            "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] },
        });
        house.clock.advance_ms(-2 * MINUTE);
        house.ok("InitiateAuth", refresh.clone()).await;
        house.clock.advance_ms(2 * MINUTE + HOUR + 1000);
        assert_eq!(house.refused("GetUser", get).await.0, "NotAuthorizedException");
        house.ok("InitiateAuth", refresh.clone()).await;
        house.clock.advance_ms(31 * DAY);
        assert_eq!(house.refused("InitiateAuth", refresh).await.0, "NotAuthorizedException");
    }

    async fn sec_148_what_has_expired_is_deleted(house: House) {
        let app = house.oauth_app(json!({})).await;
        house.user(&app.pool, ANN).await;
        assert_eq!(house.engine.purge().await.unwrap(), 0);
        for _ in 0..3 {
            house.sign_in(&app, ANN).await;
            house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": ANN })).await;
            let srp = json!({ "USERNAME": ANN, "SRP_A": format!("{:x}", 0x1234_5678_u64) });
            house.ok("InitiateAuth", json!({ "AuthFlow": "USER_SRP_AUTH", "ClientId": app.client, "AuthParameters": srp })).await;
            house.refused("InitiateAuth", by_password(&app, "Wrong-Horse-1")).await;
            let unknown = json!({ "USERNAME": "nobody@poolhouse.test", "PASSWORD": "Wrong-Horse-1" });
            let unknown = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": unknown });
            house.refused("InitiateAuth", unknown).await;
        }
        // Nothing is due yet.
        assert_eq!(house.engine.purge().await.unwrap(), 0);
        house.clock.advance_ms(40 * DAY);
        let gone = house.engine.purge().await.unwrap();
        // Three refresh tokens, at least, with their families; three SRP sessions; a code; counters of two subjects.
        assert!(gone >= 3 + 3 + 3 + 1 + 2, "{gone}");
        assert_eq!(house.engine.purge().await.unwrap(), 0);
        house.ok("InitiateAuth", by_password(&app, PASSWORD)).await;
    }
}
