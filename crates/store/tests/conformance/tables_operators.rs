//! Tables of the console's operators: operators, their sessions, one-time links.

use poolhouse_store::tables::operator_links::OperatorLinkRow;
use poolhouse_store::tables::operator_sessions::OperatorSessionRow;
use poolhouse_store::tables::operators::OperatorRow;
use poolhouse_store::tables::{operator_links, operator_sessions, operators};

use crate::rows::*;
use crate::support::{both, is_unique, r, race, w};

fn operator(id: &str, role: &str) -> OperatorRow {
    let (name, password) = (format!("name-{id}"), "record".to_owned());
    OperatorRow {
        id: id.into(),
        name,
        role: role.into(),
        password,
        totp_seed: vec![1],
        created_at: NOW,
        ..OperatorRow::default()
    }
}

fn link(hash: &[u8], first: i64) -> OperatorLinkRow {
    OperatorLinkRow { hash: hash.into(), role: "admin".into(), first, created_at: NOW, expires_at: NOW + HOUR }
}

both! {
    async fn operators_live_and_one_owner_stays(f: Fixture) {
        for row in [operator("a", "owner"), operator("b", "admin")] {
            w!(f.db, |tx| operators::insert(tx, &row).await).unwrap();
        }
        let twice = OperatorRow { id: "c".into(), ..operator("a", "owner") };
        assert!(is_unique(w!(f.db, |tx| operators::insert(tx, &twice).await), "operators(name)"));
        assert_eq!(r!(f.db, |tx| operators::get(tx, "a").await), Some(operator("a", "owner")));
        assert_eq!(r!(f.db, |tx| operators::by_name(tx, "name-b").await), Some(operator("b", "admin")));
        assert_eq!(r!(f.db, |tx| operators::list(tx, "name-a", 9).await), [operator("b", "admin")]);
        assert_eq!(w!(f.db, |tx| operators::set_role(tx, "a", "admin").await), Ok(false), "the last owner");
        assert_eq!(w!(f.db, |tx| operators::delete(tx, "a").await), Ok(false));
        assert_eq!(w!(f.db, |tx| operators::set_role(tx, "a", "owner").await), Ok(true), "no change");
        assert_eq!(w!(f.db, |tx| operators::set_role(tx, "b", "owner").await), Ok(true));
        assert_eq!(w!(f.db, |tx| operators::set_role(tx, "a", "read-only").await), Ok(true));
        assert_eq!(w!(f.db, |tx| operators::delete(tx, "a").await), Ok(true));
        assert_eq!(w!(f.db, |tx| operators::delete(tx, "a").await), Ok(false));
        assert_eq!(w!(f.db, |tx| operators::refresh_password(tx, "b", "record", "new").await), Ok(true));
        assert_eq!(w!(f.db, |tx| operators::refresh_password(tx, "b", "record", "new").await), Ok(false));
        assert_eq!(w!(f.db, |tx| operators::renew_totp(tx, "b", &[1], &[2], 9).await), Ok(true));
        assert_eq!(w!(f.db, |tx| operators::renew_totp(tx, "b", &[1], &[3], 10).await), Ok(false), "renewed meanwhile");
        let row = r!(f.db, |tx| operators::get(tx, "b").await).unwrap();
        assert_eq!((row.totp_seed, row.totp_step), (vec![2], 9));
        assert_eq!(w!(f.db, |tx| operators::touch(tx, "b", NOW, 60).await), Ok(true));
        assert_eq!(w!(f.db, |tx| operators::touch(tx, "b", NOW + 59, 60).await), Ok(false));
    }
}

both! {
    async fn sec_064_tries_count_before_they_are_judged_and_a_step_is_taken_once(f: Fixture) {
        w!(f.db, |tx| operators::insert(tx, &operator("a", "owner")).await).unwrap();
        let tries = race(f, 40, |db, _| async move { w!(db, |tx| operators::try_once(tx, "a", NOW, 5, HOUR).await).unwrap() }).await;
        assert_eq!(tries.iter().filter(|may| **may).count(), 5);
        assert_eq!(w!(f.db, |tx| operators::try_once(tx, "a", NOW + HOUR - 1, 5, HOUR).await), Ok(false));
        assert_eq!(w!(f.db, |tx| operators::try_once(tx, "a", NOW + HOUR, 5, HOUR).await), Ok(true));
        let taken = race(f, 20, |db, _| async move { w!(db, |tx| operators::take_step(tx, "a", 7, NOW).await).unwrap() }).await;
        assert_eq!(taken.iter().filter(|won| **won).count(), 1);
        assert_eq!(w!(f.db, |tx| operators::take_step(tx, "a", 6, NOW).await), Ok(false), "an older one");
        let row = r!(f.db, |tx| operators::get(tx, "a").await).unwrap();
        assert_eq!((row.failures, row.locked_until, row.last_used_at), (0, 0, Some(NOW)));
    }
}

