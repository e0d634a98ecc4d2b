//! One-time codes and challenge sessions: what they are bound to and when they die. Checklist 81 to 84, 154.
use serde_json::{Value, json};

use super::{
    HOUR_MS, MINUTE_MS, OTHER_PASSWORD, admin, attribute, by_name, confirmed, list, newest, password_input, shown, sign_up,
    signed_in, status, token, try_password, wrong,
};
use crate::both;
use crate::harness::{App, House, PASSWORD};

fn answer(app: &App, name: &str, code: &str) -> Value {
    json!({ "ClientId": app.client, "Username": name, "ConfirmationCode": code })
}

fn reset(app: &App, name: &str, code: &str) -> Value {
    json!({ "ClientId": app.client, "Username": name, "ConfirmationCode": code, "Password": OTHER_PASSWORD })
}

async fn forgot(house: &House, app: &App, name: &str) {
    house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": name })).await;
}

async fn refused(house: &House, operation: &str, input: Value) -> String {
    house.refused(operation, input).await.0
}

both! {
    async fn sec_081_a_code_is_for_one_user_one_purpose_and_one_client(house: House) {
        let app = by_name(&house, json!({})).await;
        let (other_client, _) = house.client(&app.pool, json!({ "PreventUserExistenceErrors": "LEGACY" })).await;
        sign_up(&house, &app, "ann", "ann@example.com").await;
        sign_up(&house, &app, "bob", "bob@example.com").await;
        let code = newest(&house, "ann@example.com").await;
        assert_eq!(refused(&house, "ConfirmSignUp", answer(&app, "bob", &code)).await, "CodeMismatchException");
        let mut elsewhere = answer(&app, "ann", &code);
        elsewhere["ClientId"] = other_client.into();
        assert_eq!(refused(&house, "ConfirmSignUp", elsewhere).await, "CodeMismatchException");
        assert_eq!(refused(&house, "ConfirmForgotPassword", reset(&app, "ann", &code)).await, "ExpiredCodeException");
        house.ok("ConfirmSignUp", answer(&app, "ann", &code)).await;
        let access = token(&house, &app, "ann", PASSWORD).await;
        forgot(&house, &app, "ann").await;
        let code = newest(&house, "ann@example.com").await;
        let verify = json!({ "AccessToken": access, "AttributeName": "email", "Code": code });
        assert_eq!(refused(&house, "VerifyUserAttribute", verify).await, "ExpiredCodeException");
        house.ok("ConfirmForgotPassword", reset(&app, "ann", &code)).await;
        assert_eq!(refused(&house, "ConfirmForgotPassword", reset(&app, "ann", &code)).await, "ExpiredCodeException", "used");
    }

    async fn sec_082_codes_for_an_address_die_with_it(house: House) {
        let app = by_name(&house, json!({})).await;
        confirmed(&house, &app, "ann", "old@example.com").await;
        let access = token(&house, &app, "ann", PASSWORD).await;
        house.ok("GetUserAttributeVerificationCode", json!({ "AccessToken": access, "AttributeName": "email" })).await;
        let proof = newest(&house, "old@example.com").await;
        forgot(&house, &app, "ann").await;
        let way_in = newest(&house, "old@example.com").await;
        let attributes = list(&[("email", "new@example.com"), ("email_verified", "true")]);
        admin(&house, &app, "AdminUpdateUserAttributes", "ann", json!({ "UserAttributes": attributes })).await;
        let verify = json!({ "AccessToken": access, "AttributeName": "email", "Code": proof });
        assert_eq!(refused(&house, "VerifyUserAttribute", verify).await, "ExpiredCodeException");
        assert_eq!(refused(&house, "ConfirmForgotPassword", reset(&app, "ann", &way_in)).await, "ExpiredCodeException");
        // Coming back to the address does not bring the codes back.
        let attributes = list(&[("email", "old@example.com"), ("email_verified", "true")]);
        admin(&house, &app, "AdminUpdateUserAttributes", "ann", json!({ "UserAttributes": attributes })).await;
        assert_eq!(refused(&house, "ConfirmForgotPassword", reset(&app, "ann", &way_in)).await, "ExpiredCodeException");
    }

    async fn sec_083_one_code_lives_for_each_purpose(house: House) {
        let app = by_name(&house, json!({})).await;
        sign_up(&house, &app, "ann", "ann@example.com").await;
        let first = newest(&house, "ann@example.com").await;
        house.ok("ResendConfirmationCode", json!({ "ClientId": app.client, "Username": "ann" })).await;
        let second = newest(&house, "ann@example.com").await;
        assert_eq!(refused(&house, "ConfirmSignUp", answer(&app, "ann", &first)).await, "CodeMismatchException");
        house.ok("ConfirmSignUp", answer(&app, "ann", &second)).await;
        forgot(&house, &app, "ann").await;
        let first = newest(&house, "ann@example.com").await;
        forgot(&house, &app, "ann").await;
        let second = newest(&house, "ann@example.com").await;
        assert_eq!(refused(&house, "ConfirmForgotPassword", reset(&app, "ann", &first)).await, "CodeMismatchException");
        house.ok("ConfirmForgotPassword", reset(&app, "ann", &second)).await;
    }

    async fn sec_154_of_many_answers_with_the_right_code_one_is_taken(house: House) {
        let app = by_name(&house, json!({})).await;
        confirmed(&house, &app, "ann", "ann@example.com").await;
        forgot(&house, &app, "ann").await;
        let code = newest(&house, "ann@example.com").await;
        let answers = (0..10).map(|_| house.api("ConfirmForgotPassword", reset(&app, "ann", &code)));
        let answers = futures_join(answers).await;
        assert_eq!(answers.iter().filter(|reply| reply.status == 200).count(), 1, "{answers:?}");
        // An hour later, so that the hourly cap is not what stops the guesses.
        house.clock.advance_ms(HOUR_MS);
        let bad = wrong(&code);
        forgot(&house, &app, "ann").await;
        let guesses = futures_join((0..14).map(|_| house.api("ConfirmForgotPassword", reset(&app, "ann", &bad)))).await;
        let looked_at = guesses.iter().filter(|reply| reply.error().0 == "CodeMismatchException").count();
        assert!(looked_at <= 5, "{looked_at} (checklist 79)");
    }

    async fn sec_084_a_session_is_used_once_by_the_client_it_was_made_for(house: House) {
        let app = by_name(&house, json!({})).await;
        let (other_client, _) = house.client(&app.pool, json!({})).await;
        invited(&house, &app, "ann").await;
        invited(&house, &app, "bob").await;
        let session = challenged(&house, &app, "ann").await;
        let invalid = ("NotAuthorizedException".to_owned(), "Invalid session for the user.".to_owned());
        let mut elsewhere = new_password(&app, "ann", &session);
        elsewhere["ClientId"] = other_client.into();
        assert_eq!(house.refused("RespondToAuthChallenge", elsewhere).await, invalid);
        for forged in [format!("{session}A"), "A".repeat(session.len()), session.chars().rev().collect()] {
            assert_eq!(house.refused("RespondToAuthChallenge", new_password(&app, "ann", &forged)).await, invalid);
        }
        let other = house.refused("RespondToAuthChallenge", new_password(&app, "bob", &session)).await;
        assert_eq!(other.0, "NotAuthorizedException", "the session is ann's");
        let session = challenged(&house, &app, "ann").await;
        let answers = futures_join((0..8).map(|_| house.api("RespondToAuthChallenge", new_password(&app, "ann", &session)))).await;
        assert_eq!(answers.iter().filter(|reply| reply.status == 200).count(), 1, "{answers:?}");
        let replay = house.refused("RespondToAuthChallenge", new_password(&app, "ann", &session)).await;
        assert_eq!(replay.1, "Invalid session for the user, session can only be used once.");
        let session = challenged(&house, &app, "bob").await;
        house.clock.advance_ms(3 * MINUTE_MS);
        let late = house.refused("RespondToAuthChallenge", new_password(&app, "bob", &session)).await;
        assert_eq!(late.1, "Invalid session for the user, session is expired.");
    }
}

