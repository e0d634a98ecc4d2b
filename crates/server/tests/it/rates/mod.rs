//! Limits on requests and on guesses, through the wire.
mod guesses;
mod quotas;

use poolhouse_engine::rates::quotas::Category;
use poolhouse_engine::rates::{self, guesses as guessing, quotas as asking};
use serde_json::{Value, json};

use crate::harness::{App, House, Options, PASSWORD, Reply};

pub const RATE: (&str, &str) = ("TooManyRequestsException", "Rate exceeded");

/// Wrong secrets a minute: by address, by client, by pool.
pub fn guesses(per_address: u32, per_client: u32, per_pool: u32) -> Options {
    let rates = guessing::Rates { per_address, per_client, per_pool };
    Options { rates: rates::Settings { guesses: Some(rates), quotas: None }, ..Options::default() }
}

/// The same house behind a proxy, so that a test may come from any address.
pub fn proxied(options: Options) -> Options {
    Options { trusted_proxies: vec!["127.0.0.0/8".to_owned()], ..options }
}

pub fn quotas(rates: &[(Category, u32)]) -> Options {
    let quotas = asking::Rates(rates.iter().copied().collect());
    Options { rates: rates::Settings { quotas: Some(quotas), guesses: None }, ..Options::default() }
}

/// A public operation as it comes from this address.
pub async fn from(house: &House, address: &str, operation: &str, input: Value) -> Reply {
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let headers =
        [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str()), ("x-forwarded-for", address)];
    house.send("POST", "/", &headers, &input.to_string()).await
}

pub fn password(app: &App, name: &str, password: &str) -> Value {
    json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": { "USERNAME": name, "PASSWORD": password } })
}

pub fn right(app: &App, name: &str) -> Value {
    password(app, name, PASSWORD)
}

pub fn is_limited(reply: &Reply) -> bool {
    let (name, text) = reply.error();
    let limited = name == RATE.0;
    if limited {
        assert_eq!((reply.status.as_u16(), text.as_str()), (400, RATE.1));
    }
    limited
}
