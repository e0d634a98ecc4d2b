//! A token whose signature was checked once is not checked by RSA again (`keys/verified`). Everything else about it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use poolhouse_engine::tokens::rotation;
use serde_json::json;

use super::standing::domain_tokens;
use super::{b64, part, refused_everywhere};
use crate::auth::{ADA, not_authorized, text};
use crate::both;
use crate::harness::{App, House};
use crate::keys::operator;

/// An access token for every place that takes one, shown to both until it is remembered, and its refresh token.
async fn remembered(house: &House) -> (App, String, String) {
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, ADA).await;
    let tokens = domain_tokens(house, &app, "openid aws.cognito.signin.user.admin").await;
    let token = text(&tokens["access_token"]).to_owned();
    for _ in 0..2 {
        accepted(house, &token).await;
    }
    (app, token, text(&tokens["refresh_token"]).to_owned())
}

async fn accepted(house: &House, token: &str) {
    house.ok("GetUser", json!({ "AccessToken": token })).await;
    let reply = house.send("GET", "/oauth2/userInfo", &[("authorization", &format!("Bearer {token}"))], "").await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
}

both! {
    async fn sec_026_a_remembered_token_ends_with_its_session(house: House) {
        let (app, token, refresh) = remembered(&house).await;
        house.ok("RevokeToken", json!({ "ClientId": app.client, "Token": refresh })).await;
        assert_eq!(refused_everywhere(&house, &token, "revoked").await, not_authorized("Access Token has been revoked"));
    }

    async fn sec_026_a_remembered_token_ends_with_its_hour(house: House) {
        let (_, token, _) = remembered(&house).await;
        house.clock.advance_ms(3_600_000 - 1_000);
        accepted(&house, &token).await;
        house.clock.advance_ms(1_000);
        assert_eq!(refused_everywhere(&house, &token, "expired").await, not_authorized("Access Token has expired"));
    }

    // Who stole the key made tokens with it; they were shown and are remembered like any other.
    async fn sec_039_a_remembered_token_ends_with_its_key(house: House) {
        let (app, token, _) = remembered(&house).await;
        let kid = text(&part(&token, 0)["kid"]).to_owned();
        rotation::revoke(&operator(&house), &app.pool, &kid).await.unwrap();
        let refused = refused_everywhere(&house, &token, "key revoked").await;
        assert_eq!(refused, not_authorized("Could not verify signature for Access Token"));
    }

    async fn sec_036_nothing_near_a_remembered_token_is_taken_for_it(house: House) {
        let (_, token, _) = remembered(&house).await;
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        for at in [0, 1, 128, 254, 255] {
            for bit in [0, 7] {
                let mut flipped = signature.clone();
                flipped[at] ^= 1 << bit;
                let refused = house.refused("GetUser", json!({ "AccessToken": format!("{signed}.{}", b64(flipped)) })).await;
                assert_eq!(refused, not_authorized("Could not verify signature for Access Token"), "{at} {bit}");
            }
        }
        let mut later = part(&token, 1);
        later["exp"] = json!(later["exp"].as_i64().unwrap() + 1);
        let longer = format!("{header}.{}.{}", b64(later.to_string()), b64(&signature));
        let refused = refused_everywhere(&house, &longer, "changed claims").await;
        assert_eq!(refused, not_authorized("Could not verify signature for Access Token"));
        accepted(&house, &token).await;
    }
}
