//! What the tests of this tree share: the authorization request, a browser that has signed in, tokens taken apart.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::Value;

use crate::harness::{App, Browser, CALLBACK, House, PASSWORD, Reply, encode};

pub const ADA: &str = "ada@example.com";
pub const BOB: &str = "bob@example.com";
/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The client's authorization request; pairs replace or add, and `"-"` leaves one out.
pub fn authorize(app: &App, changes: &[(&str, &str)]) -> String {
    format!("/oauth2/authorize?{}", query(app, changes))
}

pub fn query(app: &App, changes: &[(&str, &str)]) -> String {
    let usual = [("response_type", "code"), ("client_id", app.client.as_str()), ("redirect_uri", CALLBACK), ("state", "s")];
    let mut pairs: Vec<(&str, &str)> = usual.into_iter().filter(|(name, _)| !changes.iter().any(|(n, _)| n == name)).collect();
    pairs.extend(changes.iter().filter(|(_, value)| *value != "-"));
    encode(&pairs)
}

/// A browser in which the user has just signed in to the client.
pub async fn signed_in<'a>(house: &'a House, app: &App, email: &str) -> Browser<'a> {
    let mut browser = house.browser();
    let reply = sign_in(&mut browser, app, email, &[]).await;
    assert!(reply.location().starts_with(CALLBACK), "{reply:?}");
    browser
}

/// Walks from the request to the end of the sign-in; the answer to the form.
pub async fn sign_in(browser: &mut Browser<'_>, app: &App, email: &str, changes: &[(&str, &str)]) -> Reply {
    let reply = browser.get(&authorize(app, changes)).await;
    let page = browser.follow(reply).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    browser.submit(&page, &[("username", email), ("password", PASSWORD)]).await
}

/// A code for the user who is signed in in this browser.
pub async fn code(browser: &mut Browser<'_>, app: &App, changes: &[(&str, &str)]) -> String {
    let reply = browser.get(&authorize(app, changes)).await;
    reply.redirected("code").unwrap_or_else(|| panic!("no code: {reply:?}"))
}

/// Redeems a code; pairs as in [`authorize`].
pub async fn redeem(house: &House, app: &App, code: &str, changes: &[(&str, &str)]) -> Reply {
    let usual =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK), ("client_id", app.client.as_str())];
    let mut pairs: Vec<(&str, &str)> = usual.into_iter().filter(|(name, _)| !changes.iter().any(|(n, _)| n == name)).collect();
    pairs.extend(changes.iter().filter(|(_, value)| *value != "-"));
    if let Some(secret) = &app.secret {
        pairs.push(("client_secret", secret));
    }
    house.form("/oauth2/token", &pairs, None).await
}

/// The token document of a whole sign-in.
pub async fn tokens(house: &House, app: &App, email: &str, changes: &[(&str, &str)]) -> Value {
    let mut browser = signed_in(house, app, email).await;
    let code = code(&mut browser, app, changes).await;
    granted(&redeem(house, app, &code, &[]).await)
}

/// The document of a token answer that must succeed.
pub fn granted(reply: &Reply) -> Value {
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::OK, "application/json;charset=UTF-8"), "{reply:?}");
    reply.json()
}

/// `error` of a token answer that must be refused, in the form that all of them have (checklist 33).
pub fn error(reply: &Reply) -> String {
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (StatusCode::BAD_REQUEST, "application/json;charset=UTF-8"),
        "{reply:?}"
    );
    assert!(reply.header("cache-control").contains("no-store"), "{reply:?}");
    let document = reply.json();
    assert!(document.as_object().unwrap().keys().all(|name| name == "error" || name == "error_description"), "{reply:?}");
    document["error"].as_str().unwrap().to_owned()
}

/// Refreshes at the token endpoint.
pub async fn refresh(house: &House, app: &App, token: &str, more: &[(&str, &str)]) -> Reply {
    let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", app.client.as_str())];
    pairs.extend(app.secret.as_deref().map(|secret| ("client_secret", secret)));
    pairs.extend(more);
    house.form("/oauth2/token", &pairs, None).await
}

/// Status of userInfo for a token.
pub async fn user_info(house: &House, token: &str) -> Reply {
    house.send("GET", "/oauth2/userInfo", &[("authorization", &format!("Bearer {token}"))], "").await
}

pub fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap_or_else(|| panic!("no {name}: {document}"))
}

/// Header and claims, not checked.
pub fn parts(token: &str) -> (String, Value) {
    let mut parts = token.split('.').map(|part| String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(part).unwrap()).into_owned());
    (parts.next().unwrap(), serde_json::from_str(&parts.next().unwrap()).unwrap())
}

pub fn claims(token: &str) -> Value {
    parts(token).1
}

/// The claims of a token whose signature holds under the pool's published keys, checked with nothing of ours.
pub async fn verified(house: &House, pool: &str, token: &str) -> Value {
    let jwks = house.get(&format!("/{pool}/.well-known/jwks.json")).await.json();
    let (header, claims) = parts(token);
    let header: Value = serde_json::from_str(&header).unwrap();
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).expect("the key is published");
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .expect("the signature holds");
    claims
}

/// The token with other claims and its old signature.
pub fn tampered(token: &str, name: &str, value: Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let mut claims = claims(token);
    claims[name] = value;
    parts[1] = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts.join(".")
}

/// The token as `alg: none`, without a signature.
pub fn unsigned(token: &str) -> Vec<String> {
    let body = token.split('.').nth(1).unwrap();
    let head = URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}");
    let signature = token.rsplit('.').next().unwrap();
    vec![format!("{head}.{body}."), format!("{head}.{body}"), format!("{head}.{body}.{signature}")]
}

/// Members of an object, sorted.
pub fn members(document: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
