//! One pool with a domain, a client and its browsers, in a [`House`]. The browsers come to the handler directly, where they can
//! come over TLS and under any host name.

use std::collections::BTreeMap;

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use poolhouse::app::handler;
use poolhouse::config::{Callers, Console};
use poolhouse::edge::{Handler, Peer};
use poolhouse::state::{AppState, Front};
use poolhouse_engine::delivery::inbox::{Filter, Kept};
use serde_json::{Value, json};

pub use crate::harness::{CALLBACK, PASSWORD, encode};
use crate::harness::{House, Options};

pub const HOST: &str = "demo.auth.eu-central-1.localhost:9443";
pub const OWN: &str = "localhost:9443";
pub const MAIL: &str = "ada@example.com";

pub struct World {
    house: House,
    handler: Handler,
    pub pool: String,
    pub client: String,
}

impl World {
    /// A pool for email accounts and a client that hides users.
    pub async fn new() -> Self {
        Self::with(json!({}), json!({})).await
    }

    /// With these members of CreateUserPool and CreateUserPoolClient beside, or in place of, the usual ones.
    pub async fn with(pool: Value, client: Value) -> Self {
        let house = House::with(Options { public_url: Some(format!("https://{OWN}")), ..Options::default() }).await;
        let front = Front {
            callers: Callers::AnyKey,
            open_control: true,
            console: Console::Open,
            trusted_proxies: Vec::new(),
            demo: None,
        };
        let handler = handler(AppState::new(house.engine.clone(), front).unwrap());
        let usual =
            json!({ "PoolName": "Northwind Books", "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
        let made = house.ok("CreateUserPool", merged(usual, pool)).await;
        let pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
        house.ok("CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": "demo" })).await;
        let mut world = Self { house, handler, pool, client: String::new() };
        world.client = world.make_client(client).await;
        world
    }

    pub async fn make_client(&self, changes: Value) -> String {
        let usual = json!({
            "UserPoolId": self.pool, "ClientName": "Shop", "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"],
            "AllowedOAuthScopes": ["openid", "email"], "SupportedIdentityProviders": ["COGNITO"], "CallbackURLs": [CALLBACK],
            "LogoutURLs": ["https://app.example.com/out"], "PreventUserExistenceErrors": "ENABLED",
        });
        let reply = self.call("CreateUserPoolClient", merged(usual, changes)).await;
        reply["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned()
    }

    /// An administrator's call, which must succeed.
    pub async fn call(&self, operation: &str, input: Value) -> Value {
        self.house.ok(operation, input).await
    }

    /// A confirmed user with [`PASSWORD`].
    pub async fn user(&self, mail: &str) {
        self.house.user(&self.pool, mail).await;
    }

    /// As [`World::user`], in a pool that requires one more attribute.
    pub async fn user_with(&self, mail: &str, attribute: &str) {
        let attributes = json!([{ "Name": "email", "Value": mail }, { "Name": attribute, "Value": "x" }]);
        let input =
            json!({ "UserPoolId": self.pool, "Username": mail, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
        self.call("AdminCreateUser", input).await;
    }

    /// A user with a temporary password.
    pub async fn invited(&self, mail: &str, password: &str) {
        let attributes = json!([{ "Name": "email", "Value": mail }, { "Name": "email_verified", "Value": "true" }]);
        let input = json!({
            "UserPoolId": self.pool, "Username": mail, "UserAttributes": attributes, "TemporaryPassword": password, "MessageAction": "SUPPRESS"
        });
        self.call("AdminCreateUser", input).await;
    }

    pub async fn status_of(&self, mail: &str) -> Option<String> {
        let reply = self.house.api("AdminGetUser", json!({ "UserPoolId": self.pool, "Username": mail })).await;
        reply.json()["UserStatus"].as_str().map(str::to_owned)
    }

    pub async fn messages(&self, address: &str) -> Vec<Kept> {
        let filter = Filter { address: Some(address.to_owned()), ..Filter::default() };
        self.house.engine.inbox.as_ref().unwrap().list(&filter).await.unwrap()
    }

    /// The code of the newest message.
    pub async fn code(&self, address: &str) -> String {
        self.messages(address).await.first().and_then(|m| m.code.clone()).expect("a message with a code")
    }

    pub fn pass(&self, milliseconds: i64) {
        self.house.clock.advance_ms(milliseconds);
    }

    /// The authorization request of the client, for the address line of any page.
    pub fn query(&self) -> String {
        format!(
            "client_id={}&response_type=code&scope=openid&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback&state=a%20b%2Bc",
            self.client
        )
    }

    pub fn url(&self, path: &str) -> String {
        format!("{path}?{}", self.query())
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { world: self, host: HOST, tls: true, cookies: BTreeMap::new() }
    }
}

/// `usual` with these members replaced; `null` takes one away.
fn merged(mut usual: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().cloned().unwrap_or_default() {
        match value {
            Value::Null => usual.as_object_mut().unwrap().remove(&name),
            value => usual.as_object_mut().unwrap().insert(name, value),
        };
    }
    usual
}

/// A browser with script switched off.
#[derive(Clone)]
pub struct Browser<'a> {
    pub world: &'a World,
    pub host: &'static str,
    pub tls: bool,
    pub cookies: BTreeMap<String, String>,
}

/// What a browser got.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// Path and query that were asked for.
    pub at: String,
}

