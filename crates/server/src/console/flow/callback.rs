//! Step 3: what the sign-in page sent back to the callback address, and whether an app may believe it.

use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use poolhouse_engine::oauth::runs;
use poolhouse_engine::tokens;

use super::{Going, Run, raw, show};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, State, Table, Value};
use crate::console::kit::visit::{Answer, Stop, Visit};
use crate::pages::fields::Link;

/// What came to the callback address, led here by the landing page: it is filed into the owner's run that sent this `state`, and the
/// page leads on, since a code in an address that stays open would end up in the history.
///
/// Any page can send this browser here, with anything (cross-site request forgery): what answers no request that was sent is not kept.
pub async fn receive(visit: Visit) -> Answer {
    let came: Vec<(String, String)> = visit.params.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let all = match &visit.owner {
        Some(owner) => runs::all::<Run>(&visit.ctx, owner).await.map(|all| Some((owner.clone(), all))),
        None => Ok(None),
    };
    let (owner, all) = match all {
        Ok(Some(found)) if !came.is_empty() => found,
        Ok(_) => return Err(nobodys(visit).await),
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let state = |all: &[(String, String)]| all.iter().find(|(name, _)| name == "state").map(|(_, value)| value.clone());
    let Some(open) = all.into_iter().find(|open| !open.run.machine && state(&open.run.parameters) == state(&came)) else {
        return Err(nobodys(visit).await);
    };
    let mut going = Going { owner, open };
    let run = &mut going.open.run;
    // The same once more, by the way back in the browser: what was made of it stays.
    if run.callback.as_ref() != Some(&came) {
        run.callback = Some(came);
        (run.token, run.user_info, run.refresh, run.revoke) = (None, None, None, None);
        run.tokens = super::Tokens::default();
    }
    going.keep(visit).await?;
    Ok(crate::refusal::see(&going.path("callback")))
}

async fn nobodys(visit: Visit) -> Stop {
    let mut view = visit.view(None, "This callback belongs to no run", vec![Link::new("Test a flow", paths::FLOW)]).await;
    view.blocks.push(Block::Notice {
        state: State::Warn,
        text: format!(
            "It answers no request of a run that you have. The run has ended, it was begun in another session or browser, or under \
             another address than {}; or somebody else sent this browser here. Nothing of it was kept.",
            visit.origin
        ),
        link: Some(Link::new("Start a new run", paths::FLOW)),
    });
    let response: Response = visit.show_as(StatusCode::BAD_REQUEST, view);
    response.into()
}

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id, "callback").await?;
    let issuer = tokens::issuer(&visit.ctx, &going.open.pool);
    let mut view = going.view(&visit, "callback").await;
    let run = &going.open.run;
    let Some(came) = &run.callback else {
        let text = "Nothing has come back yet. Open the sign-in page first, and sign in.".to_owned();
        let link = Some(Link::new("Build the authorization request", &going.path("authorize")));
        view.blocks.push(Block::Empty { title: "No callback yet".to_owned(), text, link });
        return show(visit, &going, "callback", view, false);
    };
    view.blocks.push(verdict(run));
    let row = |(name, value): &(String, String)| {
        let (state, meaning) = meaning(run, name, value, &issuer);
        let shown = state.map_or_else(|| Value::none("nothing to check"), |(state, word)| Value::state(state, word));
        vec![Value::text(name), Value::copy(value), Value::text(&meaning), shown]
    };
    view.blocks.push(Block::Table(Table {
        id: "query".to_owned(),
        caption: "What came back".to_owned(),
        columns: ["Parameter", "Value", "Meaning", "Check"].map(str::to_owned).to_vec(),
        rows: came.iter().map(row).collect(),
        next: None,
        first: None,
    }));
    let query = came.iter().fold(poolhouse_engine::oauth::params::Params::default(), |all, (name, value)| all.with(name, value));
    view.blocks.push(Block::Code {
        title: "Raw request".to_owned(),
        hint: Some("As the browser sent it to the callback address, after a redirect (302) from the sign-in page.".to_owned()),
        text: format!("GET {}?{} HTTP/1.1\nHost: {}", paths::FLOW_CALLBACK, query.query_without(&[]), raw::host(&visit.origin)),
    });
    show(visit, &going, "callback", view, false)
}

fn verdict(run: &Run) -> Block {
    let said = run.came("error").map(|error| (error, run.came("error_description").unwrap_or_default()));
    let (state, text) = match (said, run.code()) {
        (Some((error, described)), _) => (State::Bad, refusal(error, described)),
        (None, Some(_)) => (State::Ok, "The callback is in order: an app goes on and exchanges the code.".to_owned()),
        (None, None) if run.came("code").is_some() => (
            State::Bad,
            "An app must stop here: state is not what it remembers. Somebody else may have begun this sign-in, to have it end in \
             your session."
                .to_owned(),
        ),
        _ => (State::Bad, "There is neither a code nor an error in this callback.".to_owned()),
    };
    Block::Notice { state, text, link: None }
}

/// An error answer in words (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).
fn refusal(error: &str, described: &str) -> String {
    let meaning = match error {
        "invalid_request" => "a parameter is missing, repeated or has a value that is not understood",
        "invalid_scope" => "the app client may not ask for one of these scopes, or there is no such scope",
        "unauthorized_client" => "the app client is not set up for this grant",
        "access_denied" => "the user, or a rule of the pool, said no",
        "login_required" => "prompt=none forbids to ask, and nobody is signed in",
        "unsupported_response_type" => "there is no such response_type",
        "request_not_supported" | "request_uri_not_supported" => "request objects are not taken here",
        "server_error" | "temporarily_unavailable" => "the server could not answer; trying again may help",
        _ => "an error that this page does not know",
    };
    let described = if described.is_empty() { String::new() } else { format!(" It adds: {described}") };
    format!("The request was refused with {error}: {meaning}.{described}")
}

type Checked = Option<(State, &'static str)>;

fn meaning(run: &Run, name: &str, value: &str, issuer: &str) -> (Checked, String) {
    let same = |right: bool| Some(if right { (State::Ok, "as expected") } else { (State::Bad, "differs") });
    match name {
        "code" => (
            None,
            "The authorization code: good for one exchange within five minutes, by this app client alone. It is no token."
                .to_owned(),
        ),
        "state" => (same(value == run.state), format!("Has to be what the app remembers: {}", run.state)),
        "iss" => (same(value == issuer), format!("Who answers (RFC 9207). Has to be the issuer of this pool: {issuer}")),
        "error" => (None, "Why there is no code, in a word for programs.".to_owned()),
        "error_description" => (None, "The same for people.".to_owned()),
        _ => (None, "Nothing that this flow knows.".to_owned()),
    }
}
