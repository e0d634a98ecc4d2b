//! The outer form of ID and access tokens: JSON Web Signatures in compact form (RFC 7515 §7.1), RS256 and nothing else.
//!
//! `tokens` makes claims and has them signed here; everything that accepts a token has its form, key and signature checked here. What the
//! claims say (issuer, expiry, use, revocation) is checked by the caller.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::CryptoFailure;
use super::rsa::{KeyPurpose, PublicKeys, SigningKey};
use super::verified::{Mark, Verified};

/// A longer token is refused unread, so that its size costs nobody anything. Bytes.
pub const LONGEST_TOKEN: usize = 16 * 1024;
const LONGEST_KID: usize = 64;
const LONGEST_HEADER: usize = 512;

/// Why a token is not one of ours. For logs: what a client is told does not depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRejected {
    /// Over 16 KiB.
    TooLong,
    /// Not three non-empty base64url parts, or the header or payload is not the JSON expected.
    Malformed,
    /// The header names another algorithm than RS256.
    Algorithm,
    /// The header names no key of this pool for this kind of token.
    UnknownKey,
    Signature,
}

impl fmt::Display for TokenRejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "token is too long",
            Self::Malformed => "token is malformed",
            Self::Algorithm => "token uses another algorithm",
            Self::UnknownKey => "token names an unknown key",
            Self::Signature => "token signature is wrong",
        })
    }
}

impl std::error::Error for TokenRejected {}

/// Exactly the members our own tokens have. An embedded key (`jwk`, `x5c`), an address to fetch one from (`jku`, `x5u`), `crit`, `zip`, or
/// a member given twice is refused by its presence: none may ever choose how the token is checked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    #[serde(borrow)]
    kid: std::borrow::Cow<'a, str>,
    alg: std::borrow::Cow<'a, str>,
}

/// Signs `claims` (members in the order they serialize). The header is `{"kid":"…","alg":"RS256"}`. 0.2 ms.
///
/// # Errors
/// If the claims do not serialize, or the library fails.
pub fn encode(key: &SigningKey, claims: &impl Serialize) -> Result<String, CryptoFailure> {
    let header =
        serde_json::to_vec(&Header { kid: key.kid().into(), alg: "RS256".into() }).map_err(|_| CryptoFailure("token header"))?;
    let payload = serde_json::to_vec(claims).map_err(|_| CryptoFailure("token claims"))?;
    let mut token = URL_SAFE_NO_PAD.encode(header);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// The claims of a token signed by one of `keys` of the given purpose; `T` is a struct or `serde_json::Value`. 0.03 ms, less where
/// `verified` holds that the key signed this very token.
///
/// # Errors
/// See [`TokenRejected`]. Nothing of the payload is read before the signature holds.
pub fn verify<T: DeserializeOwned>(
    token: &str,
    keys: &PublicKeys,
    purpose: KeyPurpose,
    verified: &Verified,
) -> Result<T, TokenRejected> {
    if token.len() > LONGEST_TOKEN {
        return Err(TokenRejected::TooLong);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(TokenRejected::Malformed)?;
    let (header, payload) = signed.split_once('.').ok_or(TokenRejected::Malformed)?;
    if header.len() > LONGEST_HEADER {
        return Err(TokenRejected::Malformed);
    }
    let header = decode(header)?;
    // Serde would take an array of the right length for the members in order.
    if header.first() != Some(&b'{') {
        return Err(TokenRejected::Malformed);
    }
    let header: Header<'_> = serde_json::from_slice(&header).map_err(|_| TokenRejected::Malformed)?;
    // The algorithm is ours, never the token's: "none" would need no key, HS256 would take the public key for a shared secret.
    if header.alg != "RS256" {
        return Err(TokenRejected::Algorithm);
    }
    if header.kid.len() > LONGEST_KID {
        return Err(TokenRejected::UnknownKey);
    }
    // Of the keys the pool has now: a stolen key that was revoked is not found, whatever it signed before and we remember.
    let key = keys.find(&header.kid, purpose).ok_or(TokenRejected::UnknownKey)?;
    let payload = decode(payload)?;
    let mark = Mark::of(key, token);
    if !verified.holds(mark) {
        if !key.verifies(signed.as_bytes(), &decode(signature)?) {
            return Err(TokenRejected::Signature);
        }
        verified.keep(mark);
    }
    // serde_json stops at 128 levels, so even a signed payload cannot exhaust the stack.
    serde_json::from_slice(&payload).map_err(|_| TokenRejected::Malformed)
}

/// What a token says of itself, believed by nobody: it only tells whose keys to verify with.
///
/// # Errors
/// `TooLong`, `Malformed`.
pub fn unverified<T: DeserializeOwned>(token: &str) -> Result<T, TokenRejected> {
    if token.len() > LONGEST_TOKEN {
        return Err(TokenRejected::TooLong);
    }
    let mut parts = token.split('.');
    let payload = parts.nth(1).ok_or(TokenRejected::Malformed)?;
    if parts.count() != 1 {
        return Err(TokenRejected::Malformed);
    }
    serde_json::from_slice(&decode(payload)?).map_err(|_| TokenRejected::Malformed)
}

/// Strict: no padding, no other alphabet, no stray bits, so that a token has one spelling only. A further `.` fails here.
fn decode(part: &str) -> Result<Vec<u8>, TokenRejected> {
    match URL_SAFE_NO_PAD.decode(part) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes),
        _ => Err(TokenRejected::Malformed),
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
