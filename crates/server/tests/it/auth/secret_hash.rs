//! Clients with a secret: nothing works without proof of it.

use http::StatusCode;
use serde_json::{Value, json};

use super::srp_client::Client;
use super::{ADA, BOB, DOORS, Door, invite, not_authorized, secret_hash, signed_in, text};
use crate::both;
use crate::harness::{App, House, PASSWORD};

async fn confidential(house: &House) -> App {
    let pool = house.pool(json!({})).await;
    let (client, secret) = house.client(&pool, json!({ "GenerateSecret": true })).await;
    assert!(secret.is_some());
    App { pool, client, secret }
}

/// Every unsigned operation that is about a client and a user, with everything right but the proof; where the proof goes.
fn calls(app: &App, refresh: &str, session: &str) -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let client = &app.client;
    let code = "123456";
    let initiate = |flow: &str, parameters: Value| json!({ "ClientId": client, "AuthFlow": flow, "AuthParameters": parameters });
    let respond = |name: &str, responses: Value| json!({ "ClientId": client, "ChallengeName": name, "Session": session, "ChallengeResponses": responses });
    let claim =
        json!({ "USERNAME": ADA, "PASSWORD_CLAIM_SIGNATURE": "AAAA", "PASSWORD_CLAIM_SECRET_BLOCK": "AAAA", "TIMESTAMP": "x" });
    vec![
        ("SignUp", json!({ "ClientId": client, "Username": BOB, "Password": PASSWORD }), "/SecretHash", BOB),
        ("ConfirmSignUp", json!({ "ClientId": client, "Username": ADA, "ConfirmationCode": code }), "/SecretHash", ADA),
        ("ResendConfirmationCode", json!({ "ClientId": client, "Username": ADA }), "/SecretHash", ADA),
        ("ForgotPassword", json!({ "ClientId": client, "Username": ADA }), "/SecretHash", ADA),
        (
            "ConfirmForgotPassword",
            json!({ "ClientId": client, "Username": ADA, "ConfirmationCode": code, "Password": PASSWORD }),
            "/SecretHash",
            ADA,
        ),
        (
            "InitiateAuth",
            initiate("USER_PASSWORD_AUTH", json!({ "USERNAME": ADA, "PASSWORD": PASSWORD })),
            "/AuthParameters/SECRET_HASH",
            ADA,
        ),
        (
            "InitiateAuth",
            initiate("USER_SRP_AUTH", json!({ "USERNAME": ADA, "SRP_A": Client::new(3).a_hex })),
            "/AuthParameters/SECRET_HASH",
            ADA,
        ),
        ("InitiateAuth", initiate("REFRESH_TOKEN_AUTH", json!({ "REFRESH_TOKEN": refresh })), "/AuthParameters/SECRET_HASH", ADA),
        (
            "RespondToAuthChallenge",
            respond("NEW_PASSWORD_REQUIRED", json!({ "USERNAME": ADA, "NEW_PASSWORD": PASSWORD })),
            "/ChallengeResponses/SECRET_HASH",
            ADA,
        ),
        ("RespondToAuthChallenge", respond("PASSWORD_VERIFIER", claim), "/ChallengeResponses/SECRET_HASH", ADA),
    ]
}

fn with(mut input: Value, pointer: &str, value: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    input.pointer_mut(parent).unwrap()[name] = json!(value);
    input
}

