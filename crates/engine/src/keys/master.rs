//! The ring of master keys: read, made, written, and the keys derived from it.
//!
//! The server opens it at start, before the database is used; the engine's context holds it. It lives outside the database, so that a copy
//! of the database alone opens nothing. Where it comes from (file, systemd credential, development) is the server's configuration.
//!
//! Text form, one key a line: `id key [active]`, the key 32 bytes in base64 or hexadecimal; `#` begins a comment line. The active key makes
//! new things; the others only open old ones. Without a mark the first is active.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::entropy::{self, Entropy};
use super::seal::{self, PoolKey};
use super::secret::{Secret32, SecretBytes};
use super::{CryptoFailure, hex};

#[path = "master_file.rs"]
mod file;

pub use file::MasterKeyError;

const WRAP_FORMAT: u8 = 1;
const LONGEST_ID: usize = 32;
const CANARY: &[u8] = b"poolhouse canary v1";

/// What a derived key is for. Each gets its own 256 bits, so that a value made for one purpose proves nothing for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// HMAC over passwords before Argon2id.
    Pepper,
    /// Encryption of the database's data keys.
    Wrapping,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Pepper => b"pepper",
            Self::Wrapping => b"wrapping",
        }
    }
}

/// Something the database keeps wrapped under a master key; bound to what and whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapped<'a> {
    /// The data key of the pool of this id.
    PoolKey(&'a str),
    /// The secret of the access key of this id.
    AccessKey(&'a str),
    /// See [`super::house::HouseKey`].
    HouseKey,
    /// What a database knows its master key by.
    Canary,
}

impl Wrapped<'_> {
    fn aad(&self, master_key_id: &str) -> Vec<u8> {
        let (kind, name): (&[u8], &str) = match self {
            Self::PoolKey(id) => (b"pool", id),
            Self::AccessKey(id) => (b"access key", id),
            Self::HouseKey => (b"house", ""),
            Self::Canary => (b"canary", ""),
        };
        seal::aad(&[&[WRAP_FORMAT], kind, name.as_bytes(), master_key_id.as_bytes()])
    }
}

#[derive(Debug, Clone)]
struct MasterKey {
    id: String,
    key: Secret32,
}

impl MasterKey {
    fn derive(&self, purpose: Purpose) -> Result<Secret32, CryptoFailure> {
        seal::derive(&self.key, &[b"poolhouse v1 master ", purpose.label()])
    }
}

/// One or more master keys, one of them active.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    active: MasterKey,
    /// Kept to open what older keys made.
    others: Vec<MasterKey>,
}

impl MasterKeys {
    /// A ring of one new key with the given id (`[A-Za-z0-9._-]`, 1–32 characters).
    ///
    /// # Errors
    /// `BadId`.
    pub fn generate(id: &str, entropy: &dyn Entropy) -> Result<Self, MasterKeyError> {
        if !valid_id(id) {
            return Err(MasterKeyError::BadId);
        }
        Ok(Self { active: MasterKey { id: id.to_owned(), key: Secret32::new(entropy::bytes(entropy)) }, others: Vec::new() })
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// `Empty`, `Line` (the line's number; never its content), `DuplicateId`, `TwoActive`, `WeakKey`.
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        let mut active = None;
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let (key, marked) = parse_line(line).ok_or(MasterKeyError::Line(number))?;
            // A key of one repeated byte is a placeholder somebody forgot to replace.
            if key.key.expose().windows(2).all(|pair| pair.first() == pair.last()) {
                return Err(MasterKeyError::WeakKey(key.id));
            }
            if keys.iter().any(|known| known.id == key.id) {
                return Err(MasterKeyError::DuplicateId(key.id));
            }
            if marked && active.replace(keys.len()).is_some() {
                return Err(MasterKeyError::TwoActive);
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(MasterKeyError::Empty);
        }
        let active = keys.remove(active.unwrap_or(0));
        Ok(Self { active, others: keys })
    }

