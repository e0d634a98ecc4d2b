//! The sandbox of `serve`: what the process gives up, for good, before the first request. Landlock (files, ports, signals)
//! and a seccomp filter (system calls), so that whoever breaks in finds no shell to start, no file to read and no other
//! process to go on to. Owns the list of what serving needs. Called by `run`.
//!
//! Both are inherited by threads started later, and Landlock binds the calling thread only: enter before the runtime.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, NetPort, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};
use poolhouse_engine::start::footprint;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::config::{Mail, Settings, Tls};
use crate::start_error::StartError;

/// The newest rights that are asked for: files, TCP ports, signals and abstract sockets (Linux 6.12).
const RIGHTS: ABI = ABI::V6;
/// Of DNS over TCP; UDP is not restricted.
const DNS: u16 = 53;

/// Read when a host name is looked up (`getaddrinfo`), with the modules that `nsswitch.conf` names.
const NAMES: &[&str] = &[
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
];
/// Read when threads are counted (a container's share of the processors), by SQLite, and by the metrics.
const SYSTEM: &[&str] =
    &["/proc/self/cgroup", "/proc/self/mountinfo", "/proc/self/status", "/sys/fs/cgroup", "/dev/urandom", "/dev/null"];

/// What serving needs once sockets are bound and files are read.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Files, and directories with all that is in them, that are read.
    pub read: Vec<PathBuf>,
    /// Directories in which files are made, written and removed.
    pub write: Vec<PathBuf>,
    /// TCP ports that are connected to.
    pub connect: Vec<u16>,
}

impl Reach {
    /// # Errors
    /// A store URL that cannot be understood, or a directory of it that cannot be made.
    pub fn of(settings: &Settings) -> Result<Self, StartError> {
        let store = footprint(settings.store_url.expose()).map_err(|error| StartError::Failed(error.0))?;
        let mut reach = Self { read: store.files, write: store.directory.into_iter().collect(), connect: store.ports };
        reach.read.extend(NAMES.iter().chain(SYSTEM).map(PathBuf::from));
        // systemd-resolved and its like replace the file that the link in /etc points to.
        reach.read.extend(Path::new("/etc/resolv.conf").canonicalize().ok().and_then(|file| outside_etc(&file)));
        reach.connect.push(DNS);
        if let Mail::Smtp(smtp) = &settings.mail {
            reach.connect.push(smtp.port);
        }
        if let Tls::Files { certificate, key } = &settings.tls {
            // Renewed files are new files: the directories they lie in, behind links too.
            for file in [certificate, key] {
                let real = file.canonicalize().unwrap_or_else(|_| file.clone());
                reach.read.extend([file.as_path(), &real].iter().filter_map(|file| directory(file)));
            }
        }
        Ok(reach)
    }
}

fn directory(file: &Path) -> Option<PathBuf> {
    std::path::absolute(file).ok()?.parent().map(Path::to_owned)
}

fn outside_etc(file: &Path) -> Option<PathBuf> {
    directory(file).filter(|directory| directory != Path::new("/etc"))
}

/// Enters the sandbox, as far as the kernel can. The reply names what it cannot, one sentence each.
#[must_use]
pub fn enter(reach: &Reach) -> Vec<String> {
    let mut missing = Vec::new();
    match files_and_ports(reach) {
        Ok(RulesetStatus::FullyEnforced) => {}
        Ok(RulesetStatus::PartiallyEnforced) => {
            missing.push("Landlock restricts files, but not all of ports and signals".to_owned())
        }
        Ok(RulesetStatus::NotEnforced) => missing.push("Landlock is not there: files and ports are not restricted".to_owned()),
        Err(error) => missing.push(format!("Landlock failed, files and ports are not restricted: {error}")),
    }
    if let Err(error) = system_calls() {
        missing.push(format!("seccomp failed, system calls are not restricted: {error}"));
    }
    missing
}

fn files_and_ports(reach: &Reach) -> Result<RulesetStatus, RulesetError> {
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
    let connect = reach.connect.iter().map(|port| Ok::<_, RulesetError>(NetPort::new(*port, AccessNet::ConnectTcp)));
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::from_all(RIGHTS))?
        .scope(Scope::from_all(RIGHTS))?
        .create()?
        .add_rules(path_beneath_rules(&reach.read, read))?
        .add_rules(path_beneath_rules(&reach.write, write))?
        .add_rules(connect)?
        .restrict_self()?;
    Ok(status.ruleset)
}

/// Refuses what no server does, with EPERM. A list of what is denied, not of what is allowed: libraries may take to new
/// system calls with any update, and a server that dies of one is no safer.
fn system_calls() -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let arch = std::env::consts::ARCH.try_into().map_err(|error: seccompiler::BackendError| told(&error))?;
    let denied: BTreeMap<i64, Vec<_>> = DENIED.iter().flat_map(|call| spellings(*call)).map(|call| (call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(denied, SeccompAction::Allow, refuse, arch).map_err(|error| told(&error))?;
    let program = BpfProgram::try_from(filter).map_err(|error| told(&error))?;
    seccompiler::apply_filter_all_threads(&program).map_err(|error| told(&error))
}

/// A call's number; on x86-64 also that of the x32 way in, by which the filter could be walked around.
fn spellings(call: i64) -> Vec<i64> {
    let x32 = 0x4000_0000;
    if cfg!(target_arch = "x86_64") { vec![call, call | x32] } else { vec![call] }
}

const DENIED: &[i64] = &[
    // Other programs. x32 has numbers of its own for four of these.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    #[cfg(target_arch = "x86_64")]
    520, // execve
    #[cfg(target_arch = "x86_64")]
    521, // ptrace
    #[cfg(target_arch = "x86_64")]
    539, // process_vm_readv
    #[cfg(target_arch = "x86_64")]
    540, // process_vm_writev
    #[cfg(target_arch = "x86_64")]
    545, // execveat
    // Namespaces and mounts.
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    // Files without a path, past Landlock.
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    // The kernel's own: code in it, keys in it, doors to it that other calls hide behind.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_acct,
    libc::SYS_personality,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    // The clock and the name of the machine.
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
];
