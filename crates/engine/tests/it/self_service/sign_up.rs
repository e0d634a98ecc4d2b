//! SignUp, ConfirmSignUp, ResendConfirmationCode.
use std::sync::Arc;

use async_trait::async_trait;
use poolhouse_engine::account;
use poolhouse_engine::clients;
use poolhouse_engine::delivery::{Delivery, DeliveryFailed, Message};
use poolhouse_engine::keys::secret_hash;
use poolhouse_wire::ErrorCode as E;
use serde_json::json;

use super::{HOUR, PASSWORD, Place, hiding, merge, wrong};

const MISMATCH: &str = "Invalid verification code provided, please try again.";
const EXPIRED: &str = "Invalid code provided, please request a code again.";
const LIMIT: &str = "Attempt limit exceeded, please try after some time.";

#[tokio::test]
async fn signing_up_and_confirming() {
    let place = Place::simple().await;
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    let answer = place.ok("SignUp", json!({ "Username": "ann", "Password": PASSWORD, "UserAttributes": attributes })).await;
    assert_eq!(answer["UserConfirmed"], false);
    let delivery = json!({ "Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email" });
    assert_eq!(answer["CodeDeliveryDetails"], delivery);
    assert_eq!(place.sign_in_refused(E::UserNotConfirmedException, "ann", PASSWORD).await, "User is not confirmed.");

    let confirm = |code: String| json!({ "Username": "ann", "ConfirmationCode": code });
    let code = place.code("ann@example.com").await;
    assert_eq!(place.refused(E::CodeMismatchException, "ConfirmSignUp", confirm(wrong(&code))).await, MISMATCH);
    assert_eq!(place.ok("ConfirmSignUp", confirm(code.clone())).await, json!({}));
    let again = place.refused(E::NotAuthorizedException, "ConfirmSignUp", confirm(code)).await;
    assert_eq!(again, "User cannot be confirmed. Current status is CONFIRMED");
    let resend = place.refused(E::InvalidParameterException, "ResendConfirmationCode", json!({ "Username": "ann" })).await;
    assert_eq!(resend, "User is already confirmed.");

    let token = place.token("ann").await;
    assert_eq!(place.attribute(&token, "email_verified").await.as_deref(), Some("true"));
    assert_eq!(place.attribute(&token, "sub").await.as_deref(), answer["UserSub"].as_str());
}

#[tokio::test]
async fn what_sign_up_refuses() {
    let pool = json!({ "Schema": [{ "Name": "name", "Required": true }, { "Name": "role", "AttributeDataType": "String" }] });
    let place = Place::new(pool, json!({})).await;
    let sign_up = |username: &str, password: &str, attributes: &[(&str, &str)]| {
        let list: Vec<_> = attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        json!({ "Username": username, "Password": password, "UserAttributes": list })
    };
    let ann = [("name", "Ann")];
    place.ok("SignUp", sign_up("ann", PASSWORD, &ann)).await;
    let text = place.refused(E::UsernameExistsException, "SignUp", sign_up("ann", PASSWORD, &ann)).await;
    assert_eq!(text, "User already exists");
    let text = place.refused(E::InvalidPasswordException, "SignUp", sign_up("bob", "correct-horse-1", &ann)).await;
    assert_eq!(text, "Password did not conform with policy: Password must have uppercase characters");
    let text = place.refused(E::InvalidParameterException, "SignUp", sign_up("bob", PASSWORD, &[])).await;
    assert_eq!(text, "Attributes did not conform to the schema: name.formatted: The attribute name.formatted is required");
    let text = place.refused(E::InvalidParameterException, "SignUp", json!({ "Username": "bob" })).await;
    assert!(!text.is_empty());
    for name in ["email_verified", "sub", "identities", "custom:role", "dev:custom:role", "cognito:user_status"] {
        let input = sign_up("bob", PASSWORD, &[("name", "Bob"), (name, "true")]);
        let text = place.refused(E::NotAuthorizedException, "SignUp", input).await;
        assert_eq!(text, "A client attempted to write unauthorized attribute", "{name} (checklist 92, 101, 102, 103)");
    }
    let taken = place.row(&place.sign_up_sub("carol").await).await.unwrap();
    assert_eq!(taken.status, "UNCONFIRMED");
}

impl Place {
    async fn sign_up_sub(&self, username: &str) -> String {
        let attributes = json!([{ "Name": "name", "Value": username }]);
        let input = json!({ "Username": username, "Password": PASSWORD, "UserAttributes": attributes });
        self.ok("SignUp", input).await["UserSub"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn sec_094_a_pool_of_invited_users_takes_no_sign_up() {
    let place = Place::new(json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } }), json!({})).await;
    let text = place.refused(E::NotAuthorizedException, "SignUp", json!({ "Username": "ann", "Password": PASSWORD })).await;
    assert_eq!(text, "SignUp is not permitted for this user pool");
}