both! {
    async fn sec_046_every_unsigned_operation_asks_for_the_proof(house: House) {
        let app = confidential(&house).await;
        let secret = app.secret.clone().unwrap();
        house.user(&app.pool, ADA).await;
        let right = secret_hash(&secret, ADA, &app.client);
        let parameters = json!({ "USERNAME": ADA, "PASSWORD": PASSWORD, "SECRET_HASH": right });
        let (operation, input) = Door::Public.initiate(&app, "USER_PASSWORD_AUTH", parameters);
        let refresh = text(&house.ok(operation, input).await["AuthenticationResult"]["RefreshToken"]).to_owned();
        let missing = not_authorized(&format!("Client {} is configured with secret but SECRET_HASH was not received", app.client));
        let wrong = not_authorized(&format!("Unable to verify secret hash for client {}", app.client));
        let all = calls(&app, &refresh, "some-session-string-of-20");
        for (operation, input, pointer, username) in &all {
            assert_eq!(house.refused(operation, input.clone()).await, missing, "{operation} {input}");
            let forged = [
                secret_hash("another secret", username, &app.client),
                secret_hash(&secret, "nobody@example.com", &app.client),
                secret_hash(&secret, username, "anotherclient"),
                secret_hash(&secret, "", &app.client),
                secret.clone(),
                "AAAA".to_owned(),
            ];
            for hash in forged {
                let refused = house.refused(operation, with(input.clone(), pointer, &hash)).await;
                assert_eq!(refused, wrong, "{operation} {hash}");
            }
            // The proof alone gets past this check.
            let proven = with(input.clone(), pointer, &secret_hash(&secret, username, &app.client));
            let reply = house.api(operation, proven).await;
            assert!(reply.status == StatusCode::OK || ![&missing, &wrong].contains(&&reply.error()), "{operation}: {reply:?}");
        }
        // The same words for a user nobody knows: the proof is asked first.
        let nobody = json!({ "ClientId": app.client, "Username": "nobody@example.com" });
        assert_eq!(house.refused("ForgotPassword", nobody).await, missing);
        // These two take the secret itself.
        for (operation, member) in [("GetTokensFromRefreshToken", "RefreshToken"), ("RevokeToken", "Token")] {
            let mut input = json!({ "ClientId": app.client });
            input[member] = json!(refresh);
            let kind = if operation == "RevokeToken" { "UnauthorizedException" } else { "NotAuthorizedException" };
            assert_eq!(house.refused(operation, input.clone()).await.0, kind, "{operation}");
            for given in ["wrongsecretwrongsecretwrongsecret", &secret.to_uppercase(), &secret[1..]] {
                input["ClientSecret"] = json!(given);
                assert_eq!(house.refused(operation, input.clone()).await.0, kind, "{operation} {given}");
            }
            input["ClientSecret"] = json!(secret);
            assert_eq!(house.api(operation, input).await.status, StatusCode::OK, "{operation}");
        }
    }

    async fn sec_046_administrators_prove_it_too(house: House) {
        let app = confidential(&house).await;
        let secret = app.secret.clone().unwrap();
        invite(&house, &app.pool, ADA).await;
        let right = secret_hash(&secret, ADA, &app.client);
        let (operation, input) = Door::Admin.password(&app, ADA, PASSWORD);
        assert_eq!(house.refused(operation, input.clone()).await.0, "NotAuthorizedException");
        assert_eq!(house.refused(operation, with(input.clone(), "/AuthParameters/SECRET_HASH", "AAAA")).await.0, "NotAuthorizedException");
        let asked = house.ok(operation, with(input, "/AuthParameters/SECRET_HASH", &right)).await;
        let responses = json!({ "USERNAME": ADA, "NEW_PASSWORD": "Another-Horse-8" });
        let (operation, input) = Door::Admin.respond(&app, "NEW_PASSWORD_REQUIRED", Some(text(&asked["Session"])), responses);
        assert_eq!(house.refused(operation, input.clone()).await.0, "NotAuthorizedException");
        // Over the name as it is sent this time: the user's id.
        let id = text(&asked["ChallengeParameters"]["USER_ID_FOR_SRP"]);
        let mut input = with(input, "/ChallengeResponses/SECRET_HASH", &right);
        input["ChallengeResponses"]["USERNAME"] = json!(id);
        assert_eq!(house.refused(operation, input.clone()).await.0, "NotAuthorizedException");
        signed_in(&house.ok(operation, with(input, "/ChallengeResponses/SECRET_HASH", &secret_hash(&secret, id, &app.client))).await);
    }

    async fn sec_046_a_refresh_is_proved_over_the_users_name(house: House) {
        let app = confidential(&house).await;
        let secret = app.secret.clone().unwrap();
        let sub = house.user(&app.pool, ADA).await;
        house.user(&app.pool, BOB).await;
        let hash = |name: &str| secret_hash(&secret, name, &app.client);
        let (operation, input) = Door::Public.password(&app, ADA, PASSWORD);
        let signed = house.ok(operation, with(input, "/AuthParameters/SECRET_HASH", &hash(ADA))).await;
        let refresh = text(&signed["AuthenticationResult"]["RefreshToken"]);
        for door in DOORS {
            for (name, right) in [(sub.as_str(), true), (ADA, true), (BOB, false), ("", false)] {
                let parameters = json!({ "REFRESH_TOKEN": refresh, "SECRET_HASH": hash(name) });
                let (operation, input) = door.initiate(&app, "REFRESH_TOKEN_AUTH", parameters);
                assert_eq!(house.api(operation, input).await.status == StatusCode::OK, right, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn sec_046_a_secret_sent_to_a_client_without_one_is_refused() {
    let house = House::start().await;
    let app = super::with_ada(&house).await;
    let refresh = text(&house.sign_in(&app, ADA).await["RefreshToken"]).to_owned();
    let refusal = not_authorized(&format!("Client {} is not configured for secret but secret was received", app.client));
    for (operation, input, pointer, _) in calls(&app, &refresh, "some-session-string-of-20") {
        assert_eq!(house.refused(operation, with(input, pointer, "c2VjcmV0")).await, refusal, "{operation}");
    }
}

#[tokio::test]
async fn sec_046_either_of_two_secrets_proves_and_a_deleted_one_no_more() {
    let house = House::start().await;
    let app = confidential(&house).await;
    house.user(&app.pool, ADA).await;
    let named = json!({ "UserPoolId": app.pool, "ClientId": app.client });
    let first = app.secret.clone().unwrap();
    let listed = house.ok("ListUserPoolClientSecrets", named.clone()).await;
    let first_id = text(&listed["ClientSecrets"][0]["ClientSecretId"]).to_owned();
    let added = house.ok("AddUserPoolClientSecret", named.clone()).await;
    let second = text(&added["ClientSecretDescriptor"]["ClientSecretValue"]).to_owned();
    let works = async |secret: &str| {
        let (operation, input) = Door::Public.password(&app, ADA, PASSWORD);
        let hash = secret_hash(secret, ADA, &app.client);
        house.api(operation, with(input, "/AuthParameters/SECRET_HASH", &hash)).await.status == StatusCode::OK
    };
    assert!(works(&first).await && works(&second).await);
    let delete = json!({ "UserPoolId": app.pool, "ClientId": app.client, "ClientSecretId": first_id });
    house.ok("DeleteUserPoolClientSecret", delete).await;
    assert!(!works(&first).await && works(&second).await);
}
