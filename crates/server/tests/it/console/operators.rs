//! The console of `serve`: who gets in, how that ends, and what a role does not reach.

use http::StatusCode;
use poolhouse::config::Console;
use poolhouse_engine::ctx::Caller;
use poolhouse_engine::keys::totp;
use poolhouse_engine::operators::{self, Role, Times};
use serde_json::json;

use super::forms::{Form, has, submit};
use crate::browser::Browser;
use crate::harness::{House, Options, Reply, Store};

pub const MINUTE: i64 = 60_000;
pub const WORDS: &str = "nine lives of a cat";
pub const TIMES: Times = Times { idle_ms: 15 * MINUTE, most_ms: 12 * 60 * MINUTE };

pub fn options(store: Store) -> Options {
    let console = Console::Operators { listen: None, times: TIMES };
    Options { console, open_control: false, store, ..Options::default() }
}

pub async fn house() -> House {
    House::with(options(Store::Sqlite)).await
}

pub async fn link(house: &House, role: Role) -> String {
    let link = operators::link(&house.engine.ctx(Caller::Operator, None), role).await.unwrap();
    format!("/console/welcome/{}", link.token)
}

/// The key that an app was given.
pub fn key(page: &Reply) -> [u8; totp::KEY_BYTES] {
    let text = page.text.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let (mut held, mut bits, mut key) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let digit = if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
        held = (held << 5 | u32::from(digit)) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            key.push(u8::try_from(held >> bits & 0xff).unwrap());
        }
    }
    key.try_into().unwrap()
}

pub fn code(house: &House, key: &[u8; totp::KEY_BYTES]) -> String {
    totp::code(key, totp::step(house.clock.now_ms()))
}

/// Makes an operator by a link; its browser is signed in.
pub async fn operator<'a>(house: &'a House, name: &str, role: Role) -> (Browser<'a>, [u8; totp::KEY_BYTES]) {
    let (mut browser, url) = (house.browser(), link(house, role).await);
    browser.at_desk = house.desk.is_some();
    let page = browser.get(&url).await;
    let key = key(&page);
    let typed = [("name", name), ("password", WORDS), ("code", &code(house, &key))];
    let reply = submit(&mut browser, &page, "enrol", &typed).await;
    assert_eq!(reply.location(), "/console", "{reply:?}");
    (browser, key)
}

pub async fn sign_in(browser: &mut Browser<'_>, name: &str, password: &str, code: &str) -> Reply {
    let page = browser.get("/console/sign-in").await;
    submit(browser, &page, "sign-in", &[("name", name), ("password", password), ("code", code)]).await
}

pub fn at_the_door(reply: &Reply) -> bool {
    reply.status.is_redirection() && reply.location().starts_with("/console/sign-in")
}

async fn a_link_makes_one_operator_once(house: House) {
    let url = link(&house, Role::Owner).await;
    let (mut one, mut other) = (house.browser(), house.browser());
    let (page, second) = (one.get(&url).await, other.get(&url).await);
    let code = code(&house, &key(&page));
    for wrong in [("short", code.as_str()), (WORDS, "000000")] {
        let typed = [("name", "ada"), ("password", wrong.0), ("code", wrong.1)];
        assert_eq!(submit(&mut one, &page, "enrol", &typed).await.status, StatusCode::BAD_REQUEST);
    }
    let typed = |name| [("name", name), ("password", WORDS), ("code", code.as_str())];
    let (ada, bob) = (typed("ada"), typed("bob"));
    let (first, late) = tokio::join!(submit(&mut one, &page, "enrol", &ada), submit(&mut other, &second, "enrol", &bob));
    let won = [&first, &late].iter().filter(|reply| reply.status.is_redirection()).count();
    assert_eq!(won, 1, "{first:?} {late:?}");
    assert_eq!(house.browser().get(&url).await.status, StatusCode::NOT_FOUND);
    let all = operators::list(&house.engine.ctx(Caller::Operator, None)).await.unwrap();
    assert_eq!((all.len(), all[0].role), (1, Some(Role::Owner)));
}

