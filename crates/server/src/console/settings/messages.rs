//! The words of messages: verification, and invitation. What is left empty has Cognito's own words.

use serde_json::Value as Json;

use crate::console::kit::edit::Settings;
use crate::console::kit::members::{at, lines, one_of, put, text};
use crate::console::kit::view::{Field, Input};
use crate::console::kit::visit::Posted;

const TEMPLATE: &str = "VerificationMessageTemplate";
/// Older names of members of the template: described beside them.
const OLDER: [(&str, &str); 3] = [
    ("EmailMessage", "EmailVerificationMessage"),
    ("EmailSubject", "EmailVerificationSubject"),
    ("SmsMessage", "SmsVerificationMessage"),
];

pub struct Verification;

impl Settings for Verification {
    fn title(&self) -> &'static str {
        "Verification messages"
    }

    fn lead(&self) -> &'static str {
        "Sent at sign-up, for a new address, and for a forgotten password."
    }

    fn submit(&self) -> &'static str {
        "Save verification messages"
    }

    fn rest(&self) -> &'static str {
        "/verification-messages"
    }

    fn fields(&self, pool: &Json) -> Vec<Field> {
        let member = |name: &str| format!("{TEMPLATE}.{name}");
        let kinds = [
            ("CONFIRM_WITH_CODE", "A code to type", ""),
            ("CONFIRM_WITH_LINK", "A link to open", "At sign-up only; codes are sent for everything else."),
        ];
        vec![
            one_of(Input::Radio, pool, &member("DefaultEmailOption"), "The email at sign-up has", &kinds),
            text(pool, &member("EmailSubject"), "Email subject, with a code").at_most(140),
            lines(pool, &member("EmailMessage"), "Email text, with a code")
                .hinting("6 to 20,000 characters, HTML allowed; {####} becomes the code."),
            text(pool, &member("EmailSubjectByLink"), "Email subject, with a link").at_most(140),
            lines(pool, &member("EmailMessageByLink"), "Email text, with a link").hinting(
                "6 to 20,000 characters, HTML allowed; {##Verify your email##} becomes the link. Not beside a text with a code.",
            ),
            lines(pool, &member("SmsMessage"), "Text message").hinting("6 to 140 characters; {####} becomes the code."),
        ]
    }

    /// One setting under two names says one thing.
    fn settle(&self, _before: &Json, pool: &mut Json, _form: &Posted) {
        for (name, older) in OLDER {
            if at(pool, older).is_some() {
                let value = at(pool, &format!("{TEMPLATE}.{name}")).cloned();
                put(pool, older, value);
            }
        }
    }
}

pub struct Invitation;

impl Settings for Invitation {
    fn title(&self) -> &'static str {
        "Invitation messages"
    }

    fn lead(&self) -> &'static str {
        "Sent when an administrator creates a user, with the temporary password."
    }

    fn submit(&self) -> &'static str {
        "Save invitation messages"
    }

    fn rest(&self) -> &'static str {
        "/invitation-messages"
    }

    fn fields(&self, pool: &Json) -> Vec<Field> {
        let member = |name: &str| format!("AdminCreateUserConfig.InviteMessageTemplate.{name}");
        let places = "{username} becomes the user name, {####} the temporary password.";
        vec![
            text(pool, &member("EmailSubject"), "Email subject").at_most(140),
            lines(pool, &member("EmailMessage"), "Email text")
                .hinting(&format!("6 to 20,000 characters, HTML allowed; {places}")),
            lines(pool, &member("SMSMessage"), "Text message").hinting(&format!("6 to 140 characters; {places}")),
        ]
    }
}
