//! Parts that several pages share: the frame around a page, what a pool calls its users, attribute fields, password rules, facts and links.
//! Called by the handlers to fill the contexts in [`super::contexts`] and [`super::tools`].

use jiff::Timestamp;
use serde::Serialize;

/// What stands around every page.
#[derive(Clone, Serialize)]
pub struct Shell {
    /// BCP 47 language of the page's text, for `<html lang>`.
    pub lang: String,
    /// `ltr` or `rtl`; follows from `lang`.
    pub dir: &'static str,
    /// `light` or `dark` where the reader chose one, else empty.
    pub theme: &'static str,
    /// Whose page this is: the app or the pool on sign-in pages, the instance elsewhere. Shown under the sign and in the title.
    pub brand: String,
    /// Development only: where outgoing mail lands. Absent in production, and then nothing hints at an inbox.
    pub inbox_url: Option<String>,
    /// Where the console is, on the pages of an instance that has one.
    pub console_url: Option<String>,
}

impl Shell {
    pub fn new(lang: &str, brand: &str) -> Self {
        let primary = lang.split('-').next().unwrap_or_default().to_ascii_lowercase();
        let right_to_left = matches!(primary.as_str(), "ar" | "dv" | "fa" | "he" | "ps" | "ug" | "ur" | "yi");
        Self {
            lang: lang.to_owned(),
            dir: if right_to_left { "rtl" } else { "ltr" },
            theme: "",
            brand: brand.to_owned(),
            inbox_url: None,
            console_url: None,
        }
    }

    pub fn with_inbox(mut self, url: &str) -> Self {
        self.inbox_url = Some(url.to_owned());
        self
    }

    pub fn with_console(mut self, url: &str) -> Self {
        self.console_url = Some(url.to_owned());
        self
    }
}

/// How users of a pool name themselves, from the pool's username attributes and aliases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsernameKind {
    Username,
    Email,
    Phone,
    EmailOrPhone,
    UsernameOrEmail,
    UsernameOrPhone,
    UsernameOrEmailOrPhone,
}

impl UsernameKind {
    pub const ALL: [Self; 7] = [
        Self::Username,
        Self::Email,
        Self::Phone,
        Self::EmailOrPhone,
        Self::UsernameOrEmail,
        Self::UsernameOrPhone,
        Self::UsernameOrEmailOrPhone,
    ];

    /// The label of the field.
    pub fn label(self) -> &'static str {
        match self {
            Self::Username => "Username",
            Self::Email => "Email",
            Self::Phone => "Phone number",
            Self::EmailOrPhone => "Email or phone number",
            Self::UsernameOrEmail => "Username or email",
            Self::UsernameOrPhone => "Username or phone number",
            Self::UsernameOrEmailOrPhone => "Username, email or phone number",
        }
    }

    /// The same words inside a sentence.
    pub fn in_sentence(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::Phone => "phone number",
            Self::EmailOrPhone => "email or phone number",
            Self::UsernameOrEmail => "username or email",
            Self::UsernameOrPhone => "username or phone number",
            Self::UsernameOrEmailOrPhone => "username, email or phone number",
        }
    }

    fn inputmode(self) -> &'static str {
        match self {
            Self::Email | Self::UsernameOrEmail | Self::EmailOrPhone => "email",
            Self::Phone => "tel",
            Self::Username | Self::UsernameOrPhone | Self::UsernameOrEmailOrPhone => "text",
        }
    }
}

/// The field in which users name themselves.
#[derive(Clone, Serialize)]
pub struct UsernameField {
    label: &'static str,
    in_sentence: &'static str,
    inputmode: &'static str,
    hint: Option<&'static str>,
    /// What was typed before, or came as `login_hint`.
    pub value: String,
    /// What is wrong with this field alone.
    pub error: Option<String>,
}

impl UsernameField {
    pub fn new(kind: UsernameKind, value: &str) -> Self {
        let hint = matches!(kind, UsernameKind::Phone | UsernameKind::EmailOrPhone)
            .then_some("Write phone numbers with + and country code, for example +14155550100.");
        Self {
            label: kind.label(),
            in_sentence: kind.in_sentence(),
            inputmode: kind.inputmode(),
            hint,
            value: value.to_owned(),
            error: None,
        }
    }
}

/// One attribute that the pool requires. Its form name is `requiredAttributes[name]`.
#[derive(Clone, Serialize)]
pub struct AttributeField {
    pub name: String,
    label: String,
    input_type: &'static str,
    autocomplete: &'static str,
    hint: Option<&'static str>,
    pub value: String,
    pub error: Option<String>,
}

impl AttributeField {
    /// `name` is the pool's: `given_name`, `custom:plan`.
    pub fn new(name: &str, value: &str) -> Self {
        let (input_type, autocomplete, hint) = match name {
            "email" => ("email", "email", None),
            "phone_number" => ("tel", "tel", Some("With + and country code, for example +14155550100.")),
            "birthdate" => ("text", "bday", Some("Year, month, day: 1990-12-31.")),
            "website" | "profile" | "picture" => ("url", "url", Some("A full address, beginning with https://.")),
            "name" => ("text", "name", None),
            "given_name" => ("text", "given-name", None),
            "middle_name" => ("text", "additional-name", None),
            "family_name" => ("text", "family-name", None),
            "nickname" | "preferred_username" => ("text", "nickname", None),
            "gender" => ("text", "sex", None),
            "address" => ("text", "street-address", None),
            "locale" => ("text", "language", Some("A language tag, for example en-GB.")),
            "zoneinfo" => ("text", "off", Some("A time zone, for example Europe/Berlin.")),
            _ => ("text", "off", None),
        };
        Self {
            name: name.to_owned(),
            label: attribute_label(name),
            input_type,
            autocomplete,
            hint,
            value: value.to_owned(),
            error: None,
        }
    }
}

