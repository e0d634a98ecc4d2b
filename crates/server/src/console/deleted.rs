//! Recently deleted: what the console deleted, putting it back, and forgetting it before its time.

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use poolhouse_engine::undo::{self, Deleted, Kind};

use crate::console::kit::destroy::counted;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Form, Named, Table, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::{Link, Moment};
use crate::state::AppState;

/// Deletions on a page.
const PAGE: i64 = 25;

pub fn routes() -> Router<AppState> {
    Router::new()
        .route(paths::DELETED, get(list))
        .route("/console/deleted/{id}", get(one).post(restore))
        .route("/console/deleted/{id}/forget", get(ask).post(forget))
}

fn words(kept: &Deleted) -> String {
    let kind = kept.kind.name();
    let (first, rest) = kind.split_at(1);
    format!("{}{rest} {}", first.to_ascii_uppercase(), kept.title)
}

fn size(kept: &Deleted) -> String {
    let rows = counted(usize::try_from(kept.rows).unwrap_or(usize::MAX), "row");
    format!("{rows}, {} KB", kept.bytes / 1024 + 1)
}

async fn list(visit: Visit) -> Answer {
    let after = visit.param("after").to_owned();
    let place = after.split_once('.').and_then(|(at, id)| Some((at.parse::<i64>().ok()?, id)));
    let all = match undo::list(&visit.ctx, place, PAGE).await {
        Ok(all) => all,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Recently deleted", Vec::new()).await;
    if all.is_empty() && place.is_none() {
        let days = visit.app.engine.settings.undo_days;
        let text = match days {
            0 => "This instance keeps nothing that was deleted.".to_owned(),
            days => format!("What the console deletes can be put back for {days} days. Deletions by API calls are final."),
        };
        let link = Some(Link::new("Go to user pools", paths::POOLS));
        view.blocks.push(Block::Empty { title: "Nothing was deleted".to_owned(), text, link });
        return Ok(visit.show(view));
    }
    view.lead = Some("What the console deleted, and can put back.".to_owned());
    let now = visit.ctx.real_now();
    let row = |kept: &Deleted| {
        vec![
            Value::link(&words(kept), &paths::deleted(&kept.id, "")),
            Value::text(&kept.pool_name),
            Value::Moment { at: Moment::of(kept.at, now) },
            Value::text(&kept.by),
            Value::text(&size(kept)),
            Value::Moment { at: Moment::of(kept.expires_at, now) },
        ]
    };
    let last = all.last().filter(|_| i64::try_from(all.len()) == Ok(PAGE));
    view.blocks.push(Block::Table(Table {
        id: "deleted".to_owned(),
        caption: "Deleted".to_owned(),
        columns: ["What", "User pool", "Deleted", "By", "Size", "Kept until"].map(str::to_owned).to_vec(),
        rows: all.iter().map(row).collect(),
        next: last.map(|kept| format!("{}?after={}.{}", paths::DELETED, kept.at, paths::segment(&kept.id))),
        first: place.map(|_| paths::DELETED.to_owned()),
    }));
    Ok(visit.show(view))
}

async fn one(visit: Visit, Path(id): Path<String>) -> Answer {
    match undo::get(&visit.ctx, &id).await {
        Ok(kept) => Ok(page(visit, &kept, None).await),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

async fn page(visit: Visit, kept: &Deleted, refused: Option<String>) -> Response {
    let mut view = visit.view(None, &words(kept), vec![Link::new("Recently deleted", paths::DELETED)]).await;
    view.lead = Some("It was deleted, and can be put back as it was.".to_owned());
    view.blocks.push(Block::Facts(facts(kept, visit.ctx.real_now())));
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let form = Form::new("undo", &paths::deleted(&kept.id, ""), "Undo deletion", Vec::new());
    view.blocks.push(Block::Form(form.titled("Undo").hinting(comes_back(kept.kind)).refused(refused)));
    view.actions.push(Link::new("Delete for good", &paths::deleted(&kept.id, "/forget")));
    visit.show_as(status, view)
}

fn comes_back(kind: Kind) -> &'static str {
    match kind {
        Kind::Pool => {
            "Everything in it comes back with the same ids, keys, passwords and secrets. Sessions come back as well: whoever was \
             signed in still is."
        }
        Kind::Client => {
            "It comes back with its id and its secrets. The refresh tokens that its deletion revoked stay revoked: its users sign \
             in again."
        }
        Kind::User => {
            "The user comes back with the same sub, password and attributes, into those groups that are still there. Sessions that \
             the deletion ended stay ended."
        }
        Kind::Group => "It comes back with those of its members who are still there.",
        Kind::ResourceServer => "It comes back with its scopes, which app clients may ask for again.",
        Kind::Domain => "Its sign-in page and OAuth endpoints answer again, unless the name was taken meanwhile.",
    }
}

fn facts(kept: &Deleted, now: i64) -> Facts {
    Facts {
        id: "deleted".to_owned(),
        title: "What was deleted".to_owned(),
        hint: None,
        facts: vec![
            Named::text("Kind", kept.kind.name()),
            Named::copy("ID or name", &kept.target),
            Named::text("User pool", &kept.pool_name),
            Named::copy("User pool ID", &kept.pool_id),
            Named::new("Deleted", Value::Moment { at: Moment::of(kept.at, now) }),
            Named::text("By", &kept.by),
            Named::text("Size", &size(kept)),
            Named::new("Kept until", Value::Moment { at: Moment::of(kept.expires_at, now) }),
        ],
        links: Vec::new(),
    }
}

async fn restore(Path(id): Path<String>, posted: Posted) -> Answer {
    let visit = posted.visit;
    match undo::restore(&visit.ctx, &id).await {
        Ok(kept) => Ok(visit.go(&place(&kept), &format!("{} was put back.", words(&kept)))),
        Err(error) => {
            // Gone, it has no page to come back to.
            let Ok(kept) = undo::get(&visit.ctx, &id).await else { return Err(visit.failed(&error).await.into()) };
            let (visit, said) = visit.said(&error).await?;
            Ok(page(visit, &kept, Some(said)).await)
        }
    }
}

/// The page of what was put back.
fn place(kept: &Deleted) -> String {
    let (pool, target) = (kept.pool_id.as_str(), kept.target.as_str());
    match kept.kind {
        Kind::Pool => paths::pool(pool, ""),
        Kind::Client => paths::client(pool, target, ""),
        Kind::User => paths::user(pool, target, ""),
        Kind::Group => paths::group(pool, target, ""),
        Kind::ResourceServer => paths::pool(pool, &format!("/resource-servers/of/{}", paths::segment(target))),
        Kind::Domain => paths::pool(pool, "/domain"),
    }
}

async fn ask(visit: Visit, Path(id): Path<String>) -> Answer {
    let kept = match undo::get(&visit.ctx, &id).await {
        Ok(kept) => kept,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let here = |rest: &str| paths::deleted(&kept.id, rest);
    let crumbs = vec![Link::new("Recently deleted", paths::DELETED), Link::new(&words(&kept), &here(""))];
    let mut view = visit.view(None, "Delete for good", crumbs).await;
    view.lead = Some(format!("{} is erased at once, and nothing can put it back.", words(&kept)));
    view.blocks.push(Block::Facts(facts(&kept, visit.ctx.real_now())));
    let text = "The audit trail, messages that were sent, and backups that were made before.".to_owned();
    view.blocks.push(Block::Prose { title: Some("What stays".to_owned()), text });
    let form = Form::new("forget", &here("/forget"), "Delete for good", Vec::new());
    view.blocks.push(Block::Form(form.destroying().or_cancel(&here(""))));
    Ok(visit.show(view))
}

async fn forget(Path(id): Path<String>, posted: Posted) -> Answer {
    let visit = posted.visit;
    match undo::forget(&visit.ctx, &id).await {
        Ok(kept) => Ok(visit.go(paths::DELETED, &format!("{} was deleted for good.", words(&kept)))),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}
