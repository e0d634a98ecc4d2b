//! The caller's address: the socket's, or, behind a named proxy, the one that proxy vouches for.
//!
//! Owns network ranges ([`Cidr`]) and the reading of `X-Forwarded-For` and `X-Forwarded-Proto`. Called once a request,
//! for rate limits and audit. Source: RFC 7239 §8 (why a forwarded address is only as good as who wrote it).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::HeaderMap;

/// An IPv4 or IPv6 range such as `10.0.0.0/8`; a bare address means that address alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    base: u128,
    bits: u32,
}

impl Cidr {
    /// Whether `address` lies in the range. IPv4-mapped IPv6 addresses count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        (widen(address) ^ self.base).checked_shr(128 - self.bits).unwrap_or(0) == 0
    }

    /// Whether the range holds every address of a family, and so names nobody.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        self.bits == 0 || (self.bits == 96 && widen(Ipv4Addr::UNSPECIFIED.into()) == self.base)
    }
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is not an address range such as 10.0.0.0/8 or fd00::/8");
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().map_err(|_| bad())?)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().map_err(|_| bad())?;
        let (width, offset) = if address.is_ipv4() { (32, 96) } else { (128, 0) };
        let length = length.unwrap_or(width);
        if length > width {
            return Err(bad());
        }
        let bits = length + offset;
        let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
        Ok(Self { base: widen(address) & mask, bits })
    }
}

/// Both families in one space: IPv4 as IPv4-mapped IPv6.
fn widen(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn narrow(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// The caller's address. Unless `peer` is a trusted proxy it is `peer`, whatever headers say. Behind one, the list of
/// `X-Forwarded-For` is read from its right end: the first address that is not itself a trusted proxy is the caller, since
/// everything further left was written by the caller. An unreadable entry ends the walk at the last trusted address.
#[must_use]
pub fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut found = narrow(peer);
    if !is_trusted(found) {
        return found;
    }
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().map(|line| line.to_str().unwrap_or("?")).collect();
    for entry in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let Some(address) = entry_address(entry.trim()) else { return found };
        found = narrow(address);
        if !is_trusted(found) {
            return found;
        }
    }
    found
}

/// Whether the caller's own connection was encrypted: ours, or, behind a trusted proxy, the proxy's word for it.
#[must_use]
pub fn is_https(tls: bool, peer: IpAddr, headers: &HeaderMap, trusted: &[Cidr]) -> bool {
    if tls || !trusted.iter().any(|range| range.contains(peer)) {
        return tls;
    }
    let last = headers.get_all("x-forwarded-proto").iter().next_back().and_then(|value| value.to_str().ok());
    last.and_then(|value| value.rsplit(',').next()).is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn entry_address(entry: &str) -> Option<IpAddr> {
    if let Ok(address) = entry.parse() {
        return Some(address);
    }
    if let Ok(socket) = entry.parse::<std::net::SocketAddr>() {
        return Some(socket.ip());
    }
    entry.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn ranges(texts: &[&str]) -> Vec<Cidr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn forwarded(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn sec_061_a_stranger_cannot_name_his_address() {
        let headers = forwarded(&["10.0.0.7, 127.0.0.1"]);
        assert_eq!(client_ip(ip("203.0.113.9"), &headers, &ranges(&["10.0.0.0/8"])), ip("203.0.113.9"));
        assert_eq!(client_ip(ip("127.0.0.1"), &headers, &[]), ip("127.0.0.1"));
    }

    #[test]
    fn sec_061_the_rightmost_untrusted_address_counts() {
        let trusted = ranges(&["10.0.0.0/8", "fd00::/8"]);
        let table: [(&[&str], &str); 9] = [
            (&["203.0.113.9"], "203.0.113.9"),
            (&["1.1.1.1, 203.0.113.9, 10.2.2.2"], "203.0.113.9"),
            (&["1.1.1.1", "203.0.113.9, 10.2.2.2"], "203.0.113.9"),
            (&["1.1.1.1, 203.0.113.9:4711"], "203.0.113.9"),
            (&["1.1.1.1, [2001:db8::1]:443"], "2001:db8::1"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["1.1.1.1, garbage, 10.2.2.2"], "10.2.2.2"),
            (&[""], "10.1.1.1"),
            (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ];
        for (lines, want) in table {
            assert_eq!(client_ip(ip("10.1.1.1"), &forwarded(lines), &trusted), ip(want), "{lines:?}");
        }
        assert_eq!(client_ip(ip("::ffff:10.1.1.1"), &forwarded(&["203.0.113.9"]), &trusted), ip("203.0.113.9"));
        assert_eq!(client_ip(ip("fd00::5"), &forwarded(&["203.0.113.9"]), &trusted), ip("203.0.113.9"));
    }

    #[test]
    fn ranges_are_read_and_matched() {
        let range: Cidr = "192.168.1.77/24".parse().unwrap();
        assert!(range.contains(ip("192.168.1.1")) && !range.contains(ip("192.168.2.1")));
        let one: Cidr = "192.168.1.77".parse().unwrap();
        assert!(one.contains(ip("192.168.1.77")) && !one.contains(ip("192.168.1.78")));
        let all: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains(ip("8.8.8.8")) && !all.contains(ip("2001:db8::1")) && all.is_everyone());
        assert!("::/0".parse::<Cidr>().unwrap().is_everyone());
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "proxy.test", "10.0.0.0/x"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_scheme_is_believed_from_proxies_only() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-proto", "http, https".parse().unwrap());
        let trusted = ranges(&["10.0.0.0/8"]);
        assert!(is_https(false, ip("10.1.1.1"), &headers, &trusted));
        assert!(!is_https(false, ip("203.0.113.9"), &headers, &trusted));
        assert!(is_https(true, ip("203.0.113.9"), &HeaderMap::new(), &trusted));
    }
}
