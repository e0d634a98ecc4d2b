//! The token inspector: what a pasted token is and says, whether it holds, and why an app or an API would refuse it.

use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use poolhouse_engine::keys::seal::{self, Place};
use poolhouse_engine::operators::Need;
use poolhouse_engine::pools::Pool;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::flow::veil;
use super::inspect::checks::{self, Expected};
use super::inspect::{self, Known, Use};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State};
use crate::console::kit::visit::{Answer, Posted, Visit};

/// Not the inspector's own address: what is shown here needs another role.
pub const REVEAL: &str = "/console/token/reveal";
/// Milliseconds in which the page's token can be revealed.
const KEPT_MS: i64 = 60 * 60 * 1000;

/// What was asked.
#[derive(Default)]
struct Asked {
    token: String,
    /// `access`, `id`, or nothing.
    used: String,
    client: String,
    scope: String,
}

impl Asked {
    fn used(&self) -> Option<Use> {
        match self.used.as_str() {
            "access" => Some(Use::Access),
            "id" => Some(Use::Id),
            _ => None,
        }
    }

    fn form(&self) -> Form {
        let choice = |value: &str, label: &str| Choice::new(value, label, self.used == value);
        let choices = vec![
            choice("", "Nobody in particular"),
            choice("access", "An API, which expects an access token"),
            choice("id", "An app, which expects an ID token"),
        ];
        let fields = vec![
            Field::new(Input::Lines, "token", "Token", &self.token)
                .hinting("An access or ID token, with or without Bearer. It is not kept, not repeated, and does not leave this server.")
                .must(),
            Field::one_of(Input::Select, "used", "Who is shown the token", choices),
            Field::text("client", "App client ID that is expected", &self.client),
            Field::text("scope", "Scopes that are wanted", &self.scope).hinting("Words with spaces between."),
        ];
        Form::new("inspect", paths::TOKEN, "Inspect the token", fields)
    }
}

pub async fn get(visit: Visit) -> Answer {
    page(visit, StatusCode::OK, &Asked::default(), Vec::new()).await
}

/// Answered at once and not by a redirect: the token would have to be kept, or stand in an address.
pub async fn post(posted: Posted) -> Answer {
    let text = |name: &str| posted.text(name).to_owned();
    let asked = Asked { token: text("token"), used: text("used"), client: text("client"), scope: text("scope") };
    let visitor = text("_csrf");
    answer(posted.visit, asked, &visitor, false).await
}

/// The same page with the token in full. It comes sealed from the page before, so that nobody has to paste it again; who asked is in the
/// audit trail.
pub async fn reveal(posted: Posted) -> Answer {
    let named = posted.text("pool").to_owned();
    let (posted, pool) = posted.enter(&named).await?;
    let text = |name: &str| posted.text(name).to_owned();
    let (visitor, sealed) = (text("_csrf"), text("sealed"));
    let asked = Asked { token: String::new(), used: text("used"), client: text("client"), scope: text("scope") };
    let visit = posted.visit;
    let Some(token) = opened(&visit, &pool, &visitor, &sealed) else {
        let sentence = "This is more than an hour old, or was made for another browser. Paste the token again.".to_owned();
        let notice = Block::Notice { state: State::Bad, text: sentence, link: None };
        return page(visit, StatusCode::BAD_REQUEST, &asked, vec![notice]).await;
    };
    visit.ctx.concerns_pool(&pool.id);
    // Announced before it is shown: where the trail cannot be written, nothing is.
    if let Err(error) = visit.ctx.change("RevealToken", async { Ok(()) }).await {
        return Err(visit.failed(&error).await.into());
    }
    answer(visit, Asked { token, ..asked }, &visitor, true).await
}

/// What is sealed into the page for [`reveal`].
#[derive(Serialize, Deserialize)]
struct Kept {
    until: i64,
    token: String,
}

/// For this browser's form token alone: a page that somebody saved opens nothing elsewhere.
fn place<'a>(pool: &'a Pool, visitor: &'a str) -> Place<'a> {
    Place { pool: &pool.id, row: visitor, field: "inspected token" }
}

