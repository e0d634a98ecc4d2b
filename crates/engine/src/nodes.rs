//! The processes that share one database, and which master keys each of them holds. Every server says so at its start and
//! once a minute; whoever changes master keys asks here first, because a node that lacks a key cannot read what another
//! writes with it, and one that still writes with a removed key writes what nobody can read.
use poolhouse_store::tables::nodes::{self as table, NodeRow};

use crate::ctx::Engine;
use crate::error::{Error, Result};

/// Milliseconds after which a node that has said nothing is taken for dead: three of the minutes in which it should have.
const ALIVE_MS: i64 = 3 * 60_000;
/// Milliseconds after which it is forgotten.
const FORGOTTEN_MS: i64 = 86_400_000;

/// A running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: String,
    /// Ids of its master keys, the one it makes new things with first.
    pub ring: Vec<String>,
    /// Milliseconds since the epoch.
    pub seen_at: i64,
}

impl Node {
    /// The id of the key it makes new things with.
    pub fn active(&self) -> &str {
        self.ring.first().map_or("", String::as_str)
    }

    pub fn holds(&self, key_id: &str) -> bool {
        self.ring.iter().any(|id| id == key_id)
    }
}

impl Engine {
    /// Joins the others, unless one of them could not read what this one writes.
    pub(crate) async fn enter(&self) -> Result<()> {
        if !self.store.is_shared() {
            // Whoever is noted here died without a word: the file was free.
            self.store.write(async move |tx| table::purge(tx, i64::MAX).await).await?;
        }
        self.is_understood().await?;
        self.announce().await
    }

    /// Whether every running server can read what this process writes.
    ///
    /// # Errors
    /// One cannot: a sentence that names it. The store's.
    pub async fn is_understood(&self) -> Result<()> {
        let active = self.keys.master.active_id();
        match running(self).await?.into_iter().find(|node| !node.holds(active)) {
            None => Ok(()),
            Some(node) => Err(Error::internal(format!(
                "the running server {} does not hold master key {active}, with which new things would be made now. Add the key to \
                 its key file and restart it; with several servers, add it everywhere with --standby before activating it anywhere",
                node.id
            ))),
        }
    }

    /// Says that this node lives and what it holds; forgets who is long dead.
    ///
    /// # Errors
    /// The store's.
    pub async fn announce(&self) -> Result<()> {
        let Some(id) = self.node.clone() else { return Ok(()) };
        let ring: Vec<&str> = self.keys.master.ids().collect();
        let row = NodeRow { id, ring: ring.join(" "), seen_at: self.clock.real() };
        let long_ago = row.seen_at - FORGOTTEN_MS;
        self.store
            .write(async move |tx| {
                table::put(tx, &row).await?;
                table::purge(tx, long_ago).await
            })
            .await?;
        Ok(())
    }

    /// Says that this node ends. Not worth an error: the others will notice.
    pub(crate) async fn leave(&self) {
        let Some(id) = self.node.clone() else { return };
        let left: poolhouse_store::Result<bool> = self.store.write(async move |tx| table::delete(tx, &id).await).await;
        if let Err(error) = left {
            tracing::debug!(%error, "the end of this node could not be noted");
        }
    }
}

/// The servers that run on this database, as far as they have said so.
///
/// # Errors
/// The store's.
pub async fn running(engine: &Engine) -> Result<Vec<Node>> {
    let mut reader = engine.store.reader().await?;
    let rows = table::seen(&mut reader, engine.clock.real() - ALIVE_MS).await?;
    let node = |row: NodeRow| Node { id: row.id, ring: row.ring.split(' ').map(str::to_owned).collect(), seen_at: row.seen_at };
    Ok(rows.into_iter().map(node).collect())
}
