//! A client that shares nothing with the server but SHA-256: schoolbook powers, no Montgomery form.

use super::*;

fn modulus() -> NonZero<U3072> {
    NonZero::new(U3072::from_be_hex(field("N"))).unwrap()
}

fn times(a: &U3072, b: &U3072) -> U3072 {
    a.mul_mod_vartime(b, &modulus())
}

/// The exponent as big-endian bytes, of any length.
fn raise(base: &U3072, exponent: &[u8]) -> U3072 {
    let mut result = U3072::ONE;
    for bit in exponent.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        result = times(&result, &result);
        if bit == 1 {
            result = times(&result, base);
        }
    }
    result
}

fn number(hex: &str) -> U3072 {
    U3072::from_be_hex(&format!("{:0>768}", hex.trim_start_matches('0')))
}

fn bytes(number: &U3072) -> Vec<u8> {
    let all = number.to_be_bytes().as_slice().to_vec();
    let skip = all.iter().take_while(|byte| **byte == 0).count();
    let sign = all.get(skip).is_none_or(|byte| *byte >= 0x80);
    [if sign { vec![0] } else { vec![] }, all[skip..].to_vec()].concat()
}

pub fn public(a: &[u8]) -> String {
    hex(&bytes(&raise(&U3072::from_u8(2), a)))
}

/// The client's key: S = (B − k·g^x)^a · ((B − k·g^x)^u)^x.
pub fn key(a: &[u8], a_hex: &str, b_hex: &str, salt_hex: &str, password: &str) -> [u8; 16] {
    let (big_a, big_b) = (number(a_hex), number(b_hex));
    let u = sha256(&[&bytes(&big_a), &bytes(&big_b)]);
    let identity = sha256(&[format!("{}{}:{password}", field("pool"), field("user")).as_bytes()]);
    let x = sha256(&[&bytes(&number(salt_hex)), &identity]);
    let blind = times(&number(field("k")), &raise(&U3072::from_u8(2), &x));
    let base = big_b.sub_mod(&blind, &modulus());
    let s = times(&raise(&base, a), &raise(&raise(&base, &u), &x));
    let prk = hmac_sha256(&bytes(&U3072::from_be_slice(&[vec![0; 352], u.to_vec()].concat())), &[&bytes(&s)]);
    hmac_sha256(prk.as_ref(), &[b"Caldera Derived Key", &[1]])[..16].try_into().unwrap()
}

pub fn sign(key: &[u8], block: &[u8]) -> String {
    let parts = [field("pool").as_bytes(), field("user").as_bytes(), block, TIME.as_bytes()];
    STANDARD.encode(hmac_sha256(key, &parts).as_ref())
}
