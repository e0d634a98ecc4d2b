//! Side by side with what a user could pick instead: each peer is installed in its pinned version, started, given a pool of users and
//! asked what Poolhouse is asked, in the same rounds. Called by the command line; the page asks what is unequal.

mod install;
mod scene;
mod scripts;
mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use crate::console::{note, say};
use crate::driver::{Script, Tally, as_f64, closed};
use crate::machine;
use crate::measure::{Rounds, as_count, median, table};
use crate::operations::Operation;
use crate::process::{Process, free_address};
use crate::results::{Measured, Run, Subject};
use crate::world::{Plan, Store, World};
use scene::Scene;
use table::PEERS;

/// Users of every pool.
const USERS: usize = 1000;
/// How long after the first answer idle memory is read.
const IDLE: Duration = Duration::from_secs(10);
/// What one operation of one subject may need prepared at most; a peer keeps all of it.
const STEPS: f64 = 20_000.0;

/// What is unequal between a subject's operation and ours; empty where nothing is.
pub fn unequal(subject: &str, operation: &str) -> &'static str {
    table::offer(subject, operation).map_or("", |offer| offer.note)
}

/// Whether it leaves out work that ours does.
pub fn does_less(subject: &str, operation: &str) -> bool {
    table::offer(subject, operation).is_some_and(|offer| !offer.same)
}

/// One of those that are measured.
enum Side {
    Ours(Rc<World>),
    Peer(Rc<Scene>),
}

impl Side {
    fn name(&self) -> &'static str {
        match self {
            Self::Ours(_) => "poolhouse",
            Self::Peer(scene) => scene.peer.name,
        }
    }

    fn process(&self) -> &Process {
        match self {
            Self::Ours(world) => world.process(),
            Self::Peer(scene) => &scene.process,
        }
    }

    fn has(&self, operation: Operation) -> bool {
        match self {
            Self::Ours(_) => true,
            Self::Peer(scene) => scene.offers(operation),
        }
    }

    async fn scripts(&self, operation: Operation, clients: usize, steps: usize) -> Result<Vec<Box<dyn Script>>, String> {
        match self {
            Self::Ours(world) => operation.scripts(world, clients, steps).await,
            Self::Peer(scene) => scripts::scripts(scene, operation, clients, steps).await,
        }
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
    let mut sides = vec![Side::Ours(Rc::new(World::start(&plan).await?))];
    for peer in PEERS {
        let installed = install::install(peer, &directory.join("peers"))?;
        note(&format!("starting {}", peer.name));
        let scene = Scene::start(peer, &installed, &directory.join(format!("peers-{}", peer.name)), USERS).await?;
        subjects.push(Subject {
            name: peer.name.to_owned(),
            version: install::version(peer),
            ready_ms: scene.process.ready.as_secs_f64() * 1000.0,
            idle_mb: scene.idle_mb,
            loaded_mb: 0.0,
            installed_mb: install::size_mb(&installed),
            unequal: peer.unequal.iter().map(|text| (*text).to_owned()).collect(),
        });
        sides.push(Side::Peer(Rc::new(scene)));
    }
    let measured = measure(&sides, operations, rounds).await?;
    for (subject, side) in subjects.iter_mut().zip(&sides) {
        subject.loaded_mb = side.process().memory_mb();
        say(&format!(
            "{:<14} {:<26} ready {:>6.0} ms, idle {:>6.1} MB, after load {:>6.1} MB, installed {:>6.1} MB",
            subject.name, subject.version, subject.ready_ms, subject.idle_mb, subject.loaded_mb, subject.installed_mb
        ));
    }
    Ok(Run { machine: machine::this()?, measured, subjects })
}

/// A first start of `dev`, as somebody who tries it would make it.
async fn ourselves(binary: &Path, directory: &Path) -> Result<Subject, String> {
    let data = directory.join("peers-dev");
    let _ = std::fs::remove_dir_all(&data);
    let (http, https) = (free_address()?, free_address()?);
    let mut command = Command::new(binary);
    command.arg("dev").arg("--data").arg(&data).args(["--http", &http.to_string(), "--https", &https.to_string()]);
    let process = Process::start(command, http, "/_poolhouse/health", &directory.join("peers-dev.log")).await?;
    tokio::time::sleep(IDLE).await;
    let size = std::fs::metadata(binary).map_err(|e| format!("{}: {e}", binary.display()))?.len();
    Ok(Subject {
        name: "poolhouse".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ready_ms: process.ready.as_secs_f64() * 1000.0,
        idle_mb: process.memory_mb(),
        loaded_mb: 0.0,
        installed_mb: as_f64(size) / 1e6,
        unequal: vec!["Start and idle memory are of `dev`; it is loaded as `serve`, on SQLite with full durability.".to_owned()],
    })
}

