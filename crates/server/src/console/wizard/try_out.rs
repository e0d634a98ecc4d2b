//! The last two pages: why the user cannot sign in yet and what to do about it; and every way to try the set-up. They are about
//! what is there, and work for any app client.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use poolhouse_engine::error::Error;
use serde_json::json;

use super::goal::{Goal, POSTMAN};
use super::steps::Step;
use super::way;
use crate::console::clients::{self, quick_start};
use crate::console::flow;
use crate::console::kit::json::{text, texts};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Card, Facts, Form, Named, State, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::console::wizard::forms::EXAMPLE_PASSWORD;
use crate::pages::fields::Link;
use crate::seed::export::{Told, export};

pub fn confirm_url(pool: &str, client: &str, user: &str) -> String {
    paths::client(pool, client, &format!("/confirm/{}", paths::segment(user)))
}

pub fn test_url(pool: &str, client: &str, user: Option<&str>) -> String {
    let user = user.map(|user| format!("?user={}", paths::segment(user))).unwrap_or_default();
    paths::client(pool, client, &format!("/test{user}"))
}

type OfUser = Path<(String, String, String)>;

pub async fn confirm(visit: Visit, Path((pool, client, user)): OfUser) -> Answer {
    confirm_page(visit, &pool, &client, &user, None).await
}

async fn confirm_page(visit: Visit, pool: &str, client: &str, user: &str, refused: Option<String>) -> Answer {
    let (mut visit, found) = visit.must("AdminGetUser", json!({ "UserPoolId": pool, "Username": user })).await?;
    let mut view = visit.view(Some(pool), "Confirm user", vec![clients::above(pool)]).await;
    view.blocks.push(way(Goal::Article, Step::Confirm, |step| (step == Step::Test).then(|| test_url(pool, client, Some(user)))));
    let status = text(&found, "UserStatus");
    let confirmed = status == "CONFIRMED";
    let attributes = found.get("UserAttributes").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let email = attributes.iter().find(|one| text(one, "Name") == "email").map(|one| text(one, "Value"));
    let state = if confirmed { State::Ok } else { State::Warn };
    view.blocks.push(Block::Facts(Facts {
        id: "user".to_owned(),
        title: "The user".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("Username", text(&found, "Username")),
            Named::new("Email", email.map_or_else(|| Value::none("none"), Value::copy)),
            Named::new("Status", Value::state(state, status)),
        ],
        links: vec![Link::new("Open user", &paths::user(pool, user, ""))],
    }));
    let test = Link::new("Continue to test", &test_url(pool, client, Some(user)));
    if confirmed {
        view.actions.push(test);
        let text = "The user is CONFIRMED and can sign in.".to_owned();
        view.blocks.push(Block::Notice { state: State::Ok, text, link: None });
        return Ok(visit.show(view));
    }
    view.lead = Some(why(status).to_owned());
    let call = set(pool, user, EXAMPLE_PASSWORD);
    let line = visit.command("AdminSetUserPassword", &call);
    visit.would_call("AdminSetUserPassword", &call);
    let (visit, pool) = visit.enter(pool).await?;
    let field = crate::console::users::password::field(&pool, "New password").must().wrong(refused.clone());
    let code = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let form = Form::new("confirm", &confirm_url(&pool.id, client, user), "Set permanent password", vec![field]);
    view.blocks.push(Block::Form(form.hinting("The user keeps it.").refused(refused)));
    let hint = Some("With a password of your own.".to_owned());
    view.blocks.push(Block::Code { title: "The same by the AWS CLI".to_owned(), hint, text: line });
    view.blocks.push(Block::Prose {
        title: None,
        text: "Or leave it: the sign-in page asks the user for a new password at the first sign-in.".to_owned(),
    });
    view.blocks.push(Block::Cards {
        title: None,
        cards: vec![Card { title: test.text, text: "With the temporary password.".to_owned(), url: test.url }],
    });
    Ok(visit.show_as(code, view))
}

fn why(status: &str) -> &'static str {
    match status {
        "FORCE_CHANGE_PASSWORD" => {
            "An administrator made the account, so its password is temporary. Confirming a sign-up does not help here: there was none. \
             A permanent password does."
        }
        "RESET_REQUIRED" => "An administrator asked for a new password. A permanent one sets it.",
        _ => "The user signed up and has not entered the code that was sent. A permanent password confirms the account too.",
    }
}

fn set(pool: &str, user: &str, password: &str) -> serde_json::Value {
    json!({ "UserPoolId": pool, "Username": user, "Password": password, "Permanent": true })
}

pub async fn set_password(Path((pool, client, user)): OfUser, posted: Posted) -> Answer {
    let password = posted.raw("password").to_owned();
    let visit = posted.visit;
    let outcome = match password.is_empty() {
        true => Err(Error::invalid_parameter("Type the new password.")),
        // Aside: passwords are not printed.
        false => visit.call_aside("AdminSetUserPassword", set(&pool, &user, &password)).await,
    };
    match outcome {
        Ok(_) => Ok(visit.go(&confirm_url(&pool, &client, &user), "The permanent password was set.")),
        Err(error) => {
            let (visit, said) = visit.said(&error).await?;
            confirm_page(visit, &pool, &client, &user, Some(said)).await
        }
    }
}

