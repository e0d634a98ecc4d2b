//! Master keys change while users sign in, and an old one goes only when nothing needs it.

use futures_util::future::join_all;
use http::StatusCode;
use poolhouse_engine::ctx::Engine;
use poolhouse_engine::keys::entropy::{OsEntropy, SeededEntropy};
use poolhouse_engine::keys::master::MasterKeys;
use poolhouse_engine::keys::password::HashCost;
use poolhouse_engine::rewrap::{self, Needs};
use poolhouse_engine::start::{Outgoing, StartError, StartOptions};
use poolhouse_store::{Tx, p};
use serde_json::{Value, json};

use crate::both;
use crate::harness::{App, House, Options, PASSWORD, Store};
use crate::reliability::two_nodes;

const OLD: &str = "test";
const NEW: &str = "new";

fn email(number: usize) -> String {
    format!("u{number}@example.com")
}

/// The ring that every house has, with a new active key; and that key alone.
fn rings() -> (MasterKeys, MasterKeys) {
    let both = Options::default().master.rotated(NEW, &SeededEntropy::new(77)).unwrap();
    let alone = both.without(OLD).unwrap();
    (both, alone)
}

fn with_ring(house: &House, master: MasterKeys, seed: u64) -> Options {
    Options { master, seed, ..house.options() }
}

async fn destination(house: &House, app: &App, username: &str) -> Value {
    let sent = house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": username })).await;
    sent["CodeDeliveryDetails"]["Destination"].clone()
}

/// Refuses to touch the row of this pool.
async fn broken(house: &House, pool: &str) {
    let sql = match house.engine.store.is_shared() {
        false => {
            format!("CREATE TRIGGER crash BEFORE UPDATE ON pools WHEN NEW.id = '{pool}' BEGIN SELECT RAISE(ABORT, 'crash'); END")
        }
        true => {
            let function = "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'crash'; END $$";
            run(house, function).await;
            format!("CREATE TRIGGER crash BEFORE UPDATE ON pools FOR EACH ROW WHEN (NEW.id = '{pool}') EXECUTE FUNCTION crash()")
        }
    };
    run(house, Box::leak(sql.into_boxed_str())).await;
}

async fn mended(house: &House) {
    run(house, if house.engine.store.is_shared() { "DROP TRIGGER crash ON pools" } else { "DROP TRIGGER crash" }).await;
}

async fn run(house: &House, statement: &'static str) {
    let done: poolhouse_store::Result<u64> =
        house.engine.store.write(async move |tx: &mut Tx| tx.exec(statement, p![]).await).await;
    done.unwrap();
}

both! {
    async fn sec_182_the_master_key_changes_under_load_and_the_old_one_goes(house: House) {
        let app = house.app().await;
        let others = [house.pool(json!({})).await, house.pool(json!({})).await];
        for number in 0..12 {
            house.user(&app.pool, &email(number)).await;
        }
        let key = house.access_key("ci", &["*"], &[]).await;
        let tokens = house.sign_in(&app, &email(1)).await;
        let shown = destination(&house, &app, "nobody").await;
        house.ok("ForgotPassword", json!({ "ClientId": app.client, "Username": email(0) })).await;
        let code = house.code_for(&email(0)).await;

        // A server with the new key goes on as if nothing had been.
        let (ring, alone) = rings();
        let options = with_ring(&house, ring.clone(), 2);
        let house = house.restarted(options).await;
        assert_eq!(destination(&house, &app, "nobody").await, shown, "invented answers tell who exists");
        let confirm = json!({ "ClientId": app.client, "Username": email(0), "ConfirmationCode": code, "Password": PASSWORD });
        house.ok("ConfirmForgotPassword", confirm).await;
        house.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        let status = rewrap::status(&house.engine).await.unwrap();
        assert_eq!(status.of(OLD), Needs { pool_keys: 3, access_keys: 1, house: 2, passwords: 11 });
        assert_eq!((status.active.as_str(), status.of(NEW).passwords), (NEW, 1));
        let refused = rewrap::may_go(&house.engine, OLD).await.unwrap().unwrap_err();
        assert!(refused.contains("3 pool keys, 1 access keys and 2") && refused.contains("11 password records"), "{refused}");

        // Broken off in the middle, and run again, beside users who sign in and pools that come and change.
        broken(&house, &others[1]).await;
        rewrap::rewrap(&house.engine, &|_| {}).await.unwrap_err();
        mended(&house).await;
        assert!(rewrap::status(&house.engine).await.unwrap().of(OLD).wrapped() > 0);
        let signing_in = join_all((1..7).map(|number| {
            let (house, app) = (&house, &app);
            async move { house.sign_in(app, &email(number)).await }
        }));
        let change = json!({ "UserPoolId": others[0], "AutoVerifiedAttributes": ["email"] });
        let (moved, again, _, made, _) = tokio::join!(
            rewrap::rewrap(&house.engine, &|_| {}),
            rewrap::rewrap(&house.engine, &|_| {}),
            signing_in,
            house.pool(json!({})),
            house.ok("UpdateUserPool", change)
        );
        // Two at once share the work.
        assert!(moved.unwrap() + again.unwrap() >= 3);
        let status = rewrap::status(&house.engine).await.unwrap();
        assert_eq!(status.of(OLD), Needs { passwords: 5, ..Needs::default() });
        assert_eq!(status.of(NEW).pool_keys, 4);
        let refused = rewrap::may_go(&house.engine, OLD).await.unwrap().unwrap_err();
        assert!(refused.starts_with("5 password records"), "{refused}");
        assert_eq!(rewrap::rewrap(&house.engine, &|_| {}).await.unwrap(), 0);

        for number in 7..12 {
            house.sign_in(&app, &email(number)).await;
        }
        assert_eq!(rewrap::may_go(&house.engine, OLD).await.unwrap(), Ok(()));
        let options = Options { callers: poolhouse::config::Callers::AccessKeys, ..with_ring(&house, alone, 3) };
        let house = house.restarted(options).await;
        for number in 0..12 {
            house.sign_in(&app, &email(number)).await;
        }
        house.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        for pool in [&app.pool, &others[0], &others[1], &made] {
            let described = house.api_signed(&key, "DescribeUserPool", &json!({ "UserPoolId": pool })).await;
            assert_eq!(described.status, StatusCode::OK, "{described:?}");
        }
        // The canary knows its new key: the old one alone opens nothing any more.
        let refused = start(&house, Options::default().master).await.unwrap_err();
        assert!(refused.0.contains("needs master key new, which is not in the ring"), "{refused}");
    }
}

