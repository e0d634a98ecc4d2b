//! The flow runner: the authorization code flow from the choice of a client to signing out, and what is wrong on the way.

use serde_json::json;

use super::forms::{Form, has, link, send};
use crate::browser::{Browser, attribute};
use crate::harness::{App, House, Options, PASSWORD, Reply, encode};

pub const MAIL: &str = "ada@example.com";

pub struct Runner<'a> {
    house: &'a House,
    pub browser: Browser<'a>,
}

impl<'a> Runner<'a> {
    pub fn new(house: &'a House) -> Self {
        Self::by(house, house.browser())
    }

    /// With a browser that is signed in to the console.
    pub fn by(house: &'a House, browser: Browser<'a>) -> Self {
        Self { house, browser }
    }

    /// The page of the run's first step, once the client has all it needs.
    pub async fn begin(&mut self, app: &App, pkce: &str) -> Reply {
        let page = self.browser.get(&start(app)).await;
        let page =
            if page.text.contains("id=\"complete\"") { send(&mut self.browser, &page, "complete", &[]).await } else { page };
        send(&mut self.browser, &page, "begin", &[("pkce", pkce)]).await
    }

    /// Opens an absolute address of ours and follows until a page comes that leads nowhere by itself. The callback is come to from
    /// another site: without the strict cookie.
    pub async fn open(&mut self, url: &str) -> Reply {
        let mut next = url.to_owned();
        loop {
            let path = next.strip_prefix(&self.house.public_url).unwrap_or(&next).to_owned();
            let strict = path.starts_with("/console/flow/callback").then(|| self.browser.jar.remove(STRICT)).flatten();
            let reply = self.browser.get(&path).await;
            self.browser.jar.extend(strict.map(|value| (STRICT.to_owned(), value)));
            next = match leads_on(&reply) {
                Some(next) => next,
                None if reply.status.is_redirection() => reply.location().to_owned(),
                None => return reply,
            };
        }
    }

    /// Signs in on the real page and comes back to the callback.
    pub async fn sign_in(&mut self, page: &Reply) -> Reply {
        let login = self.open(&link(page, "Open the sign-in page")).await;
        let back = self.browser.submit(&login, &[("username", MAIL), ("password", PASSWORD)]).await;
        assert!(back.status.is_redirection(), "{back:?}");
        let to = back.location().to_owned();
        assert!(to.starts_with(&format!("{}/console/flow/callback?", self.house.public_url)), "{to}");
        self.open(&to).await
    }
}

const STRICT: &str = "poolhouse-operator";

/// Where a page goes by itself.
pub fn leads_on(page: &Reply) -> Option<String> {
    let content = attribute(&page.text, "<meta http-equiv=\"refresh\"", "content")?;
    content.strip_prefix("0; url=").map(str::to_owned)
}

pub fn start(app: &App) -> String {
    format!("/console/flow?{}", encode(&[("pool", &app.pool), ("client", &app.client)]))
}

/// The whole flow of this client, with [`MAIL`] and the harness's password.
pub async fn walk(house: &House, app: &App, pkce: &str) {
    walk_with(Runner::new(house), app, pkce).await;
}

pub async fn walk_with(mut runner: Runner<'_>, app: &App, pkce: &str) {
    let page = runner.begin(app, pkce).await;
    has(&page, &["This request is in order", "GET /oauth2/authorize?response_type=code"]);
    assert_eq!(page.text.contains("code_challenge_method=S256"), pkce == "S256");
    let page = runner.sign_in(&page).await;
    has(&page, &["The callback is in order", "as expected"]);

    let page = runner.open(&link(&page, "Next: exchange the code for tokens")).await;
    has(&page, &["POST /oauth2/token HTTP/1.1", "grant_type=authorization_code"]);
    let page = send(&mut runner.browser, &page, "exchange", &[]).await;
    has(&page, &["The code was exchanged", "HTTP/1.1 200 OK", "token_type", "Bearer"]);

    let page = runner.open(&link(&page, "Next: read the tokens")).await;
    has(
        &page,
        &["ID token: claims", "Access token: claims", "Made with a key of this user pool", "aws.cognito.signin.user.admin"],
    );
    assert!(!page.text.contains("refuse it"), "{}", page.text);

    let page = runner.open(&link(&page, "Next: ask who the user is")).await;
    let page = send(&mut runner.browser, &page, "ask", &[]).await;
    has(&page, &["HTTP/1.1 200 OK", MAIL]);
    let user_info = page;

    let page = runner.open(&link(&user_info, "Next: refresh the tokens")).await;
    let page = send(&mut runner.browser, &page, "ask", &[]).await;
    has(&page, &["The endpoint gave new tokens", "grant_type=refresh_token"]);

    let page = runner.open(&link(&page, "Next: revoke and sign out")).await;
    let page = send(&mut runner.browser, &page, "ask", &[]).await;
    has(&page, &["The session is revoked", "HTTP/1.1 200 OK"]);
    let page = send(&mut runner.browser, &user_info, "ask", &[]).await;
    has(&page, &["HTTP/1.1 401 Unauthorized", "Access Token has been revoked"]);
}

