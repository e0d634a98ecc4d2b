//! The console's home, the pool switcher's form, and what answers an address of the console that does not exist.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::{events, pools};
use crate::console::kit::frame::Reach;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Card, Facts, Named, State, Value};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;
use crate::refusal::see;

/// The newest of what happened.
const EVENTS_SHOWN: usize = 10;

pub async fn get(mut visit: Visit) -> Answer {
    let listed = match visit.call("ListUserPools", json!({ "MaxResults": 60 })).await {
        Ok(listed) => listed,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    visit.knows_pools(&listed);
    let happened = match events::latest(&visit, EVENTS_SHOWN).await {
        Ok(happened) => happened,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Poolhouse console", Vec::new()).await;
    let reach = visit.reach();
    view.actions = vec![Link::new("Quick create", paths::QUICK_CREATE), Link::new("Create user pool", pools::create::URL)];
    if reach.flow {
        view.actions.push(Link::new("Test a flow", paths::FLOW));
    }
    view.lead = Some("User pools, the apps that use them, and the people in them.".to_owned());
    view.blocks.push(pools::table(&listed, visit.ctx.now, None));
    view.blocks.extend(happened);
    view.blocks.push(Block::Cards { title: Some("Go on".to_owned()), cards: ways(reach) });
    let settings = &visit.app.engine.settings;
    view.blocks.push(Block::Facts(Facts {
        id: "instance".to_owned(),
        title: "This instance".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("API, OAuth endpoints, issuer", &settings.public_url),
            Named::copy("Domains", &settings.domain_url),
            Named::copy("Region", &settings.region),
            Named::new(
                "Messages",
                match reach.inbox {
                    true => Value::link("kept in the inbox", paths::INBOX),
                    false => Value::text("sent by mail"),
                },
            ),
        ],
        links: Vec::new(),
    }));
    Ok(visit.show(view))
}

fn ways(reach: Reach) -> Vec<Card> {
    let card = |title: &str, text: &str, url: &str| Card { title: title.to_owned(), text: text.to_owned(), url: url.to_owned() };
    let mut cards = vec![
        card("Test a flow", "The authorization code flow a page a step, with every request and answer.", paths::FLOW),
        card("Token inspector", "What a token is, what it says, and why an API would refuse it.", paths::TOKEN),
        card("Events", "What was done and refused, by whom, and why.", paths::EVENTS),
        card("Inbox", "Codes, invitations and links that users would get by email or text message.", paths::INBOX),
        card("Health", "Whether requests can be answered, and the configuration in force.", paths::HEALTH),
    ];
    cards.retain(|card| reach.leads_to(&card.url));
    cards
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
