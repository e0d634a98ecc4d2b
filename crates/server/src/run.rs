//! Starting: sockets and files first, then the sandbox, then the application behind the sockets, then serving until a
//! signal.
//!
//! Owns the order of a start and the seam to whatever stands behind the sockets ([`Assembly`]), so that everything in
//! this crate up to the handler can be tested without it. Called by `cli` and by integration tests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use axum::Router;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use poolhouse_engine::check::Say;

use crate::certs::{self, DevCerts, FileCerts, LocalCa};
use crate::config::{Refusal, Sandbox, Settings, Tls};
use crate::edge::{BindError, Bound, Edge, Handler, Listen, Owner};
use crate::facts::Facts;
use crate::operator::commands::{
    AccessKeyCommand, AuditCommand, MasterKeyCommand, MasterKeyFileCommand, SeedCommand, SigningKeyCommand, UpkeepCommand,
};
use crate::operator::seed::Answer;
use crate::sandbox::{self, Reach};
use crate::start_error::StartError;

/// What stands behind the sockets.
pub struct App {
    pub handler: Handler,
    /// What stands on the metrics' own listener, where there is one.
    pub metrics: Router,
    /// The demo client, when there is one to tell about.
    pub facts: Option<Facts>,
    /// Runs after the last request has been answered: flush, close.
    pub close: BoxFuture<'static, ()>,
}

/// The part of a start that needs a runtime.
pub type Opening = BoxFuture<'static, Result<App, StartError>>;

/// Builds what stands behind the sockets, and does the administration that needs the store but no sockets.
#[async_trait]
pub trait Assembly: Send + Sync {
    /// Reads what stands in files (keys, trusted certificates) now; the future opens the store and builds the handler, and
    /// runs inside the sandbox. `bound` are the addresses already taken; `settings.public_url` names the port that was
    /// really bound.
    ///
    /// # Errors
    /// [`StartError::Refused`] for what an operator can set (such as [`Refusal::no_access_keys`]).
    fn app(&self, settings: &Settings, bound: &[Bound]) -> Result<Opening, StartError>;

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

    /// Backup, restore and the like; `say` is told how far a long run has come. The reply is printed as it is.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn upkeep(&self, settings: &Settings, command: &UpkeepCommand, say: &Say) -> Result<String, StartError>;

    /// Compares a store with a seed file, brings it in line, or writes one of it.
    ///
    /// # Errors
    /// Sentences for the operator, above all everything that is wrong with the file.
    async fn seed(&self, settings: &Settings, command: &SeedCommand) -> Result<Answer, StartError>;

    /// Shows or changes the signing keys of a pool; the reply is printed as it is.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn signing_key(&self, settings: &Settings, command: &SigningKeyCommand) -> Result<String, StartError>;

    /// What changes the master key ring's file and nothing else; the reply is a page.
    ///
    /// # Errors
    /// A sentence for the operator.
    fn master_key_file(&self, command: &MasterKeyFileCommand) -> Result<String, StartError>;

    /// What counts or changes the use that the database makes of master keys; `tell` is given progress, a line each.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn master_key(&self, settings: &Settings, command: &MasterKeyCommand, tell: &Say) -> Result<String, StartError>;
}

/// A start up to where threads begin: sockets are bound and files are read.
pub struct Prepared {
    settings: Settings,
    edge: Edge,
    /// The metrics' own listener.
    watched: Option<Edge>,
    opening: Opening,
    moved: Vec<Moved>,
}

/// Ports behind a taken one that are tried.
const PORTS_TRIED: u16 = 20;

/// A listener that stands elsewhere than it should, because somebody was there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// Who was there, where that can be known.
    pub by: Option<Owner>,
}

/// What is true once everything accepts.
#[derive(Debug, Clone, Copy)]
pub struct Ready<'a> {
    /// Those that the application works with: `public_url` names the port that was really bound.
    pub settings: &'a Settings,
    pub bound: &'a [Bound],
    pub moved: &'a [Moved],
    /// The demo client, when there is one to tell about.
    pub facts: Option<&'a Facts>,
}

/// Binds the sockets and reads the files.
///
/// # Errors
/// [`StartError`]; nothing was opened then.
pub fn prepare(mut settings: Settings, assembly: &dyn Assembly) -> Result<Prepared, StartError> {
    let (edge, moved) = bind(&settings)?;
    let alone = |address| Edge::bind(vec![Listen { address, tls: None }], settings.limits.clone());
    let watched = settings.metrics.map(alone).transpose()?;
    settings.public_url = with_bound_port(&settings, edge.bound());
    let opening = assembly.app(&settings, edge.bound())?;
    Ok(Prepared { settings, edge, watched, opening, moved })
}

