//! Step 2: the authorization request, every parameter explained and free to be changed; then the real sign-in page.

use axum::extract::Path;
use poolhouse_engine::oauth::authorize;
use poolhouse_engine::oauth::params::Params;
use poolhouse_engine::oauth::site::Site;

use super::{Going, Why, base, raw, show};
use crate::console::kit::view::{Block, Field, Form, State, View};
use crate::console::kit::visit::{Answer, Posted, Visit};
use crate::pages::fields::Link;

/// Every parameter one can set here, in the order they are sent, with what it is for.
const PARAMETERS: [(&str, &str); 12] = [
    ("response_type", "What shall come back: code, for this flow. token would ask for tokens at once (implicit grant)."),
    ("client_id", "Which app asks."),
    ("redirect_uri", "Where the answer goes. It has to be registered with the app client, the same to the last character."),
    ("scope", "What the app wants, words with spaces between. Left out: everything that the app client allows."),
    (
        "state",
        "Comes back as it is. The app compares it with what it remembers, so that nobody can slip it an answer of another \
         sign-in. Change it to see that.",
    ),
    ("nonce", "Stands in the ID token afterwards, and ties that to this request."),
    ("code_challenge", "PKCE: the hash of a secret that only the app has. Whoever redeems the code must show the secret."),
    ("code_challenge_method", "PKCE: how the hash was made. S256 is the only one taken."),
    ("prompt", "login asks for the password even if this browser is signed in; none asks for nothing at all."),
    ("login_hint", "Fills in the user's name on the sign-in page."),
    ("identity_provider", "COGNITO for the pool's own users."),
    ("resource", "An address of the API that the access token is for; becomes its aud claim."),
];

fn query(parameters: &[(String, String)]) -> String {
    parameters.iter().fold(Params::default(), |all, (name, value)| all.with(name, value)).query_without(&[])
}

pub async fn get(visit: Visit, Path(id): Path<String>) -> Answer {
    let (visit, going) = Going::open(visit, &id, "authorize").await?;
    let mut view = going.view(&visit, "authorize").await;
    let (base, query) = (base(&visit).to_owned(), query(&going.open.run.parameters));
    let url = format!("{base}/oauth2/authorize?{query}");
    view.actions.insert(0, Link::new("Open the sign-in page", &url));
    foretell(&visit, &going, &query, &mut view).await;
    view.blocks.push(Block::Code {
        title: "Address to send the browser to".to_owned(),
        hint: Some("An app answers its own sign-in button with a redirect to this address.".to_owned()),
        text: url,
    });
    view.blocks.push(Block::Code {
        title: "Raw request".to_owned(),
        hint: Some("As the browser sends it.".to_owned()),
        text: format!("GET /oauth2/authorize?{query} HTTP/1.1\nHost: {}", raw::host(&base)),
    });
    let field =
        |(name, about): &(&str, &str)| Field::text(name, name, going.open.run.sent(name).unwrap_or_default()).hinting(about);
    view.blocks.push(Block::Form(
        Form::new("parameters", &going.path("authorize"), "Build the address anew", PARAMETERS.iter().map(field).collect())
            .titled("Parameters")
            .hinting("Change what you like, also to something wrong: the answer is explained. What is empty is left out."),
    ));
    show(visit, &going, "authorize", view, false)
}

/// What the endpoint is going to say, asked of its own checks.
async fn foretell(visit: &Visit, going: &Going, query: &str, view: &mut View) {
    let Ok(params) = Params::parse(query) else { return };
    let notice = match authorize::check(&visit.ctx, &Site { pool: None }, &params).await {
        Ok(request) => Block::Notice {
            state: State::Ok,
            text: format!(
                "This request is in order: the browser comes to the sign-in page, or straight back if it is signed in already. \
                 Scopes it grants: {}.",
                request.scopes.join(" ")
            ),
            link: None,
        },
        Err(refusal) => {
            let whereto = match refusal.redirect {
                Some(_) => "The app is told by a redirect to the callback.",
                None => "Nothing goes back to the app: the browser is shown an error page.",
            };
            let text = format!("This request will be refused. {} {whereto}", Why::of(&refusal.error).sentence());
            let link = super::start::address(&going.open.pool.id, &going.open.client_id);
            Block::Notice { state: State::Warn, text, link: Some(Link::new("Look at the app client's settings", &link)) }
        }
    };
    view.blocks.push(notice);
}

pub async fn post(Path(id): Path<String>, posted: Posted) -> Answer {
    let sent = |name: &str| Some((name.to_owned(), posted.text(name).to_owned())).filter(|(_, value)| !value.is_empty());
    let parameters = PARAMETERS.iter().filter_map(|(name, _)| sent(name)).collect();
    let (visit, mut going) = Going::open(posted.visit, &id, "authorize").await?;
    going.open.run.parameters = parameters;
    let visit = going.keep(visit).await?;
    Ok(visit.go(&going.path("authorize"), "The address was built anew."))
}