pub async fn futures_join<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(cx)
            {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// A user with [`PASSWORD`] as temporary password.
pub async fn invited(house: &House, app: &App, name: &str) {
    let attributes = list(&[("email", &format!("{name}@example.com")), ("email_verified", "true")]);
    let more = json!({ "UserAttributes": attributes, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD });
    admin(house, app, "AdminCreateUser", name, more).await;
}

pub async fn challenged(house: &House, app: &App, name: &str) -> String {
    let answer = signed_in(house, app, name, PASSWORD).await;
    assert_eq!(answer["ChallengeName"], "NEW_PASSWORD_REQUIRED", "{answer}");
    answer["Session"].as_str().unwrap().to_owned()
}

pub fn new_password(app: &App, name: &str, session: &str) -> Value {
    let responses = json!({ "USERNAME": name, "NEW_PASSWORD": OTHER_PASSWORD });
    json!({ "ClientId": app.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session, "ChallengeResponses": responses })
}

#[tokio::test]
async fn codes_live_a_day_and_reset_codes_an_hour() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    sign_up(&house, &app, "ann", "ann@example.com").await;
    let code = newest(&house, "ann@example.com").await;
    house.clock.advance_ms(24 * HOUR_MS - 1000);
    house.ok("ConfirmSignUp", answer(&app, "ann", &code)).await;
    forgot(&house, &app, "ann").await;
    let code = newest(&house, "ann@example.com").await;
    house.clock.advance_ms(HOUR_MS);
    assert_eq!(refused(&house, "ConfirmForgotPassword", reset(&app, "ann", &code)).await, "ExpiredCodeException");
}

