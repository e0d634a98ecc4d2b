//! What users may say about themselves, and what only administrators may: checklist 92, 102, 117.
use poolhouse_engine::keys::entropy::{self, SeededEntropy};
use serde_json::{Value, json};

use super::{admin, attribute, by_name, confirmed, list, newest, shown, sign_up, signed_in, token};
use crate::both;
use crate::harness::{App, House, PASSWORD};

fn update(access: &str, pairs: &[(&str, &str)]) -> Value {
    json!({ "AccessToken": access, "UserAttributes": list(pairs) })
}

#[tokio::test]
async fn sec_092_nobody_vouches_for_their_own_address() {
    let house = House::start().await;
    let app = by_name(&house, json!({ "AliasAttributes": ["email"] })).await;
    for name in ["email_verified", "phone_number_verified"] {
        for value in ["true", "True", "1", "false"] {
            let attributes = list(&[("email", "ann@example.com"), ("phone_number", "+15550100"), (name, value)]);
            let input = json!({ "ClientId": app.client, "Username": "ann", "Password": PASSWORD, "UserAttributes": attributes });
            assert_eq!(house.refused("SignUp", input).await.0, "NotAuthorizedException", "{name}={value}");
        }
    }
    sign_up(&house, &app, "ann", "ann@example.com").await;
    assert_eq!(attribute(&shown(&house, &app, "ann").await, "email_verified").as_deref(), Some("false"));
    super::confirm(&house, &app, "ann", "ann@example.com").await;
    let access = token(&house, &app, "ann", PASSWORD).await;
    for name in ["email_verified", "phone_number_verified"] {
        let refused =
            house.refused("UpdateUserAttributes", update(&access, &[("email", "eve@example.com"), (name, "true")])).await;
        assert_eq!(refused, ("NotAuthorizedException".into(), "A client attempted to write unauthorized attribute".into()));
        let delete = json!({ "AccessToken": access, "UserAttributeNames": [name] });
        assert_eq!(house.refused("DeleteUserAttributes", delete).await.0, "NotAuthorizedException");
    }
    // A client may not even be allowed to.
    let input = json!({ "UserPoolId": app.pool, "ClientName": "x", "WriteAttributes": ["email", "email_verified"] });
    assert_eq!(house.api("CreateUserPoolClient", input).await.status, 400);
    // A code for another address of one's own does not prove this one.
    house.ok("UpdateUserAttributes", update(&access, &[("email", "second@example.com")])).await;
    let code = newest(&house, "second@example.com").await;
    house.ok("UpdateUserAttributes", update(&access, &[("email", "victim@example.com")])).await;
    let verify = json!({ "AccessToken": access, "AttributeName": "email", "Code": code });
    assert_ne!(house.api("VerifyUserAttribute", verify).await.status, 200);
    assert_eq!(attribute(&shown(&house, &app, "ann").await, "email_verified").as_deref(), Some("false"));
}

/// Names nobody may set, fixed ones and 200 made up from their parts.
fn forbidden_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "sub",
        "identities",
        "email_verified",
        "phone_number_verified",
        "custom:fixed",
        "custom:none",
        "dev:custom:none",
        "dev:name",
        "cognito:user_status",
        "cognito:username",
        "cognito:groups",
        "status",
        "enabled",
        "username",
        "password",
        "password_hash",
        "temporary_expires_at",
        "user_status",
        "UserStatus",
        "Sub",
        "SUB",
        " sub",
        "sub ",
        "EMAIL",
        "email\u{0}",
        "custom:",
        "dev:custom:fixed",
        "__proto__",
        "constructor",
        "signed_out_at",
        "version",
        "pool_id",
    ]
    .map(str::to_owned)
    .to_vec();
    let random = SeededEntropy::new(102);
    let parts =
        ["sub", "cognito:", "custom:", "dev:", "identities", "email", "_verified", "status", "mfa", ":", "x", "groups", "name"];
    for _ in 0..200 {
        let digits = entropy::digits(&random, 6);
        let name: String = digits.bytes().take(3).map(|d| parts[usize::from(d - b'0') % parts.len()]).collect();
        names.push(format!("{name}{}", &digits[3..4]));
    }
    names
}

