//! The audit trail: added to, read by chain and by time, purged from its old end.

use poolhouse_store::tables::audit::{self, AuditRow};

use crate::support::{both, r, w};

fn row(chain: &str, seq: i64, at: i64) -> AuditRow {
    let event = format!("{{\"n\":{seq}}}");
    AuditRow { chain: chain.into(), seq, at, event, previous: vec![1, 0], mac: vec![0, 255] }
}

both! {
    async fn rows_are_added_and_read_in_both_orders(f: Fixture) {
        // More than two groups of one statement, and some left over.
        let long: Vec<AuditRow> = (1..=37).map(|seq| row("b", seq, 100 + seq)).collect();
        let short = vec![row("a", 1, 150), row("a", 2, 150)];
        let (one, two) = (long.clone(), short.clone());
        w!(f.db, |tx| { audit::insert(tx, &one).await?; audit::insert(tx, &two).await }).unwrap();
        let all: Vec<AuditRow> = short.iter().chain(&long).cloned().collect();
        assert_eq!(r!(f.db, |tx| audit::by_chain(tx, "", 0, 100).await), all);
        assert_eq!(r!(f.db, |tx| audit::by_chain(tx, "a", 1, 3).await), all[1..4]);
        assert_eq!(r!(f.db, |tx| audit::by_chain(tx, "b", 37, 3).await), []);
        let by_time = r!(f.db, |tx| audit::by_time(tx, 136, "b", 36, 100).await);
        assert_eq!(by_time, [long[36].clone(), short[0].clone(), short[1].clone()]);
        assert_eq!(r!(f.db, |tx| audit::by_time(tx, 0, "", 0, 2).await), long[..2]);
        let back = r!(f.db, |tx| audit::by_time_back(tx, 150, "a", 2, 2).await);
        assert_eq!(back, [short[0].clone(), long[36].clone()]);
        assert_eq!(r!(f.db, |tx| audit::by_time_back(tx, 101, "b", 1, 2).await), []);
        let again = vec![row("c", 1, 1), row("a", 2, 9)];
        let refused = w!(f.db, |tx| audit::insert(tx, &again).await);
        assert!(matches!(refused, Err(poolhouse_store::Error::Unique(_))), "{refused:?}");
        assert_eq!(r!(f.db, |tx| audit::by_chain(tx, "c", 0, 1).await), []);
    }
}

both! {
    async fn a_purge_takes_the_oldest_rows_and_leaves_no_gap(f: Fixture) {
        // Several rows of one moment: the purge must not take a later one of them first.
        let rows: Vec<AuditRow> = (1..=6).map(|seq| row("a", seq, if seq < 5 { 10 } else { 20 })).collect();
        let all = rows.clone();
        w!(f.db, |tx| audit::insert(tx, &all).await).unwrap();
        assert_eq!(w!(f.db, |tx| audit::purge(tx, 20, 3).await), Ok(3));
        assert_eq!(r!(f.db, |tx| audit::by_chain(tx, "", 0, 9).await), rows[3..]);
        assert_eq!(w!(f.db, |tx| audit::purge(tx, 20, 3).await), Ok(1));
        assert_eq!(w!(f.db, |tx| audit::purge(tx, 20, 3).await), Ok(0));
        assert_eq!(r!(f.db, |tx| audit::by_chain(tx, "", 0, 9).await), rows[4..]);
    }
}
