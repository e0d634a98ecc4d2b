//! GetUser, UpdateUserAttributes, DeleteUserAttributes, the codes that prove an address, GlobalSignOut, DeleteUser.
use poolhouse_engine::tokens::{self, Door, Grant};
use poolhouse_engine::{clients, users};
use poolhouse_wire::ErrorCode as E;
use serde_json::{Value, json};

use super::{HOUR, PASSWORD, Place, attribute, wrong};

const UNAUTHORIZED: &str = "A client attempted to write unauthorized attribute";

fn update(token: &str, attributes: &[(&str, &str)]) -> Value {
    let list: Vec<_> = attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    json!({ "AccessToken": token, "UserAttributes": list })
}

fn delete(token: &str, names: &[&str]) -> Value {
    json!({ "AccessToken": token, "UserAttributeNames": names })
}

fn verify(token: &str, code: &str) -> Value {
    json!({ "AccessToken": token, "AttributeName": "email", "Code": code })
}

fn keeps_original() -> Value {
    json!({ "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] } })
}

#[tokio::test]
async fn a_client_reads_and_writes_what_it_may() {
    let pool = json!({ "Schema": [{ "Name": "tier", "AttributeDataType": "String", "Mutable": false }] });
    let client = json!({ "ReadAttributes": ["email", "name"], "WriteAttributes": ["email", "name", "custom:tier"] });
    let place = Place::new(pool, client).await;
    let sub = place.confirmed("ann", "ann@example.com").await;
    let token = place.token("ann").await;
    let answer = place.world.ok("UpdateUserAttributes", update(&token, &[("name", "Ann")])).await;
    assert_eq!(answer, json!({ "CodeDeliveryDetailsList": [] }));
    let user = place.world.ok("GetUser", json!({ "AccessToken": token })).await;
    assert_eq!(user["Username"], "ann");
    assert_eq!(attribute(&user, "sub").as_deref(), Some(sub.as_str()));
    assert_eq!(attribute(&user, "name").as_deref(), Some("Ann"));
    assert_eq!(attribute(&user, "email_verified"), None, "not among ReadAttributes");
    assert!(user.get("UserMFASettingList").is_none() && user.get("PreferredMfaSetting").is_none());
    for name in ["nickname", "email_verified"] {
        let text =
            place.world.refused(E::NotAuthorizedException, "UpdateUserAttributes", update(&token, &[(name, "true")])).await;
        assert_eq!(text, UNAUTHORIZED, "{name} (checklist 92, 101)");
        let text = place.world.refused(E::NotAuthorizedException, "DeleteUserAttributes", delete(&token, &[name])).await;
        assert_eq!(text, UNAUTHORIZED, "{name} (checklist 101)");
    }
    let text = place.world.refused(E::NotAuthorizedException, "UpdateUserAttributes", update(&token, &[("sub", "x")])).await;
    assert_eq!(text, "Cannot modify the non-mutable attribute sub");
    let text = place
        .world
        .refused(E::InvalidParameterException, "UpdateUserAttributes", update(&token, &[("custom:tier", "gold")]))
        .await;
    assert_eq!(text, "user.custom:tier: Attribute cannot be updated.");
    let input = json!({ "AccessToken": token, "UserAttributes": [{ "Name": "name" }] });
    let text = place.world.refused(E::InvalidParameterException, "UpdateUserAttributes", input).await;
    assert_eq!(text, "Attribute value for name must not be null");
    place.world.ok("DeleteUserAttributes", delete(&token, &["name"])).await;
    assert_eq!(place.attribute(&token, "name").await, None);
}

#[tokio::test]
async fn sec_091_a_new_address_is_unverified_until_its_code_comes_back() {
    let place = Place::simple().await;
    place.confirmed("ann", "old@example.com").await;
    let token = place.token("ann").await;
    place.ok("ForgotPassword", json!({ "Username": "ann" })).await;
    let old_code = place.code("old@example.com").await;
    let answer = place.world.ok("UpdateUserAttributes", update(&token, &[("email", "new@example.com")])).await;
    assert_eq!(answer["CodeDeliveryDetailsList"][0]["Destination"], "n***@e***");
    assert_eq!(place.attribute(&token, "email_verified").await.as_deref(), Some("false"));
    // The code that went to the old address is void (checklist 82), the new one resets nothing yet.
    let reset = json!({ "Username": "ann", "ConfirmationCode": old_code, "Password": "Battery-Staple-2" });
    place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", reset).await;
    place.refused(E::InvalidParameterException, "ForgotPassword", json!({ "Username": "ann" })).await;
    let code = place.code("new@example.com").await;
    place.world.refused(E::CodeMismatchException, "VerifyUserAttribute", verify(&token, &wrong(&code))).await;
    place.world.ok("VerifyUserAttribute", verify(&token, &code)).await;
    assert_eq!(place.attribute(&token, "email_verified").await.as_deref(), Some("true"));
    place.world.refused(E::ExpiredCodeException, "VerifyUserAttribute", verify(&token, &code)).await;
}

#[tokio::test]
async fn sec_091_the_old_address_can_stay_until_the_new_one_is_proven() {
    let place = Place::new(keeps_original(), json!({})).await;
    place.confirmed("ann", "old@example.com").await;
    let token = place.token("ann").await;
    place.world.ok("UpdateUserAttributes", update(&token, &[("email", "new@example.com")])).await;
    assert_eq!(place.attribute(&token, "email").await.as_deref(), Some("old@example.com"));
    assert_eq!(place.attribute(&token, "email_verified").await.as_deref(), Some("true"));
    // Another code goes to the address that waits.
    let first = place.code("new@example.com").await;
    let input = json!({ "AccessToken": token, "AttributeName": "email" });
    let details = place.world.ok("GetUserAttributeVerificationCode", input).await;
    assert_eq!(details["CodeDeliveryDetails"]["Destination"], "n***@e***");
    place.world.refused(E::CodeMismatchException, "VerifyUserAttribute", verify(&token, &first)).await;
    let code = place.code("new@example.com").await;
    place.world.ok("VerifyUserAttribute", verify(&token, &code)).await;
    assert_eq!(place.attribute(&token, "email").await.as_deref(), Some("new@example.com"));
    assert_eq!(place.attribute(&token, "email_verified").await.as_deref(), Some("true"));
}

#[tokio::test]
async fn a_pending_change_can_be_taken_back() {
    let place = Place::new(keeps_original(), json!({})).await;
    place.confirmed("ann", "old@example.com").await;
    let token = place.token("ann").await;
    place.world.ok("UpdateUserAttributes", update(&token, &[("email", "new@example.com")])).await;
    let code = place.code("new@example.com").await;
    place.world.ok("UpdateUserAttributes", update(&token, &[("email", "old@example.com")])).await;
    place.world.refused(E::ExpiredCodeException, "VerifyUserAttribute", verify(&token, &code)).await;
    assert_eq!(place.attribute(&token, "email").await.as_deref(), Some("old@example.com"));
}

#[tokio::test]
async fn sec_089_an_alias_of_another_user_is_refused() {
    let place = Place::new(json!({ "AliasAttributes": ["email", "preferred_username"] }), json!({})).await;
    place.confirmed("ann", "ann@example.com").await;
    place.confirmed("bob", "bob@example.com").await;
    let (ann, bob) = (place.token("ann").await, place.token("bob").await);
    let taken = update(&bob, &[("email", "ann@example.com")]);
    let text = place.world.refused(E::AliasExistsException, "UpdateUserAttributes", taken).await;
    assert_eq!(text, "An account with the given email already exists.");
    place.world.ok("UpdateUserAttributes", update(&ann, &[("preferred_username", "boss")])).await;
    let taken = update(&bob, &[("preferred_username", "boss")]);
    place.world.refused(E::AliasExistsException, "UpdateUserAttributes", taken).await;
    place.token("boss").await;
    // A changed alias signs in once it is proven, and two who wait for one address do not both get it.
    place.world.ok("UpdateUserAttributes", update(&ann, &[("email", "new@example.com")])).await;
    let ann_code = place.code("new@example.com").await;
    place.world.ok("UpdateUserAttributes", update(&bob, &[("email", "new@example.com")])).await;
    let bob_code = place.code("new@example.com").await;
    place.sign_in_refused(E::UserNotFoundException, "new@example.com", PASSWORD).await;
    place.world.ok("VerifyUserAttribute", verify(&ann, &ann_code)).await;
    place.token("new@example.com").await;
    place.world.refused(E::AliasExistsException, "VerifyUserAttribute", verify(&bob, &bob_code)).await;
}

#[tokio::test]
async fn in_a_pool_of_addresses_a_new_address_signs_in_and_the_last_one_stays() {
    let settings = json!({ "UsernameAttributes": ["email", "phone_number"] });
    let place = Place::new(settings, json!({})).await;
    place.confirmed("ann@example.com", "ann@example.com").await;
    place.confirmed("bob@example.com", "bob@example.com").await;
    let token = place.token("ann@example.com").await;
    let taken = update(&token, &[("email", "bob@example.com")]);
    place.world.refused(E::AliasExistsException, "UpdateUserAttributes", taken).await;
    place.world.ok("UpdateUserAttributes", update(&token, &[("email", "anna@example.com")])).await;
    place.token("anna@example.com").await;
    place.sign_in_refused(E::UserNotFoundException, "ann@example.com", PASSWORD).await;
    let text = place.world.refused(E::InvalidParameterException, "DeleteUserAttributes", delete(&token, &["email"])).await;
    assert_eq!(text, "Invalid user attributes: email: Required attribute cannot be deleted.");
}

#[tokio::test]
async fn proving_has_limits() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    let token = place.token("ann").await;
    let ask = |name: &str| json!({ "AccessToken": token, "AttributeName": name });
    let text = place.world.refused(E::InvalidParameterException, "GetUserAttributeVerificationCode", ask("name")).await;
    assert_eq!(text, "Invalid attribute name. Only phone_number and email can be verified.");
    place.world.refused(E::ExpiredCodeException, "VerifyUserAttribute", verify(&token, "123456")).await;
    place.world.refused(E::InvalidParameterException, "GetUserAttributeVerificationCode", ask("phone_number")).await;
    for _ in 0..4 {
        place.world.ok("GetUserAttributeVerificationCode", ask("email")).await;
    }
    place.world.refused(E::LimitExceededException, "GetUserAttributeVerificationCode", ask("email")).await;
    for _ in 0..14 {
        let _ = place.world.call("VerifyUserAttribute", verify(&token, "000000")).await;
    }
    place.world.refused(E::LimitExceededException, "VerifyUserAttribute", verify(&token, "000000")).await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session() {
    let place = Place::simple().await;
    place.confirmed("ann", "ann@example.com").await;
    let (one, two) = (place.token("ann").await, place.sign_in("ann", PASSWORD).await);
    assert_eq!(place.world.ok("GlobalSignOut", json!({ "AccessToken": one })).await, json!({}));
    for token in [json!(one), two["AccessToken"].clone()] {
        let text = place.world.refused(E::NotAuthorizedException, "GetUser", json!({ "AccessToken": token })).await;
        assert_eq!(text, "Access Token has been revoked");
    }
    let parameters = json!({ "REFRESH_TOKEN": two["RefreshToken"] });
    let input = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters });
    place.refused(E::NotAuthorizedException, "InitiateAuth", input).await;
    place.pass(HOUR);
    place.token("ann").await;
}

