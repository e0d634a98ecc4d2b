//! Which addresses a client may register for callbacks and sign-out (checklist 4). They are later compared byte for
//! byte, so nothing is normalised here. Called by the rules of clients.
use crate::error::{Error, Result};

/// Schemes that run script, read local files or hand the answer to another program under the page's origin. Registered
/// as a callback they would turn the authorization response into an attack on the browser that follows it.
const DANGEROUS: [&str; 13] = [
    "javascript",
    "data",
    "vbscript",
    "file",
    "blob",
    "about",
    "filesystem",
    "view-source",
    "jar",
    "intent",
    "mailto",
    "ws",
    "wss",
];

/// Hosts to which plain http is allowed (API reference, CallbackURLs; RFC 8252 §7.3).
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Refuses what may not be a redirect target: anything but https, http on this machine, or an app's own scheme.
///
/// # Errors
/// InvalidParameterException. The sentence about http is Cognito's (observed), the others are ours.
pub fn check(url: &str) -> Result<()> {
    if url.contains('#') {
        // RFC 6749 §3.1.2: the response is appended, and an implicit response is itself a fragment.
        return Err(Error::invalid_parameter(format!("{url} cannot contain a fragment.")));
    }
    let Some((scheme, rest)) = url.split_once(':') else { return Err(no_absolute_uri(url)) };
    let scheme = scheme.to_ascii_lowercase();
    // A backslash is a slash to browsers and none to parsers: the two would see different hosts.
    if !is_scheme(&scheme) || url.contains('\\') || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(no_absolute_uri(url));
    }
    if DANGEROUS.contains(&scheme.as_str()) {
        return Err(Error::invalid_parameter(format!("{url} cannot use the {} scheme.", scheme)));
    }
    match scheme.as_str() {
        "https" => host(rest).filter(|host| !host.is_empty()).map(|_| ()).ok_or_else(|| no_absolute_uri(url)),
        "http" => match host(rest) {
            Some(host) if LOOPBACK.contains(&host.to_ascii_lowercase().as_str()) => Ok(()),
            Some(host) if !host.is_empty() => Err(Error::invalid_parameter(format!("{url} cannot use the HTTP protocol."))),
            _ => Err(no_absolute_uri(url)),
        },
        // An app's own scheme: `myapp://…` (API reference), or a reversed domain name as `com.example.app:/…` (RFC 8252 §7.1).
        own if rest.starts_with("//") || own.contains('.') => Ok(()),
        _ => Err(no_absolute_uri(url)),
    }
}

/// RFC 3986 §3.1, already in lower case.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
}

/// The host of `//host:port/path`; `None` where there is no authority, its port is no number, or it carries user
/// information, in which a host can be hidden from a reader (`https://good.example@evil.example`).
fn host(rest: &str) -> Option<&str> {
    let authority = rest.strip_prefix("//")?;
    let authority = authority.split(['/', '?']).next()?;
    if authority.contains('@') {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (inside, after) = v6.split_once(']')?;
            (authority.get(..inside.len() + 2)?, after)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let numeric = |port: &str| !port.is_empty() && port.parse::<u16>().is_ok();
    (port.is_empty() || port.strip_prefix(':').is_some_and(numeric)).then_some(host)
}

fn no_absolute_uri(url: &str) -> Error {
    Error::invalid_parameter(format!("{url} is not a valid redirect URI."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_004_https_loopback_and_app_schemes_are_taken() {
        for url in [
            "https://example.com",
            "https://example.com:8443/cb?x=1",
            "https://[2001:db8::1]:443/cb",
            "https://localhost/",
            "http://localhost",
            "http://localhost:3000/cb",
            "http://LOCALHOST:3000/cb",
            "http://127.0.0.1:80/",
            "http://[::1]:9000/cb",
            "myapp://example",
            "myapp://",
            "com.example.app:/oauth2redirect",
            "com.example.app://cb",
            "exp://192.168.1.5:19000",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn sec_004_dangerous_and_malformed_addresses_are_refused() {
        for url in [
            "javascript:alert(1)",
            "JavaScript://x/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "https://example.com/#x",
            "https://example.com/cb#",
            "myapp://x#y",
            "http://example.com",
            "http://localhost.evil.example/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.2/",
            "http://localhost@evil.example/",
            "http://evil.example\\@localhost/",
            "https://good.example@evil.example/",
            "https://",
            "https:///cb",
            "https:/example.com",
            "https:example.com",
            "https://example.com:port/",
            "http://",
            "//example.com/cb",
            "/cb",
            "example.com/cb",
            "myapp:cb",
            "1app://cb",
            "my app://cb",
            "",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn plain_http_is_refused_in_cognitos_words() {
        let error = check("http://example.com/cb").expect_err("refused");
        assert_eq!(error.message(), "http://example.com/cb cannot use the HTTP protocol.");
    }
}
