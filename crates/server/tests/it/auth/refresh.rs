//! Refreshing, rotation, revocation.

use http::StatusCode;
use serde_json::{Value, json};

use super::{ADA, BOB, DOORS, Door, not_authorized, text, with_ada};
use crate::both;
use crate::harness::{App, House, Reply};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

async fn exchange(house: &House, client: &str, token: &str) -> Reply {
    house.api("GetTokensFromRefreshToken", json!({ "ClientId": client, "RefreshToken": token })).await
}

async fn get_user(house: &House, result: &Value) -> Reply {
    house.api("GetUser", json!({ "AccessToken": result["AccessToken"] })).await
}

/// A client that rotates with this grace.
async fn rotating(house: &House, grace: i32) -> App {
    let app = with_ada(house).await;
    let (client, _) = house
        .client(
            &app.pool,
            json!({
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
                "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": grace },
            }),
        )
        .await;
    App { client, ..app }
}

both! {
    async fn sec_049_a_refresh_keeps_the_session_and_renews_the_tokens(house: House) {
        let app = with_ada(&house).await;
        let signed = house.sign_in(&app, ADA).await;
        let refresh = text(&signed["RefreshToken"]);
        house.clock.advance_ms(5_000);
        let first = crate::tokens::claims(text(&signed["AccessToken"]));
        let mut seen = vec![text(&first["jti"]).to_owned(), text(&crate::tokens::claims(text(&signed["IdToken"]))["jti"]).to_owned()];
        for (number, (door, flow)) in [(Door::Public, "REFRESH_TOKEN_AUTH"), (Door::Public, "REFRESH_TOKEN"), (Door::Admin, "REFRESH_TOKEN_AUTH")].into_iter().enumerate() {
            let (operation, input) = door.initiate(&app, flow, json!({ "REFRESH_TOKEN": refresh }));
            let answer = house.ok(operation, input).await;
            let result = &answer["AuthenticationResult"];
            assert_eq!(result.get("RefreshToken"), None, "no rotation, no new refresh token");
            for name in ["AccessToken", "IdToken"] {
                let claims = crate::tokens::claims(text(&result[name]));
                for kept in ["origin_jti", "auth_time", "sub", "event_id"] {
                    assert_eq!(claims[kept], first[kept], "{name} {kept}");
                }
                assert_eq!(claims["iat"].as_i64().unwrap(), first["iat"].as_i64().unwrap() + 5, "{number}");
                seen.push(text(&claims["jti"]).to_owned());
            }
            assert_eq!(get_user(&house, result).await.status, StatusCode::OK);
        }
        let other = crate::tokens::claims(text(&house.sign_in(&app, ADA).await["AccessToken"]));
        assert_ne!(other["origin_jti"], first["origin_jti"]);
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count, "every jti is its own");
        // The end of the session is the end of all that came of it.
        let descendant = exchange(&house, &app.client, refresh).await.json()["AuthenticationResult"].clone();
        house.ok("RevokeToken", json!({ "ClientId": app.client, "Token": refresh })).await;
        for result in [&signed, &descendant] {
            assert_eq!(get_user(&house, result).await.error(), not_authorized("Access Token has been revoked"));
        }
        assert_eq!(get_user(&house, &json!({ "AccessToken": house.sign_in(&app, ADA).await["AccessToken"] })).await.status, StatusCode::OK);
    }

    async fn sec_021_a_rotated_token_used_again_ends_its_family(house: House) {
        let app = rotating(&house, 0).await;
        let signed = house.sign_in(&app, ADA).await;
        let first = text(&signed["RefreshToken"]).to_owned();
        let second = exchange(&house, &app.client, &first).await.json()["AuthenticationResult"].clone();
        let second_token = text(&second["RefreshToken"]).to_owned();
        assert_ne!(first, second_token);
        assert_eq!(get_user(&house, &second).await.status, StatusCode::OK);
        house.clock.advance_ms(1_000);
        // A thief, or the owner after the thief.
        let reuse = exchange(&house, &app.client, &first).await;
        assert_eq!(reuse.error().0, "RefreshTokenReuseException");
        assert_eq!(exchange(&house, &app.client, &second_token).await.error().0, "NotAuthorizedException");
        for result in [&signed, &second] {
            assert_eq!(get_user(&house, result).await.error(), not_authorized("Access Token has been revoked"));
        }
    }

    async fn sec_021_the_grace_lets_a_lost_answer_be_asked_again(house: House) {
        let app = rotating(&house, 30).await;
        let first = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
        let origin = |reply: &Reply| crate::tokens::claims(text(&reply.json()["AuthenticationResult"]["AccessToken"]))["origin_jti"].clone();
        let one = exchange(&house, &app.client, &first).await;
        house.clock.advance_ms(29_999);
        let two = exchange(&house, &app.client, &first).await;
        assert_eq!(origin(&one), origin(&two));
        // The grace is counted from the first use: asking again does not stretch it.
        house.clock.advance_ms(1);
        assert_eq!(exchange(&house, &app.client, &first).await.error().0, "RefreshTokenReuseException");
        let token = two.json()["AuthenticationResult"]["RefreshToken"].clone();
        assert_eq!(exchange(&house, &app.client, text(&token)).await.error().0, "NotAuthorizedException");
    }

    async fn sec_021_of_many_at_once_one_rotates(house: House) {
        let app = rotating(&house, 0).await;
        for _ in 0..3 {
            let first = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
            let replies = futures_util::future::join_all((0..12).map(|_| exchange(&house, &app.client, &first))).await;
            let won: Vec<&Reply> = replies.iter().filter(|reply| reply.status == StatusCode::OK).collect();
            assert_eq!(won.len(), 1, "{replies:?}");
            // Two of one token without a grace are a theft, whoever was first.
            let token = won[0].json()["AuthenticationResult"]["RefreshToken"].clone();
            assert_eq!(exchange(&house, &app.client, text(&token)).await.error().0, "NotAuthorizedException");
        }
    }

    async fn sec_022_a_refresh_token_is_its_clients_and_its_pools(house: House) {
        let app = with_ada(&house).await;
        let (second, _) = house.client(&app.pool, json!({})).await;
        let elsewhere = with_ada(&house).await;
        let refresh = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
        for other in [App { client: second, ..app.clone() }, elsewhere] {
            assert_eq!(exchange(&house, &other.client, &refresh).await.error(), not_authorized("Invalid Refresh Token"));
            for door in DOORS {
                let (operation, input) = door.initiate(&other, "REFRESH_TOKEN_AUTH", json!({ "REFRESH_TOKEN": refresh }));
                assert_eq!(house.refused(operation, input).await, not_authorized("Invalid Refresh Token"));
            }
            let revoke = house.api("RevokeToken", json!({ "ClientId": other.client, "Token": refresh })).await;
            assert_eq!(revoke.error().0, "UnauthorizedException");
        }
        for garbage in ["a", "a.b.c", &refresh[1..], &format!("{refresh}A"), &refresh.to_uppercase()] {
            assert_eq!(exchange(&house, &app.client, garbage).await.error(), not_authorized("Invalid Refresh Token"), "{garbage}");
        }
        assert_eq!(exchange(&house, &app.client, &refresh).await.status, StatusCode::OK);
    }

    async fn sec_023_what_ends_sessions_ends_refreshing_at_once(house: House) {
        let app = with_ada(&house).await;
        let named = json!({ "UserPoolId": app.pool, "Username": ADA });
        let set = json!({ "UserPoolId": app.pool, "Username": ADA, "Password": crate::harness::PASSWORD, "Permanent": true });
        let ends: [(&str, Value); 5] = [
            ("RevokeToken", Value::Null),
            ("GlobalSignOut", Value::Null),
            ("AdminUserGlobalSignOut", named.clone()),
            ("AdminDisableUser", named.clone()),
            ("AdminResetUserPassword", named.clone()),
        ];
        for (operation, input) in ends {
            let signed = house.sign_in(&app, ADA).await;
            let refresh = text(&signed["RefreshToken"]).to_owned();
            let input = match operation {
                "RevokeToken" => json!({ "ClientId": app.client, "Token": refresh }),
                "GlobalSignOut" => json!({ "AccessToken": signed["AccessToken"] }),
                _ => input,
            };
            house.ok(operation, input).await;
            assert_ne!(exchange(&house, &app.client, &refresh).await.status, StatusCode::OK, "{operation}");
            assert_ne!(get_user(&house, &signed).await.status, StatusCode::OK, "{operation}");
            // Back to a user who can sign in; what ended stays ended.
            house.ok("AdminEnableUser", named.clone()).await;
            house.ok("AdminSetUserPassword", set.clone()).await;
            house.clock.advance_ms(1_000);
            assert_ne!(exchange(&house, &app.client, &refresh).await.status, StatusCode::OK, "{operation}");
            assert_ne!(get_user(&house, &signed).await.status, StatusCode::OK, "{operation}");
        }
    }
}

