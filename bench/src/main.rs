//! `cargo run --release -p poolhouse-bench -- COMMAND`: what Poolhouse costs, beside what it could not cost less, and beside others.
//! Results go to `bench/results/*.json`; `page` makes `docs/benchmarks.md` and its plots of them.

mod bare;
mod browser;
mod console;
mod driver;
mod floors;
mod http;
mod machine;
mod measure;
mod operations;
mod peers;
mod population;
mod postgres;
mod process;
mod report;
mod results;
mod site;
mod srp;
mod trials;
mod world;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::measure::Rounds;
use crate::operations::Operation;
use crate::results::Run;
use crate::world::{Plan, Store, World};

#[derive(Debug, Parser)]
#[command(name = "poolhouse-bench", about = "Measures Poolhouse: processor time per operation beside its floor")]
struct Cli {
    /// The program to measure; built by `cargo build --release`
    #[arg(long, global = true, default_value = "target/release/poolhouse")]
    binary: PathBuf,
    /// Where servers keep their data and logs while they are measured
    #[arg(long, global = true, default_value = "target/bench")]
    directory: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Every operation beside its floor, on SQLite with a thousand users
    Operations(Rounded),
    /// The same operations with 1 k, 100 k and 1 M users
    Sizes {
        #[command(flatten)]
        rounded: Rounded,
        #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000")]
        users: Vec<usize>,
    },
    /// The same operations on PostgreSQL, by one process and by two
    Stores(Rounded),
    /// How soon it answers when started, and what it keeps in memory when idle
    Start {
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
    /// Up to five times as much as it can do
    Overload {
        /// Seconds of each load
        #[arg(long, default_value_t = 10.0)]
        seconds: f64,
        #[arg(long, value_delimiter = ',', default_value = "client-credentials,password-sign-in")]
        only: Vec<Operation>,
    },
    /// A steady mix: does memory or cost grow?
    Soak {
        #[arg(long, default_value_t = 30)]
        minutes: usize,
        #[arg(long, default_value_t = 100_000)]
        users: usize,
    },
    /// Exchanges a second with and without syncs to the disk (needs `eatmydata`)
    Durability {
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        #[arg(long, default_value_t = 3.0)]
        seconds: f64,
    },
    /// Side by side with cognito-local, moto, ministack and oidc-provider (needs Node 20, npm and Python 3.11)
    Peers(Rounded),
    /// Makes `docs/benchmarks.md` and its plots of the results that are kept
    Page,
    /// The bare HTTP server that is measured as a floor
    #[command(hide = true)]
    Bare { address: SocketAddr },
}

#[derive(Debug, Clone, Args)]
struct Rounded {
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of one operation in one round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Only these operations
    #[arg(long, value_delimiter = ',')]
    only: Vec<Operation>,
    /// Measure and print, but keep the results of the last whole run
    #[arg(long)]
    dry: bool,
}

impl Rounded {
    fn rounds(&self) -> Rounds {
        Rounds { rounds: self.rounds, time: Duration::from_secs_f64(self.seconds), clients: self.clients }
    }

    fn operations(&self) -> Vec<Operation> {
        if self.only.is_empty() { Operation::ALL.to_vec() } else { self.only.clone() }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = runtime(&cli.command).and_then(|runtime| {
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, run(&cli))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            console::note(&text);
            ExitCode::FAILURE
        }
    }
}

/// The driver runs on one thread, so that it takes at most one processor from the server; the bare server has as many as Poolhouse.
fn runtime(command: &Command) -> Result<tokio::runtime::Runtime, String> {
    let built = match command {
        Command::Bare { .. } => tokio::runtime::Builder::new_multi_thread().enable_all().build(),
        _ => tokio::runtime::Builder::new_current_thread().enable_all().build(),
    };
    built.map_err(|e| e.to_string())
}

async fn run(cli: &Cli) -> Result<(), String> {
    std::fs::create_dir_all(&cli.directory).map_err(|e| format!("{}: {e}", cli.directory.display()))?;
    let directory = cli.directory.canonicalize().map_err(|e| e.to_string())?;
    let bench = Bench { binary: &cli.binary, directory: &directory };
    match &cli.command {
        Command::Operations(rounded) => bench.worlds("operations", rounded, &[(Store::Sqlite, 1000)]).await,
        Command::Sizes { rounded, users } => {
            let worlds: Vec<(Store, usize)> = users.iter().map(|users| (Store::Sqlite, *users)).collect();
            bench.worlds("sizes", rounded, &worlds).await
        }
        Command::Stores(rounded) => {
            let worlds = [(Store::Sqlite, 1000), (Store::Postgres, 1000), (Store::PostgresTwice, 1000)];
            bench.worlds("stores", rounded, &worlds).await
        }
        Command::Start { rounds } => machine::keep("start", &trials::start::run(bench.binary, bench.directory, *rounds).await?),
        Command::Overload { seconds, only } => {
            let world = bench.world("overload", Store::Sqlite, 1000).await?;
            machine::keep("overload", &trials::overload::run(&world, only, Duration::from_secs_f64(*seconds)).await?)
        }
        Command::Soak { minutes, users } => {
            let world = bench.world("soak", Store::Sqlite, *users).await?;
            machine::keep("soak", &trials::soak::run(&world, *minutes).await?)
        }
        Command::Durability { rounds, seconds } => {
            let time = Duration::from_secs_f64(*seconds);
            machine::keep("durability", &trials::durability::run(bench.binary, bench.directory, *rounds, time).await?)
        }
        Command::Peers(rounded) => {
            let run = peers::run(bench.binary, bench.directory, &rounded.operations(), rounded.rounds()).await?;
            if rounded.dry { Ok(()) } else { machine::keep("peers", &run) }
        }
        Command::Page => report::write(&machine::folder(), &machine::folder().join("../../docs")),
        Command::Bare { address } => bare::serve(*address).await,
    }
}

struct Bench<'a> {
    binary: &'a Path,
    directory: &'a Path,
}

impl Bench<'_> {
    async fn world(&self, name: &str, store: Store, users: usize) -> Result<Rc<World>, String> {
        console::note(&format!("starting on {} with {users} users", store.name()));
        let directory = self.directory.join(name);
        let plan = Plan { binary: self.binary, directory: &directory, store, users, under: &[] };
        Ok(Rc::new(World::start(&plan).await?))
    }

    async fn worlds(&self, name: &str, rounded: &Rounded, wanted: &[(Store, usize)]) -> Result<(), String> {
        let mut worlds = Vec::new();
        for (at, (store, users)) in wanted.iter().enumerate() {
            worlds.push(self.world(&format!("{name}-{at}"), *store, *users).await?);
        }
        let measured = measure::run(&worlds, &rounded.operations(), rounded.rounds(), self.directory).await?;
        if let Some(failed) = measured.iter().find(|one| !one.failures.is_empty()) {
            return Err(format!("{} did not always succeed, so these are no figures: {:?}", failed.operation, failed.failures));
        }
        if rounded.dry {
            return Ok(());
        }
        machine::keep(name, &Run { machine: machine::this()?, measured, subjects: Vec::new() })
    }
}
