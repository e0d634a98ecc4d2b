//! The application behind the sockets: the one [`handler`] that a request of any host comes to. It knows every route and
//! nothing knows it. Called by `assembly` and by the test harness.
//!
//! Handlers get four things: `State<AppState>`, `Extension<Reached>` (which site, under which path, from whom),
//! `Extension<Ctx>` (the request's engine context) and the request itself.

use std::sync::Arc;

use axum::Router;

use crate::doors::{self, Doors};
use crate::edge::Handler;
use crate::state::AppState;
use crate::{api, assets, console, control, home, metadata, missing, oauth, pages};

/// Everything, for every host.
pub fn handler(state: AppState) -> Handler {
    let console = if state.front.console.is_public() { console::routes(&state) } else { Router::new() };
    let own = Router::new()
        .merge(api::routes())
        .merge(home::routes())
        .merge(domain_routes())
        .merge(metadata::routes())
        .merge(control::routes(state.front.open_control))
        .merge(console);
    let doors = Arc::new(Doors {
        own: closed(own, &state),
        domain: closed(domain_routes(), &state),
        api: closed(api::routes().merge(home::routes()).merge(metadata::routes()), &state),
        issuer: closed(metadata::routes(), &state),
        state,
    });
    behind(doors)
}

/// The console alone, for a listener of its own: no pool's pages and no API.
pub fn console_handler(state: AppState) -> Handler {
    let own = console::routes(&state).merge(assets::routes()).merge(control::routes(false));
    let none = || closed(Router::new(), &state);
    behind(Arc::new(Doors { own: closed(own, &state), domain: none(), api: none(), issuer: none(), state }))
}

fn behind(doors: Arc<Doors>) -> Handler {
    let (engine, metrics) = (Arc::clone(&doors.state.engine), Arc::clone(&doors.state.engine.metrics));
    let handler = Handler::new(move |request| {
        let doors = Arc::clone(&doors);
        async move { doors::enter(&doors, request).await }
    });
    handler.refusing(move |head| oauth::refuse(&engine, head)).telling(move |line| metrics.turned_away(line))
}

/// What a pool's domain serves, and our own address too.
fn domain_routes() -> Router<AppState> {
    oauth::routes().merge(pages::routes()).merge(assets::routes())
}

fn closed(routes: Router<AppState>, state: &AppState) -> Router {
    routes.fallback(missing::not_found).method_not_allowed_fallback(missing::method_not_allowed).with_state(state.clone())
}
