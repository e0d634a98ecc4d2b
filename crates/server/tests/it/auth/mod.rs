//! The sign-in API in full, as a client that shares no code with the server: `ops/auth`.

mod flows;
mod new_password;
mod refresh;
mod secret_hash;
mod srp;
pub mod srp_client;

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::harness::{App, House, PASSWORD};
use crate::sign::base64;

pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";
pub const INCORRECT: &str = "Incorrect username or password.";

/// `base64(HMAC-SHA256(secret, username + client id))`.
pub fn secret_hash(secret: &str, username: &str, client: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    base64(hmac::sign(&key, format!("{username}{client}").as_bytes()).as_ref())
}

/// Which of the twin operations is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    Public,
    Admin,
}

pub const DOORS: [Door; 2] = [Door::Public, Door::Admin];

impl Door {
    pub fn initiate(self, app: &App, flow: &str, parameters: Value) -> (&'static str, Value) {
        let mut input = json!({ "AuthFlow": flow, "ClientId": app.client, "AuthParameters": parameters });
        match self {
            Self::Public => ("InitiateAuth", input),
            Self::Admin => {
                input["UserPoolId"] = json!(app.pool);
                ("AdminInitiateAuth", input)
            }
        }
    }

    pub fn respond(self, app: &App, challenge: &str, session: Option<&str>, responses: Value) -> (&'static str, Value) {
        let mut input = json!({ "ChallengeName": challenge, "ClientId": app.client, "ChallengeResponses": responses });
        if let Some(session) = session {
            input["Session"] = json!(session);
        }
        match self {
            Self::Public => ("RespondToAuthChallenge", input),
            Self::Admin => {
                input["UserPoolId"] = json!(app.pool);
                ("AdminRespondToAuthChallenge", input)
            }
        }
    }

    /// The password flow of this door.
    pub fn password(self, app: &App, username: &str, password: &str) -> (&'static str, Value) {
        let flow = if self == Self::Public { "USER_PASSWORD_AUTH" } else { "ADMIN_USER_PASSWORD_AUTH" };
        self.initiate(app, flow, json!({ "USERNAME": username, "PASSWORD": password }))
    }
}

/// A pool, a client and Ada.
pub async fn with_ada(house: &House) -> App {
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    app
}

/// As [`with_ada`], in a pool whose names have no case.
pub async fn caseless(house: &House) -> App {
    let pool = house.pool(json!({ "UsernameConfiguration": { "CaseSensitive": false } })).await;
    let (client, secret) = house.client(&pool, json!({})).await;
    house.user(&pool, ADA).await;
    App { pool, client, secret }
}

/// A user who has to choose a password: signs in with [`PASSWORD`].
pub async fn invite(house: &House, pool: &str, email: &str) {
    let input = json!({
        "UserPoolId": pool, "Username": email, "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS",
        "UserAttributes": [{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }],
    });
    house.ok("AdminCreateUser", input).await;
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Asserts tokens of a sign-in: all three, and nothing else asked.
#[track_caller]
pub fn signed_in(answer: &Value) {
    let result = &answer["AuthenticationResult"];
    for name in ["AccessToken", "IdToken", "RefreshToken"] {
        assert!(result[name].is_string(), "{name}: {answer}");
    }
    assert_eq!((&result["TokenType"], &result["ExpiresIn"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!((&answer["ChallengeParameters"], answer.get("ChallengeName"), answer.get("Session")), (&json!({}), None, None));
}

/// A refusal as `NotAuthorizedException` with this message.
pub fn not_authorized(message: &str) -> (String, String) {
    ("NotAuthorizedException".to_owned(), message.to_owned())
}

pub fn invalid_parameter(message: &str) -> (String, String) {
    ("InvalidParameterException".to_owned(), message.to_owned())
}
