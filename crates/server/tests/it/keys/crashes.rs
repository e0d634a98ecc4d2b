//! Rotations on several nodes at once, and ones that break off in the middle: one active key for each purpose afterwards.

use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use poolhouse_engine::tokens::rotation::{self, Begun, LEAST_WAIT_MS};
use poolhouse_store::testkit::Scratch;
use poolhouse_store::{Tx, p};
use serde_json::{Value, json};

use super::{RelyingParty, operator, pair, states, verifies};
use crate::auth::{ADA, with_ada};
use crate::both;
use crate::harness::House;
use crate::program::{Program, command, signal};
use crate::reliability::two_nodes;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_168_two_nodes_rotate_at_once_under_load() {
    let (a, b) = two_nodes().await;
    let app = with_ada(&a).await;
    let mut parties = [RelyingParty::new(&app.pool), RelyingParty::new(&app.pool)];
    for round in 0..10 {
        let (here, there) = (operator(&a), operator(&b));
        let begun =
            tokio::join!(rotation::begin(&here, &app.pool, LEAST_WAIT_MS), rotation::begin(&there, &app.pool, LEAST_WAIT_MS));
        let begun = [begun.0.unwrap(), begun.1.unwrap()];
        let published = begun.iter().filter(|begun| matches!(begun, Begun::Published(_))).count();
        assert_eq!(published, 1, "round {round}: {begun:?}");
        for clock in [&a.clock, &b.clock] {
            clock.advance_ms(LEAST_WAIT_MS);
        }
        // Both have everything in their caches, and sign and verify while the keys change under them.
        let (here, there) = (operator(&a), operator(&b));
        let load = |house: &'static str| {
            let node = if house == "a" { &a } else { &b };
            let app = &app;
            async move { join_all((0..10).map(|_| node.sign_in(app, ADA))).await }
        };
        let (one, other, of_a, of_b) =
            tokio::join!(rotation::step(&here, None), rotation::step(&there, None), load("a"), load("b"));
        assert!(one.is_ok() && other.is_ok(), "round {round}: {one:?} {other:?}");
        let (active, next, _) = states(&a, &app.pool).await;
        assert_eq!(next.len(), 0, "round {round}");
        for (results, verifier) in [(of_a, &b), (of_b, &a)] {
            for result in &results {
                verifier.ok("GetUser", json!({ "AccessToken": result["AccessToken"] })).await;
                for party in &mut parties {
                    assert!(party.verifies(verifier, &pair(result)).await, "round {round}");
                }
            }
        }
        // The very next request of the node that did not do it.
        for (signer, verifier) in [(&a, &b), (&b, &a)] {
            let result = signer.sign_in(&app, ADA).await;
            let kid = crate::tokens::part(result["AccessToken"].as_str().unwrap(), 0)["kid"].as_str().unwrap().to_owned();
            assert!(active.contains(&kid), "round {round}");
            verifier.ok("GetUser", json!({ "AccessToken": result["AccessToken"] })).await;
        }
    }
}

