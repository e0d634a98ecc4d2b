//! Steps 4, 6, 7 and 8: the requests that an app makes itself. Each is answered by the endpoint's own function, so that it is
//! checked, counted and audited as any other; what went to and fro is kept and shown.

use axum::Extension;
use axum::extract::Path;
use axum::response::Response;
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::params::Params;
use serde_json::Value as Json;

use super::raw::{self, Asking, Proof, SECRET};
use super::{Exchange, Going, Why, base, described, show};
use crate::console::kit::json::{text, texts};
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State, View};
use crate::console::kit::visit::{Answer, Posted, Stop, Visit};
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
        let proofs = [
            (Proof::Header, "In the Authorization header", "client_secret_basic: the usual way for an app with a secret."),
            (Proof::Body, "In the body", "client_secret_post: where a library cannot do the other."),
            (Proof::None, "Not at all", "A public app, in a browser or on a phone, only names itself."),
        ];
        let choice =
            |(proof, label, hint): (Proof, &str, &str)| Choice::new(proof.as_str(), label, self.proof == proof).hinting(hint);
        let about = match has_secret {
            true => "This app client has a secret.",
            false => "This app client has no secret.",
        };
        let fields = vec![
            Field::one_of(Input::Radio, "proof", "How the app client proves itself", proofs.into_iter().map(choice).collect())
                .hinting(about),
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

fn usual_proof(client: &Json) -> Proof {
    if text(client, "ClientSecret").is_empty() { Proof::None } else { Proof::Header }
}

pub async fn token(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id).await?;
    token_page(visit, &going, false).await
}

/// The same page with the client's secret in it: the answer to a post, kept by no cache and in no history.
pub async fn reveal(Path(id): Path<String>, posted: Posted) -> Answer {
    let (visit, going) = Going::open(posted.visit, &id).await?;
    visit.ctx.concerns_client(&going.open.pool.id, &going.open.client_id);
    visit.ctx.entry("RevealClientSecret").end(None);
    token_page(visit, &going, true).await
}

async fn token_page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let mut view = going.view(&visit, "token").await;
    let run = &going.open.run;
    if run.code().is_none() {
        view.blocks.push(no_code(going));
        return show(visit, going, "token", view);
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
    let asking = sent.asking(base(&visit), &going.open.client_id, if revealed { secret } else { SECRET });
    if run.token.is_none() {
        view.blocks.push(Block::Code {
            title: "Raw request".to_owned(),
            hint: Some("The app sends it from its server: the browser never sees it.".to_owned()),
            text: asking.http(),
        });
        view.blocks.push(Block::Form(sent.form(going, !secret.is_empty())));
    }
    view.blocks.push(Block::Code { title: "The same as curl".to_owned(), hint: None, text: asking.curl() });
    if !secret.is_empty() && !revealed {
        let form = Form::new("reveal", &going.path("token/reveal"), "Reveal the client secret", Vec::new());
        view.blocks.push(Block::Form(form.hinting("Writes the secret into the request on this page, once.")));
    }
    show(visit, going, "token", view)
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
    let (visit, mut going) = Going::open(posted.visit, &id).await?;
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

/// Tokens of an answer, in place of those before.
fn take(tokens: &mut super::Tokens, document: &Json) {
    let token = |name: &str| document.get(name).and_then(Json::as_str).map(str::to_owned);
    tokens.id = token("id_token").or(tokens.id.take());
    tokens.access = token("access_token").or(tokens.access.take());
    tokens.refresh = token("refresh_token").or(tokens.refresh.take());
}

async fn kept(request: String, (response, refused): (Response, Option<Error>)) -> (Exchange, Json) {
    let (status, response, document) = raw::answer(response).await;
    (Exchange { request, status, response, why: refused.as_ref().map(Why::of) }, document)
}

/// What went to and fro.
fn exchanged(view: &mut View, exchange: &Exchange, success: &str) {
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

/// A step that needs nothing but a button.
struct Step {
    name: &'static str,
    what: &'static str,
    button: &'static str,
    success: &'static str,
}

const USER_INFO: Step = Step {
    name: "userinfo",
    what: "With an access token that has the scope openid, an app may ask who the user is. The answer has the claims that the \
           scopes allow.",
    button: "Call userInfo",
    success: "The endpoint told who the user is.",
};

const REFRESH: Step = Step {
    name: "refresh",
    what: "When the access token has expired, the refresh token gets new ones without asking the user. Where the app client \
           rotates refresh tokens, each is good for one use and the answer has the next.",
    button: "Refresh the tokens",
    success: "The endpoint gave new tokens; the steps before and after use them from now on.",
};

const REVOKE: Step = Step {
    name: "end",
    what: "Revoking the refresh token ends the session: it, and the access tokens that came of it, are refused here from then on. An \
           API that only checks signatures goes on accepting them until they expire.",
    button: "Revoke the refresh token",
    success: "The session is revoked. Call userInfo again to see the access token refused.",
};

async fn step_page(visit: &Visit, going: &Going, step: &Step, made: Option<&Exchange>, curl: String) -> View {
    let mut view = going.view(visit, step.name).await;
    if !going.reached(step.name) {
        let text = "The code has to be exchanged for tokens first.".to_owned();
        let link = Some(Link::new("Exchange the code", &going.path("token")));
        view.blocks.push(Block::Empty { title: "No token for this step yet".to_owned(), text, link });
        return view;
    }
    view.blocks.push(Block::Prose { title: None, text: step.what.to_owned() });
    if let Some(exchange) = made {
        exchanged(&mut view, exchange, step.success);
    }
    let again = if made.is_some() { " again" } else { "" };
    view.blocks.push(Block::Form(Form::new("ask", &going.path(step.name), &format!("{}{again}", step.button), Vec::new())));
    view.blocks.push(Block::Code { title: "The same as curl".to_owned(), hint: None, text: curl });
    view
}

pub async fn user_info(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id).await?;
    let token = going.open.run.tokens.access.as_deref().unwrap_or_default();
    let curl = format!("curl -i {}/oauth2/userInfo \\\n  --header 'Authorization: Bearer {token}'", base(&visit));
    let view = step_page(&visit, &going, &USER_INFO, going.open.run.user_info.as_ref(), curl).await;
    show(visit, &going, "userinfo", view)
}

pub async fn ask_user_info(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (visit, mut going) = Going::open(posted.visit, &id).await?;
    let Some(token) = going.open.run.tokens.access.clone() else {
        return Ok(visit.go(&going.path("token"), "There is no access token yet."));
    };
    let request = format!("GET /oauth2/userInfo HTTP/1.1\nHost: {}\nAuthorization: Bearer {token}", raw::host(base(&visit)));
    let answered = oauth::answer_user_info(&visit.app, &visit.ctx, &reached, &token).await;
    going.open.run.user_info = Some(kept(request, answered).await.0);
    done(visit, &going, "userinfo").await
}

async fn done(visit: Visit, going: &Going, step: &str) -> Answer {
    going.keep(visit).await?;
    Ok(crate::refusal::see(&going.path(step)))
}

/// A request with the refresh token, as the app client proves itself.
fn with_refresh_token<'a>(going: &'a Going, base: &'a str, client: &Json, revoking: bool, secret: &'a str) -> Asking<'a> {
    let token = going.open.run.tokens.refresh.as_deref().unwrap_or_default();
    let (path, fields) = match revoking {
        true => ("/oauth2/revoke", vec![("token", token)]),
        false => ("/oauth2/token", vec![("grant_type", "refresh_token"), ("refresh_token", token)]),
    };
    Asking { base, path, client: &going.open.client_id, secret, proof: usual_proof(client), fields }
}

