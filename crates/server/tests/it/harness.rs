//! A whole Poolhouse in this process: real sockets, a real store, a clock that stands still and can be moved, a generator
//! that repeats itself. Every test starts its own with [`House::start`] or [`House::with`] and speaks to it as a client.
//!
//! | verb | what |
//! |---|---|
//! | `api(op, json)` | an operation, signed where the model says so; a [`Reply`] |
//! | `ok(op, json)` / `refused(op, json)` | the document of a success / name and message of a refusal |
//! | `api_as`, `api_signed` | with an `Authorization` of one's own / with a real signature of an access key |
//! | `get`, `form`, `send` | plain requests; `browser()` has a cookie jar |
//! | `pool`, `client`, `user`, `app` | things most tests need |
//! | `code_for(address)`, `latest(address)` | the inbox |

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, StatusCode};
use poolhouse::app::{console_handler, handler};
use poolhouse::config::{Callers, Console};
use poolhouse::edge::{Edge, Limits, Listen};
use poolhouse::state::{AppState, Front};
use poolhouse_engine::ctx::{Clock, Engine, IssuerMode, MovableClock, Settings};
use poolhouse_engine::delivery::Delivery;
use poolhouse_engine::keys::entropy::{Entropy, SeededEntropy};
use poolhouse_engine::keys::master::MasterKeys;
use poolhouse_engine::keys::password::HashCost;
use poolhouse_engine::rates;
use poolhouse_engine::start::{Outgoing, StartOptions};
use poolhouse_store::testkit::{self, Scratch};
use serde_json::{Value, json};
use tokio::task::JoinSet;

pub use crate::browser::Browser;
pub use crate::parts::{Post, StoppedClock};
use crate::reply::merge;
pub use crate::reply::{Reply, encode, pairs};
use crate::sign;

pub const REGION: &str = "eu-central-1";
/// 2026-11-23T06:00:00Z.
pub const START: i64 = 1_795_413_600_000;
pub const PASSWORD: &str = "Correct-Horse-9";
pub const CALLBACK: &str = "https://app.example.com/callback";

/// A listener at a port that is free.
fn listener() -> Edge {
    Edge::bind(vec![Listen { address: "127.0.0.1:0".parse().unwrap(), tls: None }], Limits::default()).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    /// A database of its own on this process's own cluster.
    Postgres,
}

/// What may differ from a development instance.
#[derive(Debug, Clone)]
pub struct Options {
    pub store: Store,
    pub callers: Callers,
    pub open_control: bool,
    pub console: Console,
    pub issuer: IssuerMode,
    pub fixed_code: Option<String>,
    /// `None`: `http://localhost:{port}`.
    pub public_url: Option<String>,
    pub seed: u64,
    pub hash_cost: HashCost,
    /// Ranges such as `127.0.0.0/8`.
    pub trusted_proxies: Vec<String>,
    /// Messages leave the house and are kept in [`House::post`], not in the store's inbox.
    pub post: bool,
    /// Limits on requests and guesses; none unless told.
    pub rates: rates::Settings,
    /// One ring for all: two instances on one store must share it.
    pub master: MasterKeys,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            store: Store::Sqlite,
            callers: Callers::AnyKey,
            open_control: true,
            console: Console::Open,
            issuer: IssuerMode::Local,
            fixed_code: None,
            public_url: None,
            seed: 1,
            hash_cost: HashCost::FOR_TESTS,
            trusted_proxies: Vec::new(),
            post: false,
            rates: rates::Settings::default(),
            master: MasterKeys::generate("test", &SeededEntropy::new(0)).unwrap(),
        }
    }
}

impl Options {
    /// As `poolhouse serve` sets things: signatures proved, nothing told.
    pub fn serve() -> Self {
        Self { callers: Callers::AccessKeys, open_control: false, console: Console::Closed, ..Self::default() }
    }
}

