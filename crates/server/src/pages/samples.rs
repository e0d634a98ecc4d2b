//! The states in which every page is looked at: usual, failed, empty, overlong, right to left, development.

use super::contexts::{
    Comparison, Confirm, ConfirmSignOut, Done, ErrorDetail, ErrorPage, Fix, Forgot, NewPassword, Page, Reset, SignIn, SignUp,
    SignedOut,
};
use super::fields::{AttributeField, Delivery, Fact, Link, PasswordPolicy, PasswordRule, Shell, UsernameField, UsernameKind};

const QUERY: &str =
    "client_id=1example23456789&response_type=code&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&state=a1b2";
const CSRF: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
pub(super) const POOL: &str = "eu-central-1_Dem0p00lA";

pub(super) fn shell() -> Shell {
    Shell::new("en", "Northwind Books")
}

fn dev() -> Shell {
    shell().with_inbox("/_poolhouse/inbox")
}

/// The longest user name the model allows, in one word.
pub(super) fn long_name() -> String {
    "wolfeschlegelsteinhausenbergerdorff".chars().cycle().take(128).collect()
}

pub(super) fn url(path: &str) -> String {
    format!("{path}?{QUERY}")
}

fn email(value: &str) -> UsernameField {
    UsernameField::new(UsernameKind::Email, value)
}

fn rules() -> Vec<PasswordRule> {
    PasswordPolicy { minimum_length: 8, lowercase: true, uppercase: true, numbers: true, symbols: true, history: 3 }.rules()
}

impl Page for SignIn {
    const TEMPLATE: &'static str = "sign_in.html";
    const FORM_LEAVES_SITE: bool = true;

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: shell(),
            action: url("/login"),
            csrf: CSRF.to_owned(),
            username: email(""),
            error: None,
            notice: None,
            forgot_url: Some(url("/forgotPassword")),
            sign_up_url: Some(url("/signup")),
        };
        let mut samples = vec![base.clone()];
        samples.push(Self {
            username: email("ada@example.com"),
            error: Some("Incorrect username or password.".to_owned()),
            ..base.clone()
        });
        samples.push(Self {
            shell: dev(),
            notice: Some("Your password is changed. Sign in with the new one.".to_owned()),
            ..base.clone()
        });
        samples.push(Self {
            shell: Shell::new("ar", &long_name()),
            username: UsernameField::new(UsernameKind::UsernameOrEmailOrPhone, &long_name()),
            error: Some("Incorrect username or password.".to_owned()),
            ..base.clone()
        });
        samples.push(Self { forgot_url: None, sign_up_url: None, ..base.clone() });
        samples.extend(UsernameKind::ALL.map(|kind| Self { username: UsernameField::new(kind, ""), ..base.clone() }));
        samples
    }
}

impl Page for NewPassword {
    const TEMPLATE: &'static str = "new_password.html";
    const FORM_LEAVES_SITE: bool = true;

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: shell(),
            action: url("/changePassword"),
            csrf: CSRF.to_owned(),
            username: email("ada@example.com"),
            rules: rules(),
            attributes: Vec::new(),
            error: None,
            sign_in_url: url("/login"),
        };
        let failed = Self {
            attributes: vec![AttributeField::new("given_name", ""), AttributeField::new("custom:plan", "")],
            error: Some("The two passwords differ. Type the new password twice.".to_owned()),
            ..base.clone()
        };
        vec![base, failed]
    }
}

impl Page for SignUp {
    const TEMPLATE: &'static str = "sign_up.html";
    const FORM_LEAVES_SITE: bool = true;

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: shell(),
            action: url("/signup"),
            csrf: CSRF.to_owned(),
            username: email(""),
            attributes: Vec::new(),
            rules: rules(),
            error: None,
            sign_in_url: url("/login"),
        };
        let mut phone = AttributeField::new("phone_number", "0170 555");
        phone.error = Some("The phone number needs + and its country code.".to_owned());
        let failed = Self {
            shell: dev(),
            username: UsernameField::new(UsernameKind::Username, "ada"),
            attributes: vec![AttributeField::new("email", "ada@example.com"), AttributeField::new("given_name", "Ada"), phone],
            error: Some("An account with this username already exists.".to_owned()),
            ..base.clone()
        };
        let mut taken = base.clone();
        taken.shell = Shell::new("he", "Northwind Books");
        taken.username.error = Some("This is not an email address.".to_owned());
        vec![base, failed, taken]
    }
}

impl Page for Confirm {
    const TEMPLATE: &'static str = "confirm.html";
    const FORM_LEAVES_SITE: bool = true;

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: shell(),
            action: url("/confirm"),
            resend_action: url("/resendcode"),
            csrf: CSRF.to_owned(),
            username: email("ada@example.com"),
            username_known: true,
            delivery: Some(Delivery::email("a***@e***")),
            error: None,
            notice: None,
            sign_in_url: url("/login"),
        };
        let failed = Self {
            error: Some("Invalid verification code provided, please try again.".to_owned()),
            shell: dev(),
            ..base.clone()
        };
        let resent = Self {
            delivery: Some(Delivery::sms("+*******0100")),
            notice: Some("A new code is on its way. The old one no longer works.".to_owned()),
            ..base.clone()
        };
        let direct = Self { username: email(""), username_known: false, delivery: None, ..base.clone() };
        vec![base, failed, resent, direct]
    }
}

