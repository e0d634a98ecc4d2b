//! The real [`Assembly`]: an engine over the store, the application over the engine, and the one background task. Turns
//! [`Settings`] into what each part wants. Called by `main`.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use poolhouse_engine::access_keys;
use poolhouse_engine::check::Say;
use poolhouse_engine::ctx::{Caller, Engine};
use poolhouse_engine::error::Error;
use poolhouse_engine::snapshots;
use poolhouse_engine::start::StartOptions;
use poolhouse_engine::tokens::rotation;
use tokio::sync::Notify;

use crate::app::handler;
use crate::config::{Callers, Refusal, Secret, Settings};
use crate::demo;
use crate::edge::Bound;
use crate::facts::Facts;
use crate::metrics;
use crate::opening::{failed, options};
use crate::operator::commands::{
    AccessKeyCommand, AuditCommand, MasterKeyCommand, MasterKeyFileCommand, SeedCommand, SigningKeyCommand, UpkeepCommand,
};
use crate::operator::seed::Answer;
use crate::operator::{audit, keys, seed as sowing, upkeep};
use crate::run::{App, Assembly, Opening};
use crate::seed::{ClientSeed, Seed};
use crate::start_error::StartError;
use crate::state::{AppState, DemoFacts, Front};

/// Between two rounds of the background task.
const ROUND_EVERY: Duration = Duration::from_secs(60);
const DAY_MS: i64 = 86_400_000;

/// Poolhouse itself.
#[derive(Debug)]
pub struct Poolhouse;

impl Poolhouse {
    /// Opens the store and builds the handler: from here on inside the sandbox.
    async fn open(options: StartOptions, settings: &Settings, bound: &[Bound]) -> Result<App, StartError> {
        let engine = Engine::start(options).await.map_err(|e| StartError::Failed(e.0))?;
        engine.set_clock().await.map_err(failed)?;
        if settings.callers == Callers::AccessKeys {
            let keys = access_keys::list(&engine.ctx(Caller::Operator, None)).await.map_err(failed)?;
            if keys.is_empty() {
                engine.close().await;
                return Err(StartError::Refused(vec![Refusal::no_access_keys(settings.file.as_deref())]));
            }
        }
        let facts = match settings.demo {
            true => Some(facts(settings, bound)),
            false => None,
        };
        if let Some(facts) = &facts {
            demo::ensure(&engine, facts).await.map_err(failed)?;
        }
        if let Some(file) = &settings.seed {
            sowing::sow(&engine, file, settings).await?;
        }
        if settings.open_control
            && let Err(error) = snapshots::keep_start(&engine).await
        {
            tracing::warn!(cause = ?error.detail().map(|d| d.cause.as_str()), "reset has nothing to go back to");
        }
        let front = Front {
            callers: settings.callers,
            open_control: settings.open_control,
            trusted_proxies: settings.trusted_proxies.clone(),
            demo: facts.as_ref().map(demo_facts),
        };
        let state =
            AppState::new(Arc::clone(&engine), front).map_err(|e| StartError::Failed(format!("a template is broken: {e}")))?;
        if let Some(dir) = &settings.data_dir {
            write_endpoints(dir, settings, bound, facts.as_ref())
                .map_err(|e| StartError::Failed(format!("endpoints.json: {e}")))?;
        }
        engine.stock_up();
        let background = Background::start(Arc::clone(&engine), settings.rotate_every_days);
        let close = async move {
            background.stop().await;
            engine.close().await;
        };
        Ok(App { handler: handler(state.clone()), metrics: metrics::router(state), facts, close: Box::pin(close) })
    }
}

#[async_trait]
impl Assembly for Poolhouse {
    fn app(&self, settings: &Settings, bound: &[Bound]) -> Result<Opening, StartError> {
        let options = options(settings)?;
        let (settings, bound) = (settings.clone(), bound.to_vec());
        Ok(Box::pin(async move { Self::open(options, &settings, &bound).await }))
    }

    async fn access_key(&self, settings: &Settings, command: &AccessKeyCommand) -> Result<String, StartError> {
        // The server may be running on the same file.
        let engine = Engine::join(options(settings)?).await.map_err(|e| StartError::Failed(e.0))?;
        let reply = keys::access_key(&engine, command).await;
        engine.close().await;
        reply
    }

    async fn audit(&self, settings: &Settings, command: &AuditCommand) -> Result<String, StartError> {
        let engine = Engine::look(options(settings)?).await.map_err(|e| StartError::Failed(e.0))?;
        let reply = audit::run(&engine, command).await;
        engine.close().await;
        reply.map_err(StartError::Failed)
    }

    async fn signing_key(&self, settings: &Settings, command: &SigningKeyCommand) -> Result<String, StartError> {
        let engine = Engine::join(options(settings)?).await.map_err(|e| StartError::Failed(e.0))?;
        let reply = keys::signing_key(&engine, command).await;
        engine.close().await;
        reply
    }

    fn master_key_file(&self, command: &MasterKeyFileCommand) -> Result<String, StartError> {
        keys::master_key_file(command)
    }

    async fn master_key(&self, settings: &Settings, command: &MasterKeyCommand, tell: &Say) -> Result<String, StartError> {
        let engine = Engine::join(options(settings)?).await.map_err(|e| StartError::Failed(e.0))?;
        let reply = keys::master_key(&engine, command, tell).await;
        engine.close().await;
        reply
    }

    async fn seed(&self, settings: &Settings, command: &SeedCommand) -> Result<Answer, StartError> {
        sowing::run(settings, command).await
    }

