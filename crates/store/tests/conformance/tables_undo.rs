//! What is kept of deletions: heads and parts, and the list of what belongs to what, held against the schema.

use poolhouse_store::tables::belongings::{self, LEFT, Of, TABLES};
use poolhouse_store::tables::{clients, groups, pools, undo, users};
use poolhouse_store::{Cells, Error, Result, p};

use crate::rows::{NOW, client, group, pool, secret, user};
use crate::support::{both, r, sqlite, w};

fn head(id: &str) -> undo::UndoRow {
    undo::UndoRow {
        id: id.into(),
        at: NOW,
        expires_at: NOW + 10,
        kind: "user".into(),
        pool_id: "a".into(),
        row_count: 1,
        size: 2,
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_a_pool_is_listed_with_all_its_columns() {
    let f = sqlite().await;
    let names: Vec<String> =
        r!(f.db, |tx| tx.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name", p![]).await);
    let mut listed = 0;
    for name in names {
        let columns = "SELECT name FROM pragma_table_info($1) ORDER BY name";
        let columns: Vec<String> = r!(f.db, |tx| tx.all(columns, p![name]).await);
        let table = TABLES.iter().find(|table| table.name == name);
        if let Some(table) = table {
            let mut ours = table.columns.to_vec();
            ours.sort_unstable();
            assert_eq!(ours, columns, "{name}");
            listed += 1;
        } else if name == "pools" || columns.iter().any(|c| ["pool_id", "client_id", "origin_jti", "sub"].contains(&c.as_str())) {
            assert!(LEFT.iter().any(|(left, _)| *left == name), "{name} is in neither list of tables/belongings.rs");
        }
    }
    assert_eq!(listed + 1, TABLES.len(), "all but the verifiers are tables");
}

both! {
    async fn rows_come_back_as_they_were(f: Fixture) {
        let made: Result<()> = w!(f.db, |tx| {
            pools::insert(tx, &pool("a")).await?;
            clients::insert(tx, &client("a", "c")).await?;
            clients::insert_secret(tx, &secret("c", "s"), 2).await?;
            users::insert(tx, &user("a", "u")).await?;
            groups::insert(tx, &group("a", "g", None)).await?;
            groups::add_member(tx, "a", "g", "u", NOW).await?;
            Ok(())
        });
        made.unwrap();
        assert_eq!(r!(f.db, |tx| belongings::count(tx, Of::Pool, "a", "").await).0, 6);
        assert_eq!(r!(f.db, |tx| belongings::count(tx, Of::User, "a", "u").await).0, 2);
        assert_eq!(r!(f.db, |tx| belongings::count(tx, Of::User, "a", "other").await), (0, 0));
        let before: Vec<_> = r!(f.db, |tx| belongings::read(tx, Of::Pool, "a", "").await);
        let gone: Result<bool> = w!(f.db, |tx| pools::delete(tx, "a").await);
        assert!(gone.unwrap());
        let rows: Vec<(&str, Vec<u8>)> = before
            .iter()
            .rev()
            .flat_map(|(table, rows)| rows.iter().map(|row| (table.name, row)))
            .map(|(name, row)| {
                let mut content = Vec::new();
                row.write(&mut content);
                (name, content)
            })
            .collect();
        let back: Result<()> = w!(f.db, |tx| {
            for (name, content) in &rows {
                let table = TABLES.iter().find(|table| table.name == *name).unwrap();
                let row = Cells::read(&mut content.as_slice(), table.columns.len())?;
                belongings::put_back(tx, table, row, 77, true).await?;
            }
            Ok(())
        });
        back.unwrap();
        assert_eq!(r!(f.db, |tx| pools::get(tx, "a").await).unwrap().version, 77);
        assert_eq!(r!(f.db, |tx| users::get(tx, "a", "u").await), Some(user("a", "u")));
        assert_eq!(r!(f.db, |tx| clients::list_secrets(tx, "c").await), [secret("c", "s")]);
        assert_eq!(r!(f.db, |tx| groups::of_user(tx, "a", "u").await).len(), 1);
        assert!(Cells::read(&mut [9, 9].as_slice(), 1).is_err(), "what is no row is refused");
    }
}

both! {
    async fn a_deletion_is_kept_once_and_for_its_time(f: Fixture) {
        let kept: Result<()> = w!(f.db, |tx| {
            undo::add(tx, &head("d")).await?;
            let part = undo::parts(tx, "d").await?;
            undo::add_part(tx, "d", part, "users", b"one").await?;
            undo::add(tx, &undo::UndoRow { kind: "user pool".into(), wrapped_key: Some(vec![1]), ..head("d") }).await?;
            let part = undo::parts(tx, "d").await?;
            undo::add_part(tx, "d", part, "users", b"two").await
        });
        kept.unwrap();
        let row = r!(f.db, |tx| undo::get(tx, "d").await).unwrap();
        assert_eq!((row.kind.as_str(), row.row_count, row.size, row.wrapped_key), ("user pool", 2, 4, Some(vec![1])));
        assert_eq!(r!(f.db, |tx| undo::content(tx, "d", "users").await), [b"one".to_vec(), b"two".to_vec()]);
        assert_eq!(r!(f.db, |tx| undo::list(tx, NOW, i64::MAX, "", 9).await).len(), 1);
        assert_eq!(r!(f.db, |tx| undo::list(tx, NOW, NOW, "d", 9).await).len(), 0);
        assert_eq!(r!(f.db, |tx| undo::list(tx, NOW + 10, i64::MAX, "", 9).await).len(), 0);
        assert_eq!(r!(f.db, |tx| undo::wrapped_keys(tx, "", 9).await), [("d".to_owned(), "a".to_owned(), vec![1])]);
        let moved: Result<(bool, bool)> =
            w!(f.db, |tx| Ok((undo::rewrap(tx, "d", &[1], &[2]).await?, undo::rewrap(tx, "d", &[1], &[3]).await?)));
        assert_eq!(moved, Ok((true, false)));
        let purged: Result<(u64, u64)> = w!(f.db, |tx| Ok((undo::purge(tx, NOW + 9, 9).await?, undo::purge(tx, NOW + 10, 9).await?)));
        assert_eq!(purged, Ok((0, 1)));
        assert!(r!(f.db, |tx| undo::content(tx, "d", "users").await).is_empty(), "its parts go with it");
        let orphan: Result<()> = w!(f.db, |tx| undo::add_part(tx, "d", 0, "users", b"x").await);
        assert_eq!(orphan, Err(Error::Reference));
        let removed: Result<(bool, bool)> = w!(f.db, |tx| {
            undo::add(tx, &head("d")).await?;
            Ok((undo::remove(tx, "d").await?, undo::remove(tx, "d").await?))
        });
        assert_eq!(removed, Ok((true, false)));
    }
}
