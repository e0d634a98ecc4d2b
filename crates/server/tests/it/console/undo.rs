//! Undoing what the console deleted.

use http::StatusCode;
use poolhouse_store::{Db, p};
use serde_json::{Value, json};

use super::forms::{Form, link, send, submit, words};
use crate::both;
use crate::browser::Browser;
use crate::harness::{House, PASSWORD, Reply};
use crate::keys::{pair, verifies};

/// Deletes by the page at `path`; the page that says so.
async fn delete(browser: &mut Browser<'_>, path: &str, form: &str, typed: &str) -> Reply {
    let page = browser.get(path).await;
    assert!(words(&page).contains("You can undo this for 7 days."), "{page:?}");
    let page = send(browser, &page, form, &[("confirm", typed)]).await;
    assert!(words(&page).contains("was deleted"), "{page:?}");
    page
}

/// Follows "Undo" and presses it.
async fn undo(browser: &mut Browser<'_>, said: &Reply) -> Reply {
    let page = browser.get(&link(said, "Undo")).await;
    submit(browser, &page, "undo", &[]).await
}

async fn back(browser: &mut Browser<'_>, said: &Reply) -> String {
    let reply = undo(browser, said).await;
    assert!(reply.status.is_redirection(), "{reply:?}");
    let place = reply.location().to_owned();
    let page = browser.follow(reply).await;
    assert!(page.status.is_success() && words(&page).contains("was put back"), "{page:?}");
    place
}

async fn group(house: &House, pool: &str, user: &str) {
    house.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "staff" })).await;
    house.ok("AdminAddUserToGroup", json!({ "UserPoolId": pool, "GroupName": "staff", "Username": user })).await;
}

async fn groups(house: &House, pool: &str, user: &str) -> usize {
    let listed = house.ok("AdminListGroupsForUser", json!({ "UserPoolId": pool, "Username": user })).await;
    listed["Groups"].as_array().unwrap().len()
}

