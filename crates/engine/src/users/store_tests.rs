//! Codes, attempts, passwords and names against a real store.
use std::collections::BTreeMap;
use std::sync::Arc;

use poolhouse_store::tables::users as table;
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{ExplicitAuthFlowsType, UserPoolClientType, UserPoolType, VerifiedAttributeType};
use serde_json::json;

use super::codes::{self, Purpose, Target, Verdict};
use super::{User, attempts, passwords};
use crate::delivery::Medium;
use crate::pools::{self, Pool};
use crate::testing::World;

async fn setup() -> (World, Arc<Pool>, User) {
    let world = World::new().await;
    let id = world
        .pool(UserPoolType { auto_verified_attributes: Some(vec![VerifiedAttributeType::Email]), ..Default::default() })
        .await;
    world
        .ok(
            "AdminCreateUser",
            json!({ "UserPoolId": id, "Username": "ann", "TemporaryPassword": "Passw0rd!", "MessageAction": "SUPPRESS",
                "UserAttributes": [{ "Name": "email", "Value": "ann@example.com" }] }),
        )
        .await;
    let ctx = world.ctx();
    let pool = pools::load(&ctx, &id).await.unwrap();
    let user = super::require(&ctx, &pool, "ann").await.unwrap();
    (world, pool, user)
}

async fn issue(world: &World, pool: &Pool, user: &User, purpose: Purpose) -> String {
    let target = Target { medium: Medium::Email, address: user.attribute("email").unwrap().to_owned() };
    let issued = codes::issue(&world.ctx(), pool, user.sub(), purpose, target, Some("client"), false);
    let code = issued.code.clone();
    world.engine.store.write(async move |tx| codes::put(tx, &issued).await).await.unwrap();
    code
}

