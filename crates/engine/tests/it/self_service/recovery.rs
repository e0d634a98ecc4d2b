//! ForgotPassword, ConfirmForgotPassword.
use std::sync::Arc;

use poolhouse_wire::ErrorCode as E;
use serde_json::{Value, json};

use super::sign_up::Broken;
use super::{HOUR, OTHER_PASSWORD, PASSWORD, Place, hiding, wrong};

const MISMATCH: &str = "Invalid verification code provided, please try again.";
const EXPIRED: &str = "Invalid code provided, please request a code again.";

fn reset(username: &str, code: &str) -> Value {
    json!({ "Username": username, "ConfirmationCode": code, "Password": OTHER_PASSWORD })
}

async fn forgot(place: &Place, username: &str) -> Value {
    place.ok("ForgotPassword", json!({ "Username": username })).await["CodeDeliveryDetails"].clone()
}

#[tokio::test]
async fn sec_088_a_reset_ends_every_session_and_voids_the_other_codes() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    let tokens = place.sign_in("ann", PASSWORD).await;
    let access = tokens["AccessToken"].as_str().unwrap();
    place.world.ok("GetUserAttributeVerificationCode", json!({ "AccessToken": access, "AttributeName": "email" })).await;
    let other_code = place.code("ann@example.com").await;
    assert_eq!(forgot(&place, "ann").await["Destination"], "a***@e***");
    let code = place.code("ann@example.com").await;

    place.refused(E::CodeMismatchException, "ConfirmForgotPassword", reset("ann", &wrong(&code))).await;
    let weak = json!({ "Username": "ann", "ConfirmationCode": code, "Password": "short" });
    let text = place.refused(E::InvalidPasswordException, "ConfirmForgotPassword", weak).await;
    assert_eq!(text, "Password does not conform to policy: Password not long enough");
    assert_eq!(place.ok("ConfirmForgotPassword", reset("ann", &code)).await, json!({}));
    place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", reset("ann", &code)).await;

    place.sign_in_refused(E::NotAuthorizedException, "ann", PASSWORD).await;
    let text = place.world.refused(E::NotAuthorizedException, "GetUser", json!({ "AccessToken": access })).await;
    assert_eq!(text, "Access Token has been revoked");
    let parameters = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
    let input = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters });
    place.refused(E::NotAuthorizedException, "InitiateAuth", input).await;
    place.pass(1000);
    let access = place.sign_in("ann", OTHER_PASSWORD).await["AccessToken"].clone();
    let input = json!({ "AccessToken": access, "AttributeName": "email", "Code": other_code });
    place.world.refused(E::ExpiredCodeException, "VerifyUserAttribute", input).await;
}

#[tokio::test]
async fn sec_081_a_code_for_one_purpose_is_none_for_another() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    let access = place.token("ann").await;
    place.world.ok("GetUserAttributeVerificationCode", json!({ "AccessToken": access, "AttributeName": "email" })).await;
    let code = place.code("ann@example.com").await;
    place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", reset("ann", &code)).await;
    forgot(&place, "ann").await;
    place.refused(E::CodeMismatchException, "ConfirmForgotPassword", reset("ann", &code)).await;
}

#[tokio::test]
async fn a_reset_code_lives_an_hour_and_is_asked_for_five_times() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    forgot(&place, "ann").await;
    let code = place.code("ann@example.com").await;
    place.pass(HOUR);
    assert_eq!(place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", reset("ann", &code)).await, EXPIRED);
    for _ in 0..5 {
        forgot(&place, "ann").await;
    }
    place.refused(E::LimitExceededException, "ForgotPassword", json!({ "Username": "ann" })).await;
    for _ in 0..14 {
        let _ = place.world.call("ConfirmForgotPassword", place.with_client(reset("ann", "000000"))).await;
    }
    place.refused(E::LimitExceededException, "ConfirmForgotPassword", reset("ann", "000000")).await;
}

