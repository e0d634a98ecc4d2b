//! Administration of users against a real store.
use poolhouse_store::tables::users as table;
use poolhouse_wire::types::{
    AliasAttributeType, AttributeDataType, SchemaAttributeType, UserAttributeUpdateSettingsType, UserPoolType,
    UsernameAttributeType, UsernameConfigurationType, VerifiedAttributeType,
};
use serde_json::{Value, json};

use crate::pools::schema;
use crate::testing::World;

const EMAIL: &str = "ann@example.com";

async fn by_email() -> (World, String) {
    let world = World::new().await;
    let pool = world
        .pool(UserPoolType {
            username_attributes: Some(vec![UsernameAttributeType::Email]),
            auto_verified_attributes: Some(vec![VerifiedAttributeType::Email]),
            username_configuration: Some(UsernameConfigurationType { case_sensitive: false }),
            ..Default::default()
        })
        .await;
    (world, pool)
}

async fn with_alias() -> (World, String) {
    let world = World::new().await;
    let pool = world
        .pool(UserPoolType {
            alias_attributes: Some(vec![AliasAttributeType::Email, AliasAttributeType::PreferredUsername]),
            ..Default::default()
        })
        .await;
    (world, pool)
}

fn attributes(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
}

fn user(pool: &str, name: &str) -> Value {
    json!({ "UserPoolId": pool, "Username": name })
}

fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

fn value_of<'a>(list: &'a Value, name: &str) -> Option<&'a str> {
    list.as_array()?.iter().find(|a| a["Name"] == name)?["Value"].as_str()
}

