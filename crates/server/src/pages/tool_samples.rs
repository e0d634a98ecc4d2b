//! The states in which the pages beside sign-in are looked at; see [`super::samples`].

use super::contexts::Page;
use super::fields::{Command, Fact, Link, Shell};
use super::samples::{POOL, long_name, shell};
use super::tools::{Demo, Home, Landing, NotFound};

fn instance() -> Shell {
    Shell::new("en", "Poolhouse").with_inbox("/_poolhouse/inbox").with_console("/console")
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

impl Page for Landing {
    const TEMPLATE: &'static str = "landing.html";

    fn samples() -> Vec<Self> {
        let base = Self {
            shell: Shell::new("en", "Poolhouse"),
            title: "Back from the sign-in page".to_owned(),
            lead: "The console files what came back into your test run.".to_owned(),
            url: Some("/console/flow/receive?code=3f2504e0-4f89-41d3-9a0c-0305e82c3301&state=x".to_owned()),
        };
        vec![base.clone(), Self { url: None, ..base }]
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