impl Browser<'_> {
    pub async fn get(&mut self, at: &str) -> Page {
        self.send(Method::GET, at, &[], None).await
    }

    /// A post as our own pages cause it.
    pub async fn post(&mut self, at: &str, fields: &[(&str, &str)]) -> Page {
        self.send(Method::POST, at, &[("origin", "null"), ("sec-fetch-site", "same-origin")], Some(encode(fields))).await
    }

    pub async fn send(&mut self, method: Method, at: &str, headers: &[(&str, &str)], form: Option<String>) -> Page {
        let mut request = Request::builder().method(method).uri(at).header(header::HOST, self.host);
        if !self.cookies.is_empty() {
            let line: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, line.join("; "));
        }
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(form.map_or_else(Body::empty, Body::from)).unwrap();
        request.extensions_mut().insert(Peer { address: "127.0.0.1:9".parse().unwrap(), tls: self.tls, server_name: None });
        let response = self.world.handler.answer(request).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        for line in parts.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Page { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap(), at: at.to_owned() }
    }

    /// Follows redirects as long as they stay on this site.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..5 {
            match page.location() {
                Some(to) if to.starts_with('/') => {
                    let to = to.to_owned();
                    page = self.get(&to).await;
                }
                _ => return page,
            }
        }
        panic!("redirects without end at {}", page.at);
    }

    /// Fills in the page's form and follows where it leads.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let answer = self.submit_to(page, &page.action(), fields).await;
        self.follow(answer).await
    }

    /// Sends the page's hidden and read-only fields and these to another address, as a button with `formaction` does.
    pub async fn submit_to(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let mut all = vec![("_csrf", page.csrf()), ("cognitoAsfData", String::new())];
        if page.body.contains(" readonly") {
            all.push(("username", page.value("username")));
        }
        let mut all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
        all.extend(fields.iter().copied());
        self.post(action, &all).await
    }

    /// The sign-in page, from the authorization endpoint.
    pub async fn login(&mut self) -> Page {
        let page = self.get(&self.world.url("/oauth2/authorize")).await;
        let page = self.follow(page).await;
        page.is("Sign in");
        page
    }

    pub async fn sign_in(&mut self, username: &str, password: &str) -> Page {
        let page = self.login().await;
        self.submit(&page, &[("username", username), ("password", password)]).await
    }
}

impl Page {
    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION).map(|value| value.to_str().unwrap())
    }

    pub fn heading(&self) -> &str {
        between(&self.body, "<h1>", "</h1>").unwrap_or_default()
    }

    /// Asserts a page with this heading.
    #[track_caller]
    pub fn is(&self, heading: &str) {
        let alert = between(&self.body, "role=\"alert\"", "</div>");
        assert_eq!((self.heading(), self.status), (heading, StatusCode::OK), "{} {:?} {alert:?}", self.at, self.location());
    }

    #[track_caller]
    pub fn says(&self, text: &str) {
        assert!(self.body.contains(text), "{} does not say {text:?}: {}", self.at, self.body);
    }

    /// Asserts the page with an error above its form.
    #[track_caller]
    pub fn complains(&self, heading: &str, text: &str) {
        self.is(heading);
        let from = self.body.find("id=\"loginErrorMessage\"").unwrap_or_else(|| panic!("no error on {}: {}", self.at, self.body));
        let alert = &self.body[from..];
        let alert = &alert[..alert.find("</div>").unwrap()];
        assert!(alert.contains(text), "{alert}");
    }

    /// Asserts arrival at the app; the value of `code`.
    #[track_caller]
    pub fn arrives(&self) -> String {
        let to = self.location().unwrap_or_else(|| panic!("{} {}: {}", self.status, self.at, self.body));
        assert_eq!(self.status, StatusCode::FOUND);
        let query = to.strip_prefix(&format!("{CALLBACK}?")).unwrap_or_else(|| panic!("leads to {to}"));
        assert!(query.contains("state=a+b%2Bc"), "{query}");
        query.split('&').find_map(|pair| pair.strip_prefix("code=")).unwrap_or_else(|| panic!("no code: {query}")).to_owned()
    }

    pub fn csrf(&self) -> String {
        between(&self.body, "name=\"_csrf\" value=\"", "\"")
            .unwrap_or_else(|| panic!("no form on {}: {}", self.at, self.body))
            .to_owned()
    }

    pub fn action(&self) -> String {
        unescape(between(&self.body, " action=\"", "\"").unwrap_or_else(|| panic!("no form on {}: {}", self.at, self.body)))
    }

    pub fn resend_action(&self) -> String {
        unescape(between(&self.body, "formaction=\"", "\"").unwrap())
    }

    /// The address behind a link with this text.
    pub fn link(&self, text: &str) -> Option<String> {
        let end = self.body.find(&format!(">{text}</a>"))?;
        let start = self.body[..end].rfind("href=\"")? + 6;
        Some(unescape(self.body[start..].split('"').next()?))
    }

    /// The value in an input.
    pub fn value(&self, name: &str) -> String {
        let at = self.body.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no input {name} on {}", self.at));
        let tag = &self.body[at..];
        unescape(between(&tag[..tag.find('>').unwrap()], " value=\"", "\"").unwrap_or_default())
    }

    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect()
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    rest.split_once(after).map(|(found, _)| found)
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