/// Runs a test on both stores: `both! { async fn name(house: House) { … } }`.
#[macro_export]
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($house:ident: House) $body:block)*) => {
        $(mod $name {
            use super::*;
            use $crate::harness::{Options, Store};

            async fn body($house: House) $body

            $(#[$meta])*
            #[tokio::test]
            async fn on_sqlite() {
                body(House::start().await).await;
            }

            $(#[$meta])*
            #[tokio::test]
            async fn on_postgres() {
                body(House::with(Options { store: Store::Postgres, ..Options::default() }).await).await;
            }
        })*
    };
}

/// One running instance.
pub struct House {
    /// `http://127.0.0.1:{port}`: what requests are sent to; the host they name is `localhost:{port}` unless told otherwise.
    pub address: String,
    pub public_url: String,
    /// The console's own listener, where it has one.
    pub desk: Option<String>,
    pub engine: Arc<Engine>,
    pub clock: Arc<StoppedClock>,
    http: reqwest::Client,
    _serving: JoinSet<std::io::Result<()>>,
    scratch: Arc<Scratch>,
    pub store_url: String,
    options: Options,
    pub post: Arc<Post>,
}

/// A pool with one client.
#[derive(Debug, Clone)]
pub struct App {
    pub pool: String,
    pub client: String,
    pub secret: Option<String>,
}

impl House {
    /// A development instance on SQLite.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let scratch = Scratch::new().unwrap();
        let store_url = match options.store {
            Store::Sqlite => scratch.sqlite(),
            Store::Postgres => testkit::postgres().await.unwrap(),
        };
        Self::on(options, scratch, store_url).await
    }

    /// On a store that is there already, or through something that stands before it.
    pub async fn on(options: Options, scratch: Scratch, store_url: String) -> Self {
        let clock = Arc::new(StoppedClock::at(START));
        Self::join(options, Arc::new(scratch), store_url, clock).await
    }

    /// A second node on the same store, with the same clock and settings; `None` on SQLite, whose file is one process's
    /// alone. It makes other random values, and names the first one's public address.
    pub async fn second_node(&self) -> Option<Self> {
        if self.options.store == Store::Sqlite {
            return None;
        }
        let options =
            Options { seed: self.options.seed + 1000, public_url: Some(self.public_url.clone()), ..self.options.clone() };
        Some(Self::join(options, Arc::clone(&self.scratch), self.store_url.clone(), Arc::clone(&self.clock)).await)
    }

    /// What this instance was started with, under the same public address.
    pub fn options(&self) -> Options {
        Options { public_url: Some(self.public_url.clone()), ..self.options.clone() }
    }

    /// The directory of the SQLite file.
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// What the clock says, as tokens write it.
    pub fn clock_seconds(&self) -> i64 {
        self.clock.now() / 1000
    }

    async fn join(options: Options, scratch: Arc<Scratch>, store_url: String, clock: Arc<StoppedClock>) -> Self {
        let (kept_url, kept_options) = (store_url.clone(), options.clone());
        let edge = listener();
        let bound = edge.bound()[0].address;
        let public_url = options.public_url.clone().unwrap_or_else(|| format!("http://localhost:{}", bound.port()));
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(options.seed));
        let settings = Settings {
            account_id: "123456789012".into(),
            region: REGION.into(),
            public_url: public_url.clone(),
            issuer: options.issuer,
            fixed_code: options.fixed_code.clone(),
            domain_url: format!("{public_url}/_domain/{{prefix}}"),
            audit_days: 400,
            undo_days: 7,
            rates: options.rates.clone(),
        };
        let post = Arc::new(Post::default());
        let outgoing = if options.post { Outgoing::Door(Arc::clone(&post) as Arc<dyn Delivery>) } else { Outgoing::Inbox };
        let engine = Engine::start(StartOptions {
            store_url: store_url.clone(),
            master: options.master.clone(),
            settings,
            outgoing,
            clock: match options.open_control {
                true => Arc::new(MovableClock::new(Arc::<StoppedClock>::clone(&clock))),
                false => Arc::<StoppedClock>::clone(&clock),
            },
            entropy,
            hash_cost: options.hash_cost,
        })
        .await
        .unwrap();
        let trusted_proxies = options.trusted_proxies.iter().map(|range| range.parse().unwrap()).collect();
        let front = Front {
            callers: options.callers,
            open_control: options.open_control,
            console: options.console,
            trusted_proxies,
            demo: None,
        };
        let state = AppState::new(Arc::clone(&engine), front).unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(edge.serve(handler(state.clone()), std::future::pending()));
        let mut desk = None;
        if let Console::Operators { listen: Some(_), .. } = options.console {
            let edge = listener();
            desk = Some(format!("http://{}", edge.bound()[0].address));
            serving.spawn(edge.serve(console_handler(state), std::future::pending()));
        }
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self {
            address: format!("http://{bound}"),
            public_url,
            desk,
            engine,
            clock,
            http,
            _serving: serving,
            scratch,
            store_url: kept_url,
            options: kept_options,
            post,
        }
    }

    /// A second process on the same database: with its own caches, locks, clock and random numbers.
    pub async fn twin(&self) -> Self {
        let options =
            Options { seed: self.options.seed + 1000, public_url: Some(self.public_url.clone()), ..self.options.clone() };
        let clock = Arc::new(StoppedClock::at(self.clock.now()));
        Self::join(options, Arc::clone(&self.scratch), self.store_url.clone(), clock).await
    }

    /// Ends this instance and starts another on the same store, at the same time of day.
    pub async fn restarted(self, options: Options) -> Self {
        let Self { engine, scratch, clock, store_url, _serving: serving, .. } = self;
        drop(serving);
        engine.close().await;
        Self::join(options, scratch, store_url, clock).await
    }

    /// A request as it is. Without a `Host` of its own it names `localhost`.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.send_to(&self.address, method, path, headers, body).await
    }

    /// As [`House::send`], to another of its listeners.
    pub async fn send_to(&self, address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{address}{path}")).body(body.to_owned());
        let port = address.rsplit(':').next().unwrap();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header(HOST, format!("localhost:{port}"));
        }
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let answer = request.send().await.unwrap();
        Reply { status: answer.status(), headers: answer.headers().clone(), text: answer.text().await.unwrap() }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    /// The status of a bodiless request whose path goes over the wire exactly as written; other clients tidy paths up.
    pub async fn status_of(&self, method: &str, path: &str) -> u16 {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.address.trim_start_matches("http://")).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// A call of the control API that changes something.
    pub async fn control(&self, path: &str, body: Value) -> Reply {
        self.send("POST", &format!("/_poolhouse/{path}"), &[(CONTENT_TYPE.as_str(), "application/json")], &body.to_string()).await
    }

    /// The document of such a call that must succeed.
    pub async fn controlled(&self, path: &str, body: Value) -> Value {
        let reply = self.control(path, body).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {reply:?}");
        reply.json()
    }

    /// A form post, as OAuth clients send it; `basic` is `id:secret`.
    pub async fn form(&self, path: &str, fields: &[(&str, &str)], basic: Option<(&str, &str)>) -> Reply {
        let basic = basic.map(|(id, secret)| format!("Basic {}", sign::base64(format!("{id}:{secret}").as_bytes())));
        let mut headers = vec![(CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
        if let Some(value) = &basic {
            headers.push((AUTHORIZATION.as_str(), value));
        }
        self.send("POST", path, &headers, &encode(fields)).await
    }

    /// An operation with this `Authorization`, or none.
    pub async fn api_as(&self, authorization: Option<&str>, operation: &str, input: &Value) -> Reply {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        let mut headers = vec![(CONTENT_TYPE.as_str(), "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        if let Some(value) = authorization {
            headers.push((AUTHORIZATION.as_str(), value));
        }
        self.send("POST", "/", &headers, &input.to_string()).await
    }

    /// An operation, with a made-up signature where the model asks for one.
    pub async fn api(&self, operation: &str, input: Value) -> Reply {
        self.api_in(REGION, operation, input).await
    }

    /// As [`House::api`], from another region.
    pub async fn api_in(&self, region: &str, operation: &str, input: Value) -> Reply {
        let unsigned = poolhouse_wire::operation(operation).is_some_and(|operation| operation.accepts_unsigned);
        let any = format!(
            "AWS4-HMAC-SHA256 Credential=test/20261123/{region}/cognito-idp/aws4_request, SignedHeaders=host;x-amz-date, Signature=0"
        );
        self.api_as((!unsigned).then_some(any.as_str()), operation, &input).await
    }

    /// An operation signed with this access key.
    pub async fn api_signed(&self, key: &(String, String), operation: &str, input: &Value) -> Reply {
        let host = self.address.trim_start_matches("http://").to_owned();
        let signed = sign::headers(key, REGION, &host, operation, &input.to_string(), self.clock.now());
        let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.send("POST", "/", &headers, &input.to_string()).await
    }

    /// The document of an operation that must succeed.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.api(operation, input).await;
        assert_eq!(reply.status, StatusCode::OK, "{operation}: {reply:?}");
        if reply.text.is_empty() { Value::Null } else { reply.json() }
    }

    /// Name and message of an operation that must be refused.
    pub async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let reply = self.api(operation, input).await;
        // A refusal is the caller's doing: a 5xx is a mistake of ours, a panic or an error the model does not declare.
        assert!(reply.status.is_client_error(), "{operation}: {reply:?}");
        reply.error()
    }

    /// A pool for email accounts; members of `more` replace or add to its settings. Its id.
    pub async fn pool(&self, more: Value) -> String {
        let mut input = json!({ "PoolName": "test", "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
        merge(&mut input, more);
        self.ok("CreateUserPool", input).await["UserPool"]["Id"].as_str().unwrap().to_owned()
    }

    /// A client of the pool with every sign-in flow; `more` as above. Its id and secret.
    pub async fn client(&self, pool: &str, more: Value) -> (String, Option<String>) {
        let mut input = json!({
            "UserPoolId": pool,
            "ClientName": "test",
            "ExplicitAuthFlows": [
                "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"
            ],
            "PreventUserExistenceErrors": "ENABLED",
        });
        merge(&mut input, more);
        let made = self.ok("CreateUserPoolClient", input).await;
        let text = |name: &str| made["UserPoolClient"][name].as_str().map(str::to_owned);
        (text("ClientId").unwrap(), text("ClientSecret"))
    }

    /// A pool and a public client without OAuth.
    pub async fn app(&self) -> App {
        let pool = self.pool(json!({})).await;
        let (client, secret) = self.client(&pool, json!({})).await;
        App { pool, client, secret }
    }

    /// A pool and a client that may use the code and implicit grants with [`CALLBACK`]; `more` as above.
    pub async fn oauth_app(&self, more: Value) -> App {
        let pool = self.pool(json!({})).await;
        let mut input = json!({
            "AllowedOAuthFlowsUserPoolClient": true,
            "AllowedOAuthFlows": ["code", "implicit"],
            "AllowedOAuthScopes": ["openid", "email", "profile", "aws.cognito.signin.user.admin"],
            "CallbackURLs": [CALLBACK],
            "LogoutURLs": ["https://app.example.com/bye"],
            "SupportedIdentityProviders": ["COGNITO"],
        });
        merge(&mut input, more);
        let (client, secret) = self.client(&pool, input).await;
        App { pool, client, secret }
    }

    /// A confirmed user with [`PASSWORD`] and a verified address. The sub.
    pub async fn user(&self, pool: &str, email: &str) -> String {
        let attributes = json!([{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }]);
        let input = json!({ "UserPoolId": pool, "Username": email, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
        let made = self.ok("AdminCreateUser", input).await;
        let password = json!({ "UserPoolId": pool, "Username": email, "Password": PASSWORD, "Permanent": true });
        self.ok("AdminSetUserPassword", password).await;
        let attributes = made["User"]["Attributes"].as_array().unwrap();
        let sub = attributes.iter().find(|attribute| attribute["Name"] == "sub").unwrap();
        sub["Value"].as_str().unwrap().to_owned()
    }

    /// `AuthenticationResult` of a sign-in by password.
    pub async fn sign_in(&self, app: &App, email: &str) -> Value {
        let input = json!({
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": app.client,
            "AuthParameters": { "USERNAME": email, "PASSWORD": PASSWORD },
        });
        self.ok("InitiateAuth", input).await["AuthenticationResult"].clone()
    }

    /// An access key made by the operator: id and secret.
    pub async fn access_key(&self, name: &str, operations: &[&str], pools: &[&str]) -> (String, String) {
        use poolhouse_engine::access_keys::{self, Policy};
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let ctx = self.engine.ctx(poolhouse_engine::ctx::Caller::Operator, None);
        let policy = Policy::new(&owned(operations), &owned(pools)).unwrap();
        let (key, secret) = access_keys::create(&ctx, name, policy).await.unwrap();
        (key.id, secret.expose_str().unwrap().to_owned())
    }

    /// The newest message to the address.
    pub async fn latest(&self, address: &str) -> Value {
        let reply = self.get(&format!("/_poolhouse/messages/latest?{}", encode(&[("address", address), ("wait", "5")]))).await;
        assert_eq!(reply.status, StatusCode::OK, "no message to {address}: {reply:?}");
        reply.json()
    }

    /// The code in the newest message to the address.
    pub async fn code_for(&self, address: &str) -> String {
        self.latest(address).await["code"].as_str().unwrap().to_owned()
    }

    /// A browser with an empty cookie jar.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }
}
