//! Quick create: from nothing to a sign-in that works, as short pages. Nothing is made before the last of them.
//!
//! | page | module | what it is |
//! |---|---|---|
//! | goal | this, [`goal`] | what everything after it starts from |
//! | pool, domain, resource server, client, sign-in page, user | [`steps`], [`forms`] | one form each |
//! | check and create | [`create`] | all that was told; makes it, by the operations, in order |
//! | discard draft | [`discard`] | forgets what was told |
//! | confirm user, test | [`try_out`] | of what is there: no draft is needed any more |
//!
//! A draft lives in this process ([`drafts`]); [`parts`] knows the operations that it comes to.

mod create;
mod discard;
pub mod drafts;
mod forms;
mod goal;
mod parts;
mod steps;
mod try_out;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;

use self::drafts::Draft;
use self::goal::Goal;
use self::steps::Step;
use super::flow;
use super::gate::Seat;
use super::kit::json::text;
use super::kit::paths;
use super::kit::view::{self, Block, Card, Choice, Field, Form, Input, State};
use super::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::{Link, Moment};
use crate::refusal::see;
use crate::state::AppState;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::QUICK_CREATE, get(start).post(begin))
        .route("/console/quick-create/{draft}/create", get(create::get).post(create::post))
        .route("/console/quick-create/{draft}/discard", get(discard::get).post(discard::post))
        .route("/console/quick-create/{draft}/{step}", get(steps::get).post(steps::post))
        .route("/console/quick-create/{draft}/{step}/skip", post(steps::skip))
        .route("/console/pools/{pool}/clients/{client}/confirm/{user}", get(try_out::confirm).post(try_out::set_password))
        .route("/console/pools/{pool}/clients/{client}/test", get(try_out::test))
        .route("/console/pools/{pool}/seed-file", get(try_out::seed))
}

fn url(draft: &str, step: Step) -> String {
    format!("{}/{}/{}", paths::QUICK_CREATE, paths::segment(draft), step.path())
}

/// The flow runner's callback address, for clients of a development instance to have from the start. In production a client has it
/// only where somebody added it to test that one.
fn runner(visit: &Visit) -> Option<String> {
    (*visit.seat() == Seat::Open).then(|| flow::callback_url(visit))
}

/// Where one is. Every page of a draft can be gone to in any order: each has something to start from.
fn progress(draft: &Draft, id: &str, here: Step) -> Block {
    way(draft.goal, here, |step| match step {
        Step::Goal => Some(paths::QUICK_CREATE.to_owned()),
        // There is nothing to confirm and to test yet.
        Step::Confirm | Step::Test => None,
        step => Some(url(id, step)),
    })
}

fn way(goal: Goal, here: Step, link: impl Fn(Step) -> Option<String>) -> Block {
    let step = |(at, step): (usize, Step)| view::Step {
        text: format!("{} {}", at + 1, step.title(goal)),
        url: link(step),
        here: step == here,
    };
    Block::Steps { steps: Step::of(goal).enumerate().map(step).collect() }
}

async fn start(visit: Visit) -> Answer {
    goal_page(visit, None).await
}

async fn goal_page(visit: Visit, refused: Option<String>) -> Answer {
    let mut view = visit.view(None, "Quick create", Vec::new()).await;
    view.lead =
        Some("From nothing to a sign-in that works, in short pages. Nothing is made before you have seen all of it.".to_owned());
    view.blocks.push(way(Goal::Article, Step::Goal, |_| None));
    let choices = Goal::ALL.map(|goal| Choice::new(goal.key(), goal.label(), goal == Goal::Article).hinting(goal.hint()));
    let goal = Field::one_of(Input::Radio, "goal", "What is it for?", choices.to_vec())
        .must()
        .hinting("Sets what the next pages start from; everything can be changed there.")
        .wrong(refused.clone());
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    view.blocks.push(Block::Form(Form::new("goal", paths::QUICK_CREATE, "Continue to user pool", vec![goal]).refused(refused)));
    let drafts = visit.app.drafts.all(visit.ctx.now);
    if !drafts.is_empty() {
        let card = |(id, draft, changed_at): &(String, Draft, i64)| Card {
            title: format!("Go on with {}", text(&draft.pool, "PoolName")),
            text: format!("{}, changed {}.", draft.goal.label(), Moment::of(*changed_at, visit.ctx.now).relative),
            url: url(id, resume(draft)),
        };
        view.blocks.push(Block::Cards { title: Some("Left unfinished".to_owned()), cards: drafts.iter().map(card).collect() });
    }
    Ok(visit.show_as(status, view))
}

/// The first page that was not gone through yet.
fn resume(draft: &Draft) -> Step {
    Step::of(draft.goal).find(|step| !draft.done.contains(step)).unwrap_or(Step::Create).min(Step::Create)
}

async fn begin(posted: Posted) -> Answer {
    let Some(goal) = Goal::of(posted.text("goal")) else {
        return goal_page(posted.visit, Some("Choose what it is for.".to_owned())).await;
    };
    let visit = posted.visit;
    let mut draft = goal.draft(runner(&visit).as_deref());
    steps::find_prefix(&visit, &mut draft).await;
    let id = visit.app.drafts.begin(draft, visit.ctx.now, visit.ctx.entropy());
    Ok(see(&url(&id, Step::Pool)))
}

/// The way out of a draft.
fn way_out(id: &str) -> Block {
    let text = "Left as it is, this draft is kept for a day.".to_owned();
    Block::Notice { state: State::Info, text, link: Some(Link::new("Discard draft", &discard::url(id))) }
}

/// No such draft: made, too old, of another process, or made up.
async fn ended(visit: Visit) -> Response {
    let mut view = visit.view(None, "This draft has ended", vec![Link::new("Quick create", paths::QUICK_CREATE)]).await;
    let text = "There is no such draft. It may be created already, be more than a day old, or be kept by another process: \
                this one may have been started again since.";
    let link = Some(Link::new("Begin a new one", paths::QUICK_CREATE));
    view.blocks.push(Block::Notice { state: State::Warn, text: text.to_owned(), link });
    view.actions = vec![Link::new("Go to user pools", paths::POOLS)];
    visit.show_as(StatusCode::NOT_FOUND, view)
}