#[tokio::test]
async fn sec_064_a_link_makes_one_operator_once_on_sqlite() {
    a_link_makes_one_operator_once(house().await).await;
}

#[tokio::test]
async fn sec_064_a_link_makes_one_operator_once_on_postgres() {
    a_link_makes_one_operator_once(House::with(options(Store::Postgres)).await).await;
}

#[tokio::test]
async fn sec_064_a_fresh_install_lets_nobody_in_and_prints_one_link() {
    let house = house().await;
    for name in ["admin", "root", "operator", "poolhouse"] {
        for password in ["", "admin", "password", "poolhouse"] {
            assert_eq!(sign_in(&mut house.browser(), name, password, "000000").await.status, StatusCode::BAD_REQUEST);
        }
    }
    let ctx = || house.engine.ctx(Caller::Operator, None);
    let first = operators::first_link(&ctx()).await.unwrap().unwrap();
    let next = operators::first_link(&ctx()).await.unwrap().unwrap();
    assert!(operators::offer(&ctx(), &first.token).await.unwrap().is_none(), "the next start voids it");
    assert!(operators::offer(&ctx(), &next.token).await.unwrap().is_some());
    house.clock.advance_ms(operators::LINK_MS);
    assert!(operators::offer(&ctx(), &next.token).await.unwrap().is_none(), "it expires");
    operator(&house, "ada", Role::Owner).await;
    assert!(operators::first_link(&ctx()).await.unwrap().is_none());
}

#[tokio::test]
async fn sec_064_nobody_sees_a_page_without_signing_in_and_sessions_end() {
    let house = house().await;
    for path in ["/console", "/console/pools", "/console/pools/new", "/console/events", "/console/nothing", "/console/flow"] {
        assert!(at_the_door(&house.browser().get(path).await), "{path}");
    }
    let (mut ada, key) = operator(&house, "ada", Role::Owner).await;
    assert_eq!(ada.get("/console").await.status, StatusCode::OK);
    house.clock.advance_ms(TIMES.idle_ms - 1);
    assert_eq!(ada.get("/console").await.status, StatusCode::OK);
    house.clock.advance_ms(TIMES.idle_ms);
    let kept = ada.jar.clone();
    let reply = ada.get("/console").await;
    assert_eq!(reply.location(), "/console/sign-in?because=idle");
    has(&ada.follow(reply).await, &["nothing happened for a while"]);
    ada.jar = kept;
    assert_eq!(ada.get("/console").await.location(), "/console/sign-in", "the server has forgotten it");
    let mut ada = house.browser();
    assert_eq!(sign_in(&mut ada, "ada", WORDS, &code(&house, &key)).await.location(), "/console");
    for _ in 0..(TIMES.most_ms / TIMES.idle_ms) {
        assert_eq!(ada.get("/console").await.status, StatusCode::OK);
        house.clock.advance_ms(TIMES.idle_ms - 1);
    }
    house.clock.advance_ms(TIMES.idle_ms - 1);
    let reply = ada.get("/console").await;
    assert!(at_the_door(&reply), "{reply:?}");
}

/// An owner who is to go makes a link for the time after: it must not let anybody in once the owner is gone, or owner no more.
async fn a_former_owner_has_no_link_to_come_back_by(house: House) {
    let ctx = || house.engine.ctx(Caller::Operator, None);
    operator(&house, "ada", Role::Owner).await;
    operator(&house, "bob", Role::Owner).await;
    let bob = operators::find(&ctx(), "bob").await.unwrap().unwrap();
    let kept = link(&house, Role::ReadOnly).await;
    // No change of who may make links.
    operators::set_role(&ctx(), &bob, Role::Owner).await.unwrap();
    assert_eq!(house.browser().get(&kept).await.status, StatusCode::OK);

    let made = link(&house, Role::Owner).await;
    operators::set_role(&ctx(), &bob, Role::Admin).await.unwrap();
    assert_eq!(house.browser().get(&made).await.status, StatusCode::NOT_FOUND, "a demoted owner's");

    let made = link(&house, Role::Owner).await;
    let mut browser = house.browser();
    let page = browser.get(&made).await;
    let code = code(&house, &key(&page));
    operators::remove(&ctx(), &bob).await.unwrap();
    let typed = [("name", "bob"), ("password", WORDS), ("code", code.as_str())];
    assert_eq!(submit(&mut browser, &page, "enrol", &typed).await.status, StatusCode::NOT_FOUND, "a removed owner's");

    let ada = operators::find(&ctx(), "ada").await.unwrap().unwrap();
    let made = link(&house, Role::Owner).await;
    assert!(operators::remove(&ctx(), &ada).await.is_err(), "the last owner");
    assert_eq!(house.browser().get(&made).await.status, StatusCode::OK, "nobody was removed");
}

