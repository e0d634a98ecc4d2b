//! The console's home: the checklist, the pools with their counts, the chart, what is surprising. And the chart of one pool.

use http::StatusCode;
use poolhouse_engine::audit::{Event, Kind};
use serde_json::json;

use super::forms::{has, spoken, submit, words};
use crate::both;
use crate::browser::Browser;
use crate::harness::{App, House, Options, PASSWORD, Reply};
use crate::oauth::tools::{code, signed_in};

async fn page(house: &House, path: &str) -> Reply {
    house.engine.audit.flush().await;
    let page = house.browser().get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    assert!(page.text.len() < 50_000, "{path}: {} bytes", page.text.len());
    page
}

/// A wrong password.
async fn refuse(house: &House, app: &App, username: &str) {
    let wrong = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client,
        "AuthParameters": { "USERNAME": username, "PASSWORD": format!("not {PASSWORD}") },
    });
    house.refused("InitiateAuth", wrong).await;
}

both! {
    async fn what_happened_is_counted_in_pictures_a_table_and_a_sentence(house: House) {
        let app = house.app().await;
        let nothing = page(&house, &format!("/console/pools/{}", app.pool)).await;
        assert!(spoken(&nothing).contains("Nothing yet: in the last 24 hours nobody signed in"), "{nothing:?}");
        assert!(!nothing.text.contains("Show as a table") && !nothing.text.contains("class=\"lanes\""));

        house.user(&app.pool, "ada@example.com").await;
        let tokens = house.sign_in(&app, "ada@example.com").await;
        house.sign_in(&app, "ada@example.com").await;
        refuse(&house, &app, "ada@example.com").await;
        refuse(&house, &app, "nobody@example.com").await;
        // Neither of them is a sign-in.
        let refresh = |token: &str| json!({
            "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": app.client, "AuthParameters": { "REFRESH_TOKEN": token },
        });
        house.ok("InitiateAuth", refresh(tokens["RefreshToken"].as_str().unwrap())).await;
        house.refused("InitiateAuth", refresh("no such token")).await;
        let sign_up = json!({ "ClientId": app.client, "Username": "bob@example.com", "Password": PASSWORD });
        house.ok("SignUp", sign_up.clone()).await;
        house.refused("SignUp", sign_up).await;

        let said = "2 sign-ins, 2 refused, 1 sign-up in the last 24 hours.";
        let all = page(&house, "/console").await;
        has(&all, &[said, "Show as a table", "<pattern id=\"activity-2\"", "fill=\"url(#activity-3)\""]);
        let row = all.text.split("Show as a table").nth(1).unwrap().split("<tbody>").nth(1).unwrap().split("</tr>").next().unwrap();
        assert!(row.contains(">2</td><td data-label=\"Refused\">2</td><td data-label=\"Sign-ups\">1</td>"), "{row}");
        has(&page(&house, &format!("/console/pools/{}", app.pool)).await, &[said]);

        let other = house.app().await;
        let of_other = page(&house, &format!("/console/pools/{}", other.pool)).await;
        assert!(spoken(&of_other).contains("Nothing yet"), "a pool counts its own");
    }
}

both! {
    async fn time_is_the_instances_and_may_go_back_further(house: House) {
        let app = house.app().await;
        house.user(&app.pool, "ada@example.com").await;
        house.sign_in(&app, "ada@example.com").await;
        house.clock.advance_ms(25 * 3_600_000);
        refuse(&house, &app, "ada@example.com").await;
        let path = format!("/console/pools/{}", app.pool);
        has(&page(&house, &path).await, &["0 sign-ins, 1 refused, 0 sign-ups in the last 24 hours.", "?period=7d"]);
        for (period, words) in [("7d", "7 days"), ("30d", "30 days")] {
            let page = page(&house, &format!("{path}?period={period}")).await;
            has(&page, &[&format!("1 sign-in, 1 refused, 0 sign-ups in the last {words}."), "aria-current=\"true\""]);
        }
        has(&page(&house, &format!("{path}?period=%22x")).await, &["in the last 24 hours"]);
        house.clock.advance_ms(31 * 24 * 3_600_000);
        has(&page(&house, &format!("{path}?period=30d")).await, &["Nothing yet: in the last 30 days"]);
    }
}

