//! The queue at its limits, on a whole engine.
use super::{Filter, Kind, QUEUE};
use crate::testing::World;

/// Events are kept up to the bound; what is beyond is counted, and what was kept is in order.
#[tokio::test]
async fn sec_198_a_flood_is_bounded_and_what_it_loses_is_counted() {
    let world = World::new().await;
    let ctx = world.ctx();
    // Nothing awaits here, so the writer does not run.
    for _ in 0..QUEUE + 7 {
        ctx.entry("InitiateAuth").end_as("ok");
    }
    assert!(world.engine.metrics_text().contains("poolhouse_audit_lost_total 7\n"));
    assert!(ctx.intend("DeleteUserPool").await.is_err(), "a change is not announced in a full queue");
    world.engine.audit.flush().await;
    let (kept, more) = world.engine.audit.list(&Filter { most: QUEUE + 7, ..Filter::default() }).await.unwrap();
    assert!(kept.len() == QUEUE && !more && kept.iter().all(|listed| listed.event.kind == Kind::Outcome));
    assert_eq!(world.engine.audit.verify().await.unwrap().unwrap().rows, QUEUE as u64);
    ctx.intend("DeleteUserPool").await.unwrap();
}

/// After the end nothing is taken for kept.
#[tokio::test]
async fn sec_198_a_closed_trail_refuses() {
    let world = World::new().await;
    let ctx = world.ctx();
    ctx.intend("DeleteUserPool").await.unwrap();
    world.engine.close().await;
    assert!(ctx.intend("DeleteUserPool").await.is_err());
    ctx.entry("InitiateAuth").end_as("ok");
    assert!(world.engine.metrics_text().contains("poolhouse_audit_lost_total 1\n"));
}
