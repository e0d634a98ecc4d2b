//! `poolhouse seed`, and the seed of a start: from the command to `seed`, and what came of it. Called by `assembly`.

use std::path::Path;
use std::sync::Arc;

use poolhouse_engine::ctx::Engine;

use super::commands::{SeedCommand, WhatDiffers};
use crate::config::Settings;
use crate::opening::{failed, options};
use crate::seed::export::{Told, export};
use crate::seed::{self, Options, Report, Seed, schema, scratch};
use crate::start_error::StartError;

/// What is printed, and whether something differs: the exit code of `diff`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub text: String,
    pub differs: bool,
}

impl Answer {
    fn same(text: String) -> Self {
        Self { text, differs: false }
    }
}

/// # Errors
/// Everything that is wrong with the file, or why the store does not open.
pub async fn run(settings: &Settings, command: &SeedCommand) -> Result<Answer, StartError> {
    let look = Options { guessable_secrets: settings.guessable_secrets, ..Options::default() };
    match command {
        SeedCommand::Check { file } => check(file).await,
        SeedCommand::Schema => Ok(Answer::same(schema::text())),
        SeedCommand::Diff { what, file, .. } => {
            let seed = read(file)?;
            let engine = Engine::look(options(settings)?).await.map_err(|e| StartError::Failed(e.0))?;
            let report = seed::apply(&engine, &seed, &Options { prune: what.prune, ..look }).await;
            engine.close().await;
            let report = report.map_err(|e| StartError::Failed(e.to_string()))?;
            Ok(Answer { differs: !report.changes.is_empty(), text: told(&report, *what, true)? })
        }
        SeedCommand::Apply { what, file, .. } => {
            let seed = read(file)?;
            // Before anything is touched.
            scratch::problems(&seed).await?.map_err(|problems| StartError::Failed(problems.to_string()))?;
            let engine = Engine::join(options(settings)?).await.map_err(|e| StartError::Failed(e.0))?;
            let report = seed::apply(&engine, &seed, &Options { write: true, prune: what.prune, ..look }).await;
            engine.close().await;
            Ok(Answer::same(told(&report.map_err(|e| StartError::Failed(e.to_string()))?, *what, false)?))
        }
        SeedCommand::Export { pool, secrets, hashes, .. } => {
            let engine = match hashes {
                // Taking hashes away is written down.
                true => Engine::join(options(settings)?).await,
                false => Engine::look(options(settings)?).await,
            };
            let engine = engine.map_err(|e| StartError::Failed(e.0))?;
            let text = export(&engine, pool.as_deref(), Told { secrets: *secrets, hashes: *hashes }).await;
            engine.close().await;
            Ok(Answer::same(text.map_err(failed)?))
        }
    }
}

async fn check(file: &Path) -> Result<Answer, StartError> {
    let seed = read(file)?;
    scratch::problems(&seed).await?.map_err(|problems| StartError::Failed(problems.to_string()))?;
    Ok(Answer::same(format!("{} is right: {}.\n", seed.file, summary(&seed))))
}

fn told(report: &Report, what: WhatDiffers, would: bool) -> Result<String, StartError> {
    match what.json {
        true => serde_json::to_string(report).map(|text| text + "\n").map_err(|e| StartError::Failed(e.to_string())),
        false => Ok(report.text(would)),
    }
}

/// Reads the file itself.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it.
pub fn read(file: &Path) -> Result<Seed, StartError> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|e| StartError::Failed(format!("{name}: {e}")))?;
    seed::read(&name, &text).map_err(|problems| StartError::Failed(problems.to_string()))
}

/// Applies the seed of a start.
///
/// # Errors
/// Everything that was refused.
pub async fn sow(engine: &Arc<Engine>, seed: &Seed, settings: &Settings) -> Result<(), StartError> {
    let options = Options { write: true, prune: false, guessable_secrets: settings.guessable_secrets };
    let report = seed::apply(engine, seed, &options).await;
    if report.is_err() {
        engine.close().await;
    }
    report.map(drop).map_err(|e| StartError::Failed(e.to_string()))
}

/// How much a file says.
#[must_use]
pub fn summary(seed: &Seed) -> String {
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    let clients = seed.pools.iter().map(|pool| pool.clients.len()).sum();
    let users = seed.pools.iter().map(|pool| pool.users.len()).sum();
    [count(seed.pools.len(), "pool"), count(clients, "client"), count(users, "user")].join(", ")
}
