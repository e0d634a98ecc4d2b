//! Step 1: which client, what it still lacks for this flow, and the beginning of a run.

use axum::Extension;
use axum::response::Response;
use http::header;
use poolhouse_engine::error::Error;
use poolhouse_engine::keys::entropy;
use poolhouse_engine::oauth::grants::code::challenge_of;
use poolhouse_engine::oauth::runs;
use poolhouse_engine::pools;
use poolhouse_wire::ErrorCode;
use serde_json::{Value as Json, json};

use super::{COOKIE, Going, Run, Tokens, callback_url, raw, settings};
use crate::console::kit::json::{list, text, texts};
use crate::console::kit::paths;
use crate::console::kit::view::{Block, Choice, Field, Form, Input, State, View};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::cookies;
use crate::pages::fields::Link;
use crate::reached::Reached;

/// Choices of one list; the operations give no more at a time.
const LISTED: u32 = 60;

/// This page with pool and client chosen.
pub fn address(pool: &str, client: &str) -> String {
    format!("{}?pool={}&client={}", paths::FLOW, paths::segment(pool), paths::segment(client))
}

pub async fn choose(mut visit: Visit, Extension(reached): Extension<Reached>) -> Answer {
    let (pool, client) = (visit.param("pool").to_owned(), visit.param("client").to_owned());
    let known = match choices(&mut visit, &pool).await {
        Ok(known) => known,
        Err(error) => return Err(visit.failed(&error).await.into()),
    };
    let client = match known.clients.as_slice() {
        [only] if client.is_empty() => only.0.clone(),
        _ => client,
    };
    let chosen = Some(pool.as_str()).filter(|pool| !pool.is_empty());
    let mut view = visit.view(chosen, "Test a flow", Vec::new()).await;
    view.lead = Some(
        "Goes through a flow as an app does, one page a step, with every request and answer as it is on the wire: the authorization \
         code flow, or of a machine's app client the client credentials flow."
            .to_owned(),
    );
    if reached.authority != raw::host(&visit.origin) {
        view.blocks.push(elsewhere(&visit.origin, &pool, &client));
    }
    if known.pools.is_empty() {
        view.blocks.push(Block::Empty {
            title: "No user pools yet".to_owned(),
            text: "A flow needs a user pool, an app client and a user who signs in.".to_owned(),
            link: Some(Link::new("Go to user pools", paths::POOLS)),
        });
        return Ok(visit.show(view));
    }
    view.blocks.extend(known.forms(&pool, &client));
    if !pool.is_empty() && known.clients.is_empty() {
        view.blocks.push(Block::Empty {
            title: "No app clients yet".to_owned(),
            text: "An app client lets one application ask for tokens.".to_owned(),
            link: Some(Link::new("Open the user pool", &paths::pool(&pool, ""))),
        });
    }
    if !client.is_empty() {
        let input = json!({ "UserPoolId": pool, "ClientId": client });
        match visit.call("DescribeUserPoolClient", input).await {
            Ok(described) => ready(&mut visit, &mut view, described.get("UserPoolClient").unwrap_or(&Json::Null)),
            Err(error) => return Err(visit.failed(&error).await.into()),
        }
    }
    Ok(visit.show(view))
}

/// Names and ids to choose from.
struct Choices {
    pools: Vec<(String, String)>,
    clients: Vec<(String, String)>,
}

async fn choices(visit: &mut Visit, pool: &str) -> Result<Choices, Error> {
    let named = |listed: &Json, shape: &str, id: &str, name: &str| -> Vec<(String, String)> {
        list(listed, shape).iter().map(|one| (text(one, id).to_owned(), text(one, name).to_owned())).collect()
    };
    let pools = visit.call_aside("ListUserPools", json!({ "MaxResults": LISTED })).await?;
    let pools = named(&pools, "UserPools", "Id", "Name");
    let clients = match pool {
        "" => Vec::new(),
        pool => {
            let listed = visit.call("ListUserPoolClients", json!({ "UserPoolId": pool, "MaxResults": LISTED })).await?;
            named(&listed, "UserPoolClients", "ClientId", "ClientName")
        }
    };
    Ok(Choices { pools, clients })
}

impl Choices {
    fn forms(&self, pool: &str, client: &str) -> Vec<Block> {
        let select = |name: &str, label: &str, all: &[(String, String)], chosen: &str| {
            let one = |(id, name): &(String, String)| Choice::new(id, &format!("{name} · {id}"), id == chosen);
            Field::one_of(Input::Select, name, label, all.iter().map(one).collect())
        };
        let pools = vec![select("pool", "User pool", &self.pools, pool)];
        let mut forms = vec![Block::Form(Form::asking("choose-pool", paths::FLOW, "Choose user pool", pools))];
        if !self.clients.is_empty() {
            let clients = vec![Field::hidden("pool", pool), select("client", "App client", &self.clients, client)];
            forms.push(Block::Form(Form::asking("choose-client", paths::FLOW, "Choose app client", clients)));
        }
        forms
    }
}

/// The callback comes to one address: cookies of another name for this machine would not.
fn elsewhere(origin: &str, pool: &str, client: &str) -> Block {
    Block::Notice {
        state: State::Warn,
        text: format!("The callback comes to {origin}, and this page is open under another address. Go on there."),
        link: Some(Link::new("Open this page there", &format!("{origin}{}", address(pool, client)))),
    }
}

