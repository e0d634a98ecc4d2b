//! Whose an address or a name is: checklist 89, 90, 91.
use serde_json::{Value, json};

use super::{
    OTHER_PASSWORD, admin, attribute, by_name, confirm, confirmed, list, newest, shown, sign_up, signed_in, status, token,
    try_password,
};
use crate::both;
use crate::harness::{App, House, PASSWORD};

const SHARED: &str = "shared@example.com";

/// Ways to an alias, for a user who is there already with an address of their own.
#[derive(Debug, Clone, Copy)]
enum Way {
    Confirms,
    Proves,
    Administrator,
}

const WAYS: [Way; 3] = [Way::Confirms, Way::Proves, Way::Administrator];

/// Tries to make [`SHARED`] this user's verified address; true where it became that.
async fn claim(house: &House, app: &App, name: &str, way: Way) -> bool {
    let own = format!("{name}@example.com");
    match way {
        Way::Confirms => {
            sign_up(house, app, name, SHARED).await;
            let code = newest(house, SHARED).await;
            let input = json!({ "ClientId": app.client, "Username": name, "ConfirmationCode": code });
            let reply = house.api("ConfirmSignUp", input).await;
            if reply.status != 200 {
                assert_eq!(reply.error(), ("AliasExistsException".into(), "An account with the email already exists.".into()));
                assert_eq!(status(house, app, name).await, "UNCONFIRMED");
            }
            reply.status == 200
        }
        Way::Proves => {
            confirmed(house, app, name, &own).await;
            let access = token(house, app, name, PASSWORD).await;
            let change = json!({ "AccessToken": access, "UserAttributes": list(&[("email", SHARED)]) });
            let reply = house.api("UpdateUserAttributes", change).await;
            if reply.status != 200 {
                assert_eq!(
                    reply.error(),
                    ("AliasExistsException".into(), "An account with the given email already exists.".into())
                );
                return false;
            }
            let code = newest(house, SHARED).await;
            let verify = json!({ "AccessToken": access, "AttributeName": "email", "Code": code });
            house.api("VerifyUserAttribute", verify).await.status == 200
        }
        Way::Administrator => {
            confirmed(house, app, name, &own).await;
            let attributes = list(&[("email", SHARED), ("email_verified", "true")]);
            let input = json!({ "UserPoolId": app.pool, "Username": name, "UserAttributes": attributes });
            let reply = house.api("AdminUpdateUserAttributes", input).await;
            assert!(reply.status == 200 || reply.error().0 == "AliasExistsException", "{reply:?}");
            reply.status == 200
        }
    }
}

both! {
    async fn sec_089_in_every_order_the_first_keeps_the_alias(house: House) {
        for first in WAYS {
            for second in WAYS {
                let app = by_name(&house, json!({ "AliasAttributes": ["email"] })).await;
                assert!(claim(&house, &app, "ann", first).await, "{first:?}");
                assert!(!claim(&house, &app, "bob", second).await, "{first:?} then {second:?}");
                let user = house.ok("GetUser", json!({ "AccessToken": token(&house, &app, SHARED, PASSWORD).await })).await;
                assert_eq!(user["Username"], "ann", "{first:?} then {second:?}");
                let bob = shown(&house, &app, "bob").await;
                assert!(
                    attribute(&bob, "email").as_deref() != Some(SHARED) || attribute(&bob, "email_verified").as_deref() != Some("true"),
                    "{first:?} then {second:?}: {bob}"
                );
            }
        }
    }

    async fn sec_089_an_unproven_alias_neither_signs_in_nor_resets(house: House) {
        let app = by_name(&house, json!({ "AliasAttributes": ["email"] })).await;
        confirmed(&house, &app, "ann", "ann@example.com").await;
        let access = token(&house, &app, "ann", PASSWORD).await;
        house.ok("UpdateUserAttributes", json!({ "AccessToken": access, "UserAttributes": list(&[("email", "new@example.com")]) })).await;
        for name in ["ann@example.com", "new@example.com"] {
            assert_eq!(try_password(&house, &app, name, PASSWORD).await.error().0, "UserNotFoundException", "{name}");
        }
        let forgot = json!({ "ClientId": app.client, "Username": "ann" });
        assert_eq!(house.refused("ForgotPassword", forgot).await.0, "InvalidParameterException");
        let code = newest(&house, "new@example.com").await;
        house.ok("VerifyUserAttribute", json!({ "AccessToken": access, "AttributeName": "email", "Code": code })).await;
        signed_in(&house, &app, "new@example.com", PASSWORD).await;
        assert_eq!(try_password(&house, &app, "ann@example.com", PASSWORD).await.status, 400);
    }
}

