//! "Test this flow": the authorization code flow step by step, each step a page with the request and the answer as they went over
//! the wire. The sign-in is real, and so is every request: it runs through the endpoint's own function, in this process.
//!
//! | step | page | what it leaves for the next |
//! |---|---|---|
//! | 1 | [`start`] | a run: pool, client, `state`, `nonce`, PKCE verifier |
//! | 2 | [`authorize`] | the parameters of the authorization request |
//! | 3 | [`landing`], [`callback`] | the query that came back |
//! | 4 to 8 | [`token`], [`decode`], [`after`] | requests and answers, tokens |
//!
//! For an app client of machines, which has no sign-in page, the way is shorter: [`start`], [`machine`], [`decode`].
//!
//! A run is sealed in the store ([`poolhouse_engine::oauth::runs`]) under a handle that stands in the addresses of its pages; tokens
//! never stand there. It is its owner's: the operator's session, or where nobody signs in the browser, by a cookie of its own. To
//! everybody else there is no such run.
//!
//! No page shows a client's secret or a whole token before it is asked to ([`veil`], [`reveal`]).
//!
//! The sign-in page sends the browser back by a redirect from another site, which carries no strict cookie. So the callback address
//! stands before the gate, knows nobody and does nothing but lead on to a page behind it, which files what came.

mod after;
mod authorize;
mod callback;
mod decode;
mod exchange;
mod landing;
mod machine;
mod raw;
mod reveal;
mod settings;
pub mod start;
mod token;
pub mod veil;

use axum::Router;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use poolhouse_engine::error::Error;
use poolhouse_engine::oauth::runs::{self, Owner};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::console::gate::Seat;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Named, State, Value, View};
use crate::console::kit::visit::{Answer, Stop, Visit};
use crate::cookies;
use crate::pages::fields::Link;
use crate::state::AppState;

pub use landing::before_the_gate;

/// Where nobody signs in: a name of the browser's own, by which it finds its runs again.
const COOKIE: &str = "poolhouse-flow";

/// Whose runs a request may see.
pub fn owner(seat: &Seat, headers: &HeaderMap, https: bool) -> Option<Owner> {
    match seat {
        // The session that the gate has just looked up.
        Seat::Operator(_) => cookies::get(headers, cookies::operator(https)).map(|id| Owner::of(&format!("operator {id}"))),
        Seat::Open => cookies::get(headers, COOKIE).map(of_browser),
        Seat::Door => None,
    }
}

fn of_browser(id: &str) -> Owner {
    Owner::of(&format!("browser {id}"))
}

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::FLOW, get(start::choose))
        .route(settings::COMPLETE, post(settings::complete))
        .route(settings::REMOVE, post(settings::remove))
        .route("/console/flow/start", post(start::begin))
        .route(paths::FLOW_RECEIVE, get(callback::receive))
        .route("/console/flow/{run}/authorize", get(authorize::get).post(authorize::post))
        .route("/console/flow/{run}/callback", get(callback::get))
        .route("/console/flow/{run}/token", get(token::get).post(token::redeem))
        .route("/console/flow/{run}/{step}/reveal", post(reveal::post))
        .route("/console/flow/{run}/request", get(machine::get).post(machine::post))
        .route("/console/flow/{run}/answer", get(machine::answer))
        .route("/console/flow/{run}/decode", get(decode::get))
        .route("/console/flow/{run}/userinfo", get(after::user_info).post(after::ask_user_info))
        .route("/console/flow/{run}/refresh", get(after::refresh).post(after::ask_refresh))
        .route("/console/flow/{run}/end", get(after::end).post(after::ask_revoke))
}

