//! Cookies of the sign-in pages: reading them suspiciously, writing them with every attribute. Called by `oauth`, `csrf`
//! and the page handlers.

use http::{HeaderMap, HeaderValue, header};

/// The browser's session with a pool; Cognito's name.
pub const SESSION: &str = "cognito";
/// The double-submit token of forms; Cognito's name.
pub const CSRF: &str = "XSRF-TOKEN";

/// Longest value that is looked at; ours are shorter.
const VALUE_MAX: usize = 512;

/// The value of a cookie. One that comes twice, is overlong or is no plain text counts as absent: whoever can plant a
/// second cookie must not choose which is read (checklist 54).
#[must_use]
pub fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut values = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value.trim())
    });
    let first = values.next()?;
    let plain = first.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
    (values.next().is_none() && plain && !first.is_empty() && first.len() <= VALUE_MAX).then_some(first)
}

/// A `Set-Cookie` for this host alone, gone with the browser: scripts cannot read it, foreign sites' posts do not carry it
/// (checklist 53). `https` adds `Secure`; without TLS, which only loopback has, a browser would drop such a cookie.
#[must_use]
pub fn set(name: &str, value: &str, https: bool) -> HeaderValue {
    let secure = if https { "; Secure" } else { "" };
    // Values of ours are letters, digits and a few marks; anything else would be a mistake, and an empty cookie says so.
    HeaderValue::from_str(&format!("{name}={value}; Path=/{secure}; HttpOnly; SameSite=Lax"))
        .unwrap_or_else(|_| clear(name, https))
}

/// As [`set`], but it outlives the browser's session.
#[must_use]
pub fn keep(name: &str, value: &str, https: bool, seconds: u32) -> HeaderValue {
    let secure = if https { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/{secure}; HttpOnly; SameSite=Lax; Max-Age={seconds}"))
        .unwrap_or_else(|_| clear(name, https))
}

/// A `Set-Cookie` that removes.
#[must_use]
pub fn clear(name: &str, https: bool) -> HeaderValue {
    let secure = if https { "; Secure" } else { "" };
    let text = format!("{name}=; Path=/{secure}; HttpOnly; SameSite=Lax; Max-Age=0");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        headers
    }

    #[test]
    fn sec_054_malformed_cookies_are_nobody() {
        let long = format!("cognito={}", "a".repeat(513));
        let table: [(&[&str], Option<&str>); 9] = [
            (&["cognito=abc"], Some("abc")),
            (&["a=b; cognito=abc; c=d"], Some("abc")),
            (&["a=b", "cognito=abc"], Some("abc")),
            (&["cognito=abc; cognito=def"], None),
            (&["cognito=abc", "cognito=abc"], None),
            (&["cognito="], None),
            (&["cognito=a b"], None),
            (&["xcognito=abc; Cognito=def"], None),
            (&[&long], None),
        ];
        for (lines, value) in table {
            assert_eq!(get(&headers(lines), SESSION), value, "{lines:?}");
        }
    }

    #[test]
    fn sec_053_cookies_carry_every_attribute() {
        assert_eq!(set(SESSION, "v", true).to_str().unwrap(), "cognito=v; Path=/; Secure; HttpOnly; SameSite=Lax");
        assert_eq!(set(SESSION, "v", false).to_str().unwrap(), "cognito=v; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(clear(SESSION, true).to_str().unwrap(), "cognito=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
