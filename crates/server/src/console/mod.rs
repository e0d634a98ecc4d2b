//! The console at `/console`: pools, clients, users and the rest, as pages. It decides nothing: every page is made of
//! operations run in this process ([`kit::visit::Visit::call`]), as the AWS console does it, so that whatever it can do the AWS CLI
//! can do, with the same words, limits and audit. Called by the router: for operators who sign in
//! ([`gate`]), or in development for whoever reaches the port.
//!
//! A page is a handler that fills a [`kit::view::View`] with blocks; one template draws them all. Forms post and are answered by a
//! redirect ([`kit::visit::Visit::go`]), or by the same page again with what was typed and what is wrong with it.

mod account;
mod activity;
mod clients;
mod coverage;
mod deleted;
mod domain;
mod door;
pub mod events;
mod first_steps;
mod flow;
pub mod gate;
mod groups;
mod health;
mod home;
pub mod inbox;
mod inspect;
mod keys;
pub mod kit;
mod messages;
mod operators;
mod pools;
mod resource_servers;
mod search;
mod seed;
mod settings;
mod theme;
mod token;
mod users;
pub mod wizard;

use axum::Router;
use axum::routing::{get, post};

use self::kit::paths;
use crate::config::Console;
use crate::state::AppState;

/// Every page, behind the gate, and the pages before it. A page that is added here cannot stand beside the gate: nothing
/// makes a [`kit::visit::Visit`] without what the gate says of who asks.
pub fn routes(state: &AppState) -> Router<AppState> {
    let pages = Router::new()
        .route(paths::HOME, get(home::get))
        .route(paths::SWITCH, get(home::switch))
        .route("/console/pools/{pool}/keys", get(keys::list))
        .route("/console/pools/{pool}/keys/rotate", get(keys::ask).post(keys::rotate))
        .route(paths::CHECKLIST, post(home::hide))
        .route(paths::SEED, get(seed::get))
        .route(paths::THEME, post(theme::post))
        .route(paths::TOKEN, get(token::get).post(token::post))
        .route(token::REVEAL, post(token::reveal))
        .route(paths::EVENTS, get(events::list))
        .route("/console/events/export", get(events::export))
        .route("/console/events/{chain}/{seq}", get(events::one))
        .route(paths::COVERAGE, get(coverage::get))
        .route(paths::SEARCH, get(search::get))
        .route(paths::HEALTH, get(health::get))
        .merge(deleted::routes())
        .merge(messages::routes())
        .merge(pools::routes())
        .merge(clients::routes())
        .merge(domain::routes())
        .merge(resource_servers::routes())
        .merge(settings::routes())
        .merge(users::routes())
        .merge(groups::routes())
        .merge(wizard::routes())
        .merge(flow::routes())
        .route("/console/{*rest}", get(home::missing));
    match state.front.console {
        // Only where messages are kept is an inbox.
        Console::Open => gate::before(pages.merge(inbox::routes()), state).merge(flow::before_the_gate()),
        Console::Operators { .. } => {
            let pages = pages.merge(door::inside()).merge(operators::routes()).merge(account::routes());
            gate::before(pages, state).merge(door::routes()).merge(flow::before_the_gate())
        }
        Console::Closed => Router::new(),
    }
}