#[tokio::test]
async fn the_flow_is_gone_through_with_and_without_pkce() {
    let house = House::start().await;
    for (more, pkce) in [(json!({}), "S256"), (json!({ "GenerateSecret": true }), "none")] {
        let app = house.oauth_app(more).await;
        house.user(&app.pool, MAIL).await;
        walk(&house, &app, pkce).await;
    }
}

#[tokio::test]
async fn the_flow_runs_on_postgres() {
    let house = House::with(Options { store: crate::harness::Store::Postgres, ..Options::default() }).await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, MAIL).await;
    walk(&house, &app, "S256").await;
}

#[tokio::test]
async fn what_a_client_lacks_is_listed_and_added_to_the_whole_of_it() {
    let house = House::start().await;
    let pool = house.pool(json!({})).await;
    let settings = json!({
        "ClientName": "plain", "GenerateSecret": true, "AccessTokenValidity": 2, "TokenValidityUnits": { "AccessToken": "hours" },
        "ReadAttributes": ["email"], "CallbackURLs": ["https://app.example.com/back"], "EnableTokenRevocation": false,
    });
    let (client, secret) = house.client(&pool, settings).await;
    let describe = json!({ "UserPoolId": pool, "ClientId": client });
    let before = house.ok("DescribeUserPoolClient", describe.clone()).await["UserPoolClient"].clone();
    let app = App { pool, client, secret };

    let mut browser = house.browser();
    let page = browser.get(&start(&app)).await;
    let callback = format!("{}/console/flow/callback", house.public_url);
    has(&page, &["Missing settings", &callback, "AllowedOAuthFlows", "update-user-pool-client"]);
    assert!(!page.text.contains(app.secret.as_deref().unwrap()), "the secret is on the page");
    let forged = browser.post("/console/flow/settings", &[("pool", &app.pool), ("client", &app.client)]).await;
    assert_eq!(forged.status, 403);
    assert_eq!(house.ok("DescribeUserPoolClient", describe.clone()).await["UserPoolClient"], before);

    let page = send(&mut browser, &page, "complete", &[]).await;
    has(&page, &["The app client was saved.", "This app client has all that the flow needs."]);
    let mut after = house.ok("DescribeUserPoolClient", describe).await["UserPoolClient"].clone();
    assert_eq!(after["CallbackURLs"], json!(["https://app.example.com/back", callback]));
    assert_eq!(after["AllowedOAuthFlows"], json!(["code"]));
    assert_eq!(after["AllowedOAuthFlowsUserPoolClient"], json!(true));
    for changed in [
        "CallbackURLs",
        "AllowedOAuthFlows",
        "AllowedOAuthFlowsUserPoolClient",
        "AllowedOAuthScopes",
        "SupportedIdentityProviders",
        "LastModifiedDate",
    ] {
        match before.get(changed) {
            Some(value) => after[changed] = value.clone(),
            None => drop(after.as_object_mut().unwrap().remove(changed)),
        }
    }
    assert_eq!(after, before, "nothing else changed");
}

#[tokio::test]
async fn a_wrong_request_is_foretold_and_its_error_explained() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "S256").await;
    let page = send(&mut runner.browser, &page, "parameters", &[("redirect_uri", "https://elsewhere.example.com/")]).await;
    has(&page, &["This request will be refused", "redirect_uri is none of the client", "Nothing goes back to the app"]);

    let callback = format!("{}/console/flow/callback", house.public_url);
    let changed = [("redirect_uri", callback.as_str()), ("scope", "openid nonsense")];
    let page = send(&mut runner.browser, &page, "parameters", &changed).await;
    has(&page, &["This request will be refused", "The app is told by a redirect"]);
    let page = runner.open(&link(&page, "Open the sign-in page")).await;
    has(&page, &["The request was refused with invalid_scope", "as expected"]);
    assert!(!page.text.contains("Next: exchange"), "nothing to go on with");
}

#[tokio::test]
async fn a_callback_with_a_foreign_state_is_not_redeemed() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, MAIL).await;
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "none").await;
    let page = send(&mut runner.browser, &page, "parameters", &[("state", "somebody-elses")]).await;
    let page = runner.sign_in(&page).await;
    has(&page, &["An app must stop here", "differs"]);
    let token = page_of(&page, "token");
    let page = runner.browser.get(&token).await;
    has(&page, &["No code to exchange"]);
    let csrf = runner.browser.jar["XSRF-TOKEN"].clone();
    let refused = runner.browser.post(&token, &[("_csrf", &csrf), ("proof", "none"), ("code", "x")]).await;
    assert!(refused.location().ends_with("/callback"), "{refused:?}");
    // A browser that began no run has no callback to receive.
    let stranger = Runner::new(&house).open("/console/flow/callback?code=x&state=y").await;
    assert_eq!(stranger.status, 400);
    has(&stranger, &["This callback belongs to no run"]);
}

