//! Small judgements on single values: files that hold secrets, public addresses, values copied from an example.
//! Called by the checks of `serve`.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::host;

/// Why a file cannot hold a secret; `forbidden` are the mode bits that must be off. `None` when it can.
pub(super) fn file_problem(path: &Path, forbidden: u32) -> Option<String> {
    let shown = path.display();
    let facts = match fs::metadata(path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Some(format!("{shown} does not exist")),
        Err(error) => return Some(format!("{shown} cannot be read: {error}")),
    };
    let mode = facts.permissions().mode() & 0o7777;
    let ours = rustix::process::geteuid().as_raw();
    if !facts.is_file() {
        Some(format!("{shown} is not a regular file"))
    } else if mode & forbidden != 0 {
        Some(format!("{shown} has mode {mode:04o} and can be read or written by others"))
    } else if facts.uid() != ours && facts.uid() != 0 {
        // Its owner could put another key under us.
        Some(format!("{shown} belongs to user {}, not to the user this runs as", facts.uid()))
    } else if facts.len() == 0 {
        Some(format!("{shown} is empty"))
    } else {
        None
    }
}

/// `https://host[:port]` and nothing more.
pub(super) fn is_https_origin(url: &str) -> bool {
    let Some(authority) = url.strip_prefix("https://") else { return false };
    let Some(name) = host::host_of(authority) else { return false };
    let plain = !authority.contains(['/', '?', '#', '@']) && !authority.ends_with(['.', ':']);
    plain && (host::is_host_name(name) || name.starts_with('['))
}

/// Whether a host is a loopback address, or the name of one.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a value still is one of an example: the documentation names of RFC 2606, or a text that asks to be changed.
pub(super) fn example(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let words = ["change-me", "changeme", "change_me", "your-company.tld", "replace-me"];
    let domains = ["example.com", "example.net", "example.org"];
    let whole = |domain: &str| {
        value.match_indices(domain).any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| value.as_bytes().get(at));
            let after = value.as_bytes().get(at + domain.len());
            let word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
            !word(before) && !word(after)
        })
    };
    words.iter().any(|word| value.contains(word)) || domains.iter().any(|domain| whole(domain))
}
