//! Create app client: what must be known from the start. The rest is set on the client's own pages.

use axum::extract::Path;
use serde_json::{Value as Json, json};

use super::authentication::FLOWS;
use crate::console::kit::json::text;
use crate::console::kit::make::Making;
use crate::console::kit::members::{self, any_of, lines, one_of, texts_at};
use crate::console::kit::paths;
use crate::console::kit::view::{Field, Input};
use crate::console::kit::visit::{Answer, Posted, Visit};

fn making(pool: &str) -> Making {
    Making {
        operation: "CreateUserPoolClient",
        pool: Some(pool.to_owned()),
        crumbs: vec![super::above(pool)],
        submit: "Create app client",
        lead: "One for each application. Everything that is not asked here has Cognito's defaults and can be changed later.",
        url: paths::pool(pool, "/clients/new"),
        back: paths::pool(pool, "/clients"),
        fields,
    }
}

/// What the form starts from.
pub fn start(pool: &str) -> Json {
    json!({
        "UserPoolId": pool,
        "GenerateSecret": true,
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        "PreventUserExistenceErrors": "ENABLED",
    })
}

pub async fn get(visit: Visit, Path(pool): Path<String>) -> Answer {
    if let Err(error) = visit.call_aside("DescribeUserPool", json!({ "UserPoolId": pool })).await {
        return Err(visit.failed(&error).await.into());
    }
    let mut example = start(&pool);
    members::put(&mut example, "ClientName", Some(json!("my-app")));
    Ok(making(&pool).show(visit, &start(&pool), &example).await)
}

pub async fn post(Path(pool): Path<String>, posted: Posted) -> Answer {
    let making = making(&pool);
    let mut input = making.input(&start(&pool), &posted);
    sign_in_page(&mut input);
    let mut visit = posted.visit;
    match visit.call("CreateUserPoolClient", input.clone()).await {
        Ok(made) => {
            let client = made.get("UserPoolClient").cloned().unwrap_or_default();
            let said = format!("App client {} was created.", text(&client, "ClientName"));
            Ok(visit.go(&paths::client(&pool, text(&client, "ClientId"), ""), &said))
        }
        Err(error) => Ok(making.refused(visit, &input, &error).await?),
    }
}

/// A callback is there for the sign-in page: then it is switched on, with the one grant that is right for people.
fn sign_in_page(input: &mut Json) {
    if texts_at(input, "CallbackURLs").is_empty() {
        return;
    }
    for (name, value) in [
        ("AllowedOAuthFlowsUserPoolClient", json!(true)),
        ("AllowedOAuthFlows", json!(["code"])),
        ("AllowedOAuthScopes", json!(["openid", "email"])),
        ("SupportedIdentityProviders", json!(["COGNITO"])),
    ] {
        members::put(input, name, Some(value));
    }
}

/// The fields, with what stands in them.
pub fn fields(input: &Json) -> Vec<Field> {
    let secret = [
        ("true", "Confidential: a server keeps a client secret", "For web apps with a server, and for machines."),
        (
            "false",
            "Public: no client secret",
            "For single-page and mobile apps: whoever has the app could read a secret out of it.",
        ),
    ];
    vec![
        members::text(input, "ClientName", "App client name")
            .must()
            .at_most(128)
            .hinting("Letters, digits, spaces and + = , . @ -"),
        one_of(Input::Radio, input, "GenerateSecret", "Client secret", &secret)
            .must()
            .hinting("Fixed on AWS: an app client cannot get or lose its secret later."),
        any_of(input, "ExplicitAuthFlows", "Authentication flows of the API", &FLOWS),
        lines(input, "CallbackURLs", "Callback URLs")
            .hinting("One a line, to use the sign-in page with the authorization code grant. https, or http for localhost."),
    ]
}