pub async fn test(visit: Visit, Path((pool, client)): Path<(String, String)>) -> Answer {
    let input = json!({ "UserPoolId": pool, "ClientId": client });
    let (visit, answer) = visit.must("DescribeUserPoolClient", input).await?;
    let described = answer.get("UserPoolClient").cloned().unwrap_or_default();
    let start = match quick_start::Start::of(&visit, &pool, &described).await {
        Ok(start) => start,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let name = text(&described, "ClientName").to_owned();
    let crumbs = vec![clients::above(&pool), Link::new(&name, &paths::client(&pool, &client, ""))];
    let mut view = visit.view(Some(&pool), "Test", crumbs).await;
    view.lead = Some(format!("Every way to try the app client {name}."));
    let user = visit.param("user").to_owned();
    let machine = start.grants.iter().any(|grant| grant == "client_credentials");
    let goal = if machine { Goal::Machine } else { Goal::Article };
    let back = (!user.is_empty()).then(|| confirm_url(&pool, &client, &user));
    view.blocks.push(way(goal, Step::Test, |step| back.clone().filter(|_| step == Step::Confirm)));
    if visit.reach().flow {
        view.actions.push(Link::new("Start flow runner", &flow::start::address(&pool, &client)));
    }
    if !machine {
        view.actions.extend(start.sign_in_page.as_ref().map(|url| Link::new("Open sign-in page", url)));
    }
    let callbacks = texts(&described, "CallbackURLs");
    let callback = callbacks.iter().find(|one| one.as_str() == POSTMAN).unwrap_or(&start.facts.callback);
    view.blocks.push(postman(&start, machine, callback, &name));
    view.blocks.push(Block::Cards { title: Some("Go on".to_owned()), cards: ways(&pool, &client) });
    Ok(visit.show(view))
}

/// The fields of Postman's tab, in its order and words.
fn postman(start: &quick_start::Start, machine: bool, callback: &str, name: &str) -> Block {
    let facts = &start.facts;
    let url = |path: &str| format!("{}{path}", facts.domain_url);
    let secret = match &facts.client_secret {
        Some(_) => Named::text("Client Secret", "••••••••").noting("Shown on the page of client secrets when you ask for it."),
        None => Named::new("Client Secret", Value::none("none: leave it empty")),
    };
    let mut rows = vec![
        Named::text("Add auth data to", "Request Headers"),
        Named::copy("Header Prefix", "Bearer"),
        Named::copy("Token Name", name),
        Named::text("Grant Type", if machine { "Client Credentials" } else { "Authorization Code" }),
    ];
    if !machine {
        rows.push(Named::copy("Callback URL", callback).noting("Tick \"Authorize using browser\"."));
        rows.push(Named::copy("Auth URL", &url("/oauth2/authorize")));
    }
    rows.push(Named::copy("Access Token URL", &url("/oauth2/token")));
    rows.push(Named::copy("Client ID", &facts.client_id));
    rows.push(secret);
    rows.push(
        Named::new("Scope", Value::none("leave it empty")).noting("Then the token has every scope that the client may ask for."),
    );
    if !machine {
        rows.push(Named::new("State", Value::none("leave it empty")));
    }
    let proof = if facts.client_secret.is_some() { "Send as Basic Auth header" } else { "Send client credentials in body" };
    rows.push(Named::text("Client Authentication", proof));
    let mut links = Vec::new();
    if facts.client_secret.is_some() {
        links.push(Link::new("Open client secrets", &paths::client(&facts.pool_id, &facts.client_id, "/secrets")));
    }
    Block::Facts(Facts {
        id: "postman".to_owned(),
        title: "Postman: tab Authorization, type OAuth 2.0".to_owned(),
        hint: Some("One click selects a value. After \"Get New Access Token\" the sign-in page opens.".to_owned()),
        facts: rows,
        links,
    })
}

fn ways(pool: &str, client: &str) -> Vec<Card> {
    let card = |title: &str, text: &str, url: String| Card { title: title.to_owned(), text: text.to_owned(), url };
    let of_client = |rest: &str| paths::client(pool, client, rest);
    vec![
        card("Open app client", "Its settings, and what to paste into an app.", of_client("")),
        card(
            "Download Postman collection",
            "The whole flow, with variables in place of every value.",
            of_client("/postman/collection"),
        ),
        card(
            "Download Postman environment",
            "This client's values; the secret is left for you to fill in.",
            of_client("/postman/environment"),
        ),
        card(
            "Save as seed file",
            "The pool with everything in it, without secrets, to start another server with.",
            paths::pool(pool, "/seed-file"),
        ),
    ]
}

pub async fn seed(visit: Visit, Path(pool): Path<String>) -> Answer {
    let (visit, pool) = visit.enter(&pool).await?;
    match export(&visit.app.engine, Some(&pool.id), Told::default()).await {
        Ok(text) => Ok(file(&pool.id, text)),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

fn file(pool: &str, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/yaml".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{pool}.yaml\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, text).into_response()
}