#[tokio::test]
async fn no_more_is_counted_than_a_page_can_wait_for_and_it_says_so() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let now = house.clock.now_ms();
    let event = |at: i64| Event {
        at,
        kind: Kind::Outcome,
        action: "InitiateAuth".into(),
        result: Some("ok".into()),
        actor: "anonymous".to_owned(),
        pool: Some(pool.clone()),
        client: None,
        target: Default::default(),
        ip: None,
        signed_in: true,
        request_id: "x".to_owned(),
    };
    for part in 0..5 {
        // No more than may wait to be written.
        for number in 0..5000 {
            house.engine.audit.record(event(now + part * 5000 + number));
        }
        house.engine.audit.flush().await;
    }
    house.clock.advance_ms(25_000);
    let page = page(&house, "/console").await;
    has(&page, &["20000 sign-ins, 0 refused", "There is more than can be counted for a page: only events since "]);
}

#[tokio::test]
async fn a_sign_in_counts_once_whichever_way_it_goes() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, "ada@example.com").await;
    let invited = json!({
        "UserPoolId": app.pool, "Username": "bob@example.com", "TemporaryPassword": "Temporary-1", "MessageAction": "SUPPRESS",
    });
    house.ok("AdminCreateUser", invited).await;
    house.engine.audit.flush().await;
    // On the page a sign-in ends at two places: the page itself, and the endpoint that sends the browser back.
    let mut browser = signed_in(&house, &app, "ada@example.com").await;
    has(&page(&house, "/console").await, &["1 sign-in, 0 refused"]);
    // A browser that is signed in already is let through, and does not sign in again.
    code(&mut browser, &app, &[]).await;
    has(&page(&house, "/console").await, &["1 sign-in, 0 refused"]);
    // A challenge is no sign-in; its answer is.
    let first = json!({
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "UserPoolId": app.pool, "ClientId": app.client,
        "AuthParameters": { "USERNAME": "bob@example.com", "PASSWORD": "Temporary-1" },
    });
    let challenge = house.ok("AdminInitiateAuth", first).await;
    has(&page(&house, "/console").await, &["1 sign-in, 0 refused"]);
    let answer = json!({
        "UserPoolId": app.pool, "ClientId": app.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": "bob@example.com", "NEW_PASSWORD": PASSWORD },
    });
    house.ok("AdminRespondToAuthChallenge", answer).await;
    has(&page(&house, "/console").await, &["2 sign-ins, 0 refused"]);
}

