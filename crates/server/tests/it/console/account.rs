//! What operators of `serve` do with their own account.

use http::StatusCode;
use poolhouse_engine::operators::Role;

use super::forms::{has, send, submit};
use super::operators::{MINUTE, WORDS, at_the_door, code, house, key, link, operator, options, sign_in};
use crate::audit::events;
use crate::browser::Browser;
use crate::harness::{House, Reply, Store};

const ACCOUNT: &str = "/console/account";
const NEW: &str = "ten lives of a dog";

/// Another browser of the operator, signed in with the next code.
async fn another<'a>(house: &'a House, name: &str, key: &[u8; 20]) -> Browser<'a> {
    house.clock.advance_ms(MINUTE);
    let mut browser = house.browser();
    assert_eq!(sign_in(&mut browser, name, WORDS, &code(house, key)).await.location(), "/console");
    browser
}

async fn change(browser: &mut Browser<'_>, password: &str, code: &str, new: &str) -> Reply {
    let page = browser.get(ACCOUNT).await;
    submit(browser, &page, "password", &[("password", password), ("code", code), ("new", new)]).await
}

async fn outcomes(house: &House, action: &str) -> Vec<(String, Option<String>)> {
    let events = events(house).await.into_iter().filter(|event| event.action == action);
    events.map(|event| (event.actor, event.result.map(Into::into))).collect()
}

