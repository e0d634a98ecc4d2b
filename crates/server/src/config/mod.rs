//! Configuration: what was given on the command line, in the file and in the environment becomes one [`Settings`].
//!
//! Owns every default, and is the only place that reads the environment. `dev` and `serve` differ in the values they
//! put into [`Settings`] and in nothing else: rules read a value, never a mode. Called by `cli`.

mod check;
mod dev;
mod file;
mod limits;
mod refusal;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use poolhouse_engine::operators::Times;
use poolhouse_engine::rates;
use serde::Deserialize;

use crate::client_ip::Cidr;
use crate::edge::Limits;
use crate::seed::Seed;

pub use dev::DevOptions;
pub use file::{ConfigError, ServeConfig};
pub use refusal::{Refusal, numbered};

/// Everything the program needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file these come from, for messages.
    pub file: Option<PathBuf>,
    /// Origin under which clients reach this server: scheme, host, port; no trailing slash. Links, the issuer and
    /// redirects are built from this alone, never from a request's headers.
    pub public_url: String,
    pub http: Option<SocketAddr>,
    pub https: Option<SocketAddr>,
    pub moves: Moves,
    pub tls: Tls,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    pub store_url: Secret,
    pub master_key: MasterKeySource,
    /// Signing keys are changed when they have signed for so many days; `None`: when an operator says so, as on Cognito.
    pub rotate_every_days: Option<u16>,
    pub mail: Mail,
    pub callers: Callers,
    /// Twelve digits, in every ARN.
    pub account_id: String,
    /// Region of calls that name none.
    pub region: String,
    pub issuer: IssuerMode,
    pub hash: HashCost,
    /// Of connections.
    pub limits: Limits,
    /// Of requests and of guesses.
    pub rates: rates::Settings,
    /// Where the local authority and the default store live; `serve` has none.
    pub data_dir: Option<PathBuf>,
    /// The value of every confirmation and one-time code.
    pub fixed_code: Option<String>,
    /// Make a pool, a client and a user of fixed ids on the first start.
    pub demo: bool,
    /// Applied at the start.
    pub seed: Option<Arc<Seed>>,
    /// Client secrets that a seed has generated follow from its names: the same everywhere, and no secret from who knows the file.
    pub guessable_secrets: bool,
    /// Offer the inbox and the rest of `/_poolhouse/` beyond health, and tell causes on error pages.
    pub open_control: bool,
    pub console: Console,
    /// Where `/metrics` is served, alone and over plain HTTP.
    pub metrics: Option<SocketAddr>,
    /// How long the audit trail is kept.
    pub audit_days: i64,
    /// How long what the console deletes can be put back, days; 0: not at all.
    pub undo_days: i64,
    pub log: Log,
    /// Close the process's memory to core dumps and other processes.
    pub harden: bool,
    pub sandbox: Sandbox,
}

/// Which listeners may take one of the next ports where theirs is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moves {
    pub http: bool,
    pub https: bool,
}

/// Where the console is, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// Not mounted anywhere.
    Closed,
    /// On the public address, without signing in: only ever together with loopback listeners.
    Open,
    /// For operators who sign in.
    Operators {
        /// Its own listener, over plain HTTP; `None`: on the public address.
        listen: Option<SocketAddr>,
        times: Times,
    },
}

impl Console {
    /// Whether the public address serves it.
    #[must_use]
    pub fn is_public(self) -> bool {
        matches!(self, Self::Open | Self::Operators { listen: None, .. })
    }
}

/// How long the audit trail is kept unless said otherwise: a year, and time to look back at it.
const AUDIT_DAYS: i64 = 400;

/// How long a deletion can be undone unless said otherwise.
const UNDO_DAYS: i64 = 7;

/// Where HTTPS certificates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// The local authority in this directory.
    LocalCa(PathBuf),
    Files {
        certificate: PathBuf,
        key: PathBuf,
    },
    /// A proxy in front does it.
    None,
}

/// Where the master key ring is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// Must exist, mode 0600.
    File(PathBuf),
    /// A systemd credential: must exist; group bits may show its access list.
    Credential(PathBuf),
    /// Made on the first start of a data directory.
    FileOrCreate(PathBuf),
}

impl MasterKeySource {
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Credential(path) | Self::FileOrCreate(path) => path,
        }
    }

    /// Why the file cannot hold the keys, beginning with its path; `None` when it can.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        // systemd renders a credential's access list as group bits.
        let forbidden = if matches!(self, Self::Credential(_)) { 0o037 } else { 0o077 };
        check::file_problem(self.path(), forbidden)
    }
}

/// Where outgoing messages go.
#[derive(Debug, Clone)]
pub enum Mail {
    /// Kept in the store, shown on a page.
    Inbox,
    Smtp(Smtp),
}

#[derive(Debug, Clone)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    pub username: Option<String>,
    pub password: Option<Secret>,
    /// Sender address of messages for which a pool names none.
    pub from: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    None,
    Starttls,
    Tls,
}

/// Whose AWS signatures count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callers {
    /// Any access key, unproved: only ever together with loopback listeners.
    AnyKey,
    /// Access keys of the store, proved by their secret.
    AccessKeys,
}

/// What `iss` of a pool says unless the pool chooses itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum IssuerMode {
    /// `{public_url}/{pool id}`
    #[default]
    Local,
    /// `https://cognito-idp.{region}.amazonaws.com/{pool id}`
    Aws,
    /// `https://issuer-cognito-idp.{region}.amazonaws.com/{pool id}`
    AwsUpdated,
}

/// Whether the process gives up, before the first request, what serving does not need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sandbox {
    Off,
    /// As far as the kernel can; what it cannot is logged.
    #[default]
    On,
    /// In full, or there is no start.
    Require,
}

/// Whose request quotas hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum QuotaMode {
    /// Amazon Cognito's, for each pool
    Aws,
    /// None
    Off,
}

/// Cost of one password hash (Argon2id).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashCost {
    pub memory_kib: u32,
    pub passes: u32,
    pub lanes: u32,
}

impl Default for HashCost {
    /// OWASP Password Storage Cheat Sheet, first choice for Argon2id with one lane.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// The form of log lines on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pub json: bool,
    /// `tracing-subscriber` filter, such as `info,poolhouse=debug`.
    pub filter: String,
}

/// A text that debug output and logs must not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; every use of this is a place to look at.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[secret]")
    }
}

/// What the environment says; read once, at the start.
#[derive(Debug, Clone, Default)]
pub struct Ambient {
    /// systemd's `$CREDENTIALS_DIRECTORY`.
    pub credentials: Option<PathBuf>,
    pub home: Option<PathBuf>,
    /// `$NO_COLOR` is set (<https://no-color.org>).
    pub no_color: bool,
    /// `$POOLHOUSE_LOG`: a filter for log lines.
    pub log: Option<String>,
    /// What says to AWS's tools where calls go, by name: [`AWS_VARIABLES`] that are set.
    pub aws: BTreeMap<&'static str, String>,
}

/// Variables that lead the calls of AWS's tools; those that hold a secret are not among them.
const AWS_VARIABLES: [&str; 7] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

impl Ambient {
    /// Reads the environment. No secret is ever taken from it: other processes and crash reports can see it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            credentials: text("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            home: text("HOME").map(PathBuf::from),
            no_color: text("NO_COLOR").is_some(),
            log: text("POOLHOUSE_LOG"),
            aws: AWS_VARIABLES.iter().filter_map(|name| Some((*name, text(name)?))).collect(),
        }
    }
}
