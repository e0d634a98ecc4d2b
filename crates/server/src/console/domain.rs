//! The pool's domain: where its sign-in page and OAuth endpoints are, with the addresses this instance answers at.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use poolhouse_engine::ctx::Settings;
use poolhouse_engine::error::Error;
use poolhouse_engine::undo::Kind;
use serde_json::{Value as Json, json};

use super::clients;
use crate::console::kit::destroy::{Loss, counted, was_promised};
use crate::console::kit::json::text;
use crate::console::kit::members;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Field, Form, Named, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/console/pools/{pool}/domain", get(show).post(create))
        .route("/console/pools/{pool}/domain/delete", get(ask).post(delete))
}

/// Where the pool's pages are by its domains: custom before prefix, each with its address without a slash at the end.
pub fn addresses(settings: &Settings, pool: &Json) -> Vec<(String, String)> {
    let region = text(pool, "Id").split('_').next().unwrap_or_default();
    let custom = Some(text(pool, "CustomDomain")).filter(|name| !name.is_empty());
    let prefix = Some(text(pool, "Domain")).filter(|name| !name.is_empty());
    let custom = custom.map(|name| (name.to_owned(), format!("https://{name}")));
    let prefix = prefix.map(|name| (name.to_owned(), of_prefix(settings, region, name)));
    custom.into_iter().chain(prefix).collect()
}

/// The address of a prefix domain, without a slash at the end.
pub fn of_prefix(settings: &Settings, region: &str, prefix: &str) -> String {
    settings.domain_url.replace("{prefix}", prefix).replace("{region}", region)
}

async fn described(visit: &mut Visit, pool: &str) -> Result<Json, Error> {
    let answer = visit.call("DescribeUserPool", json!({ "UserPoolId": pool })).await?;
    Ok(answer.get("UserPool").cloned().unwrap_or_default())
}

async fn show(visit: Visit, Path(pool): Path<String>) -> Answer {
    page(visit, &pool, None).await
}

async fn page(mut visit: Visit, pool: &str, refused: Option<(String, String)>) -> Answer {
    let described = match described(&mut visit, pool).await {
        Ok(described) => described,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(Some(pool), "Domain", Vec::new()).await;
    view.lead = Some("A domain is the address of the pool's sign-in page and of its OAuth endpoints.".to_owned());
    let settings = &visit.app.engine.settings;
    for (name, address) in addresses(settings, &described) {
        view.blocks.push(facts(pool, &name, &address));
    }
    let mut status = http::StatusCode::OK;
    if text(&described, "Domain").is_empty() {
        let region = pool.split('_').next().unwrap_or_default();
        let like = of_prefix(settings, region, "your-prefix");
        let example = suggested(text(&described, "Name"));
        let input = json!({ "UserPoolId": pool, "Domain": example });
        let typed = refused.as_ref().map_or(example, |(typed, _)| typed.clone());
        let error = refused.map(|(_, said)| said);
        if error.is_some() {
            status = http::StatusCode::BAD_REQUEST;
        }
        view.blocks.push(Block::Form(form(pool, &like, &typed, error)));
        visit.would_call("CreateUserPoolDomain", &input);
    }
    Ok(visit.show_as(status, view))
}

fn facts(pool: &str, name: &str, address: &str) -> Block {
    let delete = format!("/domain/delete?domain={}", paths::segment(name));
    Block::Facts(Facts {
        id: format!("domain-{}", name.replace('.', "-")),
        title: format!("Domain {name}"),
        hint: None,
        facts: vec![
            Named::copy("Address", address),
            Named::copy("Sign-in page", &format!("{address}/login")),
            Named::copy("Authorization endpoint", &format!("{address}/oauth2/authorize")),
            Named::copy("Token endpoint", &format!("{address}/oauth2/token")),
            Named::copy("User info endpoint", &format!("{address}/oauth2/userInfo")),
            Named::copy("Revocation endpoint", &format!("{address}/oauth2/revoke")),
            Named::copy("Sign-out endpoint", &format!("{address}/logout")),
        ],
        links: vec![
            Link::new("Open app clients", &paths::pool(pool, "/clients")),
            Link::new("Delete domain", &paths::pool(pool, &delete)),
        ],
    })
}

/// A prefix from the pool's name that the rules take.
pub fn suggested(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = name.chars().map(word).take(60).collect();
    let prefix = words.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let reserved = ["aws", "amazon", "cognito"].iter().any(|word| prefix.contains(word));
    if prefix.is_empty() || reserved { "my-app".to_owned() } else { prefix }
}

fn form(pool: &str, like: &str, typed: &str, error: Option<String>) -> Form {
    let hint = format!("Lower-case letters, digits and hyphens. The address will be {like}, with the prefix in its place.");
    let field = Field::text("Domain", "Prefix", typed).must().at_most(63).hinting(&hint).wrong(error.clone());
    Form::new("create", &paths::pool(pool, "/domain"), "Create domain", vec![field])
        .titled("Create a prefix domain")
        .refused(error)
}

async fn create(Path(pool): Path<String>, posted: Posted) -> Answer {
    let typed = posted.text("Domain").to_owned();
    let mut visit = posted.visit;
    match visit.call("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": typed })).await {
        Ok(_) => Ok(visit.go(&paths::pool(&pool, "/domain"), &format!("Domain {typed} was created."))),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            page(visit, &pool, Some((typed, said))).await
        }
    }
}

