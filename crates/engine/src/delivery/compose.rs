//! What messages say: the pool's templates or Cognito's defaults, with their placeholders filled in. Called wherever a
//! code, a link or a temporary password goes out. Mail bodies are HTML, SMS bodies are plain text.
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{DefaultEmailOptionType, UserPoolType, VerificationMessageTemplateType};

use super::{Medium, Message};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::entropy;

const CODE: &str = "{####}";
const USERNAME: &str = "{username}";
const LINK_OPEN: &str = "{##";
const LINK_CLOSE: &str = "##}";

/// Writes the messages of one pool.
#[derive(Debug, Clone, Copy)]
pub struct Composer<'a> {
    pub pool_id: &'a str,
    pub document: &'a UserPoolType,
}

/// A template of a pool: the words of one kind of message by one medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    CodeEmail,
    CodeSms,
    LinkEmail,
    InvitationEmail,
    InvitationSms,
}

impl Template {
    pub fn medium(self) -> Medium {
        match self {
            Self::CodeEmail | Self::LinkEmail | Self::InvitationEmail => Medium::Email,
            Self::CodeSms | Self::InvitationSms => Medium::Sms,
        }
    }
}

/// A template's words, with their placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// Mail only.
    pub subject: Option<&'a str>,
    pub body: &'a str,
}

impl<'a> Composer<'a> {
    /// Whether sign-up sends a link instead of a code (mail only).
    pub fn confirms_with_link(&self) -> bool {
        self.template().and_then(|t| t.default_email_option) == Some(DefaultEmailOptionType::ConfirmWithLink)
    }

    /// The pool's own words, else Cognito's. The template wins over the older members beside it.
    pub fn words(&self, template: Template) -> Words<'a> {
        let (own, document) = (self.template(), self.document);
        let invitation = document.admin_create_user_config.as_ref().and_then(|c| c.invite_message_template.as_ref());
        let invited = "Your username is {username} and temporary password is {####}. ";
        let verified = "Your verification code is {####}. ";
        let (subject, body, default_subject, default_body) = match template {
            Template::CodeEmail => (
                own.and_then(|t| t.email_subject.as_deref()).or(document.email_verification_subject.as_deref()),
                own.and_then(|t| t.email_message.as_deref()).or(document.email_verification_message.as_deref()),
                "Your verification code",
                verified,
            ),
            Template::CodeSms => {
                let body = own.and_then(|t| t.sms_message.as_deref()).or(document.sms_verification_message.as_deref());
                (None, body, "", verified)
            }
            Template::LinkEmail => (
                own.and_then(|t| t.email_subject_by_link.as_deref()),
                own.and_then(|t| t.email_message_by_link.as_deref()),
                "Your verification link",
                "Please click the link below to verify your email address. {##Verify Email##} ",
            ),
            Template::InvitationEmail => (
                invitation.and_then(|t| t.email_subject.as_deref()),
                invitation.and_then(|t| t.email_message.as_deref()),
                "Your temporary password",
                invited,
            ),
            Template::InvitationSms => (None, invitation.and_then(|t| t.sms_message.as_deref()), "", invited),
        };
        let subject = (template.medium() == Medium::Email).then(|| subject.unwrap_or(default_subject));
        Words { subject, body: body.unwrap_or(default_body) }
    }

    /// A confirmation code. `kind` says what for: `SignUp`, `ResendCode`, `ForgotPassword`, `VerifyUserAttribute`,
    /// `UpdateUserAttribute`; all share the verification template (developer guide, "Message templates").
    pub fn code(&self, kind: &'static str, medium: Medium, address: &str, code: &str) -> Message {
        let words = self.words(if medium == Medium::Email { Template::CodeEmail } else { Template::CodeSms });
        let values = Values { medium, code, username: None, link: None };
        let body = values.fill(words.body);
        self.message(kind, medium, address, words.subject.map(|s| values.subject(s)), body, code)
    }

    /// A confirmation link by mail. `link` is an address of ours, made by [`confirmation_link`]; `code` is the one in it.
    pub fn link(&self, kind: &'static str, address: &str, link: &str, code: &str) -> Message {
        let words = self.words(Template::LinkEmail);
        let values = Values { medium: Medium::Email, code, username: None, link: Some(link) };
        let (subject, body) = (words.subject.map(|s| values.subject(s)), values.fill(words.body));
        Message { link: Some(link.to_owned()), ..self.message(kind, Medium::Email, address, subject, body, code) }
    }

    /// The invitation of AdminCreateUser: user name and temporary password.
    pub fn invitation(&self, medium: Medium, address: &str, username: &str, password: &str) -> Message {
        let words = self.words(if medium == Medium::Email { Template::InvitationEmail } else { Template::InvitationSms });
        let values = Values { medium, code: password, username: Some(username), link: None };
        let body = values.fill(words.body);
        self.message("AdminCreateUser", medium, address, words.subject.map(|s| values.subject(s)), body, password)
    }

    fn template(&self) -> Option<&'a VerificationMessageTemplateType> {
        self.document.verification_message_template.as_ref()
    }

    fn message(
        &self,
        kind: &'static str,
        medium: Medium,
        address: &str,
        subject: Option<String>,
        body: String,
        code: &str,
    ) -> Message {
        let email = self.document.email_configuration.as_ref().filter(|_| medium == Medium::Email);
        Message {
            pool_id: self.pool_id.to_owned(),
            address: address.to_owned(),
            medium,
            kind,
            subject,
            body,
            code: Some(code.to_owned()),
            link: None,
            from: email.and_then(|e| e.from.clone()),
            reply_to: email.and_then(|e| e.reply_to_email_address.clone()),
        }
    }
}

