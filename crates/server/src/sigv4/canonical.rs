//! The byte-exact half of Signature Version 4: canonical request, hashes, signing key, timestamps.
//! Pure; called by the parent only.

use std::fmt::Write as _;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use jiff::{Timestamp, civil::DateTime, fmt::rfc2822, tz::TimeZone};

use super::RequestParts;

/// The canonical request: method, path, query, headers, names, body hash, one a line.
pub(super) fn request(parts: &RequestParts<'_>, signed: &[String]) -> String {
    let mut text = format!("{}\n{}\n{}\n", parts.method, path(parts.path), query(parts.query));
    for name in signed {
        let _ = writeln!(text, "{name}:{}", header(parts, name));
    }
    let _ = write!(text, "\n{}\n{}", signed.join(";"), sha256_hex(parts.body));
    text
}

fn header(parts: &RequestParts<'_>, name: &str) -> String {
    if name == "host" {
        return parts.host.trim().to_owned();
    }
    let values = parts.headers.get_all(name).iter();
    let values = values.map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
    });
    values.collect::<Vec<_>>().join(",")
}

/// Dot segments removed, empty segments dropped, every byte outside the unreserved set and `/` encoded (again).
fn path(raw: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in raw.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    let mut out = String::from("/");
    out.push_str(&encode(kept.join("/").as_bytes(), true));
    if raw.len() > 1 && raw.ends_with('/') && !kept.is_empty() {
        out.push('/');
    }
    out
}

fn query(raw: &str) -> String {
    let pairs = raw.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (encode(&decode(name), false), encode(&decode(value), false))
        })
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn encode(bytes: &[u8], slash: bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if slash => out.push('/'),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn decode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(nibble(*high) << 4 | nibble(*low));
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

/// 32 bytes from 64 lower-case hexadecimal digits. Upper case is refused: one signature has one spelling.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut out = [0_u8; 32];
    for (slot, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *slot = pair.iter().fold(0, |value, digit| value << 4 | nibble(*digit));
    }
    Some(out)
}

pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in digest::digest(&digest::SHA256, bytes).as_ref() {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

pub(super) fn sha256_base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(digest::digest(&digest::SHA256, bytes))
}

/// HMAC chain `AWS4`+secret → day → region → service → `aws4_request`.
pub(super) fn signing_key(secret: &[u8], day: &str, region: &str, service: &str) -> hmac::Key {
    let first = zeroize::Zeroizing::new([b"AWS4".as_slice(), secret].concat());
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, &first);
    for step in [day, region, service, super::TERMINATOR] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, step.as_bytes()).as_ref());
    }
    key
}

/// `YYYYMMDDTHHMMSSZ` of a time in milliseconds; out-of-range times give the epoch.
pub(super) fn timestamp(ms: i64) -> String {
    Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Milliseconds of `YYYYMMDDTHHMMSSZ`; `None` for anything else.
pub(super) fn epoch_ms(text: &str) -> Option<i64> {
    if text.len() != 16 || !text.ends_with('Z') {
        return None;
    }
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let ms = at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
    // The round trip refuses spellings that only look like the format (signs, spaces).
    (timestamp(ms) == text).then_some(ms)
}

/// Milliseconds of an RFC 9110 `Date` value (`Sun, 30 Aug 2015 12:36:00 GMT`).
pub(super) fn http_date_ms(text: &str) -> Option<i64> {
    rfc2822::parse(text.trim()).ok().map(|at| at.timestamp().as_millisecond())
}
