//! The flow runner where operators sign in: whose runs they are, how many there are and how long, and the way back from the sign-in page.

use http::StatusCode;
use poolhouse::config::Console;
use poolhouse_engine::ctx::Caller;
use poolhouse_engine::oauth::runs::{self, Open, Owner};
use poolhouse_engine::operators::Role;
use poolhouse_engine::pools;
use serde_json::{Value, json};

use super::flow::{MAIL, Runner, leads_on, page_of, start, walk_with};
use super::forms::{Form, has, link, send, submit};
use super::operators::{MINUTE, TIMES, WORDS, at_the_door, code, csrf, house, operator, options, sign_in};
use crate::browser::Browser;
use crate::harness::{App, House, Options, Reply, Store};

const STEPS: [&str; 7] = ["authorize", "callback", "token", "decode", "userinfo", "refresh", "end"];
const FORMS: [&str; 10] = [
    "authorize",
    "token",
    "userinfo",
    "refresh",
    "end",
    "token/reveal",
    "decode/reveal",
    "userinfo/reveal",
    "refresh/reveal",
    "end/reveal",
];

pub async fn app(house: &House) -> App {
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, MAIL).await;
    app
}

async fn walked(house: House) {
    let app = app(&house).await;
    let (ada, _) = operator(&house, "ada", Role::Admin).await;
    walk_with(Runner::by(&house, ada), &app, "S256").await;
}

#[tokio::test]
async fn an_operator_goes_through_the_flow_on_sqlite() {
    walked(house().await).await;
}

#[tokio::test]
async fn an_operator_goes_through_the_flow_on_postgres() {
    walked(House::with(options(Store::Postgres)).await).await;
}

/// The first page of a new run.
pub async fn begin<'a>(house: &'a House, browser: &mut Browser<'a>, app: &App) -> Reply {
    let mut runner = Runner::by(house, browser.clone());
    let page = runner.begin(app, "S256").await;
    browser.jar = runner.browser.jar;
    page
}

pub fn run_of(page: &Reply) -> String {
    page_of(page, "").trim_end_matches('/').to_owned()
}

