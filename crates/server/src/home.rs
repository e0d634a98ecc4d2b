//! `GET /`: what this is, where the instance may tell: a page for browsers, a few lines for a terminal. Elsewhere, what AWS
//! answers. Called by the API's routes.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode, header};
use poolhouse_engine::ctx::Ctx;

use crate::api;
use crate::missing::wants_html;
use crate::pages::fields::{Command, Fact, Link};
use crate::pages::tools::{Demo, Home};
use crate::shell;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new().route("/", get(explain))
}

async fn explain(State(state): State<AppState>, Extension(ctx): Extension<Ctx>, headers: HeaderMap) -> Response {
    if !state.front.open_control {
        return api::not_json(&ctx.request_id);
    }
    let settings = &state.engine.settings;
    let url = &settings.public_url;
    let demo = state.front.demo.as_ref().map(|demo| Demo {
        sign_in_url: demo.sign_in_url.clone(),
        facts: demo.facts.iter().map(|(label, value)| Fact::new(label, value)).collect(),
    });
    let variables = format!(
        "export AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER={url} AWS_REGION={} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        settings.region
    );
    if !wants_html(&headers) {
        return in_a_terminal(url, &variables);
    }
    let page = Home {
        shell: shell::of_instance(&state),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        demo,
        addresses: vec![Fact::link("AWS API, OAuth endpoints, issuer", url), Fact::new("Domains", &settings.domain_url)],
        commands: vec![
            Command::new("Point the AWS CLI here", &variables),
            Command::new("List the user pools", "aws cognito-idp list-user-pools --max-results 10"),
        ],
        links: vec![Link::new("Inbox", "/_poolhouse/inbox"), Link::new("Health", "/_poolhouse/health")],
    };
    shell::draw(&state, StatusCode::OK, &page)
}

fn in_a_terminal(url: &str, variables: &str) -> Response {
    let text = format!(
        "Poolhouse {} speaks Amazon Cognito user pools here. The API is POST / with X-Amz-Target; with the AWS CLI:\n\n  \
         {variables}\n  aws cognito-idp list-user-pools --max-results 10\n\nIn a browser {url}/ shows more.\n",
        env!("CARGO_PKG_VERSION")
    );
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
