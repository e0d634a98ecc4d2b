//! The seam's promises on both databases: commit, rollback, errors, snapshots, retries, migrations.

use poolhouse_store::{Db, Error, Options, Result, Tx, p};

use crate::support::{both, counters, r, race, w};

const ADD: &str = "INSERT INTO counters (id, n) VALUES ($1, $2)";
const COUNT: &str = "SELECT count(*) FROM counters";
const BUMP: &str = "UPDATE counters SET n = n + 1 WHERE id = $1";

both! {
    async fn an_error_rolls_back_and_ok_commits(f: Fixture) {
        counters(&f.db).await;
        w!(f.db, |tx| { tx.exec(ADD, p![1_i64, 0_i64]).await?; Ok(()) }).unwrap();
        let refused: Result<()> = w!(f.db, |tx| { tx.exec(ADD, p![2_i64, 0_i64]).await?; Err(Error::NoRow) });
        assert_eq!(refused, Err(Error::NoRow));
        let clash: Result<u64> = w!(f.db, |tx| { tx.exec(ADD, p![3_i64, 0_i64]).await?; tx.exec(ADD, p![1_i64, 0_i64]).await });
        assert_eq!(clash, Err(Error::Unique("counters(id)".to_owned())));
        assert_eq!(r!(f.db, |tx| tx.one::<i64>(COUNT, p![]).await), 1);
    }
}

both! {
    async fn a_swallowed_error_does_not_commit(f: Fixture) {
        counters(&f.db).await;
        let swallowed: Result<()> = w!(f.db, |tx| {
            tx.exec(ADD, p![1_i64, 0_i64]).await?;
            tx.exec(ADD, p![1_i64, 0_i64]).await.ok();
            assert_eq!(tx.exec(ADD, p![2_i64, 0_i64]).await, Err(Error::Unique("counters(id)".to_owned())));
            Ok(())
        });
        assert_eq!(swallowed, Err(Error::Unique("counters(id)".to_owned())));
        assert_eq!(r!(f.other, |tx| tx.one::<i64>(COUNT, p![]).await), 0);
    }
}

both! {
    async fn a_statement_nobody_waits_for_fails_the_write_all_the_same(f: Fixture) {
        counters(&f.db).await;
        let unique = || Error::Unique("counters(id)".to_owned());
        w!(f.db, |tx| tx.exec_later(ADD, p![1_i64, 0_i64]).await).unwrap();
        assert_eq!(r!(f.other, |tx| tx.one::<i64>(COUNT, p![]).await), 1);
        // As the last statement, as the first of several, and before one whose answer is wanted.
        let last = w!(f.db, |tx| {
            tx.exec(ADD, p![2_i64, 0_i64]).await?;
            tx.exec_later(ADD, p![1_i64, 0_i64]).await
        });
        assert_eq!(last, Err(unique()));
        let first = w!(f.db, |tx| {
            tx.exec_later(ADD, p![1_i64, 0_i64]).await?;
            tx.exec_later(ADD, p![3_i64, 0_i64]).await
        });
        assert_eq!(first, Err(unique()));
        let asked = w!(f.db, |tx| {
            tx.exec_later(ADD, p![1_i64, 0_i64]).await?;
            tx.one::<i64>(COUNT, p![]).await
        });
        assert_eq!(asked, Err(unique()));
        let given_up: Result<()> = w!(f.db, |tx| {
            tx.exec_later(ADD, p![4_i64, 0_i64]).await?;
            Err(Error::NoRow)
        });
        assert_eq!(given_up, Err(Error::NoRow));
        // What was sent ahead is seen by what follows, and the connection is as good as before.
        let seen = w!(f.db, |tx| {
            tx.exec_later(ADD, p![5_i64, 0_i64]).await?;
            tx.exec_later(BUMP, p![5_i64]).await?;
            tx.one::<i64>("SELECT n FROM counters WHERE id = $1", p![5_i64]).await
        });
        assert_eq!(seen, Ok(1));
        let ids = r!(f.db, |tx| tx.all::<i64>("SELECT id FROM counters ORDER BY id", p![]).await);
        assert_eq!(ids, [1, 5]);
    }
}

