//! Who exists is not told: checklist 71 to 74.
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use poolhouse_engine::keys::password::HashCost;
use serde_json::{Value, json};

use super::{DAY_MS, OTHER_PASSWORD, admin, app, list, named_app, sign_up, try_password};
use crate::both;
use crate::harness::{App, House, Options, PASSWORD, Reply};

const STATES: [&str; 6] = ["unknown", "unconfirmed", "confirmed", "disabled", "reset_required", "force_change"];

/// What a name of this state signs in with. Masked, all are the same.
fn name_of(state: &str, by_email: bool) -> String {
    if by_email { format!("x-{state}@example.com") } else { format!("x-{state}") }
}

async fn make(house: &House, app: &App, state: &str, by_email: bool) {
    let (name, email) = (name_of(state, by_email), name_of(state, true));
    let attributes = list(&[("email", &email), ("email_verified", "true")]);
    match state {
        "unknown" => {}
        "unconfirmed" => {
            sign_up(house, app, &name, &email).await;
        }
        _ => {
            let more = json!({ "UserAttributes": attributes, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD });
            admin(house, app, "AdminCreateUser", &name, more).await;
            if state != "force_change" {
                admin(house, app, "AdminSetUserPassword", &name, json!({ "Password": PASSWORD, "Permanent": true })).await;
            }
        }
    }
    match state {
        "disabled" => drop(admin(house, app, "AdminDisableUser", &name, json!({})).await),
        "reset_required" => drop(admin(house, app, "AdminResetUserPassword", &name, json!({})).await),
        _ => {}
    }
}

/// A reply without what differs between any two replies.
fn seen(reply: &Reply) -> Value {
    let headers: BTreeMap<&str, &str> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-amzn-requestid" | "content-length"))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    let body = if reply.status == 200 { shape("", &reply.json()) } else { reply.json() };
    json!({ "status": reply.status.as_u16(), "headers": headers, "body": body })
}

fn shape(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), shape(key, value))).collect(),
        Value::String(text) if matches!(key, "DeliveryMedium" | "AttributeName" | "ChallengeName") => text.clone().into(),
        Value::String(text) if key == "Destination" => {
            text.chars().map(|c| if c.is_alphanumeric() { 'x' } else { c }).collect::<String>().into()
        }
        Value::String(text) if key == "SECRET_BLOCK" => text.len().into(),
        Value::String(_) => "text".into(),
        other => other.clone(),
    }
}

/// Everything anybody may ask about a name, in an order that changes what is asked next.
async fn interrogate(house: &House, app: &App, name: &str) -> Vec<(String, Value)> {
    let mut seen_all = Vec::new();
    let mut ask = async |label: &str, operation: &str, mut input: Value| {
        input["ClientId"] = app.client.clone().into();
        let reply = house.api(operation, input).await;
        seen_all.push((format!("{label}: {operation}"), seen(&reply)));
        reply
    };
    let named = json!({ "Username": name });
    let code = json!({ "Username": name, "ConfirmationCode": "000000" });
    let reset = json!({ "Username": name, "ConfirmationCode": "000000", "Password": OTHER_PASSWORD });
    let guess = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": name, "PASSWORD": "Wrong-Horse-1" } });
    let srp = json!({ "AuthFlow": "USER_SRP_AUTH", "AuthParameters": { "USERNAME": name, "SRP_A": "a".repeat(700) } });
    ask("wrong password", "InitiateAuth", guess.clone()).await;
    let challenge = ask("first half", "InitiateAuth", srp).await.json();
    let parameters = &challenge["ChallengeParameters"];
    let proof = json!({ "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": {
        "USERNAME": parameters["USER_ID_FOR_SRP"],
        "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
        "TIMESTAMP": "Mon Nov 23 06:00:00 UTC 2026",
        "PASSWORD_CLAIM_SIGNATURE": "5XEQRCzm/5hsAgoIpfJw2g1yH5ajaB2KYtirpgeKRfY=",
    }});
    ask("wrong proof", "RespondToAuthChallenge", proof).await;
    ask("nothing asked", "ConfirmForgotPassword", reset.clone()).await;
    for n in 0..6 {
        ask(&format!("{n}"), "ConfirmSignUp", code.clone()).await;
    }
    ask("first", "ResendConfirmationCode", named.clone()).await;
    for n in 0..6 {
        ask(&format!("{n} after another code"), "ConfirmSignUp", code.clone()).await;
    }
    ask("first", "ForgotPassword", named.clone()).await;
    for n in 0..6 {
        ask(&format!("{n}"), "ConfirmForgotPassword", reset.clone()).await;
    }
    ask("again", "ForgotPassword", named.clone()).await;
    ask("after another code", "ConfirmForgotPassword", reset.clone()).await;
    let weak = json!({ "Username": name, "ConfirmationCode": "000000", "Password": "weak" });
    ask("weak password", "ConfirmForgotPassword", weak).await;
    for n in 0..5 {
        ask(&format!("{n} of too many"), "ResendConfirmationCode", named.clone()).await;
        ask(&format!("{n} of too many"), "ForgotPassword", named.clone()).await;
        ask(&format!("{n} of too many"), "InitiateAuth", guess.clone()).await;
    }
    let migrate = json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": name } });
    ask("no trigger", "InitiateAuth", migrate).await;
    seen_all
}