/// The values that placeholders stand for.
struct Values<'a> {
    medium: Medium,
    code: &'a str,
    /// Only invitations have one; elsewhere `{username}` stays as it stands.
    username: Option<&'a str>,
    link: Option<&'a str>,
}

impl Values<'_> {
    /// The body. One pass over the template, so that a placeholder inside a user name stays text.
    fn fill(&self, template: &str) -> String {
        self.replace(template, self.medium == Medium::Email)
    }

    /// The subject: never more than one line, or a user name could add headers of its own.
    fn subject(&self, template: &str) -> String {
        one_line(&self.replace(template, false))
    }

    fn replace(&self, template: &str, html: bool) -> String {
        let value = |text: &str| {
            let line = one_line(text);
            if html { escape(&line) } else { line }
        };
        let mut out = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            if let Some(after) = from.strip_prefix(CODE) {
                out.push_str(&value(self.code));
                rest = after;
            } else if let (Some(username), Some(after)) = (self.username, from.strip_prefix(USERNAME)) {
                out.push_str(&value(username));
                rest = after;
            } else if let (Some(link), Some((label, after))) = (self.link, link_placeholder(from)) {
                // The label is the administrator's own HTML, like the template around it.
                out.push_str(&format!("<a href=\"{}\">{label}</a>", escape(link)));
                rest = after;
            } else {
                out.push('{');
                rest = from.strip_prefix('{').unwrap_or_default();
            }
        }
        out.push_str(rest);
        out
    }
}

/// `{##text##}` at the start: the text, and what follows.
fn link_placeholder(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix(LINK_OPEN)?.split_once(LINK_CLOSE)
}

/// Characters that mean something in HTML, written so that they do not (injection through a user name, checklist 140).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

/// The address in a confirmation mail: `{base}/confirmUser?client_id=…&user_name=…&confirmation_code=…` (developer
/// guide, link verification). `base` comes from the configuration, never from a request.
pub fn confirmation_link(base: &str, client_id: &str, username: &str, code: &str) -> String {
    let base = base.trim_end_matches('/');
    format!(
        "{base}/confirmUser?client_id={}&user_name={}&confirmation_code={}",
        percent(client_id),
        percent(username),
        percent(code)
    )
}

