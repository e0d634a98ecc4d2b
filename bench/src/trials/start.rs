//! How soon `poolhouse dev` answers, in an empty directory and in one it has filled, and what it keeps in memory when nothing is asked.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::console::{note, say};
use crate::machine;
use crate::measure::median;
use crate::process::{Process, free_address};
use crate::results::Start;

/// How long after the first answer memory is read.
const IDLE: Duration = Duration::from_secs(10);

/// # Errors
/// The program does not start.
pub async fn run(binary: &Path, directory: &Path, rounds: usize) -> Result<Start, String> {
    let size = std::fs::metadata(binary).map_err(|e| format!("{}: {e}", binary.display()))?.len();
    let mut start = Start {
        machine: machine::this()?,
        first_ms: Vec::new(),
        later_ms: Vec::new(),
        first_idle_mb: Vec::new(),
        later_idle_mb: Vec::new(),
        binary_mb: crate::driver::as_f64(size) / 1e6,
    };
    for round in 0..rounds {
        note(&format!("start {} of {rounds}", round + 1));
        let data = directory.join("start");
        let _ = std::fs::remove_dir_all(&data);
        let (ready, idle) = once(binary, &data, directory).await?;
        start.first_ms.push(ready);
        start.first_idle_mb.push(idle);
        let (ready, idle) = once(binary, &data, directory).await?;
        start.later_ms.push(ready);
        start.later_idle_mb.push(idle);
    }
    let line = |what: &str, ms: &[f64], mb: &[f64]| {
        format!("{what:<12} ready after {:>6.0} ms, idle {:>5.1} MB", median(ms.to_vec()), median(mb.to_vec()))
    };
    say(&line("first start", &start.first_ms, &start.first_idle_mb));
    say(&line("later start", &start.later_ms, &start.later_idle_mb));
    say(&format!("binary       {:.1} MB", start.binary_mb));
    Ok(start)
}

async fn once(binary: &Path, data: &Path, directory: &Path) -> Result<(f64, f64), String> {
    let (http, https) = (free_address()?, free_address()?);
    let mut command = Command::new(binary);
    command.arg("dev").arg("--data").arg(data);
    command.args(["--http", &http.to_string(), "--https", &https.to_string()]);
    let process = Process::start(command, http, "/_poolhouse/health", &directory.join("start.log")).await?;
    tokio::time::sleep(IDLE).await;
    Ok((process.ready.as_secs_f64() * 1000.0, process.memory_mb()))
}