#[tokio::test]
async fn sec_100_who_is_deleted_is_gone_and_the_name_makes_somebody_new() {
    let place = Place::simple().await;
    let old = place.confirmed("ann", "ann@example.com").await;
    let tokens = place.sign_in("ann", PASSWORD).await;
    let token = tokens["AccessToken"].as_str().unwrap();
    place.ok("ForgotPassword", json!({ "Username": "ann" })).await;
    let code = place.code("ann@example.com").await;
    assert_eq!(place.world.ok("DeleteUser", json!({ "AccessToken": token })).await, Value::Null);
    assert!(place.row(&old).await.is_none());
    place.world.refused(E::UserNotFoundException, "GetUser", json!({ "AccessToken": token })).await;
    place.world.refused(E::NotAuthorizedException, "GlobalSignOut", json!({ "AccessToken": token })).await;
    let new = place.confirmed("ann", "ann@example.com").await;
    assert_ne!(old, new);
    place.world.refused(E::UserNotFoundException, "GetUser", json!({ "AccessToken": token })).await;
    let parameters = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
    let input = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters });
    place.refused(E::NotAuthorizedException, "InitiateAuth", input).await;
    let reset = json!({ "Username": "ann", "ConfirmationCode": code, "Password": "Battery-Staple-2" });
    place.refused(E::ExpiredCodeException, "ConfirmForgotPassword", reset).await;
}