#[tokio::test]
async fn sec_067_a_read_only_operator_is_refused_by_every_page_of_the_runner() {
    let house = house().await;
    let app = app(&house).await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let (mut eve, _) = operator(&house, "eve", Role::ReadOnly).await;
    let run = run_of(&begin(&house, &mut ada, &app).await);
    let home = eve.get("/console").await;
    assert!(!home.text.contains("Test a flow"), "{}", home.text);
    has(&ada.get("/console").await, &["Test a flow"]);
    let token = csrf(&home);
    let mut pages = vec!["/console/flow".to_owned(), start(&app), "/console/flow/receive?code=x&state=y".to_owned()];
    pages.extend(STEPS.iter().map(|step| format!("{run}/{step}")));
    for path in pages {
        let page = eve.get(&path).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{path}");
        has(&page, &["This needs the role admin."]);
    }
    let mut posts =
        vec!["/console/flow/start".to_owned(), "/console/flow/settings".to_owned(), "/console/flow/settings/remove".to_owned()];
    posts.extend(FORMS.iter().map(|form| format!("{run}/{form}")));
    for path in posts {
        let fields = [("_csrf", token.as_str()), ("pool", &app.pool), ("client", &app.client), ("pkce", "none")];
        assert_eq!(eve.post(&path, &fields).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn sec_108_a_run_of_another_session_does_not_exist() {
    let house = house().await;
    let app = app(&house).await;
    let (mut ada, key) = operator(&house, "ada", Role::Owner).await;
    let (mut bob, _) = operator(&house, "bob", Role::Owner).await;
    let page = begin(&house, &mut ada, &app).await;
    let run = run_of(&page);
    let mut runner = Runner::by(&house, ada);
    let page = runner.sign_in(&page).await;
    let page = runner.open(&link(&page, "Next: exchange the code for tokens")).await;
    send(&mut runner.browser, &page, "exchange", &[]).await;
    // The same operator in another browser is another owner too: a run belongs to the session.
    house.clock.advance_ms(MINUTE);
    let mut again = house.browser();
    assert_eq!(sign_in(&mut again, "ada", WORDS, &code(&house, &key)).await.location(), "/console");
    for browser in [&mut bob, &mut again] {
        let token = csrf(&browser.get("/console").await);
        for path in STEPS.iter().map(|step| format!("{run}/{step}")) {
            let page = browser.get(&path).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
            has(&page, &["You have no such run."]);
        }
        for path in FORMS.iter().map(|form| format!("{run}/{form}")) {
            assert_eq!(browser.post(&path, &[("_csrf", &token)]).await.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    let guessed = runner.browser.get("/console/flow/AAAAAAAAAAAAAAAAAAAAAA/decode").await;
    assert_eq!(guessed.status, StatusCode::NOT_FOUND);
    assert_eq!(runner.browser.get(&format!("{run}/decode")).await.status, StatusCode::OK, "its own is there");
    // Who never signed in is led to the door.
    assert!(at_the_door(&house.browser().get(&format!("{run}/decode")).await));
}

#[tokio::test]
async fn sec_068_signing_out_ends_the_runs() {
    let house = house().await;
    let app = app(&house).await;
    let (mut ada, key) = operator(&house, "ada", Role::Owner).await;
    let (mut bob, _) = operator(&house, "bob", Role::Owner).await;
    let run = run_of(&begin(&house, &mut ada, &app).await);
    let theirs = run_of(&begin(&house, &mut bob, &app).await);
    let kept = ada.jar.clone();
    let token = csrf(&ada.get("/console").await);
    assert!(at_the_door(&ada.post("/console/sign-out", &[("_csrf", &token)]).await));
    ada.jar = kept.clone();
    assert!(at_the_door(&ada.get(&format!("{run}/authorize")).await), "the old cookie");
    ada.jar = kept;
    let left = async |browser: &Browser<'_>| {
        let owner = Owner::of(&format!("operator {}", browser.jar["poolhouse-operator"]));
        runs::all::<Value>(&house.engine.ctx(Caller::Operator, None), &owner).await.unwrap().len()
    };
    assert_eq!((left(&ada).await, left(&bob).await), (0, 1));
    house.clock.advance_ms(MINUTE);
    assert_eq!(sign_in(&mut ada, "ada", WORDS, &code(&house, &key)).await.location(), "/console");
    assert_eq!(ada.get(&format!("{run}/authorize")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.get(&format!("{theirs}/authorize")).await.status, StatusCode::OK, "another operator's goes on");
}

#[tokio::test]
async fn sec_051_a_run_is_begun_by_our_own_form_alone() {
    let house = house().await;
    let app = app(&house).await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let (mut bob, _) = operator(&house, "bob", Role::Admin).await;
    let run = run_of(&begin(&house, &mut ada, &app).await);
    let theirs = Form::of(&bob.get(&start(&app)).await, "begin");
    let stolen = theirs.value("_csrf").first().copied().unwrap_or_default().to_owned();
    ada.jar.insert("XSRF-TOKEN".to_owned(), stolen.clone());
    let mut posts =
        vec!["/console/flow/start".to_owned(), "/console/flow/settings".to_owned(), "/console/flow/settings/remove".to_owned()];
    posts.extend(FORMS.iter().map(|form| format!("{run}/{form}")));
    for path in posts {
        for fields in [vec![("pool", app.pool.as_str())], vec![("pool", app.pool.as_str()), ("_csrf", &stolen)]] {
            assert_eq!(ada.post(&path, &fields).await.status, StatusCode::FORBIDDEN, "{path} {fields:?}");
        }
    }
}

#[tokio::test]
async fn sec_115_an_operator_has_ten_runs_and_the_server_five_hundred() {
    let house = house().await;
    let app = app(&house).await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let mut mine = Vec::new();
    for _ in 0..11 {
        mine.push(run_of(&begin(&house, &mut ada, &app).await));
        house.clock.advance_ms(1);
    }
    assert_eq!(ada.get(&format!("{}/authorize", mine[0])).await.status, StatusCode::NOT_FOUND, "the oldest made room");
    for run in &mine[1..] {
        assert_eq!(ada.get(&format!("{run}/authorize")).await.status, StatusCode::OK);
    }
    let ctx = house.engine.ctx(Caller::Operator, None);
    let pool = pools::load(&ctx, &app.pool).await.unwrap();
    for number in 10..500 {
        let open = Open { id: runs::id(&ctx), pool: pool.clone(), client_id: app.client.clone(), run: json!({}) };
        runs::begin(&ctx, &Owner::of(&number.to_string()), &open).await.unwrap();
    }
    let (mut bob, _) = operator(&house, "bob", Role::Admin).await;
    let page = bob.get(&start(&app)).await;
    let refused = submit(&mut bob, &page, "begin", &[]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    has(&refused, &["500 test runs are open on this server", "try again then"]);
    // Who has ten still goes on: the oldest of them makes room.
    let page = ada.get(&start(&app)).await;
    assert!(submit(&mut ada, &page, "begin", &[]).await.status.is_redirection());
    for _ in 0..6 {
        house.clock.advance_ms(10 * MINUTE);
        bob.get("/console").await;
    }
    let page = bob.get(&start(&app)).await;
    assert!(submit(&mut bob, &page, "begin", &[]).await.status.is_redirection(), "they have ended");
    assert!(house.engine.purge().await.unwrap() >= 500, "and are forgotten");
}

#[tokio::test]
async fn a_run_ends_an_hour_after_its_last_step_and_twelve_after_its_first() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "S256").await;
    let path = page_of(&page, "authorize");
    for _ in 0..12 {
        house.clock.advance_ms(59 * MINUTE);
        let page = runner.browser.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        send(&mut runner.browser, &page, "parameters", &[]).await;
    }
    house.clock.advance_ms(11 * MINUTE);
    assert_eq!(runner.browser.get(&path).await.status, StatusCode::OK);
    house.clock.advance_ms(MINUTE);
    assert_eq!(runner.browser.get(&path).await.status, StatusCode::NOT_FOUND, "twelve hours");
}

#[tokio::test]
async fn a_run_is_found_in_the_browser_that_began_it_alone() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "S256").await;
    let path = page_of(&page, "authorize");
    assert_eq!(house.browser().get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(runner.browser.get(&path).await.status, StatusCode::OK);
    // A second run of the same browser takes nothing from the first, and each callback finds its own.
    house.user(&app.pool, MAIL).await;
    let first = page;
    let second = runner.begin(&app, "none").await;
    let back = runner.sign_in(&first).await;
    has(&back, &["The callback is in order", &page_of(&first, "token")]);
    let page = runner.browser.get(&page_of(&second, "callback")).await;
    has(&page, &["Nothing has come back yet"]);
}

#[tokio::test]
async fn sec_027_the_landing_page_knows_nobody_and_tells_nobody() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let url = "/console/flow/callback?code=a%22%3E%3Cscript%3E&state=s%27x&error_description=a+b";
    let (nobody, somebody) = (house.browser().get(url).await, ada.get(url).await);
    for page in [&nobody, &somebody] {
        assert_eq!(page.status, StatusCode::OK);
        for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")] {
            assert_eq!(page.header(name), value);
        }
        assert!(page.headers.get("set-cookie").is_none(), "{page:?}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
        assert!(!page.text.contains("<script") && !page.text.contains("ada"), "{}", page.text);
        let next = leads_on(page).unwrap();
        assert_eq!(next, "/console/flow/receive?code=a%22%3E%3Cscript%3E&state=s%27x&error_description=a+b");
        assert_eq!(link(page, "Go on in the console"), next);
    }
    assert_eq!(nobody.text, somebody.text, "whoever asks");
    for (query, status) in [("", 400), ("?", 400), (&*format!("?code={}", "a".repeat(8 * 1024)), 414)] {
        let page = house.browser().get(&format!("/console/flow/callback{query}")).await;
        assert_eq!(page.status.as_u16(), status);
        assert!(leads_on(&page).is_none() && !page.text.contains("receive"), "{}", page.text);
    }
    let most = format!("/console/flow/callback?code={}", "a".repeat(8 * 1024 - 5));
    assert_eq!(house.browser().get(&most).await.status, StatusCode::OK);
    let pair = [("code", "x")];
    assert_eq!(ada.post("/console/flow/callback", &pair).await.status, StatusCode::METHOD_NOT_ALLOWED);
    // The page behind it is gated, and files nothing that answers no request.
    assert!(at_the_door(&house.browser().get("/console/flow/receive?code=x&state=y").await));
}

#[tokio::test]
async fn sec_051_what_another_site_sends_here_is_filed_nowhere() {
    let house = house().await;
    let app = app(&house).await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let page = begin(&house, &mut ada, &app).await;
    let mut runner = Runner::by(&house, ada);
    for query in ["code=evil&state=guessed", "code=evil", "state=guessed", "error=access_denied&state="] {
        let page = runner.open(&format!("/console/flow/callback?{query}")).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{query}");
        has(&page, &["This callback belongs to no run"]);
    }
    let waiting = runner.browser.get(&page_of(&page, "callback")).await;
    has(&waiting, &["Nothing has come back yet"]);
    has(&runner.sign_in(&page).await, &["The callback is in order"]);
}

#[tokio::test]
async fn on_a_listener_of_its_own_the_console_is_its_own_callback() {
    let console = Console::Operators { listen: Some("127.0.0.1:9230".parse().unwrap()), times: TIMES };
    let house = House::with(Options { console, open_control: false, ..Options::default() }).await;
    let app = app(&house).await;
    let desk = house.desk.clone().unwrap();
    let port = desk.rsplit(':').next().unwrap();
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    for host in ["127.0.0.1", "localhost"] {
        let callback = format!("http://{host}:{port}/console/flow/callback");
        ada.host = Some(format!("{host}:{port}"));
        let page = ada.get(&start(&app)).await;
        has(&page, &["Missing settings", &callback]);
        assert!(!page.text.contains(&format!("{}/console", house.public_url)), "{}", page.text);
        let page = send(&mut ada, &page, "complete", &[]).await;
        let page = send(&mut ada, &page, "begin", &[]).await;
        // The endpoints are where the pools are.
        has(&page, &["This request is in order", &format!("Host: {}", house.public_url.trim_start_matches("http://"))]);
        assert!(link(&page, "Open the sign-in page").starts_with(&format!("{}/oauth2/authorize?", house.public_url)));
        assert!(Form::of(&page, "parameters").value("redirect_uri").contains(&callback.as_str()));
    }
    assert_eq!(house.get("/console/flow/callback?code=x").await.status, StatusCode::NOT_FOUND, "not at the public address");
    let landing = house.send_to(&desk, "GET", "/console/flow/callback?code=x&state=y", &[], "").await;
    assert_eq!(leads_on(&landing).unwrap(), "/console/flow/receive?code=x&state=y");
    // A host that is none of ours has no console, and so no callback of that name.
    let foreign = house.send_to(&desk, "GET", "/console/flow", &[("host", "evil.example")], "").await;
    assert_eq!(foreign.status, StatusCode::MISDIRECTED_REQUEST);
}
