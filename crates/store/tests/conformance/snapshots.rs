//! Named states of a SQLite database: all rows of all tables, while others read and write.

use poolhouse_store::snapshots::is_name;
use poolhouse_store::tables::{meta, pools, users};
use poolhouse_store::{Error, Result, p};

use crate::rows::{pool, user};
use crate::support::{r, sqlite, w};

#[tokio::test(flavor = "multi_thread")]
async fn every_table_goes_back_but_those_that_never_do() {
    let f = sqlite().await;
    let snapshots = f.db.snapshots().unwrap();
    let made: Result<()> = w!(f.db, |tx| {
        pools::insert(tx, &pool("kept")).await?;
        users::insert(tx, &user("kept", "a")).await
    });
    made.unwrap();
    // A reader that has looked stays on the state it saw until there is a newer one.
    let stamp = f.db.stamp();
    snapshots.take("s").unwrap();
    assert_eq!(f.db.stamp(), stamp, "taking one changes nothing");
    let changed: Result<()> = w!(f.db, |tx| {
        pools::insert(tx, &pool("new")).await?;
        users::insert(tx, &user("new", "b")).await?;
        tx.exec("UPDATE users SET email = $1 WHERE sub = $2", p!["x@y.z", "a"]).await?;
        Ok(())
    });
    changed.unwrap();
    let restored = snapshots.restore("s", 77).unwrap().unwrap();
    assert_ne!(f.db.stamp(), stamp);
    let told: Vec<_> = restored.changes.iter().map(|c| (c.table.as_str(), c.gone, c.back, c.changed)).collect();
    assert!(told.contains(&("pools", 1, 0, 0)) && told.contains(&("users", 1, 0, 1)), "{told:?}");
    assert!(r!(f.db, |tx| pools::get(tx, "new").await).is_none());
    assert_eq!(r!(f.db, |tx| users::get(tx, "kept", "a").await).unwrap().email, user("kept", "a").email);
    // A pool that comes back has a version that none had before.
    let gone: Result<()> = w!(f.db, |tx| {
        tx.exec("DELETE FROM pools WHERE id = $1", p!["kept"]).await?;
        Ok(())
    });
    gone.unwrap();
    snapshots.restore("s", 78).unwrap().unwrap();
    assert_eq!(r!(f.db, |tx| pools::get(tx, "kept").await).unwrap().version, 78);
    assert!(r!(f.db, |tx| users::get(tx, "kept", "a").await).is_some(), "with its users");
    assert!(f.db.damage().await.unwrap().is_empty());
    // The writer goes on, its foreign keys on.
    let orphan: Result<()> = w!(f.db, |tx| users::insert(tx, &user("nowhere", "c")).await);
    assert_eq!(orphan, Err(Error::Reference));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_programs_or_another_keys_snapshot_is_refused() {
    let f = sqlite().await;
    let snapshots = f.db.snapshots().unwrap();
    snapshots.take("s").unwrap();
    assert_eq!(snapshots.restore("none", 1), Ok(None));
    let rewrapped: Result<()> = w!(f.db, |tx| meta::put(tx, "house_key", "other").await);
    rewrapped.unwrap();
    assert!(matches!(snapshots.restore("s", 1), Err(Error::Schema(why)) if why.contains("master key")));
    snapshots.take("s").unwrap();
    snapshots.restore("s", 1).unwrap().unwrap();
    let newer: Result<()> = w!(f.db, |tx| {
        tx.exec("INSERT INTO schema_migrations (version, name, checksum, compatible_with) VALUES (99, 'x', 'y', 1)", p![])
            .await?;
        Ok(())
    });
    newer.unwrap();
    assert!(matches!(snapshots.restore("s", 1), Err(Error::Schema(why)) if why.contains("another version")));
}

#[test]
fn a_name_is_a_plain_files() {
    for good in ["a", "A-1_b.c", &"x".repeat(64)] {
        assert!(is_name(good), "{good}");
    }
    for bad in ["", ".", "..", ".a", "a/b", "a\\b", "a b", "ä", "a\0", &"x".repeat(65)] {
        assert!(!is_name(bad), "{bad:?}");
    }
}