async fn ask(mut visit: Visit, Path(pool): Path<String>) -> Answer {
    let name = visit.param("domain").to_owned();
    match loss(&visit, &pool, &name).await {
        Ok(loss) => {
            visit.would_call("DeleteUserPoolDomain", &json!({ "Domain": name, "UserPoolId": pool }));
            Ok(loss.show(visit, None).await)
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

async fn delete(Path(pool): Path<String>, posted: Posted) -> Answer {
    let name = posted.text("domain").to_owned();
    let loss = match loss(&posted.visit, &pool, &name).await {
        Ok(loss) => loss,
        Err(error) => return Err(posted.visit.failed(&error).await.into()),
    };
    if !loss.confirmed_by(&posted) {
        return Ok(loss.mistyped(posted.visit).await);
    }
    let promised = was_promised(&posted);
    let mut visit = posted.visit;
    let calls = [("DeleteUserPoolDomain", json!({ "Domain": name, "UserPoolId": pool }))];
    match loss.perform(&mut visit, promised, &calls).await {
        Ok(()) => Ok(visit.go_undoable(&paths::pool(&pool, "/domain"), &format!("Domain {name} was deleted."))),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

async fn loss(visit: &Visit, pool: &str, name: &str) -> Result<Loss, Error> {
    let answer = visit.call_aside("DescribeUserPool", json!({ "UserPoolId": pool })).await?;
    let described = answer.get("UserPool").cloned().unwrap_or_default();
    let of_pool = addresses(&visit.app.engine.settings, &described);
    let Some((_, address)) = of_pool.into_iter().find(|(known, _)| known == name) else {
        return Err(Error::not_found("No such domain or user pool exists."));
    };
    let using = clients::all(visit, pool).await?;
    let using = using.iter().filter(|client| members::text_at(client, "AllowedOAuthFlowsUserPoolClient") == "true");
    Ok(Loss {
        pool: pool.to_owned(),
        crumbs: vec![Link::new("Domain", &paths::pool(pool, "/domain"))],
        submit: "Delete domain",
        url: paths::pool(pool, "/domain/delete"),
        back: paths::pool(pool, "/domain"),
        typed: Some(name.to_owned()),
        undo: Some((Kind::Domain, name.to_owned())),
        lost: vec![
            Named::copy("The sign-in page and OAuth endpoints at", &address),
            Named::text("App clients that sign in there", &counted(using.count(), "app client")),
            Named::new("The name", Value::text(name)).noting("Any other user pool can take it afterwards."),
        ],
        stays: "Users, app clients, tokens, and sign-in by the API. A domain of the same name can be made again.".to_owned(),
        warning: None,
        possible: true,
        hidden: vec![Field::hidden("domain", name)],
        after: None,
    })
}

#[cfg(test)]
mod tests {
    use super::suggested;

    #[test]
    fn suggestions_are_prefixes() {
        assert_eq!(suggested("Northwind Books"), "northwind-books");
        assert_eq!(suggested(" -A_b- "), "a-b");
        assert_eq!(suggested("Cognito test"), "my-app");
        assert_eq!(suggested("+=,"), "my-app");
    }
}
