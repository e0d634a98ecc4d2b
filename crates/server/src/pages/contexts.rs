//! What each sign-in page may say: one plain struct a page, filled by the handlers, drawn by the template it names. Addresses (`action`,
//! `*_url`) arrive ready, with the authorization request's query already on them; nothing here builds or trusts one.
//!
//! Common members: `csrf` is the value of the hidden `_csrf` field; `error` is one sentence about the whole form, said in an alert above it;
//! `notice` is good or neutral news in the same place.

use serde::Serialize;

use super::fields::{AttributeField, Delivery, Fact, Link, PasswordRule, Shell, UsernameField};

/// A page that can be drawn.
pub trait Page: Serialize + Sized {
    /// File name under `templates/`.
    const TEMPLATE: &'static str;
    /// Whether a form on this page may end at another site (the app's callback). Then the page must not carry CSP `form-action 'self'`:
    /// browsers apply it to every redirect that follows the post, and sign-in would stop half way.
    const FORM_LEAVES_SITE: bool = false;
    /// Whether the page loads the console's script. Pages on which users sign in never do.
    const SCRIPTED: bool = false;

    /// The states worth looking at: usual, failed, empty, overlong, right to left. Tests render them all; so does the preview.
    fn samples() -> Vec<Self>;
}

/// `/login`. Fields `username`, `password`; submit `signInSubmitButton`.
#[derive(Clone, Serialize)]
pub struct SignIn {
    pub shell: Shell,
    pub action: String,
    pub csrf: String,
    pub username: UsernameField,
    pub error: Option<String>,
    pub notice: Option<String>,
    pub forgot_url: Option<String>,
    /// Absent when the pool lets only administrators create users.
    pub sign_up_url: Option<String>,
}

/// `/changePassword`, after signing in with a temporary password. Fields `new_password`, `confirm_password`, `requiredAttributes[…]`;
/// submit `reset_password`.
#[derive(Clone, Serialize)]
pub struct NewPassword {
    pub shell: Shell,
    pub action: String,
    pub csrf: String,
    /// Who is signing in, shown and offered to password managers.
    pub username: UsernameField,
    pub rules: Vec<PasswordRule>,
    /// Required attributes that the user has no value for yet.
    pub attributes: Vec<AttributeField>,
    pub error: Option<String>,
    pub sign_in_url: String,
}

/// `/signup`. Fields `username`, `requiredAttributes[…]`, `password`; submit `signUpButton`.
#[derive(Clone, Serialize)]
pub struct SignUp {
    pub shell: Shell,
    pub action: String,
    pub csrf: String,
    pub username: UsernameField,
    pub attributes: Vec<AttributeField>,
    pub rules: Vec<PasswordRule>,
    pub error: Option<String>,
    pub sign_in_url: String,
}

/// `/confirm`. Fields `username`, `code`; submit `confirm`; second button `resend` posts the same form to `resend_action`.
#[derive(Clone, Serialize)]
pub struct Confirm {
    pub shell: Shell,
    pub action: String,
    pub resend_action: String,
    pub csrf: String,
    pub username: UsernameField,
    /// Known from the step before: shown read-only instead of asked.
    pub username_known: bool,
    pub delivery: Option<Delivery>,
    pub error: Option<String>,
    pub notice: Option<String>,
    pub sign_in_url: String,
}

/// `/forgotPassword`. Field `username`; submit `reset_my_password`.
#[derive(Clone, Serialize)]
pub struct Forgot {
    pub shell: Shell,
    pub action: String,
    pub csrf: String,
    pub username: UsernameField,
    pub error: Option<String>,
    pub sign_in_url: String,
}

/// `/confirmforgotPassword`. Fields `username`, `code`, `password`, `confirmPassword`; submit `reset_password`; second button `resend` posts
/// the same form to `resend_action`.
#[derive(Clone, Serialize)]
pub struct Reset {
    pub shell: Shell,
    pub action: String,
    pub resend_action: String,
    pub csrf: String,
    pub username: UsernameField,
    /// Also set when the user does not exist and the client hides that: the page must look the same.
    pub delivery: Option<Delivery>,
    pub rules: Vec<PasswordRule>,
    pub error: Option<String>,
    pub notice: Option<String>,
    pub sign_in_url: String,
}

/// After `/logout` without an address to go to.
#[derive(Clone, Serialize)]
pub struct SignedOut {
    pub shell: Shell,
    pub sign_in_url: Option<String>,
}

/// `/logout` without a valid hint: ask first, so that no foreign page can end a session. Submit `sign_out`.
#[derive(Clone, Serialize)]
pub struct ConfirmSignOut {
    pub shell: Shell,
    pub action: String,
    pub csrf: String,
    /// Who is signed in.
    pub username: String,
    pub cancel_url: Option<String>,
}