/// Another process on the same store, after the end of the one there is on SQLite.
async fn start(house: &House, master: MasterKeys) -> Result<(), StartError> {
    if !house.engine.store.is_shared() {
        house.engine.close().await;
    }
    let engine = Engine::start(StartOptions {
        store_url: house.store_url.clone(),
        master,
        settings: house.engine.settings.clone(),
        outgoing: Outgoing::Inbox,
        clock: std::sync::Arc::<crate::harness::StoppedClock>::clone(&house.clock),
        entropy: std::sync::Arc::new(OsEntropy),
        hash_cost: HashCost::FOR_TESTS,
    })
    .await?;
    engine.close().await;
    Ok(())
}

/// What one node writes every other can read, at every moment of a rotation.
#[tokio::test]
async fn sec_182_a_key_is_used_only_when_every_node_knows_it() {
    let (a, b) = two_nodes().await;
    let app = a.app().await;
    a.user(&app.pool, &email(1)).await;
    let (ring, _) = rings();
    let refused = start(&a, ring.clone()).await.unwrap_err();
    assert!(refused.0.contains("does not hold master key new") && refused.0.contains("--standby"), "{refused}");

    // First everybody learns it, one after the other ...
    let standby = ring.activated(OLD).unwrap();
    let options = with_ring(&b, standby.clone(), 12);
    let b = b.restarted(options).await;
    let refused = start(&a, ring.clone()).await.unwrap_err();
    assert!(refused.0.contains("does not hold master key new"), "{refused}");
    b.sign_in(&app, &email(1)).await;
    let options = with_ring(&a, standby, 11);
    let a = a.restarted(options).await;

    // ... then one after the other uses it.
    let options = with_ring(&b, ring.clone(), 22);
    let b = b.restarted(options).await;
    let made = b.app().await;
    b.user(&made.pool, &email(2)).await;
    for house in [&a, &b] {
        house.sign_in(&made, &email(2)).await;
        house.sign_in(&app, &email(1)).await;
    }
    rewrap::rewrap(&b.engine, &|_| {}).await.unwrap();
    // The other still makes new things with the old key, so it must stay, whatever the counts say.
    let refused = rewrap::may_go(&b.engine, OLD).await.unwrap().unwrap_err();
    let name = a.engine.node.clone().unwrap();
    assert!(refused.contains(&format!("the running server {name} makes new things with it")), "{refused}");
    let options = with_ring(&a, ring, 21);
    let a = a.restarted(options).await;
    rewrap::rewrap(&a.engine, &|_| {}).await.unwrap();
    a.sign_in(&app, &email(1)).await;
    assert_eq!(rewrap::may_go(&a.engine, OLD).await.unwrap(), Ok(()));
}

/// A node that was killed cannot say so, and is believed dead when it has been silent.
#[tokio::test]
async fn a_dead_node_holds_nobody_up_for_long() {
    let (a, b) = two_nodes().await;
    let (ring, _) = rings();
    let only_a = with_ring(&a, ring.activated(OLD).unwrap(), 11);
    let a = a.restarted(only_a).await;
    assert!(start(&a, ring.clone()).await.is_err());
    drop(b);
    a.clock.advance_ms(3 * 60_000 + 1);
    a.engine.announce().await.unwrap();
    start(&a, ring.clone()).await.unwrap();
    // On a file, whoever has it is alone.
    let house = House::with(Options { store: Store::Sqlite, ..Options::default() }).await;
    let note = "INSERT INTO nodes (id, ring, seen_at) VALUES ('dead', 'test', 9000000000000)";
    run(&house, note).await;
    start(&house, ring).await.unwrap();
}