async fn take(world: &World, pool: &Pool, user: &User, purpose: Purpose, client: &str, code: &str) -> Verdict {
    let answer = codes::answer(&world.ctx(), pool, user, purpose, client, code).await.unwrap();
    world.engine.store.write(async move |tx| codes::take(tx, &answer).await).await.unwrap()
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[tokio::test]
async fn a_code_is_used_once() {
    let (world, pool, ann) = setup().await;
    assert_eq!(take(&world, &pool, &ann, Purpose::SignUp, "client", "123456").await, Verdict::Expired);
    let code = issue(&world, &pool, &ann, Purpose::SignUp).await;
    let matched = Verdict::Matched { address: "ann@example.com".to_owned(), pending: false };
    assert_eq!(take(&world, &pool, &ann, Purpose::SignUp, "client", &code).await, matched);
    assert_eq!(take(&world, &pool, &ann, Purpose::SignUp, "client", &code).await, Verdict::Expired);
}

#[tokio::test]
async fn sec_081_a_code_is_for_one_user_purpose_and_client() {
    let (world, pool, ann) = setup().await;
    let code = issue(&world, &pool, &ann, Purpose::SignUp).await;
    assert_eq!(take(&world, &pool, &ann, Purpose::Reset, "client", &code).await, Verdict::Expired);
    assert_eq!(take(&world, &pool, &ann, Purpose::SignUp, "other", &code).await, Verdict::Mismatch);
    world.ok("AdminCreateUser", json!({ "UserPoolId": pool.id, "Username": "bob" })).await;
    let bob = super::require(&world.ctx(), &pool, "bob").await.unwrap();
    assert_eq!(take(&world, &pool, &bob, Purpose::SignUp, "client", &code).await, Verdict::Expired);
    assert!(matches!(take(&world, &pool, &ann, Purpose::SignUp, "client", &code).await, Verdict::Matched { .. }));
}

#[tokio::test]
async fn sec_079_a_code_dies_after_five_wrong_tries() {
    let (world, pool, ann) = setup().await;
    let code = issue(&world, &pool, &ann, Purpose::Reset).await;
    for _ in 0..5 {
        assert_eq!(take(&world, &pool, &ann, Purpose::Reset, "client", &wrong(&code)).await, Verdict::Mismatch);
    }
    assert_eq!(take(&world, &pool, &ann, Purpose::Reset, "client", &code).await, Verdict::Expired);
}

#[tokio::test]
async fn sec_082_sec_083_older_codes_and_codes_for_an_old_address_are_void() {
    let (world, pool, ann) = setup().await;
    let old = issue(&world, &pool, &ann, Purpose::Email).await;
    let new = issue(&world, &pool, &ann, Purpose::Email).await;
    assert_ne!(old, new);
    assert_eq!(take(&world, &pool, &ann, Purpose::Email, "client", &old).await, Verdict::Mismatch);
    let moved = json!({ "UserPoolId": pool.id, "Username": "ann", "UserAttributes": [{ "Name": "email", "Value": "new@example.com" }, { "Name": "email_verified", "Value": "true" }] });
    world.ok("AdminUpdateUserAttributes", moved).await;
    let ann = super::require(&world.ctx(), &pool, "ann").await.unwrap();
    assert_eq!(take(&world, &pool, &ann, Purpose::Email, "client", &new).await, Verdict::Expired);
}

#[tokio::test]
async fn codes_expire() {
    let (world, pool, ann) = setup().await;
    let (reset, sign_up) = (issue(&world, &pool, &ann, Purpose::Reset).await, issue(&world, &pool, &ann, Purpose::SignUp).await);
    world.advance_ms(60 * 60 * 1000);
    assert_eq!(take(&world, &pool, &ann, Purpose::Reset, "client", &reset).await, Verdict::Expired);
    world.advance_ms(23 * 60 * 60 * 1000 - 1);
    assert!(matches!(take(&world, &pool, &ann, Purpose::SignUp, "client", &sign_up).await, Verdict::Matched { .. }));
}

#[tokio::test]
async fn sec_179_the_code_is_not_in_the_row() {
    let (world, pool, ann) = setup().await;
    let target = Target { medium: Medium::Email, address: "ann@example.com".to_owned() };
    let issued = codes::issue(&world.ctx(), &pool, ann.sub(), Purpose::SignUp, target, None, false);
    assert_eq!(issued.row.mac.len(), 32);
    assert!(!issued.row.mac.windows(6).any(|part| part == issued.code.as_bytes()));
}

#[tokio::test]
async fn sec_074_the_simulated_destination_is_stable() {
    let (world, pool, _) = setup().await;
    let shown = |name: &str| codes::simulated_details(&world.ctx(), &pool, name).destination.unwrap();
    assert_eq!(shown("nobody"), shown("nobody"));
    assert_eq!(shown("who@example.com"), "w***@e***");
    assert_eq!(shown("+15550109934"), "+*******9934");
}

#[tokio::test]
async fn sec_075_failures_lock_for_longer_and_longer() {
    let (world, pool, _) = setup().await;
    for _ in 0..5 {
        attempts::begin(&world.ctx(), &pool, "someone").await.unwrap();
    }
    for lock_ms in [1000, 2000] {
        for _ in 0..3 {
            let refused = attempts::begin(&world.ctx(), &pool, "someone").await.unwrap_err();
            assert_eq!(
                (refused.aws_code(), refused.message()),
                (ErrorCode::NotAuthorizedException, "Password attempts exceeded")
            );
        }
        world.advance_ms(lock_ms - 1);
        assert!(attempts::begin(&world.ctx(), &pool, "someone").await.is_err());
        world.advance_ms(1);
        attempts::begin(&world.ctx(), &pool, "someone").await.unwrap();
    }
    attempts::begin(&world.ctx(), &pool, "another").await.unwrap();
    world.advance_ms(15 * 60 * 1000);
    for _ in 0..5 {
        attempts::begin(&world.ctx(), &pool, "someone").await.unwrap();
    }
    // Those were the twelve fast ones of this day: now each costs a quarter of an hour, and a success takes back its own
    // count only.
    for _ in 0..3 {
        world.advance_ms(15 * 60 * 1000 - 1);
        assert!(attempts::begin(&world.ctx(), &pool, "someone").await.is_err());
        world.advance_ms(1);
        attempts::begin(&world.ctx(), &pool, "someone").await.unwrap();
    }
    world.advance_ms(15 * 60 * 1000);
    attempts::begin(&world.ctx(), &pool, "someone").await.unwrap().succeeded(&world.ctx()).await.unwrap();
    attempts::begin(&world.ctx(), &pool, "someone").await.unwrap();
    assert!(attempts::begin(&world.ctx(), &pool, "someone").await.is_err());
    world.advance_ms(24 * 60 * 60 * 1000);
    for _ in 0..5 {
        attempts::begin(&world.ctx(), &pool, "someone").await.unwrap();
    }
}

#[tokio::test]
async fn sec_076_parallel_guesses_get_five_and_parallel_right_sign_ins_all() {
    let (world, pool, _) = setup().await;
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (ctx, pool) = (world.ctx(), Arc::clone(&pool));
        guesses.spawn(async move { attempts::begin(&ctx, &pool, "guessed").await.is_ok() });
    }
    assert_eq!(guesses.join_all().await.into_iter().filter(|leave| *leave).count(), 5);
    let mut right = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (ctx, pool) = (world.ctx(), Arc::clone(&pool));
        right.spawn(async move { attempts::begin(&ctx, &pool, "owner").await?.succeeded(&ctx).await });
    }
    assert!(right.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn hourly_caps_refill_after_an_hour() {
    let (world, pool, _) = setup().await;
    for _ in 0..3 {
        attempts::hourly(&world.ctx(), &pool, "ann", "resend", 3).await.unwrap();
    }
    let refused = attempts::hourly(&world.ctx(), &pool, "ann", "resend", 3).await.unwrap_err();
    assert!(refused.is(ErrorCode::LimitExceededException));
    assert_eq!(refused.message(), "Attempt limit exceeded, please try after some time.");
    world.advance_ms(60 * 60 * 1000);
    attempts::hourly(&world.ctx(), &pool, "ann", "resend", 3).await.unwrap();
}

#[tokio::test]
async fn sec_087_only_the_right_password_matches() {
    let (world, _, mut ann) = setup().await;
    let ctx = world.ctx();
    assert!(passwords::verify(&ctx, Some(&ann), "Passw0rd!").await.unwrap());
    for wrong in ["", "passw0rd!", "Passw0rd! "] {
        assert!(!passwords::verify(&ctx, Some(&ann), wrong).await.unwrap());
    }
    assert!(!passwords::verify(&ctx, None, "Passw0rd!").await.unwrap());
    ann.row.password_hash = None;
    assert!(!passwords::verify(&ctx, Some(&ann), "").await.unwrap());
}

#[tokio::test]
async fn sec_177_verifiers_are_kept_only_while_a_client_allows_srp_and_come_back() {
    let (world, pool, ann) = setup().await;
    let ctx = world.ctx();
    assert!(ann.row.srp_sealed.is_some(), "a pool without clients keeps one");
    let password_only = UserPoolClientType {
        explicit_auth_flows: Some(vec![ExplicitAuthFlowsType::AllowUserPasswordAuth]),
        ..Default::default()
    };
    world.client(&pool.id, password_only).await;
    assert!(!passwords::srp_in_use(&ctx, &pool).await.unwrap());
    let pool_id = pool.id.clone();
    world.engine.store.write(async move |tx| passwords::drop_verifiers(tx, &pool_id).await).await.unwrap();
    let ann = super::by_sub(&ctx, &pool, ann.sub()).await.unwrap().unwrap();
    assert!(ann.row.srp_sealed.is_none());
    passwords::refresh_stored(&ctx, &pool, &ann, "Passw0rd!").await.unwrap();
    assert!(super::by_sub(&ctx, &pool, ann.sub()).await.unwrap().unwrap().row.srp_sealed.is_none());
    world.client(&pool.id, UserPoolClientType::default()).await;
    assert!(passwords::srp_in_use(&ctx, &pool).await.unwrap());
    passwords::refresh_stored(&ctx, &pool, &ann, "Passw0rd!").await.unwrap();
    let ann = super::by_sub(&ctx, &pool, ann.sub()).await.unwrap().unwrap();
    assert!(ann.row.srp_sealed.is_some());
}

#[tokio::test]
async fn sec_177_a_verifier_does_not_open_in_another_row() {
    let (_world, pool, ann) = setup().await;
    assert!(passwords::srp_verifier(&pool, Some(&ann), ann.sub()).is_ok());
    let mut eve = User { row: super::testing::row("eve"), attributes: BTreeMap::new() };
    eve.row.srp_sealed.clone_from(&ann.row.srp_sealed);
    assert!(passwords::srp_verifier(&pool, Some(&eve), eve.sub()).is_err());
}

#[tokio::test]
async fn sec_073_the_invented_verifier_is_stable() {
    let (_world, pool, _) = setup().await;
    let salt = |name: &str| passwords::srp_verifier(&pool, None, name).unwrap().salt_hex();
    assert_eq!(salt("nobody"), salt("nobody"));
    assert_ne!(salt("nobody"), salt("somebody"));
}

#[tokio::test]
async fn a_user_changed_meanwhile_is_read_again() {
    let (world, pool, ann) = setup().await;
    let ctx = world.ctx();
    let names = super::aliases::names_of(&pool, &ann).unwrap();
    let (first, second) = (ann.row.clone(), ann.row.clone());
    let (n1, n2) = (names.clone(), names);
    use super::save::{Saved, update};
    let saved = ctx.store().write(async move |tx| update(tx, &first, &n1).await).await.unwrap();
    assert_eq!(saved, Saved::Done);
    let saved = ctx.store().write(async move |tx| update(tx, &second, &n2).await).await.unwrap();
    assert_eq!(saved, Saved::Conflict);
    let mut reader = ctx.store().reader().await.unwrap();
    assert_eq!(table::get(&mut reader, &pool.id, ann.sub()).await.unwrap().unwrap().version, ann.row.version + 1);
}
