//! What the set-up is for, and what every later page starts from because of it. Pure.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::drafts::{Draft, Made, SAMPLE_EMAIL, User};
use super::steps::Step;
use crate::console::clients;
use crate::console::domain;
use crate::console::kit::members::put;
use crate::console::pools;

pub const POSTMAN: &str = "https://oauth.pstmn.io/v1/callback";
pub const POSTMAN_WEB: &str = "https://oauth.pstmn.io/v1/browser-callback";
pub const LOCAL: &str = "http://localhost:3000/callback";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    Server,
    SinglePage,
    Mobile,
    Machine,
    Article,
}

impl Goal {
    pub const ALL: [Self; 5] = [Self::Article, Self::Server, Self::SinglePage, Self::Mobile, Self::Machine];

    pub fn key(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::SinglePage => "single-page",
            Self::Mobile => "mobile",
            Self::Machine => "machine",
            Self::Article => "article",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Server => "Web app with a server",
            Self::SinglePage => "Single-page app",
            Self::Mobile => "Mobile app",
            Self::Machine => "Machine to machine",
            Self::Article => "Follow the Postman article",
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            Self::Server => "The server keeps a client secret and exchanges the code for tokens.",
            Self::SinglePage => "Runs in the browser: no secret, PKCE.",
            Self::Mobile => "Runs on a phone: no secret, PKCE, a callback with a scheme of its own.",
            Self::Machine => "A program speaks for itself: client credentials, custom scopes, no users.",
            Self::Article => {
                "\"Authorization Code Flow On AWS Cognito\": an email pool, a domain, one custom scope, a client with a secret, \
                 and a user who signs in from Postman."
            }
        }
    }

    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|goal| goal.key() == key)
    }

    /// Whether there is anybody to sign in.
    pub fn has_users(self) -> bool {
        self != Self::Machine
    }

    pub fn has_secret(self) -> bool {
        matches!(self, Self::Server | Self::Machine | Self::Article)
    }

    /// The draft to begin with; `runner` is the flow runner's callback address.
    pub fn draft(self, runner: &str) -> Draft {
        let name = match self {
            Self::Server => "web-app",
            Self::SinglePage => "single-page-app",
            Self::Mobile => "mobile-app",
            Self::Machine => "machines",
            Self::Article => "emails",
        };
        let mut pool = pools::create::start();
        put(&mut pool, "PoolName", Some(json!(name)));
        if matches!(self, Self::Article | Self::Machine) {
            put(&mut pool, "Schema", None);
        }
        let prefix = if self == Self::Article { "your-domain-url".to_owned() } else { domain::suggested(name) };
        Draft {
            goal: self,
            pool,
            domain: json!({ "Domain": prefix }),
            server: self.server(),
            client: self.client(runner),
            user: self.user(),
            skipped: BTreeSet::new(),
            done: BTreeSet::from([Step::Goal]),
            made: Made::default(),
            refused: None,
        }
    }

    fn server(self) -> Json {
        let scope = |name: &str, about: &str| json!([{ "ScopeName": name, "ScopeDescription": about }]);
        match self {
            Self::Article => json!({
                "Identifier": "your-resource-server", "Name": "Your resource server",
                "Scopes": scope("order.write", "write orders"),
            }),
            _ => json!({ "Identifier": "orders", "Name": "Orders API", "Scopes": scope("read", "Read orders") }),
        }
    }

    fn client(self, runner: &str) -> Json {
        let mut client = clients::create::start("");
        let name = if self == Self::Article { "postman" } else { self.key() };
        let callbacks = match self {
            Self::Article => vec![POSTMAN, runner],
            Self::Mobile => vec!["myapp://callback", runner],
            _ => vec![LOCAL, runner],
        };
        let (own, custom) = match self {
            Self::Article => {
                (vec!["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"], "your-resource-server/order.write")
            }
            Self::Machine => (Vec::new(), "orders/read"),
            _ => (vec!["openid", "email", "profile"], "orders/read"),
        };
        let scopes: Vec<&str> = own.into_iter().chain([custom]).collect();
        let grant = if self.has_users() { "code" } else { "client_credentials" };
        for (member, value) in [
            ("UserPoolId", None),
            ("ClientName", Some(json!(name))),
            ("GenerateSecret", Some(json!(self.has_secret()))),
            ("AllowedOAuthFlowsUserPoolClient", Some(json!(true))),
            ("AllowedOAuthFlows", Some(json!([grant]))),
            ("AllowedOAuthScopes", Some(json!(scopes))),
            ("SupportedIdentityProviders", self.has_users().then(|| json!(["COGNITO"]))),
            ("CallbackURLs", self.has_users().then(|| json!(callbacks))),
        ] {
            put(&mut client, member, value);
        }
        client
    }

    fn user(self) -> User {
        User {
            name: SAMPLE_EMAIL.to_owned(),
            verified: true,
            // The article is about what becomes of a temporary one.
            permanent: self != Self::Article,
            ..User::default()
        }
    }
}
