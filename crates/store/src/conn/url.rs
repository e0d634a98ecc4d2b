//! Reads a PostgreSQL URL: takes out the TLS parameters, tells several servers apart, gives the rest to tokio-postgres.
//! Called by `pool`.

use std::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::tls::{self, Tls};
use crate::options::Footprint;
use crate::{Error, Result};

const PORT: u16 = 5432;

/// What a URL says, before any file is read.
struct Parts<'u> {
    /// One for each server, in the URL's order.
    servers: Vec<Config>,
    mode: Option<&'u str>,
    root: Option<String>,
}

fn split(url: &str) -> Result<Parts<'_>> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut mode = None;
    let mut root = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => root = Some(percent_decode(value)?),
            Some(("target_session_attrs", "read-write")) => {}
            Some(("target_session_attrs", other)) => {
                return Err(Error::Config(format!("target_session_attrs must be read-write, not {other}")));
            }
            _ => rest.push(pair),
        }
    }
    let mut servers = Vec::new();
    for base in one_server_each(base) {
        let joined = if rest.is_empty() { base } else { format!("{base}?{}", rest.join("&")) };
        // The parser's message does not quote the URL, and so no password.
        let mut config: Config = joined.parse().map_err(|e: tokio_postgres::Error| Error::Config(e.to_string()))?;
        if config.get_hosts().len().max(config.get_hostaddrs().len()) != 1 {
            return Err(Error::Config("servers are named as in postgres://user@one,two/database".to_owned()));
        }
        // A standby refuses writes, and answers reads with what was true some time ago: a token revoked since would work.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        servers.push(config);
    }
    Ok(Parts { servers, mode, root })
}

/// What a connection touches outside the process.
pub(crate) fn footprint(url: &str) -> Result<Footprint> {
    let Parts { servers, root, .. } = split(url)?;
    let port = |config: &Config| config.get_ports().first().copied().unwrap_or(PORT);
    let ports = servers.iter().map(port).collect();
    Ok(Footprint { directory: None, files: root.into_iter().map(Into::into).collect(), ports })
}

/// The connection parameters of each server, in the URL's order, and TLS unless it is off.
pub(super) fn parse(url: &str) -> Result<(Vec<Config>, Option<Tls>)> {
    let Parts { mut servers, mode, root } = split(url)?;
    // Without a word about TLS: none on this machine, encryption to any other. "prefer" is not offered, since whoever
    // sits in the middle could decline for the server.
    let mode = mode.unwrap_or(if servers.iter().all(is_local) { "disable" } else { "require" });
    let tls = match (mode, root) {
        ("disable", _) => None,
        ("require", None) => Some(tls::unverified()?),
        ("require" | "verify-full", Some(root)) => Some(tls::verified(&root)?),
        ("verify-full", None) => {
            return Err(Error::Config("sslmode=verify-full needs sslrootcert=/path/to/roots.pem".to_owned()));
        }
        (other, _) => {
            return Err(Error::Config(format!("sslmode must be disable, require or verify-full, not {other}")));
        }
    };
    for config in &mut servers {
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
    }
    Ok((servers, tls))
}

/// `postgres://user@one:1,two:2/database` → the same for `one:1` and for `two:2`.
fn one_server_each(base: &str) -> Vec<String> {
    let start = base.find('@').map(|at| at + 1).or_else(|| base.find("://").map(|at| at + 3)).unwrap_or(0);
    let (head, tail) = base.split_at(start);
    let (hosts, tail) = tail.split_at(tail.find('/').unwrap_or(tail.len()));
    hosts.split(',').map(|host| format!("{head}{host}{tail}")).collect()
}

fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

fn percent_decode(text: &str) -> Result<String> {
    let wrong = || Error::Config("wrong percent encoding in sslrootcert".to_owned());
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, tail) = part.split_at_checked(2).ok_or_else(wrong)?;
        bytes.push(u8::from_str_radix(code, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(tail.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_of_a_url_is_one_to_write_to() {
        let (servers, tls) = parse("postgres://u:p@one.example,[::1]:5433/db?application_name=x").unwrap();
        let found: Vec<_> = servers.iter().map(|config| (config.get_hosts(), config.get_ports())).collect();
        let host = |name: &str| Host::Tcp(name.to_owned());
        assert_eq!(found, [(&[host("one.example")][..], &[5432][..]), (&[host("::1")][..], &[5433][..])]);
        for config in &servers {
            assert_eq!((config.get_user(), config.get_password(), config.get_dbname()), (Some("u"), Some(&b"p"[..]), Some("db")));
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        }
        // One of them is on another machine.
        assert!(tls.is_some());
        assert_eq!(parse("postgres://u@one,two?target_session_attrs=read-write").unwrap().0.len(), 2);
        assert_eq!(parse("postgres://localhost/db").unwrap().0.len(), 1);
        assert_eq!(parse("postgres:///db?host=/run/postgresql").unwrap().0.len(), 1);
        for wrong in ["u@one/db?target_session_attrs=any", "u@one/db?host=two", "u@one/db?hostaddr=::1,::2", "u@one,/db"] {
            assert!(matches!(parse(&format!("postgres://{wrong}")), Err(Error::Config(_))), "{wrong}");
        }
    }

    #[test]
    fn a_footprint_names_the_roots_and_the_ports() {
        let of = |url: &str| footprint(url).map(|print| (print.files, print.ports));
        assert_eq!(of("postgres://u:p@db.example/db"), Ok((vec![], vec![5432])));
        let full = "postgres://u:p@one:6000,two:6001/db?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem";
        assert_eq!(of(full), Ok((vec!["/etc/ca.pem".into()], vec![6000, 6001])));
        assert!(of("postgres://u:p@db.example:x/db").is_err());
    }

    #[test]
    fn tls_is_asked_for_where_it_is_needed() {
        let on = |url: &str| parse(url).map(|(_, tls)| tls.is_some());
        assert_eq!(on("postgres://u:p@127.0.0.1/db"), Ok(false));
        assert_eq!(on("postgres://u:p@localhost/db?application_name=x"), Ok(false));
        assert_eq!(on("postgres://u:p@db.example/db"), Ok(true));
        assert_eq!(on("postgres://u:p@db.example/db?sslmode=disable"), Ok(false));
        assert_eq!(on("postgres://u:p@127.0.0.1/db?sslmode=require"), Ok(true));
        for wrong in ["sslmode=prefer", "sslmode=verify-full", "sslrootcert=/none.pem", "sslrootcert=%zz", "x=y"] {
            assert!(matches!(on(&format!("postgres://u:p@db.example/db?{wrong}")), Err(Error::Config(_))), "{wrong}");
        }
    }
}