#[tokio::test]
async fn a_foreign_callback_does_not_take_the_place_of_the_one_that_was_asked_for() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, MAIL).await;
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "S256").await;
    let page = runner.sign_in(&page).await;
    has(&page, &["The callback is in order"]);
    let kept = page_of(&page, "callback");
    let forged = runner.open("/console/flow/callback?code=forged&state=guessed").await;
    assert_eq!(forged.status, 400);
    has(&forged, &["This callback belongs to no run"]);
    let page = runner.browser.get(&kept).await;
    has(&page, &["The callback is in order"]);
    assert!(!page.text.contains("forged"), "{}", page.text);
}

/// The address of another step of the run that a page is about.
pub fn page_of(page: &Reply, step: &str) -> String {
    let from = page.text.find("/console/flow/").into_iter().chain(page.text.match_indices("/console/flow/").map(|(at, _)| at));
    let runs = from.filter_map(|at| page.text.get(at..)?.split('"').next());
    let run = runs.filter_map(|path| path.split('/').nth(3)).find(|run| run.len() == 22).unwrap();
    format!("/console/flow/{run}/{step}")
}

#[tokio::test]
async fn a_wrong_token_request_says_why_and_burns_the_code() {
    let house = House::start().await;
    let app = house.oauth_app(json!({})).await;
    house.user(&app.pool, MAIL).await;
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "S256").await;
    let page = runner.sign_in(&page).await;
    let page = runner.browser.get(&page_of(&page, "token")).await;
    let page = send(&mut runner.browser, &page, "exchange", &[("code_verifier", &"a".repeat(43))]).await;
    has(
        &page,
        &["The endpoint refused", "code_verifier does not match code_challenge", "HTTP/1.1 400 Bad Request", "invalid_grant"],
    );
    assert!(!page.text.contains("Next: read the tokens"));
}

#[tokio::test]
async fn sec_109_the_secret_is_in_no_page_before_it_is_revealed() {
    let house = House::start().await;
    let app = house.oauth_app(json!({ "GenerateSecret": true })).await;
    house.user(&app.pool, MAIL).await;
    let secret = app.secret.clone().unwrap();
    let basic = crate::sign::base64(format!("{}:{secret}", app.client).as_bytes());
    let hidden = |page: &Reply| assert!(!page.text.contains(&secret) && !page.text.contains(&basic), "{}", page.text);
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "none").await;
    let page = runner.sign_in(&page).await;
    let token = page_of(&page, "token");
    let page = runner.browser.get(&token).await;
    hidden(&page);
    has(&page, &["YOUR_CLIENT_SECRET"]);
    let forged = runner.browser.post(&format!("{token}/reveal"), &[]).await;
    assert_eq!(forged.status, 403);
    hidden(&forged);
    let revealed = Form::of(&page, "reveal").send(&mut runner.browser).await;
    assert_eq!((revealed.status.as_u16(), revealed.header("cache-control")), (200, "no-store"));
    has(&revealed, &[&basic, &secret]);
    let page = send(&mut runner.browser, &page, "exchange", &[("proof", "body")]).await;
    hidden(&page);
    has(&page, &["client_secret=YOUR_CLIENT_SECRET", "HTTP/1.1 200 OK"]);
    for step in ["decode", "userinfo", "refresh", "end"] {
        hidden(&runner.browser.get(&page_of(&page, step)).await);
    }
    for redirect in [page_of(&page, "token"), token] {
        assert!(!redirect.contains("eyJ"), "a token in an address");
    }
}

#[tokio::test]
async fn a_run_ends_after_an_hour_and_without_a_pool_there_is_none() {
    let house = House::start().await;
    let empty = house.browser().get("/console/flow").await;
    has(&empty, &["No user pools yet"]);
    let app = house.oauth_app(json!({})).await;
    let mut runner = Runner::new(&house);
    let page = runner.begin(&app, "S256").await;
    let path = page_of(&page, "authorize");
    assert_eq!(runner.browser.get(&path).await.status, 200);
    house.clock.advance_ms(3_600_001);
    let gone = runner.browser.get(&path).await;
    assert_eq!(gone.status, 404);
    has(&gone, &["This run has ended", "Start a new run"]);
    let unknown = runner.browser.get("/console/flow?pool=eu-central-1_Nothing00&client=x").await;
    assert_eq!(unknown.status, 404);
}
