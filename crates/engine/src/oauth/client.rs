//! Client authentication, shared by the token and the revocation endpoint (RFC 6749 §2.3.1).
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::params::{Params, invalid_request};
use super::site::Site;
use crate::clients::{Client, guessing};
use crate::ctx::Ctx;
use crate::error::{Code, Error, OAuthCode, Result};
use crate::pools::Pool;

const UNKNOWN: Code = Code::OAuth(OAuthCode::InvalidClient);

/// A client that proved who it is, where it has a secret to prove it with.
#[derive(Debug, Clone)]
pub struct Authenticated {
    pub pool: Arc<Pool>,
    pub client: Arc<Client>,
}

/// Client authentication (RFC 6749 §2.3.1): HTTP Basic or the body, one of them; a public client only names itself.
pub async fn authenticate(ctx: &Ctx, site: &Site, authorization: Option<&str>, params: &Params) -> Result<Authenticated> {
    let basic = authorization.map(parse_basic).transpose()?;
    let body_id = params.get("client_id")?;
    let body_secret = params.get("client_secret")?;
    let (client_id, secret) = match (&basic, body_secret) {
        (Some(_), Some(_)) => return Err(invalid_request("Use one way of client authentication")),
        (Some((id, secret)), None) => {
            if body_id.is_some_and(|other| other != id) {
                return Err(invalid_client("client_id differs from the one in the Authorization header"));
            }
            (id.as_str(), Some(secret.as_str()).filter(|s| !s.is_empty()))
        }
        (None, secret) => (params.required("client_id")?, secret),
    };
    // An unknown client reads like a wrong secret: client ids cannot be probed here.
    let found = site
        .client(ctx, client_id)
        .await
        .map_err(|e| if e.code() == UNKNOWN { invalid_client("no such app client at this address") } else { e });
    let Some(secret) = secret else { return found.and_then(without_secret) };
    let guess = guessing::of_anybody(ctx, found.as_ref().ok().map(|(_, client)| &**client))?;
    guess.settle(found.and_then(|found| with_secret(found, secret)))
}

/// The client that a request names, unproved.
#[must_use]
pub fn named(authorization: Option<&str>, params: &Params) -> Option<String> {
    let basic = authorization.and_then(|header| parse_basic(header).ok()).map(|(id, _)| id);
    basic.or_else(|| params.get("client_id").ok().flatten().map(str::to_owned))
}

fn with_secret((pool, client): (Arc<Pool>, Arc<Client>), secret: &str) -> Result<Authenticated> {
    if !client.has_secret() {
        return Err(invalid_client("the client has no secret and the request has one"));
    }
    if !client.accepts_secret(secret) {
        return Err(invalid_client("the client secret is wrong"));
    }
    Ok(Authenticated { pool, client })
}

fn without_secret((pool, client): (Arc<Pool>, Arc<Client>)) -> Result<Authenticated> {
    if client.has_secret() {
        return Err(invalid_client("the client has a secret and the request does not")
            .fix("Send it as HTTP Basic or as client_secret in the body."));
    }
    Ok(Authenticated { pool, client })
}

fn invalid_client(why: &str) -> Error {
    Error::oauth(OAuthCode::InvalidClient, "").because(why)
}

/// `Basic base64(id:secret)`, both form-encoded first (RFC 6749 §2.3.1); what does not decode is taken as it stands,
/// since many clients skip the encoding.
fn parse_basic(header: &str) -> Result<(String, String)> {
    let malformed = || invalid_client("the Authorization header is not HTTP Basic");
    let (scheme, encoded) = header.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed());
    }
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    // NUL is no text to PostgreSQL: looking such a client up would be an internal error there. `%00` decodes to one.
    if text.contains('\0') || text.contains("%00") {
        return Err(malformed());
    }
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    let decode = |part: &str| {
        // Ids and secrets here are alphanumeric or `_` and `+`; a bare `+` is a plus, not a space, and a bare `&` does
        // not end the value: what comes after it would be compared with nothing.
        form_urlencoded::parse(format!("v={}", part.replace('+', "%2B").replace('&', "%26")).as_bytes())
            .next()
            .map(|(_, v)| v.into_owned())
            .unwrap_or_default()
    };
    Ok((decode(id), decode(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_203_basic_authorization_is_read_or_refused() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let corpus = [
            basic("id:secret"),
            basic("a%20b:c+d%3D&e"),
            basic(":"),
            basic("x"),
            "bAsIc  eA==".to_owned(),
            "Bearer x".to_owned(),
        ];
        let corpus: Vec<&str> = corpus.iter().map(String::as_str).collect();
        poolhouse_store::testkit::fuzz::text(&corpus, |header| {
            // The header as it is, and as the text inside one.
            for header in [header.to_owned(), basic(header)] {
                let Ok((id, secret)) = parse_basic(&header) else { continue };
                assert!(!id.contains('\0') && !secret.contains('\0'), "NUL reaches the store");
                let encoded =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
                let again = parse_basic(&basic(&format!("{}:{}", encoded(&id), encoded(&secret)))).unwrap();
                assert_eq!(again, (id, secret), "encoded as RFC 6749 says, the same comes back");
            }
        });
    }
}
