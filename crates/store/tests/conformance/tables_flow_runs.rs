//! The table of test runs: each its owner's, bounded in number and in time.

use poolhouse_store::tables::flow_runs::{self, FlowRunRow};
use poolhouse_store::tables::pools;

use crate::rows::*;
use crate::support::{Fixture, both, is_unique, r, race, w};

fn run(hash: &[u8], owner: &[u8], at: i64) -> FlowRunRow {
    FlowRunRow {
        hash: hash.into(),
        owner: owner.into(),
        pool_id: "p".into(),
        client_id: "c".into(),
        sealed: vec![1, 0, 255],
        created_at: at,
        expires_at: at + HOUR,
    }
}

async fn fill(f: &Fixture, rows: Vec<FlowRunRow>) {
    w!(f.db, |tx| pools::insert(tx, &pool("p")).await).unwrap();
    for row in rows {
        w!(f.db, |tx| flow_runs::insert(tx, &row).await).unwrap();
    }
}

fn hashes(rows: &[FlowRunRow]) -> Vec<&[u8]> {
    rows.iter().map(|row| row.hash.as_slice()).collect()
}

both! {
    async fn a_run_is_found_until_it_expires_and_goes_with_its_pool(f: Fixture) {
        fill(f, vec![run(b"1", b"ada", NOW)]).await;
        assert!(is_unique(w!(f.db, |tx| flow_runs::insert(tx, &run(b"1", b"bob", NOW)).await), "flow_runs(hash)"));
        assert_eq!(r!(f.db, |tx| flow_runs::get(tx, b"1", NOW).await), Some(run(b"1", b"ada", NOW)));
        assert_eq!(r!(f.db, |tx| flow_runs::get(tx, b"2", NOW).await), None);
        assert_eq!(r!(f.db, |tx| flow_runs::get(tx, b"1", NOW + HOUR).await), None);
        assert_eq!(w!(f.db, |tx| flow_runs::purge(tx, NOW + HOUR - 1, 9).await), Ok(0));
        assert_eq!(w!(f.db, |tx| pools::delete(tx, "p").await), Ok(true));
        assert_eq!(r!(f.db, |tx| flow_runs::count(tx, NOW).await), 0);
    }
}

both! {
    async fn a_step_puts_the_end_off_but_never_past_the_longest(f: Fixture) {
        fill(f, vec![run(b"1", b"ada", NOW), run(b"2", b"ada", NOW)]).await;
        let step = async |at: i64| w!(f.db, |tx| flow_runs::update(tx, b"1", b"new", at, at + HOUR, 2 * HOUR).await);
        assert_eq!(step(NOW + 10).await, Ok(true));
        let row = r!(f.db, |tx| flow_runs::get(tx, b"1", NOW).await).unwrap();
        assert_eq!((row.sealed.as_slice(), row.created_at, row.expires_at), (&b"new"[..], NOW, NOW + 10 + HOUR));
        assert_eq!(step(NOW + HOUR).await, Ok(true));
        assert_eq!(step(NOW + 2 * HOUR - 1).await, Ok(true));
        assert_eq!(r!(f.db, |tx| flow_runs::get(tx, b"1", NOW).await).unwrap().expires_at, NOW + 2 * HOUR);
        assert_eq!(step(NOW + 2 * HOUR).await, Ok(false), "it is over");
        assert_eq!(r!(f.db, |tx| flow_runs::get(tx, b"2", NOW).await), Some(run(b"2", b"ada", NOW)), "the other is as it was");
        assert_eq!(w!(f.db, |tx| flow_runs::update(tx, b"3", b"new", NOW, NOW, HOUR).await), Ok(false));
    }
}

both! {
    async fn an_owner_keeps_the_newest_and_others_are_left_alone(f: Fixture) {
        let mine = (0..5).map(|n: u8| run(&[b'a', n], b"ada", NOW + i64::from(n)));
        let theirs = (0..3).map(|n: u8| run(&[b'b', n], b"bob", NOW));
        fill(f, mine.chain(theirs).collect()).await;
        assert_eq!(w!(f.db, |tx| flow_runs::keep_newest(tx, b"ada", 5).await), Ok(0));
        assert_eq!(w!(f.db, |tx| flow_runs::keep_newest(tx, b"ada", 2).await), Ok(3));
        let left = r!(f.db, |tx| flow_runs::of_owner(tx, b"ada", NOW, 9).await);
        assert_eq!(hashes(&left), [b"a\x04", b"a\x03"]);
        assert_eq!(r!(f.db, |tx| flow_runs::of_owner(tx, b"ada", NOW, 1).await).len(), 1);
        assert_eq!(r!(f.db, |tx| flow_runs::of_owner(tx, b"ada", NOW + HOUR + 3, 9).await).len(), 1, "the other expired");
        assert_eq!(r!(f.db, |tx| flow_runs::count(tx, NOW).await), 5);
        assert_eq!(r!(f.db, |tx| flow_runs::count(tx, NOW + HOUR).await), 2);
        assert_eq!(w!(f.db, |tx| flow_runs::purge(tx, NOW + HOUR, 2).await), Ok(2));
        assert_eq!(w!(f.db, |tx| flow_runs::purge(tx, NOW + HOUR, 2).await), Ok(1));
        let gone = race(f, 8, |db, _| async move { w!(db, |tx| flow_runs::delete_of_owner(tx, b"ada").await).unwrap() }).await;
        assert_eq!(gone.iter().sum::<u64>(), 2);
        assert_eq!(r!(f.db, |tx| flow_runs::count(tx, NOW).await), 0);
    }
}