#[tokio::test]
async fn sec_088_a_reset_ends_what_the_old_password_opened() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    confirmed(&house, &app, "ann", "ann@example.com").await;
    confirmed(&house, &app, "eve", "eve@example.com").await;
    let tokens = signed_in(&house, &app, "ann", PASSWORD).await["AuthenticationResult"].clone();
    forgot(&house, &app, "ann").await;
    forgot(&house, &app, "eve").await;
    let (anns, eves) = (newest(&house, "ann@example.com").await, newest(&house, "eve@example.com").await);
    assert_eq!(refused(&house, "ConfirmForgotPassword", reset(&app, "ann", &eves)).await, "CodeMismatchException");
    house.ok("ConfirmForgotPassword", reset(&app, "ann", &anns)).await;
    let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } });
    assert_eq!(house.refused("InitiateAuth", refresh).await.0, "NotAuthorizedException");
    assert_eq!(
        house.refused("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await.1,
        "Access Token has been revoked"
    );
    assert_eq!(try_password(&house, &app, "ann", PASSWORD).await.status, 400);
    house.clock.advance_ms(1000);
    signed_in(&house, &app, "ann", OTHER_PASSWORD).await;
    signed_in(&house, &app, "eve", PASSWORD).await;
}

#[tokio::test]
async fn sec_095_a_new_temporary_password_voids_what_the_old_one_began() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    invited(&house, &app, "ann").await;
    for resend in [false, true] {
        let session = challenged(&house, &app, "ann").await;
        if resend {
            let more = json!({ "MessageAction": "RESEND", "TemporaryPassword": PASSWORD });
            admin(&house, &app, "AdminCreateUser", "ann", more).await;
        } else {
            admin(&house, &app, "AdminSetUserPassword", "ann", json!({ "Password": PASSWORD, "Permanent": false })).await;
        }
        let refused = house.refused("RespondToAuthChallenge", new_password(&app, "ann", &session)).await;
        assert_eq!(refused.0, "NotAuthorizedException", "resend {resend}");
        assert_eq!(status(&house, &app, "ann").await, "FORCE_CHANGE_PASSWORD");
    }
}

#[tokio::test]
async fn sec_095_a_temporary_password_expires_and_is_used_once() {
    let house = House::start().await;
    let app =
        by_name(&house, json!({ "Policies": { "PasswordPolicy": { "MinimumLength": 8, "TemporaryPasswordValidityDays": 2 } } }))
            .await;
    invited(&house, &app, "ann").await;
    invited(&house, &app, "bob").await;
    let session = challenged(&house, &app, "ann").await;
    house.ok("RespondToAuthChallenge", new_password(&app, "ann", &session)).await;
    assert_eq!(status(&house, &app, "ann").await, "CONFIRMED");
    assert_eq!(try_password(&house, &app, "ann", PASSWORD).await.status, 400, "the temporary one is spent");
    house.clock.advance_ms(48 * HOUR_MS - 1);
    let session = challenged(&house, &app, "bob").await;
    house.clock.advance_ms(1);
    let late = "Temporary password has expired and must be reset by an administrator.";
    assert_eq!(house.refused("InitiateAuth", password_input(&app, "bob", PASSWORD)).await.1, late);
    assert_eq!(house.refused("RespondToAuthChallenge", new_password(&app, "bob", &session)).await.1, late, "nor by a session");
    assert_eq!(status(&house, &app, "bob").await, "FORCE_CHANGE_PASSWORD");
    admin(&house, &app, "AdminCreateUser", "bob", json!({ "MessageAction": "RESEND", "TemporaryPassword": PASSWORD })).await;
    challenged(&house, &app, "bob").await;
}

#[tokio::test]
async fn sec_095_required_attributes_are_asked_for_with_the_new_password() {
    let house = House::start().await;
    let app = by_name(&house, json!({ "Schema": [{ "Name": "given_name", "Required": true }] })).await;
    invited(&house, &app, "ann").await;
    let asked = signed_in(&house, &app, "ann", PASSWORD).await;
    assert_eq!(asked["ChallengeParameters"]["requiredAttributes"], "[\"userAttributes.given_name\"]");
    let session = asked["Session"].as_str().unwrap();
    let refused = house.refused("RespondToAuthChallenge", new_password(&app, "ann", session)).await;
    assert_eq!(refused, ("InvalidParameterException".into(), "Invalid attributes given, given_name is missing".into()));
    let mut input = new_password(&app, "ann", session);
    for forbidden in ["email_verified", "sub", "identities", "cognito:user_status", "custom:role", "dev:custom:role"] {
        let mut input = input.clone();
        input["ChallengeResponses"]["userAttributes.given_name"] = "Ann".into();
        input["ChallengeResponses"][format!("userAttributes.{forbidden}")] = "true".into();
        assert_eq!(
            house.refused("RespondToAuthChallenge", input).await.0,
            "NotAuthorizedException",
            "{forbidden} (checklist 102)"
        );
    }
    input["ChallengeResponses"]["userAttributes.given_name"] = "Ann".into();
    let answer = house.ok("RespondToAuthChallenge", input).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
    assert_eq!(attribute(&shown(&house, &app, "ann").await, "given_name").as_deref(), Some("Ann"));
}
