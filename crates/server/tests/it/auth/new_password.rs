//! NEW_PASSWORD_REQUIRED through both doors, and what a challenge session is bound to.

use http::StatusCode;
use serde_json::{Value, json};

use super::srp_client::Client;
use super::{ADA, BOB, DOORS, Door, INCORRECT, invite, not_authorized, signed_in, text};
use crate::both;
use crate::harness::{App, House, PASSWORD};

const NEW: &str = "Another-Horse-8";

/// The challenge that a sign-in with the temporary password answers.
async fn challenged(house: &House, app: &App, door: Door, username: &str) -> Value {
    let (operation, input) = door.password(app, username, PASSWORD);
    let asked = house.ok(operation, input).await;
    assert_eq!((&asked["ChallengeName"], asked.get("AuthenticationResult")), (&json!("NEW_PASSWORD_REQUIRED"), None));
    asked
}

fn answer(app: &App, door: Door, asked: &Value, username: &str, password: &str) -> (&'static str, Value) {
    let responses = json!({ "USERNAME": username, "NEW_PASSWORD": password });
    door.respond(app, "NEW_PASSWORD_REQUIRED", Some(text(&asked["Session"])), responses)
}

both! {
    async fn a_temporary_password_leads_to_ones_own(house: House) {
        let app = house.app().await;
        for (door, username) in [(Door::Public, ADA), (Door::Admin, BOB)] {
            invite(&house, &app.pool, username).await;
            let asked = challenged(&house, &app, door, username).await;
            assert_eq!(asked["ChallengeParameters"]["requiredAttributes"], "[]");
            let shown: Value = serde_json::from_str(text(&asked["ChallengeParameters"]["userAttributes"])).unwrap();
            assert_eq!(shown, json!({ "email": username, "email_verified": "true" }));
            // Refused passwords leave the session open.
            let (operation, input) = answer(&app, door, &asked, username, "weak");
            assert_eq!(house.refused(operation, input).await.0, "InvalidPasswordException");
            let (operation, input) = answer(&app, door, &asked, text(&asked["ChallengeParameters"]["USER_ID_FOR_SRP"]), NEW);
            signed_in(&house.ok(operation, input).await);
            let (operation, input) = door.password(&app, username, PASSWORD);
            assert_eq!(house.refused(operation, input).await, not_authorized(INCORRECT));
            let (operation, input) = door.password(&app, username, NEW);
            signed_in(&house.ok(operation, input).await);
        }
    }

    async fn a_temporary_password_proved_by_srp_leads_there_too(house: House) {
        let app = house.app().await;
        invite(&house, &app.pool, ADA).await;
        for door in DOORS {
            let client = Client::new(77);
            let (operation, input) = door.initiate(&app, "USER_SRP_AUTH", json!({ "USERNAME": ADA, "SRP_A": client.a_hex }));
            let asked = house.ok(operation, input).await;
            let (operation, input) = door.respond(&app, "PASSWORD_VERIFIER", None, client.answer(&app.pool, &asked, PASSWORD));
            let asked = house.ok(operation, input).await;
            assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
            if door == Door::Admin {
                let (operation, input) = answer(&app, door, &asked, ADA, NEW);
                signed_in(&house.ok(operation, input).await);
            }
        }
    }

    async fn sec_084_a_session_is_used_once(house: House) {
        let app = house.app().await;
        for (door, username) in [(Door::Public, ADA), (Door::Admin, BOB)] {
            invite(&house, &app.pool, username).await;
            let asked = challenged(&house, &app, door, username).await;
            let (operation, input) = answer(&app, door, &asked, username, NEW);
            let attempts = (0..8).map(|_| house.api(operation, input.clone()));
            let replies = futures_util::future::join_all(attempts).await;
            assert_eq!(replies.iter().filter(|reply| reply.status == StatusCode::OK).count(), 1, "{replies:?}");
            for other in [NEW, "Third-Horse-77"] {
                let (operation, input) = answer(&app, door, &asked, username, other);
                assert_eq!(
                    house.refused(operation, input).await,
                    not_authorized("Invalid session for the user, session can only be used once.")
                );
            }
        }
    }

    async fn sec_084_a_session_is_its_users_its_clients_and_its_challenges(house: House) {
        let app = house.app().await;
        invite(&house, &app.pool, ADA).await;
        invite(&house, &app.pool, BOB).await;
        let asked = challenged(&house, &app, Door::Public, ADA).await;
        let invalid = not_authorized("Invalid session for the user.");
        // Another name, known or not.
        for door in DOORS {
            for name in [BOB, "nobody@example.com"] {
                let (operation, input) = answer(&app, door, &asked, name, NEW);
                assert_eq!(house.refused(operation, input).await, invalid, "{name}");
            }
        }
        // Another client of the pool, and one of another pool.
        let (second, _) = house.client(&app.pool, json!({})).await;
        let elsewhere = house.app().await;
        invite(&house, &elsewhere.pool, ADA).await;
        for other in [App { client: second, ..app.clone() }, elsewhere] {
            for door in DOORS {
                let (operation, input) = answer(&other, door, &asked, ADA, NEW);
                assert_eq!(house.refused(operation, input).await, invalid);
            }
        }
        // Altered: every part of it.
        let session = text(&asked["Session"]);
        for at in [0, session.len() / 2, session.len() - 2] {
            let mut altered = session.to_owned().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = json!({ "Session": String::from_utf8(altered).unwrap() });
            let (operation, input) = answer(&app, Door::Public, &altered, ADA, NEW);
            assert_eq!(house.refused(operation, input).await, invalid, "at {at}");
        }
        let (operation, input) =
            answer(&app, Door::Public, &json!({ "Session": "not-a-session-of-anybody-at-all" }), ADA, NEW);
        assert_eq!(house.refused(operation, input).await, invalid);
        // Another challenge, one that nobody asked.
        for challenge in ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "PASSWORD_VERIFIER", "MFA_SETUP", "SELECT_CHALLENGE", "CUSTOM_CHALLENGE"] {
            let responses = json!({ "USERNAME": ADA, "NEW_PASSWORD": NEW, "ANSWER": NEW, "SMS_MFA_CODE": "123456" });
            let (operation, input) = Door::Public.respond(&app, challenge, Some(session), responses);
            assert_ne!(house.api(operation, input).await.status, StatusCode::OK, "{challenge}");
        }
        let (operation, input) = Door::Public.respond(&app, "NEW_PASSWORD_REQUIRED", None, json!({ "USERNAME": ADA, "NEW_PASSWORD": NEW }));
        assert_eq!(house.refused(operation, input).await.0, "InvalidParameterException");
        // None of that has used it up.
        let (operation, input) = answer(&app, Door::Public, &asked, ADA, NEW);
        signed_in(&house.ok(operation, input).await);
    }

    async fn sec_084_a_session_lasts_as_long_as_its_client_says(house: House) {
        let app = house.app().await;
        let (longer, _) = house.client(&app.pool, json!({ "AuthSessionValidity": 15 })).await;
        let longer = App { client: longer, ..app.clone() };
        for (number, (app, minutes)) in [(app, 3), (longer, 15)].into_iter().enumerate() {
            for (early, expected) in [(1, None), (0, Some(not_authorized("Invalid session for the user, session is expired.")))] {
                let username = format!("user{number}{early}@example.com");
                invite(&house, &app.pool, &username).await;
                let asked = challenged(&house, &app, Door::Public, &username).await;
                house.clock.advance_ms(minutes * 60_000 - early);
                let (operation, input) = answer(&app, Door::Public, &asked, &username, NEW);
                let reply = house.api(operation, input).await;
                let refused = (reply.status != StatusCode::OK).then(|| reply.error());
                assert_eq!(refused, expected, "{minutes} min, {early} ms early");
            }
        }
    }
}

