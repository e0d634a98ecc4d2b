//! The console's home, the pool switcher's form, and what answers an address of the console that does not exist.

use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::pools;
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Card, Facts, Named, State, Value};
use crate::console::kit::visit::{Answer, Visit};
use crate::pages::fields::Link;
use crate::refusal::see;

pub async fn get(mut visit: Visit) -> Answer {
    let listed = match visit.call("ListUserPools", json!({ "MaxResults": 60 })).await {
        Ok(listed) => listed,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let mut view = visit.view(None, "Poolhouse console", Vec::new()).await;
    view.actions = vec![
        Link::new("Quick create", paths::QUICK_CREATE),
        Link::new("Create user pool", pools::create::URL),
        Link::new("Test a flow", paths::FLOW),
    ];
    view.lead = Some("User pools, the apps that use them, and the people in them.".to_owned());
    view.blocks.push(pools::table(&listed, visit.ctx.now, None));
    view.blocks.push(Block::Cards { title: Some("Go on".to_owned()), cards: ways() });
    let settings = &visit.app.engine.settings;
    view.blocks.push(Block::Facts(Facts {
        id: "instance".to_owned(),
        title: "This instance".to_owned(),
        hint: None,
        facts: vec![
            Named::copy("API, OAuth endpoints, issuer", &settings.public_url),
            Named::copy("Domains", &settings.domain_url),
            Named::copy("Region", &settings.region),
            Named::new("Messages", Value::link("kept in the inbox", paths::INBOX)),
        ],
        links: Vec::new(),
    }));
    Ok(visit.show(view))
}

fn ways() -> Vec<Card> {
    let card = |title: &str, text: &str, url: &str| Card { title: title.to_owned(), text: text.to_owned(), url: url.to_owned() };
    vec![
        card("Test a flow", "The authorization code flow a page a step, with every request and answer.", paths::FLOW),
        card("Token inspector", "What a token is, what it says, and why an API would refuse it.", paths::TOKEN),
        card("Events", "What was done and refused, by whom, and why.", paths::EVENTS),
        card("Inbox", "Codes, invitations and links that users would get by email or text message.", paths::INBOX),
        card("Health", "Whether requests can be answered, and the configuration in force.", paths::HEALTH),
    ]
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
