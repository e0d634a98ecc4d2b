//! Proof that a form was filled in on our own page (cross-site request forgery, checklist 51): a double-submit token that
//! only we can make, and the browser's own word about where the request comes from. Called by whoever draws or takes a
//! form, and by the control API, which has no forms and asks for the browser's word alone.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::keys::entropy;
use poolhouse_engine::keys::secret::{Secret32, equal, mac32};
use uuid::Uuid;

use crate::cookies;
use crate::reached::Reached;

const RANDOM_BYTES: usize = 8;
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The token of a form: that of the browser's cookie if it has a good one, so that two tabs do not disturb each other, else
/// a new one. The second value is the `Set-Cookie` to send along.
///
/// It is the value of the cookie and of the hidden field alike; scripts written for Cognito take it from either. It looks
/// like a UUID, as Cognito's does, and is half random, half a MAC over that and over the session cookie of the moment: a
/// token from before signing in is void afterwards (session fixation, checklist 52), and one that somebody else planted
/// without asking us for it never was one.
#[must_use]
pub fn token(ctx: &Ctx, reached: &Reached, headers: &HeaderMap) -> (String, HeaderValue) {
    let bound = bound(headers);
    let (key, session) = (ctx.engine.keys.csrf(), bound.as_deref());
    let present = cookies::get(headers, cookies::CSRF).filter(|token| is_ours(key, token, session));
    let token = present.map_or_else(|| make(key, &entropy::bytes::<RANDOM_BYTES>(ctx.entropy()), session), str::to_owned);
    let cookie = cookies::set(cookies::CSRF, &token, reached.https);
    (token, cookie)
}

/// Whether a post comes from a form of ours: `given` is its `_csrf` field.
#[must_use]
pub fn accepts(ctx: &Ctx, reached: &Reached, headers: &HeaderMap, given: Option<&str>) -> bool {
    let bound = bound(headers);
    let session = bound.as_deref();
    let (Some(cookie), Some(given)) = (cookies::get(headers, cookies::CSRF), given) else { return false };
    equal(given.as_bytes(), cookie.as_bytes())
        && is_ours(ctx.engine.keys.csrf(), cookie, session)
        && comes_from_us(headers, &reached.authority, reached.https)
}

/// The sessions that a token is bound to: with a pool, and an operator's with the console.
fn bound(headers: &HeaderMap) -> Option<String> {
    let names = [cookies::SESSION, cookies::operator(true), cookies::operator(false)];
    let all: Vec<&str> = names.iter().filter_map(|name| cookies::get(headers, name)).collect();
    (!all.is_empty()).then(|| all.join(" "))
}

fn make(key: &Secret32, random: &[u8], session: Option<&str>) -> String {
    let mac = mac32(key, &[b"form", random, session.unwrap_or_default().as_bytes()]);
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(random.iter().chain(&mac)).for_each(|(to, from)| *to = *from);
    Uuid::from_bytes(bytes).hyphenated().to_string()
}

fn is_ours(key: &Secret32, token: &str, session: Option<&str>) -> bool {
    let Ok(parsed) = Uuid::try_parse(token) else { return false };
    let random = parsed.as_bytes().get(..RANDOM_BYTES).unwrap_or_default();
    equal(make(key, random, session).as_bytes(), token.as_bytes())
}

/// Whether the browser says, or at least does not deny, that one of our own pages sent this request. `authority` is the
/// request's own host and port.
///
/// `Referrer-Policy: no-referrer` makes browsers write `Origin: null` on posts from our own pages, so `null` counts where
/// `Sec-Fetch-Site` says `same-origin`; a sandboxed frame, the other source of `null`, says `cross-site`. A client that
/// sends neither is no browser (or a very old one) and is left to the token.
#[must_use]
pub fn comes_from_us(headers: &HeaderMap, authority: &str, https: bool) -> bool {
    let one = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
            _ => Err(()),
        }
    };
    let (Ok(origin), Ok(site)) = (one(&header::ORIGIN), one(&SEC_FETCH_SITE)) else { return false };
    match (origin, site) {
        (_, Some(site)) if site != "same-origin" => false,
        (None, _) => true,
        (Some("null"), site) => site.is_some(),
        (Some(origin), _) => is_own_origin(origin, authority, https),
    }
}

/// An unencrypted page of the same name is another origin, which anyone on the way can write. The reverse is let pass:
/// behind a proxy that we do not know of, the browser's https is our http.
fn is_own_origin(origin: &str, authority: &str, https: bool) -> bool {
    let (secure, host) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(host), _) => (true, host),
        (None, Some(host)) => (false, host),
        (None, None) => return false,
    };
    let port = if secure { ":443" } else { ":80" };
    let bare = |name: &str| name.strip_suffix(port).unwrap_or(name).to_ascii_lowercase();
    (secure || !https) && bare(host) == bare(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "demo.auth.eu-central-1.localhost:9443";
    const RANDOM: [u8; RANDOM_BYTES] = [1, 2, 3, 4, 5, 6, 7, 8];

    fn key() -> Secret32 {
        Secret32::new([7; 32])
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn sec_051_planted_and_broken_tokens_are_not_ours() {
        let good = make(&key(), &RANDOM, None);
        assert!(good.len() == 36 && is_ours(&key(), &good, None));
        let flipped = good.replacen('0', "1", 1);
        for bad in ["", "x", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", &flipped, &good.replace('-', ""), &format!("{{{good}}}")] {
            assert!(!is_ours(&key(), bad, None), "{bad}");
        }
        assert!(!is_ours(&Secret32::new([8; 32]), &good, None));
    }

    #[test]
    fn sec_052_signing_in_voids_the_token_of_before() {
        let before = make(&key(), &RANDOM, None);
        assert!(!is_ours(&key(), &before, Some("session")));
        let after = make(&key(), &RANDOM, Some("session"));
        assert!(is_ours(&key(), &after, Some("session")) && !is_ours(&key(), &after, Some("another")));
    }

    #[test]
    fn sec_051_the_browsers_word_about_the_origin() {
        let table: &[(&[(&'static str, &str)], bool)] = &[
            (&[], true),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("origin", "https://demo.auth.eu-central-1.localhost:9443")], true),
            (&[("origin", "null")], false),
            (&[("origin", "null"), ("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
            (&[("origin", "http://demo.auth.eu-central-1.localhost:9443")], false),
            (&[("origin", "https://demo.auth.eu-central-1.localhost")], false),
            (&[("origin", "https://demo.auth.eu-central-1.localhost:9443.evil.example")], false),
            (&[("origin", "")], false),
            (
                &[
                    ("origin", "https://demo.auth.eu-central-1.localhost:9443"),
                    ("origin", "https://demo.auth.eu-central-1.localhost:9443"),
                ],
                false,
            ),
        ];
        for (pairs, want) in table {
            assert_eq!(comes_from_us(&headers(pairs), HOST, true), *want, "{pairs:?}");
        }
        assert!(comes_from_us(&headers(&[("origin", "https://a.test")]), "A.test:443", true));
        assert!(comes_from_us(&headers(&[("origin", "http://a.test")]), "a.test", false));
        assert!(comes_from_us(&headers(&[("origin", "https://a.test")]), "a.test", false));
    }
}
