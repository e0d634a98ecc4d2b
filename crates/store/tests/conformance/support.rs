//! What the tests share: opening a fresh database of either kind, sample rows, a short way to write.

use std::future::Future;

pub use poolhouse_store::testkit::Scratch;
use poolhouse_store::{Db, Error, Options, Result, Tx, testkit};

/// Two handles on one database (on SQLite two clones: a file has one writer), and what keeps it alive.
pub struct Fixture {
    pub db: Db,
    pub other: Db,
    pub url: String,
    pub is_sqlite: bool,
    _scratch: Option<Scratch>,
}

pub async fn sqlite() -> Fixture {
    let scratch = Scratch::new().unwrap();
    let url = scratch.sqlite();
    let db = Db::open(&url, Options::default()).await.unwrap();
    Fixture { other: db.clone(), db, url, is_sqlite: true, _scratch: Some(scratch) }
}

pub async fn postgres() -> Fixture {
    let url = testkit::postgres().await.unwrap();
    // Races queue for a connection: they wait long enough here.
    let options = Options { wait: std::time::Duration::from_secs(20), ..Options::default() };
    let db = Db::open(&url, options.clone()).await.unwrap();
    let other = Db::open(&url, options).await.unwrap();
    Fixture { db, other, url, is_sqlite: false, _scratch: None }
}

/// Declares a test that runs on both databases.
macro_rules! both {
    ($(#[$meta:meta])* async fn $name:ident($f:ident: Fixture) $body:block) => {
        mod $name {
            use super::*;
            use crate::support::Fixture;

            $(#[$meta])*
            async fn body($f: &Fixture) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                let fixture = crate::support::sqlite().await;
                body(&fixture).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                let fixture = crate::support::postgres().await;
                body(&fixture).await;
            }
        }
    };
}
pub(crate) use both;

/// One write, as `w!(db, |tx| expression)`; captures are cloned by the caller.
macro_rules! w {
    ($db:expr, |$tx:ident| $body:expr) => {
        $db.write(async move |$tx: &mut poolhouse_store::Tx| -> poolhouse_store::Result<_> { $body }).await
    };
}
pub(crate) use w;

/// One read.
macro_rules! r {
    ($db:expr, |$tx:ident| $body:expr) => {{
        let mut reader = $db.reader().await.unwrap();
        let $tx: &mut poolhouse_store::Tx = &mut reader;
        $body.unwrap()
    }};
}
pub(crate) use r;

/// Runs `tasks` copies of a job at once, split over both handles; returns their results.
pub async fn race<T, F, Fut>(f: &Fixture, tasks: usize, job: F) -> Vec<T>
where
    T: Send + 'static,
    F: Fn(Db, usize) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
{
    let mut set = tokio::task::JoinSet::new();
    for number in 0..tasks {
        let db = if number % 2 == 0 { f.db.clone() } else { f.other.clone() };
        set.spawn(job(db, number));
    }
    set.join_all().await
}

pub fn is_unique<T>(result: Result<T>, index: &str) -> bool {
    matches!(result, Err(Error::Unique(name)) if name == index)
}

/// A scratch table for the seam's own tests.
pub async fn counters(db: &Db) {
    db.write(async move |tx: &mut Tx| -> Result<()> {
        tx.exec("CREATE TABLE counters (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL)", poolhouse_store::p![]).await?;
        Ok(())
    })
    .await
    .unwrap();
}
