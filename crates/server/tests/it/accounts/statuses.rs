//! What a user's status is, and what changes it (§ "Status" of the API facts).
use serde_json::{Value, json};

use super::codes::{challenged, invited, new_password};
use super::{OTHER_PASSWORD, admin, attribute, by_name, confirm, newest, password_input, shown, sign_up, status, try_password};
use crate::harness::{App, House, PASSWORD};

async fn refused_admin(house: &House, app: &App, operation: &str, name: &str) -> (String, String) {
    house.refused(operation, json!({ "UserPoolId": app.pool, "Username": name })).await
}

fn denied(message: &str) -> (String, String) {
    ("NotAuthorizedException".to_owned(), message.to_owned())
}

#[tokio::test]
async fn a_sign_up_waits_until_it_is_confirmed() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    sign_up(&house, &app, "ann", "ann@example.com").await;
    assert_eq!(status(&house, &app, "ann").await, "UNCONFIRMED");
    let user = shown(&house, &app, "ann").await;
    assert_eq!((user["Enabled"].as_bool(), attribute(&user, "email_verified").as_deref()), (Some(true), Some("false")));
    for password in [PASSWORD, "Wrong-Horse-1"] {
        let refused = try_password(&house, &app, "ann", password).await.error();
        assert_eq!(refused, ("UserNotConfirmedException".into(), "User is not confirmed.".into()), "{password}");
    }
    confirm(&house, &app, "ann", "ann@example.com").await;
    assert_eq!(status(&house, &app, "ann").await, "CONFIRMED");
    assert_eq!(attribute(&shown(&house, &app, "ann").await, "email_verified").as_deref(), Some("true"));
    let again =
        house.refused("ConfirmSignUp", json!({ "ClientId": app.client, "Username": "ann", "ConfirmationCode": "123456" })).await;
    assert_eq!(again, denied("User cannot be confirmed. Current status is CONFIRMED"));
    let resend = house.refused("ResendConfirmationCode", json!({ "ClientId": app.client, "Username": "ann" })).await;
    assert_eq!(resend, ("InvalidParameterException".into(), "User is already confirmed.".into()));
}

#[tokio::test]
async fn an_administrator_confirms_without_proving_the_address() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    sign_up(&house, &app, "ann", "ann@example.com").await;
    let code = newest(&house, "ann@example.com").await;
    assert_eq!(admin(&house, &app, "AdminConfirmSignUp", "ann", json!({})).await, json!({}));
    assert_eq!(status(&house, &app, "ann").await, "CONFIRMED");
    assert_eq!(attribute(&shown(&house, &app, "ann").await, "email_verified").as_deref(), Some("false"));
    let refused = refused_admin(&house, &app, "AdminConfirmSignUp", "ann").await;
    assert_eq!(refused, denied("User cannot be confirmed. Current status is CONFIRMED"));
    let late =
        house.refused("ConfirmSignUp", json!({ "ClientId": app.client, "Username": "ann", "ConfirmationCode": code })).await;
    assert_eq!(late, denied("User cannot be confirmed. Current status is CONFIRMED"));
    invited(&house, &app, "bob").await;
    let refused = refused_admin(&house, &app, "AdminConfirmSignUp", "bob").await;
    assert_eq!(refused, denied("User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD"));
}

#[tokio::test]
async fn an_invited_user_changes_the_password() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    invited(&house, &app, "ann").await;
    assert_eq!(status(&house, &app, "ann").await, "FORCE_CHANGE_PASSWORD");
    let forgot = json!({ "ClientId": app.client, "Username": "ann" });
    assert_eq!(house.refused("ForgotPassword", forgot).await, denied("User password cannot be reset in the current state."));
    let refused = refused_admin(&house, &app, "AdminResetUserPassword", "ann").await;
    assert_eq!(refused, denied("User password cannot be reset in the current state."));
    let session = challenged(&house, &app, "ann").await;
    assert_eq!(status(&house, &app, "ann").await, "FORCE_CHANGE_PASSWORD", "asking changes nothing");
    let answer = house.ok("RespondToAuthChallenge", new_password(&app, "ann", &session)).await;
    assert!(answer["AuthenticationResult"]["IdToken"].is_string());
    assert_eq!(status(&house, &app, "ann").await, "CONFIRMED");
    let resend = json!({ "UserPoolId": app.pool, "Username": "ann", "MessageAction": "RESEND" });
    let refused = house.refused("AdminCreateUser", resend).await;
    let text = "Resend not possible. ann status is not FORCE_CHANGE_PASSWORD";
    assert_eq!(refused, ("UnsupportedUserStateException".into(), text.into()));
    admin(&house, &app, "AdminSetUserPassword", "ann", json!({ "Password": PASSWORD, "Permanent": false })).await;
    assert_eq!(status(&house, &app, "ann").await, "FORCE_CHANGE_PASSWORD");
    admin(&house, &app, "AdminSetUserPassword", "ann", json!({ "Password": PASSWORD, "Permanent": true })).await;
    assert_eq!(status(&house, &app, "ann").await, "CONFIRMED");
}

