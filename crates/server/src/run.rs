//! Starting: sockets first, then the application behind them, then serving until a signal.
//!
//! Owns the order of a start and the seam to whatever stands behind the sockets ([`Assembly`]), so that everything in
//! this crate up to the router can be tested without it. Called by `cli` and by integration tests.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use axum::Router;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::audit::AuditCommand;
use crate::certs::{self, CertError, DevCerts, LocalCa};
use crate::config::{Refusal, Settings, Tls, numbered};
use crate::edge::{BindError, Bound, Edge, Listen};
use crate::facts::Facts;

/// What stands behind the sockets.
pub struct App {
    pub router: Router,
    /// What stands on the metrics' own listener, where there is one.
    pub metrics: Router,
    /// The demo client, when there is one to tell about.
    pub facts: Option<Facts>,
    /// Runs after the last request has been answered: flush, close.
    pub close: BoxFuture<'static, ()>,
}

/// Builds what stands behind the sockets, and does the administration that needs the store but no sockets.
#[async_trait]
pub trait Assembly: Send + Sync {
    /// Opens the store and the keys and builds the router. `bound` are the addresses already taken; `settings.public_url`
    /// names the port that was really bound.
    ///
    /// # Errors
    /// [`StartError::Refused`] for what an operator can set (such as [`Refusal::no_access_keys`]).
    async fn app(&self, settings: &Settings, bound: &[Bound]) -> Result<App, StartError>;

    /// Makes, lists or deletes access keys; the reply is printed as it is.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn access_key(&self, settings: &Settings, command: &AccessKeyCommand) -> Result<String, StartError>;

    /// Reads or verifies the audit trail; the reply is printed as it is.
    ///
    /// # Errors
    /// A sentence for the operator, above all the row that is not as it was written.
    async fn audit(&self, settings: &Settings, command: &AuditCommand) -> Result<String, StartError>;

    /// Writes a new master key ring to a file that must not exist yet, mode 0600.
    ///
    /// # Errors
    /// A sentence for the operator.
    fn create_master_key(&self, file: &Path) -> Result<(), StartError>;
}

/// `poolhouse access-key …`
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum AccessKeyCommand {
    /// Make an access key and print its secret, once
    Create {
        /// Whose key it is; becomes the IAM user name in error messages
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Operations it may call, such as `ListUsers` or `Admin*`; may be given several times; none means none
        #[arg(long, value_name = "OPERATION")]
        allow: Vec<String>,
        /// Pools it may touch; may be given several times; default: every pool
        #[arg(long, value_name = "POOL_ID")]
        pool: Vec<String>,
    },
    /// List access keys with their owner, policy and last use
    List,
    /// Delete an access key; requests signed with it are refused from then on
    Delete {
        #[arg(value_name = "ACCESS_KEY_ID")]
        id: String,
    },
}

/// Why the program did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Everything that the operator has to set.
    #[error("{}", numbered(.0))]
    Refused(Vec<Refusal>),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Certificate(#[from] CertError),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{0}")]
    Failed(String),
}

/// Serves until `shutdown` completes, then drains. `ready` is told the final settings, the bound addresses and the demo
/// client once everything accepts.
///
/// # Errors
/// [`StartError`] before the first request is accepted; none after.
pub async fn serve(
    mut settings: Settings,
    assembly: &dyn Assembly,
    ready: impl FnOnce(&Settings, &[Bound], Option<&Facts>),
    shutdown: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let edge = Edge::bind(listeners(&settings)?, settings.limits.clone()).await?;
    let watched = match settings.metrics {
        Some(address) => Some(Edge::bind(vec![Listen { address, tls: None }], settings.limits.clone()).await?),
        None => None,
    };
    settings.public_url = with_bound_port(&settings, edge.bound());
    let app = assembly.app(&settings, edge.bound()).await?;
    ready(&settings, edge.bound(), app.facts.as_ref());
    let shutdown = shutdown.shared();
    match watched {
        Some(watched) => {
            tracing::info!(bound = ?watched.bound(), "serving metrics");
            tokio::join!(edge.serve(app.router, shutdown.clone()), watched.serve(app.metrics, shutdown));
        }
        None => edge.serve(app.router, shutdown).await,
    }
    app.close.await;
    Ok(())
}

fn listeners(settings: &Settings) -> Result<Vec<Listen>, StartError> {
    let mut listen = Vec::new();
    if let Some(address) = settings.http {
        listen.push(Listen { address, tls: None });
    }
    if let Some(address) = settings.https {
        let resolver: Arc<dyn rustls::server::ResolvesServerCert> = match &settings.tls {
            Tls::LocalCa(dir) => Arc::new(DevCerts::new(LocalCa::open_or_create(dir, system_now())?, system_now)),
            Tls::Files { certificate, key } => certs::from_files(certificate, key)?,
            Tls::None => return Err(StartError::Failed("HTTPS needs a certificate".into())),
        };
        listen.push(Listen { address, tls: Some(certs::tls_config(resolver)?) });
    }
    Ok(listen)
}

/// Port 0 in the public address stands for the port that the plain listener was given.
fn with_bound_port(settings: &Settings, bound: &[Bound]) -> String {
    match (settings.public_url.strip_suffix(":0"), bound.iter().find(|one| !one.tls)) {
        (Some(origin), Some(plain)) => format!("{origin}:{}", plain.address.port()),
        _ => settings.public_url.clone(),
    }
}

/// Keeps secrets in memory out of core dumps and out of the reach of other processes of the same user (`ptrace`,
/// `/proc/PID/mem`). For production; failures are logged and not fatal, as a container may forbid either call.
pub fn harden() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be turned off");
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "process memory could not be closed to other processes");
    }
}

/// Milliseconds since the epoch, for certificates; rules take the time from their context.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the outermost clock: certificates are made before any context exists")]
pub fn system_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
