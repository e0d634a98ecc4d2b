//! Steps 6, 7 and 8: what an app does with its tokens. Each page but for the last link needs no more than a button.

use axum::Extension;
use axum::extract::Path;
use poolhouse_engine::oauth::params::Params;
use serde_json::Value as Json;

use super::exchange::{client_of, done, exchanged, kept, take, usual_proof, with_client};
use super::raw::{self, Asking, SECRET};
use super::{Exchange, Going, base, show};
use crate::console::kit::json::{text, texts};
use crate::console::kit::view::{Block, Form, View};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::oauth;
use crate::pages::fields::Link;
use crate::reached::Reached;

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
    let (visit, going) = Going::open(visit, &id, "userinfo").await?;
    user_info_page(visit, &going, false).await
}

pub async fn user_info_page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let token = going.open.run.tokens.access.as_deref().unwrap_or_default();
    let curl = format!("curl -i {}/oauth2/userInfo \\\n  --header 'Authorization: Bearer {token}'", base(&visit));
    let view = step_page(&visit, going, &USER_INFO, going.open.run.user_info.as_ref(), curl).await;
    show(visit, going, "userinfo", view, revealed)
}

pub async fn ask_user_info(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (visit, mut going) = Going::open(posted.visit, &id, "userinfo").await?;
    let Some(token) = going.open.run.tokens.access.clone() else {
        return Ok(visit.go(&going.path("token"), "There is no access token yet."));
    };
    let request = format!("GET /oauth2/userInfo HTTP/1.1\nHost: {}\nAuthorization: Bearer {token}", raw::host(base(&visit)));
    let answered = oauth::answer_user_info(&visit.app, &visit.ctx, &reached, &token).await;
    going.open.run.user_info = Some(kept(request, answered).await.0);
    done(visit, &going, "userinfo").await
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
    let (visit, going) = Going::open(visit, &id, "refresh").await?;
    refresh_page(visit, &going, false).await
}

pub async fn refresh_page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let (visit, client) = client_of(visit, going).await?;
    let curl = with_refresh_token(going, base(&visit), &client, false, SECRET).curl();
    let view = step_page(&visit, going, &REFRESH, going.open.run.refresh.as_ref(), curl).await;
    show(visit, going, "refresh", view, revealed)
}

pub async fn ask_refresh(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (visit, mut going, client) = with_client(posted.visit, &id, "refresh").await?;
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
    let (visit, going) = Going::open(visit, &id, "end").await?;
    end_page(visit, &going, false).await
}

pub async fn end_page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let (visit, client) = client_of(visit, going).await?;
    let curl = with_refresh_token(going, base(&visit), &client, true, SECRET).curl();
    let mut view = step_page(&visit, going, &REVOKE, going.open.run.revoke.as_ref(), curl).await;
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
    show(visit, going, "end", view, revealed)
}

pub async fn ask_revoke(Path(id): Path<String>, Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (visit, mut going, client) = with_client(posted.visit, &id, "end").await?;
    if going.open.run.tokens.refresh.is_none() {
        return Ok(visit.go(&going.path("token"), "There is no refresh token yet."));
    }
    let real = with_refresh_token(&going, base(&visit), &client, true, text(&client, "ClientSecret"));
    let answered = oauth::answer_revoke(&visit.app, &visit.ctx, &reached, real.authorization().as_deref(), &real.form()).await;
    let request = with_refresh_token(&going, base(&visit), &client, true, SECRET).http();
    going.open.run.revoke = Some(kept(request, answered).await.0);
    done(visit, &going, "end").await
}
