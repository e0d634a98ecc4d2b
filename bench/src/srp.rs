//! The client's half of SRP-6a as Cognito's clients compute it (RFC 5054 §2.6 with Cognito's paddings), for signing in under load. Written
//! for the driver: its times are its own, and nothing here is secret.

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U256, U3072};
use serde_json::{Value, json};

/// RFC 3526 group 15, as RFC 5054 takes it.
const PRIME: &str = concat!(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C",
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
);
const WIDTH: usize = 384;

type Element = FixedMontyForm<{ U3072::LIMBS }>;

/// N.
pub fn prime() -> U3072 {
    U3072::from_be_hex(PRIME)
}

/// A client with its secret exponent a; one may sign in many times.
pub struct Client {
    params: FixedMontyParams<{ U3072::LIMBS }>,
    a: U256,
    big_a: Vec<u8>,
}

impl Client {
    /// # Errors
    /// Never: the prime is odd.
    pub fn new() -> Result<Self, String> {
        let odd = Odd::new(prime()).into_option().ok_or("the prime is even")?;
        let params = FixedMontyParams::new_vartime(odd);
        let a = U256::from_be_slice(&sha256(&[b"the driver's exponent"]));
        let generator = FixedMontyForm::new(&U3072::from_u8(2), &params);
        let big_a = bytes(&generator.pow(&a).retrieve());
        Ok(Self { params, a, big_a })
    }

    /// SRP_A.
    pub fn public(&self) -> String {
        hex(&self.big_a)
    }

    /// ChallengeResponses of one who knows the password, for what the server asked.
    ///
    /// # Errors
    /// A challenge without the parameters it should have.
    pub fn answer(&self, pool: &str, asked: &Value, password: &str, time: &str) -> Result<Value, String> {
        let parameter = |name: &str| {
            let value = asked.get("ChallengeParameters").and_then(|all| all.get(name)).and_then(Value::as_str);
            value.ok_or_else(|| format!("the challenge has no {name}"))
        };
        let pool_name = pool.split_once('_').map_or(pool, |(_, name)| name);
        let (user, block) = (parameter("USER_ID_FOR_SRP")?, parameter("SECRET_BLOCK")?);
        let (big_b, salt) = (number(parameter("SRP_B")?)?, number(parameter("SALT")?)?);
        let u = sha256(&[&pad(&self.big_a), &pad(&bytes(&big_b))]);
        let identity = sha256(&[format!("{pool_name}{user}:{password}").as_bytes()]);
        let x = U256::from_be_slice(&sha256(&[&pad(&bytes(&salt)), &identity]));
        let k = sha256(&[&pad(&bytes(&prime())), &pad(&[2])]);
        let element = |number: &U3072| -> Element { FixedMontyForm::new(number, &self.params) };
        let generator = element(&U3072::from_u8(2));
        let base = element(&big_b) - element(&wide(&k)) * generator.pow(&x);
        let s = base.pow(&self.a) * base.pow(&U256::from_be_slice(&u)).pow(&x);
        let secret = mac(&pad(&u), &[&pad(&bytes(&s.retrieve()))]);
        let key = mac(&secret, &[b"Caldera Derived Key", &[1]]);
        let signed = STANDARD.decode(block).map_err(|e| e.to_string())?;
        let parts = [pool_name.as_bytes(), user.as_bytes(), &signed, time.as_bytes()];
        let claim = mac(key.get(..16).unwrap_or_default(), &parts);
        Ok(json!({
            "USERNAME": user,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode(claim),
            "TIMESTAMP": time,
        }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    digest::digest(&digest::SHA256, &parts.concat()).as_ref().to_vec()
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &parts.concat()).as_ref().to_vec()
}

/// The number of at most 384 big-endian bytes.
fn wide(bytes: &[u8]) -> U3072 {
    let mut full = vec![0; WIDTH.saturating_sub(bytes.len())];
    full.extend_from_slice(bytes);
    U3072::from_be_slice(&full)
}

fn number(hex: &str) -> Result<U3072, String> {
    let digits = hex.trim_start_matches('0');
    if digits.len() > 2 * WIDTH || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(format!("{hex:?} is no number of the group"));
    }
    Ok(U3072::from_be_hex(&format!("{digits:0>768}")))
}

/// Big-endian without leading zeros.
fn bytes(number: &U3072) -> Vec<u8> {
    let all = number.to_be_bytes();
    all.as_slice().iter().copied().skip_while(|byte| *byte == 0).collect()
}

/// Java's `BigInteger.toByteArray()`: minimal, with a zero byte in front of a set top bit.
fn pad(number: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    let sign = significant.first().is_none_or(|byte| *byte >= 0x80);
    if sign { [vec![0], significant].concat() } else { significant }
}
