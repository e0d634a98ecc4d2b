//! Secret bytes that wipe themselves, never print themselves and compare only in constant time; and the two ways a secret is stored
//! without being kept.
//!
//! Used by every module that holds key material, tokens or codes. The types have no `PartialEq` on purpose: `==` returns at the first
//! different byte and lets a remote caller guess a secret byte by byte.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// A 256-bit secret: master keys, derived keys, MAC keys.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// `None` unless `bytes` are exactly 32.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for handing to a cipher or a MAC.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Equality in time independent of the contents.
    #[must_use]
    pub fn matches(&self, other: &[u8]) -> bool {
        equal(&self.0, other)
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32(redacted)")
    }
}

/// A secret of any length: private keys in DER, unsealed fields.
#[derive(Clone, Default, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, for secrets that are text (client secrets, provider secrets). `None` if they are not UTF-8.
    #[must_use]
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Equality in time independent of the contents (not of the length).
    #[must_use]
    pub fn matches(&self, other: &[u8]) -> bool {
        equal(&self.0, other)
    }
}

impl From<&str> for SecretBytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(redacted)")
    }
}

/// Compares two byte strings in time that depends on their lengths only.
#[must_use]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// What is stored in place of a random token, authorization code, cookie or session id: SHA-256 over the domain's length, the domain and
/// the bytes. For values of at least 128 random bits only: anything shorter can be guessed from this hash, use [`mac32`].
///
/// `domain` keeps a value of one kind from being accepted as another (`"refresh"`, `"session"`, …; at most 255 bytes count).
#[must_use]
pub fn hash32(domain: &str, bytes: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    let length = u8::try_from(domain.len()).unwrap_or(u8::MAX);
    context.update(&[length]);
    context.update(domain.as_bytes());
    context.update(bytes);
    let mut out = [0; 32];
    copy(context.finish().as_ref(), &mut out);
    out
}

/// HMAC-SHA256 over the parts, each preceded by its length as eight bytes, so that moving a byte between parts changes the result.
/// Stored in place of short codes (a thief of the table cannot try all 10^6 without the key); say what it is for in the first part.
#[must_use]
pub fn mac32(key: &Secret32, parts: &[&[u8]]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 32];
    copy(context.sign().as_ref(), &mut out);
    out
}

/// Whether `expected` is [`mac32`] of the parts, compared in constant time.
#[must_use]
pub fn mac_matches(key: &Secret32, parts: &[&[u8]], expected: &[u8]) -> bool {
    let mut made = mac32(key, parts);
    let same = equal(&made, expected);
    made.zeroize();
    same
}

/// Unprefixed HMAC-SHA256, for formulas laid down by others (SECRET_HASH, SRP's claim).
pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(part);
    }
    let mut out = Zeroizing::new([0; 32]);
    copy(context.sign().as_ref(), out.as_mut());
    out
}

/// Unprefixed SHA-256 over the parts, for formulas laid down by others.
pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    copy(context.finish().as_ref(), &mut out);
    out
}

/// Copies as much as fits, from the left.
fn copy(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_186_debug_shows_no_secret() {
        let shown = format!("{:?} {:?}", Secret32::new([0xab; 32]), SecretBytes::from("hunter2"));
        assert_eq!(shown, "Secret32(redacted) SecretBytes(redacted)");
    }

    #[test]
    fn sec_042_matches_needs_every_byte() {
        let secret = Secret32::new([7; 32]);
        assert!(secret.matches(&[7; 32]));
        for at in 0..32 {
            let mut near = [7; 32];
            near[at] ^= 1;
            assert!(!secret.matches(&near));
        }
        assert!(!secret.matches(&[7; 31]));
        assert!(!secret.matches(&[]));
        assert!(!SecretBytes::from("abc").matches(b"abcd"));
    }

    #[test]
    fn hashes_differ_by_domain_and_by_where_it_ends() {
        assert_ne!(hash32("refresh", b"x"), hash32("session", b"x"));
        assert_ne!(hash32("ab", b"c"), hash32("a", b"bc"));
        assert_eq!(super::super::hex(&hash32("a", b"b")), super::super::hex(&sha256(&[b"\x01ab"])));
    }

    #[test]
    fn macs_separate_their_parts() {
        let key = Secret32::new([1; 32]);
        assert_ne!(mac32(&key, &[b"ab", b"c"]), mac32(&key, &[b"a", b"bc"]));
        assert_ne!(mac32(&key, &[b"ab"]), mac32(&key, &[b"ab", b""]));
        assert_ne!(mac32(&key, &[b"a"]), mac32(&Secret32::new([2; 32]), &[b"a"]));
        assert!(mac_matches(&key, &[b"a", b"b"], &mac32(&key, &[b"a", b"b"])));
        assert!(!mac_matches(&key, &[b"a", b"c"], &mac32(&key, &[b"a", b"b"])));
        assert!(!mac_matches(&key, &[b"a"], b""));
    }

    #[test]
    fn hmac_and_sha_are_the_published_ones() {
        // RFC 4231 test case 2 and FIPS 180-4 "abc".
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(super::super::hex(mac.as_ref()), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(
            super::super::hex(&sha256(&[b"a", b"bc"])),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