#[tokio::test]
async fn sec_089_an_alias_moves_by_force_only_and_its_codes_do_not_follow() {
    let house = House::start().await;
    let app = by_name(&house, json!({ "AliasAttributes": ["email"] })).await;
    confirmed(&house, &app, "ann", SHARED).await;
    // A reset code that ann asked for while the address was hers.
    house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": "ann" })).await;
    let way_in = newest(&house, SHARED).await;
    sign_up(&house, &app, "bob", SHARED).await;
    let code = newest(&house, SHARED).await;
    let input =
        |force: bool| json!({ "ClientId": app.client, "Username": "bob", "ConfirmationCode": code, "ForceAliasCreation": force });
    assert_eq!(house.refused("ConfirmSignUp", input(false)).await.0, "AliasExistsException");
    house.ok("ConfirmSignUp", input(true)).await;
    let user = house.ok("GetUser", json!({ "AccessToken": token(&house, &app, SHARED, PASSWORD).await })).await;
    assert_eq!(user["Username"], "bob");
    assert_eq!(attribute(&shown(&house, &app, "ann").await, "email_verified").as_deref(), Some("false"));
    // The address is bob's: whoever reads his mail must not get into ann's account with it.
    let reset = json!({ "ClientId": app.client, "Username": "ann", "ConfirmationCode": way_in, "Password": OTHER_PASSWORD });
    assert_eq!(house.refused("ConfirmForgotPassword", reset).await.0, "ExpiredCodeException");
    signed_in(&house, &app, "ann", PASSWORD).await;
}

/// Spellings of one name. In a pool that folds case they are one identity, or refused.
#[tokio::test]
async fn sec_090_spellings_of_a_name_are_one_identity_or_refused() {
    let house = House::start().await;
    let folds = json!({ "UsernameConfiguration": { "CaseSensitive": false } });
    let app = by_name(&house, folds.clone()).await;
    sign_up(&house, &app, "victim", "v@example.com").await;
    let spellings = [
        "Victim",
        "VICTIM",
        " victim",
        "victim ",
        "\u{ff56}ictim",
        "vi\u{200d}ctim",
        "victim\u{200b}",
        "vict\u{ad}im",
        "\u{feff}victim",
    ];
    for spelling in spellings {
        let input = json!({ "ClientId": app.client, "Username": spelling, "Password": PASSWORD });
        let reply = house.api("SignUp", input).await;
        assert_eq!(reply.status, 400, "{spelling:?}");
        assert!(
            matches!(reply.error().0.as_str(), "UsernameExistsException" | "InvalidParameterException"),
            "{spelling:?}: {reply:?}"
        );
    }
    let mail = super::app(&house, folds, json!({})).await;
    house.user(&mail.pool, "victim@example.com").await;
    for spelling in [
        "Victim@example.com",
        "victim@EXAMPLE.com",
        "VICTIM@EXAMPLE.COM",
        "\u{ff56}ictim@example.com",
        "vi\u{200d}ctim@example.com",
    ] {
        let input = json!({ "ClientId": mail.client, "Username": spelling, "Password": PASSWORD });
        let reply = house.api("SignUp", input).await;
        assert_eq!(reply.status, 400, "{spelling:?}");
        let input = json!({ "UserPoolId": mail.pool, "Username": spelling, "MessageAction": "SUPPRESS" });
        assert_eq!(house.api("AdminCreateUser", input).await.status, 400, "{spelling:?}");
    }
    signed_in(&house, &mail, "VICTIM@example.com", PASSWORD).await;
    // A dotless i is another letter; whoever it is, it is not the victim.
    let input = json!({ "ClientId": mail.client, "Username": "v\u{131}ctim@example.com", "Password": OTHER_PASSWORD });
    if house.api("SignUp", input).await.status == 200 {
        signed_in(&house, &mail, "victim@example.com", PASSWORD).await;
    }
    // And nobody moves onto the name later.
    confirmed_in(&house, &mail, "eve@example.com").await;
    let access = token(&house, &mail, "eve@example.com", PASSWORD).await;
    for spelling in ["victim@example.com", "Victim@Example.com"] {
        let change = json!({ "AccessToken": access, "UserAttributes": list(&[("email", spelling)]) });
        assert_eq!(house.refused("UpdateUserAttributes", change).await.0, "AliasExistsException", "{spelling}");
    }
}