#[tokio::test]
async fn sec_102_only_writable_attributes_are_written() {
    let house = House::start().await;
    let schema = json!([{ "Name": "fixed", "AttributeDataType": "String", "Mutable": false }]);
    let app = by_name(&house, json!({ "Schema": schema })).await;
    confirmed(&house, &app, "ann", "ann@example.com").await;
    let access = token(&house, &app, "ann", PASSWORD).await;
    let before = shown(&house, &app, "ann").await;
    for (n, name) in forbidden_names().iter().enumerate() {
        let reply = house.api("UpdateUserAttributes", update(&access, &[("nickname", "x"), (name, "true")])).await;
        assert_eq!(reply.status, 400, "{name:?}: {reply:?}");
        let attributes = list(&[("email", "eve@example.com"), (name, "true")]);
        let input =
            json!({ "ClientId": app.client, "Username": format!("eve-{n}"), "Password": PASSWORD, "UserAttributes": attributes });
        let reply = house.api("SignUp", input).await;
        if name != "custom:fixed" {
            assert_eq!(reply.status, 400, "{name:?}: {reply:?}");
        }
    }
    assert_eq!(shown(&house, &app, "ann").await, before, "nothing changed, the allowed attribute of the same request neither");
    // Members of the request that are none of its shape do nothing.
    let mut input = update(&access, &[("nickname", "Nan")]);
    for member in ["Username", "UserStatus", "Enabled", "UserPoolId", "sub", "Groups"] {
        input[member] = "x".into();
    }
    house.ok("UpdateUserAttributes", input).await;
    let after = shown(&house, &app, "ann").await;
    assert_eq!((after["UserStatus"].as_str(), after["Username"].as_str()), (Some("CONFIRMED"), Some("ann")));
    assert_eq!(attribute(&after, "sub"), attribute(&before, "sub"));
}

/// The groups a token tells.
fn groups(token: &Value) -> Vec<String> {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&super::aliases::base64(&part)).unwrap();
    claims["cognito:groups"].as_array().into_iter().flatten().map(|group| group.as_str().unwrap().to_owned()).collect()
}

async fn refreshed(house: &House, app: &App, tokens: &Value) -> Value {
    let parameters = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
    let input = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": parameters });
    house.ok("InitiateAuth", input).await["AuthenticationResult"].clone()
}

both! {
    async fn sec_117_groups_are_given_by_administrators_and_read_at_each_issue(house: House) {
        let app = by_name(&house, json!({})).await;
        confirmed(&house, &app, "ann", "ann@example.com").await;
        house.ok("CreateGroup", json!({ "UserPoolId": app.pool, "GroupName": "staff" })).await;
        let tokens = signed_in(&house, &app, "ann", PASSWORD).await["AuthenticationResult"].clone();
        assert!(groups(&tokens["AccessToken"]).is_empty());
        let access = tokens["AccessToken"].as_str().unwrap();
        for name in ["cognito:groups", "groups", "custom:groups"] {
            assert_eq!(house.api("UpdateUserAttributes", update(access, &[(name, "staff")])).await.status, 400, "{name}");
        }
        // A user's token opens no administrator's door.
        let member = json!({ "UserPoolId": app.pool, "Username": "ann", "GroupName": "staff", "AccessToken": access });
        let reply = house.api_as(Some(&format!("Bearer {access}")), "AdminAddUserToGroup", &member).await;
        assert_ne!(reply.status, 200);
        admin(&house, &app, "AdminAddUserToGroup", "ann", json!({ "GroupName": "staff" })).await;
        let next = refreshed(&house, &app, &tokens).await;
        for token in ["AccessToken", "IdToken"] {
            assert_eq!(groups(&next[token]), ["staff"], "{token}");
        }
        admin(&house, &app, "AdminRemoveUserFromGroup", "ann", json!({ "GroupName": "staff" })).await;
        let next = refreshed(&house, &app, &tokens).await;
        for token in ["AccessToken", "IdToken"] {
            assert!(groups(&next[token]).is_empty(), "{token}");
        }
    }
}
