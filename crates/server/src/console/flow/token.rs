//! Step 4: the code for tokens. The request is built as an app builds it, sent as it stands, and shown with its answer.

use axum::Extension;
use axum::extract::Path;
use serde_json::Value as Json;

use super::exchange::{done, exchanged, kept, proof_field, take, usual_proof};
use super::raw::{Asking, Proof, SECRET};
use super::{Going, base, described, reveal, show};
use crate::console::kit::json::text;
use crate::console::kit::view::{Block, Field, Form};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::oauth;
use crate::pages::fields::Link;
use crate::reached::Reached;

/// What is sent to the token endpoint.
struct Sent {
    proof: Proof,
    code: String,
    redirect_uri: String,
    verifier: String,
}

impl Sent {
    /// As an app would send it.
    fn usual(going: &Going, client: &Json) -> Self {
        let run = &going.open.run;
        Self {
            proof: usual_proof(client),
            code: run.code().unwrap_or_default().to_owned(),
            redirect_uri: run.sent("redirect_uri").unwrap_or_default().to_owned(),
            verifier: run.verifier.clone().unwrap_or_default(),
        }
    }

    fn posted(posted: &Posted) -> Self {
        let text = |name: &str| posted.text(name).to_owned();
        Self {
            proof: Proof::parse(posted.text("proof")),
            code: text("code"),
            redirect_uri: text("redirect_uri"),
            verifier: text("code_verifier"),
        }
    }

    fn asking<'a>(&'a self, base: &'a str, client: &'a str, secret: &'a str) -> Asking<'a> {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", self.code.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", self.verifier.as_str()),
        ];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Asking { base, path: "/oauth2/token", client, secret, proof: self.proof, fields }
    }

    fn form(&self, going: &Going, has_secret: bool) -> Form {
        let fields = vec![
            proof_field(self.proof, has_secret),
            Field::text("code", "code", &self.code)
                .hinting("The code from the callback. A second use revokes what the first one got."),
            Field::text("redirect_uri", "redirect_uri", &self.redirect_uri)
                .hinting("The same as in the authorization request, to the last character."),
            Field::text("code_verifier", "code_verifier", &self.verifier)
                .hinting("PKCE: the secret whose hash was the code_challenge. Empty without PKCE."),
        ];
        Form::new("exchange", &going.path("token"), "Exchange the code", fields).titled("Token request")
    }
}

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id, "token").await?;
    page(visit, &going, false).await
}

/// `revealed` writes the client's secret into the request that is not sent yet, and the tokens into the answer to one that was.
pub async fn page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let mut view = going.view(&visit, "token").await;
    let run = &going.open.run;
    if run.code().is_none() {
        view.blocks.push(no_code(going));
        return show(visit, going, "token", view, revealed);
    }
    let client = match described(&visit, going).await {
        Ok(client) => client,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let secret = text(&client, "ClientSecret");
    let sent = Sent::usual(going, &client);
    if let Some(exchange) = &run.token {
        exchanged(&mut view, exchange, "The code was exchanged: the app has its tokens, and the code is used up.");
    }
    let open = revealed && run.token.is_none();
    let asking = sent.asking(base(&visit), &going.open.client_id, if open { secret } else { SECRET });
    if run.token.is_none() {
        view.blocks.push(Block::Code {
            title: "Raw request".to_owned(),
            hint: Some("The app sends it from its server: the browser never sees it.".to_owned()),
            text: asking.http(),
        });
        view.blocks.push(Block::Form(sent.form(going, !secret.is_empty())));
    }
    view.blocks.push(Block::Code { title: "The same as curl".to_owned(), hint: None, text: asking.curl() });
    if run.token.is_none() && !secret.is_empty() && !revealed {
        view.blocks.push(reveal::secret(going, "token"));
    }
    show(visit, going, "token", view, revealed)
}

fn no_code(going: &Going) -> Block {
    let (text, step) = match going.open.run.came("code") {
        Some(_) => ("The code came with another state than the app remembers. An app must not use it.", "callback"),
        None => ("A code has to come back first.", "authorize"),
    };
    Block::Empty {
        title: "No code to exchange".to_owned(),
        text: text.to_owned(),
        link: Some(Link::new("Go back a step", &going.path(step))),
    }
}

pub async fn redeem(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let sent = Sent::posted(&posted);
    let (visit, mut going) = Going::open(posted.visit, &id, "token").await?;
    if going.open.run.code().is_none() {
        return Ok(visit.go(&going.path("callback"), "There is no code that may be used."));
    }
    let client = match described(&visit, &going).await {
        Ok(client) => client,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let client_id = going.open.client_id.clone();
    let asking = |secret| sent.asking(base(&visit), &client_id, secret);
    let real = asking(text(&client, "ClientSecret"));
    let answered = oauth::answer_token(&visit.app, &visit.ctx, &reached, real.authorization().as_deref(), &real.form()).await;
    let request = asking(SECRET).http();
    let (exchange, document) = kept(request, answered).await;
    let run = &mut going.open.run;
    run.token = Some(exchange);
    (run.user_info, run.refresh, run.revoke) = (None, None, None);
    take(&mut run.tokens, &document);
    done(visit, &going, "token").await
}
