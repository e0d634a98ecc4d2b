//! Processes under measurement: started, watched until they answer, asked for processor time and memory, and stopped. Linux only: the
//! figures come from the kernel (`clock_getcpuclockid(3)`, `proc(5)`).

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use crate::http::{Call, Connection};

/// How long a process may take to answer for the first time.
const READY: Duration = Duration::from_secs(60);

/// A started process and everything it starts.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    /// From the start of the process to its first answer.
    pub ready: Duration,
}

/// A loopback address whose port was free a moment ago.
///
/// # Errors
/// The operating system's words.
pub fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(|e| e.to_string())
}

impl Process {
    /// Starts `command`, its output in `log`, and waits until `path` answers with any status below 500.
    ///
    /// # Errors
    /// It does not start, ends, or does not answer in time; with the end of its log.
    pub async fn start(mut command: Command, address: SocketAddr, path: &str, log: &Path) -> Result<Self, String> {
        let file = fs::File::create(log).map_err(|e| format!("{}: {e}", log.display()))?;
        let errors = file.try_clone().map_err(|e| e.to_string())?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors).process_group(0);
        let began = Instant::now();
        let child = command.spawn().map_err(|e| format!("{}: {e}", command.get_program().display()))?;
        let mut process = Self { child, address, ready: Duration::ZERO };
        let call = Call::get(path);
        loop {
            let answer = Connection::to(address).send(&call).await;
            if answer.is_ok_and(|answer| answer.status < 500) {
                process.ready = began.elapsed();
                return Ok(process);
            }
            let ended = process.child.try_wait().map_err(|e| e.to_string())?;
            if ended.is_some() || began.elapsed() > READY {
                let said = fs::read_to_string(log).unwrap_or_default();
                let said: String =
                    said.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
                return Err(format!("{} did not get ready:\n{said}", command.get_program().display()));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Processor time used since the start by the process and all that descend from it.
    pub fn cpu(&self) -> Duration {
        cpu_of_tree(self.pid())
    }

    /// Resident memory now, all of the tree, MB (10^6 bytes).
    pub fn memory_mb(&self) -> f64 {
        tree(self.pid()).into_iter().map(|pid| status_mb(pid, "VmRSS:")).sum()
    }

    /// The most resident memory each process of the tree ever had, added up, MB.
    pub fn peak_memory_mb(&self) -> f64 {
        tree(self.pid()).into_iter().map(|pid| status_mb(pid, "VmHWM:")).sum()
    }

    /// Asks the process group to end (SIGTERM), waits a while, then insists.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.pid()).unwrap_or(i32::MAX));
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGTERM);
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > Duration::from_secs(10) {
                let _ = nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Processor time of a process and all that descend from it and still run.
pub fn cpu_of_tree(root: u32) -> Duration {
    tree(root).into_iter().map(cpu).sum()
}

/// The process and its descendants.
fn tree(root: u32) -> Vec<u32> {
    let mut parents = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The name may hold anything; what follows its closing bracket is state and parent.
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
    }
    let mut found = vec![root];
    let mut at = 0;
    while let Some(pid) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
        at += 1;
    }
    found
}

/// Processor time of one process: all its threads, living and ended, user and system. Zero for one that is gone.
fn cpu(pid: u32) -> Duration {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX));
    clock_getcpuclockid(pid).and_then(|clock| clock.now()).map(Duration::from).unwrap_or_default()
}

/// Processor time of this process.
pub fn own_cpu() -> Duration {
    ClockId::CLOCK_PROCESS_CPUTIME_ID.now().map(Duration::from).unwrap_or_default()
}

fn status_mb(pid: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0);
    kib * 1024.0 / 1e6
}