#[tokio::test]
async fn sec_104_a_token_for_something_else_does_nothing_here() {
    let place = Place::simple().await;
    let sub = place.confirmed("ann", "ann@example.com").await;
    let ctx = place.world.ctx("us-east-1");
    let (pool, client) = clients::load(&ctx, &place.client).await.unwrap();
    let user = users::by_sub(&ctx, &pool, &sub).await.unwrap().unwrap();
    let grant = Grant {
        pool: &pool,
        client: &client,
        user: &user,
        scopes: vec!["openid".to_owned(), "email".to_owned()],
        auth_time: ctx.now / 1000,
        door: Door::Domain,
        nonce: None,
        resource: None,
    };
    let token = tokens::issue(&ctx, &grant).await.unwrap().access_token;
    for (operation, input) in [
        ("ChangePassword", json!({ "PreviousPassword": PASSWORD, "ProposedPassword": "Battery-Staple-2" })),
        ("GetUser", json!({})),
        ("UpdateUserAttributes", json!({ "UserAttributes": [{ "Name": "name", "Value": "x" }] })),
        ("DeleteUserAttributes", json!({ "UserAttributeNames": ["name"] })),
        ("GetUserAttributeVerificationCode", json!({ "AttributeName": "email" })),
        ("VerifyUserAttribute", json!({ "AttributeName": "email", "Code": "123456" })),
        ("DeleteUser", json!({})),
        ("GlobalSignOut", json!({})),
    ] {
        let mut input = input;
        input["AccessToken"] = token.clone().into();
        let text = place.world.refused(E::NotAuthorizedException, operation, input).await;
        assert_eq!(text, "Access Token does not have required scopes", "{operation}");
    }
    assert!(place.row(&sub).await.is_some());
}
