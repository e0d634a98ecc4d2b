//! The commands that look after a store: backup, restore, check, and signing everybody out. The engine does the work;
//! this says what came of it. Called by `assembly`.

use poolhouse_engine::backup::{self, Restored};
use poolhouse_engine::check::{Depth, Say};
use poolhouse_engine::ctx::Engine;
use poolhouse_engine::start;

use super::commands::UpkeepCommand;
use crate::config::Settings;
use crate::opening::options;
use crate::start_error::StartError;

pub async fn run(settings: &Settings, command: &UpkeepCommand, say: &Say) -> Result<String, StartError> {
    match command {
        UpkeepCommand::Backup { to, .. } => {
            backup::backup(settings.store_url.expose(), to, say).map_err(failed)?;
            Ok(format!(
                "{} holds the database. It cannot be opened without the master key, which is no part of it.",
                to.display()
            ))
        }
        UpkeepCommand::Restore { keep_sessions, from, .. } => {
            let restored = backup::restore(options(settings)?, from, *keep_sessions, say).await.map_err(failed)?;
            Ok(told(&restored))
        }
        UpkeepCommand::EndSessions { pool, .. } => {
            let engine = Engine::join(options(settings)?).await.map_err(failed)?;
            let ended = engine.end_sessions(pool.as_deref(), say).await;
            engine.close().await;
            Ok(format!("{} users have to sign in again.", ended.map_err(failed)?))
        }
        UpkeepCommand::Check { quick, .. } => {
            let engine = Engine::look(options(settings)?).await.map_err(failed)?;
            let found = engine.check(if *quick { Depth::Quick } else { Depth::Whole }, say).await;
            engine.close().await;
            match found.len() {
                0 => Ok("No damage was found.".to_owned()),
                count => Err(StartError::Failed(format!("Damage in {count} places:\n{}", found.join("\n")))),
            }
        }
    }
}

fn told(restored: &Restored) -> String {
    let mut text = "The backup is in place.".to_owned();
    if let Some(aside) = &restored.aside {
        text.push_str(&format!("\nThe database that was there is {}", aside.display()));
    }
    match restored.signed_out {
        Some(users) => text.push_str(&format!("\n{users} users have to sign in again.")),
        None => text.push_str("\nIts sessions were kept: what was revoked after the backup was made is valid again."),
    }
    text.push_str(
        "\nUsers, passwords, client secrets and access keys are those of the backup: delete again what was deleted since.",
    );
    text
}

fn failed(error: start::StartError) -> StartError {
    StartError::Failed(error.0)
}
