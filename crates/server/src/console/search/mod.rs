//! Search across pools: what is typed is looked for in user pools, app clients, users, groups, domains, messages
//! and events ([`find`]).

mod find;

use http::StatusCode;

use self::find::{Found, Hits, POOLS_MAX, SHOWN_MAX};
use super::{events, inbox, users};
use crate::console::kit::destroy::counted;
use crate::console::kit::frame::Reach;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Facts, Field, Form, Input, Named, State, Table};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;

/// Most characters, quotes and backslashes counted twice: as many as fit a filter of ListUsers (256, model) beside the longest
/// attribute and operator.
const WORDS_MAX: usize = 200;

pub async fn get(mut visit: Visit) -> Answer {
    let words = visit.param("q").trim().to_owned();
    let guide = guide(visit.reach());
    if let Some(said) = refusal(&words) {
        return page(visit, &words, Some(said), vec![guide]).await;
    }
    if words.is_empty() {
        return page(visit, "", None, vec![guide]).await;
    }
    match find::all(&mut visit, &words).await {
        Ok(found) => page(visit, &words, None, results(&words, found, guide)).await,
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

/// Why these words cannot be looked for.
fn refusal(words: &str) -> Option<String> {
    if users::escaped(words).chars().count() > WORDS_MAX {
        let said = "This is too long to search for: at most {} characters, where a quote or a backslash counts as two.";
        return Some(said.replace("{}", &WORDS_MAX.to_string()));
    }
    let control = words.chars().any(char::is_control);
    control.then(|| "Line breaks and other control characters cannot be searched for.".to_owned())
}

async fn page(visit: Visit, words: &str, refused: Option<String>, blocks: Vec<Block>) -> Answer {
    let mut view = visit.view(None, "Search", Vec::new()).await;
    view.lead =
        Some("User pools, app clients, users, groups, domains, messages and events, in all user pools at once.".to_owned());
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    let field = Field::new(Input::Search, "q", "Search for", words).wrong(refused);
    view.blocks.push(Block::Form(Form::asking("search", paths::SEARCH, "Search all user pools", vec![field])));
    view.blocks.extend(blocks);
    Ok(visit.show_as(status, view))
}

/// What can be searched for, and how.
fn guide(reach: Reach) -> Block {
    let mut links = vec![Link::new("Find an event", paths::EVENTS), Link::new("Find a message", paths::INBOX)];
    links.retain(|link| reach.leads_to(&link.url));
    Block::Facts(Facts {
        id: "guide".to_owned(),
        title: "What can be searched for".to_owned(),
        hint: Some(format!("In the first {POOLS_MAX} user pools; {SHOWN_MAX} results of a kind are shown.")),
        facts: vec![
            Named::text("User pools", "The ID, or part of the name."),
            Named::text("App clients", "The client ID, or part of the name."),
            Named::text("Users", "The sub, or how the username, email, phone number or name begins.").noting(
                "Capitals count, as in ListUsers: Ada does not find ada. A phone number has no spaces; its + may be left out.",
            ),
            Named::text("Groups", "Part of the name."),
            Named::text("Domains", "The whole prefix, or the whole custom domain."),
            Named::text(
                "Events",
                &format!("Any text of the newest {}: an ID, an error, an operation, an address.", events::SEARCHED),
            ),
            Named::text("Messages", "Address, subject or any text, where messages are kept in the inbox."),
        ],
        links,
    })
}

fn results(words: &str, found: Found, guide: Block) -> Vec<Block> {
    let bounds = bounds(&found);
    let pools = counted(found.looked_into, "user pool");
    let kinds: [(&str, &str, &[&str], Hits); 7] = [
        ("pools", "User pools", &["Name", "User pool ID"], found.pools),
        ("clients", "App clients", &["Name", "Client ID", "User pool"], found.clients),
        ("users", "Users", &["User", "Sub", "Status", "User pool"], found.users),
        ("groups", "Groups", &["Group", "User pool"], found.groups),
        ("domains", "Domains", &["Domain", "User pool"], found.domains),
        ("messages", "Messages", &inbox::COLUMNS, found.messages),
        ("events", "Events", &events::COLUMNS, found.events),
    ];
    let mut blocks: Vec<Block> = Vec::new();
    for (id, kind, columns, hits) in kinds {
        if !hits.rows.is_empty() {
            let count = if hits.more { format!("the first {SHOWN_MAX}") } else { hits.rows.len().to_string() };
            blocks.push(Block::Table(Table {
                id: id.to_owned(),
                caption: format!("{kind}: {count}"),
                columns: columns.iter().map(|column| (*column).to_owned()).collect(),
                rows: hits.rows,
                next: None,
                first: None,
            }));
        }
    }
    if blocks.is_empty() {
        blocks.push(Block::Empty {
            title: "Nothing found".to_owned(),
            text: format!("Nothing in {pools} matches {words}."),
            link: Some(Link::new("Open user pools", paths::POOLS)),
        });
        blocks.push(guide);
    }
    if !bounds.is_empty() {
        blocks.push(Block::Notice { state: State::Info, text: bounds.join(" "), link: None });
    }
    blocks
}

/// What was not looked at, or is not shown, in sentences.
fn bounds(found: &Found) -> Vec<String> {
    let mut said = Vec::new();
    if found.more_pools {
        said.push(format!("There are more user pools than the {POOLS_MAX} that were looked into."));
    }
    let kinds = [("app clients", "ID", &found.clients), ("groups", "name", &found.groups)];
    for (kind, whole, hits) in kinds {
        if hits.partly {
            said.push(format!(
                "A user pool has more than {POOLS_MAX} {kind}: those behind them are found by the whole {whole} only."
            ));
        }
    }
    let all = [&found.pools, &found.clients, &found.users, &found.groups, &found.domains, &found.events, &found.messages];
    if all.iter().any(|hits| hits.more) {
        said.push(format!("Only the first {SHOWN_MAX} of a kind are shown: type more to find the others."));
    }
    said
}
