//! An engine over a real SQLite file, a clock that stands still and a seeded generator. Calls go in as JSON through the
//! model's decoder and come out as JSON, as they do in the server. Used by every test of operations.
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use poolhouse_engine::ctx::{Caller, Clock, Ctx, Engine, IssuerMode, Settings};
use poolhouse_engine::keys::entropy::SeededEntropy;
use poolhouse_engine::keys::master::MasterKeys;
use poolhouse_engine::keys::password::HashCost;
use poolhouse_engine::ops;
use poolhouse_engine::start::{Outgoing, StartOptions};
use poolhouse_store::testkit::{self, Scratch};
use poolhouse_wire::ErrorCode;
use serde_json::Value;

/// Where every clock starts: 2025-07-02 00:44:14 UTC.
pub const START: i64 = 1_751_417_054_352;

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct TestClock(pub AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub struct World {
    pub engine: Arc<Engine>,
    pub clock: Arc<TestClock>,
    /// Where the SQLite file is; removed with the world.
    scratch: Option<Scratch>,
}

/// What a refused call says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: ErrorCode,
    pub message: String,
}

impl World {
    /// On a new SQLite file.
    pub async fn new() -> Self {
        let scratch = Scratch::new().expect("a directory");
        Self::on(scratch.sqlite(), Some(scratch)).await
    }

    /// On a new PostgreSQL database.
    pub async fn postgres() -> Self {
        Self::on(testkit::postgres().await.expect("PostgreSQL"), None).await
    }

    async fn on(store_url: String, scratch: Option<Scratch>) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let seed = COUNT.fetch_add(1, Ordering::SeqCst);
        let entropy = Arc::new(SeededEntropy::new(seed));
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let settings = Settings {
            account_id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            public_url: "http://localhost:9229".to_owned(),
            issuer: IssuerMode::Local,
            fixed_code: None,
            domain_url: "https://{prefix}.auth.{region}.localhost:9443".to_owned(),
            audit_days: 400,
            undo_days: 7,
            rates: Default::default(),
        };
        let options = StartOptions {
            store_url,
            master: MasterKeys::generate("k1", &*entropy).expect("a master key"),
            settings,
            outgoing: Outgoing::Inbox,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy,
            hash_cost: HashCost::FOR_TESTS,
        };
        let engine = Engine::start(options).await.expect("an engine");
        Self { engine, clock, scratch }
    }

    /// A context as of a call signed for this region.
    pub fn ctx(&self, region: &str) -> Ctx {
        self.engine.ctx(Caller::AccessKey { id: "AKIDTEST".to_owned() }, Some(region.to_owned()))
    }

    /// One call, signed for us-east-1.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, Refusal> {
        self.call_in("us-east-1", operation, input).await
    }

    /// One call. A refusal must be one that the model declares for the operation.
    pub async fn call_in(&self, region: &str, operation: &str, input: Value) -> Result<Value, Refusal> {
        let described = poolhouse_wire::operation(operation).expect("an operation of the model");
        let body = serde_json::to_vec(&input).expect("JSON");
        let input = poolhouse_wire::decode(described, &body)
            .map_err(|r| Refusal { code: r.code, message: r.message.unwrap_or_default() })?;
        let ctx = self.ctx(region);
        let handler = ops::handler(operation).expect("an operation that is built");
        handler(&ctx, input).await.map_err(|e| {
            let code = e.aws_code();
            assert!(described.errors.contains(&code), "{operation} does not declare {code:?}: {} {:?}", e.message(), e.detail());
            Refusal { code, message: e.message().to_owned() }
        })
    }

    /// One call that must succeed.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        match self.call(operation, input.clone()).await {
            Ok(output) => output,
            Err(refusal) => panic!("{operation} {input}: {refusal:?}"),
        }
    }

    /// One call that must be refused with this code; its message.
    pub async fn refused(&self, code: ErrorCode, operation: &str, input: Value) -> String {
        match self.call(operation, input.clone()).await {
            Err(refusal) if refusal.code == code => refusal.message,
            other => panic!("{operation} {input}: {other:?} is not {code:?}"),
        }
    }

    /// Closes the store and reads everything it left on disk.
    pub async fn dump(&self) -> Vec<u8> {
        self.engine.close().await;
        let directory = self.scratch.as_ref().expect("a world on SQLite").path();
        let files = std::fs::read_dir(directory).expect("a directory");
        files.flat_map(|file| std::fs::read(file.expect("an entry").path()).expect("a file")).collect()
    }

    /// A pool with these settings; its id.
    pub async fn pool(&self, mut settings: Value) -> String {
        settings["PoolName"] = "p".into();
        let made = self.ok("CreateUserPool", settings).await;
        made["UserPool"]["Id"].as_str().expect("an id").to_owned()
    }

    /// A client of the pool with these settings, as created.
    pub async fn client(&self, pool: &str, mut settings: Value) -> Value {
        settings["UserPoolId"] = pool.into();
        settings["ClientName"] = "c".into();
        self.ok("CreateUserPoolClient", settings).await["UserPoolClient"].clone()
    }
}
