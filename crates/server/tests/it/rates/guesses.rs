//! One password for many users, many passwords for one, codes and client secrets: checklist 77.
use http::StatusCode;
use serde_json::{Value, json};

use super::{from, guesses, is_limited, password, proxied, right};
use crate::auth::secret_hash;
use crate::harness::{App, House, PASSWORD, Reply, encode};
use crate::oauth::tools::{ADA, BOB, authorize};

const HERE: &str = "192.0.2.1";
const THERE: &str = "198.51.100.7";
const WRONG: &str = "Wrong-Horse-1";
const MANY: u32 = 1_000_000;

/// One wrong password for this name; whether it was looked at.
async fn spray(house: &House, app: &App, address: &str, name: &str) -> bool {
    let reply = from(house, address, "InitiateAuth", password(app, name, WRONG)).await;
    if is_limited(&reply) {
        return false;
    }
    assert_eq!(reply.error().0, "NotAuthorizedException", "{reply:?}");
    true
}

#[tokio::test]
async fn sec_077_one_password_for_many_users_is_slowed_to_the_set_rate() {
    let house = House::with(proxied(guesses(30, MANY, MANY))).await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    let (mut looked_at, mut number) = (0, 0);
    // A try each second, for ten minutes.
    for _ in 0..600 {
        number += 1;
        looked_at += u32::from(spray(&house, &app, HERE, &format!("u{number}@example.com")).await);
        house.clock.advance_ms(1000);
    }
    assert!((320..=331).contains(&looked_at), "{looked_at} of 600 in ten minutes at 30 a minute");
    // The right one is not looked at either, or the limit would tell which it was.
    while spray(&house, &app, HERE, "u@example.com").await {}
    let reply = from(&house, HERE, "InitiateAuth", right(&app, ADA)).await;
    assert!(is_limited(&reply), "{reply:?}");
    let reply = from(&house, THERE, "InitiateAuth", right(&app, ADA)).await;
    assert_eq!(reply.status, StatusCode::OK, "another address: {reply:?}");
    house.clock.advance_ms(60_000);
    let reply = from(&house, HERE, "InitiateAuth", right(&app, ADA)).await;
    assert_eq!(reply.status, StatusCode::OK, "a minute later: {reply:?}");
}

#[tokio::test]
async fn sec_077_right_passwords_cost_nothing_and_buy_nothing() {
    let house = House::with(proxied(guesses(3, MANY, MANY))).await;
    let app = house.app().await;
    house.user(&app.pool, ADA).await;
    for _ in 0..12 {
        let reply = from(&house, HERE, "InitiateAuth", right(&app, ADA)).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    }
    for number in 0..3 {
        assert!(spray(&house, &app, HERE, &format!("u{number}@example.com")).await);
        let own = from(&house, HERE, "InitiateAuth", right(&app, ADA)).await;
        assert_eq!(own.status == StatusCode::OK, number < 2, "an account of one's own is no way around: {own:?}");
    }
    // Refreshing is no guess, whatever the token.
    let stale = json!({
        "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": "a.b.c.d.e" },
    });
    for _ in 0..5 {
        let reply = from(&house, HERE, "InitiateAuth", stale.clone()).await;
        assert_eq!(reply.error().0, "NotAuthorizedException", "{reply:?}");
    }
}

#[tokio::test]
async fn sec_061_077_a_made_up_address_changes_nothing() {
    let house = House::with(guesses(3, MANY, MANY)).await;
    let app = house.app().await;
    for number in 0..3 {
        assert!(spray(&house, &app, &format!("192.0.2.{number}"), &format!("u{number}@example.com")).await);
    }
    for address in ["192.0.2.99", "127.0.0.1", "::1", "10.0.0.1, 192.0.2.5"] {
        assert!(!spray(&house, &app, address, "u@example.com").await, "{address}");
    }
    let house = House::with(proxied(guesses(3, MANY, MANY))).await;
    let app = house.app().await;
    for number in 0..3 {
        assert!(spray(&house, &app, &format!("10.9.8.{number}, {HERE}"), &format!("u{number}@example.com")).await);
    }
    assert!(!spray(&house, &app, &format!("{THERE}, {HERE}"), "u@example.com").await);
    // A household has one IPv6 network.
    for number in 0..3 {
        assert!(spray(&house, &app, &format!("2001:db8::{number}"), &format!("v{number}@example.com")).await);
    }
    assert!(!spray(&house, &app, "2001:db8::ffff:1", "v@example.com").await);
    assert!(spray(&house, &app, "2001:db8:0:1::1", "v@example.com").await);
}

