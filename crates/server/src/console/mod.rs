//! The console at `/console`: pools, clients, users and the rest, as pages. It decides nothing: every page is made of
//! operations run in this process ([`kit::visit::Visit::call`]), as the AWS console does it, so that whatever it can do the AWS CLI
//! can do, with the same words, limits and audit. Called by the router, on our own host, where the control API is open.
//!
//! A page is a handler that fills a [`kit::view::View`] with blocks; one template draws them all. Forms post and are answered by a
//! redirect ([`kit::visit::Visit::go`]), or by the same page again with what was typed and what is wrong with it.

mod clients;
mod coverage;
mod domain;
pub mod events;
mod flow;
mod groups;
mod health;
mod home;
mod inspect;
mod keys;
pub mod kit;
mod pools;
mod resource_servers;
mod search;
mod settings;
mod token;
mod users;
pub mod wizard;

use axum::Router;
use axum::routing::get;

use self::kit::paths;
use crate::state::AppState;

/// Every page, where the console is open; what is closed is not mounted (checklist 193).
pub fn routes(open: bool) -> Router<AppState> {
    if !open {
        return Router::new();
    }
    Router::new()
        .route(paths::HOME, get(home::get))
        .route(paths::SWITCH, get(home::switch))
        .route("/console/pools/{pool}/keys", get(keys::list))
        .route("/console/pools/{pool}/keys/rotate", get(keys::ask).post(keys::rotate))
        .route(paths::TOKEN, get(token::get).post(token::post))
        .route(paths::EVENTS, get(events::list))
        .route("/console/events/{chain}/{seq}", get(events::one))
        .route(paths::COVERAGE, get(coverage::get))
        .route(paths::SEARCH, get(search::get))
        .route(paths::HEALTH, get(health::get))
        .merge(flow::routes())
        .merge(pools::routes())
        .merge(clients::routes())
        .merge(domain::routes())
        .merge(resource_servers::routes())
        .merge(settings::routes())
        .merge(users::routes())
        .merge(groups::routes())
        .merge(wizard::routes())
        .route("/console/{*rest}", get(home::missing))
}
