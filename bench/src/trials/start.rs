//! How soon `poolhouse dev` answers, in an empty directory and in one it has filled, what it keeps in memory when nothing is asked, and
//! how soon it is back at its seed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::console::{note, say};
use crate::load::http::{CREDENTIAL, Call, Connection};
use crate::machine;
use crate::measure::median;
use crate::process::{Process, free_address};
use crate::results::Start;

/// How long after the first answer memory is read.
const IDLE: Duration = Duration::from_secs(10);
/// Users of the seed that is gone back to, and how often.
pub const SEEDED: usize = 1_000;
const RESETS: usize = 15;
const POOL: &str = "us-east-1_Resettles";

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
        binary_mb: crate::load::driver::as_f64(size) / 1e6,
        reset_ms: Vec::new(),
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
    start.reset_ms = resets(binary, directory).await?;
    say(&format!("reset        {:>6.1} ms with {SEEDED} users", median(start.reset_ms.clone())));
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

/// Milliseconds of each reset, something having been changed before it.
async fn resets(binary: &Path, directory: &Path) -> Result<Vec<f64>, String> {
    note(&format!("reset: a seed of {SEEDED} users, whose passwords are hashed first"));
    let (seed, data) = (directory.join("reset.yaml"), directory.join("reset"));
    let _ = std::fs::remove_dir_all(&data);
    let users: String = (0..SEEDED)
        .map(|n| format!("  - {{username: user-{n}, password: Correct-Horse-9, attributes: {{name: User {n}}}}}\n"))
        .collect();
    let text = format!("version: 1\nregion: us-east-1\npools:\n- id: {POOL}\n  name: reset\n  users:\n{users}");
    std::fs::write(&seed, text).map_err(|e| format!("{}: {e}", seed.display()))?;
    let (http, https) = (free_address()?, free_address()?);
    let mut command = Command::new(binary);
    command.arg("dev").arg("--data").arg(&data).arg("--seed").arg(&seed);
    command.args(["--http", &http.to_string(), "--https", &https.to_string()]);
    let process = Process::start(command, http, "/_poolhouse/health", &directory.join("reset.log")).await?;
    let mut connection = Connection::to(process.address);
    let change = Call::operation("AdminDisableUser", &json!({ "UserPoolId": POOL, "Username": "user-7" }))
        .with("host", &http.to_string())
        .with("authorization", CREDENTIAL);
    let reset = Call::form("/_poolhouse/reset", &[]).with("content-type", "application/json").with("host", &http.to_string());
    let mut taken = Vec::new();
    for _ in 0..RESETS {
        connection.send(&change).await?.expect(200)?;
        let began = Instant::now();
        connection.send(&reset).await?.expect(200)?;
        taken.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(taken)
}
