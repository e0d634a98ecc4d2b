//! What cannot be done to the trail without being noticed, and what can.

use poolhouse_engine::audit::Kind;
use serde_json::json;

use super::{Intruder, trail};
use crate::both;
use crate::harness::{House, PASSWORD};

/// Some changes and sign-ins: more than a dozen rows of one chain.
async fn busy(house: &House) -> String {
    let app = house.app().await;
    house.user(&app.pool, "ada@example.com").await;
    for _ in 0..4 {
        house.sign_in(&app, "ada@example.com").await;
    }
    let rows = trail(house).await;
    assert!(rows.len() > 10, "{rows:?}");
    house.engine.audit.verify().await.unwrap().unwrap();
    rows[0].chain.clone()
}

/// Where verification stops after these statements.
async fn broken_by(house: &House, statements: &'static [&'static str]) -> (String, i64) {
    let intruder = Intruder::into(house).await;
    assert!(intruder.run(statements).await > 0, "{statements:?} changed nothing");
    let broken = house.engine.audit.verify().await.unwrap().expect_err("nobody noticed");
    (broken.chain, broken.seq)
}

both! {
    async fn sec_197_a_changed_row_is_named(house: House) {
        let chain = busy(&house).await;
        let edit = &["UPDATE audit_rows SET event = REPLACE(event, 'ok', 'no') WHERE seq = 2"];
        assert_eq!(broken_by(&house, edit).await, (chain, 2));
    }

    async fn sec_197_a_row_of_another_time_is_named(house: House) {
        let chain = busy(&house).await;
        assert_eq!(broken_by(&house, &["UPDATE audit_rows SET at = at - 1 WHERE seq = 5"]).await, (chain, 5));
    }

    async fn sec_197_a_row_taken_out_is_named(house: House) {
        let chain = busy(&house).await;
        assert_eq!(broken_by(&house, &["DELETE FROM audit_rows WHERE seq = 4"]).await, (chain, 4));
    }

    async fn sec_197_rows_that_changed_places_are_named(house: House) {
        let chain = busy(&house).await;
        let swap = &[
            "UPDATE audit_rows SET seq = -3 WHERE seq = 3",
            "UPDATE audit_rows SET seq = 3 WHERE seq = 4",
            "UPDATE audit_rows SET seq = 4 WHERE seq = -3",
        ];
        assert_eq!(broken_by(&house, swap).await, (chain, 3));
    }

    async fn sec_197_a_row_in_the_middle_closed_up_over_a_gap_is_named(house: House) {
        let chain = busy(&house).await;
        let close_up = &["DELETE FROM audit_rows WHERE seq = 4", "UPDATE audit_rows SET seq = seq - 1 WHERE seq = 5"];
        assert_eq!(broken_by(&house, close_up).await, (chain, 4));
    }

    async fn sec_197_a_made_up_row_is_named(house: House) {
        busy(&house).await;
        let forge = &["INSERT INTO audit_rows (chain, seq, at, event, previous, mac)
            SELECT 'forged', seq, at, event, previous, mac FROM audit_rows WHERE seq = 1"];
        assert_eq!(broken_by(&house, forge).await, ("forged".to_owned(), 1));
    }

    async fn sec_197_old_rows_go_and_the_rest_still_verifies(house: House) {
        busy(&house).await;
        let app = house.app().await;
        house.clock.advance_ms(399 * 86_400_000);
        house.user(&app.pool, "bob@example.com").await;
        let before = trail(&house).await.len();
        house.clock.advance_ms(2 * 86_400_000);
        assert!(house.engine.purge().await.unwrap() > 10);
        let after = trail(&house).await;
        assert!(!after.is_empty() && after.len() < before, "{before} {}", after.len());
        let found = house.engine.audit.verify().await.unwrap().unwrap();
        assert_eq!((found.rows, found.chains, found.shortened, found.open), (after.len() as u64, 1, 1, 1));
    }
}

#[tokio::test]
async fn sec_197_two_nodes_write_a_chain_each_and_both_verify() {
    let house = House::with(crate::harness::Options { store: crate::harness::Store::Postgres, ..Default::default() }).await;
    let app = house.app().await;
    house.user(&app.pool, "ada@example.com").await;
    let other = house.second_node().await.unwrap();
    for _ in 0..3 {
        house.sign_in(&app, "ada@example.com").await;
        other.sign_in(&app, "ada@example.com").await;
    }
    other.engine.audit.flush().await;
    let rows = trail(&house).await;
    let mut chains: Vec<String> = rows.iter().map(|row| row.chain.clone()).collect();
    chains.sort();
    chains.dedup();
    assert_eq!(chains.len(), 2);
    let signed_in = rows.iter().filter(|row| row.event.action == "InitiateAuth" && row.event.result.as_deref() == Some("ok"));
    assert_eq!(signed_in.count(), 6);
    assert_eq!(house.engine.audit.verify().await.unwrap().unwrap().chains, 2);
    // A process that stops in good order says so, and nothing may follow.
    other.engine.close().await;
    let found = house.engine.audit.verify().await.unwrap().unwrap();
    assert_eq!((found.chains, found.open), (2, 1));
    let last = trail(&house).await.into_iter().filter(|row| row.event.kind == Kind::Closed).count();
    assert_eq!(last, 1);
}

#[tokio::test]
async fn what_was_recorded_last_survives_a_graceful_stop() {
    let house = House::start().await;
    let app = house.app().await;
    let wrong = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client,
        "AuthParameters": { "USERNAME": "nobody@example.com", "PASSWORD": PASSWORD },
    });
    house.refused("InitiateAuth", wrong).await;
    let house = house.restarted(crate::harness::Options { seed: 2, ..Default::default() }).await;
    let rows = trail(&house).await;
    let refused: Vec<_> = rows.iter().filter(|row| row.event.action == "InitiateAuth").collect();
    assert_eq!(refused.len(), 1);
    assert_eq!(rows.last().unwrap().event.kind, Kind::Closed);
}