#[tokio::test]
async fn a_refresh_token_ends_with_its_time_and_rotation_does_not_stretch_it() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let refresh = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
    house.clock.advance_ms(30 * DAY_MS - 1);
    assert_eq!(exchange(&house, &app.client, &refresh).await.status, StatusCode::OK);
    house.clock.advance_ms(1);
    assert_eq!(exchange(&house, &app.client, &refresh).await.error(), not_authorized("Refresh Token has expired"));

    let app = rotating(&house, 0).await;
    let refresh = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
    house.clock.advance_ms(29 * DAY_MS);
    let rotated = exchange(&house, &app.client, &refresh).await.json()["AuthenticationResult"]["RefreshToken"].clone();
    house.clock.advance_ms(DAY_MS);
    assert_eq!(exchange(&house, &app.client, text(&rotated)).await.error(), not_authorized("Refresh Token has expired"));
}

#[tokio::test]
async fn under_rotation_only_the_exchange_refreshes() {
    let house = House::start().await;
    let app = rotating(&house, 0).await;
    let refresh = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
    for door in DOORS {
        let (operation, input) = door.initiate(&app, "REFRESH_TOKEN_AUTH", json!({ "REFRESH_TOKEN": refresh }));
        assert_eq!(house.refused(operation, input).await.0, "InvalidParameterException");
    }
    assert_eq!(exchange(&house, &app.client, &refresh).await.status, StatusCode::OK);
}

