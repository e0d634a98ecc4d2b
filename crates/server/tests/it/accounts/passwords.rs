//! Passwords: none, weak, old. Checklist 87, 94, 96, 100.
use serde_json::{Value, json};

use super::codes::{challenged, invited};
use super::{INCORRECT, OTHER_PASSWORD, admin, by_name, confirmed, newest, signed_in, status, token, try_password};
use crate::both;
use crate::harness::{App, House, PASSWORD};

/// A confirmed user who has no password, as pools that sign in with one-time codes make them.
async fn without_password(house: &House) -> App {
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let app = by_name(house, json!({ "Policies": policies })).await;
    let attributes = super::list(&[("email", "ann@example.com"), ("email_verified", "true")]);
    admin(house, &app, "AdminCreateUser", "ann", json!({ "UserAttributes": attributes, "MessageAction": "SUPPRESS" })).await;
    assert_eq!(status(house, &app, "ann").await, "CONFIRMED");
    app
}

#[tokio::test]
async fn sec_087_who_has_no_password_is_let_in_by_none() {
    let house = House::start().await;
    let app = without_password(&house).await;
    for password in ["", " ", "null", "undefined", PASSWORD] {
        for (operation, flow) in [("InitiateAuth", "USER_PASSWORD_AUTH"), ("AdminInitiateAuth", "ADMIN_USER_PASSWORD_AUTH")] {
            let parameters = json!({ "USERNAME": "ann", "PASSWORD": password });
            let input = json!({ "UserPoolId": app.pool, "ClientId": app.client, "AuthFlow": flow, "AuthParameters": parameters });
            let (code, message) = house.refused(operation, input).await;
            let expected = if password.is_empty() {
                ("InvalidParameterException", "Missing required parameter PASSWORD")
            } else {
                ("NotAuthorizedException", INCORRECT)
            };
            assert_eq!((code.as_str(), message.as_str()), expected, "{operation} {password:?}");
            house.clock.advance_ms(20 * super::MINUTE_MS);
        }
    }
    for parameters in [json!({ "USERNAME": "ann" }), json!({ "USERNAME": "ann", "PASSWORD": null })] {
        let input = json!({ "ClientId": app.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        assert_eq!(house.api("InitiateAuth", input).await.status, 400);
    }
}

#[tokio::test]
async fn sec_094_a_pool_of_invited_users_takes_no_sign_up() {
    let house = House::start().await;
    let settings = json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } });
    let app = by_name(&house, settings).await;
    let input = json!({ "ClientId": app.client, "Username": "ann", "Password": PASSWORD });
    let refused = house.refused("SignUp", input).await;
    assert_eq!(refused, ("NotAuthorizedException".into(), "SignUp is not permitted for this user pool".into()));
    let listed = house.ok("ListUsers", json!({ "UserPoolId": app.pool })).await;
    assert_eq!(listed["Users"], json!([]));
    invited(&house, &app, "ann").await;
}

/// Each path by which a password is set, with the words of its refusal; the path is tried with this password.
async fn set_at(house: &House, app: &App, path: &str, n: usize, password: &str) -> (String, String) {
    let name = format!("{}-{n}", path.to_lowercase());
    let email = format!("{name}@example.com");
    let named = json!({ "ClientId": app.client, "Username": name, "UserPoolId": app.pool });
    let with = |more: Value| {
        let mut input = named.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    const STRONG: &str = "Correct-Horse-9-Battery";
    let set = json!({ "Password": STRONG, "Permanent": true });
    if !matches!(path, "SignUp" | "AdminCreateUser") {
        let attributes = super::list(&[("email", &email), ("email_verified", "true")]);
        let in_use = matches!(path, "AdminSetUserPassword" | "NEW_PASSWORD_REQUIRED");
        let temporary = if in_use { STRONG } else { "Temp0rary-Horse-9" };
        let more = json!({ "UserAttributes": attributes, "MessageAction": "SUPPRESS", "TemporaryPassword": temporary });
        admin(house, app, "AdminCreateUser", &name, more).await;
    }
    let (operation, input) = match path {
        "SignUp" => ("SignUp", with(json!({ "Password": password }))),
        "AdminCreateUser" => ("AdminCreateUser", with(json!({ "TemporaryPassword": password, "MessageAction": "SUPPRESS" }))),
        "AdminSetUserPassword" => {
            ("AdminSetUserPassword", with(json!({ "Password": password, "Permanent": n.is_multiple_of(2) })))
        }
        "ChangePassword" => {
            admin(house, app, "AdminSetUserPassword", &name, set).await;
            let access = token(house, app, &name, STRONG).await;
            ("ChangePassword", json!({ "AccessToken": access, "PreviousPassword": STRONG, "ProposedPassword": password }))
        }
        "ConfirmForgotPassword" => {
            admin(house, app, "AdminSetUserPassword", &name, set).await;
            house.ok("ForgotPassword", named.clone()).await;
            let code = newest(house, &email).await;
            ("ConfirmForgotPassword", with(json!({ "ConfirmationCode": code, "Password": password })))
        }
        _ => {
            let asked = signed_in(house, app, &name, STRONG).await;
            let responses = json!({ "USERNAME": name, "NEW_PASSWORD": password });
            let challenge =
                json!({ "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"], "ChallengeResponses": responses });
            ("RespondToAuthChallenge", with(challenge))
        }
    };
    let reply = house.api(operation, input).await;
    if reply.status == 200 { Default::default() } else { reply.error() }
}