#[tokio::test]
async fn a_confidential_client_proves_itself_first() {
    let place = Place::simple().await;
    let client = place.world.client(&place.pool, json!({ "GenerateSecret": true })).await;
    let (id, secret) = (client["ClientId"].as_str().unwrap(), client["ClientSecret"].as_str().unwrap());
    let input = |hash: Option<&str>| {
        let mut input = json!({ "ClientId": id, "Username": "ann", "Password": PASSWORD });
        if let Some(hash) = hash {
            merge(&mut input, json!({ "SecretHash": hash }));
        }
        input
    };
    let text = place.world.refused(E::NotAuthorizedException, "SignUp", input(None)).await;
    assert_eq!(text, format!("Client {id} is configured with secret but SECRET_HASH was not received"));
    let text = place.world.refused(E::NotAuthorizedException, "SignUp", input(Some("bm8="))).await;
    assert_eq!(text, format!("Unable to verify secret hash for client {id}"));
    let hash = secret_hash::compute(secret, "ann", id);
    place.world.ok("SignUp", input(Some(&hash))).await;
    // The same refusal for a name nobody has: the hash is looked at before the user (checklist 71).
    for operation in ["ResendConfirmationCode", "ForgotPassword"] {
        let input = json!({ "ClientId": id, "Username": "nobody" });
        assert!(place.world.refused(E::NotAuthorizedException, operation, input).await.contains("SECRET_HASH"), "{operation}");
    }
}

#[tokio::test]
async fn an_address_can_be_the_user_name() {
    let place =
        Place::new(json!({ "UsernameAttributes": ["email"], "UsernameConfiguration": { "CaseSensitive": false } }), json!({}))
            .await;
    let sign_up = |name: &str| json!({ "Username": name, "Password": PASSWORD });
    let text = place.refused(E::InvalidParameterException, "SignUp", sign_up("ann")).await;
    assert_eq!(text, "Username should be an email.");
    let sub = place.ok("SignUp", sign_up("ann@example.com")).await["UserSub"].as_str().unwrap().to_owned();
    let text = place.refused(E::UsernameExistsException, "SignUp", sign_up("Ann@Example.com")).await;
    assert_eq!(text, "An account with the given email already exists.", "checklist 90");
    let code = place.code("ann@example.com").await;
    place.ok("ConfirmSignUp", json!({ "Username": "ANN@example.com", "ConfirmationCode": code })).await;
    let user = place.world.ok("GetUser", json!({ "AccessToken": place.token("ann@example.com").await })).await;
    assert_eq!(user["Username"], sub);
    assert_eq!(super::attribute(&user, "email").as_deref(), Some("ann@example.com"));
}

#[tokio::test]
async fn sec_089_an_alias_belongs_to_one_user_and_moves_only_by_force() {
    let place = Place::new(json!({ "AliasAttributes": ["email"] }), json!({})).await;
    let email = "shared@example.com";
    let first = place.confirmed("ann", email).await;
    let second = place.sign_up("bob", email).await;
    let code = place.code(email).await;
    let confirm = |force: bool| json!({ "Username": "bob", "ConfirmationCode": code, "ForceAliasCreation": force });
    let text = place.refused(E::AliasExistsException, "ConfirmSignUp", confirm(false)).await;
    assert_eq!(text, "An account with the email already exists.");
    assert_eq!(place.row(&second).await.unwrap().status, "UNCONFIRMED");
    // The refusal left the code alive.
    place.ok("ConfirmSignUp", confirm(true)).await;
    assert!(place.row(&first).await.unwrap().attributes.contains("\"email_verified\":\"false\""));
    let user = place.world.ok("GetUser", json!({ "AccessToken": place.token(email).await })).await;
    assert_eq!(user["Username"], "bob");
    place.token("ann").await;
    let text =
        place.refused(E::InvalidParameterException, "SignUp", json!({ "Username": "x@example.com", "Password": PASSWORD })).await;
    assert_eq!(text, "Username cannot be of email format, since user pool is configured for email alias.");
}

#[tokio::test]
async fn preferred_user_names_are_for_confirmed_users() {
    let place = Place::new(json!({ "AliasAttributes": ["preferred_username"] }), json!({})).await;
    let attributes = json!([{ "Name": "preferred_username", "Value": "boss" }]);
    let input = json!({ "Username": "ann", "Password": PASSWORD, "UserAttributes": attributes });
    place.refused(E::InvalidParameterException, "SignUp", input).await;
}

