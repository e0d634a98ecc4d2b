//! Log lines on standard error: plain in development, JSON in production. Called once, by `cli`.

use tracing_subscriber::EnvFilter;

use crate::config::Log;

/// Installs the process-wide subscriber.
///
/// # Errors
/// A sentence, when the filter is malformed or a subscriber is installed already.
pub fn init(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| format!("log filter {:?}: {error}", log.filter))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let done = if log.json { lines.json().flatten_event(true).try_init() } else { lines.try_init() };
    done.map_err(|error| error.to_string())
}
