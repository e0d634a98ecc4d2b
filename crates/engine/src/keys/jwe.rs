//! The outer form of refresh tokens: JSON Web Encryption in compact form (RFC 7516 §7.1), as Cognito's clients know it.
//!
//! Called by `tokens` when it issues one. To clients a refresh token is opaque, and to us it is random bytes: the truth is a row found by the
//! hash of the text ([`super::secret::hash32`]), so nothing here decrypts. Two tokens never agree, as key and IV are fresh.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rsa::OAEP_SHA1_MGF1SHA1;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::CryptoFailure;
use super::entropy::{self, Entropy};
use super::rsa::PublicKey;

/// Base64url of `{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}`: what every Cognito refresh token begins with (observed).
const HEADER: &str = "eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ";
const LONGEST: usize = 8 * 1024;
/// Padding inside the payload brings the text to the length of Cognito's, for clients that have sized a column or cookie by it. Bytes.
const PADDING: usize = 576;

/// A refresh token carrying `claims`, which should be few and not secret from the key's owner. About 1.5 kB of text, 20 µs.
///
/// # Errors
/// If the claims do not serialize, or the library fails.
pub fn encode(key: &PublicKey, claims: &impl Serialize, entropy: &dyn Entropy) -> Result<String, CryptoFailure> {
    #[derive(Serialize)]
    struct Payload<'a, C> {
        claims: &'a C,
        padding: String,
    }
    let padding = URL_SAFE_NO_PAD.encode(entropy::bytes::<PADDING>(entropy));
    let mut body = serde_json::to_vec(&Payload { claims, padding }).map_err(|_| CryptoFailure("refresh token claims"))?;

    // RFC 7516 §5.1: a fresh content key, encrypted to the recipient; the encoded header authenticates with the content.
    let content_key = Zeroizing::new(entropy::bytes::<32>(entropy));
    let encrypting = key.encrypting()?;
    let mut wrapped = vec![0; encrypting.ciphertext_size()];
    encrypting
        .encrypt(&OAEP_SHA1_MGF1SHA1, content_key.as_ref(), &mut wrapped, None)
        .map_err(|_| CryptoFailure("refresh token key"))?;
    let iv: [u8; NONCE_LEN] = entropy::bytes(entropy);
    let cipher = UnboundKey::new(&AES_256_GCM, content_key.as_ref()).map_err(|_| CryptoFailure("refresh token cipher"))?;
    let tag = LessSafeKey::new(cipher)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(HEADER.as_bytes()), &mut body)
        .map_err(|_| CryptoFailure("refresh token cipher"))?;

    let mut token = HEADER.to_owned();
    for part in [wrapped.as_slice(), &iv, &body, tag.as_ref()] {
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(part, &mut token);
    }
    Ok(token)
}

/// Whether the text has the form of a refresh token: header, four more base64url parts, at most 8 KiB. Says nothing about its validity;
/// it tells "not a refresh token at all" from "unknown or revoked" and keeps junk away from the database.
#[must_use]
pub fn looks_like_refresh_token(text: &str) -> bool {
    let alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() <= LONGEST
        && text.strip_prefix(HEADER).and_then(|rest| rest.strip_prefix('.')).is_some_and(|rest| {
            rest.split('.').count() == 4 && rest.split('.').all(|part| !part.is_empty() && part.bytes().all(alphabet))
        })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
    use serde_json::{Value, json};

    use super::super::entropy::{OsEntropy, SeededEntropy};
    use super::super::rsa::tests::ACCESS;
    use super::*;

    fn token() -> String {
        encode(ACCESS.public(), &json!({"jti": "5f0d"}), &OsEntropy).unwrap()
    }

    #[test]
    fn the_text_has_cognitos_shape() {
        assert_eq!(URL_SAFE_NO_PAD.decode(HEADER).unwrap(), br#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#);
        let token = token();
        let lengths: Vec<usize> = token.split('.').map(str::len).collect();
        assert_eq!((lengths.len(), lengths[1], lengths[2], lengths[4]), (5, 342, 16, 22));
        assert!((1_200..=1_800).contains(&token.len()), "{}", token.len());
        assert!(looks_like_refresh_token(&token));
    }

    #[test]
    fn it_is_a_genuine_jwe() {
        let token = token();
        let parts: Vec<Vec<u8>> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        let private = PrivateDecryptingKey::from_pkcs8(ACCESS.to_pkcs8().unwrap().expose()).unwrap();
        let private = OaepPrivateDecryptingKey::new(private).unwrap();
        let mut room = vec![0; private.min_output_size()];
        let key = private.decrypt(&OAEP_SHA1_MGF1SHA1, &parts[1], &mut room, None).unwrap();
        assert_eq!(key.len(), 32);
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
        let mut body = [parts[3].clone(), parts[4].clone()].concat();
        let nonce = Nonce::try_assume_unique_for_key(&parts[2]).unwrap();
        let plain = cipher.open_in_place(nonce, Aad::from(HEADER.as_bytes()), &mut body).unwrap();
        let value: Value = serde_json::from_slice(plain).unwrap();
        assert_eq!(value["claims"]["jti"], "5f0d");
    }

    #[test]
    fn no_two_are_alike() {
        let fixed = || encode(ACCESS.public(), &json!({}), &SeededEntropy::new(1)).unwrap();
        assert_ne!(token(), token());
        // Even a repeated generator gives another text: OAEP brings its own randomness.
        assert_ne!(fixed(), fixed());
    }

    #[test]
    fn other_texts_do_not_look_like_one() {
        let token = token();
        let (head, _) = token.rsplit_once('.').unwrap();
        let big = format!("{head}.{}", "A".repeat(8_192));
        for text in [
            "",
            HEADER,
            head,
            &format!("{head}."),
            &format!("{token}.AAAA"),
            &format!("{token}="),
            &format!("{token} "),
            &big,
            &token[1..],
            "a.b.c.d.e",
        ] {
            assert!(!looks_like_refresh_token(text), "{text}");
        }
    }
}