#[tokio::test]
async fn sec_077_a_client_and_a_pool_have_limits_of_their_own() {
    let house = House::with(proxied(guesses(MANY, 4, 6))).await;
    let app = house.app().await;
    let (sibling, _) = house.client(&app.pool, json!({})).await;
    let (sibling, other) = (App { client: sibling, ..app.clone() }, house.app().await);
    for pool in [&app.pool, &other.pool] {
        house.user(pool, ADA).await;
    }
    let address = |number: u32| format!("198.51.100.{number}");
    for number in 0..4 {
        assert!(spray(&house, &app, &address(number), &format!("u{number}@example.com")).await);
    }
    assert!(!spray(&house, &app, THERE, "u@example.com").await, "the client's limit");
    for number in 0..2 {
        assert!(spray(&house, &sibling, &address(number), &format!("v{number}@example.com")).await);
    }
    assert!(!spray(&house, &sibling, THERE, "v@example.com").await, "the pool's limit");
    let reply = from(&house, HERE, "InitiateAuth", right(&other, ADA)).await;
    assert_eq!(reply.status, StatusCode::OK, "another pool: {reply:?}");
    house.clock.advance_ms(60_000);
    let reply = from(&house, HERE, "InitiateAuth", right(&app, ADA)).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
}

/// Uses up the address's one guess with a wrong password, and hands on.
async fn spent(app_settings: Value) -> (House, App) {
    let house = House::with(proxied(guesses(1, MANY, MANY))).await;
    let app = house.oauth_app(app_settings).await;
    (house, app)
}

#[tokio::test]
async fn sec_077_every_secret_of_a_user_is_counted() {
    let (house, app) = spent(json!({})).await;
    house.user(&app.pool, ADA).await;
    let token = house.sign_in(&app, ADA).await["AccessToken"].clone();
    house.ok("SignUp", json!({ "ClientId": app.client, "Username": BOB, "Password": PASSWORD })).await;
    let table = [
        ("InitiateAuth", password(&app, BOB, WRONG)),
        ("InitiateAuth", password(&app, "nobody@example.com", WRONG)),
        ("ConfirmSignUp", json!({ "ClientId": app.client, "Username": BOB, "ConfirmationCode": "000000" })),
        (
            "ConfirmForgotPassword",
            json!({ "ClientId": app.client, "Username": ADA, "ConfirmationCode": "000000", "Password": PASSWORD }),
        ),
        ("VerifyUserAttribute", json!({ "AccessToken": token, "AttributeName": "email", "Code": "000000" })),
        ("ChangePassword", json!({ "AccessToken": token, "PreviousPassword": WRONG, "ProposedPassword": "Battery-Staple-2" })),
        (
            "RespondToAuthChallenge",
            json!({
                "ClientId": app.client, "ChallengeName": "PASSWORD_VERIFIER",
                "ChallengeResponses": {
                    "USERNAME": ADA, "PASSWORD_CLAIM_SECRET_BLOCK": "AAAA", "PASSWORD_CLAIM_SIGNATURE": "AAAA",
                    "TIMESTAMP": "Mon Nov 23 06:00:00 UTC 2026",
                },
            }),
        ),
    ];
    for (operation, input) in table {
        let first = from(&house, HERE, operation, input.clone()).await;
        assert!(first.status.is_client_error() && !is_limited(&first), "{operation}: {first:?}");
        let second = from(&house, HERE, operation, input).await;
        assert!(is_limited(&second), "{operation}: {second:?}");
        house.clock.advance_ms(60_000);
    }
    // What is no guess costs nothing.
    let weak = json!({ "ClientId": app.client, "Username": ADA, "ConfirmationCode": "000000", "Password": "weak" });
    for _ in 0..3 {
        assert_eq!(from(&house, HERE, "ConfirmForgotPassword", weak.clone()).await.error().0, "InvalidPasswordException");
    }
}

