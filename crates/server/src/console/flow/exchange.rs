//! The requests that an app makes itself, as steps share them. Each is answered by the endpoint's own function, so that it is checked,
//! counted and audited as any other; what went to and fro is kept and shown.

use axum::response::Response;
use poolhouse_engine::error::Error;
use serde_json::Value as Json;

use super::raw::{self, Proof};
use super::{Exchange, Going, Why, described};
use crate::console::kit::json::text;
use crate::console::kit::view::{Block, Choice, Field, Input, State, View};
use crate::console::kit::visit::{Answer, Stop, Visit};

/// How the client proves itself, to be chosen.
pub fn proof_field(chosen: Proof, has_secret: bool) -> Field {
    let proofs = [
        (Proof::Header, "In the Authorization header", "client_secret_basic: the usual way for an app with a secret."),
        (Proof::Body, "In the body", "client_secret_post: where a library cannot do the other."),
        (Proof::None, "Not at all", "A public app, in a browser or on a phone, only names itself."),
    ];
    let choice = |(proof, label, hint): (Proof, &str, &str)| Choice::new(proof.as_str(), label, chosen == proof).hinting(hint);
    let about = match has_secret {
        true => "This app client has a secret.",
        false => "This app client has no secret.",
    };
    Field::one_of(Input::Radio, "proof", "How the app client proves itself", proofs.into_iter().map(choice).collect())
        .hinting(about)
}

pub fn usual_proof(client: &Json) -> Proof {
    if text(client, "ClientSecret").is_empty() { Proof::None } else { Proof::Header }
}

/// Tokens of an answer, in place of those before.
pub fn take(tokens: &mut super::Tokens, document: &Json) {
    let token = |name: &str| document.get(name).and_then(Json::as_str).map(str::to_owned);
    tokens.id = token("id_token").or(tokens.id.take());
    tokens.access = token("access_token").or(tokens.access.take());
    tokens.refresh = token("refresh_token").or(tokens.refresh.take());
}

pub async fn kept(request: String, (response, refused): (Response, Option<Error>)) -> (Exchange, Json) {
    let (status, response, document) = raw::answer(response).await;
    (Exchange { request, status, response, why: refused.as_ref().map(Why::of) }, document)
}

/// What went to and fro.
pub fn exchanged(view: &mut View, exchange: &Exchange, success: &str) {
    view.blocks.push(match &exchange.why {
        None => Block::Notice { state: State::Ok, text: success.to_owned(), link: None },
        Some(why) => Block::Notice {
            state: State::Bad,
            text: format!("The endpoint refused. Why, as only an operator is told: {}", why.sentence()),
            link: None,
        },
    });
    let code = |title: &str, hint: &str, text: &str| Block::Code {
        title: title.to_owned(),
        hint: Some(hint.to_owned()),
        text: text.to_owned(),
    };
    view.blocks.push(code("Raw request", "As it was sent; secrets are left out.", &exchange.request));
    view.blocks.push(code("Raw response", "As it came back, JSON on several lines.", &exchange.response));
}

pub async fn done(visit: Visit, going: &Going, step: &str) -> Answer {
    going.keep(visit).await?;
    Ok(crate::refusal::see(&going.path(step)))
}

pub async fn with_client(visit: Visit, id: &str, step: &str) -> Result<(Visit, Going, Json), Stop> {
    let (visit, going) = Going::open(visit, id, step).await?;
    let (visit, client) = client_of(visit, &going).await?;
    Ok((visit, going, client))
}

/// The client of a run as it is now.
pub async fn client_of(visit: Visit, going: &Going) -> Result<(Visit, Json), Stop> {
    match described(&visit, going).await {
        Ok(client) => Ok((visit, client)),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
