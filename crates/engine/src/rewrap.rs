//! Moving what the database keeps under one master key to another, while servers run on it: counting what each key is needed
//! for, wrapping anew what can be, and saying when a key may go. Called by the `master-key` commands.
//!
//! Each row is changed by one guarded statement, so a rival change wins and an interrupted run is begun again from wherever
//! it stopped. The keys inside stay the same: nothing that they seal changes, and no cached copy goes stale. Password
//! records cannot be moved, as their pepper is inside a hash: each is made anew at its user's next sign-in by password.
use std::collections::BTreeMap;

use poolhouse_store::Tx;
use poolhouse_store::tables::{access_keys, meta, pools, undo, users};

use crate::ctx::Engine;
use crate::error::{Error, Result};
use crate::keyring::{WRAPPED_META, unhex};
use crate::keys::hex;
use crate::keys::master::{MasterKeyError, Wrapped, wrapped_by};
use crate::keys::password;
use crate::nodes::{self, Node};

/// Rows read at a time.
const BATCH: i64 = 200;
const PASSWORDS_BATCH: i64 = 5_000;
/// Times everything is gone through while rivals keep changing rows.
const PASSES: usize = 5;

/// What is kept under one master key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    pub pool_keys: u64,
    pub access_keys: u64,
    /// The installation's own key and the canary.
    pub house: u64,
    /// Password records with this key's pepper.
    pub passwords: u64,
}

impl Needs {
    pub fn nothing(self) -> bool {
        self == Self::default()
    }

    /// What a re-wrap would move.
    pub fn wrapped(self) -> u64 {
        self.pool_keys + self.access_keys + self.house
    }
}

/// Where a rotation stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// The key that this ring makes new things with.
    pub active: String,
    /// By key id: every key of the ring, and every other that the database needs.
    pub keys: BTreeMap<String, Needs>,
    pub nodes: Vec<Node>,
}

impl Status {
    pub fn of(&self, key_id: &str) -> Needs {
        self.keys.get(key_id).copied().unwrap_or_default()
    }
}

/// Counts everything, in pages; a large house takes seconds.
///
/// # Errors
/// The store's, or a record that is not ours.
pub async fn status(engine: &Engine) -> Result<Status> {
    let ring = &engine.keys.master;
    let mut keys: BTreeMap<String, Needs> = ring.ids().map(|id| (id.to_owned(), Needs::default())).collect();
    let mut of = |id: &str, add: fn(&mut Needs)| add(keys.entry(id.to_owned()).or_default());
    let mut reader = engine.store.reader().await?;
    for (name, _) in WRAPPED_META {
        let text = meta::get(&mut reader, name).await?.unwrap_or_default();
        let wrapped = unhex(&text).ok_or_else(|| damaged(name))?;
        of(wrapped_by(&wrapped).ok_or_else(|| damaged(name))?, |needs| needs.house += 1);
    }
    for table in Table::ALL {
        let mut after = String::new();
        loop {
            let page = table.page(&mut reader, &after).await?;
            let Some((last, ..)) = page.last() else { break };
            after.clone_from(last);
            for (id, _, wrapped) in &page {
                of(wrapped_by(wrapped).ok_or_else(|| damaged(id))?, table.counter());
            }
        }
    }
    let (mut pool, mut sub) = (String::new(), String::new());
    loop {
        let page = users::passwords(&mut reader, (&pool, &sub), PASSWORDS_BATCH).await?;
        let Some(last) = page.last() else { break };
        (pool, sub) = (last.pool_id.clone(), last.sub.clone());
        for record in page.iter().filter_map(|row| row.password_hash.as_deref()) {
            of(password::pepper_id(record).ok_or_else(|| damaged("of a password"))?, |needs| needs.passwords += 1);
        }
    }
    drop(reader);
    Ok(Status { active: ring.active_id().to_owned(), keys, nodes: nodes::running(engine).await? })
}

/// Wraps everything under the ring's active key, and tells `progress` how many rows it has moved after each batch. Returns
/// how many that were.
///
/// # Errors
/// A running server lacks the active key; a key that something is wrapped under is not in the ring. What was moved before
/// stays moved.
pub async fn rewrap(engine: &Engine, progress: &(dyn Fn(u64) + Sync)) -> Result<u64> {
    // It would not be able to open the next pool it is asked for.
    engine.is_understood().await?;
    let mut moved = 0;
    for _ in 0..PASSES {
        let before = moved;
        moved += meta_records(engine).await?;
        for table in Table::ALL {
            moved += rows(engine, table, moved, progress).await?;
        }
        if moved == before {
            break;
        }
    }
    Ok(moved)
}

