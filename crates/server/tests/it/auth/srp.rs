//! USER_SRP_AUTH with a client's own computation.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::StatusCode;
use serde_json::{Value, json};

use super::srp_client::{Client, TIME, prime};
use super::{ADA, BOB, DOORS, Door, INCORRECT, caseless, not_authorized, signed_in, text, with_ada};
use crate::both;
use crate::harness::{App, House, PASSWORD};

async fn ask(house: &House, app: &App, door: Door, username: &str, client: &Client) -> Value {
    let (operation, input) = door.initiate(app, "USER_SRP_AUTH", json!({ "USERNAME": username, "SRP_A": client.a_hex }));
    let asked = house.ok(operation, input).await;
    assert_eq!((&asked["ChallengeName"], asked.get("AuthenticationResult")), (&json!("PASSWORD_VERIFIER"), None));
    let parameters = asked["ChallengeParameters"].as_object().unwrap();
    let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
    assert_eq!(names, ["SALT", "SECRET_BLOCK", "SRP_B", "USERNAME", "USER_ID_FOR_SRP"]);
    asked
}

async fn answer(house: &House, app: &App, door: Door, responses: Value) -> Result<Value, (String, String)> {
    let (operation, input) = door.respond(app, "PASSWORD_VERIFIER", None, responses);
    let reply = house.api(operation, input).await;
    if reply.status == StatusCode::OK { Ok(reply.json()) } else { Err(reply.error()) }
}

both! {
    async fn the_password_is_proved_without_being_sent(house: House) {
        let app = caseless(&house).await;
        let strange = "pässwörd-Ключ-\u{1f511}-9A";
        house.user(&app.pool, BOB).await;
        let password = json!({ "UserPoolId": app.pool, "Username": BOB, "Password": strange, "Permanent": true });
        house.ok("AdminSetUserPassword", password).await;
        for (seed, door) in [(21, Door::Public), (22, Door::Admin)] {
            for (username, password) in [(ADA, PASSWORD), (BOB, strange)] {
                let client = Client::new(seed);
                let asked = ask(&house, &app, door, username, &client).await;
                signed_in(&answer(&house, &app, door, client.answer(&app.pool, &asked, password)).await.unwrap());
                let asked = ask(&house, &app, door, username, &client).await;
                let wrong = client.answer(&app.pool, &asked, "Wrong-Horse-9");
                assert_eq!(answer(&house, &app, door, wrong).await.unwrap_err(), not_authorized(INCORRECT));
            }
        }
        // The address typed, another spelling of it, and the sub all name her; another session string is passed over.
        for username in [ADA.to_owned(), "ADA@example.com".to_owned()] {
            let client = Client::new(5);
            let asked = ask(&house, &app, Door::Public, &username, &client).await;
            let mut responses = client.answer(&app.pool, &asked, PASSWORD);
            responses["USERNAME"] = json!(username);
            signed_in(&answer(&house, &app, Door::Public, responses).await.unwrap());
        }
    }

    async fn sec_043_a_secret_block_is_used_once_by_its_client_and_user_and_soon(house: House) {
        let app = with_ada(&house).await;
        house.user(&app.pool, BOB).await;
        let client = Client::new(33);
        // Replay: after success, and after failure.
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        let right = client.answer(&app.pool, &asked, PASSWORD);
        signed_in(&answer(&house, &app, Door::Public, right.clone()).await.unwrap());
        assert_eq!(answer(&house, &app, Door::Public, right).await.unwrap_err(), not_authorized(INCORRECT));
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        let wrong = client.answer(&app.pool, &asked, "Wrong-Horse-9");
        assert_eq!(answer(&house, &app, Door::Public, wrong).await.unwrap_err(), not_authorized(INCORRECT));
        let right = client.answer(&app.pool, &asked, PASSWORD);
        assert_eq!(answer(&house, &app, Door::Public, right).await.unwrap_err(), not_authorized(INCORRECT));
        // Another client of the pool, and a client of another pool.
        let (second, _) = house.client(&app.pool, json!({})).await;
        let elsewhere = with_ada(&house).await;
        for other in [App { client: second, ..app.clone() }, elsewhere] {
            let asked = ask(&house, &app, Door::Public, ADA, &client).await;
            let right = client.answer(&app.pool, &asked, PASSWORD);
            assert_eq!(answer(&house, &other, Door::Public, right).await.unwrap_err(), not_authorized(INCORRECT));
        }
        // Bob's name over Ada's block, with Ada's password right.
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        let mut responses = client.answer(&app.pool, &asked, PASSWORD);
        responses["USERNAME"] = json!(BOB);
        assert_eq!(answer(&house, &app, Door::Public, responses).await.unwrap_err(), not_authorized(INCORRECT));
        // Not ours, no base64, empty.
        for block in [STANDARD.encode([7; 768]), "???".to_owned()] {
            let asked = ask(&house, &app, Door::Public, ADA, &client).await;
            let mut responses = client.answer(&app.pool, &asked, PASSWORD);
            responses["PASSWORD_CLAIM_SECRET_BLOCK"] = json!(block);
            assert_eq!(answer(&house, &app, Door::Public, responses).await.unwrap_err(), not_authorized(INCORRECT));
        }
        // Three minutes.
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        let in_time = client.answer(&app.pool, &asked, PASSWORD);
        house.clock.advance_ms(179_999);
        signed_in(&answer(&house, &app, Door::Public, in_time).await.unwrap());
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        let late = client.answer(&app.pool, &asked, PASSWORD);
        house.clock.advance_ms(180_000);
        assert_eq!(answer(&house, &app, Door::Public, late).await.unwrap_err(), not_authorized(INCORRECT));
    }
}

