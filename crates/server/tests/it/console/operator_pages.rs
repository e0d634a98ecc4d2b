//! The pages on which owners say who may use the console of `serve`.

use http::StatusCode;
use poolhouse_engine::audit::Event;
use poolhouse_engine::ctx::Caller;
use poolhouse_engine::operators::{self, Role};
use poolhouse_store::testkit;

use super::forms::{Form, has, link, send, spoken, submit};
use super::operators::{WORDS, at_the_door, code, csrf, house, ids, key, operator, options};
use crate::audit::events;
use crate::browser::Browser;
use crate::harness::{House, Reply, Store};

pub const LIST: &str = "/console/operators";

pub async fn postgres() -> House {
    House::with(options(Store::Postgres)).await
}

/// The page of an operator, by the list's own link.
pub async fn page_of(browser: &mut Browser<'_>, name: &str) -> Reply {
    let mut list = browser.get(LIST).await;
    assert_eq!(list.status, StatusCode::OK, "{list:?}");
    // The frame leads to one's own account by the same name.
    list.text = list.text.split_once("<main").unwrap().1.to_owned();
    let page = browser.get(&link(&list, &format!("<bdi>{name}</bdi>"))).await;
    has(&page, &[&format!("<h1><bdi>{name}</bdi></h1>")]);
    page
}

/// Makes a link on the page; where it leads.
pub async fn invite(browser: &mut Browser<'_>, role: &str) -> String {
    let list = browser.get(LIST).await;
    let made = submit(browser, &list, "invite", &[("role", role)]).await;
    assert_eq!(made.status, StatusCode::OK, "{made:?}");
    assert!(made.headers.get("location").is_none());
    shown(&made)
}

fn shown(made: &Reply) -> String {
    let text = made.text.split("<dt>Link</dt><dd><code class=\"copy\">").nth(1).unwrap_or_else(|| panic!("no link: {made:?}"));
    let url = text.split('<').next().unwrap();
    url.get(url.find("/console/welcome/").unwrap()..).unwrap().to_owned()
}

/// What is known of everybody, and how many links are open.
pub async fn state(house: &House) -> (Vec<(String, Option<Role>)>, usize) {
    let ctx = house.engine.ctx(Caller::Operator, None);
    let all = operators::list(&ctx).await.unwrap().into_iter().map(|one| (one.name, one.role)).collect();
    (all, operators::open_links(&ctx).await.unwrap().len())
}

pub async fn events_of(house: &House, action: &str) -> Vec<Event> {
    events(house).await.into_iter().filter(|event| event.action == action).collect()
}

fn results(events: &[Event]) -> Vec<Option<&str>> {
    events.iter().map(|event| event.result.as_deref()).collect()
}

/// Every address of these pages, and whether it takes a form.
async fn addresses(owner: &mut Browser<'_>) -> Vec<(String, bool)> {
    invite(owner, "read-only").await;
    let list = owner.get(LIST).await;
    let (one, void) = (link(&list, "<bdi>eve</bdi>"), link(&list, "<bdi>Void</bdi>"));
    let forms = ["/role", "/sessions"].map(|rest| (format!("{one}{rest}"), true));
    let pages = [LIST.to_owned(), one.clone(), format!("{one}/remove"), void].map(|path| (path, false));
    let both = [(LIST.to_owned(), true), (format!("{one}/remove"), true), (pages[3].0.clone(), true)];
    pages.into_iter().chain(forms).chain(both).collect()
}

#[tokio::test]
async fn sec_067_who_uses_the_console_is_for_owners_alone() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let (admin, _) = operator(&house, "mark", Role::Admin).await;
    let (eve, _) = operator(&house, "eve", Role::ReadOnly).await;
    let addresses = addresses(&mut ada).await;
    let before = state(&house).await;
    for mut lesser in [admin, eve] {
        let home = lesser.get("/console").await;
        assert!(!home.text.contains(LIST), "the menu leads there");
        let csrf = csrf(&home);
        for (path, posts) in &addresses {
            let reply = match posts {
                false => lesser.get(path).await,
                true => lesser.post(path, &[("_csrf", &csrf), ("role", "owner"), ("confirm", "eve")]).await,
            };
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path} {posts}");
            has(&reply, &["This needs the role owner."]);
            assert!(!reply.text.contains("ada") && !reply.text.contains("welcome/"), "{reply:?}");
        }
    }
    let mut nobody = house.browser();
    for (path, posts) in &addresses {
        let reply = if *posts { nobody.post(path, &[]).await } else { nobody.get(path).await };
        assert!(at_the_door(&reply), "{path} {reply:?}");
    }
    assert_eq!(state(&house).await, before);
    has(&ada.get("/console").await, &[LIST]);
}