/// Whether the ring can do without a key, seen from the database; the sentence names what still needs it.
///
/// # Errors
/// The store's.
pub async fn may_go(engine: &Engine, key_id: &str) -> Result<Result<(), String>> {
    let status = status(engine).await?;
    let needs = status.of(key_id);
    let mut reasons = Vec::new();
    if needs.wrapped() > 0 {
        let (pools, keys, house) = (needs.pool_keys, needs.access_keys, needs.house);
        reasons.push(format!(
            "{pools} pool keys, {keys} access keys and {house} of the house's own records are wrapped under it: \
             `poolhouse master-key rewrap` moves them"
        ));
    }
    if needs.passwords > 0 {
        reasons.push(format!(
            "{} password records were made with it: each is made anew when its user next signs in by password",
            needs.passwords
        ));
    }
    // What it writes next would be lost with the key.
    for node in status.nodes.iter().filter(|node| node.active() == key_id) {
        reasons.push(format!("the running server {} makes new things with it: activate another there and restart it", node.id));
    }
    Ok(if reasons.is_empty() { Ok(()) } else { Err(reasons.join("; ")) })
}

async fn meta_records(engine: &Engine) -> Result<u64> {
    let mut moved = 0;
    for (name, what) in WRAPPED_META {
        let mut reader = engine.store.reader().await?;
        let from = meta::get(&mut reader, name).await?.unwrap_or_default();
        drop(reader);
        let wrapped = unhex(&from).ok_or_else(|| damaged(name))?;
        let Some(to) = again(engine, what, &wrapped)? else { continue };
        let (key, to) = (name.to_owned(), hex(&to));
        let done: poolhouse_store::Result<bool> =
            engine.store.write(async move |tx| meta::replace(tx, &key, &from, &to).await).await;
        moved += u64::from(done?);
    }
    Ok(moved)
}

/// A table with rows that are wrapped one by one.
#[derive(Clone, Copy)]
enum Table {
    Pools,
    /// Of pools that were deleted and can be put back.
    DeletedPools,
    AccessKeys,
}

impl Table {
    const ALL: [Self; 3] = [Self::Pools, Self::DeletedPools, Self::AccessKeys];

    fn counter(self) -> fn(&mut Needs) {
        match self {
            Self::Pools | Self::DeletedPools => |needs| needs.pool_keys += 1,
            Self::AccessKeys => |needs| needs.access_keys += 1,
        }
    }

    /// `whose` it is: the pool's id, or the access key's.
    fn what(self, whose: &str) -> Wrapped<'_> {
        match self {
            Self::Pools | Self::DeletedPools => Wrapped::PoolKey(whose),
            Self::AccessKeys => Wrapped::AccessKey(whose),
        }
    }

    /// Rows' ids, whose keys they are, and the wrapped forms, after this id.
    async fn page(self, tx: &mut Tx, after: &str) -> Result<Vec<(String, String, Vec<u8>)>> {
        Ok(match self {
            Self::Pools => {
                let rows = pools::list_all(tx, after, BATCH).await?;
                rows.into_iter().map(|row| (row.id.clone(), row.id, row.wrapped_key)).collect()
            }
            Self::DeletedPools => undo::wrapped_keys(tx, after, BATCH).await?,
            Self::AccessKeys => {
                let rows = access_keys::list(tx, after, BATCH).await?;
                rows.into_iter().map(|row| (row.id.clone(), row.id, row.sealed)).collect()
            }
        })
    }

    async fn replace(self, tx: &mut Tx, id: &str, from: &[u8], to: &[u8]) -> poolhouse_store::Result<bool> {
        match self {
            Self::Pools => pools::rewrap_key(tx, id, from, to).await,
            Self::DeletedPools => undo::rewrap(tx, id, from, to).await,
            Self::AccessKeys => access_keys::rewrap(tx, id, from, to).await,
        }
    }
}

async fn rows(engine: &Engine, table: Table, before: u64, progress: &(dyn Fn(u64) + Sync)) -> Result<u64> {
    let (mut after, mut moved) = (String::new(), 0);
    loop {
        let mut reader = engine.store.reader().await?;
        let page = table.page(&mut reader, &after).await?;
        drop(reader);
        let Some((last, ..)) = page.last() else { return Ok(moved) };
        after.clone_from(last);
        let mut changes = Vec::new();
        for (id, whose, from) in page {
            if let Some(to) = again(engine, table.what(&whose), &from)? {
                changes.push((id, from, to));
            }
        }
        if changes.is_empty() {
            continue;
        }
        let changing = engine.store.write(async move |tx| {
            let mut done = 0;
            for (id, from, to) in &changes {
                done += u64::from(table.replace(tx, id, from, to).await?);
            }
            Ok(done)
        });
        let done: poolhouse_store::Result<u64> = changing.await;
        moved += done?;
        progress(before + moved);
    }
}

fn again(engine: &Engine, what: Wrapped<'_>, wrapped: &[u8]) -> Result<Option<Vec<u8>>, MasterKeyError> {
    engine.keys.master.rewrap(what, wrapped, &*engine.entropy)
}

fn damaged(what: &str) -> Error {
    Error::internal(format!("the record {what} is damaged"))
}