both! {
    async fn rows_counts_and_types_come_out_alike(f: Fixture) {
        counters(&f.db).await;
        let changed = w!(f.db, |tx| {
            tx.exec(ADD, p![1_i64, 10_i64]).await?;
            tx.exec(ADD, p![2_i64, 20_i64]).await?;
            tx.exec("UPDATE counters SET n = n + $1", p![1_i64]).await
        });
        assert_eq!(changed, Ok(2));
        let all: Vec<(i64, i64)> = r!(f.db, |tx| tx.all("SELECT id, n FROM counters ORDER BY id", p![]).await);
        assert_eq!(all, [(1, 11), (2, 21)]);
        let mut reader = f.db.reader().await.unwrap();
        assert_eq!(reader.one::<i64>("SELECT n FROM counters WHERE id = $1", p![9_i64]).await, Err(Error::NoRow));
        assert_eq!(reader.opt::<i64>("SELECT n FROM counters WHERE id = $1", p![9_i64]).await, Ok(None));
        let many = reader.opt::<i64>("SELECT n FROM counters", p![]).await;
        assert!(matches!(many, Err(Error::Db(_))), "{many:?}");
        let mut reader = f.db.reader().await.unwrap();
        let wrong = reader.one::<String>("SELECT n FROM counters WHERE id = $1", p![1_i64]).await;
        assert!(matches!(wrong, Err(Error::Db(_) | Error::Damaged(_))), "{wrong:?}");
        let mut reader = f.db.reader().await.unwrap();
        let missing = reader.opt::<i64>("SELECT n FROM counters WHERE id = $1", p![]).await;
        assert!(matches!(missing, Err(Error::Db(_))), "{missing:?}");
    }
}

both! {
    async fn a_reader_cannot_write(f: Fixture) {
        counters(&f.db).await;
        for snapshot in [false, true] {
            let mut reader = if snapshot { f.db.snapshot().await.unwrap() } else { f.db.reader().await.unwrap() };
            assert!(matches!(reader.exec(ADD, p![1_i64, 0_i64]).await, Err(Error::Db(_))));
        }
        assert_eq!(r!(f.db, |tx| tx.one::<i64>(COUNT, p![]).await), 0);
    }
}

both! {
    async fn a_snapshot_stands_still_and_a_reader_does_not(f: Fixture) {
        counters(&f.db).await;
        for round in 0..20_i64 {
            let mut snapshot = f.db.snapshot().await.unwrap();
            let mut reader = f.db.reader().await.unwrap();
            assert_eq!(snapshot.one::<i64>(COUNT, p![]).await, Ok(round));
            w!(f.db, |tx| { tx.exec(ADD, p![round, 0_i64]).await?; Ok(()) }).unwrap();
            assert_eq!(snapshot.one::<i64>(COUNT, p![]).await, Ok(round));
            assert_eq!(reader.one::<i64>(COUNT, p![]).await, Ok(round + 1));
        }
    }
}

both! {
    async fn parallel_increments_lose_nothing(f: Fixture) {
        counters(&f.db).await;
        w!(f.db, |tx| { tx.exec(ADD, p![1_i64, 0_i64]).await?; Ok(()) }).unwrap();
        let results = race(f, 200, |db, number| async move {
            db.write(async move |tx: &mut Tx| -> Result<()> {
                tx.exec(BUMP, p![1_i64]).await?;
                if number % 4 == 0 { Err(Error::NoRow) } else { Ok(()) }
            })
            .await
        })
        .await;
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 150);
        assert_eq!(r!(f.db, |tx| tx.one::<i64>("SELECT n FROM counters WHERE id = $1", p![1_i64]).await), 150);
    }
}

