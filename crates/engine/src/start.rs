//! Starting an engine, telling whether it can work, and ending it. Called by whoever runs the program and by the test
//! harness; everything a rule may reach is put together here and nowhere else.
use std::fmt;
use std::sync::Arc;

use poolhouse_store::{Db, Options};

use crate::audit::Audit;
use crate::ctx::{Clock, Engine, Settings};
use crate::delivery::Delivery;
use crate::delivery::inbox::Inbox;
use crate::error::Error;
use crate::keyring::Keys;
use crate::keys::entropy::Entropy;
use crate::keys::master::MasterKeys;
use crate::keys::password::HashCost;
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
    fn of(error: &Error) -> Self {
        Self(error.detail().map_or_else(|| error.message().to_owned(), |detail| detail.cause.clone()))
    }
}

impl Engine {
    /// Opens and migrates the store, proves that the master keys are the ones it was written with, and is ready to work.
    ///
    /// # Errors
    /// The store does not open, or belongs to other master keys; nothing was changed then.
    pub async fn start(options: StartOptions) -> Result<Arc<Self>, StartError> {
        Self::open(options, Options::default()).await
    }

    /// As [`Engine::start`], but beside a process that has the same SQLite file open: for an operator's commands while the
    /// server runs.
    ///
    /// # Errors
    /// As [`Engine::start`], and a schema older than this program.
    pub async fn join(options: StartOptions) -> Result<Arc<Self>, StartError> {
        Self::open(options, Options { join: true, readers: 1, ..Options::default() }).await
    }

    async fn open(options: StartOptions, of_store: Options) -> Result<Arc<Self>, StartError> {
        let url = store_url(&options.store_url)?;
        let store = Db::open(&url, of_store).await.map_err(|e| StartError(format!("the store does not open: {e}")))?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let work = WorkPools::for_cores(cores);
        let keys = Keys::new(options.master, options.hash_cost, work.key_generation.clone()).map_err(|e| StartError::of(&e))?;
        if let Err(error) = keys.check_canary(&store, &*options.entropy).await {
            store.close().await;
            return Err(StartError::of(&error));
        }
        let (delivery, inbox): (Arc<dyn Delivery>, _) = match options.outgoing {
            Outgoing::Door(door) => (door, None),
            Outgoing::Inbox => {
                let inbox = Arc::new(Inbox::new(store.clone()));
                (Arc::clone(&inbox) as Arc<dyn Delivery>, Some(inbox))
            }
        };
        let (metrics, trail) = (Arc::new(Metrics::default()), keys.audit().map_err(|e| StartError::of(&e))?);
        let audit = Audit::start(store.clone(), trail, Arc::clone(&options.entropy), Arc::clone(&metrics));
        Ok(Arc::new(Self {
            audit: audit.map_err(|e| StartError::of(&e))?,
            metrics,
            store,
            keys,
            clock: options.clock,
            entropy: options.entropy,
            work,
            delivery,
            inbox,
            settings: options.settings,
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
        self.audit.close(self.clock.now()).await;
        self.store.close().await;
    }
}

/// `sqlite:PATH` is how people write it, and the path may be relative; the store takes an absolute one after `sqlite://`.
fn store_url(url: &str) -> Result<String, StartError> {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with("//") => {
            let absolute =
                std::path::absolute(path).map_err(|e| StartError(format!("the store {path:?} has no absolute path: {e}")))?;
            Ok(format!("sqlite://{}", absolute.display()))
        }
        _ => Ok(url.to_owned()),
    }
}