/// What a run knows so far.
#[derive(Debug, Serialize, Deserialize)]
struct Run {
    /// Whether the client asks for itself (`client_credentials`): there is no user, no redirect and no refresh token.
    machine: bool,
    /// What the callback has to bring back: it is remembered apart from the parameters, as an app does.
    state: String,
    nonce: String,
    /// With PKCE only.
    verifier: Option<String>,
    /// Of the authorization request, in the order they are sent.
    parameters: Vec<(String, String)>,
    callback: Option<Vec<(String, String)>>,
    token: Option<Exchange>,
    user_info: Option<Exchange>,
    refresh: Option<Exchange>,
    revoke: Option<Exchange>,
    tokens: Tokens,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Tokens {
    id: Option<String>,
    access: Option<String>,
    refresh: Option<String>,
}

/// A request that was made, and its answer.
#[derive(Debug, Serialize, Deserialize)]
struct Exchange {
    /// As raw HTTP, without the client's secret.
    request: String,
    status: u16,
    /// As raw HTTP.
    response: String,
    /// Why it was refused, as only the operator is told.
    why: Option<Why>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Why {
    code: String,
    cause: String,
    differs: Option<(String, String)>,
    fix: Option<String>,
}

impl Why {
    fn of(error: &Error) -> Self {
        let detail = error.detail().cloned().unwrap_or_default();
        let cause = if detail.cause.is_empty() { error.message().to_owned() } else { detail.cause };
        Self { code: error.code().as_str().to_owned(), cause, differs: detail.differs, fix: detail.fix }
    }

    /// The cause, the two strings that should have been equal, and what to do.
    fn sentence(&self) -> String {
        let mut text = format!("{}: {}.", self.code, self.cause.trim_end_matches('.'));
        if let Some((got, expected)) = &self.differs {
            text.push_str(&format!(" Sent: {got}. Expected: {expected}."));
        }
        if let Some(fix) = &self.fix {
            text.push(' ');
            text.push_str(fix);
        }
        text
    }
}

/// A run that is open on this page.
struct Going {
    owner: Owner,
    open: runs::Open<Run>,
}

/// A step after the first: its page, its name, and the same as a heading.
const STEPS: [(&str, &str); 7] = [
    ("authorize", "Build the authorization request"),
    ("callback", "Read the callback"),
    ("token", "Exchange the code for tokens"),
    ("decode", "Read the tokens"),
    ("userinfo", "Ask who the user is"),
    ("refresh", "Refresh the tokens"),
    ("end", "Revoke and sign out"),
];

/// The same of a machine's run. Nothing is revoked at its end: Cognito has only refresh tokens revoked, and gives it none.
const OF_A_MACHINE: [(&str, &str); 3] =
    [("request", "Build the token request"), ("answer", "Read the answer"), ("decode", "Read the token")];

impl Going {
    /// The run of a step's page; a page that says so where there is none any more, or none that has this step.
    async fn open(visit: Visit, id: &str, step: &str) -> Result<(Visit, Self), Stop> {
        let Some(owner) = visit.owner.clone() else { return Err(gone(visit).await) };
        match runs::get::<Run>(&visit.ctx, &owner, id).await {
            Ok(Some(open)) => {
                let going = Self { owner, open };
                let has = going.way().iter().any(|(path, _)| *path == step);
                if has { Ok((visit, going)) } else { Err(gone(visit).await) }
            }
            Ok(None) => Err(gone(visit).await),
            Err(error) => Err(visit.failed(&error).await.into()),
        }
    }

    /// Its steps after the first.
    fn way(&self) -> &'static [(&'static str, &'static str)] {
        if self.open.run.machine { &OF_A_MACHINE } else { &STEPS }
    }

    /// The address of its first page.
    fn first(&self) -> String {
        self.path(self.way().first().map_or("", |(step, _)| step))
    }

    async fn keep(&self, visit: Visit) -> Result<Visit, Stop> {
        match runs::keep(&visit.ctx, &self.owner, &self.open).await {
            Ok(true) => Ok(visit),
            Ok(false) => Err(gone(visit).await),
            Err(error) => Err(visit.failed(&error).await.into()),
        }
    }

    fn path(&self, step: &str) -> String {
        format!("{}/{}/{step}", paths::FLOW, paths::segment(&self.open.id))
    }

    /// Whether there is something to see at a step.
    fn reached(&self, step: &str) -> bool {
        let run = &self.open.run;
        match step {
            "callback" => run.callback.is_some(),
            "token" => run.code().is_some(),
            "answer" => run.token.is_some(),
            "decode" => run.tokens.access.is_some(),
            "userinfo" => run.tokens.access.is_some(),
            "refresh" | "end" => run.tokens.refresh.is_some(),
            _ => true,
        }
    }