both! {
    async fn operators_sessions_end(f: Fixture) {
        let session = |hash: &[u8], operator: &str, at: i64| {
            OperatorSessionRow { hash: hash.into(), operator_id: operator.into(), created_at: at, seen_at: at }
        };
        for row in [session(b"1", "a", NOW), session(b"2", "a", NOW + 5), session(b"3", "b", NOW), session(b"4", "b", NOW)] {
            w!(f.db, |tx| operator_sessions::insert(tx, &row).await).unwrap();
        }
        assert_eq!(w!(f.db, |tx| operator_sessions::touch(tx, b"1", NOW + 60, 60).await), Ok(true));
        assert_eq!(w!(f.db, |tx| operator_sessions::touch(tx, b"1", NOW + 61, 60).await), Ok(false));
        assert_eq!(r!(f.db, |tx| operator_sessions::get(tx, b"1").await).unwrap().seen_at, NOW + 60);
        assert_eq!(w!(f.db, |tx| operator_sessions::end(tx, b"3").await), Ok(true));
        assert_eq!(w!(f.db, |tx| operator_sessions::end(tx, b"3").await), Ok(false));
        assert_eq!(w!(f.db, |tx| operator_sessions::purge(tx, NOW + 1, 1).await), Ok(1));
        assert_eq!(w!(f.db, |tx| operator_sessions::purge(tx, NOW + 1, 9).await), Ok(1));
        assert_eq!(w!(f.db, |tx| operator_sessions::end_all(tx, "a").await), Ok(1));
    }
}

both! {
    async fn operators_open_sessions_are_counted_and_the_others_end(f: Fixture) {
        w!(f.db, |tx| operators::insert(tx, &operator("a", "owner")).await).unwrap();
        for (hash, operator, began, seen) in [(b"1", "a", 0, 5), (b"2", "a", 2, 9), (b"3", "a", 3, 3), (b"4", "gone", 4, 4)] {
            let (operator_id, created_at, seen_at) = (operator.to_owned(), NOW + began, NOW + seen);
            let row = OperatorSessionRow { hash: hash.to_vec(), operator_id, created_at, seen_at };
            w!(f.db, |tx| operator_sessions::insert(tx, &row).await).unwrap();
        }
        let open = r!(f.db, |tx| operator_sessions::open_of(tx, "a", NOW, NOW, 9).await);
        assert_eq!(open.into_iter().map(|row| row.hash).collect::<Vec<_>>(), [b"2", b"3"]);
        let open = r!(f.db, |tx| operator_sessions::open_of(tx, "a", NOW - 1, NOW + 3, 1).await);
        assert_eq!(open.into_iter().map(|row| row.hash).collect::<Vec<_>>(), [b"2"]);
        let mut counts = r!(f.db, |tx| operator_sessions::count_open(tx, NOW - 1, NOW + 3).await);
        counts.sort();
        assert_eq!(counts, [("a".to_owned(), 2), ("gone".to_owned(), 1)]);
        assert_eq!(r!(f.db, |tx| operator_sessions::without_operator(tx, 9).await), [("gone".to_owned(), 1)]);
        assert_eq!(w!(f.db, |tx| operator_sessions::end_others(tx, "a", b"2").await), Ok(2));
        assert_eq!(w!(f.db, |tx| operator_sessions::end_others(tx, "a", b"2").await), Ok(0));
        assert!(r!(f.db, |tx| operator_sessions::get(tx, b"4").await).is_some(), "another's");
    }
}

both! {
    async fn sec_064_a_link_is_redeemed_once(f: Fixture) {
        for row in [link(b"1", 1), link(b"2", 0), link(b"3", 0)] {
            w!(f.db, |tx| operator_links::insert(tx, &row).await).unwrap();
        }
        assert_eq!(w!(f.db, |tx| operator_links::void_first(tx).await), Ok(1));
        assert_eq!(r!(f.db, |tx| operator_links::get(tx, b"1", NOW).await), None);
        assert_eq!(r!(f.db, |tx| operator_links::get(tx, b"2", NOW).await), Some(link(b"2", 0)));
        assert_eq!(r!(f.db, |tx| operator_links::get(tx, b"2", NOW + HOUR).await), None);
        assert_eq!(w!(f.db, |tx| operator_links::redeem(tx, b"2", NOW + HOUR).await), Ok(None), "expired");
        let won = race(f, 20, |db, _| async move { w!(db, |tx| operator_links::redeem(tx, b"2", NOW).await).unwrap() }).await;
        assert_eq!(won.iter().flatten().count(), 1);
        assert_eq!(w!(f.db, |tx| operator_links::purge(tx, NOW + HOUR, 9).await), Ok(1));
        let last = OperatorLinkRow { expires_at: NOW + HOUR + 1, ..link(b"6", 0) };
        for row in [link(b"7", 0), last.clone()] {
            w!(f.db, |tx| operator_links::insert(tx, &row).await).unwrap();
        }
        assert_eq!(r!(f.db, |tx| operator_links::list(tx, NOW, 1).await), [link(b"7", 0)]);
        assert_eq!(r!(f.db, |tx| operator_links::list(tx, NOW + HOUR, 9).await), [last]);
        for gone in [b"6", b"7"] {
            assert_eq!(w!(f.db, |tx| operator_links::void(tx, gone).await), Ok(true));
            assert_eq!(w!(f.db, |tx| operator_links::void(tx, gone).await), Ok(false));
        }
        for row in [link(b"4", 1), link(b"5", 0)] {
            w!(f.db, |tx| operator_links::insert(tx, &row).await).unwrap();
        }
        assert_eq!(w!(f.db, |tx| operator_links::void_all(tx).await), Ok(2));
        assert_eq!(r!(f.db, |tx| operator_links::get(tx, b"5", NOW).await), None);
    }
}
