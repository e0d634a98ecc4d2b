//! The command line: what may be asked, help that teaches, and exit codes (0 done, 1 failed, 2 refused).
//! Called by `main` with the assembly of everything behind the sockets.

mod control;
mod doctor;
mod env;
mod explain;
mod greeting;
mod health;
mod http;
mod keys;
pub mod out;
pub mod postman;
mod seed;
pub mod snippets;
mod trust;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::{Ambient, DevOptions, Refusal, ServeConfig, Settings};
use crate::edge;
use crate::operator::commands::{AccessKeyCommand, AuditCommand, OperatorCommand, SeedCommand, UpkeepCommand, WhichStore};
use crate::run::{self, Assembly};
use crate::start_error::StartError;
use control::ControlCommand;
use doctor::DoctorOptions;
use env::{Endpoints, EnvOptions};
use explain::ExplainOptions;
use out::Out;

#[derive(Debug, Parser)]
#[command(
    name = "poolhouse",
    version,
    about = "A self-hosted server that speaks Amazon Cognito user pools",
    after_help = "Start here:\n  poolhouse dev                       everything on, on this machine only\n  \
                  poolhouse env --for cli             what to paste so that the AWS CLI talks to it\n  \
                  poolhouse trust                     let browsers and tools accept its certificates\n  \
                  poolhouse explain ERROR|REQUEST_ID  what an error means, or what became of a request\n  \
                  poolhouse doctor                    what is wrong here, and what to do about it\n  \
                  poolhouse serve --config FILE       production; says what is missing until it is safe"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run with everything on and nothing to configure, reachable from this machine only
    #[command(after_help = "Examples:\n  poolhouse dev\n  poolhouse dev --region eu-central-1 --code 123456\n  \
        poolhouse dev --data /tmp/try --http 127.0.0.1:0 --https 127.0.0.1:0   free ports, throw-away data\n  \
        poolhouse dev --seed team.yaml    its pools, clients and users (./poolhouse.yaml is found without)\n  \
        poolhouse dev --issuer aws    tokens name AWS's host names; point those names at this machine\n  \
        poolhouse dev --quotas aws    throttles as Amazon Cognito does; does your client back off?\n\n\
        Any AWS access key is accepted. Outgoing mail and SMS are shown at http://localhost:9229/_poolhouse/inbox.\n\
        Where a usual port is taken, the next free one is used, and the holder is named; an address that is given is that one or none.\n\
        Log lines: POOLHOUSE_LOG=debug poolhouse dev")]
    Dev(DevOptions),
    /// Run in production; refuses to start until it is safe, and says what to set
    #[command(after_help = "Examples:\n  poolhouse serve --config /etc/poolhouse/poolhouse.toml\n  \
        poolhouse serve --config /dev/null    prints everything that has to be set\n\n\
        A minimal file, behind a proxy on the same machine:\n  public_url = \"https://login.your-company.tld\"\n  \
        [listen]\n  http = \"127.0.0.1:8080\"\n  behind_proxy = [\"127.0.0.1\"]\n  \
        [store]\n  url = \"sqlite:/var/lib/poolhouse/poolhouse.db\"\n  \
        [keys]\n  master_key_file = \"/etc/poolhouse/master.key\"     # poolhouse master-key create FILE\n  \
        [smtp]\n  host = \"mail.your-company.tld\"\n  from = \"Login <no-reply@your-company.tld>\"")]
    Serve {
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Make this machine accept the certificates of the local authority
    #[command(after_help = trust::HELP)]
    Trust(TrustOptions),
    /// Undo `poolhouse trust`
    #[command(after_help = trust::HELP)]
    Untrust(TrustOptions),
    /// Print what to paste into a client
    #[command(after_help = "Examples:\n  eval \"$(poolhouse env --for cli)\"\n  \
        poolhouse env --for js --client-id abc --pool-id eu-central-1_AbCdEfGhI\n  \
        poolhouse env --for postman --out .\n  newman run poolhouse.postman_collection.json -e poolhouse.postman_environment.json \\\n    \
        --ssl-extra-ca-certs .poolhouse/ca.pem\n\nAddresses and region are those of the server that runs, or last ran, on DIR; without ids, those of the demo pool or of the seed\nfile's one client are used.")]
    Env(EnvOptions),
    /// Make, list and delete the access keys that sign administrators' calls
    #[command(after_help = "Examples:\n  \
        poolhouse access-key create --config poolhouse.toml --name ci --allow 'Admin*' --allow ListUsers --pool eu-central-1_AbCdEfGhI\n  \
        poolhouse access-key list --config poolhouse.toml\n  poolhouse access-key delete --config poolhouse.toml AKIA…\n\n\
        A key may do nothing but what --allow names. Its secret is shown once.")]
    AccessKey {
        #[arg(long, value_name = "FILE", global = true, default_value = "poolhouse.toml")]
        config: PathBuf,
        #[command(subcommand)]
        command: AccessKeyCommand,
    },
    /// Say who may use the console: a way in where access is lost
    #[command(after_help = "Examples:\n  poolhouse operator link --config poolhouse.toml\n  \
        poolhouse operator link --config poolhouse.toml --role read-only\n  poolhouse operator list --config poolhouse.toml\n  \
        poolhouse operator remove --config poolhouse.toml ada\n\n\
        Works while the server runs. A link is good for an hour, once; whoever opens it chooses name and password.")]
    Operator {
        #[arg(long, value_name = "FILE", global = true, default_value = "poolhouse.toml")]
        config: PathBuf,
        #[command(subcommand)]
        command: OperatorCommand,
    },
    /// Read the audit trail, and prove that nobody changed it
    #[command(
        after_help = "Examples:\n  poolhouse audit list --config poolhouse.toml --since 2h --pool eu-central-1_AbCdEfGhI\n  \
        poolhouse audit list --config poolhouse.toml --since 7d --alerts --json\n  poolhouse audit verify --config poolhouse.toml\n  \
        poolhouse audit list --data .poolhouse    of a development instance\n\n\
        Works while the server runs. `verify` ends with 1 where a row is not as it was written."
    )]
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    #[command(flatten)]
    Upkeep(UpkeepCommand),
    /// Check, compare, apply and write the file that says which pools, clients and users there are
    #[command(after_help = seed::HELP)]
    Seed {
        #[command(subcommand)]
        command: SeedCommand,
    },
    /// Say what an error means, or what became of a request, and what to do
    #[command(after_help = explain::HELP)]
    Explain(ExplainOptions),
    /// Look for what is wrong with an instance, this machine and this shell, and say what to do; exits with 0 or 1
    #[command(after_help = doctor::HELP)]
    Doctor(DoctorOptions),
    /// Ask a server on this machine whether it lives; exits with 0 or 1
    #[command(after_help = "Examples:\n  poolhouse health\n  poolhouse health http://127.0.0.1:9229/_poolhouse/ready\n\n\
        Without a path /_poolhouse/health is asked, which needs no database.")]
    Health {
        #[arg(value_name = "URL", default_value = "http://127.0.0.1:8080")]
        url: String,
    },
    /// List, change and revoke the keys that sign a pool's tokens
    #[command(after_help = keys::SIGNING_HELP)]
    SigningKey(keys::SigningKeyOptions),
    /// Make and change the keys that seal secrets in the database
    #[command(after_help = keys::MASTER_HELP)]
    MasterKey {
        #[command(subcommand)]
        command: keys::MasterKeyOptions,
    },
    #[command(flatten)]
    Control(ControlCommand),
    /// Print what lets a shell complete these commands
    #[command(after_help = "Examples:\n  source <(poolhouse completion bash)\n  \
        poolhouse completion zsh > ~/.zfunc/_poolhouse\n  poolhouse completion fish > ~/.config/fish/completions/poolhouse.fish")]
    Completion {
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
}

