//! Signing keys change and nobody notices.

use futures_util::future::join_all;
use poolhouse_engine::tokens::rotation::{self, Begun, LEAST_WAIT_MS, Revoked, WAIT_MS};
use serde_json::{Value, json};

use super::{DAY, HOUR, RelyingParty, operator, pair, states};
use crate::auth::{ADA, not_authorized};
use crate::both;
use crate::harness::{App, House};
use crate::tokens::{claims, part};

/// Milliseconds the clock moves at a time.
const STEP: i64 = HOUR / 6;

/// An application whose tokens live as long as any may, and Ada.
async fn long_lived(house: &House) -> App {
    let pool = house.pool(json!({})).await;
    let units = json!({ "AccessToken": "hours", "IdToken": "hours", "RefreshToken": "days" });
    let validity = json!({ "AccessTokenValidity": 24, "IdTokenValidity": 24, "TokenValidityUnits": units });
    let (client, secret) = house.client(&pool, validity).await;
    house.user(&pool, ADA).await;
    App { pool, client, secret }
}

async fn jwks(house: &House, pool: &str) -> Vec<String> {
    let document = house.get(&format!("/{pool}/.well-known/jwks.json")).await.json();
    document["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(token: &Value) -> String {
    part(token.as_str().unwrap(), 0)["kid"].as_str().unwrap().to_owned()
}

/// What is alive of these tokens.
fn alive(house: &House, tokens: &mut Vec<String>) {
    tokens.retain(|token| claims(token)["exp"].as_i64().unwrap() > house.clock_seconds());
}

both! {
    async fn sec_039_ten_rotations_under_load_and_every_token_verifies(house: House) {
        let app = long_lived(&house).await;
        // Whose copies of the JWKS end at different times: one of them fetches right before the keys are published.
        let mut parties: Vec<RelyingParty> = (0..6).map(|_| RelyingParty::new(&app.pool)).collect();
        let (mut tokens, mut signers, mut verified) = (Vec::new(), Vec::new(), 0);
        for turn in 0..10 {
            for phase in 0..6 {
                if let (0, Some(party)) = (turn, parties.get_mut(phase)) {
                    party.fetch(&house).await;
                }
                if phase == 3 {
                    let begun = rotation::begin(&operator(&house), &app.pool, LEAST_WAIT_MS).await.unwrap();
                    assert_eq!(begun, Begun::Published(house.clock.now_ms() + LEAST_WAIT_MS));
                }
                house.clock.advance_ms(STEP);
                let ctx = operator(&house);
                let (stepped, results) =
                    tokio::join!(rotation::step(&ctx, None), join_all((0..3).map(|_| house.sign_in(&app, ADA))));
                stepped.unwrap();
                for result in &results {
                    signers.push(kid(&result["AccessToken"]));
                    tokens.extend(pair(result));
                }
                alive(&house, &mut tokens);
                for party in &mut parties {
                    assert!(party.verifies(&house, &tokens).await, "rotation {turn}, phase {phase}");
                    verified += tokens.len();
                }
                // And so do we ourselves, the oldest and the newest.
                for token in [&tokens[1], &tokens[tokens.len() - 1]] {
                    house.ok("GetUser", json!({ "AccessToken": token })).await;
                }
            }
        }
        signers.sort_unstable();
        signers.dedup();
        assert_eq!(signers.len(), 10, "nine rotations have come to their end, and the tenth key is published");
        assert!(verified > 40_000, "{verified}");
        // To the end of the last token, and no key outlives it for long.
        for _ in 0..26 {
            house.clock.advance_ms(HOUR);
            rotation::step(&operator(&house), None).await.unwrap();
            alive(&house, &mut tokens);
            for party in &mut parties {
                assert!(party.verifies(&house, &tokens).await);
            }
        }
        assert!(tokens.is_empty());
        assert_eq!(jwks(&house, &app.pool).await.len(), 2);
        house.sign_in(&app, ADA).await;
    }

    // What the wait is for: the same relying party without it.
    async fn sec_039_in_an_emergency_copies_of_the_jwks_are_too_old(house: House) {
        let app = long_lived(&house).await;
        let old = pair(&house.sign_in(&app, ADA).await);
        let mut party = RelyingParty::new(&app.pool);
        assert!(party.verifies(&house, &old).await);
        rotation::now(&operator(&house), &app.pool).await.unwrap();
        let new = pair(&house.sign_in(&app, ADA).await);
        assert!(party.verifies(&house, &old).await && !party.verifies(&house, &new).await);
        party.fetch(&house).await;
        assert!(party.verifies(&house, &old).await && party.verifies(&house, &new).await);
        house.ok("GetUser", json!({ "AccessToken": old[1] })).await;
        // A rotation that waits is taken, not doubled.
        rotation::begin(&operator(&house), &app.pool, WAIT_MS).await.unwrap();
        let (_, next, _) = states(&house, &app.pool).await;
        rotation::now(&operator(&house), &app.pool).await.unwrap();
        assert_eq!(states(&house, &app.pool).await.0, next);
    }

    async fn sec_039_keys_are_published_at_once_sign_later_and_leave_last(house: House) {
        let app = long_lived(&house).await;
        let (first, _, _) = states(&house, &app.pool).await;
        let begun = rotation::begin(&operator(&house), &app.pool, WAIT_MS).await.unwrap();
        let at = house.clock.now_ms() + DAY;
        assert_eq!(begun, Begun::Published(at));
        assert_eq!(jwks(&house, &app.pool).await.len(), 4);
        house.clock.advance_ms(HOUR);
        assert_eq!(rotation::begin(&operator(&house), &app.pool, WAIT_MS).await.unwrap(), Begun::UnderWay(at));
        house.clock.advance_ms(23 * HOUR - 1);
        assert_eq!(rotation::step(&operator(&house), None).await.unwrap(), 0);
        let last_of_old = house.sign_in(&app, ADA).await;
        assert!(first.contains(&kid(&last_of_old["AccessToken"])));
        house.clock.advance_ms(1);
        assert_eq!(rotation::step(&operator(&house), None).await.unwrap(), 1);
        let (second, next, retired) = states(&house, &app.pool).await;
        assert_eq!((&retired, next.len()), (&first, 0));
        let result = house.sign_in(&app, ADA).await;
        assert!(second.contains(&kid(&result["AccessToken"])) && second.contains(&kid(&result["IdToken"])));
        assert_ne!(kid(&result["AccessToken"]), kid(&result["IdToken"]));
        house.clock.advance_ms(DAY - 1001);
        rotation::step(&operator(&house), None).await.unwrap();
        house.ok("GetUser", json!({ "AccessToken": last_of_old["AccessToken"] })).await;
        house.clock.advance_ms(HOUR + 1001);
        assert_eq!(rotation::step(&operator(&house), None).await.unwrap(), 1);
        let mut left = jwks(&house, &app.pool).await;
        left.sort_unstable();
        let mut expected = second;
        expected.sort_unstable();
        assert_eq!(left, expected);
    }

    async fn sec_039_a_schedule_begins_rotations_by_itself(house: House) {
        let app = long_lived(&house).await;
        let every = Some(30 * DAY);
        house.clock.advance_ms(30 * DAY - 1);
        assert_eq!(rotation::step(&operator(&house), every).await.unwrap(), 0);
        house.clock.advance_ms(1);
        assert_eq!(rotation::step(&operator(&house), None).await.unwrap(), 0, "without one, never");
        assert_eq!(rotation::step(&operator(&house), every).await.unwrap(), 1);
        assert_eq!(rotation::step(&operator(&house), every).await.unwrap(), 0, "begun once");
        let (first, next, _) = states(&house, &app.pool).await;
        house.clock.advance_ms(WAIT_MS);
        assert_eq!(rotation::step(&operator(&house), every).await.unwrap(), 1);
        assert_eq!(rotation::step(&operator(&house), every).await.unwrap(), 0);
        let (active, none, retired) = states(&house, &app.pool).await;
        assert_eq!((active, retired, none.len()), (next, first, 0));
    }

    async fn sec_039_a_revoked_key_is_gone_at_once_and_its_tokens_with_it(house: House) {
        let app = long_lived(&house).await;
        let (client, _) = house.client(&app.pool, json!({ "EnableTokenRevocation": false })).await;
        for app in [app.clone(), App { client, ..app.clone() }] {
            let stolen = house.sign_in(&app, ADA).await;
            let good = kid(&stolen["AccessToken"]);
            house.ok("GetUser", json!({ "AccessToken": stolen["AccessToken"] })).await;
            assert_eq!(rotation::revoke(&operator(&house), &app.pool, &good).await.unwrap(), Revoked::ByUnseen);
            let refused = house.refused("GetUser", json!({ "AccessToken": stolen["AccessToken"] })).await;
            assert_eq!(refused, not_authorized("Could not verify signature for Access Token"));
            assert!(!jwks(&house, &app.pool).await.contains(&good));
            states(&house, &app.pool).await;
            // The sign-in goes on with its refresh token, and the other key with its tokens.
            let refresh = json!({
                "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": stolen["RefreshToken"] },
            });
            let again = house.ok("InitiateAuth", refresh).await["AuthenticationResult"].clone();
            assert_eq!(kid(&again["IdToken"]), kid(&stolen["IdToken"]));
            house.ok("GetUser", json!({ "AccessToken": again["AccessToken"] })).await;
        }
        // While a rotation waits, its key takes over: some have seen it.
        rotation::begin(&operator(&house), &app.pool, WAIT_MS).await.unwrap();
        let (_, next, _) = states(&house, &app.pool).await;
        let signs = kid(&house.sign_in(&app, ADA).await["IdToken"]);
        assert_eq!(rotation::revoke(&operator(&house), &app.pool, &signs).await.unwrap(), Revoked::ByNext);
        assert!(next.contains(&kid(&house.sign_in(&app, ADA).await["IdToken"])));
        // One that waits, one that has retired, one of another pool, none.
        let (_, left, _) = states(&house, &app.pool).await;
        assert_eq!(rotation::revoke(&operator(&house), &app.pool, &left[0]).await.unwrap(), Revoked::Idle);
        rotation::now(&operator(&house), &app.pool).await.unwrap();
        let (_, _, retired) = states(&house, &app.pool).await;
        assert_eq!(rotation::revoke(&operator(&house), &app.pool, &retired[0]).await.unwrap(), Revoked::Idle);
        assert!(!jwks(&house, &app.pool).await.contains(&retired[0]));
        let other = house.pool(json!({})).await;
        for (pool, kid) in [(&other, signs.as_str()), (&other, "none"), (&app.pool, "\u{1F511}")] {
            assert_eq!(rotation::revoke(&operator(&house), pool, kid).await.unwrap(), Revoked::Unknown);
        }
        let unknown = rotation::begin(&operator(&house), "eu-central-1_none00000", WAIT_MS).await.unwrap_err();
        assert!(unknown.message().contains("does not exist"));
        states(&house, &app.pool).await;
        house.sign_in(&app, ADA).await;
    }
}
