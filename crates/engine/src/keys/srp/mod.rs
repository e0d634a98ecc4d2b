//! The server's side of SRP-6a (RFC 5054 §2.5) as Cognito speaks it: other hashes over other paddings, and a signed claim instead of M1.
//!
//! Called by the sign-in machine for users (`USER_SRP_AUTH`) and remembered devices (`DEVICE_SRP_AUTH`), on
//! [`crate::work::WorkPools::srp`]. The server knows A, b and the verifier at once when the client has sent A, so [`start`] goes all the way to
//! the session key; between the two requests only that key is kept (sealed, single use, minutes), and [`SessionKey::check`] is one HMAC.
//!
//! Names: N, g, k, x, v, A, B, u, S are RFC 5054's. "Pool name" is the part of the pool id after `_`; for a device it is the device group key,
//! and the user id is the device key.

mod fixed_base;
mod group;
pub mod timestamp;

#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::U3072;
use zeroize::{Zeroize as _, Zeroizing};

use super::entropy::{self, Entropy};
use super::secret::{Secret32, SecretBytes, equal, hmac_sha256, mac32, sha256};
use group::{WIDTH, big_endian, element, generator_power, minimal, multiplier, pad, parse_hex, power, unpadded_hex};

const SALT_BYTES: usize = 16;
/// Devices bring their own salt; clients make 16 bytes.
const LONGEST_SALT: usize = 64;
/// Digits of a full-width A, and one sign byte as some clients put before it.
const LONGEST_A: usize = 2 * WIDTH + 2;
const KEY_BYTES: usize = 16;
/// HKDF's info with the counter byte of its first block.
const KEY_INFO: &[u8] = b"Caldera Derived Key\x01";

/// Why SRP does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrpRefused {
    /// A is empty, not hexadecimal, signed, longer than the group, or not in 1..N. With A ≡ 0 the session key would be known without a
    /// password.
    PublicValue,
    /// u = 0: the password would not enter the session key.
    Scrambler,
    /// A device's salt or verifier, or a stored verifier, is not one.
    Verifier,
}

impl fmt::Display for SrpRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicValue => "SRP_A is not acceptable",
            Self::Scrambler => "SRP scrambler is zero",
            Self::Verifier => "SRP verifier is not acceptable",
        })
    }
}

impl std::error::Error for SrpRefused {}

/// Salt and v = g^x: enough to check a password and to guess at it, so it is stored sealed only.
pub struct Verifier {
    /// Without leading zero bytes.
    salt: Vec<u8>,
    v: U3072,
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.salt.zeroize();
        self.v = U3072::ZERO;
        // Keeps the compiler from leaving out a write that nobody reads.
        std::hint::black_box(&self.v);
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(redacted)")
    }
}

impl Verifier {
    /// For a new password. `user_id` is what clients will be sent as USER_ID_FOR_SRP. A quarter of a millisecond.
    #[must_use]
    pub fn new(pool_name: &str, user_id: &str, password: &str, entropy: &dyn Entropy) -> Self {
        Self::with_salt(pool_name, user_id, password, &entropy::bytes::<SALT_BYTES>(entropy))
    }

    fn with_salt(pool_name: &str, user_id: &str, password: &str, salt: &[u8]) -> Self {
        let identity = Zeroizing::new(sha256(&[pool_name.as_bytes(), user_id.as_bytes(), b":", password.as_bytes()]));
        let x = Zeroizing::new(sha256(&[&pad(salt), identity.as_ref()]));
        Self { salt: minimal(salt).to_vec(), v: generator_power(&x).retrieve() }
    }

    /// From what a device registers: `DeviceSecretVerifierConfig { Salt, PasswordVerifier }`, both base64 of big-endian numbers.
    ///
    /// # Errors
    /// [`SrpRefused::Verifier`] if they are not base64, the salt is zero or over 64 bytes, or v is not in 2..N.
    pub fn from_device(salt_base64: &str, verifier_base64: &str) -> Result<Self, SrpRefused> {
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| SrpRefused::Verifier);
        Self::from_parts(&decode(salt_base64)?, &decode(verifier_base64)?)
    }

    fn from_parts(salt: &[u8], v: &[u8]) -> Result<Self, SrpRefused> {
        let salt = minimal(salt);
        let v = group::from_bytes(v).ok_or(SrpRefused::Verifier)?;
        // v = 0 or 1 belongs to no password: S would be 0 or A^b, the same for any.
        if salt.is_empty() || salt.len() > LONGEST_SALT || v <= U3072::ONE || v >= *group::prime() {
            return Err(SrpRefused::Verifier);
        }
        Ok(Self { salt: salt.to_vec(), v })
    }

    /// The verifier of a user who does not exist: the same salt every time for the same pool and name (RFC 5054 §2.5.1.3), and no password
    /// that fits. `name` must be in the form that real users are looked up by, or two spellings would get two salts. Costs no power, as
    /// reading a stored verifier costs none; `start` then does the same work for both.
    #[must_use]
    pub fn fake(key: &Secret32, pool_id: &str, name: &str) -> Self {
        let derive = |what: &[u8], number: u8| mac32(key, &[what, pool_id.as_bytes(), name.as_bytes(), &[number]]);
        // As real salts are drawn: 16 uniform bytes.
        let derived = derive(b"srp salt", 0);
        let salt = minimal(derived.get(..SALT_BYTES).unwrap_or(&derived));
        let wide: Vec<u8> = (0..=u8::MAX).take(WIDTH / 32).flat_map(|number| derive(b"srp verifier", number)).collect();
        let v = element(&group::from_bytes(&wide).unwrap_or(U3072::ONE)).retrieve();
        Self { salt: salt.to_vec(), v }
    }

    /// The form to be sealed: length of the salt, salt, v in 384 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        // The salt is at most 64 bytes by construction.
        let mut out = vec![u8::try_from(self.salt.len()).unwrap_or(0)];
        out.extend_from_slice(&self.salt);
        out.extend_from_slice(&big_endian(&self.v));
        SecretBytes::new(out)
    }

    /// From [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`SrpRefused::Verifier`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrpRefused> {
        let (length, rest) = bytes.split_first().ok_or(SrpRefused::Verifier)?;
        let (salt, v) = rest.split_at_checked(usize::from(*length)).ok_or(SrpRefused::Verifier)?;
        if v.len() != WIDTH {
            return Err(SrpRefused::Verifier);
        }
        Self::from_parts(salt, v)
    }

    /// SALT: hexadecimal without leading zeros. Some clients read it as a number (and so drop zeros), some as text: in this
    /// form they agree, whatever the salt begins with.
    #[must_use]
    pub fn salt_hex(&self) -> String {
        unpadded_hex(&self.salt)
    }
}