#[tokio::test]
async fn a_user_told_to_reset_does_so() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    sign_up(&house, &app, "ann", "ann@example.com").await;
    let refused = refused_admin(&house, &app, "AdminResetUserPassword", "ann").await;
    assert_eq!(refused, denied("User password cannot be reset in the current state."));
    confirm(&house, &app, "ann", "ann@example.com").await;
    admin(&house, &app, "AdminResetUserPassword", "ann", json!({})).await;
    assert_eq!(status(&house, &app, "ann").await, "RESET_REQUIRED");
    let refused = try_password(&house, &app, "ann", PASSWORD).await.error();
    assert_eq!(refused, ("PasswordResetRequiredException".into(), "Password reset required for the user".into()));
    let code = newest(&house, "ann@example.com").await;
    let reset = json!({ "ClientId": app.client, "Username": "ann", "ConfirmationCode": code, "Password": OTHER_PASSWORD });
    assert_eq!(house.ok("ConfirmForgotPassword", reset).await, json!({}));
    assert_eq!(status(&house, &app, "ann").await, "CONFIRMED");
    assert_eq!(try_password(&house, &app, "ann", OTHER_PASSWORD).await.status, 200);
}

#[tokio::test]
async fn disabling_is_apart_from_the_status_and_stops_everything() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    sign_up(&house, &app, "ann", "ann@example.com").await;
    confirm(&house, &app, "ann", "ann@example.com").await;
    for _ in 0..2 {
        admin(&house, &app, "AdminDisableUser", "ann", json!({})).await;
    }
    let user = shown(&house, &app, "ann").await;
    assert_eq!((user["Enabled"].as_bool(), user["UserStatus"].as_str()), (Some(false), Some("CONFIRMED")));
    assert_eq!(house.refused("InitiateAuth", password_input(&app, "ann", PASSWORD)).await, denied("User is disabled."));
    let named = json!({ "ClientId": app.client, "Username": "ann" });
    assert_eq!(house.refused("ForgotPassword", named).await, denied("User is disabled."));
    assert_eq!(refused_admin(&house, &app, "AdminResetUserPassword", "ann").await, denied("User is disabled"));
    for _ in 0..2 {
        admin(&house, &app, "AdminEnableUser", "ann", json!({})).await;
    }
    assert_eq!(try_password(&house, &app, "ann", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn operations_on_nobody_say_so() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    let nobody = |message: &str| ("UserNotFoundException".to_owned(), message.to_owned());
    let table: [(&str, Value); 9] = [
        ("AdminGetUser", json!({})),
        ("AdminDeleteUser", json!({})),
        ("AdminDisableUser", json!({})),
        ("AdminEnableUser", json!({})),
        ("AdminConfirmSignUp", json!({})),
        ("AdminResetUserPassword", json!({})),
        ("AdminUserGlobalSignOut", json!({})),
        ("AdminSetUserPassword", json!({ "Password": PASSWORD })),
        ("AdminUpdateUserAttributes", json!({ "UserAttributes": [] })),
    ];
    for (operation, more) in table {
        let mut input = json!({ "UserPoolId": app.pool, "Username": "nobody" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(house.refused(operation, input).await, nobody("User does not exist."), "{operation}");
    }
    for (operation, more) in [
        ("ForgotPassword", json!({})),
        ("ResendConfirmationCode", json!({})),
        ("ConfirmSignUp", json!({ "ConfirmationCode": "123456" })),
        ("ConfirmForgotPassword", json!({ "ConfirmationCode": "123456", "Password": PASSWORD })),
    ] {
        let mut input = json!({ "ClientId": app.client, "Username": "nobody" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(house.refused(operation, input).await, nobody("Username/client id combination not found."), "{operation}");
    }
    assert_eq!(house.refused("InitiateAuth", password_input(&app, "nobody", PASSWORD)).await, nobody("User does not exist."));
}