/// Makes the database refuse one statement of a rotation, as a crash at that point would.
async fn broken(house: &House, step: &'static str) {
    let on_postgres = house.engine.store.is_shared();
    let statements: &[&'static str] = match (step, on_postgres) {
        ("promoting", false) => &["CREATE TRIGGER crash BEFORE UPDATE ON signing_keys WHEN NEW.state = 'active'
            BEGIN SELECT RAISE(ABORT, 'crash'); END"],
        ("retiring the second", false) => &["CREATE TRIGGER crash BEFORE UPDATE ON signing_keys
            WHEN NEW.state = 'retired' AND NEW.purpose = 'id' BEGIN SELECT RAISE(ABORT, 'crash'); END"],
        ("raising the version", false) => {
            &["CREATE TRIGGER crash BEFORE UPDATE ON pools BEGIN SELECT RAISE(ABORT, 'crash'); END"]
        }
        ("promoting", true) => &[
            FUNCTION,
            "CREATE TRIGGER crash BEFORE UPDATE ON signing_keys FOR EACH ROW
            WHEN (NEW.state = 'active') EXECUTE FUNCTION crash()",
        ],
        ("retiring the second", true) => &[
            FUNCTION,
            "CREATE TRIGGER crash BEFORE UPDATE ON signing_keys FOR EACH ROW
            WHEN (NEW.state = 'retired' AND NEW.purpose = 'id') EXECUTE FUNCTION crash()",
        ],
        _ => &[FUNCTION, "CREATE TRIGGER crash BEFORE UPDATE ON pools FOR EACH ROW EXECUTE FUNCTION crash()"],
    };
    for statement in statements.iter().copied() {
        run(house, statement).await;
    }
}

const FUNCTION: &str = "CREATE OR REPLACE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'crash'; END $$";

async fn mended(house: &House, step: &str) {
    let statement = match (step, house.engine.store.is_shared()) {
        (_, false) => "DROP TRIGGER crash",
        ("raising the version", true) => "DROP TRIGGER crash ON pools",
        _ => "DROP TRIGGER crash ON signing_keys",
    };
    run(house, statement).await;
}

async fn run(house: &House, statement: &'static str) {
    let done: poolhouse_store::Result<u64> =
        house.engine.store.write(async move |tx: &mut Tx| tx.exec(statement, p![]).await).await;
    done.unwrap();
}

both! {
    async fn sec_168_a_rotation_that_breaks_off_has_not_begun(house: House) {
        let app = with_ada(&house).await;
        for step in ["promoting", "retiring the second", "raising the version"] {
            rotation::begin(&operator(&house), &app.pool, LEAST_WAIT_MS).await.unwrap();
            let before = states(&house, &app.pool).await;
            house.clock.advance_ms(LEAST_WAIT_MS);
            broken(&house, step).await;
            rotation::step(&operator(&house), None).await.unwrap_err();
            assert_eq!(states(&house, &app.pool).await, before, "{step}");
            let tokens = house.sign_in(&app, ADA).await;
            house.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
            let revoked = rotation::revoke(&operator(&house), &app.pool, &before.0[0]).await;
            assert_eq!(revoked.is_err(), step != "retiring the second", "{step}");
            if revoked.is_err() {
                assert_eq!(states(&house, &app.pool).await, before, "{step}, revoking");
            }
            mended(&house, step).await;
            // Begun again from where it stopped, after a restart.
            rotation::step(&operator(&house), None).await.unwrap();
            let (active, next, _) = states(&house, &app.pool).await;
            assert!(next.is_empty() && before.1.iter().all(|kid| active.contains(kid)), "{step}");
            house.sign_in(&app, ADA).await;
        }
        let options = Options { seed: 9, ..house.options() };
        let house = house.restarted(options).await;
        states(&house, &app.pool).await;
        house.sign_in(&app, ADA).await;
    }
}

fn key() -> (String, String) {
    ("test".to_owned(), "test".to_owned())
}

fn start(scratch: &Scratch) -> Program {
    let data = scratch.path().join("data");
    let arguments = ["dev", "--no-demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data"];
    Program::start(command().args(arguments).arg(data), "localhost")
}

/// The command and the server are killed at moments nobody chose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_168_kill_9_in_the_middle_of_a_rotation() {
    let scratch = Scratch::new().unwrap();
    let mut program = start(&scratch);
    let (pool, client) = crate::serve::app(&program, &key()).await;
    crate::serve::user(&program, &key(), &pool, ADA, crate::harness::PASSWORD).await;
    let sign_in = crate::serve::sign_in(&client, ADA, crate::harness::PASSWORD);
    let data = scratch.path().join("data");
    let rotate = |more: &[&str]| {
        let mut rotate = command();
        rotate.args(["signing-key", "rotate", "--data"]).arg(&data).args(more).arg(&pool);
        rotate.stdout(Stdio::piped()).stderr(Stdio::piped());
        rotate
    };
    let path = format!("/{pool}/.well-known/jwks.json");
    let mut tokens: Vec<String> = Vec::new();
    let mut finished = 0;
    for round in 0..12_u64 {
        let mut rotation = rotate(&["--now"]).spawn().unwrap();
        let load = async { join_all((0..4).map(|_| program.try_api(None, "InitiateAuth", &sign_in))).await };
        let pid = rotation.id();
        let killing = async {
            // A command takes some 150 ms: from before its first write to after its last.
            tokio::time::sleep(Duration::from_millis(20 * round)).await;
            signal("-KILL", pid);
        };
        let (replies, ()) = tokio::join!(load, killing);
        finished += u64::from(rotation.wait().unwrap().success());
        for reply in replies.into_iter().flatten() {
            assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
            tokens.extend(pair(&reply.json()["AuthenticationResult"]));
        }
        if round % 3 == 2 {
            signal("-KILL", program.pid());
            program.wait();
            program = start(&scratch);
        }
        let mut list = command();
        let listed = list.args(["signing-key", "list", "--data"]).arg(&data).arg(&pool).output().unwrap();
        let listed = crate::program::text(&listed.stdout);
        for purpose in ["  id      signs", "  access  signs"] {
            assert_eq!(listed.matches(purpose).count(), 1, "round {round}: {listed}");
        }
        let jwks: Value = program.get(&path).await.json();
        assert!(tokens.iter().all(|token| verifies(&jwks, token)), "round {round}");
        let newest = program.ok(None, "InitiateAuth", &sign_in).await["AuthenticationResult"].clone();
        program.ok(None, "GetUser", &json!({ "AccessToken": newest["AccessToken"] })).await;
        tokens.extend(pair(&newest));
    }
    let output = rotate(&["--now"]).output().unwrap();
    assert!(output.status.success(), "{}", crate::program::text(&output.stderr));
    let jwks: Value = program.get(&path).await.json();
    assert!(jwks["keys"].as_array().unwrap().len() >= 4, "{finished} were not killed: {jwks}");
    assert!(tokens.iter().all(|token| verifies(&jwks, token)));
}
