//! Reads a PostgreSQL URL: takes out the TLS parameters, gives the rest to tokio-postgres. Called by `pool`.

use std::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::tls::{self, Tls};
use crate::{Error, Result};

/// The connection parameters, and TLS unless it is off.
pub(super) fn parse(url: &str) -> Result<(Config, Option<Tls>)> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let mut mode = None;
    let mut root = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => root = Some(percent_decode(value)?),
            _ => rest.push(pair),
        }
    }
    let joined = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    // The parser's message does not quote the URL, and so no password.
    let mut config: Config = joined.parse().map_err(|e: tokio_postgres::Error| Error::Config(e.to_string()))?;
    // Without a word about TLS: none on this machine, encryption to any other. "prefer" is not offered, since whoever
    // sits in the middle could decline for the server.
    let mode = mode.unwrap_or(if is_local(&config) { "disable" } else { "require" });
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
    config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
    Ok((config, tls))
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