#[tokio::test]
async fn sec_043_cheating_public_values_start_nothing() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let prime = prime();
    let values = [
        "0",
        "00",
        &prime,
        &prime.to_lowercase(),
        &format!("00{prime}"),
        &"f".repeat(768),
        &"f".repeat(4_000),
        "-5",
        "0x5",
        "zz",
        " 5",
    ];
    for username in [ADA, "nobody@example.com"] {
        for a in values {
            let (operation, input) = Door::Public.initiate(&app, "USER_SRP_AUTH", json!({ "USERNAME": username, "SRP_A": a }));
            assert_eq!(house.refused(operation, input).await.0, "InvalidParameterException", "{username} {a}");
        }
    }
}

#[tokio::test]
async fn sec_044_a_flipped_bit_in_any_byte_of_the_proof_is_refused() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let client = Client::new(9);
    for byte in 0..32 {
        // A user's failures of a day are counted: each group of bytes has its own.
        let user = format!("proof{}@example.com", byte / 8);
        if byte % 8 == 0 {
            house.user(&app.pool, &user).await;
        }
        let asked = ask(&house, &app, Door::Public, &user, &client).await;
        let mut claim = client.claim(&app.pool, &asked, PASSWORD, TIME);
        claim[byte] ^= 1 << (byte % 8);
        let refused = answer(&house, &app, Door::Public, Client::responses(&asked, &claim, TIME)).await.unwrap_err();
        assert_eq!(refused, not_authorized(INCORRECT), "byte {byte}");
        // The right proof in between, so that no lock-out hides the comparison.
        let asked = ask(&house, &app, Door::Public, &user, &client).await;
        signed_in(&answer(&house, &app, Door::Public, client.answer(&app.pool, &asked, PASSWORD)).await.unwrap());
    }
    for claim in [vec![], vec![0; 32]] {
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        assert!(answer(&house, &app, Door::Public, Client::responses(&asked, &claim, TIME)).await.is_err());
    }
    for missing in ["PASSWORD_CLAIM_SIGNATURE", "PASSWORD_CLAIM_SECRET_BLOCK", "TIMESTAMP", "USERNAME"] {
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        let mut responses = client.answer(&app.pool, &asked, PASSWORD);
        responses.as_object_mut().unwrap().remove(missing);
        assert_eq!(answer(&house, &app, Door::Public, responses).await.unwrap_err().0, "InvalidParameterException", "{missing}");
    }
}

