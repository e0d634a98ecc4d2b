//! RSA-2048 signing keys, their public halves and the JSON Web Keys that publish them.
//!
//! Made by [`super::stock`], kept sealed by the pools above, used by [`super::jwt`] and [`super::jwe`]. A pool has two, as Cognito does: one
//! signs ID tokens, one access tokens. All private-key work is done by aws-lc-rs, whose timing does not depend on the key.

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeySize, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;

use super::CryptoFailure;
use super::secret::{SecretBytes, hash32};

/// Which tokens a key signs. A token signed by the other key of its pool is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    Id,
    Access,
}

impl KeyPurpose {
    /// `id` or `access`: the form kept in the database, and the token's `token_use`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Access => "access",
        }
    }
}

impl std::str::FromStr for KeyPurpose {
    type Err = CryptoFailure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "id" => Ok(Self::Id),
            "access" => Ok(Self::Access),
            _ => Err(CryptoFailure("key purpose")),
        }
    }
}

/// A private key with its public half.
pub struct SigningKey {
    pair: RsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// A new key: 20–200 ms, so on a blocking pool; better from the [`super::stock::KeyStock`].
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn generate(purpose: KeyPurpose) -> Result<Self, CryptoFailure> {
        Self::new(RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| CryptoFailure("RSA key generation"))?, purpose)
    }

    /// From PKCS#8 DER (RFC 5208), as [`Self::to_pkcs8`] made it.
    ///
    /// # Errors
    /// If the bytes are no consistent RSA key of 2048 bits.
    pub fn from_pkcs8(der: &[u8], purpose: KeyPurpose) -> Result<Self, CryptoFailure> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| CryptoFailure("RSA private key"))?;
        if pair.public_modulus_len() != 256 {
            return Err(CryptoFailure("RSA key size"));
        }
        Self::new(pair, purpose)
    }

    fn new(pair: RsaKeyPair, purpose: KeyPurpose) -> Result<Self, CryptoFailure> {
        let public = PublicKey::from_der(pair.public_key().as_ref(), purpose)?;
        Ok(Self { pair, public })
    }

    /// PKCS#8 DER, to be sealed.
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, CryptoFailure> {
        let der = self.pair.as_der().map_err(|_| CryptoFailure("RSA key encoding"))?;
        Ok(SecretBytes::new(der.as_ref().to_vec()))
    }

    /// The same key for the other kind of token.
    #[must_use]
    pub fn for_purpose(mut self, purpose: KeyPurpose) -> Self {
        self.public.purpose = purpose;
        self
    }

    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    #[must_use]
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 (RS256, RFC 7518 §3.3): 256 bytes, 0.2 ms.
    ///
    /// # Errors
    /// Only if the library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CryptoFailure> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &aws_lc_rs::rand::SystemRandom::new(), message, &mut signature)
            .map_err(|_| CryptoFailure("RSA signature"))?;
        Ok(signature)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

/// The public half.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    fingerprint: [u8; 32],
    purpose: KeyPurpose,
    /// PKCS#1 `RSAPublicKey`.
    der: Vec<u8>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// From PKCS#1 `RSAPublicKey` DER, as [`Self::der`] gives it.
    ///
    /// # Errors
    /// If the bytes are no RSA public key.
    pub fn from_der(der: &[u8], purpose: KeyPurpose) -> Result<Self, CryptoFailure> {
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| CryptoFailure("RSA public key"))?;
        let (modulus, exponent) = components(der).ok_or(CryptoFailure("RSA public key encoding"))?;
        // Derived from the key, so that a restored or imported key keeps its name; 32 bytes in base64, as Cognito's.
        let fingerprint = hash32("kid", der);
        let kid = STANDARD.encode(fingerprint);
        Ok(Self { kid, fingerprint, purpose, der: der.to_vec(), modulus: modulus.to_vec(), exponent: exponent.to_vec(), parsed })
    }

    /// 44 characters of standard base64.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What tells this key from every other.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    #[must_use]
    pub fn purpose(&self) -> KeyPurpose {
        self.purpose
    }

    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key as it is published.
    #[must_use]
    pub fn jwk(&self) -> Jwk {
        Jwk {
            alg: "RS256",
            e: URL_SAFE_NO_PAD.encode(&self.exponent),
            kid: self.kid.clone(),
            kty: "RSA",
            n: URL_SAFE_NO_PAD.encode(&self.modulus),
            use_: "sig",
        }
    }

    /// Whether `signature` is an RS256 signature of `message` by this key.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }

    pub(super) fn encrypting(&self) -> Result<OaepPublicEncryptingKey, CryptoFailure> {
        let spki = self.parsed.as_der().map_err(|_| CryptoFailure("RSA public key encoding"))?;
        PublicEncryptingKey::from_der(spki.as_ref())
            .map_err(|_| CryptoFailure("RSA encrypting key"))
            .and_then(|key| OaepPublicEncryptingKey::new(key).map_err(|_| CryptoFailure("RSA encrypting key")))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kid, self.purpose.as_str())
    }
}

/// A JSON Web Key (RFC 7517 §4, RFC 7518 §6.3.1) with Cognito's six members in Cognito's order.
#[derive(Debug, Clone, Serialize)]
pub struct Jwk {
    pub alg: &'static str,
    pub e: String,
    pub kid: String,
    pub kty: &'static str,
    pub n: String,
    #[serde(rename = "use")]
    pub use_: &'static str,
}

