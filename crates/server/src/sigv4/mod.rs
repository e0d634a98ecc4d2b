//! AWS Signature Version 4, the verifying side (header authorization, service `cognito-idp`).
//!
//! Owns: reading `Authorization`, the clock window, the credential scope and the comparison of signatures, with AWS's
//! own error names and sentences. Knows nothing of access-key storage: the caller looks the secret up between the two
//! steps [`parse`] and [`Signed::check`]. Called by the API dispatcher before a body is even parsed.
//!
//! Source: AWS General Reference, "Create a signed AWS API request"; sentences as observed on JSON 1.1 services.

mod canonical;
#[cfg(test)]
mod tests;

use aws_lc_rs::hmac;
use http::HeaderMap;

use crate::host;

/// The one service name this server answers to.
pub const SERVICE: &str = "cognito-idp";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const SKEW_MS: i64 = 5 * 60 * 1000;

/// What of a request is covered by a signature.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    pub method: &'a str,
    /// Path exactly as it stood on the request line, still percent-encoded.
    pub path: &'a str,
    /// Query without the question mark, still percent-encoded; empty when there is none.
    pub query: &'a str,
    /// The authority the request was routed by (`host:port` as sent; see [`crate::host::authority`]). Signing one host
    /// and routing by another would let a signature for one region's endpoint be spent at another.
    pub host: &'a str,
    /// Region of the host name, when the host name has one; the credential scope must then agree.
    pub host_region: Option<&'a str>,
    pub headers: &'a HeaderMap,
    /// The whole body. Its hash is always computed here; `x-amz-content-sha256` is never believed.
    pub body: &'a [u8],
}

impl<'a> RequestParts<'a> {
    /// The parts of a received request. `host` is [`crate::host::authority`] of the same request.
    #[must_use]
    pub fn of(head: &'a http::request::Parts, host: &'a str, host_region: Option<&'a str>, body: &'a [u8]) -> Self {
        Self {
            method: head.method.as_str(),
            path: head.uri.path(),
            query: head.uri.query().unwrap_or_default(),
            host,
            host_region,
            headers: &head.headers,
            body,
        }
    }
}

/// Access key id and region out of a credential scope. All that development mode asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub access_key_id: String,
    pub region: String,
}

/// Who signed, once the signature has been proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub access_key_id: String,
    pub region: String,
}

/// A refusal: the exception's name (the `__type`) and AWS's sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct SigError {
    pub code: &'static str,
    pub message: String,
}

impl SigError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// No `Authorization` of the AWS kind at all.
    #[must_use]
    pub fn missing() -> Self {
        Self::new("MissingAuthenticationTokenException", "Missing Authentication Token")
    }

    /// The access key id (or a session token) is not known here.
    #[must_use]
    pub fn unknown_key() -> Self {
        Self::new("UnrecognizedClientException", "The security token included in the request is invalid.")
    }

    fn mismatch() -> Self {
        Self::new(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidSignatureException", message)
    }

    fn incomplete(message: impl Into<String>) -> Self {
        Self::new("IncompleteSignatureException", message)
    }
}

/// A well-formed, fresh, rightly scoped signature that has not been proved yet.
#[derive(Debug, Clone)]
pub struct Signed {
    access_key_id: String,
    day: String,
    region: String,
    service: String,
    timestamp: String,
    signed_headers: Vec<String>,
    signature: [u8; 32],
}

/// Verifies a request in one go. `lookup` gives the secret access key of an access key id.
///
/// # Errors
/// [`SigError`] with one of `MissingAuthenticationTokenException`, `IncompleteSignatureException`,
/// `InvalidSignatureException`, `UnrecognizedClientException`.
pub fn verify<S: AsRef<[u8]>>(
    parts: &RequestParts<'_>,
    now: i64,
    lookup: impl FnOnce(&str) -> Option<S>,
) -> Result<Verified, SigError> {
    let signed = parse(parts, now)?;
    let secret = lookup(&signed.access_key_id).ok_or_else(SigError::unknown_key)?;
    signed.check(parts, secret.as_ref())
}

/// Access key id and region of an `Authorization` value, without proving anything: for development mode, where any key
/// is accepted, and for `None` when the value is not an AWS signature for this service.
#[must_use]
pub fn scope_of(authorization: &str) -> Option<Scope> {
    let fields = Fields::read(authorization).ok()?;
    let credential = Credential::read(fields.credential?).ok()?;
    (credential.service == SERVICE && host::is_region(credential.region))
        .then(|| Scope { access_key_id: credential.key.to_owned(), region: credential.region.to_owned() })
}

