//! What to paste into an app, filled with this client's ids, and the files for Postman. A secret is never in it: its place is
//! named.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use poolhouse_engine::error::Error;
use poolhouse_engine::tokens::issuer;
use serde_json::{Value as Json, json};

use super::{Ids, describe_aside};
use crate::cli::{postman, snippets};
use crate::console::domain;
use crate::console::kit::json::{text, texts};
use crate::console::kit::members::text_at;
use crate::console::kit::paths::{self, segment};
use crate::console::kit::view::{Block, Card};
use crate::console::kit::visit::{Answer, Visit};
use crate::facts::Facts;

/// Stands where a secret would.
const SECRET: &str = "YOUR_CLIENT_SECRET";
const USERNAME: &str = "ada@example.com";
const PASSWORD: &str = "YOUR_PASSWORD";
const CALLBACK: &str = "http://localhost:3000/callback";

/// Everything that an app needs to know of a client.
pub struct Start {
    pub facts: Facts,
    issuer: String,
    pub grants: Vec<String>,
    flows: Vec<String>,
    pub has_domain: bool,
    /// The sign-in page for this client, where it has one.
    pub sign_in_page: Option<String>,
}

impl Start {
    /// # Errors
    /// Those of reading the pool.
    pub async fn of(visit: &Visit, pool: &str, client: &Json) -> Result<Self, Error> {
        let answer = visit.call_aside("DescribeUserPool", json!({ "UserPoolId": pool })).await?;
        let described = answer.get("UserPool").cloned().unwrap_or_default();
        let found = poolhouse_engine::pools::find(&visit.ctx, pool).await?;
        let settings = &visit.app.engine.settings;
        let domain = domain::addresses(settings, &described).into_iter().next().map(|(_, address)| address);
        let grants = texts(client, "AllowedOAuthFlows");
        let mut facts = Facts {
            endpoint: settings.public_url.clone(),
            region: pool.split('_').next().unwrap_or_default().to_owned(),
            pool_id: pool.to_owned(),
            client_id: text(client, "ClientId").to_owned(),
            client_secret: client.get("ClientSecret").map(|_| SECRET.to_owned()),
            username: USERNAME.to_owned(),
            password: PASSWORD.to_owned(),
            // Our own address serves every pool's endpoints too.
            domain_url: domain.clone().unwrap_or_else(|| settings.public_url.clone()),
            scopes: texts(client, "AllowedOAuthScopes"),
            callback: texts(client, "CallbackURLs").into_iter().next().unwrap_or_else(|| CALLBACK.to_owned()),
            ca: None,
        };
        if facts.scopes.is_empty() {
            facts.scopes = vec!["openid".to_owned()];
        }
        let on = text_at(client, "AllowedOAuthFlowsUserPoolClient") == "true" && !texts(client, "CallbackURLs").is_empty();
        let response_type = ["code", "implicit"].into_iter().find(|grant| grants.iter().any(|one| one == grant));
        let sign_in_page = domain.as_ref().filter(|_| on).zip(response_type).map(|(_, grant)| sign_in(&facts, grant));
        Ok(Self {
            issuer: found.map(|pool| issuer(&visit.ctx, &pool)).unwrap_or_default(),
            grants,
            flows: texts(client, "ExplicitAuthFlows"),
            has_domain: domain.is_some(),
            sign_in_page,
            facts,
        })
    }

    /// One block a client library.
    pub fn blocks(&self) -> Vec<Block> {
        let facts = &self.facts;
        let hint = "Filled with this client's ids.".to_owned();
        let secret =
            facts.client_secret.as_ref().map_or(hint.clone(), |_| format!("{hint} Put the client secret in place of {SECRET}."));
        let code =
            |title: &str, hint: &str, text: String| Block::Code { title: title.to_owned(), hint: Some(hint.to_owned()), text };
        let mut blocks = vec![
            code("Quick start: OpenID Connect libraries, as .env", &secret, snippets::dotenv(facts, &self.issuer)),
            code("Quick start: AWS CLI", &hint, snippets::cli(facts)),
        ];
        if self.grants.iter().any(|grant| grant == "client_credentials") {
            blocks.push(code("Quick start: curl", &secret, snippets::client_credentials(facts)));
        } else {
            if self.grants.iter().any(|grant| grant == "code") {
                blocks.push(code("Quick start: curl, after the sign-in page", &secret, snippets::code_exchange(facts)));
            }
            let password = match self.flows.iter().any(|flow| flow.ends_with("USER_PASSWORD_AUTH")) {
                true => secret,
                false => format!("{secret} Needs the flow ALLOW_USER_PASSWORD_AUTH, which is off."),
            };
            blocks.push(code("Quick start: Python, boto3", &password, snippets::boto3(facts)));
            blocks.push(code("Quick start: JavaScript, AWS SDK v3", &password, snippets::js(facts)));
            blocks.push(code("Quick start: Amplify v6", &hint, snippets::amplify(facts)));
        }
        blocks.push(self.postman());
        blocks
    }

    fn postman(&self) -> Block {
        let card = |title: &str, text: &str, rest: &str| Card {
            title: title.to_owned(),
            text: text.to_owned(),
            url: paths::client(&self.facts.pool_id, &self.facts.client_id, rest),
        };
        Block::Cards {
            title: Some("Quick start: Postman".to_owned()),
            cards: vec![
                card("Fill in Postman", "Every field of its Authorization tab, and other ways to try this client.", "/test"),
                card("Download collection", "The whole flow, with variables in place of every value.", "/postman/collection"),
                card(
                    "Download environment",
                    "This client's values; the secret is left for you to fill in.",
                    "/postman/environment",
                ),
            ],
        }
    }
}

fn sign_in(facts: &Facts, grant: &str) -> String {
    let response_type = if grant == "implicit" { "token" } else { "code" };
    format!(
        "{}/login?client_id={}&response_type={response_type}&scope={}&redirect_uri={}",
        facts.domain_url,
        segment(&facts.client_id),
        segment(&facts.scopes.join(" ")),
        segment(&facts.callback)
    )
}

pub fn file(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (CONTENT_TYPE, "application/json".to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, text).into_response()
}

pub async fn collection(visit: Visit, Path((pool, client)): Ids) -> Answer {
    match describe_aside(&visit, &pool, &client).await {
        Ok(_) => Ok(file("poolhouse.postman_collection.json", postman::collection().to_owned())),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub async fn environment(visit: Visit, Path((pool, client)): Ids) -> Answer {
    let start = match describe_aside(&visit, &pool, &client).await {
        Ok(described) => Start::of(&visit, &pool, &described).await,
        Err(error) => Err(error),
    };
    match start {
        Ok(start) => {
            let facts = Facts { client_secret: None, password: String::new(), ..start.facts };
            Ok(file("poolhouse.postman_environment.json", postman::environment(&facts)))
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
