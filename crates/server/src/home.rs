//! `GET /`: what this is. A page for browsers where the instance may tell, and for everything else what AWS answers.
//! Called by the API's routes.

use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, StatusCode};
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
    if !state.front.open_control || !wants_html(&headers) {
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