#[tokio::test]
async fn the_articles_user_is_made_shown_and_confirmed() {
    let (world, pool) = by_email().await;
    let given = attributes(&[("email", EMAIL), ("email_verified", "True")]);
    let made = world
        .ok("AdminCreateUser", with(user(&pool, EMAIL), json!({ "UserAttributes": given, "MessageAction": "SUPPRESS" })))
        .await;
    assert_eq!(made["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let sub = value_of(&made["User"]["Attributes"], "sub").unwrap().to_owned();
    assert_eq!(made["User"]["Username"], sub);
    assert!(world.inbox(EMAIL).await.is_empty());
    assert_eq!(
        world.refused("AdminConfirmSignUp", user(&pool, EMAIL)).await,
        "NotAuthorizedException: User cannot be confirmed. Current status is FORCE_CHANGE_PASSWORD"
    );
    for name in [EMAIL, " ANN@example.COM", &sub] {
        let shown = world.ok("AdminGetUser", user(&pool, name)).await;
        assert_eq!(shown["Username"], sub, "{name}");
        assert_eq!(value_of(&shown["UserAttributes"], "email_verified"), Some("true"));
        assert_eq!(shown["Enabled"], true);
    }
    let output =
        world.ok("AdminSetUserPassword", with(user(&pool, EMAIL), json!({ "Password": "Passw0rd!", "Permanent": true }))).await;
    assert_eq!(output, json!({}));
    assert_eq!(world.ok("AdminGetUser", user(&pool, EMAIL)).await["UserStatus"], "CONFIRMED");
    assert_eq!(
        world.refused("AdminGetUser", user(&pool, "bob@example.com")).await,
        "UserNotFoundException: User does not exist."
    );
    assert_eq!(
        world.refused("AdminGetUser", user("eu-west-1_doesnotex", EMAIL)).await,
        "ResourceNotFoundException: User pool eu-west-1_doesnotex does not exist."
    );
}

#[tokio::test]
async fn invitations_carry_a_password_that_meets_the_policy_and_are_sent_again_only_while_unused() {
    let (world, pool) = by_email().await;
    world.ok("AdminCreateUser", user(&pool, EMAIL)).await;
    let first = world.inbox(EMAIL).await.remove(0);
    let password = first.code.unwrap();
    assert_eq!(first.subject.as_deref(), Some("Your temporary password"));
    assert!(first.body.contains(EMAIL));
    crate::pools::password_policy::check(
        &crate::pools::password_policy::default(),
        &password,
        crate::pools::password_policy::Wording::AdminCreate,
    )
    .unwrap();
    world.advance_ms(1000);
    world
        .ok(
            "AdminCreateUser",
            with(user(&pool, EMAIL), json!({ "MessageAction": "RESEND", "DesiredDeliveryMediums": ["EMAIL"] })),
        )
        .await;
    let messages = world.inbox(EMAIL).await;
    assert_eq!(messages.len(), 2);
    assert_ne!(messages[0].code.as_deref(), Some(password.as_str()));
    let sub = world.ok("AdminGetUser", user(&pool, EMAIL)).await["Username"].as_str().unwrap().to_owned();
    world.ok("AdminSetUserPassword", with(user(&pool, EMAIL), json!({ "Password": "Passw0rd!", "Permanent": true }))).await;
    assert_eq!(
        world.refused("AdminCreateUser", with(user(&pool, EMAIL), json!({ "MessageAction": "RESEND" }))).await,
        format!("UnsupportedUserStateException: Resend not possible. {sub} status is not FORCE_CHANGE_PASSWORD")
    );
    assert_eq!(
        world.refused("AdminCreateUser", with(user(&pool, "bob@example.com"), json!({ "MessageAction": "RESEND" }))).await,
        "UserNotFoundException: User does not exist."
    );
}

#[tokio::test]
async fn users_that_cannot_be_made_are_refused_in_cognitos_words() {
    let (world, pool) = by_email().await;
    let create = |more: Value| with(user(&pool, EMAIL), more);
    for (input, expected) in [
        (with(user(&pool, "ann"), json!({})), "InvalidParameterException: Username should be an email."),
        (
            create(json!({ "TemporaryPassword": "short" })),
            "InvalidPasswordException: Password did not conform with password policy: Password not long enough",
        ),
        (
            create(json!({ "UserAttributes": attributes(&[("custom:x", "1")]) })),
            "InvalidParameterException: Attributes did not conform to the schema: custom:x: Attribute does not exist in the schema.",
        ),
        (
            create(json!({ "UserAttributes": attributes(&[("phone_number", "12")]) })),
            "InvalidParameterException: Invalid phone number format.",
        ),
        (
            create(json!({ "UserAttributes": attributes(&[("sub", "1")]) })),
            "NotAuthorizedException: Cannot modify the non-mutable attribute sub",
        ),
        (
            create(json!({ "DesiredDeliveryMediums": ["SMS"] })),
            "InvalidParameterException: User does not have a phone number to send SMS",
        ),
    ] {
        assert_eq!(world.refused("AdminCreateUser", input).await, expected);
    }
    world.ok("AdminCreateUser", create(json!({ "MessageAction": "SUPPRESS" }))).await;
    assert_eq!(
        world.refused("AdminCreateUser", with(user(&pool, "Ann@Example.com"), json!({}))).await,
        "UsernameExistsException: An account with the given email already exists."
    );
    let (world, pool) = with_alias().await;
    world.ok("AdminCreateUser", user(&pool, "ann")).await;
    assert_eq!(
        world.refused("AdminCreateUser", user(&pool, "ann")).await,
        "UsernameExistsException: User account already exists"
    );
    assert_eq!(
        world.refused("AdminCreateUser", user(&pool, EMAIL)).await,
        "InvalidParameterException: Username cannot be of email format, since user pool is configured for email alias."
    );
}

#[tokio::test]
async fn sec_089_an_alias_has_one_owner_and_moves_only_by_force() {
    let (world, pool) = with_alias().await;
    let verified =
        json!({ "MessageAction": "SUPPRESS", "UserAttributes": attributes(&[("email", EMAIL), ("email_verified", "true")]) });
    let unverified = json!({ "MessageAction": "SUPPRESS", "UserAttributes": attributes(&[("email", EMAIL)]) });
    world.ok("AdminCreateUser", with(user(&pool, "zoe"), unverified)).await;
    assert_eq!(world.refused("AdminGetUser", user(&pool, EMAIL)).await, "UserNotFoundException: User does not exist.");
    world.ok("AdminCreateUser", with(user(&pool, "ann"), verified.clone())).await;
    assert_eq!(world.ok("AdminGetUser", user(&pool, EMAIL)).await["Username"], "ann");
    assert_eq!(
        world.refused("AdminCreateUser", with(user(&pool, "bob"), verified.clone())).await,
        "UsernameExistsException: An account with the given email already exists."
    );
    // A refused user leaves nothing behind.
    assert_eq!(world.refused("AdminGetUser", user(&pool, "bob")).await, "UserNotFoundException: User does not exist.");
    world.ok("AdminCreateUser", with(with(user(&pool, "bob"), verified), json!({ "ForceAliasCreation": true }))).await;
    assert_eq!(world.ok("AdminGetUser", user(&pool, EMAIL)).await["Username"], "bob");
    let ann = world.ok("AdminGetUser", user(&pool, "ann")).await;
    assert_eq!(value_of(&ann["UserAttributes"], "email"), Some(EMAIL));
    assert_eq!(value_of(&ann["UserAttributes"], "email_verified"), Some("false"));
    let claim = json!({ "UserAttributes": attributes(&[("email_verified", "true")]) });
    let claim = with(claim, json!({ "UserAttributes": attributes(&[("email", EMAIL), ("email_verified", "true")]) }));
    assert_eq!(
        world.refused("AdminUpdateUserAttributes", with(user(&pool, "ann"), claim)).await,
        "AliasExistsException: An account with the given email already exists."
    );
}

#[tokio::test]
async fn sec_089_a_forced_creation_that_is_refused_takes_nothing_away() {
    let (world, pool) = with_alias().await;
    let verified =
        json!({ "MessageAction": "SUPPRESS", "UserAttributes": attributes(&[("email", EMAIL), ("email_verified", "true")]) });
    world.ok("AdminCreateUser", with(user(&pool, "ann"), verified.clone())).await;
    world.ok("AdminCreateUser", user(&pool, "bob")).await;
    let forced = with(with(user(&pool, "bob"), verified), json!({ "ForceAliasCreation": true }));
    assert_eq!(world.refused("AdminCreateUser", forced).await, "UsernameExistsException: User account already exists");
    assert_eq!(world.ok("AdminGetUser", user(&pool, EMAIL)).await["Username"], "ann");
}

#[tokio::test]
async fn attributes_are_changed_and_deleted() {
    let world = World::new().await;
    let fixed = SchemaAttributeType {
        name: Some("fixed".into()),
        attribute_data_type: Some(AttributeDataType::String),
        mutable: Some(false),
        ..Default::default()
    };
    let email = SchemaAttributeType { name: Some("email".into()), required: Some(true), ..Default::default() };
    let pool = world
        .pool(UserPoolType { schema_attributes: Some(schema::for_new_pool(vec![fixed, email]).unwrap()), ..Default::default() })
        .await;
    let given = attributes(&[("email", EMAIL), ("custom:fixed", "a"), ("name", "Ann")]);
    world.ok("AdminCreateUser", with(user(&pool, "ann"), json!({ "UserAttributes": given, "MessageAction": "SUPPRESS" }))).await;
    let update = |pairs: &[(&str, &str)]| with(user(&pool, "ann"), json!({ "UserAttributes": attributes(pairs) }));
    let refused = |input: Value| world.refused("AdminUpdateUserAttributes", input);
    assert_eq!(
        refused(update(&[("custom:fixed", "b")])).await,
        "InvalidParameterException: user.custom:fixed: Attribute cannot be updated."
    );
    assert_eq!(
        refused(update(&[("custom:none", "b")])).await,
        "InvalidParameterException: user.custom:none: Attribute does not exist in the schema."
    );
    assert_eq!(refused(update(&[("email", "x")])).await, "InvalidParameterException: Invalid email address format.");
    world.ok("AdminUpdateUserAttributes", update(&[("name", ""), ("nickname", "A")])).await;
    let delete = |name: &str| with(user(&pool, "ann"), json!({ "UserAttributeNames": [name] }));
    assert_eq!(
        world.refused("AdminDeleteUserAttributes", delete("email")).await,
        "InvalidParameterException: Invalid user attributes: email: Required attribute cannot be deleted."
    );
    world.ok("AdminDeleteUserAttributes", delete("nickname")).await;
    let shown = world.ok("AdminGetUser", user(&pool, "ann")).await;
    assert_eq!((value_of(&shown["UserAttributes"], "name"), value_of(&shown["UserAttributes"], "nickname")), (None, None));
}

#[tokio::test]
async fn sec_091_a_new_address_is_proven_by_its_code_or_by_the_administrator() {
    let world = World::new().await;
    let email = || Some(vec![VerifiedAttributeType::Email]);
    let pool = world
        .pool(UserPoolType {
            auto_verified_attributes: email(),
            user_attribute_update_settings: Some(UserAttributeUpdateSettingsType {
                attributes_require_verification_before_update: email(),
            }),
            ..Default::default()
        })
        .await;
    let given = attributes(&[("email", EMAIL), ("email_verified", "true")]);
    world.ok("AdminCreateUser", with(user(&pool, "ann"), json!({ "UserAttributes": given, "MessageAction": "SUPPRESS" }))).await;
    let update = |pairs: &[(&str, &str)]| with(user(&pool, "ann"), json!({ "UserAttributes": attributes(pairs) }));
    world.ok("AdminUpdateUserAttributes", update(&[("email", "new@example.com")])).await;
    let shown = world.ok("AdminGetUser", user(&pool, "ann")).await;
    assert_eq!(value_of(&shown["UserAttributes"], "email"), Some(EMAIL));
    let message = world.inbox("new@example.com").await.remove(0);
    assert_eq!((message.kind.as_str(), message.code.unwrap().len()), ("UpdateUserAttribute", 6));
    world.ok("AdminUpdateUserAttributes", update(&[("email", "boss@example.com"), ("email_verified", "true")])).await;
    let shown = world.ok("AdminGetUser", user(&pool, "ann")).await;
    assert_eq!(value_of(&shown["UserAttributes"], "email"), Some("boss@example.com"));
    assert!(world.inbox("boss@example.com").await.is_empty());
}

#[tokio::test]
async fn a_reset_sends_a_code_to_a_proven_address_only() {
    let (world, pool) = by_email().await;
    world.ok("AdminCreateUser", with(user(&pool, EMAIL), json!({ "MessageAction": "SUPPRESS" }))).await;
    let reset = || world.refused("AdminResetUserPassword", user(&pool, EMAIL));
    assert_eq!(reset().await, "NotAuthorizedException: User password cannot be reset in the current state.");
    world.ok("AdminSetUserPassword", with(user(&pool, EMAIL), json!({ "Password": "Passw0rd!", "Permanent": true }))).await;
    assert_eq!(
        reset().await,
        "InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number"
    );
    let proven = json!({ "UserAttributes": attributes(&[("email_verified", "true")]) });
    world.ok("AdminUpdateUserAttributes", with(user(&pool, EMAIL), proven)).await;
    world.ok("AdminDisableUser", user(&pool, EMAIL)).await;
    assert_eq!(reset().await, "NotAuthorizedException: User is disabled");
    world.ok("AdminEnableUser", user(&pool, EMAIL)).await;
    assert_eq!(world.ok("AdminResetUserPassword", user(&pool, EMAIL)).await, json!({}));
    assert_eq!(world.ok("AdminGetUser", user(&pool, EMAIL)).await["UserStatus"], "RESET_REQUIRED");
    assert_eq!(world.inbox(EMAIL).await.len(), 1);
}

#[tokio::test]
async fn sec_100_a_deleted_user_comes_back_as_another() {
    let (world, pool) = with_alias().await;
    let made = world.ok("AdminCreateUser", user(&pool, "ann")).await;
    let old = value_of(&made["User"]["Attributes"], "sub").unwrap().to_owned();
    world.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await;
    world.ok("AdminAddUserToGroup", with(user(&pool, "ann"), json!({ "GroupName": "staff" }))).await;
    assert_eq!(world.ok("AdminDeleteUser", user(&pool, "ann")).await, Value::Null);
    assert_eq!(world.refused("AdminDeleteUser", user(&pool, "ann")).await, "UserNotFoundException: User does not exist.");
    let made = world.ok("AdminCreateUser", user(&pool, "ann")).await;
    assert_ne!(value_of(&made["User"]["Attributes"], "sub"), Some(old.as_str()));
    assert_eq!(world.ok("AdminListGroupsForUser", user(&pool, "ann")).await["Groups"], json!([]));
}

#[tokio::test]
async fn a_user_is_disabled_enabled_and_signed_out() {
    let (world, pool) = with_alias().await;
    world.ok("AdminCreateUser", user(&pool, "ann")).await;
    for (operation, enabled) in [("AdminDisableUser", false), ("AdminDisableUser", false), ("AdminEnableUser", true)] {
        assert_eq!(world.ok(operation, user(&pool, "ann")).await, json!({}));
        assert_eq!(world.ok("AdminGetUser", user(&pool, "ann")).await["Enabled"], enabled);
    }
    world.advance_ms(5000);
    assert_eq!(world.ok("AdminUserGlobalSignOut", user(&pool, "ann")).await, json!({}));
    let mut reader = world.engine.store.reader().await.unwrap();
    let row = table::by_sign_in_name(&mut reader, &pool, "ann").await.unwrap().unwrap();
    assert_eq!(row.signed_out_at, crate::testing::START + 5000);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let (world, pool) = with_alias().await;
    for n in 0..7 {
        let given = attributes(&[("given_name", if n < 5 { "Jon" } else { "Joan" }), ("name", &format!("n{n}"))]);
        world.ok("AdminCreateUser", with(user(&pool, &format!("user{n}")), json!({ "UserAttributes": given }))).await;
    }
    world.ok("AdminDisableUser", user(&pool, "user3")).await;
    let list = |more: Value| with(json!({ "UserPoolId": pool }), more);
    for (filter, count) in [
        ("", 7),
        ("given_name = \"Jon\"", 5),
        ("given_name ^= \"Jo\"", 7),
        ("given_name ^= \"Joa\"", 2),
        ("username = \"user1\"", 1),
        ("status = \"Disabled\"", 1),
        ("cognito:user_status = \"force_change_password\"", 7),
        ("email = \"x' OR '1'='1\"", 0),
        ("name ^= \"%\"", 0),
    ] {
        let mut names = std::collections::BTreeSet::new();
        let mut token = Value::Null;
        loop {
            let mut input = list(json!({ "Filter": filter, "Limit": 2 }));
            if !token.is_null() {
                input["PaginationToken"] = token;
            }
            let page = world.ok("ListUsers", input).await;
            names.extend(page["Users"].as_array().unwrap().iter().map(|u| u["Username"].as_str().unwrap().to_owned()));
            token = page["PaginationToken"].clone();
            if token.is_null() {
                break;
            }
        }
        assert_eq!(names.len(), count, "{filter}");
    }
    let page = world.ok("ListUsers", list(json!({ "AttributesToGet": ["name"], "Limit": 1 }))).await;
    assert_eq!(page["Users"][0]["Attributes"].as_array().unwrap().len(), 1);
    assert_eq!(
        world.refused("ListUsers", list(json!({ "AttributesToGet": ["custom:none"] }))).await,
        "InvalidParameterException: Invalid attribute to get: custom:none"
    );
}

#[tokio::test]
async fn sec_113_page_tokens_belong_to_one_list_and_die() {
    let (world, pool) = with_alias().await;
    let (_, other) = (0, world.pool(UserPoolType::default()).await);
    for n in 0..3 {
        world.ok("AdminCreateUser", user(&pool, &format!("user{n}"))).await;
    }
    let list = |pool: &str, more: Value| with(json!({ "UserPoolId": pool }), more);
    let page = world.ok("ListUsers", list(&pool, json!({ "Limit": 1 }))).await;
    let token = page["PaginationToken"].as_str().unwrap().to_owned();
    world.ok("ListUsers", list(&pool, json!({ "PaginationToken": token }))).await;
    let refused = |input: Value| world.refused("ListUsers", input);
    let invalid = "InvalidParameterException: Invalid pagination token provided.";
    assert_eq!(refused(list(&other, json!({ "PaginationToken": token }))).await, invalid);
    assert_eq!(refused(list(&pool, json!({ "PaginationToken": token, "Filter": "name = \"a\"" }))).await, invalid);
    assert_eq!(refused(list(&pool, json!({ "PaginationToken": "AAAA" }))).await, invalid);
    let groups = json!({ "UserPoolId": pool, "NextToken": token });
    assert_eq!(world.refused("ListGroups", groups).await, invalid);
    let flipped: String = token.chars().rev().collect();
    assert_eq!(refused(list(&pool, json!({ "PaginationToken": flipped }))).await, invalid);
    world.advance_ms(3_600_001);
    assert_eq!(refused(list(&pool, json!({ "PaginationToken": token }))).await, invalid);
}

/// A pool with a client that signs in by password, and a confirmed user with a proven address.
async fn signing_in() -> (World, String, String) {
    let world = World::new().await;
    let made = world.ok("CreateUserPool", json!({ "PoolName": "test" })).await;
    let pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
    let client = json!({ "UserPoolId": pool, "ClientName": "app", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] });
    let made = world.ok("CreateUserPoolClient", client).await;
    let client = made["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
    confirmed(&world, &pool).await;
    (world, pool, client)
}

async fn confirmed(world: &World, pool: &str) {
    let given = attributes(&[("email", EMAIL), ("email_verified", "true")]);
    world.ok("AdminCreateUser", with(user(pool, "ann"), json!({ "UserAttributes": given, "MessageAction": "SUPPRESS" }))).await;
    world.ok("AdminSetUserPassword", with(user(pool, "ann"), json!({ "Password": "Passw0rd!", "Permanent": true }))).await;
}

fn sign_in(client: &str, password: &str) -> Value {
    json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": "ann", "PASSWORD": password } })
}

fn refresh(client: &str, signed_in: &Value) -> Value {
    let token = &signed_in["AuthenticationResult"]["RefreshToken"];
    json!({ "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": token } })
}

#[tokio::test]
async fn sec_100_tokens_of_a_deleted_user_are_of_no_use_to_the_next_of_that_name() {
    let (world, pool, client) = signing_in().await;
    let signed_in = world.ok("InitiateAuth", sign_in(&client, "Passw0rd!")).await;
    world.ok("InitiateAuth", refresh(&client, &signed_in)).await;
    world.ok("AdminDeleteUser", user(&pool, "ann")).await;
    confirmed(&world, &pool).await;
    let refused = world.refused("InitiateAuth", refresh(&client, &signed_in)).await;
    assert!(refused.starts_with("NotAuthorizedException"), "{refused}");
}

#[tokio::test]
async fn sessions_end_with_disable_sign_out_and_reset() {
    let (world, pool, client) = signing_in().await;
    for operation in ["AdminDisableUser", "AdminUserGlobalSignOut", "AdminResetUserPassword"] {
        let signed_in = world.ok("InitiateAuth", sign_in(&client, "Passw0rd!")).await;
        world.ok(operation, user(&pool, "ann")).await;
        let refused = world.refused("InitiateAuth", refresh(&client, &signed_in)).await;
        assert_eq!(refused, "NotAuthorizedException: Refresh Token has been revoked", "{operation}");
        world.ok("AdminEnableUser", user(&pool, "ann")).await;
        world.refused("InitiateAuth", refresh(&client, &signed_in)).await;
        world.advance_ms(1000);
    }
    assert_eq!(
        world.refused("InitiateAuth", sign_in(&client, "Passw0rd!")).await,
        "PasswordResetRequiredException: Password reset required for the user"
    );
}

#[tokio::test]
async fn sec_078_a_lock_out_stops_passwords_and_nothing_else() {
    let (world, _, client) = signing_in().await;
    let signed_in = world.ok("InitiateAuth", sign_in(&client, "Passw0rd!")).await;
    for _ in 0..5 {
        assert_eq!(
            world.refused("InitiateAuth", sign_in(&client, "wrong")).await,
            "NotAuthorizedException: Incorrect username or password."
        );
    }
    assert_eq!(
        world.refused("InitiateAuth", sign_in(&client, "Passw0rd!")).await,
        "NotAuthorizedException: Password attempts exceeded"
    );
    world.ok("InitiateAuth", refresh(&client, &signed_in)).await;
    world.ok("ForgotPassword", json!({ "ClientId": client, "Username": "ann" })).await;
    world.advance_ms(1000);
    world.ok("InitiateAuth", sign_in(&client, "Passw0rd!")).await;
}

#[tokio::test]
async fn sec_088_a_reset_code_dies_when_an_administrator_sets_the_password() {
    let (world, pool, client) = signing_in().await;
    world.ok("ForgotPassword", json!({ "ClientId": client, "Username": "ann" })).await;
    let code = world.inbox(EMAIL).await.remove(0).code.unwrap();
    world.ok("AdminSetUserPassword", with(user(&pool, "ann"), json!({ "Password": "Other0ne!", "Permanent": true }))).await;
    let answer = json!({ "ClientId": client, "Username": "ann", "ConfirmationCode": code, "Password": "Attack3r!" });
    assert_eq!(
        world.refused("ConfirmForgotPassword", answer).await,
        "ExpiredCodeException: Invalid code provided, please request a code again."
    );
    world.ok("InitiateAuth", sign_in(&client, "Other0ne!")).await;
}

#[tokio::test]
async fn sec_095_a_temporary_password_expires_and_leads_to_a_new_one_only() {
    let (world, pool, client) = signing_in().await;
    world.ok("AdminSetUserPassword", with(user(&pool, "ann"), json!({ "Password": "Temp0rary!" }))).await;
    let asked = world.ok("InitiateAuth", sign_in(&client, "Temp0rary!")).await;
    assert_eq!(asked["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert!(asked.get("AuthenticationResult").is_none());
    world.advance_ms(7 * 24 * 60 * 60 * 1000);
    assert_eq!(
        world.refused("InitiateAuth", sign_in(&client, "Temp0rary!")).await,
        "NotAuthorizedException: Temporary password has expired and must be reset by an administrator."
    );
}
