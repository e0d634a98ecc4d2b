//! ChangePassword.
use poolhouse_wire::ErrorCode as E;
use serde_json::{Value, json};

use super::{OTHER_PASSWORD, PASSWORD, Place};

fn change(token: &str, previous: Option<&str>, proposed: &str) -> Value {
    let mut input = json!({ "AccessToken": token, "ProposedPassword": proposed });
    if let Some(previous) = previous {
        input["PreviousPassword"] = previous.into();
    }
    input
}

#[tokio::test]
async fn the_old_password_allows_a_new_one() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    let token = place.token("ann").await;
    place.ok("ForgotPassword", json!({ "Username": "ann" })).await;
    let reset_code = place.code("ann@example.com").await;
    let text =
        place.world.refused(E::InvalidPasswordException, "ChangePassword", change(&token, Some(PASSWORD), "Short1-")).await;
    assert!(text.starts_with("Password does not conform to policy: "), "{text}");
    place.world.ok("ChangePassword", change(&token, Some(PASSWORD), OTHER_PASSWORD)).await;
    place.sign_in_refused(E::NotAuthorizedException, "ann", PASSWORD).await;
    place.sign_in("ann", OTHER_PASSWORD).await;
    // The session stays, the reset that was asked for before does not.
    place.world.ok("GetUser", json!({ "AccessToken": token })).await;
    let input = json!({ "Username": "ann", "ConfirmationCode": reset_code, "Password": PASSWORD });
    place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", input).await;
}

#[tokio::test]
async fn sec_087_no_password_is_no_password() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    let token = place.token("ann").await;
    for previous in [None, Some("Wrong-Horse-1")] {
        let text =
            place.world.refused(E::NotAuthorizedException, "ChangePassword", change(&token, previous, OTHER_PASSWORD)).await;
        assert_eq!(text, "Incorrect username or password.");
    }
}

#[tokio::test]
async fn sec_075_a_stolen_token_is_no_way_around_the_back_off() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    let token = place.token("ann").await;
    for _ in 0..5 {
        place
            .world
            .refused(E::NotAuthorizedException, "ChangePassword", change(&token, Some("Wrong-Horse-1"), OTHER_PASSWORD))
            .await;
    }
    let input = change(&token, Some(PASSWORD), OTHER_PASSWORD);
    place.world.refused(E::LimitExceededException, "ChangePassword", input).await;
    assert_eq!(place.sign_in_refused(E::NotAuthorizedException, "ann", PASSWORD).await, "Password attempts exceeded");
}

#[tokio::test]
async fn a_password_in_use_is_no_new_one_where_the_pool_remembers() {
    let policy = json!({ "PasswordPolicy": { "MinimumLength": 8, "PasswordHistorySize": 2 } });
    let place = Place::new(json!({ "Policies": policy }), json!({})).await;
    place.confirmed("ann", "ann@example.com").await;
    let token = place.token("ann").await;
    let input = change(&token, Some(PASSWORD), PASSWORD);
    place.world.refused(E::PasswordHistoryPolicyViolationException, "ChangePassword", input).await;
    place.ok("ForgotPassword", json!({ "Username": "ann" })).await;
    let code = place.code("ann@example.com").await;
    let reset = |code: &str, password: &str| json!({ "Username": "ann", "ConfirmationCode": code, "Password": password });
    // Without the code nothing is told about the old password.
    place.refused(E::CodeMismatchException, "ConfirmForgotPassword", reset(&super::wrong(&code), PASSWORD)).await;
    place.refused(E::PasswordHistoryPolicyViolationException, "ConfirmForgotPassword", reset(&code, PASSWORD)).await;
    place.ok("ConfirmForgotPassword", reset(&code, OTHER_PASSWORD)).await;
}
