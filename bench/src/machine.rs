//! The machine a run was made on, and where its results are kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use crate::results::Machine;
use crate::site::{civil, seconds};

/// This machine, today.
///
/// # Errors
/// Never on Linux.
pub fn this() -> Result<Machine, String> {
    let read = |path: &str| fs::read_to_string(path).map_err(|e| format!("{path}: {e}"));
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
    };
    let kib = field(&read("/proc/meminfo")?, "MemTotal");
    let kib: u64 = kib.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0);
    let rustc = Command::new("rustc").arg("--version").output().map(|output| output.stdout).unwrap_or_default();
    Ok(Machine {
        cpu: field(&read("/proc/cpuinfo")?, "model name"),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory_mb: kib * 1024 / 1_000_000,
        kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        rustc: String::from_utf8_lossy(&rustc).trim().to_owned(),
        date: civil(seconds()).0,
    })
}

/// Where results are kept.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results")
}

/// Writes the results of a command to `bench/results/NAME.json`.
///
/// # Errors
/// The file cannot be written.
pub fn keep(name: &str, results: &impl Serialize) -> Result<(), String> {
    let directory = folder();
    let text = serde_json::to_string_pretty(results).map_err(|e| e.to_string())?;
    let path = directory.join(format!("{name}.json"));
    fs::create_dir_all(&directory).and_then(|()| fs::write(&path, text + "\n")).map_err(|e| format!("{}: {e}", path.display()))
}
