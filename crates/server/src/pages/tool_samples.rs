//! The states in which the pages beside sign-in are looked at; see [`super::samples`].

use super::contexts::Page;
use super::fields::{Command, Fact, Link, Moment, Shell};
use super::samples::{POOL, long_name, shell, url};
use super::tools::{Demo, Home, Inbox, Medium, Message, MessageLine, NotFound};

fn instance() -> Shell {
    Shell::new("en", "Poolhouse").with_inbox("/_poolhouse/inbox").with_console("/console")
}

fn moment(relative: &str) -> Moment {
    Moment {
        iso: "2026-11-23T05:30:00Z".to_owned(),
        absolute: "23 November 2026, 05:30:00 UTC".to_owned(),
        relative: relative.to_owned(),
    }
}

impl Page for NotFound {
    const TEMPLATE: &'static str = "not_found.html";

    fn samples() -> Vec<Self> {
        let links = vec![Link::new("/oauth2/authorize", "/oauth2/authorize"), Link::new("What is served here", "/")];
        vec![
            Self { shell: instance(), asked: "GET /oauth2/authorise".to_owned(), links },
            Self { shell: shell(), asked: format!("GET /{}", long_name().repeat(8)), links: Vec::new() },
        ]
    }
}

impl Page for Home {
    const TEMPLATE: &'static str = "home.html";

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: instance(),
            version: "0.1.0".to_owned(),
            demo: Some(Demo {
                sign_in_url: "http://localhost:9229/login".to_owned(),
                facts: vec![
                    Fact::new("User pool ID", POOL),
                    Fact::new("App client ID", "1demo23456789abcdefghijklm"),
                    Fact::new("Email", "ada@example.com"),
                    Fact::new("Password", "Demo-Passw0rd!"),
                ],
            }),
            addresses: vec![
                Fact::link("AWS API, OAuth endpoints, issuer", "http://localhost:9229/"),
                Fact::link("The same over TLS", "https://localhost:9443/"),
                Fact::link("Discovery document", &format!("http://localhost:9229/{POOL}/.well-known/openid-configuration")),
                Fact::link("Public keys", &format!("http://localhost:9229/{POOL}/.well-known/jwks.json")),
            ],
            commands: vec![
                Command::new("Point the AWS CLI and SDKs here", "export AWS_ENDPOINT_URL=http://localhost:9229"),
                Command::new("List the demo pool's users", &format!("aws cognito-idp list-users --user-pool-id {POOL}")),
                Command::new(
                    "Create a user",
                    &format!(
                        "aws cognito-idp admin-create-user --user-pool-id {POOL} \\\n  --username grace@example.com --user-attributes Name=email,Value=grace@example.com"
                    ),
                ),
            ],
            links: vec![Link::new("Health", "/_poolhouse/health"), Link::new("Messages as JSON", "/_poolhouse/messages")],
        };
        vec![base.clone(), Self { demo: None, commands: Vec::new(), links: Vec::new(), ..base }]
    }
}

fn lines() -> Vec<MessageLine> {
    let code = MessageLine {
        url: "/_poolhouse/inbox/3".to_owned(),
        to: "ada@example.com".to_owned(),
        subject: "Your verification code".to_owned(),
        medium: Medium::Email,
        code: Some("493817".to_owned()),
        link: None,
        at: moment("12 seconds ago"),
    };
    vec![
        code.clone(),
        MessageLine {
            to: "+14155550100".to_owned(),
            subject: "Your authentication code is 058214".to_owned(),
            medium: Medium::Sms,
            code: Some("058214".to_owned()),
            at: moment("4 minutes ago"),
            ..code.clone()
        },
        MessageLine {
            to: "grace@example.com".to_owned(),
            subject: "Verify your email address".to_owned(),
            code: None,
            link: Some(url("https://northwind.auth.eu-central-1.localhost:9443/confirmUser")),
            at: moment("1 hour ago"),
            ..code.clone()
        },
        MessageLine {
            to: format!("{}@example.com", long_name()),
            subject: long_name().repeat(2),
            at: moment("yesterday"),
            ..code
        },
    ]
}

impl Page for Inbox {
    const TEMPLATE: &'static str = "inbox.html";
    const SCRIPTED: bool = true;

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: instance(),
            action: "/_poolhouse/inbox".to_owned(),
            filter: String::new(),
            messages: lines(),
            total: 10_000,
            older_url: Some("/_poolhouse/inbox?before=3".to_owned()),
            json_url: "/_poolhouse/messages".to_owned(),
        };
        let empty = Self { messages: Vec::new(), total: 0, older_url: None, ..base.clone() };
        let one = Self { messages: lines().into_iter().take(1).collect(), total: 1, older_url: None, ..base.clone() };
        vec![base, empty.clone(), Self { filter: "nobody@example.com".to_owned(), ..empty }, one]
    }
}

impl Page for Message {
    const TEMPLATE: &'static str = "message.html";
    const SCRIPTED: bool = true;

    fn samples() -> Vec<Self> {
        lines()
            .into_iter()
            .map(|line| Self {
                shell: instance(),
                from: "no-reply@verificationemail.com".to_owned(),
                body: match &line.code {
                    Some(code) => {
                        format!("Hello,\n\nyour code is {code}. It works for 24 hours.\n")
                    }
                    None => "Hello,\n\nopen the link to verify your email address.\n".to_owned(),
                },
                html_url: matches!(line.medium, Medium::Email).then(|| "/_poolhouse/inbox/3/html".to_owned()),
                facts: vec![Fact::new("User pool", POOL), Fact::new("Cause", "CustomMessage_SignUp")],
                inbox_url: "/_poolhouse/inbox".to_owned(),
                line,
            })
            .collect()
    }
}
