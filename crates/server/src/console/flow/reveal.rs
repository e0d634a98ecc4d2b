//! What is veiled, written out: the answer to a post of its own, which needs the role that changes things and leaves a trace. The page
//! comes as the answer itself, kept by no cache and in no history.

use axum::extract::Path;

use super::{Going, after, decode, gone, machine, token};
use crate::console::kit::view::{Block, Form};
use crate::console::kit::visit::{Answer, Posted};

/// What the audit trail calls it.
const SECRET: &str = "RevealClientSecret";
const TOKENS: &str = "RevealFlowRun";
/// Steps that have something to reveal.
const STEPS: [&str; 7] = ["token", "decode", "userinfo", "refresh", "end", "request", "answer"];

/// The button that writes the client's secret into the request of a step.
pub fn secret(going: &Going, step: &str) -> Block {
    let form = Form::new("reveal", &going.path(&format!("{step}/reveal")), "Reveal the client secret", Vec::new());
    Block::Form(form.beside().hinting("Writes the secret into the request on this page, once. Who asked is in the audit trail."))
}

/// The button that writes out the tokens of a step.
pub fn tokens(going: &Going, step: &str) -> Block {
    let form = Form::new("reveal", &going.path(&format!("{step}/reveal")), "Reveal the tokens", Vec::new());
    Block::Form(
        form.beside().hinting(
            "Tokens are shortened: whoever reads one can use it. Writes them out, once. Who asked is in the audit trail.",
        ),
    )
}

pub async fn post(Path((id, step)): Path<(String, String)>, posted: Posted) -> Answer {
    let (visit, going) = Going::open(posted.visit, &id, &step).await?;
    if !STEPS.contains(&step.as_str()) {
        return Err(gone(visit).await);
    }
    let (action, run) = (if going.asks(&step) { SECRET } else { TOKENS }, &going.open);
    visit.ctx.concerns_client(&run.pool.id, &run.client_id);
    // Announced before it is shown: where the trail cannot be written, nothing is.
    if let Err(error) = visit.ctx.change(action, async { Ok(()) }).await {
        return Err(visit.failed(&error).await.into());
    }
    match step.as_str() {
        "token" => token::page(visit, &going, true).await,
        "decode" => decode::page(visit, &going, true).await,
        "userinfo" => after::user_info_page(visit, &going, true).await,
        "request" => machine::page(visit, &going, true).await,
        "answer" => machine::answer_page(visit, &going, true).await,
        "refresh" => after::refresh_page(visit, &going, true).await,
        _ => after::end_page(visit, &going, true).await,
    }
}