    /// The text form; a secret.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text =
            Zeroizing::new(String::from("# Poolhouse master keys. Whoever has this file and the database has everything.\n"));
        for (at, key) in self.ring().enumerate() {
            let encoded = Zeroizing::new(STANDARD.encode(key.key.expose()));
            for part in [key.id.as_str(), " ", encoded.as_str(), if at == 0 { " active\n" } else { "\n" }] {
                text.push_str(part);
            }
        }
        text
    }

    /// A ring with a new active key; the present ones stay to open what they made.
    ///
    /// # Errors
    /// `DuplicateId`, `BadId`.
    pub fn rotated(&self, id: &str, entropy: &dyn Entropy) -> Result<Self, MasterKeyError> {
        self.with_standby(id, entropy)?.activated(id)
    }

    /// A ring with a new key that only opens things, until [`Self::activated`]: how several nodes learn it before one uses it.
    ///
    /// # Errors
    /// `DuplicateId`, `BadId`.
    pub fn with_standby(&self, id: &str, entropy: &dyn Entropy) -> Result<Self, MasterKeyError> {
        if self.ids().any(|known| known == id) {
            return Err(MasterKeyError::DuplicateId(id.to_owned()));
        }
        let mut ring = self.clone();
        ring.others.insert(0, Self::generate(id, entropy)?.active);
        Ok(ring)
    }

    /// The ring with another of its keys active.
    ///
    /// # Errors
    /// `Unknown`.
    pub fn activated(&self, id: &str) -> Result<Self, MasterKeyError> {
        let (mut chosen, others): (Vec<_>, Vec<_>) = self.ring().cloned().partition(|key| key.id == id);
        let active = chosen.pop().ok_or_else(|| MasterKeyError::Unknown(id.to_owned()))?;
        Ok(Self { active, others })
    }

    /// The ring without a key. Whether stored data still needs it is for the caller to know.
    ///
    /// # Errors
    /// `Unknown`; `Active`, as new things are made with that one.
    pub fn without(&self, id: &str) -> Result<Self, MasterKeyError> {
        if self.active.id == id {
            return Err(MasterKeyError::Active(id.to_owned()));
        }
        let others: Vec<_> = self.others.iter().filter(|key| key.id != id).cloned().collect();
        if others.len() == self.others.len() {
            return Err(MasterKeyError::Unknown(id.to_owned()));
        }
        Ok(Self { active: self.active.clone(), others })
    }

    /// The id of the key that makes new things.
    #[must_use]
    pub fn active_id(&self) -> &str {
        &self.active.id
    }

    /// Every id, the active one first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ring().map(|key| key.id.as_str())
    }

    /// The sub-keys of the whole ring with their ids, the active one first: for checking what an older key may have made.
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn sub_keys(&self, purpose: Purpose) -> Result<Vec<(String, Secret32)>, CryptoFailure> {
        self.ring().map(|key| Ok((key.id.clone(), key.derive(purpose)?))).collect()
    }

    /// A pool key in the form the database keeps, bound to the pool's id.
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn wrap_pool_key(&self, pool_id: &str, key: &PoolKey, entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoFailure> {
        let mut plain = Zeroizing::new(key.id().to_be_bytes().to_vec());
        plain.extend_from_slice(key.secret().expose());
        self.wrap(Wrapped::PoolKey(pool_id), &plain, entropy)
    }

    /// The pool key of [`Self::wrap_pool_key`].
    ///
    /// # Errors
    /// As [`Self::unwrap`].
    pub fn unwrap_pool_key(&self, pool_id: &str, wrapped: &[u8]) -> Result<PoolKey, MasterKeyError> {
        let plain = self.unwrap(Wrapped::PoolKey(pool_id), wrapped)?;
        let (id, key) = plain.expose().split_first_chunk::<4>().ok_or(MasterKeyError::Malformed)?;
        let key = Secret32::from_slice(key).ok_or(MasterKeyError::Malformed)?;
        Ok(PoolKey::from_parts(u32::from_be_bytes(*id), key))
    }

    /// The record a new database keeps to know its master key again.
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn canary(&self, entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoFailure> {
        self.wrap(Wrapped::Canary, CANARY, entropy)
    }

    /// Whether this ring belongs to the database that keeps `record`. On any error the server must not start, and must never make a new key
    /// over old data: that would orphan everything sealed.
    ///
    /// # Errors
    /// As [`Self::unwrap`].
    pub fn check_canary(&self, record: &[u8]) -> Result<(), MasterKeyError> {
        let plain = self.unwrap(Wrapped::Canary, record)?;
        if plain.matches(CANARY) { Ok(()) } else { Err(MasterKeyError::WrongKey) }
    }

    fn ring(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.active).chain(&self.others)
    }

    /// `plain` in the form the database keeps: format byte, length of the id, id, sealed bytes.
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn wrap(&self, what: Wrapped<'_>, plain: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoFailure> {
        let id = &self.active.id;
        let length = u8::try_from(id.len()).map_err(|_| CryptoFailure("master key id"))?;
        let sealed = seal::encrypt(&self.active.derive(Purpose::Wrapping)?, &what.aad(id), plain, entropy)?;
        Ok([&[WRAP_FORMAT, length], id.as_bytes(), &sealed].concat())
    }

    /// What [`Self::wrap`] wrapped as the same thing.
    ///
    /// # Errors
    /// `KeyMissing` (its master key is not in the ring), `WrongKey` (altered, another's, or another key under the same id), `Malformed`.
    pub fn unwrap(&self, what: Wrapped<'_>, wrapped: &[u8]) -> Result<SecretBytes, MasterKeyError> {
        let (id, body) = split(wrapped).ok_or(MasterKeyError::Malformed)?;
        let master = self.ring().find(|key| key.id == id).ok_or_else(|| MasterKeyError::KeyMissing(id.to_owned()))?;
        let key = master.derive(Purpose::Wrapping).map_err(|_| MasterKeyError::WrongKey)?;
        seal::decrypt(&key, &what.aad(id), body).ok_or(MasterKeyError::WrongKey)
    }

    /// The same thing under the active key; `None` where it is already.
    ///
    /// # Errors
    /// As [`Self::unwrap`].
    pub fn rewrap(&self, what: Wrapped<'_>, wrapped: &[u8], entropy: &dyn Entropy) -> Result<Option<Vec<u8>>, MasterKeyError> {
        if wrapped_by(wrapped) == Some(self.active_id()) {
            return Ok(None);
        }
        let plain = self.unwrap(what, wrapped)?;
        self.wrap(what, plain.expose(), entropy).map(Some).map_err(|_| MasterKeyError::WrongKey)
    }
}

