//! Backup and restore of a SQLite store, and the end of every session that a restore needs (checklist 169). Called by
//! the commands of those names.
use std::path::{Path, PathBuf};
use std::sync::Arc;

use poolhouse_store::backup::{self as files, Held};
use poolhouse_store::{Access, Options, Unmigrated};

use crate::check::Say;
use crate::ctx::{Caller, Engine};
use crate::keyring;
use crate::start::{StartError, StartOptions, store_url};
use crate::tokens::revoke;

/// Percent between two words of progress.
const TELL_EVERY: u64 = 10;

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where the database that was there before is now.
    pub aside: Option<PathBuf>,
    /// Users whose sessions were ended; `None` where they were kept.
    pub signed_out: Option<u64>,
}

/// Copies the store to a new file while the server may go on. The master keys are no part of it.
///
/// # Errors
/// A sentence: the file exists, the store is no SQLite file, or it is damaged.
pub fn backup(url: &str, to: &Path, say: &Say) -> Result<(), StartError> {
    let url = store_url(url)?;
    let Some(from) = files::sqlite_file(&url) else {
        return Err(StartError(
            "the store is PostgreSQL, which has its own backups: pg_dump --format=custom --file=FILE URL, or pg_basebackup"
                .to_owned(),
        ));
    };
    let to = absolute(to)?;
    files::copy(from, &to, &mut progress("copied", say)).map_err(refused)
}

fn progress<'a>(word: &'a str, say: &'a Say) -> impl FnMut(u64, u64) + 'a {
    let mut told = 0;
    move |done, all| {
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(100);
        if percent >= told + TELL_EVERY {
            told = percent - percent % TELL_EVERY;
            say(&format!("{word} {told} %"));
        }
    }
}

/// Puts a backup in the store's place, and what was there aside. Ends every session of the backup unless `keep_sessions`:
/// what was revoked after the backup was made would be valid again, and what was used once could be used twice.
///
/// # Errors
/// A sentence; the store is as it was.
pub async fn restore(options: StartOptions, from: &Path, keep_sessions: bool, say: &Say) -> Result<Restored, StartError> {
    let url = store_url(&options.store_url)?;
    let Some(path) = files::sqlite_file(&url).map(Path::to_owned) else {
        return Err(StartError(
            "the store is PostgreSQL: stop the servers, restore with pg_restore, then run `poolhouse end-sessions`".to_owned(),
        ));
    };
    let from = absolute(from)?;
    if from == path {
        return Err(StartError(format!("{} is the store itself", from.display())));
    }
    let held = Held::take(&path).await.map_err(|e| match e {
        poolhouse_store::Error::InUse(_) => StartError("the server is running on this store: stop it first".to_owned()),
        other => refused(other),
    })?;
    is_ours(&options, &from).await?;
    let prepared = held.beside(".restoring");
    // Left behind by a restore that was cut off; nobody else's, since the store's lock is held.
    files::discard(&prepared);
    let result = async {
        files::copy(&from, &prepared, &mut progress("restored", say)).map_err(refused)?;
        let now = options.clock.now();
        let options = StartOptions { store_url: format!("sqlite://{}", prepared.display()), ..options };
        let engine = Engine::join(options).await?;
        let signed_out = match keep_sessions {
            true => None,
            false => Some(engine.end_sessions(None, say).await?),
        };
        engine.close().await;
        let aside = held.replace(&prepared, &format!(".before-restore-{now}")).map_err(refused)?;
        Ok(Restored { aside, signed_out })
    };
    let result = result.await;
    files::discard(&prepared);
    result
}

/// Whether the file is a database of ours, with a schema we know and our master keys.
async fn is_ours(options: &StartOptions, from: &Path) -> Result<(), StartError> {
    let read = Options { access: Access::Read, ..Options::default() };
    let mut found = Unmigrated::open(&format!("sqlite://{}", from.display()), read).await.map_err(refused)?;
    match keyring::prove(&options.master, &mut found).await.map_err(|e| StartError::of(&e))? {
        true => Ok(()),
        false => Err(StartError(format!("{} is not a database of Poolhouse", from.display()))),
    }
}

impl Engine {
    /// Ends every session of a pool, or of all; how many users were signed out. May run beside servers, and again.
    ///
    /// # Errors
    /// A sentence: there is no such pool, or the store failed; what was ended stays ended.
    pub async fn end_sessions(self: &Arc<Self>, pool: Option<&str>, say: &Say) -> Result<u64, StartError> {
        let ctx = self.ctx(Caller::Operator, None);
        let pools = match pool {
            Some(id) => vec![crate::pools::load(&ctx, id).await.map_err(|e| StartError::of(&e))?.id.clone()],
            None => crate::pools::ids(&ctx).await.map_err(|e| StartError::of(&e))?,
        };
        let mut users = 0;
        for id in pools {
            ctx.concerns_pool(&id);
            let ended = ctx.change("EndSessions", revoke::all_of_pool(&ctx, &id)).await.map_err(|e| StartError::of(&e))?;
            say(&format!("{id}: {ended} users signed out"));
            users += ended;
        }
        Ok(users)
    }
}

fn absolute(path: &Path) -> Result<PathBuf, StartError> {
    std::path::absolute(path).map_err(|e| StartError(format!("{} has no absolute path: {e}", path.display())))
}

fn refused(error: poolhouse_store::Error) -> StartError {
    // "database URL:" says nothing to somebody who named a file.
    match error {
        poolhouse_store::Error::Config(text) => StartError(text),
        other => StartError(other.to_string()),
    }
}
