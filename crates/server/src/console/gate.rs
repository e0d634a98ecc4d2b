//! The gate before every page of the console: who asks, and whether the role reaches it. What a request needs follows from
//! its method, so that no page can forget to say so. Called by the console's routes.

use axum::Router;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use poolhouse_engine::ctx::Ctx;
use poolhouse_engine::operators::{self, Left, Need, Operator, Times};

use super::kit::frame::Signed;
use super::kit::paths;
use super::kit::visit::Visit;
use crate::config::Console;
use crate::reached::Reached;
use crate::refusal::see;
use crate::state::AppState;
use crate::{cookies, replies};

/// Who asks. Put on every request by the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seat {
    /// Whoever reaches the port, where the console is open.
    Open,
    Operator(Operator),
    /// Nobody yet: the pages before the gate.
    Door,
}

impl Seat {
    /// Whether it may do what needs this.
    #[must_use]
    pub fn may(&self, need: Need) -> bool {
        match self {
            Self::Open => need != Need::Operators,
            Self::Operator(operator) => operator.role.may(need),
            Self::Door => false,
        }
    }

    pub(super) fn named(&self) -> Option<Signed> {
        match self {
            Self::Operator(operator) => {
                let (name, role) = (operator.name.clone(), operator.role.as_str());
                Some(Signed { name, role, account_url: paths::ACCOUNT, sign_out_url: paths::SIGN_OUT })
            }
            Self::Open | Self::Door => None,
        }
    }
}

/// These pages, behind the gate.
pub fn before(pages: Router<AppState>, state: &AppState) -> Router<AppState> {
    pages.layer(from_fn_with_state(state.clone(), guard))
}

/// What a request needs. Every form changes something or shows a secret, but those named here; of the flow runner every page does:
/// its runs hold a user's tokens, and it asks as the app client does, with the client's secret. Who may use the console is for owners to
/// know as well as to say; what an operator does with the own account changes nothing of anybody else's.
fn need(method: &Method, path: &str) -> Need {
    let under = |page: &str| path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if under(paths::OPERATORS) {
        return Need::Operators;
    }
    if under(paths::FLOW) {
        return Need::Write;
    }
    let own = under(paths::ACCOUNT) || [paths::TOKEN, paths::THEME, paths::SIGN_OUT].contains(&path);
    let reads = own || matches!(*method, Method::GET | Method::HEAD);
    if reads { Need::Read } else { Need::Write }
}

/// How long sessions last.
pub fn times(app: &AppState) -> Times {
    match app.front.console {
        Console::Operators { times, .. } => times,
        // Nobody has one.
        Console::Open | Console::Closed => Times { idle_ms: 0, most_ms: 0 },
    }
}

async fn guard(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    let Console::Operators { times, .. } = app.front.console else {
        request.extensions_mut().insert(Seat::Open);
        return next.run(request).await;
    };
    let (Some(ctx), Some(reached)) = (request.extensions().get::<Ctx>(), request.extensions().get::<Reached>()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (name, https) = (cookies::operator(reached.https), reached.https);
    let entered = match cookies::get(request.headers(), name) {
        Some(id) => operators::enter(ctx, id, times).await,
        // A link on another site comes without a strict cookie. Nothing is cleared: it would sign the operator out of a session that
        // the browser has and did not show.
        None => return see(paths::SIGN_IN),
    };
    let operator = match entered {
        Ok(Ok(operator)) => operator,
        Ok(Err(left)) => return to_the_door(left, name, https),
        Err(error) => return replies::error(&error),
    };
    let need = need(request.method(), request.uri().path());
    let may = operator.role.may(need);
    request.extensions_mut().insert(Seat::Operator(operator));
    if may {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    match Visit::from_request_parts(&mut parts, &app).await {
        Ok(visit) => visit.forbidden(need).await,
        Err(stop) => stop.into_response(),
    }
}

fn to_the_door(left: Left, cookie: &str, https: bool) -> Response {
    let because = match left {
        Left::Unknown => "",
        Left::Idle => "?because=idle",
        Left::Over => "?because=over",
    };
    let mut response = see(&format!("{}{because}", paths::SIGN_IN));
    response.headers_mut().append(header::SET_COOKIE, cookies::clear(cookie, https));
    response
}
