//! What people do about their own accounts, operation by operation.
mod password;
mod profile;
mod recovery;
mod sign_up;

use poolhouse_store::tables::{messages, users};
use poolhouse_wire::ErrorCode;
use serde_json::{Value, json};

use crate::support::World;

pub const PASSWORD: &str = "Correct-Horse-1";
pub const OTHER_PASSWORD: &str = "Battery-Staple-2";

/// A pool with one public client.
pub struct Place {
    pub world: World,
    pub pool: String,
    pub client: String,
}

impl Place {
    /// A pool of chosen user names that verifies email, and a client with these settings beside password sign-in.
    pub async fn new(pool: Value, client: Value) -> Self {
        let world = World::new().await;
        let mut settings = json!({ "AutoVerifiedAttributes": ["email"] });
        merge(&mut settings, pool);
        let pool = world.pool(settings).await;
        let client = Self::add_client(&world, &pool, client).await;
        Self { world, pool, client }
    }

    pub async fn simple() -> Self {
        Self::new(json!({}), json!({})).await
    }

    pub async fn add_client(world: &World, pool: &str, settings: Value) -> String {
        let mut all = json!({ "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] });
        merge(&mut all, settings);
        world.client(pool, all).await["ClientId"].as_str().unwrap().to_owned()
    }

    /// The input with ClientId.
    pub fn with_client(&self, mut input: Value) -> Value {
        input["ClientId"] = self.client.clone().into();
        input
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.world.ok(operation, self.with_client(input)).await
    }

    pub async fn refused(&self, code: ErrorCode, operation: &str, input: Value) -> String {
        self.world.refused(code, operation, self.with_client(input)).await
    }

    /// Signs up; the sub.
    pub async fn sign_up(&self, username: &str, email: &str) -> String {
        let attributes = json!([{ "Name": "email", "Value": email }]);
        let input = json!({ "Username": username, "Password": PASSWORD, "UserAttributes": attributes });
        self.ok("SignUp", input).await["UserSub"].as_str().unwrap().to_owned()
    }

    /// Signs up and confirms; the sub.
    pub async fn confirmed(&self, username: &str, email: &str) -> String {
        let sub = self.sign_up(username, email).await;
        let code = self.code(email).await;
        self.ok("ConfirmSignUp", json!({ "Username": username, "ConfirmationCode": code })).await;
        sub
    }

    /// The tokens of a sign-in by password.
    pub async fn sign_in(&self, username: &str, password: &str) -> Value {
        let parameters = json!({ "USERNAME": username, "PASSWORD": password });
        let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        self.ok("InitiateAuth", input).await["AuthenticationResult"].clone()
    }

    pub async fn token(&self, username: &str) -> String {
        self.sign_in(username, PASSWORD).await["AccessToken"].as_str().unwrap().to_owned()
    }

    pub async fn sign_in_refused(&self, code: ErrorCode, username: &str, password: &str) -> String {
        let parameters = json!({ "USERNAME": username, "PASSWORD": password });
        self.refused(code, "InitiateAuth", json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters })).await
    }

    /// The code in the newest message to the address.
    pub async fn code(&self, address: &str) -> String {
        self.message(address).await.unwrap().code.unwrap()
    }

    pub async fn message(&self, address: &str) -> Option<messages::MessageRow> {
        // Messages of one millisecond have no order of their own.
        self.pass(1);
        let mut reader = self.world.engine.store.reader().await.unwrap();
        messages::latest_for(&mut reader, address).await.unwrap()
    }

    /// A code that is not the one in the newest message.
    pub async fn wrong_code(&self, address: &str) -> String {
        wrong(&self.code(address).await)
    }

    pub fn pass(&self, milliseconds: i64) {
        self.world.clock.0.fetch_add(milliseconds, std::sync::atomic::Ordering::SeqCst);
    }

    pub async fn row(&self, sub: &str) -> Option<users::UserRow> {
        let mut reader = self.world.engine.store.reader().await.unwrap();
        users::get(&mut reader, &self.pool, sub).await.unwrap()
    }

    /// An attribute as GetUser shows it.
    pub async fn attribute(&self, token: &str, name: &str) -> Option<String> {
        attribute(&self.world.ok("GetUser", json!({ "AccessToken": token })).await, name)
    }
}

pub fn wrong(code: &str) -> String {
    let first = if code.starts_with('0') { '1' } else { '0' };
    format!("{first}{}", &code[1..])
}

pub fn attribute(user: &Value, name: &str) -> Option<String> {
    let list = user["UserAttributes"].as_array().unwrap();
    list.iter().find(|a| a["Name"] == name).map(|a| a["Value"].as_str().unwrap().to_owned())
}

fn merge(into: &mut Value, from: Value) {
    for (key, value) in from.as_object().unwrap() {
        into[key] = value.clone();
    }
}

pub const HOUR: i64 = 60 * 60 * 1000;
pub const HIDES: &str = "ENABLED";

/// A client that does not tell who exists.
pub fn hiding() -> Value {
    json!({ "PreventUserExistenceErrors": HIDES })
}