/// What one round gave.
struct Sample {
    tally: Tally,
    cpu_ms: f64,
}

async fn measure(sides: &[Side], operations: &[Operation], rounds: Rounds) -> Result<Vec<Measured>, String> {
    let mut samples: BTreeMap<(usize, usize), Vec<Sample>> = BTreeMap::new();
    let shared: Vec<Operation> =
        operations.iter().copied().filter(|one| sides.iter().skip(1).any(|side| side.has(*one))).collect();
    for round in 0..rounds.rounds {
        for (at, operation) in shared.iter().enumerate() {
            note(&format!("round {} of {}: {}", round + 1, rounds.rounds, operation.name()));
            for (which, side) in sides.iter().enumerate().filter(|(_, side)| side.has(*operation)) {
                match sample(side, *operation, rounds).await {
                    Ok(sample) => samples.entry((at, which)).or_default().push(sample),
                    // One peer's trouble is no reason to lose the others' figures; it has no figure then, and that is seen.
                    Err(text) => note(&format!("  {}: {text}", side.name())),
                }
            }
        }
    }
    let mut measured = Vec::new();
    for ((at, which), samples) in samples {
        if let (Some(operation), Some(side)) = (shared.get(at), sides.get(which)) {
            measured.push(summary(*operation, side, rounds, samples));
        }
    }
    say(&table(&measured));
    Ok(measured)
}

/// The steps to prepare for are those of a short run before, and a half more.
async fn sample(side: &Side, operation: Operation, rounds: Rounds) -> Result<Sample, String> {
    let addresses = [side.process().address];
    let failed = |tally: &Tally| format!("{} failed: {:?}", operation.name(), tally.failures);
    let trial = closed(&addresses, side.scripts(operation, rounds.clients, 100).await?, rounds.time / 5).await;
    if trial.steps() == 0 {
        return Err(failed(&trial));
    }
    let steps = (trial.per_second() * rounds.time.as_secs_f64() * 1.5).min(STEPS);
    let scripts = side.scripts(operation, rounds.clients, as_count(steps)).await?;
    let before = side.process().cpu();
    let tally = closed(&addresses, scripts, rounds.time).await;
    let used = side.process().cpu() - before;
    if tally.steps() == 0 {
        return Err(failed(&tally));
    }
    Ok(Sample { cpu_ms: used.as_secs_f64() * 1000.0 / as_f64(tally.steps()), tally })
}

fn summary(operation: Operation, side: &Side, rounds: Rounds, mut samples: Vec<Sample>) -> Measured {
    let mut failures: BTreeMap<String, u64> = BTreeMap::new();
    for (text, count) in samples.iter().flat_map(|sample| &sample.tally.failures) {
        *failures.entry(text.clone()).or_default() += count;
    }
    let cpu: Vec<f64> = samples.iter().map(|sample| sample.cpu_ms).collect();
    Measured {
        operation: operation.name().to_owned(),
        subject: side.name().to_owned(),
        store: match side {
            Side::Ours(world) => world.store.name().to_owned(),
            Side::Peer(scene) => scene.peer.store.to_owned(),
        },
        users: USERS,
        clients: rounds.clients,
        runs: samples.len(),
        steps: samples.iter().map(|sample| sample.tally.steps()).sum::<u64>() / samples.len().max(1) as u64,
        per_second: median(samples.iter().map(|sample| sample.tally.per_second()).collect()),
        p50_ms: median(samples.iter_mut().map(|sample| sample.tally.percentile_ms(0.5)).collect()),
        p99_ms: median(samples.iter_mut().map(|sample| sample.tally.percentile_ms(0.99)).collect()),
        cpu_ms_range: (cpu.iter().copied().fold(f64::MAX, f64::min), cpu.iter().copied().fold(0.0, f64::max)),
        cpu_ms: median(cpu),
        database_cpu_ms: None,
        peak_memory_mb: side.process().peak_memory_mb(),
        failures: failures.into_iter().collect(),
        floor: Vec::new(),
        ratio: None,
    }
}