/// `given_name` → "Given name"; `custom:plan` → "Plan".
fn attribute_label(name: &str) -> String {
    match name {
        "zoneinfo" => return "Time zone".to_owned(),
        "birthdate" => return "Date of birth".to_owned(),
        "locale" => return "Language".to_owned(),
        _ => {}
    }
    let words = name.strip_prefix("custom:").unwrap_or(name).replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => name.to_owned(),
    }
}

/// A pool's password policy, listed before anyone types. `Default` asks for nothing but one character.
#[derive(Clone, Copy, Default)]
pub struct PasswordPolicy {
    /// Characters.
    pub minimum_length: u32,
    pub lowercase: bool,
    pub uppercase: bool,
    pub numbers: bool,
    pub symbols: bool,
    /// How many earlier passwords may not come back; 0 for none.
    pub history: u32,
}

/// One line of the policy. The ids are those of Cognito's classic page.
#[derive(Clone, Serialize)]
pub struct PasswordRule {
    id: &'static str,
    pub text: String,
}

impl PasswordPolicy {
    pub fn rules(&self) -> Vec<PasswordRule> {
        let plural = |count: u32| if count == 1 { "" } else { "s" };
        let length = self.minimum_length.max(1);
        [
            (true, "checkPassword-length", format!("at least {length} character{}", plural(length))),
            (self.lowercase, "checkPassword-lowerletter", "a lower case letter".to_owned()),
            (self.uppercase, "checkPassword-upperletter", "an upper case letter".to_owned()),
            (self.numbers, "checkPassword-numbers", "a number".to_owned()),
            (self.symbols, "checkPassword-symbols", "a special character, or a space inside".to_owned()),
            (
                self.history > 0,
                "checkPassword-history",
                format!("not one of your last {} password{}", self.history, plural(self.history)),
            ),
        ]
        .into_iter()
        .filter_map(|(asked, id, text)| asked.then_some(PasswordRule { id, text }))
        .collect()
    }
}

/// Where a code went. `destination` is already masked by the engine.
#[derive(Clone, Serialize)]
pub struct Delivery {
    medium: &'static str,
    pub destination: String,
}

impl Delivery {
    pub fn email(destination: &str) -> Self {
        Self { medium: "email", destination: destination.to_owned() }
    }

    pub fn sms(destination: &str) -> Self {
        Self { medium: "text message", destination: destination.to_owned() }
    }
}

/// A name and its value, copyable: an id, an address.
#[derive(Clone, Serialize)]
pub struct Fact {
    pub label: String,
    pub value: String,
    /// Set when the value is an address worth opening.
    pub url: Option<String>,
}

impl Fact {
    pub fn new(label: &str, value: &str) -> Self {
        Self { label: label.to_owned(), value: value.to_owned(), url: None }
    }

    pub fn link(label: &str, url: &str) -> Self {
        Self { label: label.to_owned(), value: url.to_owned(), url: Some(url.to_owned()) }
    }
}

#[derive(Clone, Serialize)]
pub struct Link {
    pub text: String,
    pub url: String,
}

impl Link {
    pub fn new(text: &str, url: &str) -> Self {
        Self { text: text.to_owned(), url: url.to_owned() }
    }
}

/// A command to paste into a terminal; may have several lines.
#[derive(Clone, Serialize)]
pub struct Command {
    pub title: String,
    pub text: String,
}

impl Command {
    pub fn new(title: &str, text: &str) -> Self {
        Self { title: title.to_owned(), text: text.to_owned() }
    }
}

/// One moment, said three ways by the caller: machine (`2026-11-23T05:30:00Z`), people (`23 Nov 2026, 05:30:00 UTC`), people in a hurry
/// (`2 minutes ago`).
#[derive(Clone, Serialize)]
pub struct Moment {
    pub iso: String,
    pub absolute: String,
    pub relative: String,
}

impl Moment {
    /// A time in milliseconds since the epoch, for machines, for people, and for people in a hurry.
    pub fn of(at: i64, now: i64) -> Self {
        let time = Timestamp::from_millisecond(at).unwrap_or_default();
        let ahead = at > now;
        let seconds = (now - at).abs() / 1000;
        let (count, unit) = match seconds {
            0..60 => (seconds, "second"),
            60..3600 => (seconds / 60, "minute"),
            3600..86_400 => (seconds / 3600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        let plural = if count == 1 { "" } else { "s" };
        let relative = match ahead {
            true => format!("in {count} {unit}{plural}"),
            false => format!("{count} {unit}{plural} ago"),
        };
        Self {
            iso: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            absolute: time.strftime("%-d %b %Y, %H:%M:%S UTC").to_string(),
            relative,
        }
    }
}