#[tokio::test]
async fn sec_064_a_former_owner_has_no_link_to_come_back_by_on_sqlite() {
    a_former_owner_has_no_link_to_come_back_by(house().await).await;
}

#[tokio::test]
async fn sec_064_a_former_owner_has_no_link_to_come_back_by_on_postgres() {
    a_former_owner_has_no_link_to_come_back_by(House::with(options(Store::Postgres)).await).await;
}

#[tokio::test]
async fn sec_064_a_code_is_taken_once_and_wrong_tries_lock() {
    let house = house().await;
    let (_, key) = operator(&house, "ada", Role::Owner).await;
    let used = code(&house, &key);
    assert_eq!(sign_in(&mut house.browser(), "ada", WORDS, &used).await.status, StatusCode::BAD_REQUEST, "used to enrol");
    house.clock.advance_ms(MINUTE);
    let fresh = code(&house, &key);
    assert_eq!(sign_in(&mut house.browser(), "ada", WORDS, &fresh).await.location(), "/console");
    assert_eq!(sign_in(&mut house.browser(), "ada", WORDS, &fresh).await.status, StatusCode::BAD_REQUEST, "replayed");
    for _ in 0..5 {
        sign_in(&mut house.browser(), "ada", "wrong", "000000").await;
    }
    house.clock.advance_ms(MINUTE - 1);
    let right = code(&house, &key);
    let locked = sign_in(&mut house.browser(), "ada", WORDS, &right).await;
    let unknown = sign_in(&mut house.browser(), "eve", WORDS, &right).await;
    assert_eq!((locked.status, unknown.status), (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST));
    house.clock.advance_ms(MINUTE);
    assert_eq!(sign_in(&mut house.browser(), "ada", WORDS, &code(&house, &key)).await.location(), "/console");
}

#[tokio::test]
async fn sec_068_signing_out_ends_the_session_on_the_server() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let page = ada.get("/console").await;
    has(&page, &["ada</bdi></a> · owner", "Sign out"]);
    assert!(page.headers["cache-control"].to_str().unwrap().contains("no-store"));
    let token = csrf(&page);
    let kept = ada.jar.clone();
    assert_eq!(ada.post("/console/sign-out", &[]).await.status, StatusCode::FORBIDDEN, "another site's post");
    assert!(at_the_door(&ada.post("/console/sign-out", &[("_csrf", &token)]).await));
    ada.jar = kept;
    assert!(at_the_door(&ada.get("/console").await));
}

