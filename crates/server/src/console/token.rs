//! The token inspector: what a pasted token is and says, whether it holds, and why an app or an API would refuse it.

use axum::response::Response;
use http::StatusCode;

use super::inspect::checks::{self, Expected};
use super::inspect::{self, Known, Use};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State};
use crate::console::kit::visit::{Answer, Posted, Visit};

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
                .hinting("An access or ID token, with or without Bearer. It is not kept, and nothing leaves this server.")
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
    let visit = posted.visit;
    let jwt = match inspect::read(&asked.token) {
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
