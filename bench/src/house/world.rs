//! A Poolhouse made ready to be measured: its processes, a pool of so many users with domain, resource server and clients, and another
//! pool for SRP. Everything is made through the API but the mass of users, which is written into the store while the server is down.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::house::browser::Browser;
use crate::house::operations::Operation;
use crate::house::population;
use crate::house::postgres::Postgres;
use crate::house::site::{AccessKey, Site};
use crate::load::http::Connection;
use crate::measure::{Scripts, Subject};
use crate::process::Process;

pub const PASSWORD: &str = "Bench-Passw0rd-1";
pub const CALLBACK: &str = "https://app.example.com/callback";
pub const SCOPE: &str = "openid email aws.cognito.signin.user.admin";
const TEMPLATE: &str = "template@example.com";
/// Users of the SRP pool, whose verifiers are made one by one.
const SRP_USERS: usize = 32;
/// Sign-ins whose tokens and sessions the operations draw from.
const SIGN_INS: usize = 256;

/// Where Poolhouse keeps its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
    /// Two processes on one PostgreSQL; requests go to both in turn.
    PostgresTwice,
}

impl Store {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::PostgresTwice => "PostgreSQL, two processes",
        }
    }
}

/// A confidential client.
#[derive(Debug, Clone)]
pub struct ClientOfPool {
    pub id: String,
    pub secret: String,
}

/// A user who has signed in by the pages: what the application and the browser hold.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub access_token: String,
    pub refresh_token: String,
    pub browser: Browser,
}

/// A running Poolhouse with its pools.
pub struct World {
    pub processes: Vec<Process>,
    pub postgres: Option<Postgres>,
    pub store: Store,
    pub users: usize,
    pub pool: String,
    pub key: AccessKey,
    /// Signs in by API, password flow alone.
    pub public: String,
    pub machine: ClientOfPool,
    pub web: ClientOfPool,
    pub rotating: ClientOfPool,
    pub srp_pool: String,
    pub srp_client: String,
    pub signed_in: Vec<SignedIn>,
    /// Counts what must be new each time: names of users.
    pub fresh: RefCell<u64>,
}

impl Subject for Rc<World> {
    fn name(&self) -> &'static str {
        "poolhouse"
    }

    fn store(&self) -> &'static str {
        self.store.name()
    }

    fn users(&self) -> usize {
        self.users
    }

    fn processes(&self) -> &[Process] {
        &self.processes
    }

    fn database_cpu(&self) -> Option<Duration> {
        self.postgres.as_ref().map(Postgres::cpu)
    }

    fn has_floor(&self) -> bool {
        true
    }

    fn has(&self, _: Operation) -> bool {
        true
    }

    fn scripts(&self, operation: Operation, clients: usize, steps: usize) -> Scripts<'_> {
        operation.scripts(self, clients, steps).boxed_local()
    }
}

/// How a world is started.
pub struct Plan<'a> {
    pub binary: &'a Path,
    /// Emptied first.
    pub directory: &'a Path,
    pub store: Store,
    pub users: usize,
    /// A program with arguments to start the server under, or nothing.
    pub under: &'a [&'a str],
}

/// User number `number` of the pool.
pub fn user(number: usize) -> String {
    population::email(number)
}

pub fn srp_user(number: usize) -> String {
    format!("srp-{:02}@example.com", number % SRP_USERS)
}

impl World {
    /// # Errors
    /// The server does not start, or refuses what it is asked for.
    pub async fn start(plan: &Plan<'_>) -> Result<Self, String> {
        let _ = fs::remove_dir_all(plan.directory);
        fs::create_dir_all(plan.directory).map_err(|e| format!("{}: {e}", plan.directory.display()))?;
        let postgres = match plan.store {
            Store::Sqlite => None,
            Store::Postgres | Store::PostgresTwice => Some(Postgres::start(plan.directory)?),
        };
        let url = match &postgres {
            Some(postgres) => postgres.url.clone(),
            None => format!("sqlite://{}", plan.directory.join("data/poolhouse.db").display()),
        };
        let site = Site::new(plan.binary, plan.directory, &url)?;
        let first = site.serve(0, &[]).await?;
        let mut connection = Connection::to(first.address);
        let mut world = Self::of_pools(plan, site.key(), &mut connection).await?;
        drop(connection);
        first.stop();
        let shown = |done: usize| crate::console::progress(&format!("{} users", plan.users), done, plan.users);
        population::fill(&url, &world.pool, TEMPLATE, plan.users, shown).await.map_err(|e| format!("loading users: {e}"))?;
        match &postgres {
            Some(postgres) => postgres.analyse()?,
            None => read_once(&plan.directory.join("data/poolhouse.db"))?,
        }
        let count = if plan.store == Store::PostgresTwice { 2 } else { 1 };
        for number in 0..count {
            world.processes.push(site.serve(number, plan.under).await?);
        }
        world.postgres = postgres;
        world.sign_in().await?;
        Ok(world)
    }

    /// The process that is asked where one has to be chosen.
    pub fn process(&self) -> &Process {
        // A world has at least one process once it has started.
        self.processes.first().unwrap_or_else(|| unreachable!("a world without a process"))
    }

