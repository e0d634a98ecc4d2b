//! The console's home, the pool switcher's form, and what answers an address of the console that does not exist.

use axum::Extension;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};
use poolhouse_engine::delivery::inbox::Filter;
use poolhouse_engine::error::Error;
use serde_json::{Value as Json, json};

use super::kit::json::{list, text};
use super::{activity, events, first_steps, health, pools};
use crate::config::Console;
use crate::console::kit::frame::Reach;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Card, Facts, Named, State, Value};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::cookies;
use crate::facts::DEMO_POOL_SUFFIX;
use crate::host;
use crate::pages::fields::{Link, Moment};
use crate::reached::Reached;
use crate::refusal::see;

/// The newest of what happened.
const EVENTS_SHOWN: usize = 10;
/// Pools whose users and clients are counted here; the list of pools has all.
const POOLS_SHOWN: usize = 10;
/// The cookie of who wants no checklist.
const NO_CHECKLIST: &str = "poolhouse-no-checklist";
const KEPT_SECONDS: u32 = 365 * 24 * 3600;

pub async fn get(mut visit: Visit, Extension(reached): Extension<Reached>, headers: HeaderMap) -> Answer {
    let listed = match visit.call("ListUserPools", json!({ "MaxResults": 60 })).await {
        Ok(listed) => listed,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    visit.knows_pools(&listed);
    let hidden = cookies::get(&headers, NO_CHECKLIST).is_some() && visit.param("checklist") != "show";
    let blocks = match blocks(&visit, &listed, hidden).await {
        Ok(blocks) => blocks,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Poolhouse console", Vec::new()).await;
    view.actions = vec![Link::new("Quick create", paths::QUICK_CREATE)];
    if visit.reach().flow {
        view.actions.push(Link::new("Test a flow", paths::FLOW));
    }
    view.actions.push(Link::new("Load seed file", paths::SEED));
    view.lead = Some("User pools, the apps that use them, and the people in them.".to_owned());
    view.blocks.extend(warnings(&visit, &reached, &listed));
    view.blocks.extend(blocks);
    view.blocks.push(Block::Cards { title: Some("Go on".to_owned()), cards: ways(visit.reach(), hidden) });
    view.blocks.push(instance(&visit));
    Ok(visit.show(view))
}

/// What there is and what happened; without any pool, the ways to the first one.
async fn blocks(visit: &Visit, listed: &Json, hidden: bool) -> Result<Vec<Block>, Error> {
    let now = visit.ctx.now;
    let mut blocks = Vec::new();
    let counted = pools::counted(visit, listed, POOLS_SHOWN).await;
    if !hidden {
        blocks.extend(first_steps::checklist(visit, &counted).await?.map(Block::Checklist));
    }
    if counted.is_empty() {
        blocks.push(Block::Cards { title: Some("Begin with a user pool".to_owned()), cards: beginnings() });
    } else {
        blocks.push(activity::chart(visit, None, paths::HOME).await?);
        blocks.push(pools::table(&counted, now, None, None));
        if list(listed, "UserPools").len() > counted.len() {
            let text = format!("These are the first {POOLS_SHOWN} user pools.");
            let link = Some(Link::new("Open all user pools", paths::POOLS));
            blocks.push(Block::Notice { state: State::Info, text, link });
        }
    }
    blocks.extend(newest_message(visit).await?);
    blocks.extend(events::latest(visit, EVENTS_SHOWN).await?);
    Ok(blocks)
}

/// What is not as it seems, as far as it can be known.
fn warnings(visit: &Visit, reached: &Reached, listed: &Json) -> Vec<Block> {
    let mut all = health::surprises(visit);
    let mut warn = |state, text: String, link| all.push(Block::Notice { state, text, link });
    let front = &visit.app.front;
    let demo = list(listed, "UserPools").iter().map(|pool| text(pool, "Id")).find(|id| id.ends_with(DEMO_POOL_SUFFIX));
    if let (Some(id), false) = (demo, front.console == Console::Open) {
        let text = "The demo pool is on this instance: everybody can read its password and its secret in the documentation.";
        warn(State::Bad, text.to_owned(), Some(Link::new("Delete the demo pool", &paths::pool(id, "/delete"))));
    }
    let settings = &visit.app.engine.settings;
    let came_by = host::host_of(&reached.authority).map(str::to_ascii_lowercase);
    let local = |host: &Option<String>| host.as_deref().is_some_and(host::is_loopback);
    let same = came_by == visit.app.public_host || (local(&came_by) && local(&visit.app.public_host));
    // A console with a listener of its own is elsewhere on purpose.
    if front.console.is_public() && !same {
        let text = format!(
            "You came by {}, but the addresses that this instance writes, and the issuer of its tokens, begin with {}. Apps must \
             use that one.",
            reached.authority, settings.public_url
        );
        warn(State::Warn, text, Some(Link::new("See where it answers", paths::HEALTH)));
    }
    if settings.fixed_code.is_some() {
        warn(
            State::Info,
            "Every confirmation code is the same on this instance: whoever knows it can confirm anybody.".to_owned(),
            None,
        );
    }
    all
}

async fn newest_message(visit: &Visit) -> Result<Option<Block>, Error> {
    let Some(inbox) = visit.app.engine.inbox.as_ref().filter(|_| visit.reach().inbox) else { return Ok(None) };
    let Some(message) = inbox.list(&Filter::default()).await?.into_iter().next() else { return Ok(None) };
    let mut facts = vec![
        Named::new(
            "About",
            Value::link(
                message.subject.as_deref().unwrap_or("Text message"),
                &format!("{}/{}", paths::INBOX, paths::segment(&message.id)),
            ),
        ),
        Named::text("To", &message.address),
        Named::new("Sent", Value::Moment { at: Moment::of(message.created_at, visit.ctx.now) }),
    ];
    facts.extend(message.code.as_deref().map(|code| Named::copy("Code", code)));
    Ok(Some(Block::Facts(Facts {
        id: "message".to_owned(),
        title: "Newest message".to_owned(),
        hint: None,
        facts,
        links: vec![Link::new("Open inbox", paths::INBOX)],
    })))
}

fn instance(visit: &Visit) -> Block {
    let settings = &visit.app.engine.settings;
    Block::Facts(Facts {
        id: "instance".to_owned(),
        title: "This instance".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("API, OAuth endpoints, issuer", &settings.public_url),
            Named::copy("Domains", &settings.domain_url),
            Named::copy("Region", &settings.region),
            Named::new(
                "Messages",
                match visit.reach().inbox {
                    true => Value::link("kept in the inbox", paths::INBOX),
                    false => Value::text("sent by mail"),
                },
            ),
        ],
        links: vec![Link::new("See health and configuration", paths::HEALTH)],
    })
}

fn card(title: &str, text: &str, url: &str) -> Card {
    Card { title: title.to_owned(), text: text.to_owned(), url: url.to_owned() }
}

fn beginnings() -> Vec<Card> {
    vec![
        card("Quick create", "A user pool, an app client, a domain and a user, in a few questions.", paths::QUICK_CREATE),
        card("Create user pool", "A user pool alone, with its settings chosen one by one.", pools::create::URL),
        card("Load seed file", "Pools, clients and users as a file says, the same on every machine.", paths::SEED),
    ]
}

fn ways(reach: Reach, hidden: bool) -> Vec<Card> {
    let mut cards = vec![
        card("Test a flow", "The authorization code flow a page a step, with every request and answer.", paths::FLOW),
        card("Token inspector", "What a token is, what it says, and why an API would refuse it.", paths::TOKEN),
        card("Events", "What was done and refused, by whom, and why.", paths::EVENTS),
        card("Inbox", "Codes, invitations and links that users would get by email or text message.", paths::INBOX),
        card("Health", "Whether requests can be answered, and the configuration in force.", paths::HEALTH),
    ];
    if hidden {
        cards.push(card("First steps", "The checklist that you have hidden.", "/console?checklist=show"));
    }
    cards.retain(|card| reach.leads_to(&card.url));
    cards
}

/// Hides the checklist in this browser.
pub async fn hide(posted: Posted) -> Answer {
    let cookie = cookies::keep(NO_CHECKLIST, "yes", posted.visit.https, KEPT_SECONDS);
    let mut response = see(paths::HOME);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `?pool=ID`: the switcher without script.
pub async fn switch(visit: Visit) -> Response {
    match visit.param("pool") {
        "" => see(paths::POOLS),
        pool => see(&paths::pool(pool, "")),
    }
}

/// Nothing at this address.
pub async fn missing(visit: Visit) -> Response {
    let mut view = visit.view(None, "No such page", Vec::new()).await;
    let text = "The console has no page at this address. The menu leads to all it has.".to_owned();
    view.blocks.push(Block::Notice { state: State::Warn, text, link: Some(Link::new("Go to the console's home", paths::HOME)) });
    visit.show_as(StatusCode::NOT_FOUND, view)
}
