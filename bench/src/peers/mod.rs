//! Side by side with what a user could pick instead: each peer is installed in its pinned version, started, given a pool of users and
//! asked what Poolhouse is asked, in the same rounds. Called by the command line; the page asks what is unequal.

mod install;
mod scene;
mod scripts;
mod table;

use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;

use crate::console::{note, say};
use crate::house::operations::Operation;
use crate::house::world::{Plan, Store, World};
use crate::load::driver::as_f64;
use crate::machine;
use crate::measure::{self, Rounds, Scripts, Subject};
use crate::process::{Process, free_address};
use crate::results::{Run, Subject as About};
use scene::Scene;
use table::PEERS;

/// Users of every pool.
const USERS: usize = 1000;
/// How long after the first answer idle memory is read.
const IDLE: Duration = Duration::from_secs(10);

/// What is unequal between a subject's operation and ours; empty where nothing is.
pub fn unequal(subject: &str, operation: &str) -> &'static str {
    table::offer(subject, operation).map_or("", |offer| offer.note)
}

/// Whether it leaves out work that ours does.
pub fn does_less(subject: &str, operation: &str) -> bool {
    table::offer(subject, operation).is_some_and(|offer| !offer.same)
}

impl Subject for Rc<Scene> {
    fn name(&self) -> &'static str {
        self.peer.name
    }

    fn store(&self) -> &'static str {
        self.peer.store
    }

    fn users(&self) -> usize {
        self.users
    }

    fn processes(&self) -> &[Process] {
        std::slice::from_ref(&self.process)
    }

    fn has_floor(&self) -> bool {
        false
    }

    fn has(&self, operation: Operation) -> bool {
        self.offers(operation)
    }

    fn scripts(&self, operation: Operation, clients: usize, steps: usize) -> Scripts<'_> {
        scripts::scripts(self, operation, clients, steps).boxed_local()
    }
}

/// Measures all of them.
///
/// # Errors
/// A peer that cannot be installed or does not start.
pub async fn run(binary: &Path, directory: &Path, operations: &[Operation], rounds: Rounds) -> Result<Run, String> {
    let mut subjects = vec![ourselves(binary, directory).await?];
    let plan = Plan { binary, directory: &directory.join("peers-poolhouse"), store: Store::Sqlite, users: USERS, under: &[] };
    note("starting poolhouse");
    let world = Rc::new(World::start(&plan).await?);
    let mut scenes = Vec::new();
    for peer in PEERS {
        let installed = install::install(peer, &directory.join("peers"))?;
        note(&format!("starting {}", peer.name));
        let scene = Scene::start(peer, &installed, &directory.join(format!("peers-{}", peer.name)), USERS).await?;
        subjects.push(About {
            name: peer.name.to_owned(),
            version: install::version(peer),
            ready_ms: scene.process.ready.as_secs_f64() * 1000.0,
            idle_mb: scene.idle_mb,
            loaded_mb: 0.0,
            installed_mb: install::size_mb(&installed),
            unequal: peer.unequal.iter().map(|text| (*text).to_owned()).collect(),
        });
        scenes.push(Rc::new(scene));
    }
    let shared: Vec<Operation> = operations.iter().copied().filter(|one| scenes.iter().any(|scene| scene.has(*one))).collect();
    let sides: Vec<&dyn Subject> =
        [&world as &dyn Subject].into_iter().chain(scenes.iter().map(|scene| scene as &dyn Subject)).collect();
    let measured = measure::run(&sides, &shared, rounds, directory).await?;
    for (subject, side) in subjects.iter_mut().zip(&sides) {
        subject.loaded_mb = side.processes().iter().map(Process::memory_mb).sum();
        say(&format!(
            "{:<14} {:<26} ready {:>6.0} ms, idle {:>6.1} MB, after load {:>6.1} MB, installed {:>6.1} MB",
            subject.name, subject.version, subject.ready_ms, subject.idle_mb, subject.loaded_mb, subject.installed_mb
        ));
    }
    Ok(Run { machine: machine::this()?, measured, subjects })
}

/// A first start of `dev`, as somebody who tries it would make it.
async fn ourselves(binary: &Path, directory: &Path) -> Result<About, String> {
    let data = directory.join("peers-dev");
    let _ = std::fs::remove_dir_all(&data);
    let (http, https) = (free_address()?, free_address()?);
    let mut command = Command::new(binary);
    command.arg("dev").arg("--data").arg(&data).args(["--http", &http.to_string(), "--https", &https.to_string()]);
    let process = Process::start(command, http, "/_poolhouse/health", &directory.join("peers-dev.log")).await?;
    tokio::time::sleep(IDLE).await;
    let size = std::fs::metadata(binary).map_err(|e| format!("{}: {e}", binary.display()))?.len();
    Ok(About {
        name: "poolhouse".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready_ms: process.ready.as_secs_f64() * 1000.0,
        idle_mb: process.memory_mb(),
        loaded_mb: 0.0,
        installed_mb: as_f64(size) / 1e6,
        unequal: vec!["Start and idle memory are of `dev`; it is loaded as `serve`, on SQLite with full durability.".to_owned()],
    })
}