async fn compare(by_email: bool) {
    let house = House::start().await;
    let app = if by_email { house.app().await } else { named_app(&house, json!({}), json!({})).await };
    for state in STATES {
        make(&house, &app, state, by_email).await;
    }
    let expected = interrogate(&house, &app, &name_of("unknown", by_email)).await;
    let limited = |(_, reply): &&(String, Value)| reply["body"]["__type"] == "LimitExceededException";
    assert!(expected.iter().filter(limited).count() > 2, "the sequence reaches the caps");
    for state in &STATES[1..] {
        let answers = interrogate(&house, &app, &name_of(state, by_email)).await;
        for (unknown, known) in expected.iter().zip(&answers) {
            assert_eq!(unknown, known, "{state}");
        }
    }
    // A day later codes have died, and nobody can tell whose.
    house.clock.advance_ms(DAY_MS + 1);
    for operation in ["ConfirmSignUp", "ConfirmForgotPassword"] {
        let mut answers = BTreeSet::new();
        for state in STATES {
            let name = name_of(state, by_email);
            let mut input = json!({ "ClientId": app.client, "Username": name, "ConfirmationCode": "000000" });
            if operation == "ConfirmForgotPassword" {
                input["Password"] = OTHER_PASSWORD.into();
            }
            answers.insert(seen(&house.api(operation, input).await).to_string());
        }
        assert_eq!(answers.len(), 1, "{operation}: {answers:?}");
    }
}

#[tokio::test]
async fn sec_071_every_public_operation_answers_alike_for_every_state_in_a_pool_of_addresses() {
    compare(true).await;
}

#[tokio::test]
async fn sec_071_every_public_operation_answers_alike_for_every_state_in_a_pool_of_names() {
    compare(false).await;
}

/// What is checked before the user is looked up tells nothing either.
#[tokio::test]
async fn sec_071_a_wrong_secret_hash_is_told_before_the_user_is_looked_at() {
    let house = House::start().await;
    let app = app(&house, json!({}), json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, "known@example.com").await;
    let mut answers = BTreeSet::new();
    for name in ["known@example.com", "nobody@example.com"] {
        let mut of_name = Vec::new();
        for (operation, more) in [
            ("ForgotPassword", json!({})),
            ("ResendConfirmationCode", json!({})),
            ("ConfirmSignUp", json!({ "ConfirmationCode": "000000" })),
            ("ConfirmForgotPassword", json!({ "ConfirmationCode": "000000", "Password": OTHER_PASSWORD })),
        ] {
            let mut input = json!({ "ClientId": app.client, "Username": name, "SecretHash": "bm8=" });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            of_name.push(house.refused(operation, input).await);
        }
        let parameters = json!({ "USERNAME": name, "PASSWORD": PASSWORD, "SECRET_HASH": "bm8=" });
        let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters });
        of_name.push(house.refused("InitiateAuth", input).await);
        assert!(of_name.iter().all(|(code, _)| code == "NotAuthorizedException"), "{of_name:?}");
        answers.insert(of_name);
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
}

