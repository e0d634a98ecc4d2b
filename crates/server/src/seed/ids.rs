//! Ids that a file leaves out: they follow from the names in it, so that the same file makes the same ids everywhere. None of
//! them is a secret; [`client_secret`] is for machines that only their owner reaches. Called by `seed::read` and `seed::clients`.

use poolhouse_engine::keys::secret::hash32;
use uuid::Builder;

const LOWER: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `{region}_` and nine letters and digits.
pub fn pool(region: &str, name: &str) -> String {
    format!("{region}_{}", letters("pool", &[region, name], MIXED, 9))
}

/// 26 letters and digits, as Cognito's.
pub fn client(pool_id: &str, name: &str) -> String {
    letters("client", &[pool_id, name], LOWER, 26)
}

/// A UUID in the form of version 4, as Cognito's.
pub fn sub(pool_id: &str, username: &str) -> String {
    let hash = hash("sub", &[pool_id, username], 0);
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
}

/// Guessable by whoever knows the names, as everything here is.
pub fn client_secret(pool_id: &str, client_id: &str) -> String {
    letters("client secret", &[pool_id, client_id], LOWER, 51)
}

/// SHA-256 over the kind, a counter and the parts with their lengths, so that no two lists of parts meet.
fn hash(kind: &str, parts: &[&str], counter: u8) -> [u8; 32] {
    let mut bytes = vec![counter];
    for part in parts {
        bytes.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    hash32(&format!("poolhouse seed 1 {kind}"), &bytes)
}

/// So many of the alphabet, each as likely as any other: bytes beyond the last whole alphabet are passed over.
fn letters(kind: &str, parts: &[&str], alphabet: &[u8], count: usize) -> String {
    let whole = 256 / alphabet.len() * alphabet.len();
    let bytes = (0..=u8::MAX).flat_map(|counter| hash(kind, parts, counter));
    let fair = bytes.map(usize::from).filter(|byte| *byte < whole);
    fair.filter_map(|byte| alphabet.get(byte % alphabet.len())).take(count).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_never_change() {
        // What stands in files, in apps' settings and in databases.
        assert_eq!(pool("eu-central-1", "shop"), "eu-central-1_WQB75nbxP");
        assert_eq!(client("eu-central-1_AbCdEfGhI", "web"), "u4pehm7pa2q0nmzsb5yujbat6s");
        assert_eq!(sub("eu-central-1_AbCdEfGhI", "ann"), "1a34cea6-8860-4238-bffa-1a4eada110e2");
        assert_ne!(client("a", "bc"), client("ab", "c"));
        assert_eq!(client_secret("a", "b").len(), 51);
    }
}