/// Something is done, and no form follows: a link in a mail was opened.
#[derive(Clone, Serialize)]
pub struct Done {
    pub shell: Shell,
    pub title: String,
    pub message: String,
    /// Where to go on, if that is known.
    pub link: Option<Link>,
}

/// `/error`, and every refusal that must not be redirected.
#[derive(Clone, Serialize)]
pub struct ErrorPage {
    pub shell: Shell,
    /// A heading in sentence case: "This sign-in link does not work".
    pub title: String,
    /// What happened, for anyone.
    pub message: String,
    /// What to do next, for anyone.
    pub next_step: Option<String>,
    /// The machine's word: `redirect_mismatch`.
    pub code: Option<String>,
    /// Finds this refusal in the log.
    pub event_id: Option<String>,
    pub back: Option<Link>,
    /// Development only. Production leaves it out: it names registered addresses.
    pub detail: Option<ErrorDetail>,
}

/// What a developer needs to see.
#[derive(Clone, Serialize)]
pub struct ErrorDetail {
    pub cause: String,
    pub comparison: Option<Comparison>,
    pub facts: Vec<Fact>,
    pub fix: Option<Fix>,
}

#[derive(Clone, Serialize)]
pub struct Fix {
    pub text: String,
    /// An AWS CLI command, ready to paste.
    pub command: Option<String>,
    pub link: Option<Link>,
}

/// Two strings that should have been equal, cut at the first character that differs.
#[derive(Clone, Serialize)]
pub struct Comparison {
    left: Side,
    right: Side,
    summary: String,
}

#[derive(Clone, Serialize)]
struct Side {
    label: String,
    same: String,
    /// The differing character, made visible; `None` where this side has ended.
    mark: Option<String>,
    rest: String,
    equal: bool,
}

impl Comparison {
    /// `left` and `right` are shown in this order; the labels say whose they are ("The app sent", "The client allows").
    pub fn new(left_label: &str, left: &str, right_label: &str, right: &str) -> Self {
        let same: usize = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
        let equal = left == right;
        let side = |label: &str, text: &str| {
            let (head, tail) = text.split_at_checked(same).unwrap_or((text, ""));
            let mut rest = tail.chars();
            let mark = rest.next().map(visible);
            Side { label: label.to_owned(), same: head.to_owned(), mark, rest: rest.as_str().to_owned(), equal }
        };
        let (left_side, right_side) = (side(left_label, left), side(right_label, right));
        let place = left.get(..same).unwrap_or_default().chars().count() + 1;
        let summary = match (&left_side.mark, &right_side.mark) {
            _ if equal => "Both are identical.".to_owned(),
            (Some(first), Some(second)) => {
                format!("They part at character {place}: “{first}” in the first, “{second}” in the second.")
            }
            (Some(first), None) => format!("They part at character {place}: “{first}” in the first, where the second ends."),
            (None, second) => {
                format!(
                    "They part at character {place}: the first ends, where the second has “{}”.",
                    second.as_deref().unwrap_or_default()
                )
            }
        };
        Self { left: left_side, right: right_side, summary }
    }
}

/// A character as it can be seen and told from its look-alikes: ASCII as itself, all else by code point.
fn visible(character: char) -> String {
    match character {
        ' ' => "space".to_owned(),
        '\t' => "tab".to_owned(),
        '\n' | '\r' => "line break".to_owned(),
        c if c.is_ascii_graphic() => c.to_string(),
        c if c.is_alphanumeric() => format!("{c} U+{:04X}", u32::from(c)),
        c => format!("U+{:04X}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::Comparison;

    #[test]
    fn comparison_cuts_at_the_first_difference() {
        let c = Comparison::new("sent", "https://a.example/cb/", "allowed", "https://a.example/cb");
        assert_eq!(
            (c.left.same.as_str(), c.left.mark.as_deref(), c.right.mark.as_deref()),
            ("https://a.example/cb", Some("/"), None)
        );
        assert_eq!(c.summary, "They part at character 21: “/” in the first, where the second ends.");
    }

    #[test]
    fn comparison_names_what_cannot_be_seen() {
        let c = Comparison::new("sent", "https://\u{440}ay", "allowed", "https://pay");
        assert_eq!((c.left.mark.as_deref(), c.left.rest.as_str()), (Some("\u{440} U+0440"), "ay"));
        let c = Comparison::new("sent", "é\u{200b}", "allowed", "é ");
        assert_eq!((c.left.mark.as_deref(), c.right.mark.as_deref()), (Some("U+200B"), Some("space")));
    }

    #[test]
    fn comparison_of_equals_and_of_nothing() {
        assert_eq!(Comparison::new("a", "same", "b", "same").summary, "Both are identical.");
        let c = Comparison::new("a", "", "b", "x");
        assert_eq!((c.left.mark, c.right.mark.as_deref()), (None, Some("x")));
    }
}
