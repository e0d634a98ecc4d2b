//! The installation's own data key: what MACs of short codes, of API sessions, of page tokens and of forms are derived from.
//!
//! Kept in the database, wrapped under the master key ([`super::master`]), and not derived from the ring: a new master key ends nobody's
//! sign-in, nodes whose rings differ for a while understand each other, and an invented destination that changed while real ones stay
//! would tell which users exist. Opened once at start by the keyring.

use super::CryptoFailure;
use super::entropy::{self, Entropy};
use super::seal;
use super::secret::Secret32;

/// What a derived key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// MACs of short codes and of API sessions.
    Codes,
    /// Authentication of pagination tokens.
    Pagination,
    /// Double-submit tokens of the pages.
    Csrf,
    /// The chains of the audit trail.
    Audit,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Codes => b"codes",
            Self::Pagination => b"pagination",
            Self::Csrf => b"csrf",
            Self::Audit => b"audit",
        }
    }
}

/// One for each database.
#[derive(Debug, Clone)]
pub struct HouseKey(Secret32);

impl HouseKey {
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(Secret32::new(entropy::bytes(entropy)))
    }

    /// From the bytes that [`Self::expose`] gave; `None` unless they are 32.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Secret32::from_slice(bytes).map(Self)
    }

    /// The key itself, to be wrapped.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// # Errors
    /// Only if the library fails.
    pub fn sub_key(&self, purpose: Purpose) -> Result<Secret32, CryptoFailure> {
        seal::derive(&self.0, &[b"poolhouse v1 house ", purpose.label()])
    }
}

#[cfg(test)]
mod tests {
    use super::super::entropy::SeededEntropy;
    use super::*;

    #[test]
    fn every_purpose_has_its_own_sub_key_that_comes_back() {
        let key = HouseKey::generate(&SeededEntropy::new(1));
        let back = HouseKey::from_slice(key.expose()).unwrap();
        let all = [Purpose::Codes, Purpose::Pagination, Purpose::Csrf].map(|purpose| {
            let sub_key = key.sub_key(purpose).unwrap();
            assert!(back.sub_key(purpose).unwrap().matches(sub_key.expose()));
            *sub_key.expose()
        });
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert!(HouseKey::from_slice(&[1; 31]).is_none());
    }
}
