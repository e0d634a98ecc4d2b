//! Where unpredictable values come from, and the shapes they are given.
//!
//! Called by every module that makes a token, a code, an identifier, a salt or a nonce. The generator is injected so that tests can be
//! repeated; production always holds [`OsEntropy`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const DIGITS: &[u8] = b"0123456789";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER_ALNUM: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const ALNUM: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Symbols every password policy counts, without those that mail and HTML templates would have to escape.
const SYMBOLS: &[u8] = b"!@#$%^*()-_=+?.";
/// A temporary password travels by mail and lives for days: shorter ones than this are not generated even if the policy would take them.
const SHORTEST_PASSWORD: usize = 12;

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Overwrites the whole of `buffer` with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's generator, through aws-lc-rs (safe over fork and VM clone).
#[derive(Debug, Default, Clone, Copy)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        if aws_lc_rs::rand::fill(buffer).is_err() {
            // Going on would hand out predictable tokens and repeated nonces; there is no safe answer to give.
            std::process::abort();
        }
    }
}

/// A repeatable generator for tests: HMAC-SHA256 of a counter under the seed. Never configured in production.
pub struct SeededEntropy {
    key: hmac::Key,
    counter: AtomicU64,
}

impl SeededEntropy {
    /// The same `seed` gives the same sequence of fills.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, &seed.to_be_bytes()), counter: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = hmac::sign(&self.key, &self.counter.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(block.as_ref()) {
                *to = *from;
            }
        }
    }
}

/// Bytes of one draw of a [`Supply`].
const SUPPLY: usize = 4096;

/// Random bytes in hand, drawn many at a time because a call for a few costs as much as the rest of a small answer. For names that
/// are told to everybody, such as a request's: what lies in memory here could be read before it is used, and a copy of the
/// machine would give it out again, so that no token, code or secret may come from here.
#[derive(Default)]
pub struct Supply(Mutex<Vec<[u8; 16]>>);

impl Supply {
    /// Sixteen bytes that nobody was given before.
    pub fn draw(&self, entropy: &dyn Entropy) -> [u8; 16] {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if left.is_empty() {
            left.extend_from_slice(bytes::<SUPPLY>(entropy).as_chunks().0);
        }
        left.pop().unwrap_or_else(|| bytes(entropy))
    }
}

/// `N` random bytes.
#[must_use]
pub fn bytes<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut out = [0; N];
    entropy.fill(&mut out);
    out
}

/// 256 random bits as 43 characters of base64url: sessions, cookies, authorization state, CSRF tokens.
#[must_use]
pub fn token(entropy: &dyn Entropy) -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>(entropy))
}

/// `count` decimal digits, each uniform, leading zeros included.
#[must_use]
pub fn digits(entropy: &dyn Entropy, count: usize) -> String {
    text_of(entropy, DIGITS, count)
}

/// `count` characters of `[a-z0-9]`, each uniform: app client ids (26) and generated secrets (52).
#[must_use]
pub fn lower_alphanumerics(entropy: &dyn Entropy, count: usize) -> String {
    text_of(entropy, LOWER_ALNUM, count)
}

/// `count` characters of `[A-Za-z0-9]`, each uniform: the second half of a pool id (9).
#[must_use]
pub fn alphanumerics(entropy: &dyn Entropy, count: usize) -> String {
    text_of(entropy, ALNUM, count)
}

/// A random UUID in lower case with version nibble 4 and the RFC 9562 variant: sub, jti, event ids.
#[must_use]
pub fn uuid(entropy: &dyn Entropy) -> String {
    uuid_from(bytes(entropy))
}

/// A UUID of version 7 (RFC 9562 section 5.7): the milliseconds `now`, then 74 random bits. Rows with such a name lie beside the
/// newest ones in every index of it, so that a write touches a few hot pages and not one anywhere for each. Only for what is
/// no secret and whose time its holder knows anyway: origin_jti, which stands in tokens beside `auth_time`.
#[must_use]
pub fn ordered_uuid(entropy: &dyn Entropy, now: i64) -> String {
    let millis = u64::try_from(now).unwrap_or_default();
    grouped(uuid::Builder::from_unix_timestamp_millis(millis, &bytes(entropy)).into_uuid())
}

