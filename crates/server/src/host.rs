//! Which door a request came through, told from its authority (`Host`, or `:authority` in HTTP/2).
//!
//! Owns the syntax of host names, domain prefixes and region names. Decides nothing: an unknown name is
//! [`HostClass::Custom`], and the caller answers 421 unless a pool owns that custom domain. Called by routing and by
//! the signature check, which must look at the same string.

use http::{HeaderMap, Uri};

/// The door, by host name. Regions and prefixes are checked for syntax only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostClass {
    /// `localhost`, a loopback address, or the host of the configured public address.
    Local,
    /// `cognito-idp.{region}.amazonaws.com`: the JSON API and the ORIGINAL issuer.
    Api { region: String },
    /// `issuer-cognito-idp.{region}.amazonaws.com`: the UPDATED issuer's documents.
    Issuer { region: String },
    /// `{prefix}.auth.{region}.amazoncognito.com` or `{prefix}.auth.{region}.localhost`: one pool's domain.
    Prefix { prefix: String, region: String },
    /// Any other well-formed name, lower case, without port: a pool's custom domain, or nobody's.
    Custom(String),
}

impl HostClass {
    /// The region that the host name itself states.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Api { region } | Self::Issuer { region } | Self::Prefix { region, .. } => Some(region),
            Self::Local | Self::Custom(_) => None,
        }
    }
}

/// The authority of a request as sent (`host` or `host:port`): the request line's (HTTP/2, absolute form) or the `Host`
/// header's. `None` when there is none, when `Host` stands twice, or when the two differ.
#[must_use]
pub fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut hosts = headers.get_all(http::header::HOST).iter();
    let header = match hosts.next() {
        None => None,
        Some(value) => Some(value.to_str().ok()?),
    };
    // Two answers to "which host" are how a proxy's check and a server's routing are played against each other.
    if hosts.next().is_some() {
        return None;
    }
    match (uri.authority().map(http::uri::Authority::as_str), header) {
        (Some(line), Some(header)) if !line.eq_ignore_ascii_case(header) => None,
        (Some(line), _) => Some(line),
        (None, header) => header,
    }
}

/// Classifies an authority. `public_host` is the host of the configured public address, without port. `None` when the
/// authority is not a well-formed host name or address: answer 400.
#[must_use]
pub fn classify(authority: &str, public_host: Option<&str>) -> Option<HostClass> {
    let name = host_of(authority)?.to_ascii_lowercase();
    if is_loopback(&name) || public_host.is_some_and(|host| host.eq_ignore_ascii_case(&name)) {
        return Some(HostClass::Local);
    }
    if name.starts_with('[') {
        return Some(HostClass::Custom(name));
    }
    if !is_host_name(&name) {
        return None;
    }
    Some(aws_name(&name).unwrap_or(HostClass::Custom(name)))
}

/// The address of the network that a host is, as load balancers name machines: `10.1.2.3` or `[2001:db8::7]`.
#[must_use]
pub fn address(host: &str) -> Option<std::net::IpAddr> {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host).parse().ok()
}

fn aws_name(name: &str) -> Option<HostClass> {
    if let Some(rest) = name.strip_suffix(".amazonaws.com") {
        let (service, region) = rest.split_once('.')?;
        let region = is_region(region).then(|| region.to_owned())?;
        return match service {
            "cognito-idp" => Some(HostClass::Api { region }),
            "issuer-cognito-idp" => Some(HostClass::Issuer { region }),
            _ => None,
        };
    }
    let rest = name.strip_suffix(".amazoncognito.com").or_else(|| name.strip_suffix(".localhost"))?;
    let (prefix, rest) = rest.split_once('.')?;
    let region = rest.strip_prefix("auth.").or_else(|| rest.strip_prefix("auth-fips."))?;
    (is_prefix(prefix) && is_region(region)).then(|| HostClass::Prefix { prefix: prefix.to_owned(), region: region.to_owned() })
}

/// The host part of `host`, `host:port`, `[v6]` or `[v6]:port`; one trailing dot is dropped.
#[must_use]
pub fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')?;
            let host = authority.get(..end + 2)?;
            rest.get(..end)?.parse::<std::net::Ipv6Addr>().ok()?;
            (host, authority.get(end + 2..)?)
        }
        None => match authority.find(':') {
            Some(at) => authority.split_at(at),
            None => (authority, ""),
        },
    };
    let port_ok = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() <= 5,
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    (port_ok && !host.is_empty()).then_some(host)
}

/// Whether it is one of this machine's names for itself.
#[must_use]
pub fn is_loopback(name: &str) -> bool {
    name == "localhost" || address(name).is_some_and(|address| address.is_loopback())
}

