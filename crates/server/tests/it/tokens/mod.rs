//! What a token is worth where: forged, foreign, of the wrong kind, or its user gone. `tokens/access`, `oauth/userinfo`.

mod forged;
mod remembered;
mod skew;
mod standing;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::auth::not_authorized;
use crate::harness::House;

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    part(token, 1)
}

pub fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Every built operation that takes an access token, with everything else right.
pub fn user_operations(token: &str) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("GetUser", json!({})),
        ("ChangePassword", json!({ "PreviousPassword": crate::harness::PASSWORD, "ProposedPassword": "Another-Horse-8" })),
        ("UpdateUserAttributes", json!({ "UserAttributes": [{ "Name": "name", "Value": "Ada" }] })),
        ("DeleteUserAttributes", json!({ "UserAttributeNames": ["name"] })),
        ("GetUserAttributeVerificationCode", json!({ "AttributeName": "email" })),
        ("VerifyUserAttribute", json!({ "AttributeName": "email", "Code": "123456" })),
        ("GlobalSignOut", json!({})),
        ("DeleteUser", json!({})),
    ];
    for (_, input) in &mut all {
        input["AccessToken"] = json!(token);
    }
    let known: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
    for operation in poolhouse_wire::OPERATIONS.iter().filter(|o| o.auth == poolhouse_wire::Auth::AccessToken) {
        let built = poolhouse_engine::ops::handler(operation.name).is_some();
        assert!(!built || known.contains(&operation.name), "{} takes a token and is not in this list", operation.name);
    }
    all
}

/// Asserts that no user operation and not userInfo accept the token; all with the same name and words.
pub async fn refused_everywhere(house: &House, token: &str, what: &str) -> (String, String) {
    let mut refusals = Vec::new();
    for (operation, input) in user_operations(token) {
        let refused = house.refused(operation, input).await;
        refusals.push((operation, refused));
    }
    for (operation, refused) in &refusals {
        // The one token operation that has no UserNotFoundException.
        let no_user = *operation == "GlobalSignOut" && refusals[0].1.0 == "UserNotFoundException";
        let expected = if no_user { &not_authorized("Access Token has been revoked") } else { &refusals[0].1 };
        assert_eq!(refused, expected, "{what}: {operation}");
    }
    let bearer = format!("Bearer {token}");
    if token.bytes().all(|byte| byte.is_ascii_graphic()) && token.len() < 16_000 {
        let reply = house.send("GET", "/oauth2/userInfo", &[("authorization", &bearer)], "").await;
        assert_eq!(reply.status.as_u16(), 401, "{what}: userInfo {reply:?}");
        assert!(reply.header("www-authenticate").contains("invalid_token"), "{what}: {reply:?}");
    }
    refusals.swap_remove(0).1
}