/// 128 random bits in the form of a UUID, none of them overwritten: authorization codes (checklist 10).
#[must_use]
pub fn hex_groups(entropy: &dyn Entropy) -> String {
    grouped(uuid::Uuid::from_bytes(bytes(entropy)))
}

/// Any 16 bytes shaped as a version 4 UUID; six bits are overwritten. For stable made-up identifiers.
#[must_use]
pub fn uuid_from(raw: [u8; 16]) -> String {
    grouped(uuid::Builder::from_random_bytes(raw).into_uuid())
}

fn grouped(uuid: uuid::Uuid) -> String {
    uuid.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).to_owned()
}

/// What a generated password must contain; the part of a pool's password policy that matters here.
#[derive(Debug, Clone, Copy, Default)]
pub struct PasswordShape {
    /// Least number of characters; the generated one has at least 12.
    pub length: usize,
    pub upper: bool,
    pub lower: bool,
    pub number: bool,
    pub symbol: bool,
}

/// A temporary password that satisfies `shape`; never begins or ends with white space. At least 12 characters, uniform apart from the
/// guarantee that each required class occurs.
#[must_use]
pub fn password(entropy: &dyn Entropy, shape: PasswordShape) -> String {
    let wanted = [(shape.upper, UPPER), (shape.lower, LOWER), (shape.number, DIGITS), (shape.symbol, SYMBOLS)];
    let required: Vec<&[u8]> = wanted.iter().filter(|(on, _)| *on).map(|(_, set)| *set).collect();
    let everything = if required.is_empty() { ALNUM.to_vec() } else { required.concat() };
    let mut chars: Vec<u8> = required.iter().map(|set| pick(entropy, set)).collect();
    while chars.len() < shape.length.max(SHORTEST_PASSWORD) {
        chars.push(pick(entropy, &everything));
    }
    // Fisher-Yates, so that the place of a required class tells nothing.
    for last in (1..chars.len()).rev() {
        chars.swap(last, below(entropy, last + 1));
    }
    chars.into_iter().map(char::from).collect()
}

fn text_of(entropy: &dyn Entropy, set: &[u8], count: usize) -> String {
    (0..count).map(|_| char::from(pick(entropy, set))).collect()
}

fn pick(entropy: &dyn Entropy, set: &[u8]) -> u8 {
    set.get(below(entropy, set.len())).copied().unwrap_or(b'0')
}

