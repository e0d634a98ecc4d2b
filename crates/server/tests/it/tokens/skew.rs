//! Clocks that differ: what a token may say about when it was issued.

use serde_json::json;

use super::{claims, refused_everywhere};
use crate::auth::{ADA, not_authorized, text};
use crate::both;
use crate::harness::House;

both! {
    async fn sec_050_a_token_from_the_future_is_accepted_for_a_minute_and_no_more(house: House) {
        let app = crate::auth::with_ada(&house).await;
        let token = text(&house.sign_in(&app, ADA).await["AccessToken"]).to_owned();
        house.clock.advance_ms(-60_000);
        house.ok("GetUser", json!({ "AccessToken": token })).await;
        house.clock.advance_ms(-1);
        let refused = refused_everywhere(&house, &token, "issued in the future").await;
        assert_eq!(refused, not_authorized("Invalid Access Token"));
        house.clock.advance_ms(-3_600_000);
        house.refused("GetUser", json!({ "AccessToken": token })).await;
        house.clock.advance_ms(3_600_001);
        house.ok("GetUser", json!({ "AccessToken": token })).await;
    }

    async fn sec_050_what_leaves_is_never_issued_in_the_future(house: House) {
        let app = crate::auth::with_ada(&house).await;
        // Within one second and over its edge: seconds are cut off, never rounded up.
        for ms in [0, 1, 498, 2, 499, 999] {
            house.clock.advance_ms(ms);
            let result = house.sign_in(&app, ADA).await;
            let refresh = json!({
                "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": result["RefreshToken"] },
            });
            let refreshed = house.ok("InitiateAuth", refresh).await["AuthenticationResult"].clone();
            for (tokens, name) in [(&result, "AccessToken"), (&result, "IdToken"), (&refreshed, "AccessToken"), (&refreshed, "IdToken")] {
                let claims = claims(text(&tokens[name]));
                for time in ["iat", "auth_time"] {
                    let said = claims[time].as_i64().unwrap() * 1000;
                    assert!((0..1000).contains(&(house.clock.now_ms() - said)), "{name} {time} {said}");
                }
            }
        }
    }
}
