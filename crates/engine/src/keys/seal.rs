//! Encryption of single fields at rest under a pool's own key, bound to the place they are stored in.
//!
//! Called for SRP verifiers, TOTP seeds, client and provider secrets and signing keys. AES-256-GCM-SIV: a repeated nonce would reveal only
//! that two equal values are equal, where plain GCM would give the key of its authenticator away.
//!
//! Sealed form: format byte 1, key id (4 bytes, big endian), nonce (12), ciphertext and tag (length of the plaintext + 16).

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;

use super::CryptoFailure;
use super::entropy::{self, Entropy};
use super::secret::{Secret32, SecretBytes};

const FORMAT: u8 = 1;

/// A pool's data key. Stored only wrapped ([`super::master::MasterKeys::wrap_pool_key`]); deleting the wrapped form makes everything sealed
/// under it unreadable.
#[derive(Debug, Clone)]
pub struct PoolKey {
    id: u32,
    key: Secret32,
}

impl PoolKey {
    /// A new key; `id` numbers the keys of one pool and is written into everything it seals.
    #[must_use]
    pub fn generate(id: u32, entropy: &dyn Entropy) -> Self {
        Self { id, key: Secret32::new(entropy::bytes(entropy)) }
    }

    pub(super) fn from_parts(id: u32, key: Secret32) -> Self {
        Self { id, key }
    }

    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn secret(&self) -> &Secret32 {
        &self.key
    }

    /// The pool's key for invented salts and identifiers of unknown users. Derived from the pool key and not from the master ring, so that
    /// it outlives a master rotation: a fake salt that changes while real ones stay tells which users exist.
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn fake_identity_key(&self) -> Result<Secret32, CryptoFailure> {
        derive(&self.key, &[b"poolhouse v1 pool ", b"fake-identity"])
    }
}

/// Where a sealed value lives. It is authenticated with the value: a sealed field copied to another pool, row or column does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub pool: &'a str,
    pub row: &'a str,
    pub field: &'a str,
}

/// Why a sealed value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// Not bytes that [`seal`] made.
    Malformed,
    /// Sealed under another key of the pool, named here.
    OtherKey(u32),
    /// The key, the place or the bytes are not those of the sealing: altered, moved, or the wrong key.
    Refused,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("sealed value is malformed"),
            Self::OtherKey(id) => write!(f, "sealed value belongs to data key {id}"),
            Self::Refused => f.write_str("sealed value does not open: altered, moved or another key"),
        }
    }
}

impl std::error::Error for OpenError {}

/// Encrypts `plain` for `place`.
///
/// # Errors
/// Only if the library fails.
pub fn seal(key: &PoolKey, place: Place<'_>, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoFailure> {
    let mut out = vec![FORMAT];
    out.extend_from_slice(&key.id.to_be_bytes());
    out.extend_from_slice(&encrypt(&key.key, &place_aad(key.id, place), plain, entropy)?);
    Ok(out)
}

/// Decrypts what [`seal`] made for the same place.
///
/// # Errors
/// See [`OpenError`]; the plaintext is never partly returned.
pub fn open(key: &PoolKey, place: Place<'_>, sealed: &[u8]) -> Result<SecretBytes, OpenError> {
    let (id, body) = split(sealed).ok_or(OpenError::Malformed)?;
    if id != key.id {
        return Err(OpenError::OtherKey(id));
    }
    decrypt(&key.key, &place_aad(id, place), body).ok_or(OpenError::Refused)
}

/// Which of the pool's keys `sealed` needs; `None` if it is malformed.
#[must_use]
pub fn key_id(sealed: &[u8]) -> Option<u32> {
    split(sealed).map(|(id, _)| id)
}

fn split(sealed: &[u8]) -> Option<(u32, &[u8])> {
    let (format, rest) = sealed.split_first()?;
    let (id, body) = rest.split_first_chunk::<4>()?;
    (*format == FORMAT).then(|| (u32::from_be_bytes(*id), body))
}

fn place_aad(key_id: u32, place: Place<'_>) -> Vec<u8> {
    aad(&[&[FORMAT], &key_id.to_be_bytes(), place.pool.as_bytes(), place.row.as_bytes(), place.field.as_bytes()])
}

/// Length-prefixed concatenation: ("ab","c") and ("a","bc") must not authenticate each other.
pub(super) fn aad(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Nonce ‖ ciphertext ‖ tag.
pub(super) fn encrypt(key: &Secret32, aad: &[u8], plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoFailure> {
    let nonce: [u8; NONCE_LEN] = entropy::bytes(entropy);
    let mut body = Vec::with_capacity(plain.len() + 16);
    body.extend_from_slice(plain);
    cipher(key)?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut body)
        .map_err(|_| CryptoFailure("seal"))?;
    Ok([nonce.as_slice(), &body].concat())
}

/// The plaintext of [`encrypt`]'s output, or `None` whatever the reason.
pub(super) fn decrypt(key: &Secret32, aad: &[u8], body: &[u8]) -> Option<SecretBytes> {
    let (nonce, body) = body.split_first_chunk::<NONCE_LEN>()?;
    let mut body = body.to_vec();
    let length = cipher(key).ok()?.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut body).ok()?.len();
    body.truncate(length);
    Some(SecretBytes::new(body))
}

