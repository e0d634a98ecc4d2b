//! `poolhouse dev`: no file, every default chosen, loopback only. Called by `cli`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use poolhouse_engine::rates;

use super::{
    AUDIT_DAYS, Ambient, Callers, HashCost, IssuerMode, Log, Mail, MasterKeySource, Moves, QuotaMode, Refusal, Sandbox, Secret,
    Settings, Tls, UNDO_DAYS,
};
use crate::edge::Limits;
use crate::host;
use crate::seed::Seed;

/// Region of an instance that is told none.
const REGION: &str = "us-east-1";
/// Ports of an instance that is told none, where they are free.
const HTTP_PORT: u16 = 9229;
const HTTPS_PORT: u16 = 9443;

/// The options of `poolhouse dev`.
#[derive(Debug, Clone, clap::Args)]
pub struct DevOptions {
    /// Directory of the database, the master key and the local certificate authority
    #[arg(long, value_name = "DIR", default_value = ".poolhouse")]
    pub data: PathBuf,
    /// Address for plain HTTP; port 0 takes a free one [default: 127.0.0.1:9229, or the next port that is free]
    #[arg(long, value_name = "ADDR")]
    pub http: Option<SocketAddr>,
    /// Address for HTTPS with certificates of the local authority [default: 127.0.0.1:9443, or the next port that is free]
    #[arg(long, value_name = "ADDR")]
    pub https: Option<SocketAddr>,
    /// Do not make the demo pool on the first start
    #[arg(long)]
    pub no_demo: bool,
    /// What tokens name as their issuer: this server, or AWS's host names
    #[arg(long, value_enum, value_name = "MODE", default_value = "local")]
    pub issuer: IssuerMode,
    /// Fix every confirmation and one-time code to these six digits
    #[arg(long, value_name = "DIGITS")]
    pub code: Option<String>,
    /// Seed file to apply at the start [default: ./poolhouse.yaml, if it is there]; no demo pool is made then
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Leave ./poolhouse.yaml alone
    #[arg(long, conflicts_with = "seed")]
    pub no_seed: bool,
    /// Region of the demo pool and of calls that name none [default: the seed file's, else us-east-1]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Limit requests and guesses as `poolhouse serve` does, to try how a client backs off
    #[arg(long, value_enum, value_name = "WHOSE", default_value = "off")]
    pub quotas: QuotaMode,
}

impl DevOptions {
    /// The defaults on this data directory, for commands beside a development server.
    #[must_use]
    pub fn on(data: &Path) -> Self {
        #[derive(clap::Parser)]
        struct Defaults {
            #[command(flatten)]
            options: DevOptions,
        }
        let defaults = <Defaults as clap::Parser>::parse_from(["poolhouse"]).options;
        Self { data: data.to_owned(), ..defaults }
    }

    /// # Errors
    /// A listener that others could reach, a malformed code or region.
    pub fn settle(&self, ambient: &Ambient) -> Result<Settings, Vec<Refusal>> {
        let refusals = self.refusals();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        Ok(self.settings(ambient))
    }

    /// With what a seed file says about the instance: its pools instead of the demo's, and its region unless one was given.
    #[must_use]
    pub fn sown(&self, settings: Settings, seed: Seed) -> Settings {
        let region = self.region.clone().unwrap_or_else(|| seed.region.clone());
        Settings { region, demo: false, seed: Some(Arc::new(seed)), ..settings }
    }

    fn settings(&self, ambient: &Ambient) -> Settings {
        Settings {
            file: None,
            public_url: format!("http://localhost:{}", self.http().port()),
            http: Some(self.http()),
            https: Some(self.https()),
            // An address that was asked for is that address or none.
            moves: Moves { http: self.http.is_none(), https: self.https.is_none() },
            tls: Tls::LocalCa(self.data.clone()),
            trusted_proxies: Vec::new(),
            store_url: Secret::new(format!("sqlite:{}", self.data.join("poolhouse.db").display())),
            master_key: MasterKeySource::FileOrCreate(self.data.join("master.key")),
            rotate_every_days: None,
            mail: Mail::Inbox,
            callers: Callers::AnyKey,
            account_id: "123456789012".into(),
            region: self.region.clone().unwrap_or_else(|| REGION.into()),
            issuer: self.issuer,
            hash: HashCost::default(),
            limits: Limits { drain: Duration::from_secs(2), ..Limits::default() },
            rates: match self.quotas {
                QuotaMode::Aws => rates::Settings::aws(),
                QuotaMode::Off => rates::Settings::default(),
            },
            data_dir: Some(self.data.clone()),
            fixed_code: self.code.clone(),
            demo: !self.no_demo,
            seed: None,
            guessable_secrets: true,
            open_control: true,
            metrics: None,
            audit_days: AUDIT_DAYS,
            undo_days: UNDO_DAYS,
            log: Log { json: false, filter: ambient.log.clone().unwrap_or_else(|| "warn".into()) },
            harden: false,
            sandbox: Sandbox::Off,
        }
    }

    /// The settings of a directory that `poolhouse dev` has filled, for commands that look after it: nothing is created.
    #[must_use]
    pub fn stored(data: PathBuf, ambient: &Ambient) -> Settings {
        let master_key = MasterKeySource::File(data.join("master.key"));
        let options = Self {
            data,
            http: None,
            https: None,
            no_demo: true,
            issuer: IssuerMode::default(),
            code: None,
            seed: None,
            no_seed: true,
            region: None,
            quotas: QuotaMode::Off,
        };
        Settings { master_key, data_dir: None, ..options.settings(ambient) }
    }

    fn http(&self) -> SocketAddr {
        self.http.unwrap_or(SocketAddr::from(([127, 0, 0, 1], HTTP_PORT)))
    }

    fn https(&self) -> SocketAddr {
        self.https.unwrap_or(SocketAddr::from(([127, 0, 0, 1], HTTPS_PORT)))
    }

    fn refusals(&self) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for (option, address) in [("--http", self.http()), ("--https", self.https())] {
            if !address.ip().is_loopback() {
                refusals.push(Refusal::new(
                    format!("{option} {address} is not a loopback address."),
                    "Development mode accepts any access key and shows every message: whoever reaches it owns it.",
                    format!("{option} 127.0.0.1:{}, or run `poolhouse serve`", address.port()),
                ));
            }
        }
        if self.code.as_ref().is_some_and(|code| code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit())) {
            refusals.push(Refusal::new(
                "--code is not six digits.",
                "Clients and pages accept codes of six digits only.",
                "--code 123456",
            ));
        }
        if let Some(region) = self.region.as_deref().filter(|region| !host::is_region(region)) {
            refusals.push(Refusal::new(
                format!("--region {} is not the name of a region.", region.escape_default()),
                "It becomes part of pool ids, ARNs and host names.",
                "--region eu-central-1",
            ));
        }
        refusals
    }
}