/// Letters, digits, hyphens and (seen in container names) underscores, in labels of 1–63, 253 in all (RFC 1123 §2.1).
#[must_use]
pub fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Cognito's domain prefix: 1–63 of `a-z 0-9 -`, not starting or ending with a hyphen.
#[must_use]
pub fn is_prefix(prefix: &str) -> bool {
    (1..=63).contains(&prefix.len())
        && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !prefix.starts_with('-')
        && !prefix.ends_with('-')
}

/// The shape of a region name (`eu-central-1`, `us-gov-west-1`, `us-iso-east-1`): lower-case words, then a number; ≤ 32.
#[must_use]
pub fn is_region(region: &str) -> bool {
    let mut words: Vec<&str> = region.split('-').collect();
    let number = words.pop().unwrap_or_default();
    let word = |word: &&str| (2..=12).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&words.len())
        && words.iter().all(word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(prefix: &str, region: &str) -> HostClass {
        HostClass::Prefix { prefix: prefix.into(), region: region.into() }
    }

    #[test]
    fn names_open_their_doors() {
        let table = [
            ("localhost:9229", HostClass::Local),
            ("LOCALHOST", HostClass::Local),
            ("127.0.0.1:9229", HostClass::Local),
            ("127.8.8.8", HostClass::Local),
            ("[::1]:9229", HostClass::Local),
            ("login.corp.test:8443", HostClass::Local),
            ("cognito-idp.eu-central-1.amazonaws.com", HostClass::Api { region: "eu-central-1".into() }),
            ("cognito-idp.us-gov-west-1.amazonaws.com:443", HostClass::Api { region: "us-gov-west-1".into() }),
            ("issuer-cognito-idp.us-east-1.amazonaws.com", HostClass::Issuer { region: "us-east-1".into() }),
            ("your-domain-url.auth.eu-central-1.amazoncognito.com", prefix("your-domain-url", "eu-central-1")),
            ("Demo.auth.us-east-1.localhost:9443", prefix("demo", "us-east-1")),
            ("demo.auth.us-east-1.amazoncognito.com.", prefix("demo", "us-east-1")),
            ("auth.example.com", HostClass::Custom("auth.example.com".into())),
            ("s3.us-east-1.amazonaws.com", HostClass::Custom("s3.us-east-1.amazonaws.com".into())),
            ("10.0.0.9", HostClass::Custom("10.0.0.9".into())),
        ];
        for (authority, want) in table {
            assert_eq!(classify(authority, Some("Login.corp.test")), Some(want), "{authority}");
        }
    }

    #[test]
    fn sec_060_a_name_that_only_resembles_ours_is_custom() {
        let names = [
            "your_domain_url.auth.eu-central-1.amazoncognito.com",
            "a.b.auth.eu-central-1.amazoncognito.com",
            "demo.auth.nowhere.amazoncognito.com",
            "demo.auth.us-east-1.amazoncognito.com.evil.test",
            "cognito-idp.us-east-1.amazonaws.com.evil.test",
            "evilcognito-idp.us-east-1.amazonaws.com",
            "localhost.evil.test",
            "127.0.0.1.evil.test",
        ];
        for name in names {
            assert_eq!(classify(name, None), Some(HostClass::Custom(name.to_owned())), "{name}");
        }
    }

    #[test]
    fn sec_060_malformed_authorities_are_refused() {
        for name in ["", ":80", "a b", "a/b", "user@host", "host:80x", "host:123456", "[::1", "[zz]", "-a.test", "a..b", "é.test"]
        {
            assert_eq!(classify(name, None), None, "{name}");
        }
        assert_eq!(classify(&"a".repeat(64), None), None);
    }

    #[test]
    fn sec_060_two_hosts_are_none() {
        let mut headers = HeaderMap::new();
        let relative = Uri::from_static("/");
        assert_eq!(authority(&relative, &headers), None);
        headers.append("host", "a.test".parse().unwrap());
        assert_eq!(authority(&relative, &headers), Some("a.test"));
        assert_eq!(authority(&Uri::from_static("http://A.test/"), &headers), Some("A.test"));
        assert_eq!(authority(&Uri::from_static("http://b.test/"), &headers), None);
        headers.append("host", "a.test".parse().unwrap());
        assert_eq!(authority(&relative, &headers), None);
    }

    #[test]
    fn regions_have_a_shape() {
        for good in ["eu-central-1", "us-east-1", "us-gov-west-1", "ap-southeast-7", "us-isob-east-1"] {
            assert!(is_region(good), "{good}");
        }
        for bad in ["", "local", "eu-central", "EU-central-1", "eu_central_1", "eu-central-1x", "eu--central-1", "eu-central-123"]
        {
            assert!(!is_region(bad), "{bad}");
        }
    }
}