#[tokio::test]
async fn who_cannot_be_helped_is_told_why() {
    let place = Place::simple().await;
    let asks = |name: &str| json!({ "Username": name });
    let text = place.refused(E::UserNotFoundException, "ForgotPassword", asks("nobody")).await;
    assert_eq!(text, "Username/client id combination not found.");
    place.refused(E::UserNotFoundException, "ConfirmForgotPassword", reset("nobody", "123456")).await;
    place.sign_up("waiting", "w@example.com").await;
    let text = place.refused(E::InvalidParameterException, "ForgotPassword", asks("waiting")).await;
    assert_eq!(text, "Cannot reset password for the user as there is no registered/verified email or phone_number");
    let invite = json!({ "UserPoolId": place.pool, "Username": "invited", "MessageAction": "SUPPRESS" });
    place.world.ok("AdminCreateUser", invite).await;
    let text = place.refused(E::NotAuthorizedException, "ForgotPassword", asks("invited")).await;
    assert_eq!(text, "User password cannot be reset in the current state.");
    place.confirmed("disabled", "d@example.com").await;
    place.world.ok("AdminDisableUser", json!({ "UserPoolId": place.pool, "Username": "disabled" })).await;
    assert_eq!(place.refused(E::NotAuthorizedException, "ForgotPassword", asks("disabled")).await, "User is disabled.");
    let admin_only = json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] });
    let place = Place::new(json!({ "AccountRecoverySetting": admin_only }), json!({})).await;
    let text = place.refused(E::NotAuthorizedException, "ForgotPassword", asks("nobody")).await;
    assert_eq!(text, "Contact administrator to reset password.");
}

#[tokio::test]
async fn sec_071_hidden_users_are_answered_like_others() {
    let place = Place::new(json!({}), hiding()).await;
    place.confirmed("known", "known@example.com").await;
    place.sign_up("waiting", "w@example.com").await;
    place.confirmed("disabled", "d@example.com").await;
    place.world.ok("AdminDisableUser", json!({ "UserPoolId": place.pool, "Username": "disabled" })).await;
    for name in ["known", "waiting", "disabled", "nobody"] {
        let text = place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", reset(name, "000000")).await;
        assert_eq!(text, EXPIRED, "{name}");
        let first = forgot(&place, name).await;
        assert_eq!(first, forgot(&place, name).await, "{name} (checklist 74)");
        assert_eq!(first["DeliveryMedium"], "EMAIL", "{name}");
        let bad = match name {
            "known" => place.wrong_code("known@example.com").await,
            _ => "000000".to_owned(),
        };
        let text = place.refused(E::CodeMismatchException, "ConfirmForgotPassword", reset(name, &bad)).await;
        assert_eq!(text, MISMATCH, "{name}");
        for _ in 0..4 {
            place.refused(E::CodeMismatchException, "ConfirmForgotPassword", reset(name, &bad)).await;
        }
        place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", reset(name, &bad)).await;
    }
    assert!(place.message("d@example.com").await.unwrap().kind != "ForgotPassword");
}

#[tokio::test]
async fn a_reset_confirms_who_was_told_to_reset() {
    let place = Place::simple().await;
    let sub = place.confirmed("ann", "ann@example.com").await;
    place.world.ok("AdminResetUserPassword", json!({ "UserPoolId": place.pool, "Username": "ann" })).await;
    place.sign_in_refused(E::PasswordResetRequiredException, "ann", PASSWORD).await;
    let code = place.code("ann@example.com").await;
    place.ok("ConfirmForgotPassword", reset("ann", &code)).await;
    assert_eq!(place.row(&sub).await.unwrap().status, "CONFIRMED");
    place.sign_in("ann", OTHER_PASSWORD).await;
}

#[tokio::test]
async fn sec_154_a_code_sent_twice_sets_one_password() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    forgot(&place, "ann").await;
    let code = place.code("ann@example.com").await;
    let answer = || place.world.call("ConfirmForgotPassword", place.with_client(reset("ann", &code)));
    let (a, b, c) = tokio::join!(answer(), answer(), answer());
    assert_eq!([a, b, c].iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn sec_088_a_reset_does_not_forget_failed_sign_ins() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    for _ in 0..5 {
        place.sign_in_refused(E::NotAuthorizedException, "ann", "wrong").await;
    }
    forgot(&place, "ann").await;
    let code = place.code("ann@example.com").await;
    place.ok("ConfirmForgotPassword", reset("ann", &code)).await;
    let text = place.sign_in_refused(E::NotAuthorizedException, "ann", OTHER_PASSWORD).await;
    assert_eq!(text, "Password attempts exceeded");
}

#[tokio::test]
async fn sec_074_a_message_that_cannot_be_delivered_tells_nothing_of_a_hidden_user() {
    let mut hidden = Place::new(json!({}), hiding()).await;
    let open = Place::add_client(&hidden.world, &hidden.pool, json!({})).await;
    hidden.confirmed("ann", "ann@example.com").await;
    Arc::get_mut(&mut hidden.world.engine).unwrap().delivery = Arc::new(Broken);
    assert_eq!(forgot(&hidden, "ann").await["DeliveryMedium"], "EMAIL");
    let input = json!({ "ClientId": open, "Username": "ann" });
    hidden.world.refused(E::CodeDeliveryFailureException, "ForgotPassword", input).await;
}