async fn confirmed_in(house: &House, app: &App, email: &str) {
    let input = json!({ "ClientId": app.client, "Username": email, "Password": PASSWORD });
    house.ok("SignUp", input).await;
    confirm(house, app, email, email).await;
}

async fn claims(house: &House, app: &App, name: &str) -> Value {
    let answer = signed_in(house, app, name, PASSWORD).await;
    let token = answer["AuthenticationResult"]["IdToken"].as_str().unwrap().to_owned();
    let part = token.split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&base64(&part)).unwrap()
}

pub fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|a| *a == c).unwrap()).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xff) as u8);
        }
    }
    out
}

#[tokio::test]
async fn sec_091_tokens_say_that_a_new_address_is_not_proven() {
    let house = House::start().await;
    let app = house.app().await;
    confirmed_in(&house, &app, "old@example.com").await;
    let before = claims(&house, &app, "old@example.com").await;
    assert_eq!((before["email"].as_str(), before["email_verified"].as_bool()), (Some("old@example.com"), Some(true)));
    let access = token(&house, &app, "old@example.com", PASSWORD).await;
    house
        .ok("UpdateUserAttributes", json!({ "AccessToken": access, "UserAttributes": list(&[("email", "new@example.com")]) }))
        .await;
    let after = claims(&house, &app, "new@example.com").await;
    assert_eq!((after["email"].as_str(), after["email_verified"].as_bool()), (Some("new@example.com"), Some(false)));
    assert_eq!(before["sub"], after["sub"]);
    let code = newest(&house, "new@example.com").await;
    house.ok("VerifyUserAttribute", json!({ "AccessToken": access, "AttributeName": "email", "Code": code })).await;
    assert_eq!(claims(&house, &app, "new@example.com").await["email_verified"], true);
}

#[tokio::test]
async fn sec_091_with_keep_original_the_old_address_stays_in_use() {
    let house = House::start().await;
    let settings = json!({ "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] } });
    let app = super::app(&house, settings, json!({})).await;
    confirmed_in(&house, &app, "old@example.com").await;
    let access = token(&house, &app, "old@example.com", PASSWORD).await;
    let change = |email: &str| json!({ "AccessToken": access, "UserAttributes": list(&[("email", email)]) });
    let answer = house.ok("UpdateUserAttributes", change("new@example.com")).await;
    assert_eq!(answer["CodeDeliveryDetailsList"][0]["Destination"], "n***@e***");
    assert_eq!(try_password(&house, &app, "new@example.com", PASSWORD).await.status, 400);
    let still = claims(&house, &app, "old@example.com").await;
    assert_eq!((still["email"].as_str(), still["email_verified"].as_bool()), (Some("old@example.com"), Some(true)));
    let code = newest(&house, "new@example.com").await;
    // Somebody else gets there first: the code proves nothing any more.
    house.user(&app.pool, "new@example.com").await;
    let verify = json!({ "AccessToken": access, "AttributeName": "email", "Code": code });
    assert_eq!(house.refused("VerifyUserAttribute", verify).await.0, "AliasExistsException", "checklist 89");
    house.ok("UpdateUserAttributes", change("newer@example.com")).await;
    let code = newest(&house, "newer@example.com").await;
    house.ok("VerifyUserAttribute", json!({ "AccessToken": access, "AttributeName": "email", "Code": code })).await;
    assert_eq!(claims(&house, &app, "newer@example.com").await["email"], "newer@example.com");
    assert_eq!(try_password(&house, &app, "old@example.com", PASSWORD).await.status, 400);
    admin(&house, &app, "AdminGetUser", "newer@example.com", json!({})).await;
}
