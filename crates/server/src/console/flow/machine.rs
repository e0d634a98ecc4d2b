//! The client credentials flow (RFC 6749 §4.4): the app client asks for itself. One request, its answer, and what the token says.

use axum::Extension;
use axum::extract::Path;
use serde_json::Value as Json;

use super::exchange::{client_of, done, exchanged, kept, proof_field, take, usual_proof, with_client};
use super::raw::{Asking, Proof, SECRET};
use super::{Going, Tokens, base, reveal, show};
use crate::console::kit::json::{text, texts};
use crate::console::kit::view::{Block, Field, Form};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::oauth;
use crate::pages::fields::Link;
use crate::reached::Reached;

/// What is asked with, besides the client itself.
struct Sent {
    proof: Proof,
    /// Words with spaces between; empty for all that the client may have.
    scope: String,
}

impl Sent {
    fn asking<'a>(&'a self, base: &'a str, client: &'a str, secret: &'a str) -> Asking<'a> {
        let fields = [("grant_type", "client_credentials"), ("scope", self.scope.as_str())];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Asking { base, path: "/oauth2/token", client, secret, proof: self.proof, fields }
    }

    fn form(&self, going: &Going, client: &Json) -> Form {
        let allowed = texts(client, "AllowedOAuthScopes").join(" ");
        let fields = vec![
            proof_field(self.proof, !text(client, "ClientSecret").is_empty()),
            Field::text("scope", "scope", &self.scope).hinting(&format!(
                "Words with spaces between. Left out: everything that the app client allows, which is {allowed}."
            )),
        ];
        Form::new("request", &going.path("request"), "Ask for a token", fields).titled("Token request")
    }
}

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id, "request").await?;
    page(visit, &going, false).await
}

/// `revealed` writes the client's secret into the request.
pub async fn page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let (visit, client) = client_of(visit, going).await?;
    let secret = text(&client, "ClientSecret");
    let mut view = going.view(&visit, "request").await;
    let sent = Sent { proof: usual_proof(&client), scope: texts(&client, "AllowedOAuthScopes").join(" ") };
    let asking = sent.asking(base(&visit), &going.open.client_id, if revealed { secret } else { SECRET });
    view.blocks.push(Block::Code {
        title: "Raw request".to_owned(),
        hint: Some(
            "The app sends it from its server. It has no user, no redirect and no state: the secret is all the proof there is."
                .to_owned(),
        ),
        text: asking.http(),
    });
    view.blocks.push(Block::Form(sent.form(going, &client)));
    view.blocks.push(Block::Code { title: "The same as curl".to_owned(), hint: None, text: asking.curl() });
    if !secret.is_empty() && !revealed {
        view.blocks.push(reveal::secret(going, "request"));
    }
    show(visit, going, "request", view, revealed)
}

pub async fn post(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let sent = Sent { proof: Proof::parse(posted.text("proof")), scope: posted.text("scope").to_owned() };
    let (visit, mut going, client) = with_client(posted.visit, &id, "request").await?;
    let client_id = going.open.client_id.clone();
    let asking = |secret| sent.asking(base(&visit), &client_id, secret);
    let real = asking(text(&client, "ClientSecret"));
    let answered = oauth::answer_token(&visit.app, &visit.ctx, &reached, real.authorization().as_deref(), &real.form()).await;
    let (exchange, document) = kept(asking(SECRET).http(), answered).await;
    going.open.run.token = Some(exchange);
    // Of a refusal there is no token to read.
    going.open.run.tokens = Tokens::default();
    take(&mut going.open.run.tokens, &document);
    done(visit, &going, "answer").await
}

pub async fn answer(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id, "answer").await?;
    answer_page(visit, &going, false).await
}

pub async fn answer_page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let mut view = going.view(&visit, "answer").await;
    match &going.open.run.token {
        Some(exchange) => exchanged(&mut view, exchange, "The app has its token."),
        None => view.blocks.push(Block::Empty {
            title: "No answer yet".to_owned(),
            text: "The token has to be asked for first.".to_owned(),
            link: Some(Link::new("Build the token request", &going.path("request"))),
        }),
    }
    show(visit, going, "answer", view, revealed)
}
