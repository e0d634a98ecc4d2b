//! Checking a seed as far as that is possible without its store: it is applied to an empty one, which is thrown away. So what is
//! said here is what `apply` would say, in the same words. Called by the command line.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use poolhouse_engine::ctx::{Engine, IssuerMode, Settings, SystemClock};
use poolhouse_engine::keys::entropy::{OsEntropy, uuid};
use poolhouse_engine::keys::master::{MasterKeys, new_id};
use poolhouse_engine::keys::password::HashCost;
use poolhouse_engine::rates;
use poolhouse_engine::start::{Outgoing, StartOptions};

use super::apply::{Failed, Options, apply};
use super::problem::Problems;
use super::read::Seed;
use super::users::without_records;
use crate::start_error::StartError;

/// Costs next to nothing: these hashes are made to be thrown away with the password's key, within the second.
const HASH_COST: HashCost = HashCost { memory_kib: 8, passes: 1, lanes: 1 };

/// Everything that would be refused.
///
/// # Errors
/// There is no place for the empty store.
pub async fn problems(seed: &Seed) -> Result<Result<(), Problems>, StartError> {
    let failed = |error: std::io::Error| StartError::Failed(format!("the file cannot be tried out: {error}"));
    let dir = std::env::temp_dir().join(format!("poolhouse-check-{}", uuid(&OsEntropy)));
    std::fs::DirBuilder::new().mode(0o700).create(&dir).map_err(failed)?;
    let outcome = tried(&dir, seed).await;
    std::fs::remove_dir_all(&dir).map_err(failed)?;
    outcome
}

async fn tried(dir: &Path, seed: &Seed) -> Result<Result<(), Problems>, StartError> {
    let master = MasterKeys::generate(&new_id(&OsEntropy), &OsEntropy).map_err(|e| StartError::Failed(e.to_string()))?;
    let public_url = "http://localhost:9229".to_owned();
    let options = StartOptions {
        store_url: format!("sqlite://{}", dir.join("try.db").display()),
        master,
        settings: Settings {
            account_id: "123456789012".to_owned(),
            region: seed.region.clone(),
            domain_url: format!("{public_url}/_domain/{{prefix}}"),
            public_url,
            issuer: IssuerMode::default(),
            fixed_code: None,
            audit_days: 1,
            undo_days: 0,
            rates: rates::Settings::default(),
        },
        outgoing: Outgoing::Inbox,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        hash_cost: HASH_COST,
    };
    let engine = Engine::start(options).await.map_err(|e| StartError::Failed(e.0))?;
    let mut seed = seed.clone();
    let mut problems: Vec<_> = seed.pools.iter_mut().flat_map(|pool| without_records(&mut pool.users)).collect();
    let options = Options { write: true, prune: false, guessable_secrets: true };
    if let Err(Failed { problems: more, .. }) = apply(&engine, &seed, &options).await {
        problems.extend(more.list);
    }
    engine.close().await;
    Ok(if problems.is_empty() { Ok(()) } else { Err(Problems::new(&seed.file, problems)) })
}