/// A user id for a name that no user has: a UUID, the same every time.
#[must_use]
pub fn fake_user_id(key: &Secret32, pool_id: &str, name: &str) -> String {
    let made = mac32(key, &[b"user id", pool_id.as_bytes(), name.as_bytes()]);
    entropy::uuid_from(made.first_chunk().copied().unwrap_or_default())
}

/// What [`start`] gives: two values for the client and one to keep.
#[derive(Debug)]
pub struct ServerSession {
    /// SALT.
    pub salt_hex: String,
    /// SRP_B: hexadecimal without leading zeros.
    pub b_hex: String,
    /// To be kept sealed until the client answers.
    pub key: SessionKey,
}

/// Answers a client's SRP_A (hexadecimal, upper or lower case, odd length and a leading `00` allowed). About 2.3 ms, three powers.
///
/// # Errors
/// `PublicValue`, `Scrambler`.
pub fn start(verifier: &Verifier, a_hex: &str, entropy: &dyn Entropy) -> Result<ServerSession, SrpRefused> {
    if a_hex.len() > LONGEST_A {
        return Err(SrpRefused::PublicValue);
    }
    let a_bytes = parse_hex(a_hex).ok_or(SrpRefused::PublicValue)?;
    let a = group::from_bytes(&a_bytes).ok_or(SrpRefused::PublicValue)?;
    // A = 0 and A = N give S = 0 whatever the password. Beyond N no client sends anything, and the hash of an unreduced number is a trap.
    if a == U3072::ZERO || a >= *group::prime() {
        return Err(SrpRefused::PublicValue);
    }
    let b = Zeroizing::new(entropy::bytes::<32>(entropy));
    let v = element(&verifier.v);
    // B = k·v + g^b; S = (A·v^u)^b.
    let public = big_endian(&(multiplier().mul(&v).add(&generator_power(&b))).retrieve());
    let u = scrambler(&a_bytes, &public)?;
    let s = Zeroizing::new(big_endian(&power(&element(&a).mul(&power(&v, &u)), &b).retrieve()));
    Ok(ServerSession { salt_hex: verifier.salt_hex(), b_hex: unpadded_hex(&public), key: SessionKey::derive(&s, &u) })
}

/// u = H(PAD(A) ‖ PAD(B)).
fn scrambler(a: &[u8], b: &[u8]) -> Result<[u8; 32], SrpRefused> {
    let u = sha256(&[&pad(a), &pad(b)]);
    if u == [0; 32] { Err(SrpRefused::Scrambler) } else { Ok(u) }
}

/// What the client signs its claim over, as it sent it.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The part of the pool id after `_`, or the device group key.
    pub pool_name: &'a str,
    /// USER_ID_FOR_SRP, or the device key.
    pub user_id: &'a str,
    /// PASSWORD_CLAIM_SECRET_BLOCK, decoded from base64.
    pub secret_block: &'a [u8],
    /// TIMESTAMP, the text itself; its age is checked apart, by [`timestamp::is_fresh`].
    pub timestamp: &'a str,
    /// PASSWORD_CLAIM_SIGNATURE, in base64.
    pub signature: &'a str,
}

/// The 128-bit key both sides have if the password was right. Wipes itself, does not print itself.
#[derive(Clone)]
pub struct SessionKey(Zeroizing<[u8; KEY_BYTES]>);

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(redacted)")
    }
}

impl SessionKey {
    /// HKDF-SHA256 (RFC 5869) with salt PAD(u) over PAD(S), the first 16 bytes of the first block.
    fn derive(s: &[u8], u: &[u8]) -> Self {
        let padded = Zeroizing::new(pad(s));
        let prk = hmac_sha256(&pad(u), &[&padded]);
        let block = hmac_sha256(prk.as_ref(), &[KEY_INFO]);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        for (to, from) in key.iter_mut().zip(block.iter()) {
            *to = *from;
        }
        Self(key)
    }

    /// The form to be sealed: 16 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        SecretBytes::new(self.0.to_vec())
    }

    /// From [`Self::to_bytes`]; `None` unless 16 bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    /// Whether the claim is signed with this key: HMAC-SHA256 over pool name, user id, secret block and timestamp, compared in constant time.
    #[must_use]
    pub fn check(&self, claim: &Claim<'_>) -> bool {
        let expected = self.sign(claim);
        let given = STANDARD.decode(claim.signature).unwrap_or_default();
        equal(expected.as_ref(), &given)
    }

    fn sign(&self, claim: &Claim<'_>) -> Zeroizing<[u8; 32]> {
        let parts = [claim.pool_name.as_bytes(), claim.user_id.as_bytes(), claim.secret_block, claim.timestamp.as_bytes()];
        hmac_sha256(self.0.as_ref(), &parts)
    }
}
