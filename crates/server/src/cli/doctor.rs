//! `poolhouse doctor`: what is wrong with an instance, with this machine and with this shell, each with its next step. Looks,
//! and changes nothing. Puts together what other commands know: `check`, `trust`, the control API, the checks of `serve`.
//! Called by `cli`.

mod clients;
mod files;
mod findings;
mod servers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::env::Endpoints;
use super::out::Out;
use super::{runtime, snippets};
use crate::config::{Ambient, DevOptions, ServeConfig, Settings, Tls};
use crate::operator::commands::{UpkeepCommand, WhichStore};
use crate::run::{self, Assembly};
use crate::start_error::StartError;
use findings::{Finding, Findings};

pub(super) const HELP: &str = "Examples:\n  poolhouse doctor                      a development instance in ./.poolhouse\n  \
    poolhouse doctor --data /tmp/try\n  poolhouse doctor --config /etc/poolhouse/poolhouse.toml\n  \
    poolhouse doctor --json | jq '.checks[] | select(.status != \"ok\")'\n\n\
    Looks and changes nothing; sends no mail. Works while servers run, and while none does. Run it as the user the server runs as, in \
    the\nshell your client runs in. Exits with 1 where something is bad; a warning is none.";

#[derive(Debug, clap::Args)]
pub(super) struct DoctorOptions {
    /// Data directory of `poolhouse dev`
    #[arg(long, value_name = "DIR", default_value = ".poolhouse", conflicts_with = "config")]
    data: PathBuf,
    /// Configuration of `poolhouse serve`, instead of a data directory
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &DoctorOptions, ambient: &Ambient, out: Out, assembly: &dyn Assembly) -> Result<ExitCode, StartError> {
    run::harden();
    let findings = match &options.config {
        Some(config) => serve(config, ambient, assembly)?,
        None => dev(&options.data, ambient, assembly)?,
    };
    if options.json {
        out.text(&findings.json());
    } else {
        out.findings(&findings.text());
    }
    Ok(if findings.any_bad() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn dev(data: &Path, ambient: &Ambient, assembly: &dyn Assembly) -> Result<Findings, StartError> {
    let mut found = Findings::on(data);
    let start = format!("poolhouse dev{}", option("--data", data, ".poolhouse"));
    let settings = DevOptions::stored(data.to_owned(), ambient);
    found.push(files::directory(data, &start));
    if data.is_dir() {
        found.push(files::space(data));
        store(&mut found, &settings, WhichStore { config: PathBuf::new(), data: Some(data.to_owned()) }, assembly)?;
        found.extend(files::authority(data, ambient));
    }
    let running = match Endpoints::read(data) {
        Ok(running) => running,
        Err(error) => {
            found.push(Finding::bad("server", format!("{error}. It is written anew at a start."), &start));
            Endpoints::default()
        }
    };
    found.extend(servers::of_dev(&running, &settings, data, &start));
    let region = running.region.as_deref().unwrap_or(&settings.region);
    found.push(clients::names(region));
    let ours = [running.http.as_deref(), running.https.as_deref()];
    let env = format!("eval \"$(poolhouse env --for cli{})\"", option("--data", data, ".poolhouse"));
    found.extend(clients::environment(&ambient.aws, &ours, region, &env));
    Ok(found)
}

fn serve(config: &Path, ambient: &Ambient, assembly: &dyn Assembly) -> Result<Findings, StartError> {
    let mut found = Findings::on(config);
    let read = match ServeConfig::read(config) {
        Ok(read) => read,
        Err(error) => {
            found.push(Finding::bad("configuration", format!("{error}."), "poolhouse serve --help      # shows a minimal file"));
            return Ok(found);
        }
    };
    let settings = match read.settle(ambient) {
        Ok(settings) => settings,
        Err(refusals) => {
            for refusal in refusals {
                found.push(Finding::bad("configuration", format!("{} {}", refusal.what, refusal.why), &refusal.set));
            }
            return Ok(found);
        }
    };
    found.push(Finding::ok("configuration", format!("{} is complete and safe.", config.display())));
    if let Some(dir) = files::directory_of(&settings) {
        found.push(files::space(&dir));
    }
    store(&mut found, &settings, WhichStore { config: config.to_owned(), data: None }, assembly)?;
    if let Tls::Files { certificate, .. } = &settings.tls {
        found.push(files::expiry(certificate, "renew it: the server takes up the new files by itself"));
    }
    found.extend(servers::of_serve(&settings, config));
    found.extend(servers::mail(&settings));
    let (own, env) = (Some(settings.public_url.as_str()), "unset AWS_ENDPOINT_URL AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER");
    found.extend(clients::environment(&ambient.aws, &[own], &settings.region, env));
    Ok(found)
}

/// The master keys, and whether the store opens with them and is whole.
fn store(found: &mut Findings, settings: &Settings, which: WhichStore, assembly: &dyn Assembly) -> Result<(), StartError> {
    let (there, deep) = (
        files::store_there(settings),
        match &which.data {
            Some(data) => format!("poolhouse check --data {}", shell(data)),
            None => format!("poolhouse check --config {}", shell(&which.config)),
        },
    );
    let key = files::master_key(&settings.master_key, there);
    let usable = key.is_ok();
    found.push(key);
    if !there {
        found.push(Finding::warn("store", "There is no database yet; the first start makes it.", None));
        return Ok(());
    }
    if !usable {
        found.push(Finding::warn("store", "Not opened: that needs the master key.", None));
        return Ok(());
    }
    let command = UpkeepCommand::Check { store: which, quick: true };
    found.push(match runtime()?.block_on(assembly.upkeep(settings, &command, &|_| {})) {
        Ok(_) => Finding::ok("store", "It opens, its schema fits this program, and no damage was found (users were not read)."),
        Err(error) => Finding::bad("store", error.to_string(), &deep),
    });
    Ok(())
}

/// A command's option that names a path, unless it is the usual one.
fn option(name: &str, path: &Path, usual: &str) -> String {
    if path == Path::new(usual) { String::new() } else { format!(" {name} {}", shell(path)) }
}

fn shell(path: &Path) -> String {
    snippets::shell(&path.display().to_string())
}