#[tokio::test]
async fn sec_051_another_site_changes_no_operator() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let (mut bob, _) = operator(&house, "bob", Role::Owner).await;
    let (mut eve, _) = operator(&house, "eve", Role::ReadOnly).await;
    let addresses = addresses(&mut ada).await;
    let theirs = csrf(&bob.get("/console").await);
    let before = state(&house).await;
    for (path, _) in addresses.iter().filter(|(_, posts)| *posts) {
        for token in ["", theirs.as_str()] {
            let reply = ada.post(path, &[("_csrf", token), ("role", "owner"), ("confirm", "eve")]).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
            has(&reply, &["This form is no longer valid"]);
        }
    }
    assert_eq!(state(&house).await, before);
    assert_eq!(eve.get("/console").await.status, StatusCode::OK, "still signed in");
}

async fn a_link_of_the_page_makes_one_operator_once(house: House) {
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let list = ada.get(LIST).await;
    assert_eq!(submit(&mut ada, &list, "invite", &[("role", "root")]).await.status, StatusCode::BAD_REQUEST);
    let url = invite(&mut ada, "admin").await;
    let token = url.rsplit('/').next().unwrap().to_owned();
    let later = ada.get(LIST).await;
    has(&later, &["Open one-time links", "Void"]);
    assert!(!later.text.contains(&token), "shown once");
    assert!(ada.jar.values().all(|cookie| !cookie.contains(&token)));

    let (mut bob, mut late) = (house.browser(), house.browser());
    let (page, again) = (bob.get(&url).await, late.get(&url).await);
    let code_of = |page: &Reply| code(&house, &key(page));
    let typed = [("name", "bob"), ("password", WORDS), ("code", &code_of(&page))];
    assert_eq!(submit(&mut bob, &page, "enrol", &typed).await.location(), "/console");
    has(&bob.get("/console").await, &["bob</bdi></a> · admin"]);
    let typed = [("name", "mallory"), ("password", WORDS), ("code", &code_of(&again))];
    assert_eq!(submit(&mut late, &again, "enrol", &typed).await.status, StatusCode::NOT_FOUND, "used");
    assert_eq!(late.get(&url).await.status, StatusCode::NOT_FOUND);

    let voided = invite(&mut ada, "owner").await;
    let (mut eve, list) = (house.browser(), ada.get(LIST).await);
    let page = eve.get(&voided).await;
    let ask = ada.get(&link(&list, "<bdi>Void</bdi>")).await;
    has(&send(&mut ada, &ask, "void", &[]).await, &["The one-time link is void."]);
    let typed = [("name", "eve"), ("password", WORDS), ("code", &code_of(&page))];
    assert_eq!(submit(&mut eve, &page, "enrol", &typed).await.status, StatusCode::NOT_FOUND, "voided");
    let twice = submit(&mut ada, &ask, "void", &[]).await;
    assert_eq!(twice.status, StatusCode::NOT_FOUND);
    has(&twice, &["This link is not open any more"]);

    let expired = invite(&mut ada, "owner").await;
    let page = eve.get(&expired).await;
    // Not at once: the owner's own session would be idle.
    for _ in 0..5 {
        house.clock.advance_ms(operators::LINK_MS / 5);
        assert_eq!(ada.get(LIST).await.status, StatusCode::OK);
    }
    let typed = [("name", "eve"), ("password", WORDS), ("code", &code_of(&page))];
    assert_eq!(submit(&mut eve, &page, "enrol", &typed).await.status, StatusCode::NOT_FOUND, "expired");
    has(&ada.get(LIST).await, &["There is none."]);
    assert_eq!(state(&house).await.0, [("ada".to_owned(), Some(Role::Owner)), ("bob".to_owned(), Some(Role::Admin))]);

    let made = events_of(&house, "MakeOperatorLink").await;
    let by_ada: Vec<_> = made.iter().filter(|event| event.actor == "operator ada").collect();
    assert_eq!(by_ada.len(), 6, "three announced and three done: {made:?}");
    let voided = events_of(&house, "VoidOperatorLink").await;
    assert_eq!(results(&voided), [None, Some("ok")]);
    for event in events(&house).await {
        assert!(!format!("{event:?}").contains(&token), "{event:?}");
    }
}

#[tokio::test]
async fn sec_064_a_link_of_the_page_makes_one_operator_once_on_sqlite() {
    a_link_of_the_page_makes_one_operator_once(house().await).await;
}

#[tokio::test]
async fn sec_064_a_link_of_the_page_makes_one_operator_once_on_postgres() {
    a_link_of_the_page_makes_one_operator_once(postgres().await).await;
}

