//! SECRET_HASH: the proof that a caller knows its app client's secret.
//!
//! Called by every operation that accepts `SecretHash`/`SECRET_HASH` and by the sign-in machine. Which of the two error sentences a missing
//! or wrong hash deserves is the caller's business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::secret::{equal, hmac_sha256};

/// `base64(HMAC-SHA256(client secret, username ‖ client id))`, the username exactly as sent in that request (AWS: computing secret hash values).
#[must_use]
pub fn compute(client_secret: &str, username: &str, client_id: &str) -> String {
    STANDARD.encode(hmac_sha256(client_secret.as_bytes(), &[username.as_bytes(), client_id.as_bytes()]).as_ref())
}

/// Whether `given` was made with any of the client's active secrets (at most two, during a secret's rotation). No secrets: false.
///
/// Every secret is tried and compared in constant time: neither a byte of the hash nor which secret fitted can be timed.
#[must_use]
pub fn verify<'a>(active_secrets: impl IntoIterator<Item = &'a str>, username: &str, client_id: &str, given: &str) -> bool {
    let mut fits = false;
    for secret in active_secrets {
        fits |= equal(compute(secret, username, client_id).as_bytes(), given.as_bytes());
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_is_plain_concatenation() {
        // RFC 4231 test case 2, its text cut in two where username ends and client id begins.
        assert_eq!(compute("Jefe", "what do ya want ", "for nothing?"), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }

    #[test]
    fn sec_046_either_active_secret_is_accepted_and_no_other() {
        let hash = compute("new", "ann", "client");
        assert!(verify(["old", "new"], "ann", "client", &hash));
        assert!(verify(["new", "old"], "ann", "client", &hash));
        assert!(verify(["new"], "ann", "client", &hash));
        assert!(!verify(["old"], "ann", "client", &hash));
        assert!(!verify([], "ann", "client", &hash));
        assert!(!verify(["new"], "bob", "client", &hash));
        assert!(!verify(["new"], "ann", "other", &hash));
        assert!(!verify(["new"], "ann", "client", ""));
        assert!(!verify(["new"], "ann", "client", hash.trim_end_matches('=')));
    }
}