/// First step: everything that can be said without the secret. `now` is in milliseconds since the epoch.
///
/// # Errors
/// As [`verify`], except a wrong signature and an unknown access key.
pub fn parse(parts: &RequestParts<'_>, now: i64) -> Result<Signed, SigError> {
    let authorization = single(parts.headers, "authorization")?.ok_or_else(SigError::missing)?;
    // A presigned address is a bearer token that leaks through logs and referrers; this API never asks for one.
    if parts.query.to_ascii_lowercase().contains("x-amz-signature=") {
        return Err(SigError::missing());
    }
    let fields = Fields::read(authorization)?;
    let date = request_date(parts.headers)?;
    let (credential, signed_headers, signature) = fields.complete(date.is_some(), authorization)?;
    let credential = Credential::read(credential)?;
    let timestamp = canonical_timestamp(date.unwrap_or_default())?;
    check_scope(&credential, parts.host_region, &timestamp)?;
    check_fresh(&timestamp, now)?;
    let signed_headers = header_names(signed_headers)?;
    check_covered(parts.headers, &signed_headers)?;
    // Temporary credentials are not issued here, so a session token can only belong to somebody else's keys.
    if parts.headers.contains_key("x-amz-security-token") {
        return Err(SigError::unknown_key());
    }
    Ok(Signed {
        access_key_id: credential.key.to_owned(),
        day: credential.day.to_owned(),
        region: credential.region.to_owned(),
        service: credential.service.to_owned(),
        timestamp,
        signed_headers,
        signature: canonical::unhex(signature).ok_or_else(SigError::mismatch)?,
    })
}

impl Signed {
    /// The access key id to look the secret up by.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Second step: recomputes the signature over `parts` with the secret access key, and compares in constant time.
    ///
    /// # Errors
    /// `InvalidSignatureException` when it differs.
    pub fn check(&self, parts: &RequestParts<'_>, secret: &[u8]) -> Result<Verified, SigError> {
        let request = canonical::request(parts, &self.signed_headers);
        let scope = format!("{}/{}/{}/{TERMINATOR}", self.day, self.region, self.service);
        let text = format!("{ALGORITHM}\n{}\n{scope}\n{}", self.timestamp, canonical::sha256_hex(request.as_bytes()));
        let key = canonical::signing_key(secret, &self.day, &self.region, &self.service);
        // Constant time: a byte-wise comparison would let an attacker find a valid signature digit by digit.
        hmac::verify(&key, text.as_bytes(), &self.signature).map_err(|_| SigError::mismatch())?;
        Ok(Verified { access_key_id: self.access_key_id.clone(), region: self.region.clone() })
    }
}

/// The three members of the header, in any order, separated by commas and any white space.
#[derive(Default)]
struct Fields<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn read(authorization: &'a str) -> Result<Self, SigError> {
        let rest = authorization.trim().strip_prefix(ALGORITHM).ok_or_else(SigError::missing)?;
        if !rest.is_empty() && !rest.starts_with([' ', '\t', ',']) {
            return Err(SigError::missing());
        }
        let mut fields = Self::default();
        for pair in rest.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(SigError::incomplete(
                    "Authorization header holds a value that is not a valid key=value pair (missing equal-sign).",
                ));
            };
            let slot = match name.trim() {
                "Credential" => &mut fields.credential,
                "SignedHeaders" => &mut fields.signed_headers,
                "Signature" => &mut fields.signature,
                _ => continue,
            };
            // Two values for one member would let two readers see two different requests.
            if slot.replace(value.trim()).is_some() {
                return Err(SigError::incomplete(format!("Authorization header holds '{}' twice.", name.trim())));
            }
        }
        Ok(fields)
    }

    fn complete(&self, dated: bool, authorization: &str) -> Result<(&'a str, &'a str, &'a str), SigError> {
        let present = |value: Option<&'a str>| value.filter(|value| !value.is_empty());
        let found = (present(self.credential), present(self.signed_headers), present(self.signature));
        if let (Some(credential), Some(headers), Some(signature)) = found
            && dated
        {
            return Ok((credential, headers, signature));
        }
        let mut message = String::new();
        let named = [("Credential", found.0), ("Signature", found.2), ("SignedHeaders", found.1)];
        for (name, _) in named.iter().filter(|(_, value)| value.is_none()) {
            message.push_str(&format!("Authorization header requires '{name}' parameter. "));
        }
        if !dated {
            message.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
        }
        // The header may hold a secret sent here by mistake: it is named by its hash, never repeated.
        let hash = canonical::sha256_base64(authorization.as_bytes());
        message.push_str(&format!("(Hashed with SHA-256 and encoded with Base64) Authorization={hash}"));
        Err(SigError::incomplete(message))
    }
}

struct Credential<'a> {
    key: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    terminator: &'a str,
}