const PATHS: [(&str, &str); 6] = [
    ("SignUp", "Password did not conform with policy"),
    ("AdminCreateUser", "Password did not conform with password policy"),
    ("AdminSetUserPassword", "Password does not conform to policy"),
    ("ChangePassword", "Password does not conform to policy"),
    ("ConfirmForgotPassword", "Password does not conform to policy"),
    ("NEW_PASSWORD_REQUIRED", "Password does not conform to policy"),
];

#[tokio::test]
async fn sec_096_every_path_to_a_password_asks_the_policy() {
    let house = House::start().await;
    let strict = json!({
        "MinimumLength": 10, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true, "RequireSymbols": true,
    });
    let app = by_name(&house, json!({ "Policies": { "PasswordPolicy": strict } })).await;
    let table = [
        ("Aa1-aaaaa", Some("Password not long enough")),
        ("aa1-aaaaaa", Some("Password must have uppercase characters")),
        ("AA1-AAAAAA", Some("Password must have lowercase characters")),
        ("Aaa-aaaaaa", Some("Password must have numeric characters")),
        ("Aa1aaaaaaa", Some("Password must have symbol characters")),
        ("Aa1-aaaaaa", None),
        ("Ää1-ßßßßßß", None),
    ];
    for (path, prefix) in PATHS {
        for (n, (password, rule)) in table.iter().enumerate() {
            let refused = set_at(&house, &app, path, n, password).await;
            let expected =
                rule.map(|rule| ("InvalidPasswordException".to_owned(), format!("{prefix}: {rule}"))).unwrap_or_default();
            assert_eq!(refused, expected, "{path} {password}");
        }
    }
}

#[tokio::test]
async fn sec_096_a_lenient_policy_allows_what_it_says_and_256_characters() {
    let house = House::start().await;
    let lenient = json!({
        "MinimumLength": 6, "RequireUppercase": false, "RequireLowercase": false, "RequireNumbers": false, "RequireSymbols": false,
    });
    let app = by_name(&house, json!({ "Policies": { "PasswordPolicy": lenient } })).await;
    let long = "a".repeat(256);
    for (path, _) in PATHS {
        for (n, password) in ["aaaaaa", long.as_str(), "pass word phrase"].iter().enumerate() {
            let refused = set_at(&house, &app, path, n, password).await;
            if !password.contains(' ') {
                assert_eq!(refused, Default::default(), "{path} {}", password.len());
            }
        }
        let too_short = set_at(&house, &app, path, 3, "aaaaa").await;
        assert_ne!(too_short, Default::default(), "{path}");
        let too_long = set_at(&house, &app, path, 4, &"a".repeat(257)).await;
        // Answers to challenges are not measured by the validator.
        let code = if path == "NEW_PASSWORD_REQUIRED" { "InvalidPasswordException" } else { "InvalidParameterException" };
        assert_eq!(too_long.0, code, "{path}");
    }
    // No truncation on the way: the 256 characters are all needed.
    confirmed_with(&house, &app, &long).await;
    let name = "long";
    assert_eq!(try_password(&house, &app, name, &long[..255]).await.status, 400);
    signed_in(&house, &app, name, &long).await;
}

async fn confirmed_with(house: &House, app: &App, password: &str) {
    let more = json!({ "UserAttributes": super::list(&[("email", "long@example.com")]), "MessageAction": "SUPPRESS" });
    admin(house, app, "AdminCreateUser", "long", more).await;
    admin(house, app, "AdminSetUserPassword", "long", json!({ "Password": password, "Permanent": true })).await;
}