both! {
    async fn a_dropped_caller_leaves_no_transaction_open(f: Fixture) {
        counters(&f.db).await;
        w!(f.db, |tx| { tx.exec(ADD, p![1_i64, 0_i64]).await?; Ok(()) }).unwrap();
        for _ in 0..30 {
            let db = f.db.clone();
            let write = db.write(async move |tx: &mut Tx| -> Result<()> {
                tx.exec(BUMP, p![1_i64]).await?;
                // On PostgreSQL this holds the row lock while the caller vanishes; SQLite refuses it.
                std::future::pending::<()>().await;
                Ok(())
            });
            tokio::time::timeout(std::time::Duration::from_millis(5), write).await.ok();
        }
        w!(f.db, |tx| { tx.exec(BUMP, p![1_i64]).await?; Ok(()) }).unwrap();
        assert_eq!(r!(f.db, |tx| tx.one::<i64>("SELECT n FROM counters WHERE id = $1", p![1_i64]).await), 1);
    }
}

both! {
    async fn the_engine_may_use_its_own_error(f: Fixture) {
        #[derive(Debug, PartialEq)]
        enum Mine { Refused, Store(Error) }
        impl From<Error> for Mine {
            fn from(error: Error) -> Self { Self::Store(error) }
        }
        counters(&f.db).await;
        let refused = f.db.write(async move |tx: &mut Tx| -> Result<(), Mine> {
            tx.exec(ADD, p![1_i64, 0_i64]).await?;
            Err(Mine::Refused)
        });
        assert_eq!(refused.await, Err(Mine::Refused));
        let failed = f.db.write(async move |tx: &mut Tx| -> Result<(), Mine> {
            tx.exec("INSERT INTO nowhere (id) VALUES ($1)", p![1_i64]).await?;
            Ok(())
        });
        assert!(matches!(failed.await, Err(Mine::Store(Error::Db(_)))));
        assert_eq!(r!(f.db, |tx| tx.one::<i64>(COUNT, p![]).await), 0);
    }
}

both! {
    async fn close_finishes_and_then_refuses(f: Fixture) {
        counters(&f.db).await;
        assert_eq!(f.db.ping().await, Ok(()));
        let before = f.db.commits();
        w!(f.db, |tx| { tx.exec(ADD, p![1_i64, 0_i64]).await?; Ok(()) }).unwrap();
        assert_eq!(f.db.commits(), before + 1);
        f.db.close().await;
        f.db.close().await;
        assert_eq!(f.db.ping().await, Err(Error::Down));
        let late: Result<()> = w!(f.db, |_tx| Ok(()));
        assert_eq!(late, Err(Error::Down));
        assert_eq!(f.db.reader().await.err(), Some(Error::Down));
        let again = Db::open(&f.url, Options::default()).await.unwrap();
        assert_eq!(r!(again, |tx| tx.one::<i64>(COUNT, p![]).await), 1);
    }
}

both! {
    async fn migrations_run_once_and_refuse_a_foreign_schema(f: Fixture) {
        let sql = "SELECT version, name FROM schema_migrations ORDER BY version";
        let applied = r!(f.db, |tx| tx.all::<(i64, String)>(sql, p![]).await);
        assert_eq!(applied[0], (1, "0001_foundation".to_owned()));
        w!(f.db, |tx| {
            let sql = "INSERT INTO schema_migrations (version, name, checksum, compatible_with) VALUES ($1, $2, $3, $1)";
            tx.exec(sql, p![99_i64, "x", "y"]).await
        }).unwrap();
        f.db.close().await;
        f.other.close().await;
        let newer = Db::open(&f.url, Options::default()).await.err();
        assert!(matches!(&newer, Some(Error::Schema(text)) if text.contains("99")), "{newer:?}");
    }
}

both! {
    async fn a_changed_migration_is_noticed(f: Fixture) {
        w!(f.db, |tx| tx.exec("UPDATE schema_migrations SET checksum = $1", p!["0"]).await).unwrap();
        f.db.close().await;
        f.other.close().await;
        let changed = Db::open(&f.url, Options::default()).await.err();
        assert!(matches!(&changed, Some(Error::Schema(text)) if text.contains("0001")), "{changed:?}");
    }
}