#[tokio::test]
async fn the_checklist_follows_the_state_until_it_is_done() {
    let house = House::start().await;
    let empty = page(&house, "/console").await;
    has(&empty, &["0 of 5 done", "Begin with a user pool", "Load seed file"]);
    assert!(!empty.text.contains("id=\"activity\""), "nothing to count yet");
    let pool = house.pool(json!({})).await;
    let one = page(&house, "/console").await;
    has(&one, &["1 of 5 done", &format!("/console/pools/{pool}/clients/new"), &format!("/console/pools/{pool}/users/new")]);
    let (client, secret) = house.client(&pool, json!({})).await;
    let app = App { pool: pool.clone(), client, secret };
    house.ok("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "shop" })).await;
    house.user(&pool, "ada@example.com").await;
    has(&page(&house, "/console").await, &["4 of 5 done"]);
    house.sign_in(&app, "ada@example.com").await;
    let done = page(&house, "/console").await;
    assert!(!words(&done).contains("First steps"), "{done:?}");
    has(&done, &["<bdi>shop</bdi>", "data-label=\"Users, about\"><bdi>1</bdi>", "data-label=\"App clients\"><bdi>1</bdi>"]);
}

#[tokio::test]
async fn sec_051_the_checklist_is_hidden_by_its_form_alone_and_comes_back() {
    let house = House::start().await;
    let mut browser = house.browser();
    let page = browser.get("/console").await;
    assert_eq!(browser.post("/console/checklist", &[]).await.status, StatusCode::FORBIDDEN);
    has(&browser.get("/console").await, &["0 of 5 done"]);
    let reply = submit(&mut browser, &page, "hide", &[]).await;
    assert_eq!(reply.location(), "/console");
    let hidden = browser.follow(reply).await;
    assert!(!hidden.text.contains("0 of 5 done"));
    has(&hidden, &["href=\"/console?checklist=show\""]);
    has(&browser.get("/console?checklist=show").await, &["0 of 5 done"]);
    has(&house.browser().get("/console").await, &["0 of 5 done"]);
}

#[tokio::test]
async fn the_newest_message_is_on_the_home() {
    let house = House::start().await;
    let app = house.app().await;
    assert!(!page(&house, "/console").await.text.contains("Newest message"));
    let sign_up = |name: &str| {
        json!({
            "ClientId": app.client, "Username": name, "Password": PASSWORD, "UserAttributes": [{ "Name": "email", "Value": name }],
        })
    };
    house.ok("SignUp", sign_up("ada@example.com")).await;
    house.clock.advance_ms(1000);
    house.ok("SignUp", sign_up("bob&co@example.com")).await;
    let page = page(&house, "/console").await;
    has(&page, &["Newest message", "bob&amp;co@example.com", "href=\"/console/inbox/"]);
    assert!(!page.text.contains("ada@example.com"), "{page:?}");
}

#[tokio::test]
async fn what_surprises_is_said_at_the_top() {
    let house = House::start().await;
    let page = house.browser().get("/console").await;
    assert!(!spoken(&page).contains("You came by"), "{page:?}");
    house.controlled("clock", json!({ "shift_seconds": 86_400 })).await;
    has(&house.browser().get("/console").await, &["The clock is 86400 seconds ahead of the real time."]);
    let public_url = Some("https://id.example.com".to_owned());
    let house = House::with(Options { public_url, ..Options::default() }).await;
    let mut browser = Browser::new(&house);
    browser.host = Some("localhost:9229".to_owned());
    has(&browser.get("/console").await, &["You came by localhost:9229, but the addresses", "https://id.example.com"]);
    browser.host = Some("id.example.com".to_owned());
    assert!(!spoken(&browser.get("/console").await).contains("You came by"));
}

#[tokio::test]
async fn every_page_can_search_and_names_its_health_and_version() {
    let house = House::start().await;
    let pool = house.pool(json!({ "PoolName": "orders" })).await;
    for path in ["/console".to_owned(), format!("/console/pools/{pool}"), "/console/seed".to_owned()] {
        let page = house.browser().get(&path).await;
        let header = page.text.split("<header").nth(1).unwrap().split("</header>").next().unwrap();
        assert!(header.contains("action=\"/console/search\" method=\"get\" role=\"search\""), "{path}: {header}");
        let footer = page.text.split("<footer").nth(1).unwrap();
        assert!(footer.contains("href=\"/console/health\"") && footer.contains(env!("CARGO_PKG_VERSION")), "{path}: {footer}");
    }
    has(&house.browser().get("/console/search?q=orders").await, &["User pools: 1"]);
    // A time is said in full, with how long ago it was beside it; both without script.
    let page = house.browser().get("/console/pools").await;
    let after = page.text.split("<time datetime=\"").nth(1).unwrap();
    assert!(after.contains(" UTC</time> <span class=\"hint\">") && after.contains(" ago</span>"), "{after}");
}