    /// Whether a step's request is still to be sent: then what can be revealed is the client's secret in it.
    fn asks(&self, step: &str) -> bool {
        step == "request" || (step == "token" && self.open.run.token.is_none())
    }

    /// A page about one step, with ways to the others.
    async fn view(&self, visit: &Visit, step: &str) -> View {
        let at = self.way().iter().position(|(path, _)| *path == step).unwrap_or_default();
        let (_, title) = self.way().get(at).copied().unwrap_or_default();
        let chosen = start::address(&self.open.pool.id, &self.open.client_id);
        let crumbs = vec![Link::new("Test a flow", &chosen)];
        let mut view = visit.view(Some(&self.open.pool.id), title, crumbs).await;
        view.lead = Some(format!("Step {} of {}, for the app client {}.", at + 2, self.way().len() + 1, self.open.client_id));
        let next = self.way().get(at + 1).filter(|(path, _)| self.reached(path));
        view.actions.extend(next.map(|(path, title)| Link::new(&format!("Next: {}", lower(title)), &self.path(path))));
        view
    }

    /// The steps, at the end of each page.
    fn steps(&self, step: &str) -> Block {
        let one = |(at, (path, title)): (usize, &(&str, &str))| {
            let value = match self.reached(path) {
                _ if *path == step => Value::state(State::Info, "you are here"),
                true => Value::link("Open this step", &self.path(path)),
                false => Value::none("not yet"),
            };
            Named::new(&format!("{}. {title}", at + 2), value)
        };
        Block::Facts(Facts {
            id: "steps".to_owned(),
            title: "Steps of this run".to_owned(),
            hint: Some(
                "A run is kept for one hour after its last step, and for twelve in all; of ten at most the oldest makes room."
                    .to_owned(),
            ),
            facts: self.way().iter().enumerate().map(one).collect(),
            links: vec![Link::new("Start a new run", &start::address(&self.open.pool.id, &self.open.client_id))],
        })
    }
}

impl Run {
    /// The code, if it came with the right `state`: an app must not look at any other (RFC 6749 §10.12).
    fn code(&self) -> Option<&str> {
        let came = |name: &str| self.came(name);
        came("code").filter(|_| came("state") == Some(&self.state))
    }

    fn came(&self, name: &str) -> Option<&str> {
        self.callback.iter().flatten().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn sent(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

async fn gone(visit: Visit) -> Stop {
    let mut view = visit.view(None, "This run has ended", vec![Link::new("Test a flow", paths::FLOW)]).await;
    view.blocks.push(Block::Notice {
        state: State::Warn,
        text: "You have no such run. Its last step is more than an hour ago, ten newer ones took its place, or it is another session's. \
               Tokens of a run are not kept longer.".to_owned(),
        link: Some(Link::new("Start a new run", paths::FLOW)),
    });
    visit.show_as(StatusCode::NOT_FOUND, view).into()
}

/// The client as DescribeUserPoolClient tells it, its secret included: for this page's use, not for its text.
async fn described(visit: &Visit, going: &Going) -> Result<Json, Error> {
    let input = json!({ "UserPoolId": going.open.pool.id, "ClientId": going.open.client_id });
    let output = visit.call_aside("DescribeUserPoolClient", input).await?;
    Ok(output.get("UserPoolClient").cloned().unwrap_or_default())
}

/// Our own address: every endpoint answers there, whatever domain the pool has.
fn base(visit: &Visit) -> &str {
    &visit.app.engine.settings.public_url
}

/// Where the sign-in page sends the browser back to in every run: to the console, wherever the pools are.
pub fn callback_url(visit: &Visit) -> String {
    format!("{}{}", visit.origin, paths::FLOW_CALLBACK)
}

/// The page of a step. Every token in it is veiled here, whichever block has it, unless it was asked to be written out.
fn show(visit: Visit, going: &Going, step: &str, mut view: View, revealed: bool) -> Answer {
    if !revealed && veil::blocks(&mut view.blocks) {
        view.blocks.push(reveal::tokens(going, step));
    }
    view.blocks.push(going.steps(step));
    Ok(visit.show(view))
}
