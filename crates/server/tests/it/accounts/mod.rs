//! Accounts, passwords and codes through the wire: what people and administrators do with users, and what attackers try.
//! Here is what the families share.
mod aliases;
mod attributes;
mod codes;
mod enumeration;
mod guessing;
mod lists;
mod messages;
mod nodes;
mod passwords;
mod statuses;

use serde_json::{Value, json};

use crate::harness::{App, House, PASSWORD, Reply};

pub const OTHER_PASSWORD: &str = "Battery-Staple-2";
pub const INCORRECT: &str = "Incorrect username or password.";
pub const EXCEEDED: &str = "Password attempts exceeded";
pub const MINUTE_MS: i64 = 60_000;
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A pool of chosen user names that verifies mail, and a client that tells who exists (`more` changes the pool).
pub async fn by_name(house: &House, more: Value) -> App {
    named_app(house, more, json!({ "PreventUserExistenceErrors": "LEGACY" })).await
}

/// As [`by_name`] with a client of these settings; without any it hides who exists.
pub async fn named_app(house: &House, pool: Value, client: Value) -> App {
    let mut settings = json!({ "PoolName": "names", "AutoVerifiedAttributes": ["email"] });
    settings.as_object_mut().unwrap().extend(pool.as_object().unwrap().clone());
    let pool = house.ok("CreateUserPool", settings).await["UserPool"]["Id"].as_str().unwrap().to_owned();
    let (client, secret) = house.client(&pool, client).await;
    App { pool, client, secret }
}

pub async fn app(house: &House, pool: Value, client: Value) -> App {
    let pool = house.pool(pool).await;
    let (client, secret) = house.client(&pool, client).await;
    App { pool, client, secret }
}

pub fn list(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect()
}

/// Signs up with [`PASSWORD`] and an address; the sub.
pub async fn sign_up(house: &House, app: &App, name: &str, email: &str) -> String {
    let input =
        json!({ "ClientId": app.client, "Username": name, "Password": PASSWORD, "UserAttributes": list(&[("email", email)]) });
    house.ok("SignUp", input).await["UserSub"].as_str().unwrap().to_owned()
}

/// Confirms with the newest code sent to the address.
pub async fn confirm(house: &House, app: &App, name: &str, email: &str) {
    let code = newest(house, email).await;
    house.ok("ConfirmSignUp", json!({ "ClientId": app.client, "Username": name, "ConfirmationCode": code })).await;
}

pub async fn confirmed(house: &House, app: &App, name: &str, email: &str) -> String {
    let sub = sign_up(house, app, name, email).await;
    confirm(house, app, name, email).await;
    sub
}

/// The newest code; messages of one millisecond have no order, so the clock moves on.
pub async fn newest(house: &House, email: &str) -> String {
    house.clock.advance_ms(1);
    house.code_for(email).await
}

pub fn wrong(code: &str) -> String {
    format!("{}{}", if code.starts_with('0') { '1' } else { '0' }, &code[1..])
}

pub fn password_input(app: &App, name: &str, password: &str) -> Value {
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": { "USERNAME": name, "PASSWORD": password } })
}

/// A sign-in by password, whatever comes of it.
pub async fn try_password(house: &House, app: &App, name: &str, password: &str) -> Reply {
    house.api("InitiateAuth", password_input(app, name, password)).await
}

pub async fn signed_in(house: &House, app: &App, name: &str, password: &str) -> Value {
    let reply = try_password(house, app, name, password).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

/// The access token of a sign-in.
pub async fn token(house: &House, app: &App, name: &str, password: &str) -> String {
    let answer = signed_in(house, app, name, password).await;
    answer["AuthenticationResult"]["AccessToken"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

pub async fn admin(house: &House, app: &App, operation: &str, name: &str, more: Value) -> Value {
    let mut input = json!({ "UserPoolId": app.pool, "Username": name });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.ok(operation, input).await
}

/// The user as AdminGetUser shows it.
pub async fn shown(house: &House, app: &App, name: &str) -> Value {
    admin(house, app, "AdminGetUser", name, json!({})).await
}

pub async fn status(house: &House, app: &App, name: &str) -> String {
    shown(house, app, name).await["UserStatus"].as_str().unwrap().to_owned()
}

pub fn attribute(user: &Value, name: &str) -> Option<String> {
    let list = user["UserAttributes"].as_array().or_else(|| user["Attributes"].as_array()).unwrap();
    list.iter().find(|a| a["Name"] == name).map(|a| a["Value"].as_str().unwrap().to_owned())
}
