//! What full durability costs: exchanges of codes a second at 32 clients, beside a server whose syncs to the disk are left out
//! (`eatmydata`). That server is faster than SQLite's `synchronous=NORMAL`, which still syncs at checkpoints; so a share of it is at most
//! the share of NORMAL.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crate::console::{note, say};
use crate::house::operations::Operation;
use crate::house::world::{Plan, Store, World};
use crate::load::driver::closed;
use crate::machine;
use crate::measure::Subject as _;
use crate::measure::median;
use crate::results::Durability;

const CLIENTS: usize = 32;

/// # Errors
/// `eatmydata` is not installed, or a server does not work.
pub async fn run(binary: &Path, directory: &Path, rounds: usize, time: Duration) -> Result<Durability, String> {
    let mut worlds = Vec::new();
    for (name, under) in [("full", &[][..]), ("unsynced", &["eatmydata"][..])] {
        let directory = directory.join(format!("durability-{name}"));
        let plan = Plan { binary, directory: &directory, store: Store::Sqlite, users: 1000, under };
        worlds.push(Rc::new(World::start(&plan).await?));
    }
    let mut rates = vec![Vec::new(), Vec::new()];
    for round in 0..rounds {
        note(&format!("round {} of {rounds}", round + 1));
        for (world, rates) in worlds.iter().zip(&mut rates) {
            // More codes than any machine of this size redeems.
            let scripts =
                Operation::CodeExchange.scripts(world, CLIENTS, 4000 * usize::try_from(time.as_secs()).unwrap_or(1)).await?;
            rates.push(closed(&world.addresses(), scripts, time).await.per_second());
        }
    }
    let mut rates = rates.into_iter();
    let (full, unsynced) = (rates.next().unwrap_or_default(), rates.next().unwrap_or_default());
    let (a, b) = (median(full.clone()), median(unsynced.clone()));
    say(&format!("{a:.0} exchanges/s with full durability, {b:.0} without syncs: {:.0} %", 100.0 * a / b));
    Ok(Durability { machine: machine::this()?, full_per_second: full, unsynced_per_second: unsynced })
}