async fn the_last_owner_stays(house: House) {
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let (mut bob, _) = operator(&house, "bob", Role::Owner).await;
    // Bob is gone while somebody looks at his page.
    let his = page_of(&mut ada, "bob").await;
    let remove = ada.get(&link(&his, "Remove operator")).await;
    let mistyped = submit(&mut ada, &remove, "remove", &[("confirm", "Bob")]).await;
    assert_eq!(mistyped.status, StatusCode::BAD_REQUEST);
    has(&mistyped, &["Type bob exactly as it is written here. Nobody was removed."]);
    has(&send(&mut ada, &remove, "remove", &[("confirm", "bob")]).await, &["bob is removed and signed out."]);
    assert!(at_the_door(&bob.get("/console").await), "his sessions end");
    for (page, form, field) in
        [(&his, "role", ("role", "admin")), (&his, "sessions", ("", "")), (&remove, "remove", ("confirm", "bob"))]
    {
        let reply = submit(&mut ada, page, form, &[field]).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{form}");
        has(&reply, &["There is no such operator any more."]);
    }

    let mine = page_of(&mut ada, "ada").await;
    has(&mine, &["This is you."]);
    let refused = submit(&mut ada, &mine, "role", &[("role", "admin")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    has(&refused, &["ada is the last owner. Make another owner first."]);
    assert_eq!(submit(&mut ada, &mine, "role", &[("role", "king")]).await.status, StatusCode::BAD_REQUEST);
    let ask = ada.get(&link(&mine, "Remove operator")).await;
    let refused = submit(&mut ada, &ask, "remove", &[("confirm", "ada")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    has(&refused, &["ada is the last owner. Make another owner first."]);
    assert_eq!(state(&house).await.0, [("ada".to_owned(), Some(Role::Owner))]);
    let roles = events_of(&house, "SetOperatorRole").await;
    assert_eq!(results(&roles), [None, Some("InvalidParameterException")], "refused, and so in the events");
    let removals = events_of(&house, "RemoveOperator").await;
    assert_eq!(results(&removals), [None, Some("ok"), None, Some("InvalidParameterException")]);
    assert!(removals.iter().all(|event| event.actor == "operator ada"), "{removals:?}");
}

#[tokio::test]
async fn sec_064_the_last_owner_stays_on_sqlite() {
    the_last_owner_stays(house().await).await;
}

#[tokio::test]
async fn sec_064_the_last_owner_stays_on_postgres() {
    the_last_owner_stays(postgres().await).await;
}

#[tokio::test]
async fn sec_068_an_owner_ends_an_operators_sessions() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let (mut eve, _) = operator(&house, "eve", Role::ReadOnly).await;
    let page = page_of(&mut ada, "eve").await;
    assert!(spoken(&page).contains("Open sessions 1"), "{page:?}");
    has(&send(&mut ada, &page, "sessions", &[]).await, &["1 session of eve ended."]);
    assert!(at_the_door(&eve.get("/console").await));
    assert_eq!(ada.get(LIST).await.status, StatusCode::OK);
    house.engine.audit.flush().await;
    let listed = ada.get("/console/events?action=EndOperatorSessions&outcome=done").await;
    let event = ada.get(&link(&listed, "<bdi>EndOperatorSessions</bdi>")).await;
    has(&event, &["The operator ada wanted to end sessions of the operator eve. It was done."]);
    let mine = page_of(&mut ada, "ada").await;
    let gone = submit(&mut ada, &mine, "sessions", &[]).await;
    has(&ada.follow(gone).await, &["Sign in to the console"]);
    assert_eq!(results(&events_of(&house, "EndOperatorSessions").await), [None, Some("ok"), None, Some("ok")]);
}

#[tokio::test]
async fn the_list_says_who_is_locked_and_what_is_damaged() {
    let house = house().await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    operator(&house, "bob", Role::Admin).await;
    operator(&house, "eve", Role::ReadOnly).await;
    for _ in 0..5 {
        super::operators::sign_in(&mut house.browser(), "eve", "wrong", "000000").await;
    }
    testkit::sql(&house.store_url, "UPDATE operators SET role = 'root' WHERE name = 'bob'").await.unwrap();
    let list = ada.get(LIST).await;
    let words = spoken(&list);
    assert!(words.contains("bob root is no role") && words.contains("locked after wrong tries"), "{words}");
    assert!(words.contains("ada owner") && words.contains("may sign in 1"), "{words}");
    has(&list, &["the operator gets no page until the role is set again"]);
    assert_eq!(ids(&list), ["invite", "theme-form"], "one form a page");
    // It is mended as it is changed.
    let page = page_of(&mut ada, "bob").await;
    assert_eq!(Form::of(&page, "role").value("role"), [""; 0], "no role is taken for granted");
    has(&send(&mut ada, &page, "role", &[("role", "admin")]).await, &["bob has the role admin now."]);
}

#[tokio::test]
async fn an_open_console_has_no_operators() {
    let house = House::start().await;
    for path in [LIST, "/console/account", "/console/operators/x"] {
        assert_eq!(house.browser().get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let home = house.browser().get("/console").await;
    assert!(!home.text.contains(LIST) && !home.text.contains("Production") && home.text.contains(">Development</span>"));
    let serve = super::operators::house().await;
    for path in ["/console/sign-in", "/console/welcome/x"] {
        has(&serve.browser().get(path).await, &["<span class=\"badge production\">Production</span>"]);
    }
    let (mut ada, _) = operator(&serve, "ada", Role::ReadOnly).await;
    let home = ada.get("/console").await;
    has(&home, &["<span class=\"badge production\">Production</span>"]);
    assert!(!home.text.contains("Development"));
}