both! {
    async fn a_pool_comes_back_with_everything_in_it(house: House) {
        let app = house.oauth_app(json!({ "GenerateSecret": null })).await;
        let sub = house.user(&app.pool, "ada@example.com").await;
        group(&house, &app.pool, "ada@example.com").await;
        let server = json!({ "UserPoolId": app.pool, "Identifier": "orders", "Name": "Orders" });
        house.ok("CreateResourceServer", server).await;
        house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "shop" })).await;
        let with_secret = house.client(&app.pool, json!({ "GenerateSecret": true })).await;
        let described = |client: String| json!({ "UserPoolId": app.pool, "ClientId": client });
        let tokens = house.sign_in(&app, "ada@example.com").await;
        let users = house.ok("ListUsers", json!({ "UserPoolId": app.pool })).await;
        let jwks = house.get(&format!("/{}/.well-known/jwks.json", app.pool)).await.json();
        let node = house.second_node().await;
        if let Some(node) = &node {
            node.ok("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
        }

        let mut browser = house.browser();
        let said = delete(&mut browser, &format!("/console/pools/{}/delete", app.pool), "delete", "test").await;
        assert_eq!(house.refused("DescribeUserPool", json!({ "UserPoolId": app.pool })).await.0, "ResourceNotFoundException");
        let place = back(&mut browser, &said).await;
        assert_eq!(place, format!("/console/pools/{}", app.pool));

        for house in std::iter::once(&house).chain(&node) {
            assert_eq!(house.ok("ListUsers", json!({ "UserPoolId": app.pool })).await, users);
            assert_eq!(house.get(&format!("/{}/.well-known/jwks.json", app.pool)).await.json(), jwks, "the same keys");
            let again = house.sign_in(&app, "ada@example.com").await;
            assert!(pair(&again).iter().chain(&pair(&tokens)).all(|token| verifies(&jwks, token)));
            assert_eq!(groups(house, &app.pool, &sub).await, 1);
            let client = house.ok("DescribeUserPoolClient", described(with_secret.0.clone())).await;
            assert_eq!(client["UserPoolClient"]["ClientSecret"].as_str(), with_secret.1.as_deref());
            let domain = house.ok("DescribeUserPoolDomain", json!({ "Domain": "shop" })).await;
            assert_eq!(domain["DomainDescription"]["UserPoolId"], json!(app.pool));
            house.ok("DescribeResourceServer", json!({ "UserPoolId": app.pool, "Identifier": "orders" })).await;
            let refresh = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
            let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": refresh });
            house.ok("InitiateAuth", refresh).await;
            house.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        }
        let page = browser.get("/console/deleted").await;
        assert!(words(&page).contains("Nothing was deleted"), "{page:?}");
        let events = browser.get("/console/events").await;
        assert!(words(&events).contains("UndoDeletion"), "{events:?}");
    }

    async fn smaller_things_come_back_too(house: House) {
        let app = house.app().await;
        let sub = house.user(&app.pool, "ada@example.com").await;
        group(&house, &app.pool, "ada@example.com").await;
        let tokens = house.sign_in(&app, "ada@example.com").await;
        house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "shop" })).await;
        house.ok("CreateResourceServer", json!({ "UserPoolId": app.pool, "Identifier": "orders", "Name": "Orders" })).await;
        let mut browser = house.browser();
        let at = |rest: &str| format!("/console/pools/{}{rest}", app.pool);
        for (path, form, typed, gone, input) in [
            (format!("/users/{sub}"), "act", "", "AdminGetUser", json!({ "Username": sub })),
            ("/groups/staff".to_owned(), "delete", "", "GetGroup", json!({ "GroupName": "staff" })),
            (format!("/clients/{}", app.client), "delete", "test", "DescribeUserPoolClient", json!({ "ClientId": app.client })),
            ("/resource-servers/of/orders".to_owned(), "delete", "", "DescribeResourceServer", json!({ "Identifier": "orders" })),
        ] {
            let mut input: Value = input;
            input["UserPoolId"] = json!(app.pool);
            let said = delete(&mut browser, &at(&format!("{path}/delete")), form, typed).await;
            house.refused(gone, input.clone()).await;
            assert_eq!(back(&mut browser, &said).await, at(&path));
            house.ok(gone, input).await;
        }
        let said = delete(&mut browser, &at("/domain/delete?domain=shop"), "delete", "shop").await;
        back(&mut browser, &said).await;
        let domain = house.ok("DescribeUserPoolDomain", json!({ "Domain": "shop" })).await;
        assert_eq!(domain["DomainDescription"]["UserPoolId"], json!(app.pool));
        assert_eq!(groups(&house, &app.pool, &sub).await, 1, "in its group, which was gone meanwhile itself");
        // What the deletion ended stays ended; the password is the same.
        let refresh = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
        let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": refresh });
        assert_eq!(house.refused("InitiateAuth", refresh).await.0, "NotAuthorizedException");
        house.sign_in(&app, "ada@example.com").await;
    }

    async fn what_is_in_the_way_is_named_and_nothing_changes(house: House) {
        let app = house.app().await;
        house.user(&app.pool, "ada@example.com").await;
        let mut browser = house.browser();
        let at = |rest: &str| format!("/console/pools/{}{rest}", app.pool);
        house.ok("CreateUserPoolDomain", json!({ "UserPoolId": app.pool, "Domain": "shop" })).await;
        let said = delete(&mut browser, &at("/delete"), "delete", "test").await;
        let other = house.pool(json!({})).await;
        house.ok("CreateUserPoolDomain", json!({ "UserPoolId": other, "Domain": "shop" })).await;
        let refused = undo(&mut browser, &said).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
        assert!(words(&refused).contains("Nothing was put back: the domain shop is taken meanwhile."), "{refused:?}");
        house.refused("DescribeUserPool", json!({ "UserPoolId": app.pool })).await;
        house.ok("DeleteUserPoolDomain", json!({ "UserPoolId": other, "Domain": "shop" })).await;
        back(&mut browser, &said).await;

        let said = delete(&mut browser, &at("/users/ada@example.com/delete"), "act", "").await;
        house.user(&app.pool, "ada@example.com").await;
        let refused = undo(&mut browser, &said).await;
        assert!(words(&refused).contains("Nothing was put back: the sign-in name ada@example.com is taken meanwhile."), "{refused:?}");
        let users = house.ok("ListUsers", json!({ "UserPoolId": app.pool })).await;
        assert_eq!(users["Users"].as_array().unwrap().len(), 1);
    }

    async fn of_two_undos_one_wins(house: House) {
        let app = house.app().await;
        house.user(&app.pool, "ada@example.com").await;
        let mut browser = house.browser();
        let said = delete(&mut browser, &format!("/console/pools/{}/users/ada@example.com/delete", app.pool), "act", "").await;
        let page = browser.get(&link(&said, "Undo")).await;
        let form = Form::of(&page, "undo");
        let mut twin = browser.clone();
        let (one, two) = tokio::join!(form.send(&mut browser), form.send(&mut twin));
        let won = [one, two].iter().filter(|reply| reply.status.is_redirection()).count();
        assert_eq!(won, 1);
    }

    async fn sec_051_undo_and_erasure_want_our_form_and_a_copy_has_its_time(house: House) {
        let app = house.app().await;
        house.user(&app.pool, "ada@example.com").await;
        house.user(&app.pool, "eve@example.com").await;
        let mut browser = house.browser();
        let at = |user: &str| format!("/console/pools/{}/users/{user}/delete", app.pool);
        let said = delete(&mut browser, &at("ada@example.com"), "act", "").await;
        let one = link(&said, "Undo");
        for path in [one.clone(), format!("{one}/forget")] {
            assert_eq!(browser.post(&path, &[("_csrf", "forged")]).await.status, StatusCode::FORBIDDEN);
        }
        // No secret of its user is in what is kept.
        let db = Db::open(&house.store_url, poolhouse_store::Options { access: poolhouse_store::Access::Read, ..Default::default() });
        let kept: Vec<Vec<u8>> = db.await.unwrap().reader().await.unwrap().all("SELECT content FROM undo_rows", p![]).await.unwrap();
        assert!(!kept.is_empty() && kept.iter().all(|part| !part.windows(PASSWORD.len()).any(|at| at == PASSWORD.as_bytes())));
        let page = browser.get(&format!("{one}/forget")).await;
        let page = send(&mut browser, &page, "forget", &[]).await;
        assert!(words(&page).contains("was deleted for good"), "{page:?}");
        assert_eq!(browser.get(&one).await.status, StatusCode::NOT_FOUND);

        let said = delete(&mut browser, &at("eve@example.com"), "act", "").await;
        house.clock.advance_ms(7 * 86_400_000);
        assert_eq!(browser.get(&link(&said, "Undo")).await.status, StatusCode::NOT_FOUND);
        assert!(house.engine.purge().await.unwrap() >= 1);
    }
}