/// Uniform in `0..limit` for `limit` up to 2^16. Values of the last, incomplete span are thrown away: a plain remainder would favour the
/// first characters of a set and shorten the search for a code.
fn below(entropy: &dyn Entropy, limit: usize) -> usize {
    let span = limit.max(1);
    let usable = (1 << 16) / span * span;
    loop {
        let drawn = usize::from(u16::from_be_bytes(bytes(entropy)));
        if drawn < usable {
            return drawn % span;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;

    /// Gives the bytes laid down, in order; a test that draws more fails.
    pub(crate) struct Script(Mutex<VecDeque<u8>>);

    impl Script {
        pub(crate) fn new(bytes: &[u8]) -> Self {
            Self(Mutex::new(bytes.iter().copied().collect()))
        }
    }

    impl Entropy for Script {
        fn fill(&self, buffer: &mut [u8]) {
            let mut script = self.0.lock().unwrap();
            buffer.fill_with(|| script.pop_front().expect("drawn past the script"));
        }
    }

    #[test]
    fn sec_041_draws_of_an_incomplete_span_are_thrown_away() {
        // 65,530 of 65,536 values make whole spans of ten: the last six must not become 0 to 5.
        for last in 0xfa..=0xff {
            assert_eq!(digits(&Script::new(&[0xff, last, 0, 7]), 1), "7");
        }
        assert_eq!(digits(&Script::new(&[0xff, 0xf9]), 1), "9");
    }

    #[test]
    fn a_seed_repeats_its_sequence_and_another_does_not() {
        let (one, same, other) = (SeededEntropy::new(7), SeededEntropy::new(7), SeededEntropy::new(8));
        let first = bytes::<70>(&one);
        assert_eq!(first, bytes::<70>(&same));
        assert_ne!(first, bytes::<70>(&other));
        assert_ne!(first, bytes::<70>(&one));
    }

    #[test]
    fn sec_041_os_entropy_fills_every_byte() {
        let mut seen = [0_u8; 64];
        for _ in 0..16 {
            for (mark, byte) in seen.iter_mut().zip(bytes::<64>(&OsEntropy)) {
                *mark |= byte;
            }
        }
        assert!(seen.iter().all(|byte| *byte != 0));
        assert_ne!(token(&OsEntropy), token(&OsEntropy));
    }

    #[test]
    fn sec_041_every_character_is_equally_likely() {
        let entropy = SeededEntropy::new(1);
        for set in [DIGITS, LOWER_ALNUM, ALNUM] {
            let draws = 2_000 * set.len();
            let text = text_of(&entropy, set, draws);
            // Chi-squared over the set; its mean is the degrees of freedom, its deviation the root of twice that.
            let chi: f64 =
                set.iter().map(|c| text.bytes().filter(|b| b == c).count() as f64 - 2_000.0).map(|off| off * off / 2_000.0).sum();
            let freedom = (set.len() - 1) as f64;
            assert!(chi < freedom + 4.0 * (2.0 * freedom).sqrt(), "chi-squared {chi} over {freedom}");
        }
    }

    #[test]
    fn a_supply_gives_nothing_twice_and_goes_on() {
        let (supply, entropy) = (Supply::default(), SeededEntropy::new(5));
        let drawn: std::collections::HashSet<[u8; 16]> = (0..1000).map(|_| supply.draw(&entropy)).collect();
        assert_eq!(drawn.len(), 1000);
    }

    #[test]
    fn shapes_have_their_length_and_alphabet() {
        let entropy = SeededEntropy::new(2);
        assert_eq!(token(&entropy).len(), 43);
        assert!(digits(&entropy, 6).bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(digits(&entropy, 8).len(), 8);
        assert_eq!(lower_alphanumerics(&entropy, 26).len(), 26);
        assert_eq!(alphanumerics(&entropy, 9).len(), 9);
        assert!((0..200).any(|_| digits(&entropy, 6).starts_with('0')));
    }

    #[test]
    fn uuids_carry_version_and_variant() {
        let text = uuid(&SeededEntropy::new(3));
        assert_eq!(text.len(), 36);
        assert_eq!(text.as_bytes()[14], b'4');
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'));
        assert_eq!([8, 13, 18, 23].map(|at| text.as_bytes()[at]), [b'-'; 4]);
        assert_eq!(uuid_from([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn ordered_uuids_sort_by_time_and_differ_within_it() {
        let entropy = SeededEntropy::new(3);
        let now = 0x0123_4567_89ab;
        let text = ordered_uuid(&entropy, now);
        assert!(text.starts_with("01234567-89ab-7") && matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
        assert_ne!(text, ordered_uuid(&entropy, now));
        assert!(text < ordered_uuid(&entropy, now + 1));
    }

    #[test]
    fn generated_passwords_meet_every_policy() {
        let entropy = SeededEntropy::new(4);
        for bits in 0..16_u8 {
            let shape = PasswordShape {
                length: usize::from(bits) * 2,
                upper: bits & 1 != 0,
                lower: bits & 2 != 0,
                number: bits & 4 != 0,
                symbol: bits & 8 != 0,
            };
            for _ in 0..50 {
                let made = password(&entropy, shape);
                let has = |set: &[u8]| made.bytes().any(|b| set.contains(&b));
                assert!(made.len() >= shape.length.max(12));
                assert!(!shape.upper || has(UPPER));
                assert!(!shape.lower || has(LOWER));
                assert!(!shape.number || has(DIGITS));
                assert!(!shape.symbol || has(SYMBOLS));
            }
        }
    }
}