impl Page for Forgot {
    const TEMPLATE: &'static str = "forgot.html";

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: shell(),
            action: url("/forgotPassword"),
            csrf: CSRF.to_owned(),
            username: email(""),
            error: None,
            sign_in_url: url("/login"),
        };
        let failed = Self {
            username: UsernameField::new(UsernameKind::EmailOrPhone, "ada@example.com"),
            error: Some("Attempt limit exceeded, please try after some time.".to_owned()),
            ..base.clone()
        };
        vec![base, failed]
    }
}

impl Page for Reset {
    const TEMPLATE: &'static str = "reset.html";

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: dev(),
            action: url("/confirmforgotPassword"),
            resend_action: url("/forgotPassword"),
            csrf: CSRF.to_owned(),
            username: email("ada@example.com"),
            delivery: Some(Delivery::email("a***@e***")),
            rules: rules(),
            error: None,
            notice: None,
            sign_in_url: url("/login"),
        };
        let failed = Self {
            shell: shell(),
            delivery: None,
            username: UsernameField::new(UsernameKind::Username, &long_name()),
            error: Some("Invalid verification code provided, please try again.".to_owned()),
            notice: Some("A new code is on its way. The old one no longer works.".to_owned()),
            ..base.clone()
        };
        vec![base, failed]
    }
}

impl Page for SignedOut {
    const TEMPLATE: &'static str = "signed_out.html";

    fn samples() -> Vec<Self> {
        vec![Self { shell: shell(), sign_in_url: Some(url("/login")) }, Self { shell: dev(), sign_in_url: None }]
    }
}

impl Page for ConfirmSignOut {
    const TEMPLATE: &'static str = "confirm_sign_out.html";
    const FORM_LEAVES_SITE: bool = true;

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: shell(),
            action: url("/logout/confirm"),
            csrf: CSRF.to_owned(),
            username: "ada@example.com".to_owned(),
            cancel_url: Some("https://app.example.com/".to_owned()),
        };
        vec![base.clone(), Self { username: long_name(), cancel_url: None, ..base }]
    }
}

impl Page for Done {
    const TEMPLATE: &'static str = "done.html";

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: shell(),
            title: "Account confirmed".to_owned(),
            message: "Your account is confirmed. You can sign in now.".to_owned(),
            link: Some(Link::new("Sign in", &url("/login"))),
        };
        vec![base.clone(), Self { link: None, ..base }]
    }
}

impl Page for ErrorPage {
    const TEMPLATE: &'static str = "error.html";

    fn samples() -> Vec<Self> {
        let public = Self {
            shell: shell(),
            title: "This page cannot be shown".to_owned(),
            message: "An error was encountered with the requested page.".to_owned(),
            next_step: Some("Go back to the app and try again. If it happens twice, tell the people who run the app.".to_owned()),
            code: Some("redirect_mismatch".to_owned()),
            event_id: Some("0199d6b1-7f7a-7c3e-9d52-5a0f6d1f2c11".to_owned()),
            back: None,
            detail: None,
        };
        let sent = "https://app.example.com/callback/";
        let allowed = "https://app.example.com/callback";
        let command = format!(
            "aws cognito-idp update-user-pool-client \\\n  --user-pool-id {POOL} --client-id 1example23456789 \\\n  --callback-urls {allowed} {sent}"
        );
        let detail = ErrorDetail {
            cause: "The address in redirect_uri is not one of the app client's callback URLs. They are compared byte for byte.".to_owned(),
            comparison: Some(Comparison::new("The app sent", sent, "Nearest callback URL of the client", allowed)),
            facts: vec![Fact::new("App client", "web · 1example23456789"), Fact::new("User pool", POOL)],
            fix: Some(Fix {
                text: "Change the address in the app, or add it to the client. On AWS this command also resets every setting that it leaves out."
                    .to_owned(),
                command: Some(command),
                link: Some(Link::new("Open the app client", "/console/")),
            }),
        };
        let long = format!("https://app.example.com/{}", long_name().repeat(8));
        let overlong = ErrorDetail {
            comparison: Some(Comparison::new(
                "The app sent",
                &long,
                "Nearest callback URL of the client",
                &format!("{long}\u{200b}"),
            )),
            facts: Vec::new(),
            fix: None,
            cause: "The two addresses only look alike.".to_owned(),
        };
        let development =
            Self { shell: dev(), back: Some(Link::new("Back to the app", "https://app.example.com/")), ..public.clone() };
        vec![
            public.clone(),
            Self { detail: Some(detail), ..development.clone() },
            Self { detail: Some(overlong), ..development },
            Self { next_step: None, code: None, event_id: None, ..public },
        ]
    }
}
