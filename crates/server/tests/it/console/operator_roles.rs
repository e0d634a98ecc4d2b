//! When an operator's role counts: with the next request, and with a change that was under way.

use http::StatusCode;
use poolhouse_engine::ctx::Caller;
use poolhouse_engine::operators::{self, Role};

use super::forms::{has, send, submit};
use super::operator_pages::{LIST, events_of, invite, page_of, postgres, state};
use super::operators::{house, operator};
use crate::harness::House;

async fn a_role_counts_at_once(house: House) {
    let (mut ada, _) = operator(&house, "ada", Role::Owner).await;
    let (mut bob, _) = operator(&house, "bob", Role::Owner).await;
    let url = invite(&mut bob, "owner").await;
    let page = page_of(&mut ada, "bob").await;
    has(&send(&mut ada, &page, "role", &[("role", "read-only")]).await, &["bob has the role read-only now.", "void"]);
    assert_eq!(house.browser().get(&url).await.status, StatusCode::NOT_FOUND, "what bob made for later");
    assert_eq!(bob.get(LIST).await.status, StatusCode::FORBIDDEN, "no new sign-in is needed for it");
    assert_eq!(bob.get("/console").await.status, StatusCode::OK);
    has(&page_of(&mut ada, "bob").await, &["Looks; changes nothing and sees no secret."]);
    let kept = invite(&mut ada, "admin").await;
    let page = page_of(&mut ada, "bob").await;
    send(&mut ada, &page, "role", &[("role", "admin")]).await;
    assert_eq!(house.browser().get(&kept).await.status, StatusCode::OK, "nobody lost the right to make links");
    // One's own: where the list is out of reach, the way leads home.
    let page = page_of(&mut ada, "bob").await;
    send(&mut ada, &page, "role", &[("role", "owner")]).await;
    let mine = page_of(&mut ada, "ada").await;
    let gone = submit(&mut ada, &mine, "role", &[("role", "admin")]).await;
    assert_eq!(gone.location(), "/console");
    has(&ada.follow(gone).await, &["ada has the role admin now.", "ada</bdi></a> · admin"]);
    let told: Vec<String> =
        events_of(&house, "SetOperatorRole").await.iter().map(|event| format!("{:?} {:?}", event.actor, event.target)).collect();
    assert!(told[0].contains("operator ada") && told[0].contains("bob") && told[0].contains("read-only"), "{told:?}");
}

#[tokio::test]
async fn sec_067_a_role_counts_at_once_on_sqlite() {
    a_role_counts_at_once(house().await).await;
}

#[tokio::test]
async fn sec_067_a_role_counts_at_once_on_postgres() {
    a_role_counts_at_once(postgres().await).await;
}

/// The gate has let somebody in as an owner, who is one no more when the change comes to be made.
async fn who_is_no_owner_any_more_leaves_nothing_behind(house: House) {
    operator(&house, "ada", Role::Owner).await;
    operator(&house, "bob", Role::Owner).await;
    let host = || house.engine.ctx(Caller::Operator, None);
    let found = async |name| operators::find(&host(), name).await.unwrap().unwrap();
    let (ada, bob) = (found("ada").await, found("bob").await);
    for demoted in [true, false] {
        match demoted {
            true => operators::set_role(&host(), &bob, Role::Admin).await.unwrap(),
            false => operators::remove(&host(), &bob).await.unwrap(),
        }
        operators::link(&host(), Role::Admin).await.unwrap();
        let handle = operators::open_links(&host()).await.unwrap().remove(0).handle;
        let before = state(&house).await;
        let as_bob = host();
        as_bob.operated_by("bob");
        let nobody = house.engine.ctx(Caller::Anonymous, None);
        let refusals = [
            operators::link(&nobody, Role::Owner).await.err(),
            operators::link(&as_bob, Role::Owner).await.err(),
            operators::set_role(&as_bob, &bob, Role::Owner).await.err(),
            operators::set_role(&as_bob, &ada, Role::ReadOnly).await.err(),
            operators::remove(&as_bob, &ada).await.err(),
            operators::end_sessions(&as_bob, &ada).await.err(),
            operators::void_link(&as_bob, &handle).await.err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.map(|error| error.code().as_str()), Some("AccessDeniedException"));
        }
        assert_eq!(state(&house).await, before);
    }
}

#[tokio::test]
async fn sec_067_who_is_no_owner_any_more_leaves_nothing_behind_on_sqlite() {
    who_is_no_owner_any_more_leaves_nothing_behind(house().await).await;
}

#[tokio::test]
async fn sec_067_who_is_no_owner_any_more_leaves_nothing_behind_on_postgres() {
    who_is_no_owner_any_more_leaves_nothing_behind(postgres().await).await;
}