#[tokio::test]
async fn revoking_answers_as_rfc_7009_says() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    house.user(&app.pool, BOB).await;
    let signed = house.sign_in(&app, ADA).await;
    let bobs = house.sign_in(&app, BOB).await;
    let revoke =
        async |client: &str, token: &Value| house.api("RevokeToken", json!({ "ClientId": client, "Token": token })).await;
    for unknown in [json!("nothing"), json!("a.b.c.d.e")] {
        assert_eq!(revoke(&app.client, &unknown).await.text, "{}");
    }
    for signed_token in ["AccessToken", "IdToken"] {
        assert_eq!(revoke(&app.client, &signed[signed_token]).await.error().0, "UnsupportedTokenTypeException");
    }
    assert_eq!(get_user(&house, &signed).await.status, StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(revoke(&app.client, &signed["RefreshToken"]).await.text, "{}");
        assert_ne!(get_user(&house, &signed).await.status, StatusCode::OK);
    }
    assert_eq!(get_user(&house, &bobs).await.status, StatusCode::OK);

    let (fixed, _) = house.client(&app.pool, json!({ "EnableTokenRevocation": false })).await;
    let app = App { client: fixed, ..app };
    let signed = house.sign_in(&app, ADA).await;
    assert_eq!(revoke(&app.client, &signed["RefreshToken"]).await.error().0, "UnsupportedOperationException");
    let claims = crate::tokens::claims(text(&signed["AccessToken"]));
    assert_eq!((claims.get("origin_jti"), claims.get("jti")), (None, None));
    assert_eq!(get_user(&house, &signed).await.status, StatusCode::OK);
    house.ok("GlobalSignOut", json!({ "AccessToken": signed["AccessToken"] })).await;
    assert_eq!(get_user(&house, &signed).await.error(), not_authorized("Access Token has been revoked"));
}