#[tokio::test]
async fn sec_045_the_time_is_part_of_the_proof_and_near_ours() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let client = Client::new(9);
    let table = [
        ("Mon Nov 23 06:05:00 UTC 2026", true),
        ("Mon Nov 23 05:55:00 UTC 2026", true),
        ("Mon Nov 23 06:05:01 UTC 2026", false),
        ("Mon Nov 23 05:54:59 UTC 2026", false),
        ("Mon Nov 23 06:00:00 UTC 2027", false),
        ("Mo Nov 23 06:00:00 UTC 2026", false),
        ("Mon Nov 23 06:00:00 CET 2026", false),
        ("Mon Nov 23 6:00:00 UTC 2026", false),
        ("Mon nov. 23 06:00:00 UTC 2026", false),
        ("2026-11-23T06:00:00Z", false),
        ("Mon Nov 23 06:00:00 UTC 2026 ", false),
    ];
    for (time, right) in table {
        let asked = ask(&house, &app, Door::Public, ADA, &client).await;
        let claim = client.claim(&app.pool, &asked, PASSWORD, time);
        let answered = answer(&house, &app, Door::Public, Client::responses(&asked, &claim, time)).await;
        assert_eq!(answered.is_ok(), right, "{time}: {answered:?}");
    }
    // A proof for one time says nothing about another.
    let asked = ask(&house, &app, Door::Public, ADA, &client).await;
    let claim = client.claim(&app.pool, &asked, PASSWORD, "Mon Nov 23 06:00:01 UTC 2026");
    assert!(answer(&house, &app, Door::Public, Client::responses(&asked, &claim, TIME)).await.is_err());
}

#[tokio::test]
async fn clients_may_echo_the_block_in_either_base64() {
    let house = House::start().await;
    let app = with_ada(&house).await;
    let client = Client::new(9);
    let asked = ask(&house, &app, Door::Public, ADA, &client).await;
    let mut responses = client.answer(&app.pool, &asked, PASSWORD);
    let block = STANDARD.decode(text(&responses["PASSWORD_CLAIM_SECRET_BLOCK"])).unwrap();
    responses["PASSWORD_CLAIM_SECRET_BLOCK"] = json!(URL_SAFE.encode(block));
    signed_in(&answer(&house, &app, Door::Public, responses).await.unwrap());
}

both! {
    async fn sec_073_an_unknown_name_is_asked_the_same_and_fails_the_same(house: House) {
        let app = caseless(&house).await;
        let client = Client::new(12);
        let known = ask(&house, &app, Door::Public, ADA, &client).await;
        let first = ask(&house, &app, Door::Public, "nobody@example.com", &client).await;
        let mut blocks = vec![text(&first["ChallengeParameters"]["SECRET_BLOCK"]).to_owned()];
        for door in DOORS {
            for username in ["nobody@example.com", "NOBODY@example.com"] {
                let again = ask(&house, &app, door, username, &client).await;
                for stable in ["SALT", "USER_ID_FOR_SRP", "USERNAME"] {
                    assert_eq!(again["ChallengeParameters"][stable], first["ChallengeParameters"][stable], "{stable} {username}");
                }
                blocks.push(text(&again["ChallengeParameters"]["SECRET_BLOCK"]).to_owned());
                assert_ne!(again["ChallengeParameters"]["SRP_B"], first["ChallengeParameters"]["SRP_B"]);
            }
        }
        blocks.sort();
        blocks.dedup();
        assert_eq!(blocks.len(), 5);
        let length = |asked: &Value, name: &str| text(&asked["ChallengeParameters"][name]).len();
        for name in ["USER_ID_FOR_SRP", "USERNAME", "SECRET_BLOCK"] {
            assert_eq!(length(&known, name), length(&first, name), "{name}");
        }
        let guess = client.answer(&app.pool, &first, PASSWORD);
        assert_eq!(answer(&house, &app, Door::Public, guess).await.unwrap_err(), not_authorized(INCORRECT));
    }
}
