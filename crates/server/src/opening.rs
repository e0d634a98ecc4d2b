//! From [`Settings`] to what an engine starts with: the store, the master keys (made where a development instance has none
//! yet), the way out for messages. Called by `assembly` and the operator's commands.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use poolhouse_engine::ctx::{self, MovableClock, SystemClock};
use poolhouse_engine::error::Error;
use poolhouse_engine::keys::entropy::OsEntropy;
use poolhouse_engine::keys::master::{self, MasterKeyError, MasterKeys};
use poolhouse_engine::keys::password::HashCost;
use poolhouse_engine::start::{Outgoing, StartOptions};

use crate::config::{IssuerMode, Mail, MasterKeySource, Settings};
use crate::smtp::Relay;
use crate::start_error::StartError;

/// # Errors
/// A directory, a key file or a mail relay that cannot be used: a sentence for the operator.
pub fn options(settings: &Settings) -> Result<StartOptions, StartError> {
    if let Some(dir) = &settings.data_dir {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
        made.map_err(|e| StartError::Failed(format!("{} cannot be made: {e}", dir.display())))?;
    }
    let outgoing = match &settings.mail {
        Mail::Inbox => Outgoing::Inbox,
        Mail::Smtp(smtp) => Outgoing::Door(Arc::new(Relay::new(smtp).map_err(StartError::Failed)?)),
    };
    let issuer = match settings.issuer {
        IssuerMode::Local => ctx::IssuerMode::Local,
        IssuerMode::Aws => ctx::IssuerMode::Aws,
        IssuerMode::AwsUpdated => ctx::IssuerMode::AwsUpdated,
    };
    let hash = settings.hash;
    Ok(StartOptions {
        store_url: settings.store_url.expose().to_owned(),
        master: master_keys(settings)?,
        settings: ctx::Settings {
            account_id: settings.account_id.clone(),
            region: settings.region.clone(),
            public_url: settings.public_url.clone(),
            issuer,
            fixed_code: settings.fixed_code.clone(),
            audit_days: settings.audit_days,
            undo_days: settings.undo_days,
            domain_url: format!("{}/_domain/{{prefix}}", settings.public_url),
            rates: settings.rates.clone(),
        },
        outgoing,
        clock: match settings.open_control {
            true => Arc::new(MovableClock::new(Arc::new(SystemClock))),
            false => Arc::new(SystemClock),
        },
        entropy: Arc::new(OsEntropy),
        hash_cost: HashCost { memory_kib: hash.memory_kib, passes: hash.passes, lanes: hash.lanes },
    })
}

fn master_keys(settings: &Settings) -> Result<MasterKeys, StartError> {
    match &settings.master_key {
        MasterKeySource::File(path) => told(path, MasterKeys::from_file(path)),
        MasterKeySource::Credential(path) => told(path, MasterKeys::from_credential(path)),
        MasterKeySource::FileOrCreate(path) => match MasterKeys::from_file(path) {
            // A new key over old data would orphan everything sealed with the old one (checklist 181).
            Err(MasterKeyError::NotFound) if has_data(settings) => Err(StartError::Failed(format!(
                "{} is gone, and the database beside it cannot be opened without it. Put it back, or start with another --data.",
                path.display()
            ))),
            Err(MasterKeyError::NotFound) => create_master_keys(path),
            other => told(path, other),
        },
    }
}

fn has_data(settings: &Settings) -> bool {
    settings.store_url.expose().strip_prefix("sqlite:").is_some_and(|path| Path::new(path).exists())
}

/// A new ring of one key.
pub fn create_master_keys(file: &Path) -> Result<MasterKeys, StartError> {
    let made = MasterKeys::generate(&master::new_id(&OsEntropy), &OsEntropy);
    told(file, made.and_then(|keys| keys.to_file(file).map(|()| keys)))
}

pub fn told(file: &Path, result: Result<MasterKeys, MasterKeyError>) -> Result<MasterKeys, StartError> {
    result.map_err(|e| StartError::Failed(format!("{}: {e}", file.display())))
}

/// An error of the engine as a sentence for the operator.
pub fn failed(error: Error) -> StartError {
    StartError::Failed(error.detail().map_or_else(|| error.message().to_owned(), |detail| detail.cause.clone()))
}
