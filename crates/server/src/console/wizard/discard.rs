//! Discard draft: forgets what was told, with its own confirmation. What was made of it already stays. Part of `wizard`.

use axum::extract::Path;

use super::drafts::Draft;
use super::{ended, resume};
use crate::console::kit::json::text;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Form, Named};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

pub(super) fn url(id: &str) -> String {
    format!("{}/{}/discard", paths::QUICK_CREATE, paths::segment(id))
}

pub(super) async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let Some(draft) = visit.app.drafts.get(&id, visit.ctx.now) else { return Ok(ended(visit).await) };
    let back = super::url(&id, resume(&draft));
    let mut view = visit.view(None, "Discard draft", vec![Link::new("Quick create", paths::QUICK_CREATE)]).await;
    view.blocks.push(Block::Facts(Facts {
        id: "lost".to_owned(),
        title: "What is lost".to_owned(),
        hint: Some("There is no undo.".to_owned()),
        facts: vec![
            Named::text("Draft of", text(&draft.pool, "PoolName")),
            Named::text("For", draft.goal.label()),
            Named::text("Pages filled in", &draft.done.len().to_string()),
        ],
        links: Vec::new(),
    }));
    view.blocks.push(Block::Prose { title: Some("What stays".to_owned()), text: stays(&draft).to_owned() });
    let form = Form::new("discard", &url(&id), "Discard draft", Vec::new());
    view.blocks.push(Block::Form(form.destroying().or_cancel(&back)));
    Ok(visit.show(view))
}

fn stays(draft: &Draft) -> &'static str {
    match draft.made.is_empty() {
        true => "Nothing was made of it yet.",
        false => "What was made of it already: it has pages of its own.",
    }
}

pub(super) async fn post(Path(id): Path<String>, posted: Posted) -> Answer {
    let visit = posted.visit;
    let Some(draft) = visit.app.drafts.get(&id, visit.ctx.now) else { return Ok(ended(visit).await) };
    visit.app.drafts.drop(&id, visit.ctx.now);
    let said = format!("The draft of {} was discarded.", text(&draft.pool, "PoolName"));
    Ok(visit.go(paths::QUICK_CREATE, &said))
}