#[tokio::test]
async fn sec_079_a_code_survives_four_wrong_tries_and_not_five() {
    let place = Place::simple().await;
    for (name, wrong_tries) in [("ann", 4), ("bob", 5)] {
        let email = format!("{name}@example.com");
        place.sign_up(name, &email).await;
        let code = place.code(&email).await;
        let confirm = |code: String| json!({ "Username": name, "ConfirmationCode": code });
        for _ in 0..wrong_tries {
            place.refused(E::CodeMismatchException, "ConfirmSignUp", confirm(wrong(&code))).await;
        }
        if wrong_tries < 5 {
            place.ok("ConfirmSignUp", confirm(code)).await;
        } else {
            assert_eq!(place.refused(E::ExpiredCodeException, "ConfirmSignUp", confirm(code)).await, EXPIRED);
        }
    }
}

#[tokio::test]
async fn sec_079_guesses_in_parallel_get_no_more_than_five() {
    let place = Place::simple().await;
    place.sign_up("ann", "ann@example.com").await;
    let bad = place.wrong_code("ann@example.com").await;
    let guess = || place.world.call("ConfirmSignUp", place.with_client(json!({ "Username": "ann", "ConfirmationCode": bad })));
    let (a, b, c, d, e, f, g, h) = tokio::join!(guess(), guess(), guess(), guess(), guess(), guess(), guess(), guess());
    let codes: Vec<E> = [a, b, c, d, e, f, g, h].into_iter().map(|answer| answer.unwrap_err().code).collect();
    assert_eq!(codes.iter().filter(|code| **code == E::CodeMismatchException).count(), 5, "{codes:?}");
}

#[tokio::test]
async fn sec_083_a_new_code_voids_the_older_one_and_a_day_voids_any() {
    let place = Place::simple().await;
    place.sign_up("ann", "ann@example.com").await;
    let old = place.code("ann@example.com").await;
    let details = place.ok("ResendConfirmationCode", json!({ "Username": "ann" })).await;
    assert_eq!(details["CodeDeliveryDetails"]["Destination"], "a***@e***");
    let new = place.code("ann@example.com").await;
    assert_ne!(old, new);
    let confirm = |code: &str| json!({ "Username": "ann", "ConfirmationCode": code });
    place.refused(E::CodeMismatchException, "ConfirmSignUp", confirm(&old)).await;
    place.pass(24 * HOUR);
    assert_eq!(place.refused(E::ExpiredCodeException, "ConfirmSignUp", confirm(&new)).await, EXPIRED);
}

#[tokio::test]
async fn sec_081_a_code_is_for_the_client_it_was_asked_by() {
    let place = Place::simple().await;
    let other = Place::add_client(&place.world, &place.pool, json!({})).await;
    place.sign_up("ann", "ann@example.com").await;
    let code = place.code("ann@example.com").await;
    let input = json!({ "ClientId": other, "Username": "ann", "ConfirmationCode": code });
    place.world.refused(E::CodeMismatchException, "ConfirmSignUp", input).await;
}

#[tokio::test]
async fn codes_are_asked_for_five_times_an_hour() {
    let place = Place::simple().await;
    place.sign_up("ann", "ann@example.com").await;
    for _ in 0..5 {
        place.ok("ResendConfirmationCode", json!({ "Username": "ann" })).await;
    }
    let text = place.refused(E::LimitExceededException, "ResendConfirmationCode", json!({ "Username": "ann" })).await;
    assert_eq!(text, LIMIT);
    place.pass(HOUR);
    place.ok("ResendConfirmationCode", json!({ "Username": "ann" })).await;
}

#[tokio::test]
async fn unknown_users_are_told_so_unless_the_client_hides_them() {
    let open = Place::simple().await;
    let text = open.refused(E::UserNotFoundException, "ResendConfirmationCode", json!({ "Username": "nobody" })).await;
    assert_eq!(text, "Username/client id combination not found.");
    let input = json!({ "Username": "nobody", "ConfirmationCode": "123456" });
    open.refused(E::UserNotFoundException, "ConfirmSignUp", input).await;
}

