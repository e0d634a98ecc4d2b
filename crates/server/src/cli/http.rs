//! One plain HTTP request to a server of ours on this machine: what commands need that ask a running one. Called by `health`
//! and `control`.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// Of a reply.
const REPLY_BYTES: u64 = 16 * 1024 * 1024;

/// A reply, read to its end.
pub(super) struct Answer {
    pub status: u16,
    pub body: String,
}

/// Sends `method` to `url` (`http://` only), with `json` as its body; waits `timeout` at each step.
///
/// # Errors
/// A sentence: nobody answers, or not in HTTP.
pub(super) fn call(method: &str, url: &str, json: Option<&str>, timeout: Duration) -> Result<Answer, String> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("not an http:// address; over HTTPS nothing is asked: let listen.http have 127.0.0.1")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let path = if path.is_empty() { "/" } else { path };
    // Else the address could say more than where to go (request splitting).
    if url.bytes().any(|byte| byte.is_ascii_control() || byte == b' ') {
        return Err("not an address".to_owned());
    }
    let told = |error: std::io::Error| error.to_string();
    let mut stream = connect(authority, timeout)?;
    stream.set_read_timeout(Some(timeout)).map_err(told)?;
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    if let Some(json) = json {
        request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", json.len()));
    }
    request.push_str("\r\n");
    request.push_str(json.unwrap_or_default());
    stream.write_all(request.as_bytes()).map_err(told)?;
    let mut reply = Vec::new();
    stream.take(REPLY_BYTES).read_to_end(&mut reply).map_err(told)?;
    let reply = String::from_utf8_lossy(&reply);
    let status = reply.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| "no answer of HTTP".to_owned())?;
    let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    Ok(Answer { status, body })
}

/// The first of the name's addresses that takes the connection: `localhost` has two, and a server may have one of them.
pub(super) fn connect(authority: &str, timeout: Duration) -> Result<TcpStream, String> {
    let mut why = "no address".to_owned();
    for address in authority.to_socket_addrs().map_err(|error| error.to_string())? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}
