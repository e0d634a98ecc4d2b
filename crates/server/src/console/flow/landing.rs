//! The callback address: where the sign-in page sends the browser back to. It comes from another site and so without the operator's
//! cookie; this page knows nobody, keeps nothing, writes nothing down, and leads on to [`paths::FLOW_RECEIVE`] behind the gate. Called by the
//! console's routes, beside the gate.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{StatusCode, Uri};
use poolhouse_engine::oauth::params::Params;

use crate::console::kit::paths;
use crate::pages::fields::Shell;
use crate::pages::tools::Landing;
use crate::shell;
use crate::state::AppState;

/// Longest query that is led on, bytes: a code, a state and an error's words are a fraction of it. Whoever can reach the port can ask
/// for this page.
const QUERY_MAX: usize = 8 * 1024;

/// Not behind the gate, and without a [`Visit`](crate::console::kit::visit::Visit): no page of the console can be made here.
pub fn before_the_gate() -> Router<AppState> {
    Router::new().route(paths::FLOW_CALLBACK, get(land))
}

/// The page leads on by itself, without a script. That navigation is begun by a page of our own, so the browser sends the strict cookie
/// with it. No header of this answer sets a cookie, whatever came; what every page carries keeps the code out of caches and out of
/// `Referer`.
async fn land(State(app): State<AppState>, uri: Uri) -> Response {
    let query = uri.query().unwrap_or_default();
    let page = |status, title: &str, lead: &str, url| {
        let page = Landing { shell: Shell::new("en", "Poolhouse"), title: title.to_owned(), lead: lead.to_owned(), url };
        shell::draw(&app, status, &page)
    };
    if query.len() > QUERY_MAX {
        return page(
            StatusCode::URI_TOO_LONG,
            "This callback is too long",
            "No sign-in page of this server sends so much.",
            None,
        );
    }
    // Written anew, so that nothing but parameters is led on.
    match Params::parse(query).map(|params| params.query_without(&[])) {
        Ok(query) if !query.is_empty() => {
            let url = format!("{}?{query}", paths::FLOW_RECEIVE);
            page(StatusCode::OK, "Back from the sign-in page", "The console files what came back into your test run.", Some(url))
        }
        _ => page(
            StatusCode::BAD_REQUEST,
            "Nothing came back",
            "This is where a test run's sign-in comes back to. What stands behind a # (response_type=token) the browser keeps to itself.",
            None,
        ),
    }
}
