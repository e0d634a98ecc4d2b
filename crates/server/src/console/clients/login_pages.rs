//! An app client's use of the login pages: addresses, grants, scopes and providers. One settings form.

use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use super::Ids;
use crate::console::kit::destroy;
use crate::console::kit::edit::{self, Settings, Subject};
use crate::console::kit::members::{any_of, check, lines, text, text_at, texts_at};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Field, State};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::console::resource_servers::scopes_of;
use crate::pages::fields::Link;
use axum::extract::Path;

pub const GRANTS: [(&str, &str, &str); 3] = [
    ("code", "Authorization code", "For every app with users; with PKCE for public ones."),
    ("implicit", "Implicit", "Tokens in the address bar: only for old apps that know nothing else."),
    (
        "client_credentials",
        "Client credentials",
        "Machine to machine: needs a client secret and custom scopes, and stands alone.",
    ),
];

pub const SCOPES: [(&str, &str, &str); 5] = [
    ("openid", "openid", "An ID token; needed by the others of OpenID."),
    ("email", "email", "The email address and whether it is verified."),
    ("phone", "phone", "The phone number and whether it is verified."),
    ("profile", "profile", "All other attributes that the app may read."),
    ("aws.cognito.signin.user.admin", "aws.cognito.signin.user.admin", "Users may change their own account through the API."),
];

pub struct LoginPages {
    pool: String,
    /// Of the pool's resource servers, as tokens spell them, each with its description.
    custom_scopes: Vec<(String, String)>,
}

impl LoginPages {
    async fn of(visit: &Visit, pool: &str) -> Result<Self, Error> {
        let input = json!({ "UserPoolId": pool, "MaxResults": 50 });
        let servers = destroy::all(visit, "ListResourceServers", &input, "ResourceServers").await?;
        let mut custom_scopes = Vec::new();
        for server in &servers {
            let described = crate::console::kit::json::list(server, "Scopes");
            let about = described.iter().map(|scope| crate::console::kit::json::text(scope, "ScopeDescription").to_owned());
            custom_scopes.extend(scopes_of(server).into_iter().zip(about));
        }
        Ok(Self { pool: pool.to_owned(), custom_scopes })
    }
}

pub async fn get(visit: Visit, Path((pool, client)): Ids) -> Answer {
    match LoginPages::of(&visit, &pool).await {
        Ok(settings) => edit::show(visit, Subject::Client { pool, client }, settings).await,
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub async fn post(Path((pool, client)): Ids, posted: Posted) -> Answer {
    match LoginPages::of(&posted.visit, &pool).await {
        Ok(settings) => edit::save(posted, Subject::Client { pool, client }, settings).await,
        Err(error) => Err(posted.visit.failed(&error).await.into()),
    }
}

impl Settings for LoginPages {
    fn title(&self) -> &'static str {
        "Login pages"
    }

    fn lead(&self) -> &'static str {
        "Where this app may send users to sign in, where they come back to, and what it may ask for."
    }

    fn submit(&self) -> &'static str {
        "Save login pages"
    }

    fn rest(&self) -> &'static str {
        "/login-pages"
    }

    fn notices(&self, client: &Json) -> Vec<Block> {
        let notice = |text: &str, link| Block::Notice { state: State::Warn, text: text.to_owned(), link };
        let mut all = Vec::new();
        if texts_at(client, "AllowedOAuthFlows").iter().any(|grant| grant == "implicit") {
            all.push(notice("The implicit grant is on: tokens end up in browser histories and logs.", None));
        }
        if self.custom_scopes.is_empty() {
            let text = "There are no custom scopes: they come from resource servers.".to_owned();
            let link = Some(Link::new("Open resource servers", &paths::pool(&self.pool, "/resource-servers")));
            all.push(Block::Notice { state: State::Info, text, link });
        }
        let on = text_at(client, "AllowedOAuthFlowsUserPoolClient") == "true";
        if on && texts_at(client, "SupportedIdentityProviders").is_empty() {
            all.push(notice("No identity provider is chosen, so the sign-in page has nothing to sign in with.", None));
        }
        all
    }

    fn fields(&self, client: &Json) -> Vec<Field> {
        let custom = self.custom_scopes.iter().map(|(name, about)| (name.as_str(), name.as_str(), about.as_str()));
        let scopes: Vec<(&str, &str, &str)> = SCOPES.into_iter().chain(custom).collect();
        vec![
            check(client, "AllowedOAuthFlowsUserPoolClient", "This app uses the login pages and OAuth endpoints"),
            lines(client, "CallbackURLs", "Callback URLs").hinting(
                "One a line; at most 100. The app's redirect_uri must be one of them, letter for letter. https, http for localhost, or \
                 an app's own scheme.",
            ),
            text(client, "DefaultRedirectURI", "Default redirect URI")
                .at_most(1024)
                .hinting("One of the callback URLs: taken where the app names none."),
            lines(client, "LogoutURLs", "Sign-out URLs")
                .hinting("One a line. Where users may be sent after signing out: logout_uri, or redirect_uri for a new sign-in."),
            any_of(
                client,
                "SupportedIdentityProviders",
                "Identity providers",
                &[("COGNITO", "Cognito user pool", "Users of this pool, with their passwords.")],
            ),
            any_of(client, "AllowedOAuthFlows", "OAuth grant types", &GRANTS),
            any_of(client, "AllowedOAuthScopes", "OpenID and custom scopes", &scopes),
        ]
    }
}