fn sealed(visit: &Visit, pool: &Pool, visitor: &str, token: &str) -> Option<String> {
    let kept = Kept { until: visit.ctx.now.saturating_add(KEPT_MS), token: token.to_owned() };
    let plain = Zeroizing::new(serde_json::to_vec(&kept).ok()?);
    Some(URL_SAFE_NO_PAD.encode(seal::seal(&pool.key, place(pool, visitor), &plain, visit.ctx.entropy()).ok()?))
}

fn opened(visit: &Visit, pool: &Pool, visitor: &str, sealed: &str) -> Option<String> {
    let plain = seal::open(&pool.key, place(pool, visitor), &URL_SAFE_NO_PAD.decode(sealed).ok()?).ok()?;
    let kept: Kept = serde_json::from_slice(plain.expose()).ok()?;
    (kept.until > visit.ctx.now).then_some(kept.token)
}

/// The button that writes the token out, where it is one of this server: another's is as good as unknown here.
fn offer(visit: &Visit, asked: &Asked, token: &str, pool: Option<&Pool>, visitor: &str) -> Option<Block> {
    let pool = pool.filter(|_| visit.seat().may(Need::Write))?;
    let fields = vec![
        Field::hidden("pool", &pool.id),
        Field::hidden("sealed", &sealed(visit, pool, visitor, token)?),
        Field::hidden("used", &asked.used),
        Field::hidden("client", &asked.client),
        Field::hidden("scope", &asked.scope),
    ];
    let form = Form::new("reveal", REVEAL, "Reveal the token", fields).beside();
    Some(Block::Form(form.hinting("It is shortened: whoever reads it can use it. Who asked is in the audit trail.")))
}

async fn answer(visit: Visit, mut asked: Asked, visitor: &str, revealed: bool) -> Answer {
    let found = inspect::read(&asked.token);
    // Not repeated, whatever else was pasted with it.
    if veil::text(&asked.token).is_some() {
        asked.token.clear();
    }
    let jwt = match found {
        Known::Jwt(jwt) => jwt,
        Known::Other(sentence) => {
            let notice = Block::Notice { state: State::Bad, text: sentence, link: None };
            return page(visit, StatusCode::BAD_REQUEST, &asked, vec![notice]).await;
        }
    };
    let judged = match inspect::judge(&visit.ctx, &jwt).await {
        Ok(judged) => judged,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let expected = Expected { client: &asked.client, scope: &asked.scope, used: asked.used(), ..Expected::default() };
    let checks = checks::all(&visit.ctx, &jwt, &judged, &expected);
    let (state, text) = match checks::refusal(&checks) {
        Some((why, 1)) => (State::Bad, format!("It would be refused. {why}")),
        Some((why, count)) => (State::Bad, format!("It would be refused, for {count} reasons. The first: {why}")),
        None => (State::Ok, "Nothing was found to refuse it for.".to_owned()),
    };
    let name = match jwt.used() {
        Use::Id => "ID token",
        Use::Access => "Access token",
        Use::Unsaid => "Token",
    };
    let mut blocks = vec![Block::Notice { state, text, link: None }];
    blocks.extend(inspect::blocks(name, &jwt, checks::table(checks), visit.ctx.now));
    if !revealed {
        veil::blocks(&mut blocks);
        blocks.extend(offer(&visit, &asked, &jwt.token, judged.pool.as_deref(), visitor));
    }
    page(visit, StatusCode::OK, &asked, blocks).await
}

async fn page(visit: Visit, status: StatusCode, asked: &Asked, found: Vec<Block>) -> Answer {
    let mut view = visit.view(None, "Token inspector", Vec::new()).await;
    view.lead = Some("What a token is and says, and why an app or an API would refuse it.".to_owned());
    view.blocks.extend(found);
    view.blocks.push(Block::Form(asked.form()));
    let response: Response = visit.show_as(status, view);
    Ok(response)
}