#[tokio::test]
async fn sec_084_a_session_dies_with_what_it_was_made_for() {
    let house = House::start().await;
    let app = house.app().await;
    for spoil in ["AdminDisableUser", "AdminDeleteUser"] {
        let username = format!("{}@example.com", spoil.to_lowercase());
        invite(&house, &app.pool, &username).await;
        let asked = challenged(&house, &app, Door::Public, &username).await;
        house.ok(spoil, json!({ "UserPoolId": app.pool, "Username": username })).await;
        let (operation, input) = answer(&app, Door::Public, &asked, &username, NEW);
        assert_eq!(house.refused(operation, input).await.0, "NotAuthorizedException", "{spoil}");
    }
    // The administrator sets a password meanwhile: the old sign-in does not replace it.
    invite(&house, &app.pool, ADA).await;
    let asked = challenged(&house, &app, Door::Public, ADA).await;
    let set = json!({ "UserPoolId": app.pool, "Username": ADA, "Password": "Third-Horse-77", "Permanent": true });
    house.ok("AdminSetUserPassword", set).await;
    let (operation, input) = answer(&app, Door::Public, &asked, ADA, NEW);
    assert_eq!(house.refused(operation, input).await.0, "NotAuthorizedException");
    let (operation, input) = Door::Public.password(&app, ADA, "Third-Horse-77");
    signed_in(&house.ok(operation, input).await);
}

#[tokio::test]
async fn sec_101_the_challenge_sets_only_what_the_client_may_write() {
    let house = House::start().await;
    let custom = json!([{ "Name": "role", "AttributeDataType": "String", "Mutable": true }]);
    let pool = house.pool(json!({ "Schema": custom })).await;
    let (client, _) = house.client(&pool, json!({ "WriteAttributes": ["email", "name"] })).await;
    let app = App { pool, client, secret: None };
    invite(&house, &app.pool, ADA).await;
    let asked = challenged(&house, &app, Door::Public, ADA).await;
    let refused =
        ["custom:role", "email_verified", "sub", "cognito:user_status", "dev:custom:role", "identities", "given_name", "no_such"];
    for name in refused {
        let mut responses = json!({ "USERNAME": ADA, "NEW_PASSWORD": NEW });
        responses[format!("userAttributes.{name}")] = json!("true");
        let (operation, input) = Door::Public.respond(&app, "NEW_PASSWORD_REQUIRED", Some(text(&asked["Session"])), responses);
        let (kind, message) = house.refused(operation, input).await;
        assert!(["NotAuthorizedException", "InvalidParameterException"].contains(&kind.as_str()), "{name}: {kind} {message}");
    }
    let responses = json!({ "USERNAME": ADA, "NEW_PASSWORD": NEW, "userAttributes.name": "Ada" });
    let (operation, input) = Door::Public.respond(&app, "NEW_PASSWORD_REQUIRED", Some(text(&asked["Session"])), responses);
    signed_in(&house.ok(operation, input).await);
    let user = house.ok("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": ADA })).await;
    let names: Vec<&str> = user["UserAttributes"].as_array().unwrap().iter().map(|a| text(&a["Name"])).collect();
    assert!(names.contains(&"name") && !names.contains(&"custom:role"), "{names:?}");
}