/// Not a stopwatch: an unknown name that skipped the hash would answer in a tenth of the time, so the bound of a half is
/// far from both. The statistics of checklist 72 belong on a calm machine.
#[tokio::test]
async fn sec_072_an_unknown_name_costs_about_the_same_work() {
    let house = House::with(Options { hash_cost: HashCost { passes: 4, ..HashCost::STANDARD }, ..Options::default() }).await;
    let app = house.app().await;
    let known = ["a@example.com", "b@example.com", "c@example.com"];
    for name in known {
        house.user(&app.pool, name).await;
    }
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..9 {
        for (of, name) in [(0, known[round % 3].to_owned()), (1, format!("nobody-{}@example.com", round % 3))] {
            let started = Instant::now();
            let reply = try_password(&house, &app, &name, "Wrong-Horse-1").await;
            times[of].push(started.elapsed());
            assert_eq!(reply.error().1, super::INCORRECT);
        }
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    assert!(unknown * 2 > known && known * 2 > unknown, "known {known:?}, unknown {unknown:?}");
}

fn srp_input(app: &App, name: &str) -> Value {
    json!({ "AuthFlow": "USER_SRP_AUTH", "ClientId": app.client, "AuthParameters": { "USERNAME": name, "SRP_A": "a".repeat(700) } })
}

async fn salt_and_name(house: &House, app: &App, name: &str) -> (String, String) {
    let answer = house.ok("InitiateAuth", srp_input(app, name)).await;
    let text = |key: &str| answer["ChallengeParameters"][key].as_str().unwrap().to_owned();
    (text("SALT"), text("USER_ID_FOR_SRP"))
}

#[tokio::test]
async fn sec_073_the_salt_of_nobody_is_the_same_at_every_try_on_every_node() {
    let house = House::with(Options { store: crate::harness::Store::Postgres, ..Options::default() }).await;
    let twin = house.twin().await;
    let app = house.app().await;
    let first = salt_and_name(&house, &app, "nobody@example.com").await;
    assert_eq!(first.1.len(), 36, "a sub: {first:?}");
    for node in [&house, &twin] {
        for name in ["nobody@example.com", "nobody@example.com"] {
            assert_eq!(salt_and_name(node, &app, name).await, first);
        }
    }
    let mut salts = BTreeSet::new();
    let mut ones = 0;
    for n in 0..40 {
        let (salt, _) = salt_and_name(&house, &app, &format!("nobody-{n}@example.com")).await;
        ones += salt.chars().map(|c| c.to_digit(16).unwrap().count_ones()).sum::<u32>();
        assert!((29..=32).contains(&salt.len()), "{salt}");
        salts.insert(salt);
    }
    assert_eq!(salts.len(), 40);
    // 5120 bits: five standard deviations are 179.
    assert!((2560 - 179..=2560 + 179).contains(&ones), "{ones}");
}

#[tokio::test]
async fn sec_073_the_name_in_the_challenge_is_shaped_like_a_real_one() {
    let house = House::start().await;
    let settings = json!({ "AliasAttributes": ["email"], "UsernameConfiguration": { "CaseSensitive": false } });
    let app = named_app(&house, settings, json!({})).await;
    let attributes = list(&[("email", "ann@example.com"), ("email_verified", "true")]);
    let more = json!({ "UserAttributes": attributes, "MessageAction": "SUPPRESS", "TemporaryPassword": PASSWORD });
    admin(&house, &app, "AdminCreateUser", "ann", more).await;
    // Neither spelling nor alias comes back: a real user's name would not.
    assert_eq!(salt_and_name(&house, &app, "ANN").await.1, "ann");
    assert_eq!(salt_and_name(&house, &app, "BOB").await.1, "bob");
    assert_eq!(salt_and_name(&house, &app, "ann@example.com").await.1, "ann");
    let invented = salt_and_name(&house, &app, "bob@example.com").await.1;
    assert!(!invented.contains('@'), "{invented}");
}

both! {
    async fn sec_074_the_mask_of_nobody_is_stable_and_shaped_like_a_real_one(house: House) {
        let app = named_app(&house, json!({}), json!({})).await;
        let mut masks = BTreeSet::new();
        for name in ["nobody", "no-one", "who"] {
            let ask = || house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": name }));
            let (first, second) = (ask().await, ask().await);
            assert_eq!(first, second);
            let mask = first["CodeDeliveryDetails"]["Destination"].as_str().unwrap().to_owned();
            assert_eq!(mask.len(), "x***@x***".len(), "{mask}");
            masks.insert(mask);
        }
        assert!(masks.len() > 1, "{masks:?}");
        assert_eq!(house.get("/_poolhouse/messages").await.json()["messages"].as_array().map(Vec::len), Some(0), "nothing was sent");
    }
}
