//! A PostgreSQL of the run's own, as durable as a production one (fsync on), from the binaries Debian installs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{cpu_of_tree, free_address};

/// A running cluster; stopped and removed with the value.
pub struct Postgres {
    pub url: String,
    data: PathBuf,
    bin: PathBuf,
}

impl Postgres {
    /// Makes and starts a cluster under `directory`. The server refuses to run as root, so there it is started as `postgres`.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub fn start(directory: &Path) -> Result<Self, String> {
        let bin = binaries()?;
        let data = std::env::temp_dir().join(format!(
            "poolhouse-bench-pg-{}-{}",
            std::process::id(),
            directory.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
        ));
        let _ = std::fs::remove_dir_all(&data);
        let port = free_address()?.port();
        let postgres = Self { url: format!("postgres://poolhouse@127.0.0.1:{port}/postgres?sslmode=disable"), data, bin };
        let place = postgres.data.display().to_string();
        postgres
            .run("initdb", &["-D", &place, "-U", "poolhouse", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions"])?;
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={place} -c max_connections=100 -c shared_buffers=256MB"
        );
        let log = format!("{place}/server.log");
        postgres.run("pg_ctl", &["-D", &place, "-w", "-o", &options, "-l", &log, "start"])?;
        Ok(postgres)
    }

    /// Statistics for the planner, as autovacuum makes them a minute later.
    ///
    /// # Errors
    /// psql's words.
    pub fn analyse(&self) -> Result<(), String> {
        self.run("psql", &["-q", "-d", &self.url, "-c", "VACUUM ANALYZE"])
    }

    /// Processor time of the server and its backends, those that ended not counted.
    pub fn cpu(&self) -> Duration {
        let pid = std::fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        pid.lines().next().and_then(|line| line.trim().parse().ok()).map_or(Duration::ZERO, cpu_of_tree)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), String> {
        let path = self.bin.join(program);
        let mut command = if nix::unistd::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&path);
            command
        } else {
            Command::new(&path)
        };
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let began = Instant::now();
        let child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
        if program == "pg_ctl" {
            // Its server keeps the pipe open, so its end cannot be waited for there.
            return wait(child, began);
        }
        let output = child.wait_with_output().map_err(|e| format!("{program}: {e}"))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(format!("{program}: {said}")) }
    }
}

fn wait(mut child: std::process::Child, began: Instant) -> Result<(), String> {
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("pg_ctl: {status}")),
            None if began.elapsed() > Duration::from_secs(60) => return Err("PostgreSQL does not start".to_owned()),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let place = self.data.display().to_string();
        let _ = self.run("pg_ctl", &["-D", &place, "-w", "-m", "immediate", "stop"]);
        let _ = std::fs::remove_dir_all(&self.data);
    }
}

/// Where Debian puts the newest server's programs.
fn binaries() -> Result<PathBuf, String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).collect();
    found.sort();
    found.pop().ok_or_else(|| "PostgreSQL is not installed: apt-get install postgresql".to_owned())
}
