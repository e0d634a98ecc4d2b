//! The file of `poolhouse serve --config FILE`: its shape, and errors that name the line. Called by `cli`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;

use super::{IssuerMode, QuotaMode, Sandbox, Secret, SmtpSecurity};

/// The file as written. Every member may be absent here: [`ServeConfig::settle`] says what is missing, all at once.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// Where this was read from, for messages.
    #[serde(skip)]
    pub path: PathBuf,
    pub public_url: Option<String>,
    pub region: Option<String>,
    pub account_id: Option<String>,
    pub issuer: IssuerMode,
    /// Filter for log lines.
    pub log: Option<String>,
    pub listen: Listen,
    pub tls: TlsFiles,
    pub store: Store,
    pub keys: Keys,
    pub smtp: SmtpFile,
    pub hash: Hash,
    pub audit: AuditFile,
    pub metrics: MetricsFile,
    pub console: ConsoleFile,
    pub sandbox: Sandbox,
    pub limits: LimitsFile,
    // Settings of development mode: recognised only so that they can be refused with a reason. Written out rather than
    // flattened in, since flattening loses the line of every error.
    code: Option<Value>,
    demo: Option<Value>,
    inbox: Option<Value>,
    any_key: Option<Value>,
    clock: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    pub http: Option<SocketAddr>,
    pub https: Option<SocketAddr>,
    /// Address ranges of the proxies that terminate TLS in front of `http`.
    pub behind_proxy: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsFiles {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    #[serde(deserialize_with = "secret")]
    pub url: Option<Secret>,
    /// A file that holds the URL, when it holds a password.
    pub url_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keys {
    pub master_key_file: Option<PathBuf>,
    /// Days after which signing keys are changed.
    pub rotate_every_days: Option<u16>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpFile {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub security: Option<SmtpSecurity>,
    pub username: Option<String>,
    pub password_file: Option<PathBuf>,
    pub from: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hash {
    pub memory_kib: Option<u32>,
    pub passes: Option<u32>,
    pub lanes: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsFile {
    pub quotas: Option<QuotaMode>,
    /// Instead of AWS's, by category.
    pub requests_per_second: BTreeMap<String, u32>,
    pub guesses_per_minute_per_address: Option<u32>,
    pub guesses_per_minute_per_client: Option<u32>,
    pub guesses_per_minute_per_pool: Option<u32>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditFile {
    pub retention_days: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsFile {
    pub listen: Option<SocketAddr>,
    /// Whoever reaches `listen` may read it.
    pub public: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleFile {
    /// Days for which what the console deletes can be put back.
    pub undo_days: Option<i64>,
}

fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
}

/// A file that cannot be read or understood.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{path} cannot be read: {error}")]
    Unreadable { path: PathBuf, error: std::io::Error },
    /// `near` is the key of the line, never its value: values may be secrets.
    #[error("{path}, line {line}{near}: {why}")]
    Malformed { path: PathBuf, line: usize, near: String, why: String },
}

impl ServeConfig {
    /// Reads and parses a file.
    ///
    /// # Errors
    /// [`ConfigError`], naming file and line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|error| ConfigError::Unreadable { path: path.into(), error })?;
        Self::parse(&text, path)
    }

    /// The names of those settings of development mode that the file holds.
    pub(super) fn dev_only(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("code", &self.code),
            ("demo", &self.demo),
            ("inbox", &self.inbox),
            ("any_key", &self.any_key),
            ("clock", &self.clock),
        ];
        all.into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name)
    }

    /// Parses the text of a file; `path` is for messages.
    ///
    /// # Errors
    /// [`ConfigError::Malformed`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = text.get(..start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let near = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
            // In a text of several lines, or one pasted without its name, a secret stands before an equals sign.
            let near = near.filter(|key| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            let near = near.map(|key| format!(" ({key})")).unwrap_or_default();
            ConfigError::Malformed { path: path.into(), line, near, why: blank(error.message()) }
        })?;
        config.path = path.into();
        Ok(config)
    }
}

/// `invalid type: string "hunter2", expected …` without the value.
fn blank(message: &str) -> String {
    let mut parts = message.split('"');
    let (Some(first), Some(_), Some(last)) = (parts.next(), parts.next(), parts.next_back()) else {
        return message.to_owned();
    };
    format!("{first}\"…\"{last}")
}