    /// A number that was not given before.
    pub fn next(&self) -> u64 {
        let mut fresh = self.fresh.borrow_mut();
        *fresh += 1;
        *fresh
    }

    async fn of_pools(plan: &Plan<'_>, key: &AccessKey, connection: &mut Connection) -> Result<Self, String> {
        let pool_of =
            |name: &str| json!({ "PoolName": name, "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
        let pool = id_of(&key.call(connection, "CreateUserPool", &pool_of("bench")).await?, "/UserPool/Id")?;
        let srp_pool = id_of(&key.call(connection, "CreateUserPool", &pool_of("bench-srp")).await?, "/UserPool/Id")?;
        let scopes = json!([{ "ScopeName": "read", "ScopeDescription": "read" }]);
        let server = json!({ "UserPoolId": pool, "Identifier": "api", "Name": "api", "Scopes": scopes });
        key.call(connection, "CreateResourceServer", &server).await?;
        key.call(connection, "CreateUserPoolDomain", &json!({ "UserPoolId": pool, "Domain": "bench" })).await?;
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let machine = json!({ "GenerateSecret": true, "ExplicitAuthFlows": flows, "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["api/read"] });
        let web = json!({ "GenerateSecret": true, "ExplicitAuthFlows": flows, "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": SCOPE.split(' ').collect::<Vec<_>>(),
            "CallbackURLs": [CALLBACK], "SupportedIdentityProviders": ["COGNITO"] });
        let mut rotating = web.clone();
        if let Some(rotating) = rotating.as_object_mut() {
            rotating.insert("ExplicitAuthFlows".to_owned(), json!(["ALLOW_USER_PASSWORD_AUTH"]));
            rotating.insert("RefreshTokenRotation".to_owned(), json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 }));
        }
        let srp = json!({ "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] });
        let world = Self {
            processes: Vec::new(),
            postgres: None,
            store: plan.store,
            users: plan.users,
            key: key.clone(),
            public: client(connection, key, &pool, "public", json!({ "ExplicitAuthFlows": flows })).await?.id,
            machine: client(connection, key, &pool, "machine", machine).await?,
            web: client(connection, key, &pool, "web", web).await?,
            rotating: client(connection, key, &pool, "rotating", rotating).await?,
            srp_client: client(connection, key, &srp_pool, "srp", srp).await?.id,
            pool,
            srp_pool,
            signed_in: Vec::new(),
            fresh: RefCell::new(0),
        };
        with_password(connection, key, &world.pool, TEMPLATE).await?;
        for number in 0..SRP_USERS {
            with_password(connection, key, &world.srp_pool, &srp_user(number)).await?;
        }
        Ok(world)
    }

    /// Signs users from all over the pool in, a few at a time.
    async fn sign_in(&mut self) -> Result<(), String> {
        let number = |at: usize| at * (self.users / SIGN_INS).max(1) % self.users.max(1);
        let lanes = (0..4).map(async |lane| {
            let mut connection = Connection::to(self.process().address);
            let mut done = Vec::new();
            for at in (lane..SIGN_INS.min(self.users)).step_by(4) {
                let mut browser = Browser::default();
                let code = browser.sign_in(&mut connection, self, &self.web, &user(number(at))).await?;
                let tokens = connection.send(&self.exchange(&self.web, &code)).await?.expect(200)?.json()?;
                let token = |name: &str| id_of(&tokens, &format!("/{name}"));
                done.push(SignedIn { access_token: token("access_token")?, refresh_token: token("refresh_token")?, browser });
            }
            Ok::<_, String>(done)
        });
        let done = join_all(lanes).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.signed_in = done.into_iter().flatten().collect();
        Ok(())
    }
}

/// Brings a file into the system's cache, where that of a server at work is: what is measured is the server and not the disk.
fn read_once(path: &Path) -> Result<(), String> {
    let read = fs::File::open(path).and_then(|mut file| std::io::copy(&mut file, &mut std::io::sink()));
    read.map(drop).map_err(|e| format!("{}: {e}", path.display()))
}

async fn client(
    connection: &mut Connection,
    key: &AccessKey,
    pool: &str,
    name: &str,
    mut input: Value,
) -> Result<ClientOfPool, String> {
    if let Some(input) = input.as_object_mut() {
        input.insert("UserPoolId".to_owned(), json!(pool));
        input.insert("ClientName".to_owned(), json!(name));
    }
    let made = key.call(connection, "CreateUserPoolClient", &input).await?;
    let secret = made.pointer("/UserPoolClient/ClientSecret").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(ClientOfPool { id: id_of(&made, "/UserPoolClient/ClientId")?, secret })
}

/// A confirmed user with [`PASSWORD`].
async fn with_password(connection: &mut Connection, key: &AccessKey, pool: &str, email: &str) -> Result<(), String> {
    let attributes = json!([{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }]);
    let user = json!({ "UserPoolId": pool, "Username": email, "MessageAction": "SUPPRESS", "UserAttributes": attributes });
    key.call(connection, "AdminCreateUser", &user).await?;
    let password = json!({ "UserPoolId": pool, "Username": email, "Password": PASSWORD, "Permanent": true });
    key.call(connection, "AdminSetUserPassword", &password).await?;
    Ok(())
}

pub fn id_of(value: &Value, pointer: &str) -> Result<String, String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("no {pointer} in {value}"))
}
