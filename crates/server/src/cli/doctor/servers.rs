//! What the doctor asks over the network: the server's own addresses, who else holds them, its clock and faults, and the
//! mail relay. Loopback and the relay only. Called by `doctor`.

use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::findings::Finding;
use super::{option, shell};
use crate::cli::control::time_of;
use crate::cli::env::Endpoints;
use crate::cli::http;
use crate::config::{Mail, Settings, SmtpSecurity};
use crate::edge::Owner;

/// Longest wait at each step.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The server of a data directory; `start` is the command that starts one.
pub(super) fn of_dev(running: &Endpoints, settings: &Settings, data: &Path, start: &str) -> Vec<Finding> {
    let Some(base) = running.http.as_deref() else {
        let mut found = vec![Finding::bad("server", "None has run on this directory.", start)];
        let usual = [settings.http, settings.https].into_iter().flatten().map(|address| address.port());
        found.extend(usual.filter_map(|port| {
            let what = format!("{port} is held by {}; the next free one will be used.", holder(port)?);
            Some(Finding::warn("port", what, Some(&look(port))))
        }));
        return found;
    };
    let own = running.alive().map(|(process, _)| process);
    let other = port_of(base).and_then(Owner::of).is_some_and(|owner| Some(owner.pid) != own);
    match http::call("GET", &format!("{base}/_poolhouse/status"), None, TIMEOUT) {
        Ok(answer) if answer.status == 200 && !other => {
            let mut found = vec![Finding::ok("server", format!("It answers at {base}."))];
            found.extend(running.https.as_deref().map(|url| encrypted(url, own)));
            found.extend(times(&serde_json::from_str(&answer.body).unwrap_or_default(), data));
            found
        }
        Ok(answer) if own.is_some() => {
            let what = format!("It does not answer at {base} as a development instance does: {}.", answer.status);
            vec![Finding::bad("server", what, &restart(own, start))]
        }
        Err(why) if own.is_some() => {
            vec![Finding::bad("server", format!("It does not answer at {base}: {why}."), &restart(own, start))]
        }
        _ => {
            let mut found = vec![Finding::bad("server", format!("It is not running; it was last at {base}."), start)];
            found.extend([Some(base), running.https.as_deref()].into_iter().flatten().filter_map(port_of).filter_map(taken));
            found
        }
    }
}

fn restart(own: Option<u32>, start: &str) -> String {
    own.map_or_else(|| start.to_owned(), |pid| format!("kill {pid}\n{start}"))
}

/// A port of ours that somebody else has.
fn taken(port: u16) -> Option<Finding> {
    let what = format!("{port} is held by {}: what is sent there reaches them.", holder(port)?);
    Some(Finding::bad("port", what, &look(port)))
}

/// A listener that speaks TLS, which is not asked further.
fn encrypted(url: &str, own: Option<u32>) -> Finding {
    let port = port_of(url).unwrap_or_default();
    let by = Owner::of(port);
    match http::connect(&format!("localhost:{port}"), TIMEOUT) {
        Ok(_) if own.is_none() || by.as_ref().is_none_or(|by| Some(by.pid) == own) => {
            Finding::ok("server", format!("It takes connections at {url}."))
        }
        Ok(_) => Finding::bad("port", format!("{port} is held by {}.", Owner::named(by.as_ref())), &look(port)),
        Err(why) => Finding::bad("server", format!("{url}: {why}."), &look(port)),
    }
}

/// The clock, and faults that were set.
fn times(status: &Value, data: &Path) -> Vec<Finding> {
    let there = option("--data", data, ".poolhouse");
    let reading = status.get("clock").unwrap_or(&Value::Null);
    let moved =
        reading.get("frozen") == Some(&Value::Bool(true)) || reading.get("shift_seconds").and_then(Value::as_i64) != Some(0);
    let clock = match moved {
        true => Finding::warn("clock", format!("{}.", time_of(reading)), Some(&format!("poolhouse clock reset{there}"))),
        false => Finding::ok("clock", "It shows the real time."),
    };
    let mut found = vec![clock];
    let faults = status.get("faults").and_then(Value::as_array).map_or(0, Vec::len);
    if faults > 0 {
        let what = format!("{faults} are set: operations throttle, fail or wait on purpose.");
        found.push(Finding::warn("faults", what, Some(&format!("poolhouse fault list{there}\npoolhouse fault clear{there}"))));
    }
    found
}

/// The listeners of a configuration.
pub(super) fn of_serve(settings: &Settings, config: &Path) -> Vec<Finding> {
    let start = format!("poolhouse serve --config {}", shell(config));
    let mut found = Vec::new();
    if let Some(address) = settings.http {
        let url = format!("http://{}", near(address));
        found.push(match http::call("GET", &format!("{url}/_poolhouse/health"), None, TIMEOUT) {
            Ok(answer) if answer.status == 200 => Finding::ok("server", format!("It answers at {url}.")),
            other => silent(address, &other.map_or_else(|why| why, |answer| format!("the answer is {}", answer.status)), &start),
        });
    }
    if let Some(address) = settings.https {
        found.push(match http::connect(&near(address).to_string(), TIMEOUT) {
            Ok(_) => Finding::ok("server", format!("{address} takes connections.")),
            Err(why) => silent(address, &why, &start),
        });
    }
    found
}

/// A listener that does not answer as ours do: somebody else's, or none.
fn silent(address: SocketAddr, why: &str, start: &str) -> Finding {
    match holder(address.port()) {
        Some(by) => Finding::bad("port", format!("{address} is held by {by}: {why}."), &look(address.port())),
        None => Finding::bad("server", format!("Nobody listens at {address}."), start),
    }
}

/// The address by which this machine reaches its own listener.
fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The relay takes the connection and greets; nothing is sent to it.
pub(super) fn mail(settings: &Settings) -> Vec<Finding> {
    let Mail::Smtp(smtp) = &settings.mail else { return Vec::new() };
    let place = format!("{}:{}", smtp.host, smtp.port);
    let greeted = http::connect(&place, TIMEOUT).and_then(|stream| {
        // Inside TLS, where this does not look.
        if smtp.security == SmtpSecurity::Tls {
            return Ok("takes connections".to_owned());
        }
        stream.set_read_timeout(Some(TIMEOUT)).map_err(|error| error.to_string())?;
        let mut line = String::new();
        let limited = std::io::Read::take(stream, 1024);
        BufReader::new(limited).read_line(&mut line).map_err(|error| format!("no greeting: {error}"))?;
        match line.starts_with("220") {
            true => Ok("greets".to_owned()),
            false => Err(format!("its greeting is not one of SMTP: {:?}", line.trim_end())),
        }
    });
    vec![match greeted {
        Ok(did) => Finding::ok("mail", format!("{place} {did}; nothing was sent.")),
        Err(why) => Finding::bad(
            "mail",
            format!("{place}: {why}. No code and no invitation arrives."),
            &format!("nc -vz {} {}", smtp.host, smtp.port),
        ),
    }]
}

/// Who listens on a port; `None` where nobody does.
fn holder(port: u16) -> Option<String> {
    let by = Owner::of(port);
    let taken = by.is_some() || http::connect(&format!("localhost:{port}"), TIMEOUT).is_ok();
    taken.then(|| Owner::named(by.as_ref()))
}

fn look(port: u16) -> String {
    match Owner::of(port) {
        Some(Owner { pid, .. }) => format!("kill {pid}      # if it is not needed there"),
        None => format!("sudo ss -ltnp 'sport = :{port}'"),
    }
}

fn port_of(url: &str) -> Option<u16> {
    url.rsplit(':').next()?.parse().ok()
}