async fn a_changed_password_ends_every_other_session(house: House) {
    // A read-only operator: the role is about everything else.
    let (mut eve, key) = operator(&house, "eve", Role::ReadOnly).await;
    let mut other = another(&house, "eve", &key).await;
    // The code that just let the other browser in, read over a shoulder.
    assert_eq!(change(&mut eve, WORDS, &code(&house, &key), NEW).await.status, StatusCode::BAD_REQUEST);
    house.clock.advance_ms(MINUTE);
    let fresh = code(&house, &key);
    for (password, code, new) in
        [("wrong", &*fresh, NEW), (WORDS, "000000", NEW), (WORDS, &fresh, "short"), (WORDS, &fresh, WORDS)]
    {
        let refused = change(&mut eve, password, code, new).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{password} {code} {new}");
        assert!(!refused.text.contains(NEW) && !refused.text.contains(WORDS), "{refused:?}");
    }
    assert_eq!(other.get(ACCOUNT).await.status, StatusCode::OK, "nothing has happened yet");

    let copied = eve.clone();
    let changed = change(&mut eve, WORDS, &fresh, NEW).await;
    assert_eq!(changed.location(), ACCOUNT);
    assert_ne!(eve.jar["poolhouse-operator"], copied.jar["poolhouse-operator"]);
    has(&eve.follow(changed).await, &["Your password is changed."]);
    for mut gone in [other, copied] {
        assert!(at_the_door(&gone.get("/console").await), "another browser, and a copy of this one's cookie");
    }
    house.clock.advance_ms(MINUTE);
    let next = code(&house, &key);
    assert_eq!(sign_in(&mut house.browser(), "eve", WORDS, &next).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(sign_in(&mut house.browser(), "eve", NEW, &next).await.location(), "/console");
    let told = outcomes(&house, "ChangeOperatorPassword").await;
    assert!(told.iter().all(|(actor, _)| actor == "operator eve"), "{told:?}");
    let results: Vec<_> = told.iter().map(|(_, result)| result.as_deref()).collect();
    let wrong = Some("NotAuthorizedException");
    assert_eq!(results, [None, wrong, wrong, wrong, None, Some("ok")], "announced once password and code are right");
}

#[tokio::test]
async fn sec_068_a_changed_password_ends_every_other_session_on_sqlite() {
    a_changed_password_ends_every_other_session(house().await).await;
}

#[tokio::test]
async fn sec_068_a_changed_password_ends_every_other_session_on_postgres() {
    a_changed_password_ends_every_other_session(House::with(options(Store::Postgres)).await).await;
}

#[tokio::test]
async fn sec_064_a_stolen_session_guesses_no_password() {
    let house = house().await;
    let (mut eve, key) = operator(&house, "eve", Role::Admin).await;
    house.clock.advance_ms(MINUTE);
    for _ in 0..5 {
        assert_eq!(change(&mut eve, "wrong", "000000", NEW).await.status, StatusCode::BAD_REQUEST);
    }
    let right = code(&house, &key);
    let locked = change(&mut eve, WORDS, &right, NEW).await;
    assert_eq!(locked.status, StatusCode::BAD_REQUEST, "the tries are counted, here and at the door together");
    assert_eq!(sign_in(&mut house.browser(), "eve", WORDS, &right).await.status, StatusCode::BAD_REQUEST);
    house.clock.advance_ms(MINUTE);
    assert_eq!(change(&mut eve, WORDS, &code(&house, &key), NEW).await.location(), ACCOUNT);
}

#[tokio::test]
async fn sec_068_the_other_sessions_end_and_this_one_stays() {
    let house = house().await;
    let (mut eve, key) = operator(&house, "eve", Role::ReadOnly).await;
    let alone = eve.get(ACCOUNT).await;
    has(&alone, &["eve</bdi>", "read-only", "this browser"]);
    assert!(!alone.text.contains("End the other sessions") && !alone.text.contains("another browser"));
    let mut other = another(&house, "eve", &key).await;
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let page = eve.get(ACCOUNT).await;
    has(&page, &["another browser"]);
    has(&send(&mut eve, &page, "sessions", &[]).await, &["1 other session ended."]);
    assert!(at_the_door(&other.get("/console").await));
    assert_eq!(ada.get("/console").await.status, StatusCode::OK, "another operator's");
    assert_eq!(outcomes(&house, "EndOperatorSessions").await.last().unwrap().1.as_deref(), Some("ok"));
}

#[tokio::test]
async fn sec_051_another_site_changes_no_account() {
    let house = house().await;
    let (mut eve, key) = operator(&house, "eve", Role::ReadOnly).await;
    let mut other = another(&house, "eve", &key).await;
    house.clock.advance_ms(MINUTE);
    let code = code(&house, &key);
    let fields = [("password", WORDS), ("code", &*code), ("new", NEW), ("nonce", "x")];
    for path in ["/sessions", "/password", "/key", "/key/renew"] {
        let reply = eve.post(&format!("{ACCOUNT}{path}"), &fields).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{path}");
        has(&reply, &["This form is no longer valid"]);
    }
    assert_eq!(other.get(ACCOUNT).await.status, StatusCode::OK);
    assert_eq!(sign_in(&mut house.browser(), "eve", WORDS, &code).await.location(), "/console", "the code is not used up");
    for path in ["/sessions", "/password", "/key", "/key/renew"] {
        assert!(at_the_door(&house.browser().post(&format!("{ACCOUNT}{path}"), &[]).await), "{path}");
    }
}

async fn a_renewed_key_replaces_the_old_one(house: House) {
    let (mut eve, old) = operator(&house, "eve", Role::ReadOnly).await;
    let mut other = another(&house, "eve", &old).await;
    let account = eve.get(ACCOUNT).await;
    assert!(!account.text.contains("secret="), "no key before it is asked for");
    let page = submit(&mut eve, &account, "key", &[]).await;
    let new = key(&page);
    assert_ne!(new, old);
    has(&page, &["<svg class=\"qr\"", "otpauth://totp/Poolhouse:eve?secret="]);
    assert_ne!(key(&submit(&mut eve, &account, "key", &[]).await), new, "another one each time");

    let typed =
        |password: &'static str, code: String, new: String| [("password", password.to_owned()), ("code", code), ("new", new)];
    let send = async |browser: &mut Browser<'_>, typed: [(&str, String); 3]| {
        let typed = typed.each_ref().map(|(name, value)| (*name, value.as_str()));
        submit(browser, &page, "renew", &typed).await
    };
    let used = typed(WORDS, code(&house, &old), code(&house, &new));
    assert_eq!(send(&mut eve, used).await.status, StatusCode::BAD_REQUEST, "the code that just let the other browser in");
    house.clock.advance_ms(MINUTE);
    let (today, next) = (code(&house, &old), code(&house, &new));
    for wrong in [
        typed("wrong", today.clone(), next.clone()),
        typed(WORDS, next.clone(), next.clone()),
        typed(WORDS, today.clone(), today.clone()),
    ] {
        let refused = send(&mut eve, wrong).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
        assert_eq!(key(&refused), new, "the app has it already");
    }
    assert_eq!(other.get(ACCOUNT).await.status, StatusCode::OK);
    let done = send(&mut eve, typed(WORDS, today, next)).await;
    assert_eq!(done.location(), ACCOUNT);
    has(&eve.follow(done).await, &["The new key is in force."]);
    assert!(at_the_door(&other.get("/console").await));
    house.clock.advance_ms(MINUTE);
    let (before, now) = (code(&house, &old), code(&house, &new));
    assert_eq!(sign_in(&mut house.browser(), "eve", WORDS, &before).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(sign_in(&mut house.browser(), "eve", WORDS, &now).await.location(), "/console");
    // The page that showed it is of no use a second time: it now stands for another key.
    house.clock.advance_ms(MINUTE);
    let account = eve.get(ACCOUNT).await;
    let token = super::operators::csrf(&account);
    let nonce = super::forms::Form::of(&page, "renew").value("nonce")[0].to_owned();
    let (now, again) = (code(&house, &new), code(&house, &new));
    let fields = [("_csrf", &*token), ("nonce", &*nonce), ("password", WORDS), ("code", &*now), ("new", &*again)];
    let replayed = eve.post("/console/account/key/renew", &fields).await;
    assert_eq!(replayed.status, StatusCode::BAD_REQUEST);
    assert_ne!(key(&replayed), new);
    let told = outcomes(&house, "RenewOperatorKey").await;
    assert_eq!(told.iter().filter(|(_, result)| result.as_deref() == Some("ok")).count(), 1, "{told:?}");
}

#[tokio::test]
async fn sec_064_a_renewed_key_replaces_the_old_one_on_sqlite() {
    a_renewed_key_replaces_the_old_one(house().await).await;
}

#[tokio::test]
async fn sec_064_a_renewed_key_replaces_the_old_one_on_postgres() {
    a_renewed_key_replaces_the_old_one(House::with(options(Store::Postgres)).await).await;
}

#[tokio::test]
async fn the_key_of_a_link_is_a_picture_that_loads_nothing() {
    let house = house().await;
    let page = house.browser().get(&link(&house, Role::Owner).await).await;
    let picture = page.text.split("<svg class=\"qr\"").nth(1).unwrap().split("</svg>").next().unwrap();
    assert!(picture.contains("role=\"img\" aria-label=\"QR code of the key\"") && !picture.contains("style"), "{picture}");
    assert!(picture.contains("fill=\"#fff\" d=\"M0 0h") && picture.contains("fill=\"#000\" d=\"M4 4h7v1h-7z"), "{picture}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe"), "{policy}");
    assert!(page.text.len() < 50_000, "{} bytes", page.text.len());
}
