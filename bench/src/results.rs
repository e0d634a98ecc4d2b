//! What was measured, as it is kept in `bench/results/*.json` and read by the page.

use serde::{Deserialize, Serialize};

/// The machine and the day of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub memory_mb: u64,
    pub kernel: String,
    pub rustc: String,
    /// `YYYY-MM-DD`.
    pub date: String,
}

/// A part of a floor: so many of these at so many milliseconds each.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FloorPart {
    pub name: String,
    pub count: f64,
    pub ms: f64,
}

/// One operation of one subject. Every figure is the median of `runs` runs; latencies of one run are exact percentiles.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measured {
    pub operation: String,
    /// `poolhouse`, or the name of a peer.
    pub subject: String,
    /// `SQLite`, `PostgreSQL`, `PostgreSQL, two processes`; for a peer, what it keeps things in.
    pub store: String,
    /// Users in the pool.
    pub users: usize,
    /// Connections that ask at the same time.
    pub clients: usize,
    pub runs: usize,
    /// Steps of one run.
    pub steps: u64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Processor time of the subject's processes for one step, milliseconds.
    pub cpu_ms: f64,
    /// The least and the greatest of the runs.
    pub cpu_ms_range: (f64, f64),
    /// Processor time of the database server for one step, milliseconds.
    pub database_cpu_ms: Option<f64>,
    pub peak_memory_mb: f64,
    /// Steps that failed, over all runs, with what was said.
    pub failures: Vec<(String, u64)>,
    /// What the operation cannot do without, measured in the same run; empty where no floor is known.
    pub floor: Vec<FloorPart>,
    /// `cpu_ms` over the sum of the floor: the median of the runs' ratios.
    pub ratio: Option<f64>,
}

/// A run of `operations`, `sizes`, `stores` or `peers`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    pub machine: Machine,
    pub measured: Vec<Measured>,
    pub subjects: Vec<Subject>,
}

/// What is known of a subject beside its operations.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subject {
    pub name: String,
    pub version: String,
    /// From the start of the process to its first answer, milliseconds.
    pub ready_ms: f64,
    /// Resident memory of the process tree, 10^6 bytes.
    pub idle_mb: f64,
    pub loaded_mb: f64,
    /// What it takes on disk, without an interpreter it runs on, 10^6 bytes.
    pub installed_mb: f64,
    /// What it leaves out, so that figures beside each other are not of the same work.
    pub unequal: Vec<String>,
}

/// One point of an overload: so much offered, so much done.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Curve {
    pub operation: String,
    /// Times the capacity that was measured first.
    pub times: f64,
    pub offered_per_second: f64,
    pub good_per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Answers that were not the wanted one, by what was said.
    pub refused: Vec<(String, u64)>,
    /// What else was seen meanwhile; not kept by older runs.
    #[serde(default)]
    pub meanwhile: Option<Meanwhile>,
}

/// Beside a point of an overload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Meanwhile {
    /// Of those offered, the requests that the driver really sent while it offered them: beyond that it had no connection left.
    pub sent_per_second: f64,
    /// Milliseconds after which answers came that were not the wanted one.
    pub refused_p50_ms: f64,
    pub refused_p99_ms: f64,
    /// Milliseconds, on connections of their own.
    pub health_p99_ms: f64,
    pub jwks_p99_ms: f64,
    /// Of these two, how many were not answered with 200.
    pub watch_failed: u64,
    /// Processors in use, on average: by the server, and by the driver, which takes its own from the same machine.
    pub server_processors: f64,
    pub driver_processors: f64,
}

/// A run of `overload`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Overload {
    pub machine: Machine,
    pub points: Vec<Curve>,
    /// Seconds after the flood until a light load was answered as before it.
    pub recovery_seconds: Vec<(String, f64)>,
}

/// A minute of a soak.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SoakPoint {
    pub minute: f64,
    pub memory_mb: f64,
    pub cpu_ms: f64,
    pub per_second: f64,
    pub failures: u64,
}

/// A run of `soak`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Soak {
    pub machine: Machine,
    pub users: usize,
    pub points: Vec<SoakPoint>,
}

/// A run of `start`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    pub machine: Machine,
    /// Milliseconds from the process's start to its first answer; one entry a run.
    pub first_ms: Vec<f64>,
    pub later_ms: Vec<f64>,
    /// Resident memory ten seconds after being ready, 10^6 bytes.
    pub first_idle_mb: Vec<f64>,
    pub later_idle_mb: Vec<f64>,
    pub binary_mb: f64,
    /// Milliseconds from asking for the state after the start to its answer; not kept by older runs.
    #[serde(default)]
    pub reset_ms: Vec<f64>,
}

/// A run of `durability`: exchanges a second at 32 clients, one entry a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Durability {
    pub machine: Machine,
    pub full_per_second: Vec<f64>,
    /// With every sync to the disk left out.
    pub unsynced_per_second: Vec<f64>,
}
