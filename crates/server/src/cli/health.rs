//! `poolhouse health [URL]`: one plain HTTP request to a server on this machine, for containers and other places that have no
//! client of their own. Called by `cli`.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::out::Out;
use crate::start_error::StartError;

/// Longest wait at each step.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Of the reply: a status line fits many times.
const REPLY_BYTES: u64 = 4096;

/// Asks, and prints the status.
pub(super) fn ask(url: &str, out: Out) -> Result<(), StartError> {
    let status = status(url).map_err(|why| StartError::Failed(format!("{url}: {why}")))?;
    if status != 200 {
        return Err(StartError::Failed(format!("{url}: the server answers {status}")));
    }
    out.text("healthy");
    Ok(())
}

fn status(url: &str) -> Result<u16, String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("not an http:// address; over HTTPS nothing is asked: let listen.http have 127.0.0.1")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/_poolhouse/health" } else { path };
    if url.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        return Err("not an address".to_owned());
    }
    let told = |error: std::io::Error| error.to_string();
    let mut addresses = authority.to_socket_addrs().map_err(told)?;
    let address = addresses.next().ok_or("no address")?;
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(told)?;
    stream.set_read_timeout(Some(TIMEOUT)).map_err(told)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(told)?;
    let mut reply = Vec::new();
    stream.take(REPLY_BYTES).read_to_end(&mut reply).map_err(told)?;
    let line = String::from_utf8_lossy(&reply).lines().next().unwrap_or_default().to_owned();
    let code = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.split(' ').next()?.parse().ok());
    code.ok_or_else(|| "no answer of HTTP".to_owned())
}