fn cipher(key: &Secret32) -> Result<LessSafeKey, CryptoFailure> {
    UnboundKey::new(&AES_256_GCM_SIV, key.expose()).map(LessSafeKey::new).map_err(|_| CryptoFailure("data key"))
}

/// HKDF-SHA256 (RFC 5869) without salt: 32 bytes for one purpose.
pub(super) fn derive(key: &Secret32, info: &[&[u8]]) -> Result<Secret32, CryptoFailure> {
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(key.expose());
    let mut out = [0; 32];
    prk.expand(info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut out)).map_err(|_| CryptoFailure("key derivation"))?;
    Ok(Secret32::new(out))
}

#[cfg(test)]
mod tests {
    use super::super::entropy::SeededEntropy;
    use super::*;

    const PLACE: Place<'_> = Place { pool: "eu-west-1_abcdefghi", row: "ann", field: "srp" };

    fn sealed() -> (PoolKey, Vec<u8>) {
        let entropy = SeededEntropy::new(1);
        let key = PoolKey::generate(3, &entropy);
        let sealed = seal(&key, PLACE, b"canary-value", &entropy).unwrap();
        (key, sealed)
    }

    #[test]
    fn what_is_sealed_opens_in_its_place() {
        let (key, sealed) = sealed();
        assert_eq!(open(&key, PLACE, &sealed).unwrap().expose(), b"canary-value");
        assert_eq!(key_id(&sealed), Some(3));
        assert_eq!(sealed.len(), 1 + 4 + 12 + 12 + 16);
        let empty = seal(&key, PLACE, b"", &SeededEntropy::new(2)).unwrap();
        assert_eq!(open(&key, PLACE, &empty).unwrap().expose(), b"");
    }

    #[test]
    fn sec_178_the_sealed_form_does_not_show_the_value() {
        let (_, sealed) = sealed();
        assert!(!sealed.windows(6).any(|part| part == b"canary"));
    }

    #[test]
    fn sec_177_a_value_moved_to_another_place_does_not_open() {
        let (key, sealed) = sealed();
        for moved in [
            Place { row: "bob", ..PLACE },
            Place { pool: "eu-west-1_zzzzzzzzz", ..PLACE },
            Place { field: "totp", ..PLACE },
            // The same letters with the border between row and field moved.
            Place { row: "anns", field: "rp", ..PLACE },
        ] {
            assert_eq!(open(&key, moved, &sealed).unwrap_err(), OpenError::Refused);
        }
    }

    #[test]
    fn sec_177_every_altered_byte_is_noticed() {
        let (key, sealed) = sealed();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(open(&key, PLACE, &altered).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(open(&key, PLACE, &sealed[..length]).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn another_key_is_named_or_refused() {
        let (key, sealed) = sealed();
        let entropy = SeededEntropy::new(9);
        assert_eq!(open(&PoolKey::generate(4, &entropy), PLACE, &sealed).unwrap_err(), OpenError::OtherKey(3));
        assert_eq!(open(&PoolKey::generate(3, &entropy), PLACE, &sealed).unwrap_err(), OpenError::Refused);
        assert_eq!(open(&key, PLACE, &[2; 60]).unwrap_err(), OpenError::Malformed);
        assert_eq!(key_id(b""), None);
    }

    #[test]
    fn sec_184_nonces_do_not_repeat_and_a_repeat_would_not_break_it() {
        struct Stuck;
        impl Entropy for Stuck {
            fn fill(&self, buffer: &mut [u8]) {
                buffer.fill(5);
            }
        }
        let entropy = SeededEntropy::new(1);
        let key = PoolKey::generate(1, &entropy);
        let nonces: std::collections::HashSet<Vec<u8>> =
            (0..1_000).map(|_| seal(&key, PLACE, b"x", &entropy).unwrap()[5..17].to_vec()).collect();
        assert_eq!(nonces.len(), 1_000);
        // Under one nonce, GCM would give the xor of two plaintexts away; SIV's keystreams differ.
        let one = seal(&key, PLACE, &[0; 32], &Stuck).unwrap();
        let two = seal(&key, PLACE, &[1; 32], &Stuck).unwrap();
        assert!(one[17..49].iter().zip(&two[17..49]).any(|(a, b)| a ^ b != 1));
    }

    #[test]
    fn derivation_is_rfc_5869() {
        // Checked against the one-block formula: PRK = HMAC(zeros, key), OKM = HMAC(PRK, info ‖ 01).
        use super::super::secret::hmac_sha256;
        let prk = hmac_sha256(&[0; 32], &[&[9; 32]]);
        let expected = hmac_sha256(prk.as_ref(), &[b"info", &[1]]);
        assert!(derive(&Secret32::new([9; 32]), &[b"in", b"fo"]).unwrap().matches(expected.as_ref()));
    }

    #[test]
    fn sec_186_debug_shows_no_key() {
        assert_eq!(format!("{:?}", sealed().0), "PoolKey { id: 3, key: Secret32(redacted) }");
    }

    #[test]
    fn sec_203_no_mutation_of_a_sealed_value_opens() {
        let (key, sealed) = sealed();
        poolhouse_store::testkit::fuzz::bytes(&[&sealed, b"", &[2; 60]], |bytes| {
            assert_eq!(open(&key, PLACE, bytes).is_ok(), bytes == sealed);
        });
    }
}
