//! Why an address could not be bound, told so that a person can act on it; and who holds a port. Called by
//! `Edge::bind`, and by commands that look at ports.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;

/// A process that holds a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub pid: u32,
    pub name: String,
}

/// An address that could not be bound.
#[derive(Debug)]
pub enum BindError {
    /// Somebody listens there already; the process is known if it is ours to see in `/proc`.
    Taken { address: SocketAddr, by: Option<Owner> },
    /// Ports below 1024 need a privilege.
    Forbidden { address: SocketAddr },
    /// The address is not one of this machine's, or another failure.
    Other { address: SocketAddr, error: String },
}

impl BindError {
    pub(super) fn new(address: SocketAddr, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { address, by: Owner::of(address.port()) },
            io::ErrorKind::PermissionDenied => Self::Forbidden { address },
            _ => Self::Other { address, error: error.to_string() },
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { address, by: Some(Owner { pid, name }) } => {
                write!(out, "{address} is taken by {name} (process {pid}). Stop it (kill {pid}) or choose another port.")
            }
            Self::Taken { address, by: None } => {
                let port = address.port();
                write!(
                    out,
                    "{address} is taken by a process that is not yours to see (sudo ss -ltnp 'sport = :{port}' names it). Choose \
                     another port."
                )
            }
            Self::Forbidden { address } => write!(
                out,
                "{address} may not be bound: ports below 1024 need root, CAP_NET_BIND_SERVICE, or a port-forwarding proxy."
            ),
            Self::Other { address, error } => write!(out, "{address} cannot be bound: {error}"),
        }
    }
}

impl std::error::Error for BindError {}

impl Owner {
    /// The process that listens on a TCP port, from `/proc`; `None` off Linux, for other users' processes, and where none listens.
    #[must_use]
    pub fn of(port: u16) -> Option<Self> {
        owner(port)
    }

    /// Who holds a port, for a sentence; `None` is somebody whom `/proc` does not show.
    #[must_use]
    pub fn named(by: Option<&Self>) -> String {
        match by {
            Some(Self { pid, name }) => format!("{name} (process {pid})"),
            None => "a process that is not yours to see".to_owned(),
        }
    }
}

fn owner(port: u16) -> Option<Owner> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let inode = tables.iter().filter_map(|table| fs::read_to_string(table).ok()).find_map(|table| inode(&table, port))?;
    let wanted = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(files) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = |file: fs::DirEntry| fs::read_link(file.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str());
        if files.flatten().any(holds) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(Owner { pid, name: name.trim().to_owned() });
        }
    }
    None
}

/// Columns of `/proc/net/tcp`: index, local address `HEX:PORT`, remote, state (`0A` listens), …, inode is the tenth.
fn inode(table: &str, port: u16) -> Option<String> {
    let suffix = format!(":{port:04X}");
    table.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let listens = columns.get(1)?.ends_with(&suffix) && *columns.get(3)? == "0A";
        listens.then(|| columns.get(9).map(|inode| (*inode).to_owned()))?
    })
}
