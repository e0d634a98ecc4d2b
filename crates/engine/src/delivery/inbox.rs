//! The inbox of dev: outgoing messages become rows, shown on a page and at `/_poolhouse/messages`. Called by the
//! delivery rules to put messages in and by the server's control routes to read them.
use std::time::Duration;

use async_trait::async_trait;
use poolhouse_store::Db;
use poolhouse_store::tables::messages::{self as table, MessageRow};
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::{Delivery, DeliveryFailed, Message};
use crate::error::Result;

/// Messages of one page.
pub const PAGE: i64 = 50;

/// Pages looked through for one page of what a kind or a text picks out: more than the purge leaves.
const PAGES_MAX: usize = 40;

/// Messages kept in the store, and a bell for those who wait for one.
pub struct Inbox {
    store: Db,
    arrived: Notify,
}

/// A message as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Time-ordered.
    pub id: String,
    pub pool_id: String,
    pub address: String,
    /// `EMAIL` or `SMS`.
    pub medium: String,
    pub kind: String,
    pub subject: Option<String>,
    pub body: String,
    pub code: Option<String>,
    pub link: Option<String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
}

impl From<MessageRow> for Kept {
    fn from(row: MessageRow) -> Self {
        let MessageRow { id, pool_id, address, medium, kind, subject, body, code, link, created_at } = row;
        Self { id, pool_id, address, medium, kind, subject, body, code, link, created_at }
    }
}

/// Which messages are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those to this address.
    pub address: Option<String>,
    /// Only those older than this id.
    pub before: Option<String>,
    /// Only those newer than this id.
    pub after: Option<String>,
    /// Only those of this cause.
    pub kind: Option<String>,
    /// Only those with this text in address, subject or body, whatever its case.
    pub text: Option<String>,
}

impl Filter {
    fn picks(&self, row: &MessageRow) -> bool {
        let within = |text: &String| {
            let text = text.to_lowercase();
            [Some(&row.address), row.subject.as_ref(), Some(&row.body)]
                .into_iter()
                .flatten()
                .any(|part| part.to_lowercase().contains(&text))
        };
        self.kind.as_ref().is_none_or(|kind| *kind == row.kind) && self.text.as_ref().is_none_or(within)
    }
}

impl Inbox {
    pub(crate) fn new(store: Db) -> Self {
        Self { store, arrived: Notify::new() }
    }

    /// At most [`PAGE`] messages, newest first.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Kept>> {
        let mut reader = self.store.reader().await?;
        let (mut kept, mut before) = (Vec::new(), filter.before.clone());
        for _ in 0..PAGES_MAX {
            let rows = match &filter.address {
                Some(address) => table::list_for(&mut reader, address, before.as_deref(), PAGE).await?,
                None => table::list(&mut reader, before.as_deref(), PAGE).await?,
            };
            let newer = |row: &&MessageRow| filter.after.as_ref().is_none_or(|after| row.id > *after);
            let wanted = rows.iter().take_while(newer).filter(|row| filter.picks(row)).cloned().map(Kept::from);
            kept.extend(wanted.take(page_length().saturating_sub(kept.len())));
            let ended = rows.len() < page_length() || rows.last().is_some_and(|row| !newer(&row));
            if ended || kept.len() >= page_length() {
                break;
            }
            before = rows.last().map(|row| row.id.clone());
        }
        Ok(kept)
    }

    /// As [`Inbox::list`], but where there is nothing, waits until there is, or `wait` has passed.
    pub async fn wait(&self, filter: &Filter, wait: Duration) -> Result<Vec<Kept>> {
        let until = Instant::now() + wait;
        loop {
            // Stand in line before looking, or a message that comes in between would be missed.
            let mut bell = std::pin::pin!(self.arrived.notified());
            bell.as_mut().enable();
            let found = self.list(filter).await?;
            if !found.is_empty() || timeout_at(until, bell).await.is_err() {
                return Ok(found);
            }
        }
    }

    /// How many messages there are to the filter's address, or to all.
    pub async fn count(&self, filter: &Filter) -> Result<u64> {
        let mut reader = self.store.reader().await?;
        let count = table::count(&mut reader, filter.address.as_deref()).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Deletes one message; returns whether it was there.
    pub async fn delete(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        Ok(self.store.write(async move |tx| table::delete(tx, &id).await).await?)
    }

    /// Deletes every message; returns how many.
    pub async fn clear(&self) -> Result<u64> {
        Ok(self.store.write(async move |tx| table::clear(tx).await).await?)
    }

    /// One message.
    pub async fn get(&self, id: &str) -> Result<Option<Kept>> {
        let mut reader = self.store.reader().await?;
        Ok(table::get(&mut reader, id).await?.map(Kept::from))
    }
}

fn page_length() -> usize {
    usize::try_from(PAGE).unwrap_or(usize::MAX)
}

#[async_trait]
impl Delivery for Inbox {
    async fn deliver(&self, id: String, now: i64, message: Message) -> Result<(), DeliveryFailed> {
        let row = MessageRow {
            id,
            pool_id: message.pool_id,
            address: message.address,
            medium: message.medium.as_str().to_owned(),
            kind: message.kind.to_owned(),
            subject: message.subject,
            body: message.body,
            code: message.code,
            link: message.link,
            created_at: now,
        };
        self.store
            .write(async move |tx| table::insert(tx, &row).await)
            .await
            .map_err(|e: poolhouse_store::Error| DeliveryFailed(format!("the inbox could not be written: {e}")))?;
        self.arrived.notify_waiters();
        Ok(())
    }
}
