//! One message: its code and link, what it says, whom it went to. Part of `inbox`.

use axum::extract::Path;
use poolhouse_engine::delivery::inbox::{Inbox, Kept};
use poolhouse_engine::pools;
use serde_json::json;

use super::{enter, for_tests, kind, title, url};
use crate::console::kit::json::{list, text};
use crate::console::kit::view::{Block, Facts, Form, Named, Value};
use crate::console::kit::visit::{Answer, Posted, Stop, Visit};
use crate::console::kit::{mail, paths};
use crate::console::{home, users};
use crate::pages::fields::{Link, Moment};
use crate::smtp::is_html;

/// Users of one address that are named.
const USERS_MAX: usize = 5;

/// The message of an address; a page that says no where there is none.
async fn find(visit: Visit, id: &str) -> Result<(Visit, std::sync::Arc<Inbox>, Kept), Stop> {
    let (visit, inbox) = enter(visit).await?;
    let found = if id.contains('\0') { Ok(None) } else { inbox.get(id).await };
    match found {
        Ok(Some(message)) => Ok((visit, inbox, message)),
        Ok(None) => Err(home::missing(visit).await.into()),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

pub(super) async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, _, message) = find(visit, &id).await?;
    let recipients = recipients(&visit, &message).await;
    let source = visit.param("as") == "source";
    let mut view = visit.view(None, &title(&message), vec![Link::new("Inbox", paths::INBOX)]).await;
    let mut facts = Vec::new();
    facts.extend(message.code.as_deref().map(|code| Named::copy("Code", code)));
    facts.extend(message.link.as_deref().map(|link| Named::copy("Link", link)));
    facts.push(Named::copy("To", &message.address));
    facts.extend(recipients);
    facts.push(Named::new("User pool", Value::link(&message.pool_id, &paths::pool(&message.pool_id, ""))));
    facts.push(Named::text("Sent for", kind(&message.kind)));
    facts.push(Named::text("Channel", if message.medium == "SMS" { "text message" } else { "email" }));
    facts.push(Named::new("Sent", Value::Moment { at: Moment::of(message.created_at, visit.ctx.now) }));
    let mut links: Vec<Link> = message.link.iter().map(|link| Link::new("Open the link", link)).collect();
    links.push(Link::new("Messages to this address", &format!("{}?address={}", paths::INBOX, paths::segment(&message.address))));
    let events = [("pool", message.pool_id.as_str()), ("user", message.address.as_str())];
    let query: Vec<String> = events.iter().map(|(name, value)| format!("{name}={}", paths::segment(value))).collect();
    links.push(Link::new("Events of this address", &format!("{}?{}", paths::EVENTS, query.join("&"))));
    links.push(Link::new("Delete message", &url(&message.id, "/delete")));
    view.blocks.push(Block::Facts(Facts { id: "message".to_owned(), title: "Message".to_owned(), hint: None, facts, links }));
    let html = message.medium != "SMS" && is_html(&message.body);
    let words = if html && !source { plain(&message.body) } else { message.body.clone() };
    let name = if html && source { "Source" } else { "Text" };
    view.blocks.push(Block::Code { title: name.to_owned(), hint: None, text: words });
    if html {
        let other = match source {
            true => Link::new("Show text", &url(&message.id, "")),
            false => Link::new("Show source", &url(&message.id, "?as=source")),
        };
        view.actions = vec![Link::new("Show as a mail program does", &url(&message.id, "/html")), other];
    }
    view.blocks.push(for_tests(&visit, Some(&message.address), Some(&message.id)));
    Ok(visit.show(view))
}

/// The users of the message's pool who have its address now.
async fn recipients(visit: &Visit, message: &Kept) -> Vec<Named> {
    let attribute = if message.medium == "SMS" { "phone_number" } else { "email" };
    let filter = users::condition(attribute, "=", &message.address);
    let input = json!({ "UserPoolId": message.pool_id, "Filter": filter, "Limit": USERS_MAX });
    // The pool may be gone, and a message to nobody is worth no failure of the page.
    let (Ok(Some(pool)), Ok(listed)) =
        (pools::find(&visit.ctx, &message.pool_id).await, visit.call_aside("ListUsers", input).await)
    else {
        return Vec::new();
    };
    let user =
        |user| Named::new("User", Value::link(&users::name_of(&pool, user), &paths::user(&pool.id, text(user, "Username"), "")));
    list(&listed, "Users").iter().map(user).collect()
}

/// The words of an HTML body, without its tags.
fn plain(html: &str) -> String {
    let mut words = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        words.push_str(before);
        let Some((tag, after)) = tag.split_once('>') else {
            rest = "";
            break;
        };
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_ascii_lowercase();
        if matches!(name.as_str(), "br" | "p" | "div" | "tr" | "li" | "h1" | "h2" | "h3") && !words.is_empty() {
            words.push('\n');
        }
        rest = after;
    }
    words.push_str(rest);
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    signs.iter().fold(words, |words, (sign, letter)| words.replace(sign, letter)).trim().to_owned()
}

pub(super) async fn html(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, _, message) = find(visit, &id).await?;
    if message.medium == "SMS" || !is_html(&message.body) {
        return Err(home::missing(visit).await.into());
    }
    Ok(mail::html(message.body))
}

pub(super) async fn ask(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, _, message) = find(visit, &id).await?;
    let here = url(&message.id, "");
    let crumbs = vec![Link::new("Inbox", paths::INBOX), Link::new(&title(&message), &here)];
    let mut view = visit.view(None, "Delete message", crumbs).await;
    view.blocks.push(Block::Facts(Facts {
        id: "lost".to_owned(),
        title: "What is lost".to_owned(),
        hint: Some("There is no undo.".to_owned()),
        facts: vec![
            Named::text("Message", &title(&message)),
            Named::text("To", &message.address),
            Named::new("Sent", Value::Moment { at: Moment::of(message.created_at, visit.ctx.now) }),
        ],
        links: Vec::new(),
    }));
    let text = "A code in it is valid as long as before.".to_owned();
    view.blocks.push(Block::Prose { title: Some("What stays".to_owned()), text });
    let form = Form::new("delete", &url(&message.id, "/delete"), "Delete message", Vec::new());
    view.blocks.push(Block::Form(form.destroying().or_cancel(&here)));
    Ok(visit.show(view))
}

pub(super) async fn delete(Path(id): Path<String>, posted: Posted) -> Answer {
    let (visit, inbox, message) = find(posted.visit, &id).await?;
    visit.ctx.concerns_pool(&message.pool_id);
    match visit.ctx.change("DeleteMessages", inbox.delete(&message.id)).await {
        Ok(_) => Ok(visit.go(paths::INBOX, &format!("The message to {} was deleted.", message.address))),
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn html_is_told_in_words() {
        assert_eq!(plain("<p>Hello <b>Ada</b>,</p><br>1 &lt; 2 &amp;lt; 3"), "Hello Ada,\n\n1 < 2 &lt; 3");
        assert_eq!(plain("no tags"), "no tags");
        assert_eq!(plain("cut <a href="), "cut");
    }
}