/// The id of the master key that made a wrapped thing: rotation counts these until the old key is unused.
#[must_use]
pub fn wrapped_by(wrapped: &[u8]) -> Option<&str> {
    split(wrapped).map(|(id, _)| id)
}

fn split(wrapped: &[u8]) -> Option<(&str, &[u8])> {
    let ([format, length], rest) = wrapped.split_first_chunk::<2>()?;
    let (id, body) = rest.split_at_checked(usize::from(*length))?;
    let id = std::str::from_utf8(id).ok()?;
    (*format == WRAP_FORMAT && valid_id(id)).then_some((id, body))
}

fn parse_line(line: &str) -> Option<(MasterKey, bool)> {
    let mut words = line.split_whitespace();
    let id = words.next().filter(|id| valid_id(id))?;
    let key = decode_key(words.next()?)?;
    let marked = match (words.next(), words.next()) {
        (None, _) => false,
        (Some("active"), None) => true,
        _ => return None,
    };
    Some((MasterKey { id: id.to_owned(), key }, marked))
}

fn decode_key(text: &str) -> Option<Secret32> {
    if text.len() == 64 {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        return Secret32::from_slice(bytes.as_ref());
    }
    Secret32::from_slice(&Zeroizing::new(STANDARD.decode(text).ok()?))
}

fn valid_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// A proposal for the next key's id: eight random hexadecimal digits.
#[must_use]
pub fn new_id(entropy: &dyn Entropy) -> String {
    hex(&entropy::bytes::<4>(entropy))
}

#[cfg(test)]
#[path = "master_tests.rs"]
mod tests;
