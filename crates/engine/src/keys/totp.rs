//! One-time codes of an authenticator app: TOTP (RFC 6238) over HOTP (RFC 4226), SHA-1, six digits, thirty seconds, which is what every app
//! knows. Knows no user. Called by `operators`.

use aws_lc_rs::hmac;

use super::secret::equal;

/// Of a key: as many as SHA-1 gives.
pub const KEY_BYTES: usize = 20;
const STEP_MS: i64 = 30_000;
/// Steps before and after the present one whose codes count: clocks differ, and typing takes time.
const WINDOW: i64 = 1;

/// The code of a time step, six digits.
#[must_use]
pub fn code(key: &[u8; KEY_BYTES], step: i64) -> String {
    // SHA-1 is sound inside HMAC, and no app agrees to anything else.
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref().last().copied().unwrap_or_default() & 0x0f);
    let cut = tag.as_ref().get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    format!("{:06}", (u32::from_be_bytes(cut) & 0x7fff_ffff) % 1_000_000)
}

/// The time step of a moment, milliseconds since the epoch.
#[must_use]
pub fn step(now: i64) -> i64 {
    now.div_euclid(STEP_MS)
}

/// The time step that a code belongs to, if it is a code of now; spaces, which apps show, do not count. Every candidate is
/// compared, each in constant time.
#[must_use]
pub fn matched(key: &[u8; KEY_BYTES], given: &str, now: i64) -> Option<i64> {
    let given: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let present = step(now);
    (present - WINDOW..=present + WINDOW)
        .fold(None, |found, step| if equal(code(key, step).as_bytes(), given.as_bytes()) { Some(step) } else { found })
}

/// Base32 (RFC 4648) without padding, as apps take a key.
#[must_use]
pub fn base32(key: &[u8; KEY_BYTES]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut held, mut bits) = (String::new(), 0_u32, 0);
    for byte in key {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let digit = ALPHABET.get((held >> bits & 31) as usize).copied().unwrap_or_default();
            text.push(char::from(digit));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8; KEY_BYTES] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the last six digits.
        for (seconds, want) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code(KEY, step(seconds * 1000)), want, "{seconds}");
        }
        assert_eq!(base32(KEY), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn sec_064_only_codes_of_now_count() {
        let now = 1_111_111_109_000;
        for steps in [-1, 0, 1] {
            assert_eq!(matched(KEY, &code(KEY, step(now) + steps), now), Some(step(now) + steps));
        }
        for steps in [-2, 2] {
            assert_eq!(matched(KEY, &code(KEY, step(now) + steps), now), None);
        }
        assert_eq!(matched(KEY, " 081 804 ", now), Some(step(now)));
        for bad in ["", "81804", "0818040", "abcdef"] {
            assert_eq!(matched(KEY, bad, now), None, "{bad}");
        }
    }
}
