//! Named states of the whole store, taken and put back while the server runs (SQLite only). Called by the control API of
//! development instances, and once at their start.
//!
//! The audit trail is not put back: that a state was is an event in it.
use poolhouse_store::snapshots::{self as store};
pub use poolhouse_store::snapshots::{Change, Restored, Snapshot, is_name};

use crate::ctx::{Ctx, Engine};
use crate::error::{Error, Result};
use crate::keys::entropy;

/// The state right after the start, which [`keep_start`] takes and [`restore`] may put back; nobody else's to take.
pub const START: &str = "start";
/// Largest database, bytes, whose state is kept at every start.
const START_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Keeps the state of now under a name, in place of one that had it.
///
/// # Errors
/// InvalidParameterException for a wrong name, or where the store has no snapshots.
pub async fn take(ctx: &Ctx, name: &str) -> Result<Snapshot> {
    own_name(name)?;
    let name = name.to_owned();
    ctx.concerns("Snapshot", &name);
    ctx.change("TakeSnapshot", run(&ctx.engine, move |snapshots| snapshots.take(&name))).await
}

/// All of them, the oldest first.
///
/// # Errors
/// As [`take`].
pub async fn list(engine: &Engine) -> Result<Vec<Snapshot>> {
    run(engine, store::Snapshots::list).await
}

/// Forgets one.
///
/// # Errors
/// ResourceNotFoundException where there is none of this name.
pub async fn remove(ctx: &Ctx, name: &str) -> Result<()> {
    own_name(name)?;
    let owned = name.to_owned();
    ctx.concerns("Snapshot", name);
    let work = async {
        let removed = run(&ctx.engine, move |snapshots| snapshots.remove(&owned)).await?;
        if removed { Ok(()) } else { Err(missing(name)) }
    };
    ctx.change("DeleteSnapshot", work).await
}

/// Puts the store back to the state of this name. Sessions that began since are gone, those that ended since live again.
///
/// # Errors
/// ResourceNotFoundException where there is none of this name; InvalidParameterException for one that does not fit this
/// program or its master key. The store is as it was.
pub async fn restore(ctx: &Ctx, name: &str) -> Result<Restored> {
    named(name)?;
    let owned = name.to_owned();
    // By the real clock: a version that was given while the clock stood elsewhere must not come again.
    let [high, low] = entropy::bytes::<2>(ctx.entropy());
    let version = (ctx.real_now() << 16) | i64::from(u16::from_be_bytes([high, low]));
    ctx.concerns("Snapshot", name);
    let work = async {
        let restored = run(&ctx.engine, move |snapshots| snapshots.restore(&owned, version)).await?;
        restored.ok_or_else(|| missing(name))
    };
    ctx.change("RestoreSnapshot", work).await
}

/// Takes [`START`], where the store has snapshots and is of a size that a start can wait for; whether it did.
///
/// # Errors
/// The copy could not be written.
pub async fn keep_start(engine: &Engine) -> Result<bool> {
    let Some(snapshots) = engine.store.snapshots() else { return Ok(false) };
    let bytes = snapshots.database_bytes();
    if bytes > START_BYTES_MAX {
        tracing::warn!(bytes, "the database is too large to keep its state at every start; reset has nothing to go back to");
        // One of an earlier start would be taken for this one's.
        run(engine, |snapshots| snapshots.remove(START)).await?;
        return Ok(false);
    }
    run(engine, |snapshots| snapshots.take(START)).await?;
    Ok(true)
}

async fn run<T, F>(engine: &Engine, job: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&store::Snapshots) -> poolhouse_store::Result<T> + Send + 'static,
{
    let Some(snapshots) = engine.store.snapshots() else {
        return Err(Error::invalid_parameter(
            "Snapshots need a SQLite store. PostgreSQL has its own: CREATE DATABASE copy TEMPLATE original, with the servers stopped.",
        ));
    };
    engine.work.snapshots.run(move || job(&snapshots)).await?.map_err(told)
}

/// What whoever asked can mend is told; the rest is ours.
fn told(error: poolhouse_store::Error) -> Error {
    match error {
        poolhouse_store::Error::Schema(text) => Error::invalid_parameter(format!("It cannot be put back: {text}.")),
        poolhouse_store::Error::Config(text) => Error::internal(text),
        other => other.into(),
    }
}

fn named(name: &str) -> Result<()> {
    match is_name(name) {
        true => Ok(()),
        false => Err(Error::invalid_parameter("A snapshot's name has 1 to 64 letters, digits, - _ and . (not first).")),
    }
}

fn own_name(name: &str) -> Result<()> {
    if name == START {
        return Err(Error::invalid_parameter("\"start\" is the state after the start of the server; choose another name."));
    }
    named(name)
}

fn missing(name: &str) -> Error {
    Error::not_found(format!("There is no snapshot {name}."))
}
