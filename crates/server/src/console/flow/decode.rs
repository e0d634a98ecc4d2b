//! Step 5: what the tokens say, and whether it may be believed.

use axum::extract::Path;

use super::{Going, show};
use crate::console::inspect::checks::{self, Expected};
use crate::console::inspect::{self, Known};
use crate::console::kit::view::{Block, State};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id, "decode").await?;
    page(visit, &going, false).await
}

pub async fn page(visit: Visit, going: &Going, revealed: bool) -> Answer {
    let mut view = going.view(&visit, "decode").await;
    let tokens = &going.open.run.tokens;
    if tokens.access.is_none() {
        let (text, button, step) = match going.open.run.machine {
            true => ("The token has to be asked for first.", "Build the token request", "request"),
            false => ("The code has to be exchanged for tokens first.", "Exchange the code", "token"),
        };
        let (text, link) = (text.to_owned(), Some(Link::new(button, &going.path(step))));
        view.blocks.push(Block::Empty { title: "No tokens yet".to_owned(), text, link });
        return show(visit, going, "decode", view, revealed);
    }
    if tokens.id.is_none() {
        let text = match going.open.run.machine {
            true => {
                "There is one token: without a user there is nobody to tell of, and nothing to refresh. It cannot be revoked either and \
                 is good until it expires, so give machines short ones."
            }
            false => "There is no ID token: the scope openid was not granted.",
        };
        let text = text.to_owned();
        view.blocks.push(Block::Notice { state: State::Info, text, link: None });
    }
    for (name, token) in [("ID token", &tokens.id), ("Access token", &tokens.access)] {
        let Some(Known::Jwt(jwt)) = token.as_deref().map(inspect::read) else { continue };
        let judged = match inspect::judge(&visit.ctx, &jwt).await {
            Ok(judged) => judged,
            Err(error) => return Err(visit.failed(&error).await.into()),
        };
        let expected = Expected {
            client: &going.open.client_id,
            nonce: Some(&going.open.run.nonce).filter(|nonce| going.open.run.sent("nonce") == Some(nonce)).map(String::as_str),
            access_token: tokens.access.as_deref(),
            ..Expected::default()
        };
        let checks = checks::table(checks::all(&visit.ctx, &jwt, &judged, &expected));
        view.blocks.extend(inspect::blocks(name, &jwt, checks, visit.ctx.now));
    }
    if tokens.refresh.is_some() {
        view.blocks.push(Block::Prose {
            title: Some("Refresh token".to_owned()),
            text:
                "Encrypted, for this server alone: an app keeps it safe and cannot look inside. Its one use is the refresh step."
                    .to_owned(),
        });
    }
    show(visit, going, "decode", view, revealed)
}