    async fn upkeep(&self, settings: &Settings, command: &UpkeepCommand, say: &Say) -> Result<String, StartError> {
        upkeep::run(settings, command, say).await
    }
}

/// The demo client at the addresses that were really bound.
fn facts(settings: &Settings, bound: &[Bound]) -> Facts {
    let https = https_url(bound).unwrap_or_else(|| settings.public_url.clone());
    let ca = settings.data_dir.as_ref().map(|dir| dir.join("ca.pem"));
    Facts { ca, ..Facts::demo(&settings.public_url, &https, &settings.region) }
}

fn https_url(bound: &[Bound]) -> Option<String> {
    let tls = bound.iter().find(|one| one.tls)?;
    Some(format!("https://localhost:{}", tls.address.port()))
}

fn demo_facts(facts: &Facts) -> DemoFacts {
    let query = [("response_type", "code"), ("client_id", &facts.client_id), ("redirect_uri", &facts.callback)];
    let query = query.iter().fold(poolhouse_engine::oauth::params::Params::default(), |q, (name, value)| q.with(name, value));
    let secret = facts.client_secret.clone().unwrap_or_default();
    DemoFacts {
        // Plain HTTP: the certificates of the local authority may not be trusted yet.
        sign_in_url: format!("{}/oauth2/authorize?{}", facts.endpoint, query.query_without(&[])),
        facts: vec![
            ("User pool ID", facts.pool_id.clone()),
            ("App client ID", facts.client_id.clone()),
            ("App client secret", secret),
            ("Email", facts.username.clone()),
            ("Password", facts.password.clone()),
        ],
    }
}

/// The clients of a seed, and for each a user who can sign in, for `poolhouse env`.
fn seeded(seed: &Seed, guessable: bool) -> Vec<serde_json::Value> {
    let first = |client: &ClientSeed, setting: &str| client.settings.get(setting).and_then(|list| list.get(0)).cloned();
    let mut clients = Vec::new();
    for pool in &seed.pools {
        let user = pool.users.iter().find(|user| user.password.is_some());
        for client in &pool.clients {
            clients.push(serde_json::json!({
                "user_pool_id": pool.id,
                "pool_name": pool.name,
                "client_id": client.id,
                "client_name": client.name,
                "client_secret": client.secret_in(&pool.id, guessable),
                "callback": first(client, "CallbackURLs"),
                "scopes": client.settings.get("AllowedOAuthScopes"),
                "username": user.map(|user| user.username.as_str()),
                "password": user.and_then(|user| user.password.as_ref()).map(Secret::expose),
            }));
        }
    }
    clients
}

/// `endpoints.json` in the data directory: where this instance listens, for scripts. Holds secrets of the demo client, or of those of
/// the seed, so only its owner may read it; replaced whole, so that nobody reads half of it.
fn write_endpoints(dir: &Path, settings: &Settings, bound: &[Bound], facts: Option<&Facts>) -> std::io::Result<()> {
    use std::io::Write as _;
    let demo = facts.map(|facts| {
        serde_json::json!({
            "user_pool_id": facts.pool_id,
            "client_id": facts.client_id,
            "client_secret": facts.client_secret,
            "username": facts.username,
            "password": facts.password,
            "region": facts.region,
        })
    });
    let ca = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned()).join("ca.pem");
    let document = serde_json::json!({
        "http": settings.public_url,
        "https": https_url(bound),
        "ca": ca.display().to_string(),
        "region": settings.region,
        "demo": demo,
        "process": std::process::id(),
        "seeded": settings.seed.as_ref().map(|seed| seeded(seed, settings.guessable_secrets)),
    });
    let temporary = dir.join("endpoints.json.new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(format!("{document:#}\n").as_bytes())?;
    fs::rename(temporary, dir.join("endpoints.json"))
}

/// The background task, once a minute: sets the clock and sees whether it jumped, says that this node lives, changes
/// signing keys that are due, forgets what has expired.
struct Background {
    end: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Background {
    #[expect(clippy::disallowed_methods, reason = "the one background task; `stop` awaits its end")]
    fn start(engine: Arc<Engine>, rotate_every_days: Option<u16>) -> Self {
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        let rotate_every_ms = rotate_every_days.map(|days| i64::from(days) * DAY_MS);
        let task = tokio::spawn(async move {
            let started = Instant::now();
            loop {
                engine.watch_clock(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX));
                tokio::select! {
                    () = ended.notified() => return,
                    () = tokio::time::sleep(ROUND_EVERY) => {}
                }
                let complain = |what: &str, error: Error| {
                    tracing::warn!(cause = ?error.detail().map(|d| d.cause.as_str()), "{what}");
                };
                if let Err(error) = engine.set_clock().await {
                    complain("the database was not asked for the time", error);
                }
                if let Err(error) = engine.announce().await {
                    complain("this node could not say that it lives", error);
                }
                match rotation::step(&engine.ctx(Caller::Operator, None), rotate_every_ms).await {
                    Ok(0) => {}
                    Ok(pools) => tracing::info!(pools, "signing keys changed"),
                    Err(error) => complain("signing keys could not be changed", error),
                }
                match engine.purge().await {
                    Ok(0) => {}
                    Ok(rows) => tracing::debug!(rows, "expired rows deleted"),
                    Err(error) => complain("expired rows could not be deleted", error),
                }
            }
        });
        Self { end, task }
    }

    async fn stop(self) {
        self.end.notify_one();
        if self.task.await.is_err() {
            tracing::warn!("the background task had ended before");
        }
    }
}
