//! Arithmetic in SRP's group: the 3072-bit prime of RFC 5054 (RFC 3526 group 15), generator 2, and Cognito's way of writing numbers.
//!
//! Used by [`super`] only. Powers with secret exponents or bases run in time that depends on the exponent's bound alone.

use std::sync::LazyLock;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U256, U3072};

use super::fixed_base::FixedBase;
use crate::keys::secret::sha256;

/// Bytes of a group element written in full.
pub(super) const WIDTH: usize = 384;

const PRIME: Odd<U3072> = Odd::<U3072>::from_be_hex(concat!(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C",
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
));

/// An element of the group, kept in Montgomery form.
pub(super) type Element = FixedMontyForm<{ U3072::LIMBS }>;

static PARAMS: LazyLock<FixedMontyParams<{ U3072::LIMBS }>> = LazyLock::new(|| FixedMontyParams::new_vartime(PRIME));
static GENERATOR: LazyLock<Element> = LazyLock::new(|| element(&U3072::from_u8(2)));
static POWERS_OF_GENERATOR: LazyLock<FixedBase> = LazyLock::new(|| FixedBase::new(&GENERATOR));
static MULTIPLIER: LazyLock<Element> = LazyLock::new(|| {
    let k = sha256(&[&pad(&big_endian(PRIME.as_ref())), &pad(&[2])]);
    element(&from_bytes(&k).unwrap_or(U3072::ZERO))
});

#[cfg(test)]
thread_local! {
    /// Powers computed by this thread: the cost of a step, told without a clock.
    pub(super) static POWERS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

pub(super) fn prime() -> &'static U3072 {
    PRIME.as_ref()
}

/// g to a power of at most 256 bits, in constant time: a quarter of the work of [`power`].
pub(super) fn generator_power(exponent: &[u8; 32]) -> Element {
    #[cfg(test)]
    POWERS.with(|count| count.set(count.get() + 1));
    POWERS_OF_GENERATOR.power(exponent)
}

/// k = H(PAD(N) ‖ PAD(g)).
pub(super) fn multiplier() -> &'static Element {
    &MULTIPLIER
}

/// `number` mod N.
pub(super) fn element(number: &U3072) -> Element {
    FixedMontyForm::new(number, &PARAMS)
}

/// `base` to a power of at most 256 bits, in constant time.
pub(super) fn power(base: &Element, exponent: &[u8; 32]) -> Element {
    #[cfg(test)]
    POWERS.with(|count| count.set(count.get() + 1));
    base.pow_bounded_exp(&U256::from_be_slice(exponent), U256::BITS)
}

/// The number of a big-endian byte string, leading zeros ignored; `None` above 384 significant bytes.
pub(super) fn from_bytes(bytes: &[u8]) -> Option<U3072> {
    let significant = minimal(bytes);
    let mut full = [0; WIDTH];
    let (_, tail) = full.split_at_mut_checked(WIDTH.checked_sub(significant.len())?)?;
    tail.copy_from_slice(significant);
    let number = U3072::from_be_slice(&full);
    zeroize::Zeroize::zeroize(&mut full);
    Some(number)
}

/// All 384 bytes.
pub(super) fn big_endian(number: &U3072) -> Vec<u8> {
    number.to_be_bytes().as_slice().to_vec()
}

/// Java's `BigInteger.toByteArray` of a non-negative number: no leading zero bytes, but one if the first bit would else be set, and a single
/// zero byte for zero. Every hash of the protocol is over this form, whose length varies with the number.
pub(super) fn pad(number: &[u8]) -> Vec<u8> {
    let significant = minimal(number);
    let sign = significant.first().is_none_or(|first| *first >= 0x80);
    let mut out = Vec::with_capacity(significant.len() + 1);
    if sign {
        out.push(0);
    }
    out.extend_from_slice(significant);
    out
}

/// Lower-case hexadecimal without leading zeros, possibly of odd length; `0` for zero.
pub(super) fn unpadded_hex(number: &[u8]) -> String {
    let text = crate::keys::hex(number);
    match text.trim_start_matches('0') {
        "" => "0".to_owned(),
        significant => significant.to_owned(),
    }
}

/// Bytes of a hexadecimal number of any length, odd too. `None` for a sign, a prefix, white space or nothing at all.
pub(super) fn parse_hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    // From the right, so that an odd digit is the lowest half of the first byte.
    let mut bytes = Vec::with_capacity(text.len() / 2 + 1);
    for pair in text.as_bytes().rchunks(2) {
        bytes.push(match *pair {
            [high, low] => digit(high)? << 4 | digit(low)?,
            [low] => digit(low)?,
            _ => return None,
        });
    }
    bytes.reverse();
    Some(bytes)
}

pub(super) fn minimal(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.split_at_checked(zeros).map_or(bytes, |(_, rest)| rest)
}
