//! The frame around a page, and drawing it: what handlers of every kind of page share.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use poolhouse_engine::clients::Client;
use poolhouse_engine::pools::Pool;

use crate::config::Console;
use crate::console::kit::paths;
use crate::pages::contexts::Page;
use crate::pages::fields::Shell;
use crate::reached::{Reached, plain};
use crate::state::AppState;

/// An answer given before the handler's end; `?` passes it on.
pub struct Stop(Box<Response>);

impl From<Response> for Stop {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        *self.0
    }
}

pub type Answer = Result<Response, Stop>;

/// The frame of the instance's own pages.
pub fn of_instance(state: &AppState) -> Shell {
    let shell = with_inbox(state, Shell::new("en", "Poolhouse"));
    let console = || format!("{}{}", state.engine.settings.public_url, paths::HOME);
    if state.front.console == Console::Open { shell.with_console(&console()) } else { shell }
}

/// Where the console is, as a browser names it. On a listener of its own the console has no address but the one that the browser came by: a host that is none of this machine's or
/// ours does not get here.
pub fn console_origin(app: &AppState, reached: &Reached) -> String {
    if app.front.console.is_public() {
        return app.engine.settings.public_url.clone();
    }
    let scheme = if reached.https { "https" } else { "http" };
    format!("{scheme}://{}", reached.authority.to_ascii_lowercase())
}

/// The frame of a pool's pages: the app's name, else the pool's, else the instance's.
pub fn of_pool(state: &AppState, pool: Option<&Pool>, client: Option<&Client>) -> Shell {
    let client = client.and_then(|client| client.document.client_name.as_deref());
    let pool = pool.and_then(|pool| pool.document.name.as_deref());
    with_inbox(state, Shell::new("en", client.or(pool).unwrap_or("Poolhouse")))
}

fn with_inbox(state: &AppState, shell: Shell) -> Shell {
    // On a domain's own host the inbox is elsewhere; its full address works from every page.
    let inbox = || format!("{}/_poolhouse/inbox", state.engine.settings.public_url);
    if state.front.open_control { shell.with_inbox(&inbox()) } else { shell }
}

/// The page as a response. A template that fails is a fault of ours, told without its text.
pub fn draw<P: Page>(state: &AppState, status: StatusCode, page: &P) -> Response {
    match state.renderer.render(page) {
        Ok(html) => (status, html).into_response(),
        Err(error) => {
            tracing::error!(template = P::TEMPLATE, %error, "a page could not be drawn");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "The page could not be drawn.")
        }
    }
}