pub async fn refresh(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going, client) = with_client(visit, &id).await?;
    let curl = with_refresh_token(&going, base(&visit), &client, false, SECRET).curl();
    let view = step_page(&visit, &going, &REFRESH, going.open.run.refresh.as_ref(), curl).await;
    show(visit, &going, "refresh", view)
}

pub async fn ask_refresh(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (visit, mut going, client) = with_client(posted.visit, &id).await?;
    if going.open.run.tokens.refresh.is_none() {
        return Ok(visit.go(&going.path("token"), "There is no refresh token yet."));
    }
    let real = with_refresh_token(&going, base(&visit), &client, false, text(&client, "ClientSecret"));
    let answered = oauth::answer_token(&visit.app, &visit.ctx, &reached, real.authorization().as_deref(), &real.form()).await;
    let request = with_refresh_token(&going, base(&visit), &client, false, SECRET).http();
    let (exchange, document) = kept(request, answered).await;
    going.open.run.refresh = Some(exchange);
    take(&mut going.open.run.tokens, &document);
    done(visit, &going, "refresh").await
}

pub async fn end(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going, client) = with_client(visit, &id).await?;
    let curl = with_refresh_token(&going, base(&visit), &client, true, SECRET).curl();
    let mut view = step_page(&visit, &going, &REVOKE, going.open.run.revoke.as_ref(), curl).await;
    let base = base(&visit);
    let (url, hint) = match texts(&client, "LogoutURLs").first() {
        Some(registered) => {
            let params = Params::default().with("client_id", &going.open.client_id).with("logout_uri", registered);
            let hint = format!("Ends this browser's session and leads to {registered}, which is registered with the app client.");
            (format!("{base}/logout?{}", params.query_without(&[])), hint)
        }
        None => {
            let hint = "Asks, and ends this browser's session. With a registered sign-out URL it would lead back to the app.";
            (format!("{base}/logout"), hint.to_owned())
        }
    };
    view.actions.push(Link::new("Sign out of this browser", &url));
    view.blocks.push(Block::Code { title: "Address that signs out".to_owned(), hint: Some(hint), text: url });
    show(visit, &going, "end", view)
}

pub async fn ask_revoke(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (visit, mut going, client) = with_client(posted.visit, &id).await?;
    if going.open.run.tokens.refresh.is_none() {
        return Ok(visit.go(&going.path("token"), "There is no refresh token yet."));
    }
    let real = with_refresh_token(&going, base(&visit), &client, true, text(&client, "ClientSecret"));
    let answered = oauth::answer_revoke(&visit.app, &visit.ctx, &reached, real.authorization().as_deref(), &real.form()).await;
    let request = with_refresh_token(&going, base(&visit), &client, true, SECRET).http();
    going.open.run.revoke = Some(kept(request, answered).await.0);
    done(visit, &going, "end").await
}

async fn with_client(visit: Visit, id: &str) -> Result<(Visit, Going, Json), Stop> {
    let (visit, going) = Going::open(visit, id).await?;
    match described(&visit, &going).await {
        Ok(client) => Ok((visit, going, client)),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