impl<'a> Credential<'a> {
    fn read(credential: &'a str) -> Result<Self, SigError> {
        let parts: Vec<&str> = credential.split('/').collect();
        match parts.as_slice() {
            [key, day, region, service, terminator] if is_key_id(key) => Ok(Self { key, day, region, service, terminator }),
            [key, _, _, _, _] if !key.is_empty() => Err(SigError::unknown_key()),
            _ => Err(SigError::incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term",
            )),
        }
    }
}

/// Access key ids of AWS are 16 to 128 word characters; people also type `test`, which development mode accepts.
fn is_key_id(key: &str) -> bool {
    (1..=128).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn check_scope(credential: &Credential<'_>, host_region: Option<&str>, timestamp: &str) -> Result<(), SigError> {
    if !host::is_region(credential.region) || host_region.is_some_and(|region| region != credential.region) {
        return Err(SigError::invalid("Credential should be scoped to a valid region. "));
    }
    if credential.service != SERVICE {
        return Err(SigError::invalid(format!("Credential should be scoped to correct service: '{SERVICE}'. ")));
    }
    if credential.terminator != TERMINATOR {
        return Err(SigError::invalid(format!("Credential should be scoped with a valid terminator: '{TERMINATOR}'. ")));
    }
    let day = timestamp.get(..8).unwrap_or_default();
    if credential.day != day {
        return Err(SigError::invalid(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: expected '{day}', \
             from '{timestamp}'."
        )));
    }
    Ok(())
}

/// The window of ±5 minutes bounds how long a captured request can be replayed.
fn check_fresh(timestamp: &str, now: i64) -> Result<(), SigError> {
    let at = canonical::epoch_ms(timestamp).ok_or_else(|| bad_date(timestamp))?;
    let show = canonical::timestamp;
    if at < now - SKEW_MS {
        let message =
            format!("Signature expired: {timestamp} is now earlier than {} ({} - 5 min.)", show(now - SKEW_MS), show(now));
        return Err(SigError::invalid(message));
    }
    if at > now + SKEW_MS {
        let message = format!(
            "Signature not yet current: {timestamp} is still later than {} ({} + 5 min.)",
            show(now + SKEW_MS),
            show(now)
        );
        return Err(SigError::invalid(message));
    }
    Ok(())
}

/// Names must be lower case, sorted and unique: the one spelling of a set, so that nothing is signed ambiguously.
fn header_names(list: &str) -> Result<Vec<String>, SigError> {
    let names: Vec<String> = list.split(';').map(str::to_owned).collect();
    let plain = |name: &String| !name.is_empty() && *name == name.to_ascii_lowercase() && name.is_ascii();
    let sorted = names.iter().zip(names.iter().skip(1)).all(|(left, right)| left < right);
    if names.len() > 64 || !names.iter().all(plain) || !sorted {
        return Err(SigError::mismatch());
    }
    Ok(names)
}

/// Host, date and target must be signed: otherwise a captured signature could be spent at another endpoint, later, or on
/// another operation with the same body.
fn check_covered(headers: &HeaderMap, signed: &[String]) -> Result<(), SigError> {
    let has = |name: &str| signed.iter().any(|known| known == name);
    let must = |name: &str| SigError::invalid(format!("{name} must be a 'SignedHeader' in the AWS Authorization."));
    if !has("host") {
        return Err(must("'Host' or ':authority'"));
    }
    let date = if headers.contains_key("x-amz-date") { ("x-amz-date", "'X-Amz-Date'") } else { ("date", "'Date'") };
    for (name, shown) in [date, ("x-amz-target", "'X-Amz-Target'")] {
        if !has(name) {
            return Err(must(shown));
        }
        // Two targets would be joined for the signature, while a dispatcher reads one of them.
        single(headers, name)?;
    }
    Ok(())
}

/// The value of a header that may stand only once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, SigError> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(SigError::incomplete(format!("Header '{name}' stands more than once.")));
    }
    first.to_str().map(Some).map_err(|_| SigError::incomplete(format!("Header '{name}' is not plain text.")))
}

fn request_date(headers: &HeaderMap) -> Result<Option<&str>, SigError> {
    match single(headers, "x-amz-date")? {
        Some(date) => Ok(Some(date)),
        None => single(headers, "date"),
    }
}

fn bad_date(_: &str) -> SigError {
    SigError::incomplete("Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601")
}

/// `YYYYMMDDTHHMMSSZ`, from itself or from an RFC 9110 `Date` value.
fn canonical_timestamp(date: &str) -> Result<String, SigError> {
    let at = canonical::epoch_ms(date.trim()).or_else(|| canonical::http_date_ms(date)).ok_or_else(|| bad_date(date))?;
    Ok(canonical::timestamp(at))
}
