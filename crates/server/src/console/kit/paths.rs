//! Addresses of the console's pages. A name that a person chose is percent-encoded where it stands in a path.

use std::fmt::Write as _;

pub const HOME: &str = "/console";
pub const POOLS: &str = "/console/pools";
/// The pool switcher's form: `?pool=ID`.
pub const SWITCH: &str = "/console/switch";
/// Light, dark, or as the system has it.
pub const THEME: &str = "/console/theme";
/// The flow runner; its callback address is [`FLOW_CALLBACK`] on the console's own origin, and leads to [`FLOW_RECEIVE`].
pub const FLOW: &str = "/console/flow";
pub const FLOW_CALLBACK: &str = "/console/flow/callback";
pub const FLOW_RECEIVE: &str = "/console/flow/receive";
/// The wizard.
pub const QUICK_CREATE: &str = "/console/quick-create";
pub const TOKEN: &str = "/console/token";
pub const EVENTS: &str = "/console/events";
/// What the console deleted.
pub const DELETED: &str = "/console/deleted";
pub const COVERAGE: &str = "/console/coverage";
pub const SIGN_IN: &str = "/console/sign-in";
pub const SIGN_OUT: &str = "/console/sign-out";
/// Who may use the console; for owners alone.
pub const OPERATORS: &str = "/console/operators";
/// What operators see and change of themselves.
pub const ACCOUNT: &str = "/console/account";
/// Followed by a one-time link's token.
pub const WELCOME: &str = "/console/welcome";
/// `?q=WORDS`.
pub const SEARCH: &str = "/console/search";
/// How a seed file is loaded.
pub const SEED: &str = "/console/seed";
/// Where the home's checklist is hidden.
pub const CHECKLIST: &str = "/console/checklist";
pub const HEALTH: &str = "/console/health";
/// Of development instances only.
pub const INBOX: &str = "/console/inbox";

/// The page of one deletion, or one below it.
pub fn deleted(id: &str, rest: &str) -> String {
    format!("{DELETED}/{}{rest}", segment(id))
}

/// An operator's page, or one below it.
pub fn operator(id: &str, rest: &str) -> String {
    format!("{OPERATORS}/{}{rest}", segment(id))
}

/// `/console/pools/{pool}{rest}`; `rest` is empty or begins with `/`.
pub fn pool(pool: &str, rest: &str) -> String {
    format!("{POOLS}/{}{rest}", segment(pool))
}

/// `/console/pools/{pool}/clients/{client}{rest}`; `rest` as above.
pub fn client(pool_id: &str, client: &str, rest: &str) -> String {
    pool(pool_id, &format!("/clients/{}{rest}", segment(client)))
}

/// A user's page, or one below it.
pub fn user(pool_id: &str, username: &str, rest: &str) -> String {
    pool(pool_id, &format!("/users/{}{rest}", chosen(username)))
}

/// A group's page, or one below it.
pub fn group(pool_id: &str, name: &str, rest: &str) -> String {
    pool(pool_id, &format!("/groups/{}{rest}", chosen(name)))
}

/// A chosen name beside which pages of our own stand: the user `new` is not the page that makes users.
fn chosen(name: &str) -> String {
    if name == "new" { "%6Eew".to_owned() } else { segment(name) }
}

/// A text as one segment of a path (RFC 3986 §3.3): everything but unreserved characters is encoded.
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            // A segment of dots alone would be taken for a step up.
            b'.' if text.bytes().any(|b| b != b'.') => out.push('.'),
            other => {
                // Writing into a String cannot fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{group, segment, user};

    #[test]
    fn names_stay_one_segment() {
        assert_eq!(segment("ada@example.com"), "ada%40example.com");
        assert_eq!(segment("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("ä.b"), "%C3%A4.b");
        assert_eq!(user("a_b", "new", "/password"), "/console/pools/a_b/users/%6Eew/password");
        assert_eq!(group("a_b", "a/b", ""), "/console/pools/a_b/groups/a%2Fb");
    }
}