pub fn csrf(page: &Reply) -> String {
    page.text.split("name=\"_csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn sec_068_a_link_on_another_site_signs_nobody_out() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    // A browser leaves a strict cookie out of a navigation that another site began.
    let strict = ada.jar.remove("poolhouse-operator").unwrap();
    for path in ["/console", "/console/pools", "/console/flow/receive?code=x&state=y", "/console/flow/callback?code=x&state=y"] {
        let reply = ada.get(path).await;
        let set: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
        assert!(set.is_empty(), "{path} writes cookies: {set:?}");
    }
    let foreign = ada.get("/console/pools").await;
    let page = ada.follow(foreign).await;
    has(&page, &["Sign in to the console"]);
    assert!(page.headers.get_all("set-cookie").iter().all(|set| !set.to_str().unwrap().contains("operator")), "{page:?}");
    ada.jar.insert("poolhouse-operator".to_owned(), strict);
    assert_eq!(ada.get("/console").await.status, StatusCode::OK, "still signed in");
    // One that the server does not know is taken away.
    ada.jar.insert("poolhouse-operator".to_owned(), "stale".to_owned());
    ada.get("/console").await;
    assert!(!ada.jar.contains_key("poolhouse-operator"));
}

#[tokio::test]
async fn sec_067_a_read_only_operator_changes_nothing_and_sees_no_secret() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Admin).await;
    let (mut eve, _) = operator(&house, "eve", Role::ReadOnly).await;
    let pool = house.pool(json!({})).await;
    let (client, secret) = house.client(&pool, json!({ "GenerateSecret": true })).await;
    let (at, secret) = (format!("/console/pools/{pool}"), secret.unwrap());
    let pages = ["", "/delete", "/keys/rotate", "/users/new", "/groups/new", "/clients/new", "/settings/passwords", "/domain"];
    let mut pages: Vec<String> = pages.iter().map(|rest| format!("{at}{rest}")).collect();
    pages.extend(["/console/pools/new".to_owned(), format!("{at}/clients/{client}/secrets")]);
    let mut posts = 0;
    for path in &pages {
        let page = eve.get(path).await;
        assert!(!page.text.contains(&secret), "{path}");
        // The theme is everybody's own.
        for id in ids(&page).into_iter().filter(|id| !id.starts_with("theme")) {
            let form = Form::of(&page, &id);
            let reply = form.send(&mut eve).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} {id}");
            has(&reply, &["This needs the role admin."]);
            posts += 1;
        }
    }
    assert!(posts >= 7, "{posts} forms");
    let page = ada.get(&format!("{at}/clients/{client}/secrets")).await;
    assert!(!page.text.contains(&secret), "nothing before Reveal");
    let reveal = ids(&page).into_iter().find(|id| id.contains("reveal")).unwrap();
    has(&submit(&mut ada, &page, &reveal, &[]).await, &[&secret]);
}

/// The ids of the forms that post.
pub fn ids(page: &Reply) -> Vec<String> {
    let forms = page.text.split("<form").skip(1).filter_map(|rest| rest.split('>').next());
    let posts = forms.filter(|form| form.contains("method=\"post\""));
    posts.filter_map(|form| form.split("id=\"").nth(1)?.split('"').next().map(str::to_owned)).collect()
}

#[tokio::test]
async fn sec_051_a_form_is_bound_to_the_operators_session() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let (mut bob, _) = operator(&house, "bob", Role::Owner).await;
    let form = Form::of(&bob.get("/console/pools/new").await, "create").with("PoolName", &["theirs"]);
    let cookie = bob.jar["XSRF-TOKEN"].clone();
    ada.jar.insert("XSRF-TOKEN".to_owned(), cookie);
    assert_eq!(form.send(&mut ada).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sec_053_the_operators_cookie_has_every_attribute_and_its_row_is_no_cookie() {
    use poolhouse::cookies;
    assert_eq!(
        cookies::set_strict(cookies::operator(true), "v", true).to_str().unwrap(),
        "__Host-poolhouse-operator=v; Path=/; Secure; HttpOnly; SameSite=Strict"
    );
    let house = house().await;
    let (ada, _) = operator(&house, "ada", Role::Owner).await;
    let url = link(&house, Role::Admin).await;
    let secrets = [ada.jar["poolhouse-operator"].clone(), url.rsplit('/').next().unwrap().to_owned(), WORDS.to_owned()];
    let path = house.store_url.trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
    for file in [path.clone(), format!("{path}-wal")] {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for secret in &secrets {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{file}");
        }
    }
}

#[tokio::test]
async fn sec_065_the_public_address_has_no_console_where_it_has_its_own_listener() {
    let console = Console::Operators { listen: Some("127.0.0.1:9230".parse().unwrap()), times: TIMES };
    let house = House::with(Options { console, open_control: false, ..Options::default() }).await;
    for path in ["/console", "/console/sign-in", "/console/pools", "/console/welcome/x", "/console/"] {
        assert_eq!(house.status_of("GET", path).await, 404, "{path}");
    }
}
