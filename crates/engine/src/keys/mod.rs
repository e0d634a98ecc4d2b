//! The cryptographic floor: randomness, secrets, master keys, sealing, signing, tokens' outer form, password hashing and SRP.
//!
//! Owns every use of a cipher, a hash or a private key; knows no pool, no user row and no request. Everything above it in the engine calls it.
//! Nothing here reads a clock or awaits: costly calls (RSA, Argon2, SRP) are handed to [`crate::work`] by the caller.

pub mod entropy;
pub mod house;
pub mod jwe;
pub mod jwt;
pub mod master;
pub mod password;
pub mod rsa;
mod scratch;
pub mod seal;
pub mod secret;
pub mod secret_hash;
pub mod srp;
pub mod stock;
pub mod totp;
pub mod verified;

use std::fmt;

/// The cryptographic library refused, or stored bytes are not what this program wrote. Never the caller's fault: an internal error.
///
/// The text names the step, never a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CryptoFailure(pub &'static str);

impl fmt::Display for CryptoFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cryptographic step failed: {}", self.0)
    }
}

impl std::error::Error for CryptoFailure {}

/// Lower-case hexadecimal of `bytes`, two digits each.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}
