//! `poolhouse serve` from outside: what it refuses to start with, and how it serves, from a configuration file to mail.

mod access_keys;
mod keys;
mod mail;
mod process;
mod refusals;
mod renewal;
mod running;
mod sandbox;
mod sink;

use serde_json::{Value, json};

use crate::program::Program;

pub type Key = (String, String);

/// A pool for email accounts and a public client for passwords: their ids.
pub async fn app(program: &Program, key: &Key) -> (String, String) {
    let pool = json!({ "PoolName": "people", "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
    let made = program.ok(Some(key), "CreateUserPool", &pool).await;
    let pool = text(&made["UserPool"]["Id"]);
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({ "UserPoolId": pool, "ClientName": "app", "ExplicitAuthFlows": flows });
    let made = program.ok(Some(key), "CreateUserPoolClient", &client).await;
    (pool, text(&made["UserPoolClient"]["ClientId"]))
}

/// A confirmed user with this password, without a message.
pub async fn user(program: &Program, key: &Key, pool: &str, email: &str, password: &str) {
    let attributes = json!([{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }]);
    let user = json!({ "UserPoolId": pool, "Username": email, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
    program.ok(Some(key), "AdminCreateUser", &user).await;
    let password = json!({ "UserPoolId": pool, "Username": email, "Password": password, "Permanent": true });
    program.ok(Some(key), "AdminSetUserPassword", &password).await;
}

pub fn sign_in(client: &str, email: &str, password: &str) -> Value {
    let parameters = json!({ "USERNAME": email, "PASSWORD": password });
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": parameters })
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