impl Prepared {
    /// Gives up, for good, what serving does not need. Before any other thread is started: threads inherit the sandbox
    /// from the one that starts them.
    ///
    /// # Errors
    /// The store's URL is not understood, or the sandbox is required and the kernel cannot give it.
    pub fn confine(&self) -> Result<(), StartError> {
        if self.settings.sandbox == Sandbox::Off {
            return Ok(());
        }
        let reach = Reach::of(&self.settings)?;
        let missing = sandbox::enter(&reach);
        for part in &missing {
            tracing::warn!(part, "the kernel cannot give this part of the sandbox");
        }
        match self.settings.sandbox {
            Sandbox::Require if !missing.is_empty() => Err(StartError::Refused(vec![Refusal::no_sandbox(&missing)])),
            _ => Ok(()),
        }
    }

    /// Serves until `shutdown` completes, then drains. `ready` is called once everything accepts.
    ///
    /// # Errors
    /// [`StartError`] before the first request is accepted; none after.
    pub async fn serve(self, ready: impl FnOnce(Ready<'_>), shutdown: impl Future<Output = ()>) -> Result<(), StartError> {
        let app = self.opening.await?;
        let bound = self.edge.bound();
        ready(Ready { settings: &self.settings, bound, moved: &self.moved, facts: app.facts.as_ref() });
        let shutdown = shutdown.shared();
        let watched = async {
            let Some(watched) = self.watched else { return Ok(()) };
            tracing::info!(bound = ?watched.bound(), "serving metrics");
            watched.serve(app.metrics, shutdown.clone()).await
        };
        let (served, watched) = tokio::join!(self.edge.serve(app.handler, shutdown.clone()), watched);
        app.close.await;
        served.and(watched).map_err(|error| StartError::Failed(format!("a socket cannot be served: {error}")))
    }
}

fn listeners(settings: &Settings) -> Result<Vec<Listen>, StartError> {
    let mut listen = Vec::new();
    if let Some(address) = settings.http {
        listen.push(Listen { address, tls: None });
    }
    if let Some(address) = settings.https {
        let resolver: Arc<dyn rustls::server::ResolvesServerCert> = match &settings.tls {
            Tls::LocalCa(dir) => Arc::new(DevCerts::new(LocalCa::open_or_create(dir, system_now())?, system_now)),
            Tls::Files { certificate, key } => Arc::new(FileCerts::open(certificate, key)?),
            Tls::None => return Err(StartError::Failed("HTTPS needs a certificate".into())),
        };
        listen.push(Listen { address, tls: Some(certs::tls_config(resolver)?) });
    }
    Ok(listen)
}

/// Binds all of them. Where a port is taken whose listener may move, one of the next is tried, a bounded number of times.
fn bind(settings: &Settings) -> Result<(Edge, Vec<Moved>), StartError> {
    let mut listen = listeners(settings)?;
    let mut moved: Vec<Moved> = Vec::new();
    loop {
        let error = match Edge::bind(listen.clone(), settings.limits.clone()) {
            Ok(edge) => return Ok((edge, moved)),
            Err(error) => error,
        };
        let BindError::Taken { address, by } = &error else { return Err(error.into()) };
        let may = |one: &&mut Listen| {
            one.address == *address && if one.tls.is_some() { settings.moves.https } else { settings.moves.http }
        };
        let from = moved.iter().find(|one| one.to == *address).map_or(*address, |one| one.from);
        let next = address.port().checked_add(1).filter(|port| port.abs_diff(from.port()) <= PORTS_TRIED);
        let (Some(one), Some(port)) = (listen.iter_mut().find(may), next) else { return Err(error.into()) };
        one.address.set_port(port);
        match moved.iter_mut().find(|one| one.to == *address) {
            Some(again) => again.to.set_port(port),
            None => moved.push(Moved { from, to: one.address, by: by.clone() }),
        }
    }
}

/// The port that the plain listener asked for in the public address (0: any) stands for the one that it was given.
fn with_bound_port(settings: &Settings, bound: &[Bound]) -> String {
    let asked = settings.http.and_then(|asked| settings.public_url.strip_suffix(&format!(":{}", asked.port())));
    match (asked, bound.iter().find(|one| !one.tls)) {
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