/// Those that are known.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

#[derive(Debug, clap::Args)]
struct TrustOptions {
    /// Data directory of `poolhouse dev`
    #[arg(long, value_name = "DIR", default_value = ".poolhouse")]
    data: PathBuf,
    /// Print the commands and run none
    #[arg(long)]
    dry_run: bool,
}

/// Parses the arguments of the process and does what they say.
pub fn main(assembly: &dyn Assembly) -> ExitCode {
    let cli = Cli::parse();
    let ambient = Ambient::read();
    let out = Out::new(ambient.no_color);
    match dispatch(cli.command, &ambient, out, assembly) {
        Ok(code) => code,
        Err(error) => {
            out.error(&error.to_string());
            ExitCode::from(if matches!(error, StartError::Refused(_)) { 2 } else { 1 })
        }
    }
}

fn dispatch(command: Command, ambient: &Ambient, out: Out, assembly: &dyn Assembly) -> Result<ExitCode, StartError> {
    let done = match command {
        Command::Dev(options) => {
            let mut settings = options.settle(ambient).map_err(StartError::Refused)?;
            if let Some(seed) = seed::of_start(&options)? {
                settings = options.sown(settings, seed);
            }
            // The store's own lock would say so too, later and without an address.
            if let Some((pid, http)) = Endpoints::read(&options.data).ok().and_then(|found| found.alive()) {
                return Err(StartError::Failed(greeting::already(&options.data, pid, &http)));
            }
            start(settings, assembly, |ready| out.page(&greeting::text(ready)))
        }
        Command::Serve { config } => {
            let settings = production(&config, ambient)?;
            start(settings, assembly, |run::Ready { settings, bound, owner_link, .. }| {
                tracing::info!(public_url = %settings.public_url, ?bound, "serving");
                if let Some(link) = owner_link {
                    out.text(&format!("Nobody can use the console yet. Become its owner within an hour, once:\n\n  {link}\n\n"));
                }
            })
        }
        Command::Trust(options) => trust::install(&options.data, options.dry_run, ambient, out),
        Command::Untrust(options) => trust::remove(&options.data, options.dry_run, ambient, out),
        Command::Env(options) => env::print(&options, out),
        Command::AccessKey { config, command } => {
            let settings = production(&config, ambient)?;
            run::harden();
            let reply = runtime()?.block_on(assembly.access_key(&settings, &command))?;
            out.text(&reply);
            Ok(())
        }
        Command::Explain(options) => return explain::run(options, ambient, out, assembly),
        Command::Operator { config, command } => {
            let settings = production(&config, ambient)?;
            run::harden();
            let reply = runtime()?.block_on(assembly.operator(&settings, &command))?;
            out.text(&reply);
            Ok(())
        }
        Command::Doctor(options) => return doctor::run(&options, ambient, out, assembly),
        Command::Health { url } => health::ask(&url, out),
        Command::Audit { command } => {
            let settings = store_of(command.store(), ambient)?;
            run::harden();
            let reply = runtime()?.block_on(assembly.audit(&settings, &command))?;
            out.text(&reply);
            Ok(())
        }
        Command::Seed { command } => return seed::run(&command, ambient, out, assembly),
        Command::SigningKey(options) => keys::signing_key(&options, ambient, out, assembly),
        Command::Control(command) => control::run(command, out),
        Command::Completion { shell } => {
            out.text(&completion(shell));
            Ok(())
        }
        Command::MasterKey { command } => keys::master_key(command, ambient, out, assembly),
        Command::Upkeep(command) => {
            let settings = store_of(command.store(), ambient)?;
            run::harden();
            let reply = runtime()?.block_on(assembly.upkeep(&settings, &command, &move |line| out.progress(line)))?;
            out.text(&reply);
            Ok(())
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn completion(shell: Shell) -> String {
    use clap_complete::{generate, shells};
    let (mut command, mut script) = (Cli::command(), Vec::new());
    match shell {
        Shell::Bash => generate(shells::Bash, &mut command, "poolhouse", &mut script),
        Shell::Zsh => generate(shells::Zsh, &mut command, "poolhouse", &mut script),
        Shell::Fish => generate(shells::Fish, &mut command, "poolhouse", &mut script),
    }
    String::from_utf8_lossy(&script).into_owned()
}

fn store_of(which: &WhichStore, ambient: &Ambient) -> Result<Settings, StartError> {
    match &which.data {
        Some(data) => Ok(DevOptions::stored(data.clone(), ambient)),
        None => production(&which.config, ambient),
    }
}

fn production(config: &Path, ambient: &Ambient) -> Result<Settings, StartError> {
    let config = ServeConfig::read(config).map_err(|error| {
        let set = "poolhouse serve --help shows a minimal file".to_owned();
        StartError::Refused(vec![Refusal::new(error.to_string(), "Nothing is guessed.", set)])
    })?;
    config.settle(ambient).map_err(StartError::Refused)
}

fn start(settings: Settings, assembly: &dyn Assembly, ready: impl FnOnce(run::Ready<'_>)) -> Result<(), StartError> {
    crate::logs::init(&settings.log).map_err(StartError::Failed)?;
    if settings.harden {
        run::harden();
    }
    let prepared = run::prepare(settings, assembly)?;
    prepared.confine()?;
    runtime()?.block_on(async {
        let shutdown = edge::shutdown_signal().map_err(failed)?;
        prepared.serve(ready, shutdown).await
    })
}

fn runtime() -> Result<tokio::runtime::Runtime, StartError> {
    // Soon, because the allocator gives freed memory back to the system when a thread ends.
    let idle = std::time::Duration::from_secs(2);
    tokio::runtime::Builder::new_multi_thread().thread_keep_alive(idle).enable_all().build().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
