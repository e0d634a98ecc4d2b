//! The audit trail, what is refused without it, alerts and metrics.

mod alerts;
mod chain;
mod command;
mod metrics;
mod policy;
mod sweep;

use poolhouse_engine::audit::{Event, Filter, Kind, Listed};
use poolhouse_store::{Access, Db, Options as StoreOptions, Result, Tx, p};

use crate::harness::{House, Reply};

/// Every event so far, in the order of their time.
pub async fn trail(house: &House) -> Vec<Listed> {
    house.engine.audit.flush().await;
    house.engine.audit.list(&Filter { most: usize::MAX, ..Filter::default() }).await.unwrap().0
}

pub async fn events(house: &House) -> Vec<Event> {
    trail(house).await.into_iter().map(|listed| listed.event).collect()
}

/// The alerts among them, by word.
pub async fn alerts(house: &House) -> Vec<String> {
    let alerts = events(house).await.into_iter().filter(|event| event.kind == Kind::Alert);
    alerts.map(|event| event.action.into_owned()).collect()
}

/// The id an answer came with.
pub fn request_id(reply: &Reply) -> String {
    let id =
        ["x-amzn-requestid", "x-amz-cognito-request-id"].into_iter().map(|name| reply.header(name)).find(|id| !id.is_empty());
    id.unwrap_or_else(|| panic!("no request id: {reply:?}")).to_owned()
}

/// Whoever has the database and not the key.
pub struct Intruder(Db);

impl Intruder {
    pub async fn into(house: &House) -> Self {
        let options = StoreOptions { access: Access::Join, ..StoreOptions::default() };
        Self(Db::open(&house.store_url, options).await.unwrap())
    }

    /// Runs statements of their own; how many rows the last one changed.
    pub async fn run(&self, statements: &'static [&'static str]) -> u64 {
        let statements = statements.to_vec();
        let done = self.0.write(async move |tx: &mut Tx| -> Result<u64> {
            let mut rows = 0;
            for sql in statements.iter().copied() {
                rows = tx.exec(sql, p![]).await?;
            }
            Ok(rows)
        });
        done.await.unwrap()
    }
}