#[tokio::test]
async fn sec_077_secrets_of_clients_are_counted() {
    let (house, app) = spent(json!({ "GenerateSecret": true })).await;
    let secret = app.secret.as_deref().unwrap();
    let at = async |path: &str, client: &str, secret: &str, address: &str| -> Reply {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("token", "x"),
            ("client_id", client),
            ("client_secret", secret),
        ];
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", address)];
        house.send("POST", path, &headers, &encode(&fields)).await
    };
    for path in ["/oauth2/token", "/oauth2/revoke"] {
        for (client, given) in [(app.client.as_str(), "wrong"), ("nobody", secret)] {
            let first = at(path, client, given, HERE).await;
            assert_eq!(first.json()["error"], "invalid_client", "{first:?}");
            // The right secret, too: not even looked at.
            let second = at(path, &app.client, secret, HERE).await;
            assert_eq!((second.status, second.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "60"), "{second:?}");
            assert_eq!(second.json()["error"], "temporarily_unavailable");
            let elsewhere = at(path, &app.client, secret, THERE).await;
            assert_ne!(elsewhere.status, StatusCode::TOO_MANY_REQUESTS, "{elsewhere:?}");
            house.clock.advance_ms(60_000);
        }
    }
    let mut input = password(&app, ADA, WRONG);
    input["AuthParameters"]["SECRET_HASH"] = json!("AAAA");
    assert!(!is_limited(&from(&house, HERE, "InitiateAuth", input.clone()).await));
    assert!(is_limited(&from(&house, HERE, "InitiateAuth", input).await));
}

#[tokio::test]
async fn sec_077_a_backend_that_proved_itself_speaks_for_many() {
    let (house, app) = spent(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, ADA).await;
    let hash = |name: &str| secret_hash(app.secret.as_deref().unwrap(), name, &app.client);
    for number in 0..5 {
        let name = format!("u{number}@example.com");
        let mut input = password(&app, &name, WRONG);
        input["AuthParameters"]["SECRET_HASH"] = json!(hash(&name));
        let reply = from(&house, HERE, "InitiateAuth", input).await;
        assert_eq!(reply.error().0, "NotAuthorizedException", "its users are many: {reply:?}");
    }
    for _ in 0..5 {
        let parameters =
            json!({ "USERNAME": "nobody@example.com", "PASSWORD": WRONG, "SECRET_HASH": hash("nobody@example.com") });
        let input = json!({
            "UserPoolId": app.pool, "ClientId": app.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters,
        });
        assert_eq!(house.refused("AdminInitiateAuth", input).await.0, "NotAuthorizedException");
    }
}

#[tokio::test]
async fn sec_077_the_sign_in_page_is_limited_by_the_browsers_address() {
    // Also where the client has a secret: the page belongs to the person.
    for settings in [json!({}), json!({ "GenerateSecret": true })] {
        let house = House::with(guesses(2, MANY, MANY)).await;
        let app = house.oauth_app(settings).await;
        house.user(&app.pool, ADA).await;
        let mut browser = house.browser();
        let reply = browser.get(&authorize(&app, &[])).await;
        let page = browser.follow(reply).await;
        for name in ["a@example.com", "b@example.com"] {
            let reply = browser.submit(&page, &[("username", name), ("password", WRONG)]).await;
            assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        }
        let reply = browser.submit(&page, &[("username", ADA), ("password", PASSWORD)]).await;
        assert_eq!((reply.status, reply.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "30"), "{reply:?}");
        assert!(reply.text.contains("Too many attempts") && reply.header("content-type").starts_with("text/html"), "{reply:?}");
        assert!(reply.text.contains("Back to the sign-in page"));
        house.clock.advance_ms(30_000);
        let reply = browser.submit(&page, &[("username", ADA), ("password", PASSWORD)]).await;
        assert!(reply.redirected("code").is_some(), "{reply:?}");
    }
}