/// Percent-encoding of everything but RFC 3986's unreserved characters.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Hands a message to the door. The caller has no write open.
pub async fn send(ctx: &Ctx, message: Message) -> Result<()> {
    // Ordered by time, so that an inbox reads from newest to oldest along its key; also after the clock was set back.
    let id = format!("{:013}-{}", ctx.real_now(), entropy::uuid(ctx.entropy()));
    let (pool, kind, medium) = (message.pool_id.clone(), message.kind, message.medium);
    ctx.engine.delivery.deliver(id, ctx.now, message).await.map_err(|failed| {
        tracing::warn!(event = "delivery_failed", %pool, kind, medium = medium.as_str(), cause = %failed.0, "a message could not be handed over");
        Error::new(ErrorCode::CodeDeliveryFailureException, "The message could not be delivered.").because(failed.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use poolhouse_wire::types::{AdminCreateUserConfigType, MessageTemplateType};

    fn composer(document: &UserPoolType) -> Composer<'_> {
        Composer { pool_id: "eu-west-1_abcdefghi", document }
    }

    #[test]
    fn defaults_are_cognitos() {
        let document = UserPoolType::default();
        let mail = composer(&document).code("SignUp", Medium::Email, "a@b.c", "123456");
        assert_eq!(mail.subject.as_deref(), Some("Your verification code"));
        assert_eq!(mail.body, "Your verification code is 123456. ");
        let sms = composer(&document).code("SignUp", Medium::Sms, "+15550100", "123456");
        assert_eq!((sms.subject, sms.body.as_str()), (None, "Your verification code is 123456. "));
        let invitation = composer(&document).invitation(Medium::Sms, "+15550100", "ann", "Pass<1>&");
        assert_eq!(invitation.body, "Your username is ann and temporary password is Pass<1>&. ");
        let link = composer(&document).link("SignUp", "a@b.c", "https://x.example/confirmUser?a=1&b=2", "123456");
        assert!(link.body.contains("<a href=\"https://x.example/confirmUser?a=1&amp;b=2\">Verify Email</a>"), "{}", link.body);
        assert_eq!(link.subject.as_deref(), Some("Your verification link"));
    }

    #[test]
    fn the_template_wins_over_the_older_fields_and_those_over_the_default() {
        let mut document = UserPoolType { email_verification_message: Some("old {####}".to_owned()), ..Default::default() };
        assert_eq!(composer(&document).code("SignUp", Medium::Email, "a@b.c", "1").body, "old 1");
        document.verification_message_template =
            Some(VerificationMessageTemplateType { email_message: Some("new {####}".to_owned()), ..Default::default() });
        assert_eq!(composer(&document).code("SignUp", Medium::Email, "a@b.c", "1").body, "new 1");
    }

    #[test]
    fn sec_140_user_values_are_escaped_in_mail_and_add_no_header() {
        let template = MessageTemplateType {
            email_message: Some("<b>{username}</b> {####}".to_owned()),
            email_subject: Some("Hello {username}".to_owned()),
            sms_message: None,
        };
        let document = UserPoolType {
            admin_create_user_config: Some(AdminCreateUserConfigType {
                invite_message_template: Some(template),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mail = composer(&document).invitation(Medium::Email, "a@b.c", "<img src=x>\r\nBcc: v@w.x", "a&b");
        assert_eq!(mail.body, "<b>&lt;img src=x&gt;  Bcc: v@w.x</b> a&amp;b");
        assert_eq!(mail.subject.as_deref(), Some("Hello <img src=x>  Bcc: v@w.x"));
        assert_eq!(mail.code.as_deref(), Some("a&b"));
        // A placeholder inside a user name is text.
        assert!(composer(&document).invitation(Medium::Email, "a@b.c", "{####}", "secret").body.starts_with("<b>{####}</b>"));
    }

    #[test]
    fn sec_140_links_are_encoded() {
        assert_eq!(
            confirmation_link("https://auth.example/", "abc", "a&b=c d\u{e9}", "12#"),
            "https://auth.example/confirmUser?client_id=abc&user_name=a%26b%3Dc%20d%C3%A9&confirmation_code=12%23"
        );
    }

    #[test]
    fn sec_203_no_template_and_no_name_writes_headers_or_markup() {
        let corpus = ["{username} {####}", "Hi {##Click##}", "{{####}}{##", "{username}{username", "<b>{####}</b>\r\nBcc: x"];
        poolhouse_store::testkit::fuzz::text(&corpus, |text| {
            // One half is the administrator's template, the other the user's name.
            let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
            let (template, name) = text.split_at(middle);
            let values = Values { medium: Medium::Email, code: "<&\">", username: Some(name), link: Some("https://x/?a=1&b=2") };
            let subject = values.subject(template);
            assert!(!subject.contains(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}'), "{subject:?}");
            let body = values.fill(template);
            let ours = if template.contains(LINK_OPEN) { 1 + template.matches(LINK_OPEN).count() } else { 0 };
            assert!(body.matches('<').count() <= template.matches('<').count() + 2 * ours, "{body:?}");
            // A name is one line of text: what looks like a placeholder in it stays what it is.
            let named = Values { link: None, ..values }.fill(USERNAME);
            assert_eq!(named, escape(&one_line(name)));
        });
    }
}