#[tokio::test]
async fn sec_096_a_pool_that_remembers_refuses_the_password_in_use_at_every_path() {
    let house = House::start().await;
    let policy = json!({ "MinimumLength": 8, "PasswordHistorySize": 3 });
    let app = by_name(&house, json!({ "Policies": { "PasswordPolicy": policy } })).await;
    for path in ["AdminSetUserPassword", "ChangePassword", "ConfirmForgotPassword", "NEW_PASSWORD_REQUIRED"] {
        let refused = set_at(&house, &app, path, 0, "Correct-Horse-9-Battery").await;
        assert_eq!(
            refused,
            ("PasswordHistoryPolicyViolationException".into(), "Password has previously been used".into()),
            "{path}"
        );
        assert_eq!(set_at(&house, &app, path, 1, OTHER_PASSWORD).await, Default::default(), "{path}");
    }
}

both! {
    async fn sec_100_nothing_of_a_deleted_user_serves_the_next_of_that_name(house: House) {
        for by_themselves in [false, true] {
            let app = by_name(&house, json!({ "AliasAttributes": ["email", "preferred_username"] })).await;
            let first = confirmed(&house, &app, "ann", "ann@example.com").await;
            let named = json!({ "UserPoolId": app.pool, "GroupName": "staff" });
            house.ok("CreateGroup", named).await;
            admin(&house, &app, "AdminAddUserToGroup", "ann", json!({ "GroupName": "staff" })).await;
            let tokens = signed_in(&house, &app, "ann", PASSWORD).await["AuthenticationResult"].clone();
            house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": "ann" })).await;
            let code = newest(&house, "ann@example.com").await;
            for _ in 0..5 {
                try_password(&house, &app, "ann", "Wrong-Horse-1").await;
            }
            if by_themselves {
                house.ok("DeleteUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
            } else {
                admin_delete(&house, &app).await;
            }
            assert_eq!(house.refused("AdminGetUser", json!({ "UserPoolId": app.pool, "Username": "ann" })).await.0, "UserNotFoundException");
            let second = confirmed(&house, &app, "ann", "ann@example.com").await;
            assert_ne!(first, second);
            assert_ne!(house.api("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await.status, 200);
            let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } });
            assert_eq!(house.refused("InitiateAuth", refresh).await.0, "NotAuthorizedException");
            let reset = json!({ "ClientId": app.client, "Username": "ann", "ConfirmationCode": code, "Password": OTHER_PASSWORD });
            assert_eq!(house.refused("ConfirmForgotPassword", reset).await.0, "ExpiredCodeException");
            signed_in(&house, &app, "ann@example.com", PASSWORD).await;
            let groups = admin(&house, &app, "AdminListGroupsForUser", "ann", json!({})).await;
            assert_eq!(groups["Groups"], json!([]));
        }
    }
}

async fn admin_delete(house: &House, app: &App) {
    let reply = house.api("AdminDeleteUser", json!({ "UserPoolId": app.pool, "Username": "ann" })).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
}

#[tokio::test]
async fn sec_088_a_changed_password_voids_resets_and_sign_ins_under_way() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    confirmed(&house, &app, "ann", "ann@example.com").await;
    let access = token(&house, &app, "ann", PASSWORD).await;
    house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": "ann" })).await;
    let code = newest(&house, "ann@example.com").await;
    house
        .ok("ChangePassword", json!({ "AccessToken": access, "PreviousPassword": PASSWORD, "ProposedPassword": OTHER_PASSWORD }))
        .await;
    let reset = json!({ "ClientId": app.client, "Username": "ann", "ConfirmationCode": code, "Password": PASSWORD });
    assert_eq!(house.refused("ConfirmForgotPassword", reset).await.0, "ExpiredCodeException");
    house.ok("GetUser", json!({ "AccessToken": access })).await;
    assert_eq!(try_password(&house, &app, "ann", PASSWORD).await.status, 400);
    signed_in(&house, &app, "ann", OTHER_PASSWORD).await;
}

#[tokio::test]
async fn a_refused_new_password_leaves_the_session_open() {
    let house = House::start().await;
    let app = by_name(&house, json!({})).await;
    invited(&house, &app, "ann").await;
    let session = challenged(&house, &app, "ann").await;
    let mut weak = super::codes::new_password(&app, "ann", &session);
    weak["ChallengeResponses"]["NEW_PASSWORD"] = "weak".into();
    assert_eq!(house.refused("RespondToAuthChallenge", weak).await.0, "InvalidPasswordException");
    house.ok("RespondToAuthChallenge", super::codes::new_password(&app, "ann", &session)).await;
}
