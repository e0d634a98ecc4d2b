//! A whole engine for tests inside this crate: a real SQLite file, a clock that stands until it is moved, a seeded
//! generator, the inbox. Operations are called by name with JSON, as the server calls them.
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use poolhouse_store::tables::clients::ClientRow;
use poolhouse_store::tables::messages::{self, MessageRow};
use poolhouse_store::tables::pools::PoolRow;
use poolhouse_store::tables::{clients, pools};
use poolhouse_wire::types::{UserPoolClientType, UserPoolType};
use serde_json::Value;

use crate::ctx::{Caller, Clock, Ctx, Engine, IssuerMode, Settings};
use crate::error::{Error, Result};
use crate::keys::entropy::{self, SeededEntropy};
use crate::keys::master::MasterKeys;
use crate::keys::password::HashCost;
use crate::keys::seal::PoolKey;
use crate::pools::schema;
use crate::rates;
use crate::start::{Outgoing, StartOptions};

/// 2023-11-14T22:13:20Z.
pub const START: i64 = 1_700_000_000_000;

pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub struct World {
    pub engine: Arc<Engine>,
    clock: Arc<TestClock>,
    directory: PathBuf,
}

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl World {
    pub async fn new() -> Self {
        Self::limited(rates::Settings::default()).await
    }

    /// With these limits on requests and guesses.
    pub async fn limited(rates: rates::Settings) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let directory = std::env::temp_dir().join(format!("poolhouse-engine-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let url = format!("sqlite://{}", directory.join("test.db").display());
        let entropy = Arc::new(SeededEntropy::new(number + 1));
        let clock = Arc::new(TestClock(AtomicI64::new(START)));
        let options = StartOptions {
            store_url: url,
            master: MasterKeys::generate("test", &*entropy).unwrap(),
            settings: Settings {
                account_id: "123456789012".to_owned(),
                region: "eu-west-1".to_owned(),
                public_url: "http://localhost:9229".to_owned(),
                issuer: IssuerMode::Local,
                fixed_code: None,
                domain_url: "http://{prefix}.auth.{region}.localhost:9229".to_owned(),
                audit_days: 400,
                undo_days: 7,
                rates,
            },
            outgoing: Outgoing::Inbox,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy,
            hash_cost: HashCost::FOR_TESTS,
        };
        let engine = Engine::start(options).await.unwrap();
        Self { engine, clock, directory }
    }

    pub fn ctx(&self) -> Ctx {
        self.engine.ctx(Caller::Operator, None)
    }

    pub fn advance_ms(&self, ms: i64) {
        self.clock.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// A pool with this document and the default schema where it has none; its id.
    pub async fn pool(&self, mut document: UserPoolType) -> String {
        let ctx = self.ctx();
        let id = format!("eu-west-1_{}", entropy::alphanumerics(ctx.entropy(), 9));
        document.schema_attributes.get_or_insert_with(schema::default_attributes);
        let key = PoolKey::generate(1, ctx.entropy());
        let row = PoolRow {
            id: id.clone(),
            region: "eu-west-1".to_owned(),
            name: "test".to_owned(),
            document: serde_json::to_string(&document).unwrap(),
            version: 1,
            wrapped_key: self.engine.keys.wrap_pool_key(&id, &key, ctx.entropy()).unwrap(),
            created_at: ctx.now,
            modified_at: ctx.now,
        };
        self.engine.store.write(async move |tx| pools::insert(tx, &row).await).await.unwrap();
        id
    }

    /// A public client of the pool; its id.
    pub async fn client(&self, pool_id: &str, document: UserPoolClientType) -> String {
        let ctx = self.ctx();
        let id = entropy::lower_alphanumerics(ctx.entropy(), 26);
        let row = ClientRow {
            id: id.clone(),
            pool_id: pool_id.to_owned(),
            name: "test".to_owned(),
            document: serde_json::to_string(&document).unwrap(),
            version: 1,
            created_at: ctx.now,
            modified_at: ctx.now,
        };
        self.engine.store.write(async move |tx| clients::insert(tx, &row).await).await.unwrap();
        id
    }

    /// Runs an operation; `input` has been validated by nobody.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value> {
        let handler = crate::ops::handler(operation).unwrap_or_else(|| panic!("{operation} is not built"));
        handler(&self.ctx(), input).await
    }

    /// As [`Self::call`] where it must succeed.
    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|e| panic!("{operation}: {}", text(&e)))
    }

    /// `Exception: message` of an operation that must refuse.
    pub async fn refused(&self, operation: &str, input: Value) -> String {
        match self.call(operation, input).await {
            Ok(output) => panic!("{operation} succeeded: {output}"),
            Err(e) => text(&e),
        }
    }

    /// Messages sent to an address, newest first.
    pub async fn inbox(&self, address: &str) -> Vec<MessageRow> {
        let mut reader = self.engine.store.reader().await.unwrap();
        messages::list_for(&mut reader, address, None, 100).await.unwrap()
    }
}

fn text(e: &Error) -> String {
    let cause = e.detail().filter(|_| e.is(poolhouse_wire::ErrorCode::InternalErrorException));
    format!("{}: {}{}", e.aws_code(), e.message(), cause.map(|d| format!(" ({})", d.cause)).unwrap_or_default())
}

impl Drop for World {
    fn drop(&mut self) {
        // What cannot be removed stays in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
