//! Search across pools: `console::search`.

use http::StatusCode;
use serde_json::json;

use super::forms::{Form, has, link, spoken};
use crate::both;
use crate::harness::{House, PASSWORD, REGION, Reply};

/// The page for these words, as a browser asks for it.
async fn search(house: &House, words: &str) -> Reply {
    let query: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    house.browser().get(&format!("/console/search?q={query}")).await
}

/// What the page says, of words that can be searched for.
async fn said(house: &House, words: &str) -> String {
    let page = search(house, words).await;
    assert_eq!(page.status, StatusCode::OK, "{words}: {page:?}");
    spoken(&page)
}

/// A user in a pool of user names.
async fn named(house: &House, pool: &str, username: &str, attributes: &[(&str, &str)]) -> String {
    let attributes: Vec<_> = attributes.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let input = json!({ "UserPoolId": pool, "Username": username, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
    let made = house.ok("AdminCreateUser", input).await;
    let made = made["User"]["Attributes"].as_array().unwrap().iter().find(|one| one["Name"] == "sub").unwrap().clone();
    made["Value"].as_str().unwrap().to_owned()
}

both! {
    async fn one_search_finds_everything_in_every_pool(house: House) {
        let orders = house.pool(json!({ "PoolName": "Orders" })).await;
        let books = house.pool(json!({ "PoolName": "books", "UsernameAttributes": [] })).await;
        house.user(&orders, "orderly@example.com").await;
        let sub = named(&house, &books, "ordinary", &[("name", "Order Person"), ("phone_number", "+4930123456")]).await;
        house.ok("CreateGroup", json!({ "UserPoolId": books, "GroupName": "order-editors" })).await;
        let (client, _) = house.client(&books, json!({ "ClientName": "Reorder app" })).await;
        house.ok("CreateUserPoolDomain", json!({ "UserPoolId": orders, "Domain": "order" })).await;

        let page = search(&house, "order").await;
        let words = spoken(&page);
        for group in ["User pools: 1", "App clients: 1", "Users: 1", "Groups: 1", "Domains: 1"] {
            assert!(words.contains(group), "{group}: {words}");
        }
        assert_eq!(link(&page, "<bdi>order-editors</bdi>"), format!("/console/pools/{books}/groups/order-editors"));
        assert_eq!(link(&page, "<bdi>Reorder app</bdi>"), format!("/console/pools/{books}/clients/{client}"));
        assert!(link(&page, "<bdi>orderly@example.com</bdi>").starts_with(&format!("/console/pools/{orders}/users/")));
        assert_eq!(link(&page, "<bdi>order</bdi>"), format!("/console/pools/{orders}/domain"));
        assert_eq!(house.browser().get(&link(&page, "<bdi>Orders</bdi>")).await.status, StatusCode::OK);
        assert_eq!(Form::of(&page, "search").value("q"), ["order"]);
        has(&page, &["type=\"search\"", "aws cognito-idp list-user-pools"]);

        // In the ways a user is known by, once each.
        for known in [sub.as_str(), "ordinary", "Order Pers", "+493012", "493012"] {
            let words = said(&house, known).await;
            assert!(words.contains("Users: 1") && words.contains(&sub) && !words.contains("Groups:"), "{known}: {words}");
        }
        for (whole, found) in [(&client, "App clients: 1"), (&books, "User pools: 1")] {
            let words = said(&house, whole).await;
            assert!(words.contains(found) && !words.contains("Users:"), "{whole}: {words}");
        }
    }

    async fn sec_114_what_is_typed_stays_text(house: House) {
        let pool = house.pool(json!({ "UsernameAttributes": [] })).await;
        let sub = named(&house, &pool, "ada", &[("name", r#"O"Ne\il"#)]).await;
        for found in [r#"O"Ne\il"#, r#"O"Ne\"#, r#"O""#] {
            let words = said(&house, found).await;
            assert!(words.contains("Users: 1") && words.contains(&sub), "{found}: {words}");
        }
        // Taken for a filter, or for SQL, each of these would find somebody, or be refused.
        for text in [r#"x" or name ^= "O"#, r#"" "#, r#"O\"Ne"#, r"\", "'", "' OR 1=1 --", "%", "*", r#"@" x"#] {
            let words = said(&house, text).await;
            assert!(words.contains("Nothing found") && !words.contains(&sub), "{text}: {words}");
        }
    }
}

#[tokio::test]
async fn sec_056_what_is_typed_is_no_markup() {
    let house = House::start().await;
    house.pool(json!({ "PoolName": "shop" })).await;
    let script = r#""><script>alert(1)</script>"#;
    for words in [script.to_owned(), format!("{script}{}", "x".repeat(300)), format!("{script}\u{7}")] {
        let page = search(&house, &words).await;
        assert!(!page.text.contains("<script>alert") && page.text.contains("&lt;script&gt;alert"), "{page:?}");
        assert_eq!(Form::of(&page, "search").value("q"), [words]);
    }
}

#[tokio::test]
async fn an_empty_search_says_what_can_be_found_and_a_vain_one_too() {
    let house = House::start().await;
    for path in ["/console/search", "/console/search?q=", "/console/search?q=+"] {
        let page = house.browser().get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(spoken(&page).contains("What can be searched for") && !spoken(&page).contains("Nothing found"), "{page:?}");
    }
    house.pool(json!({ "PoolName": "shop" })).await;
    let page = search(&house, "nowhere").await;
    let words = spoken(&page);
    assert!(words.contains("Nothing in 1 user pool matches nowhere.") && words.contains("What can be searched for"), "{words}");
    assert!(words.contains("Capitals count") && link(&page, "Open user pools") == "/console/pools", "{words}");
    assert_eq!(link(&page, "Search"), "/console/search", "the menu");
}

#[tokio::test]
async fn what_is_too_long_or_no_text_is_refused_with_a_sentence() {
    let house = House::start().await;
    let pool = house.pool(json!({ "UsernameAttributes": [] })).await;
    for longest in ["x".repeat(200), "\"".repeat(100), "ä".repeat(200)] {
        assert!(said(&house, &longest).await.contains("Nothing found"), "{longest}");
    }
    let repeated = house.browser().get("/console/search?q=a&q=b").await;
    assert_eq!(repeated.status, StatusCode::BAD_REQUEST);
    for (words, reason) in [
        ("x".repeat(201), "This is too long to search for: at most 200 characters"),
        ("\\".repeat(101), "This is too long to search for: at most 200 characters"),
        ("a\0b".to_owned(), "Line breaks and other control characters cannot be searched for."),
        ("a\nb".to_owned(), "Line breaks and other control characters cannot be searched for."),
    ] {
        let page = search(&house, &words).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{words:?}");
        assert!(spoken(&page).contains(reason), "{words:?}: {}", spoken(&page));
        // A NUL cannot stand in a page.
        let shown = words.replace('\0', "\u{fffd}");
        assert_eq!(Form::of(&page, "search").value("q"), [shown], "what was typed stays");
    }
    assert_eq!(house.ok("ListUsers", json!({ "UserPoolId": pool })).await["Users"], json!([]));
}

#[tokio::test]
async fn no_more_than_twenty_of_a_kind_are_shown_and_it_says_so() {
    let house = House::start().await;
    let pool = house.pool(json!({ "UsernameAttributes": [] })).await;
    for number in 0..20 {
        named(&house, &pool, &format!("twin-{number:02}"), &[("name", "twin-person")]).await;
    }
    let words = said(&house, "twin-").await;
    assert!(words.contains("Users: 20") && !words.contains("Users: the first 20"), "{words}");
    named(&house, &pool, "other", &[("name", "twin-person")]).await;
    let words = said(&house, "twin-").await;
    assert!(words.contains("Users: the first 20") && words.contains("Only the first 20 of a kind are shown"), "{words}");
    assert_eq!((0..20).filter(|number| words.contains(&format!("twin-{number:02}"))).count(), 20);
}

#[tokio::test]
async fn what_lies_behind_the_bounds_is_found_by_its_whole_name() {
    let house = House::start().await;
    let pool = house.pool(json!({ "PoolName": "many" })).await;
    for number in 0..62 {
        house.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": format!("group-{number:02}") })).await;
    }
    let words = said(&house, "group-61").await;
    assert!(words.contains("Groups: 1") && words.contains("more than 60 groups"), "{words}");
    assert!(!said(&house, "up-61").await.contains("Groups: 1"), "it lies behind the first sixty");
    for number in 0..60 {
        house.pool(json!({ "PoolName": format!("pool-{number:02}") })).await;
    }
    let words = said(&house, "pool-").await;
    assert!(words.contains("There are more user pools than the 60 that were looked into."), "{words}");
    let listed = house.ok("ListUserPools", json!({ "MaxResults": 60 })).await;
    let rest = json!({ "MaxResults": 60, "NextToken": listed["NextToken"] });
    let last = house.ok("ListUserPools", rest).await["UserPools"][0]["Id"].as_str().unwrap().to_owned();
    assert!(last.starts_with(REGION));
    assert!(said(&house, &last).await.contains("User pools: 1"));
}

#[tokio::test]
async fn events_and_messages_are_found_too() {
    let house = House::start().await;
    let app = house.app().await;
    let sign_up = json!({
        "ClientId": app.client, "Username": "grace@example.com", "Password": PASSWORD,
        "UserAttributes": [{ "Name": "email", "Value": "grace@example.com" }],
    });
    house.ok("SignUp", sign_up.clone()).await;
    house.refused("SignUp", sign_up).await;
    house.engine.audit.flush().await;
    let page = search(&house, "GRACE@example.com").await;
    let words = spoken(&page);
    assert!(words.contains("Messages: 1"), "{words}");
    assert!(link(&page, "<bdi>Your verification code</bdi>").starts_with("/console/inbox/"));
    let code = house.code_for("grace@example.com").await;
    let words = said(&house, &code).await;
    assert!(words.contains("Messages: 1") && !words.contains("Events: "), "no code is in an event: {words}");
    let page = search(&house, "UsernameExists").await;
    assert!(spoken(&page).contains("Events: 1"), "{}", spoken(&page));
    let event = house.browser().get(&link(&page, "<bdi>SignUp</bdi>")).await;
    let id = event.text.split("Request ID").nth(1).unwrap().split("<code class=\"copy\">").nth(1).unwrap();
    let words = said(&house, id.split('<').next().unwrap()).await;
    assert!(words.contains("Events: ") && !words.contains("Messages: "), "{words}");
}