#[tokio::test]
async fn sec_071_who_is_hidden_looks_like_who_is_not() {
    let place = Place::new(json!({}), hiding()).await;
    place.confirmed("confirmed", "c@example.com").await;
    place.sign_up("waiting", "w@example.com").await;
    place.confirmed("disabled", "d@example.com").await;
    place.world.ok("AdminDisableUser", json!({ "UserPoolId": place.pool, "Username": "disabled" })).await;
    let bad = place.wrong_code("w@example.com").await;
    for name in ["waiting", "confirmed", "disabled", "nobody"] {
        let answer = place.ok("ResendConfirmationCode", json!({ "Username": name })).await;
        let again = place.ok("ResendConfirmationCode", json!({ "Username": name })).await;
        assert_eq!(answer, again, "{name} (checklist 74)");
        let details = &answer["CodeDeliveryDetails"];
        assert_eq!(
            (details["DeliveryMedium"].as_str(), details["AttributeName"].as_str()),
            (Some("EMAIL"), Some("email")),
            "{name}"
        );
        assert_eq!(details["Destination"].as_str().unwrap().len(), "w***@e***".len(), "{name}");
        let input = json!({ "Username": name, "ConfirmationCode": bad });
        for _ in 0..5 {
            assert_eq!(place.refused(E::CodeMismatchException, "ConfirmSignUp", input.clone()).await, MISMATCH, "{name}");
        }
        assert_eq!(place.refused(E::ExpiredCodeException, "ConfirmSignUp", input).await, EXPIRED, "{name}");
    }
}

#[tokio::test]
async fn pools_that_verify_nothing_send_nothing() {
    let place = Place::new(json!({ "AutoVerifiedAttributes": [] }), json!({})).await;
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    let answer = place.ok("SignUp", json!({ "Username": "ann", "Password": PASSWORD, "UserAttributes": attributes })).await;
    assert!(answer.get("CodeDeliveryDetails").is_none());
    assert!(place.message("ann@example.com").await.is_none());
    place.refused(E::InvalidParameterException, "ResendConfirmationCode", json!({ "Username": "ann" })).await;
}

#[tokio::test]
async fn a_link_confirms_where_the_pool_sends_links() {
    let template = json!({ "VerificationMessageTemplate": { "DefaultEmailOption": "CONFIRM_WITH_LINK" } });
    let place = Place::new(template, json!({})).await;
    let sub = place.sign_up("ann", "ann@example.com").await;
    let message = place.message("ann@example.com").await.unwrap();
    let link = message.link.unwrap();
    let expected = format!("http://localhost:9229/confirmUser?client_id={}&user_name=ann&confirmation_code=", place.client);
    assert!(link.starts_with(&expected), "{link}");
    let ctx = place.world.ctx("us-east-1");
    let (pool, client) = clients::load(&ctx, &place.client).await.unwrap();
    let code = link.rsplit('=').next().unwrap();
    account::sign_up::confirm_by_link(&ctx, &pool, &client, "ann", code).await.unwrap();
    assert_eq!(place.row(&sub).await.unwrap().status, "CONFIRMED");

    place.world.ok("CreateUserPoolDomain", json!({ "UserPoolId": place.pool, "Domain": "acme" })).await;
    place.sign_up("bob", "bob@example.com").await;
    let link = place.message("bob@example.com").await.unwrap().link.unwrap();
    assert!(link.starts_with("https://acme.auth.us-east-1.localhost:9443/confirmUser?"), "{link}");
}

pub struct Broken;

#[async_trait]
impl Delivery for Broken {
    async fn deliver(&self, _id: String, _now: i64, _message: Message) -> Result<(), DeliveryFailed> {
        Err(DeliveryFailed("no route".to_owned()))
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_delivered_leaves_the_user() {
    let mut place = Place::simple().await;
    Arc::get_mut(&mut place.world.engine).unwrap().delivery = Arc::new(Broken);
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    let input = json!({ "Username": "ann", "Password": PASSWORD, "UserAttributes": attributes });
    let text = place.refused(E::CodeDeliveryFailureException, "SignUp", input.clone()).await;
    assert!(!text.contains("no route"), "{text}");
    place.refused(E::UsernameExistsException, "SignUp", input).await;
}

#[tokio::test]
async fn triggers_that_cannot_run_are_not_skipped() {
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    for (trigger, operation) in
        [("PreSignUp", "SignUp"), ("CustomMessage", "ResendConfirmationCode"), ("PostConfirmation", "ConfirmSignUp")]
    {
        let place = Place::new(json!({ "LambdaConfig": { trigger: arn } }), json!({})).await;
        let input = match operation {
            "SignUp" => json!({ "Username": "ann", "Password": PASSWORD }),
            "ConfirmSignUp" => json!({ "Username": "ann", "ConfirmationCode": "123456" }),
            _ => json!({ "Username": "ann" }),
        };
        assert!(place.refused(E::UnexpectedLambdaException, operation, input).await.starts_with(trigger));
    }
}