fn ready(visit: &mut Visit, view: &mut View, client: &Json) {
    let callback = callback_url(visit);
    let missing = settings::missing(client, &callback);
    if missing.is_empty() {
        let text = "This app client has all that the flow needs.".to_owned();
        view.blocks.push(Block::Notice { state: State::Ok, text, link: None });
    } else {
        visit.would_call("UpdateUserPoolClient", &settings::completed(client, &callback));
        view.blocks.extend(settings::ask(client, &missing));
    }
    view.blocks.push(begin_form(client, missing.is_empty()));
    // One call a page: what is still missing is added first.
    if missing.is_empty()
        && let Some(input) = settings::without(client, &callback)
    {
        visit.would_call("UpdateUserPoolClient", &input);
        view.blocks.push(settings::offer_removal(client, &callback));
    }
}

/// Whether the client asks for itself, and no user signs in.
pub fn is_machine(client: &Json) -> bool {
    texts(client, "AllowedOAuthFlows").iter().any(|flow| flow == "client_credentials")
}

fn begin_form(client: &Json, ready: bool) -> Block {
    let fields = vec![Field::hidden("pool", text(client, "UserPoolId")), Field::hidden("client", text(client, "ClientId"))];
    let hint = if ready { "Nothing is sent yet." } else { "It can begin as things are, to see it refused." };
    if is_machine(client) {
        let form = Form::new("begin", "/console/flow/start", "Start the flow", fields).titled("Client credentials flow");
        return Block::Form(form.hinting(&format!("The app asks for itself: no user signs in. {hint}")));
    }
    let choices = vec![
        Choice::new("S256", "With PKCE", true)
            .hinting("The app proves at the end that it is the one that began. Every new app should."),
        Choice::new("none", "Without PKCE", false).hinting("As older apps and many tutorials do it."),
    ];
    let flow = Field::one_of(Input::Radio, "pkce", "Authorization code flow", choices).must();
    let fields = fields.into_iter().chain([flow]).collect();
    Block::Form(Form::new("begin", "/console/flow/start", "Start the flow", fields).hinting(hint))
}

pub async fn begin(Extension(reached): Extension<Reached>, posted: Posted) -> Answer {
    let (pool, client) = (posted.text("pool").to_owned(), posted.text("client").to_owned());
    let pkce = posted.text("pkce") == "S256";
    let visit = posted.visit;
    match begun(&visit, &pool, &client, pkce).await {
        Ok((going, cookie)) => {
            let mut response: Response = crate::refusal::see(&going.first());
            if let Some(name) = cookie {
                response.headers_mut().append(header::SET_COOKIE, cookies::set(COOKIE, &name, reached.https));
            }
            Ok(response)
        }
        Err(error) => Err(visit.failed(&error).await.into()),
    }
}

/// A new run that is kept, and the name that a browser gets where nobody signs in and it has none.
async fn begun(visit: &Visit, pool: &str, client: &str, pkce: bool) -> Result<(Going, Option<String>), Error> {
    let open = new_run(visit, pool, client, pkce).await?;
    let (owner, cookie) = match &visit.owner {
        Some(owner) => (owner.clone(), None),
        None => {
            let name = entropy::token(visit.ctx.entropy());
            (super::of_browser(&name), Some(name))
        }
    };
    runs::begin(&visit.ctx, &owner, &open).await?;
    Ok((Going { owner, open }, cookie))
}

async fn new_run(visit: &Visit, pool: &str, client: &str, pkce: bool) -> Result<runs::Open<Run>, Error> {
    let input = json!({ "UserPoolId": pool, "ClientId": client });
    let described = visit.call_aside("DescribeUserPoolClient", input).await?;
    let described = described.get("UserPoolClient").cloned().unwrap_or_default();
    let pool = pools::find(&visit.ctx, pool).await?.ok_or_else(|| Error::new(ErrorCode::ResourceNotFoundException, ""))?;
    let entropy = visit.ctx.entropy();
    let (state, nonce) = (entropy::alphanumerics(entropy, 22), entropy::alphanumerics(entropy, 22));
    let verifier = pkce.then(|| entropy::token(entropy));
    let mut parameters = vec![
        ("response_type", "code".to_owned()),
        ("client_id", client.to_owned()),
        ("redirect_uri", callback_url(visit)),
        ("scope", texts(&described, "AllowedOAuthScopes").join(" ")),
        ("state", state.clone()),
        ("nonce", nonce.clone()),
    ];
    if let Some(verifier) = &verifier {
        parameters.push(("code_challenge", challenge_of(verifier)));
        parameters.push(("code_challenge_method", "S256".to_owned()));
    }
    let machine = is_machine(&described);
    // A machine sends nobody to a sign-in page.
    let parameters = parameters.into_iter().filter(|(_, value)| !machine && !value.is_empty());
    let run = Run {
        machine,
        state,
        nonce,
        verifier,
        parameters: parameters.map(|(name, value)| (name.to_owned(), value)).collect(),
        callback: None,
        token: None,
        user_info: None,
        refresh: None,
        revoke: None,
        tokens: Tokens::default(),
    };
    Ok(runs::Open { id: runs::id(&visit.ctx), pool, client_id: client.to_owned(), run })
}