/// The keys that may have signed a pool's tokens: the present two and, while a rotation lasts, older ones.
#[derive(Debug, Clone, Default)]
pub struct PublicKeys(Vec<PublicKey>);

impl PublicKeys {
    #[must_use]
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }

    /// The key of this name and purpose. The name comes from an unverified token: it chooses among these keys and does nothing else.
    #[must_use]
    pub fn find(&self, kid: &str, purpose: KeyPurpose) -> Option<&PublicKey> {
        self.0.iter().find(|key| key.kid == kid && key.purpose == purpose)
    }

    /// The JWKS document `{"keys":[…]}` (RFC 7517 §5).
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: self.0.iter().map(PublicKey::jwk).collect() }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

/// Modulus and exponent, without the sign byte of DER, from `SEQUENCE { INTEGER n, INTEGER e }` (RFC 8017 A.1.1).
fn components(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inside, after) = element(der, 0x30)?;
    let (modulus, rest) = element(inside, 0x02)?;
    let (exponent, end) = element(rest, 0x02)?;
    (after.is_empty() && end.is_empty()).then(|| (unsigned(modulus), unsigned(exponent)))
}

/// The contents of the DER element at the beginning, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (head, rest) = der.split_first_chunk::<2>()?;
    let [found, first] = *head;
    if found != tag {
        return None;
    }
    if first < 0x80 {
        return rest.split_at_checked(usize::from(first));
    }
    let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(length, _)| length.len() <= 2)?;
    rest.split_at_checked(length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

fn unsigned(integer: &[u8]) -> &[u8] {
    match integer {
        [0, rest @ ..] if !rest.is_empty() => rest,
        whole => whole,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::LazyLock;

    use super::*;

    /// Keys are slow to make; tests that only need some key share these.
    pub(crate) static ID: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(KeyPurpose::Id).unwrap());
    pub(crate) static ACCESS: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate(KeyPurpose::Access).unwrap());

    #[test]
    fn a_key_survives_its_pkcs8_form_with_the_same_name() {
        let der = ID.to_pkcs8().unwrap();
        let back = SigningKey::from_pkcs8(der.expose(), KeyPurpose::Id).unwrap();
        assert_eq!(back.kid(), ID.kid());
        assert!(ID.public().verifies(b"m", &back.sign(b"m").unwrap()));
        assert!(SigningKey::from_pkcs8(&der.expose()[1..], KeyPurpose::Id).is_err());
        assert!(SigningKey::from_pkcs8(b"", KeyPurpose::Id).is_err());
    }

    #[test]
    fn only_the_key_and_the_message_verify() {
        let signature = ID.sign(b"message").unwrap();
        assert_eq!(signature.len(), 256);
        assert!(ID.public().verifies(b"message", &signature));
        assert!(!ID.public().verifies(b"massage", &signature));
        assert!(!ACCESS.public().verifies(b"message", &signature));
        assert!(!ID.public().verifies(b"message", b""));
    }

    #[test]
    fn the_published_key_has_cognitos_members() {
        let text = serde_json::to_string(&ID.public().jwk()).unwrap();
        assert!(text.starts_with(r#"{"alg":"RS256","e":"AQAB","kid":""#), "{text}");
        assert!(text.ends_with(r#","use":"sig"}"#));
        assert_eq!(ID.kid().len(), 44);
        assert_eq!(STANDARD.decode(ID.kid()).unwrap().len(), 32);
        // n of a 2048-bit key: 256 bytes, 342 characters, top bit set and no sign byte.
        let n = ID.public().jwk().n;
        assert_eq!(n.len(), 342);
        assert!(URL_SAFE_NO_PAD.decode(&n).unwrap()[0] >= 0x80);
    }

    #[test]
    fn published_numbers_are_the_keys_own() {
        use aws_lc_rs::signature::RsaPublicKeyComponents;
        let jwk = ID.public().jwk();
        let rebuilt =
            RsaPublicKeyComponents { n: URL_SAFE_NO_PAD.decode(jwk.n).unwrap(), e: URL_SAFE_NO_PAD.decode(jwk.e).unwrap() };
        rebuilt.verify(&RSA_PKCS1_2048_8192_SHA256, b"m", &ID.sign(b"m").unwrap()).unwrap();
    }

    #[test]
    fn a_key_is_found_by_name_and_purpose() {
        let keys = PublicKeys::new(vec![ID.public().clone(), ACCESS.public().clone()]);
        assert!(keys.find(ID.kid(), KeyPurpose::Id).is_some());
        assert!(keys.find(ID.kid(), KeyPurpose::Access).is_none());
        assert!(keys.find("", KeyPurpose::Id).is_none());
        assert_eq!(keys.jwks().keys.len(), 2);
    }

    #[test]
    fn malformed_der_gives_no_components() {
        let der = ID.public().der();
        assert!(components(der).is_some());
        for length in 0..der.len() {
            assert!(components(&der[..length]).is_none());
        }
        assert!(components(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
    }

    #[test]
    fn sec_186_debug_shows_the_name_only() {
        assert_eq!(format!("{:?}", *ID), format!("SigningKey({})", ID.kid()));
    }
}
