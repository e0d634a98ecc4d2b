//! Starting an engine, telling whether it can work, and ending it. Called by whoever runs the program and by the test
//! harness; everything a rule may reach is put together here and nowhere else.
use std::fmt;
use std::sync::Arc;

pub use poolhouse_store::Footprint;
use poolhouse_store::{Access, Db, Options, Unmigrated};

use crate::audit::Audit;
use crate::ctx::{Clock, Engine, Settings, SharedClock};
use crate::delivery::Delivery;
use crate::delivery::inbox::Inbox;
use crate::error::Error;
use crate::keyring::{self, Keys};
use crate::keys::entropy::{self, Entropy, Supply};
use crate::keys::master::MasterKeys;
use crate::keys::password::HashCost;
use crate::keys::stock::KeyStock;
use crate::keys::verified::Verified;
use crate::metrics::Metrics;
use crate::work::WorkPools;

/// Where outgoing messages go.
pub enum Outgoing {
    /// Into the store, to be read at the inbox.
    Inbox,
    /// Out of the house.
    Door(Arc<dyn Delivery>),
}

/// What an engine is made of.
pub struct StartOptions {
    /// `sqlite:PATH` (also `sqlite://PATH`) or `postgres://…`; may hold a password.
    pub store_url: String,
    pub master: MasterKeys,
    pub settings: Settings,
    pub outgoing: Outgoing,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub hash_cost: HashCost,
}

/// Why there is no engine: a sentence for the operator, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError(pub String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl StartError {
    pub(crate) fn of(error: &Error) -> Self {
        Self(error.detail().map_or_else(|| error.message().to_owned(), |detail| detail.cause.clone()))
    }
}

impl Engine {
    /// Opens and migrates the store, proves that the master keys are the ones it was written with, and is ready to work.
    ///
    /// # Errors
    /// The store does not open, or belongs to other master keys, or another node would not understand what this one writes;
    /// nothing was changed then.
    pub async fn start(options: StartOptions) -> Result<Arc<Self>, StartError> {
        let engine = Self::open(options, Options::default()).await?;
        if let Err(error) = engine.enter().await {
            engine.store.close().await;
            return Err(StartError::of(&error));
        }
        Ok(engine)
    }

    /// As [`Engine::start`], but beside a process that has the same SQLite file open: for an operator's commands while the
    /// server runs.
    ///
    /// # Errors
    /// As [`Engine::start`], and a schema older than this program.
    pub async fn join(options: StartOptions) -> Result<Arc<Self>, StartError> {
        Self::open(options, Options { access: Access::Join, readers: 1, ..Options::default() }).await
    }

    /// As [`Engine::join`], for looking alone: nothing is written, migrated or created.
    ///
    /// # Errors
    /// As [`Engine::join`], and a store that is not there.
    pub async fn look(options: StartOptions) -> Result<Arc<Self>, StartError> {
        Self::open(options, Options { access: Access::Read, readers: 2, ..Options::default() }).await
    }

    async fn open(options: StartOptions, of_store: Options) -> Result<Arc<Self>, StartError> {
        let url = store_url(&options.store_url)?;
        let node = (of_store.access == Access::Own).then(|| entropy::uuid(&*options.entropy));
        let refused = |e: poolhouse_store::Error| StartError(format!("the store does not open: {e}"));
        let mut found = Unmigrated::open(&url, of_store).await.map_err(refused)?;
        let known = keyring::prove(&options.master, &mut found).await.map_err(|e| StartError::of(&e))?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let work = WorkPools::for_cores(cores);
        let stock = KeyStock::new(work.key_generation.clone(), keyring::STOCK);
        if !known && node.is_some() {
            // A new installation makes a pool soon. The disk has more to do now than the processor.
            stock.make_ahead(2);
        }
        let store = found.migrate().await.map_err(refused)?;
        let opened = Keys::open(options.master, options.hash_cost, stock, &store, &*options.entropy).await;
        let keys = match opened {
            Ok(keys) => keys,
            Err(error) => {
                store.close().await;
                return Err(StartError::of(&error));
            }
        };
        let (delivery, inbox): (Arc<dyn Delivery>, _) = match options.outgoing {
            Outgoing::Door(door) => (door, None),
            Outgoing::Inbox => {
                let inbox = Arc::new(Inbox::new(store.clone()));
                (Arc::clone(&inbox) as Arc<dyn Delivery>, Some(inbox))
            }
        };
        let metrics = Arc::new(Metrics::default());
        let audit = Audit::start(store.clone(), keys.audit().clone(), Arc::clone(&options.entropy), Arc::clone(&metrics));
        Ok(Arc::new(Self {
            audit,
            metrics,
            node,
            store,
            keys,
            clock: SharedClock::new(options.clock),
            entropy: options.entropy,
            work,
            delivery,
            inbox,
            rates: crate::rates::Rates::new(&options.settings.rates),
            settings: options.settings,
            request_ids: Supply::default(),
            verified: Verified::default(),
            cache: crate::cache::Cache::default(),
            turns: crate::turns::Turns::default(),
        }))
    }

    /// Whether the store answers and still takes writes (checklist 200). The sentence is for the log.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn ready(&self) -> Result<(), String> {
        self.store.ping().await.map_err(|e| e.to_string())
    }

    /// Makes signing keys ahead of need, while nobody waits for anything.
    pub fn stock_up(&self) {
        self.keys.stock.refill();
    }

    /// Finishes what is queued, ends the audit trail of this process, and closes the store.
    pub async fn close(&self) {
        self.leave().await;
        self.audit.close(self.clock.now()).await;
        self.store.close().await;
    }
}

/// What the store of this URL touches outside the process, before it is opened.
///
/// # Errors
/// A URL that cannot be understood, or a directory that cannot be made.
pub fn footprint(url: &str) -> Result<Footprint, StartError> {
    Db::footprint(&store_url(url)?).map_err(|e| StartError(format!("the store does not open: {e}")))
}

/// `sqlite:PATH` is how people write it, and the path may be relative; the store takes an absolute one after `sqlite://`.
pub(crate) fn store_url(url: &str) -> Result<String, StartError> {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with("//") => {
            let absolute =
                std::path::absolute(path).map_err(|e| StartError(format!("the store {path:?} has no absolute path: {e}")))?;
            Ok(format!("sqlite://{}", absolute.display()))
        }
        _ => Ok(url.to_owned()),
    }
}
