//! `poolhouse seed`: which store, the answer printed, and its exit code; and which file `dev` starts with. Called by `cli`.

use std::path::Path;
use std::process::ExitCode;

use super::out::Out;
use super::{runtime, store_of};
use crate::config::{Ambient, DevOptions, Settings};
use crate::operator::commands::SeedCommand;
use crate::operator::seed;
use crate::run::{self, Assembly};
use crate::seed::Seed;
use crate::start_error::StartError;

pub(super) const HELP: &str = "Examples:\n  poolhouse seed check poolhouse.yaml\n  poolhouse seed diff --data .poolhouse poolhouse.yaml\n  \
    poolhouse seed apply --config /etc/poolhouse/poolhouse.toml poolhouse.yaml\n  \
    poolhouse seed export --data .poolhouse --secrets > poolhouse.yaml\n  poolhouse seed schema > poolhouse.schema.json\n\n\
    The format is described in docs/SEED.md. All of them work while the server runs. Exit codes: 0 done (diff: nothing differs), \
    1 something is wrong or differs.";

/// What `dev` finds where it starts.
const BESIDE: &str = "poolhouse.yaml";

pub(super) fn run(command: &SeedCommand, ambient: &Ambient, out: Out, assembly: &dyn Assembly) -> Result<ExitCode, StartError> {
    let store = match command {
        SeedCommand::Diff { store, .. } | SeedCommand::Apply { store, .. } | SeedCommand::Export { store, .. } => Some(store),
        SeedCommand::Check { .. } | SeedCommand::Schema => None,
    };
    let settings: Settings = match store {
        Some(store) => store_of(store, ambient)?,
        None => DevOptions::stored(Path::new(".").to_owned(), ambient),
    };
    run::harden();
    let answer = runtime()?.block_on(assembly.seed(&settings, command))?;
    match command {
        SeedCommand::Diff { what, .. } | SeedCommand::Apply { what, .. } if !what.json => out.changes(&answer.text),
        _ => out.text(&answer.text),
    }
    Ok(if answer.differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The seed that `dev` starts with: the one that is named, or the one that lies where it starts.
pub(super) fn of_start(options: &DevOptions) -> Result<Option<Seed>, StartError> {
    let beside = || Some(Path::new(BESIDE)).filter(|file| !options.no_seed && file.exists());
    options.seed.as_deref().or_else(beside).map(seed::read).transpose()
}
