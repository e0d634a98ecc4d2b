//! What a rule may reach: the engine that is shared by all requests, and the context of one request.
//! The server builds a [`Ctx`] in one place; so does the test harness.
use std::net::IpAddr;
use std::sync::Arc;

use poolhouse_store::Db;

use crate::audit::Audit;
use crate::delivery::Delivery;
use crate::delivery::inbox::Inbox;
use crate::error::{Error, Result};
use crate::keyring::Keys;
use crate::keys::entropy::{Entropy, Supply};
use crate::keys::verified::Verified;
use crate::metrics::Metrics;
use crate::rates::quotas::Category;
use crate::rates::{self, Rates};
use crate::work::WorkPools;

mod clock;
mod entry;

pub use clock::{Clock, Hands, MovableClock, Reading, Setting, SharedClock, SystemClock};
use entry::About;
pub use entry::Entry;

/// How `iss`, discovery and the JWKS address of a pool are written. They always agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IssuerMode {
    /// `{public_url}/{pool_id}`.
    #[default]
    Local,
    /// `https://cognito-idp.{region}.amazonaws.com/{pool_id}`, Cognito's ORIGINAL.
    Aws,
    /// `https://issuer-cognito-idp.{region}.amazonaws.com/{pool_id}`, Cognito's UPDATED.
    AwsUpdated,
}

/// Settings of the engine; the same rules run whatever they are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The twelve digits in ARNs.
    pub account_id: String,
    /// Region of unsigned administration and of the demo pool.
    pub region: String,
    /// Base of every address we write ourselves, without a trailing slash. Never taken from a request (host header poisoning).
    pub public_url: String,
    pub issuer: IssuerMode,
    /// Every confirmation and one-time code is this one, where set.
    pub fixed_code: Option<String>,
    /// Base of the addresses of prefix domains as our own pages and mails write them: `{prefix}` and `{region}` are replaced.
    pub domain_url: String,
    /// How long the audit trail is kept, days.
    pub audit_days: i64,
    /// How long what the console deletes can be put back, days; 0: nothing is kept.
    pub undo_days: i64,
    /// How often may be asked and guessed.
    pub rates: rates::Settings,
}

/// Shared by all requests.
pub struct Engine {
    /// The name of this process among those on the same database; an operator's command has none.
    pub node: Option<String>,
    pub store: Db,
    pub keys: Keys,
    pub clock: SharedClock,
    pub entropy: Arc<dyn Entropy>,
    /// Hashing, SRP and signing, bounded.
    pub work: WorkPools,
    pub delivery: Arc<dyn Delivery>,
    /// Where messages can be read, if that is where they go.
    pub inbox: Option<Arc<Inbox>>,
    pub settings: Settings,
    pub audit: Audit,
    pub metrics: Arc<Metrics>,
    pub rates: Rates,
    pub(crate) request_ids: Supply,
    /// Signatures of tokens that held.
    pub verified: Verified,
    pub(crate) cache: crate::cache::Cache,
    pub(crate) turns: crate::turns::Turns,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// No credential, or one that the operation does not look at.
    Anonymous,
    /// A verified access key; its policy has allowed the operation.
    AccessKey { id: String },
    /// The console, an operator's command or our own first start.
    Operator,
}

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote {
    pub address: IpAddr,
    /// Whether a person's browser sent it, on a page of ours; else it may be an app's backend, that speaks for many.
    pub browser: bool,
}

/// One request. `now` is read once.
#[derive(Clone)]
pub struct Ctx {
    pub engine: Arc<Engine>,
    /// Milliseconds since the epoch at the start of the request.
    pub now: i64,
    pub caller: Caller,
    /// `None` for what did not come over a connection.
    pub remote: Option<Remote>,
    /// Region of the credential scope; `None` where the call was not signed.
    pub region: Option<String>,
    pub request_id: String,
    /// Under which id what it deletes is kept; `None` where nothing is ([`crate::undo`](crate::undo)).
    pub(crate) deletion: Option<String>,
    /// What is known so far of whom this request is about, for the audit trail.
    about: About,
}

impl Engine {
    /// The context of one request.
    pub fn ctx(self: &Arc<Self>, caller: Caller, region: Option<String>) -> Ctx {
        Ctx {
            now: self.clock.now(),
            request_id: crate::keys::entropy::uuid_from(self.request_ids.draw(&*self.entropy)),
            engine: Arc::clone(self),
            caller,
            remote: None,
            region,
            deletion: None,
            about: About::default(),
        }
    }

    /// Sets the clock by the database's, where nodes share one; again and again, since clocks drift and databases move.
    ///
    /// # Errors
    /// The database does not answer; the clock goes on as it was.
    pub async fn set_clock(&self) -> Result<()> {
        Ok(self.clock.set_by(&self.store).await?)
    }
}

impl Ctx {
    /// The region to create things in: that of the credential scope, else the configured one.
    pub fn region(&self) -> &str {
        self.region.as_deref().unwrap_or(&self.engine.settings.region)
    }

    /// The version a new row starts with: never one that an earlier row of the same id had, even within the same
    /// millisecond. Seeds make and delete rows under fixed ids; counted from 1, a row made again would be taken for the
    /// cached one before it, secrets included.
    pub fn first_version(&self) -> i64 {
        let [high, low] = crate::keys::entropy::bytes::<2>(self.entropy());
        (self.now << 16) | i64::from(u16::from_be_bytes([high, low]))
    }

    /// Refuses a request over the quota of its category and pool.
    pub fn admit(&self, category: Category, pool_id: &str) -> Result<()> {
        self.engine.rates.ask(category, pool_id, |quotas| quotas.take(category, pool_id, self.real_now()))
    }

    /// The time that nobody can set, milliseconds since the epoch: for limits of so many in so long, and for what must keep the
    /// order in which it came.
    pub fn real_now(&self) -> i64 {
        self.engine.clock.real()
    }

    pub fn store(&self) -> &Db {
        &self.engine.store
    }

    pub fn entropy(&self) -> &dyn Entropy {
        &*self.engine.entropy
    }

    /// The ARN of a pool (AWS: `arn:aws:cognito-idp:{region}:{account}:userpool/{id}`).
    pub fn pool_arn(&self, pool_id: &str) -> String {
        let region = region_of_pool(pool_id);
        format!("arn:aws:cognito-idp:{region}:{}:userpool/{pool_id}", self.engine.settings.account_id)
    }

    /// The pool id inside an ARN of ours.
    pub fn pool_of_arn<'a>(&self, arn: &'a str) -> Result<&'a str> {
        arn.split_once(":userpool/")
            .map(|(_, id)| id)
            .filter(|id| self.pool_arn(id) == arn)
            .ok_or_else(|| Error::invalid_parameter(format!("Invalid resource ARN: {arn}")))
    }
}

/// A pool id is `{region}_{nine letters}`.
pub fn region_of_pool(pool_id: &str) -> &str {
    pool_id.split_once('_').map_or(pool_id, |(region, _)| region)
}
