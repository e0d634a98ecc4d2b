//! `poolhouse signing-key …` and `poolhouse master-key …`: options, help, and the call into the assembly. Part of `cli`.

use std::path::PathBuf;

use super::out::Out;
use super::{production, runtime};
use crate::config::{Ambient, DevOptions};
use crate::operator::commands::{MasterKeyCommand, MasterKeyFileCommand, SigningKeyCommand};
use crate::run::{self, Assembly};
use crate::start_error::StartError;

pub const SIGNING_HELP: &str = "Examples:\n  \
    poolhouse signing-key list --config poolhouse.toml eu-central-1_AbCdEfGhI\n  \
    poolhouse signing-key rotate --config poolhouse.toml eu-central-1_AbCdEfGhI\n  \
    poolhouse signing-key rotate --data .poolhouse --now us-east-1_PoolHouse   beside `poolhouse dev`\n  \
    poolhouse signing-key revoke --config poolhouse.toml eu-central-1_AbCdEfGhI KID\n\n\
    A pool has one key for ID and one for access tokens. A rotation publishes new ones in the JWKS at once, lets them sign a \
    day later, and keeps the old ones published for 25 hours more, so that every token can be verified all the time. The \
    running server does it by itself; [keys] rotate_every_days begins rotations by itself too.";

pub const MASTER_HELP: &str = "Examples:\n  \
    poolhouse master-key create /etc/poolhouse/master.key\n\n  \
    A new key for one server:\n  \
    poolhouse master-key add /etc/poolhouse/master.key             then restart the server\n  \
    poolhouse master-key rewrap --config poolhouse.toml            while it runs\n  \
    poolhouse master-key status --config poolhouse.toml            what still needs the old key\n  \
    poolhouse master-key remove --config poolhouse.toml /etc/poolhouse/master.key OLD_ID\n\n  \
    For several servers, so that each can always read what the others write:\n  \
    poolhouse master-key add --standby FILE      on one; copy FILE to all; restart one after the other\n  \
    poolhouse master-key activate FILE NEW_ID    on all; restart one after the other; then rewrap once";

#[derive(Debug, clap::Args)]
pub struct SigningKeyOptions {
    #[arg(long, value_name = "FILE", global = true, default_value = "poolhouse.toml")]
    config: PathBuf,
    /// Data directory of `poolhouse dev`, in place of a configuration
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "config")]
    data: Option<PathBuf>,
    #[command(subcommand)]
    command: SigningKeyCommand,
}

#[derive(Debug, clap::Subcommand)]
pub enum MasterKeyOptions {
    /// Write a new key to FILE, mode 0600; an existing file is never overwritten
    #[command(after_help = "Example:\n  poolhouse master-key create /etc/poolhouse/master.key\n\n\
        Keep a copy away from the database's backups: without the key the database cannot be opened, and whoever has both \
        has every secret.")]
    Create {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Add a new key to FILE and make it the active one; the others stay to open what they sealed
    Add {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Only open things with it, until `activate`: first every server must know it
        #[arg(long)]
        standby: bool,
    },
    /// Make another key of FILE the active one
    Activate {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(value_name = "KEY_ID")]
        key_id: String,
    },
    /// Count what the database keeps under each key, and show the running servers
    Status {
        #[arg(long, value_name = "FILE", default_value = "poolhouse.toml")]
        config: PathBuf,
    },
    /// Move everything to the active key, beside the running servers; may be interrupted and run again
    Rewrap {
        #[arg(long, value_name = "FILE", default_value = "poolhouse.toml")]
        config: PathBuf,
    },
    /// Take a key out of FILE; refuses while anything needs it, and says what
    Remove {
        #[arg(long, value_name = "CONFIG", default_value = "poolhouse.toml")]
        config: PathBuf,
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(value_name = "KEY_ID")]
        key_id: String,
    },
}

pub fn signing_key(options: &SigningKeyOptions, ambient: &Ambient, out: Out, assembly: &dyn Assembly) -> Result<(), StartError> {
    let settings = match &options.data {
        Some(data) if !data.join("poolhouse.db").exists() => {
            return Err(StartError::Failed(format!("{} holds no database of `poolhouse dev`.", data.display())));
        }
        Some(data) => DevOptions::on(data).settle(ambient).map_err(StartError::Refused)?,
        None => production(&options.config, ambient)?,
    };
    run::harden();
    out.text(&runtime()?.block_on(assembly.signing_key(&settings, &options.command))?);
    Ok(())
}

pub fn master_key(options: MasterKeyOptions, ambient: &Ambient, out: Out, assembly: &dyn Assembly) -> Result<(), StartError> {
    use MasterKeyOptions as O;
    let (config, command) = match options {
        O::Create { file } => return of_file(&MasterKeyFileCommand::Create { file }, out, assembly),
        O::Add { file, standby } => return of_file(&MasterKeyFileCommand::Add { file, standby }, out, assembly),
        O::Activate { file, key_id } => return of_file(&MasterKeyFileCommand::Activate { file, key_id }, out, assembly),
        O::Status { config } => (config, MasterKeyCommand::Status),
        O::Rewrap { config } => (config, MasterKeyCommand::Rewrap),
        O::Remove { config, file, key_id } => (config, MasterKeyCommand::Remove { file, key_id }),
    };
    let settings = production(&config, ambient)?;
    run::harden();
    let tell = move |line: &str| out.text(line);
    out.page(&runtime()?.block_on(assembly.master_key(&settings, &command, &tell))?);
    Ok(())
}

fn of_file(command: &MasterKeyFileCommand, out: Out, assembly: &dyn Assembly) -> Result<(), StartError> {
    run::harden();
    out.page(&assembly.master_key_file(command)?);
    Ok(())
}
