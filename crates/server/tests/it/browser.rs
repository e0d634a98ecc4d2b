//! A browser for tests, on the harness's plain requests: cookies, redirects, forms.

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;

use crate::harness::{House, Reply, encode};

/// A browser: it keeps cookies, follows nothing by itself, and fills in the page's own forms.
#[derive(Clone)]
pub struct Browser<'a> {
    house: &'a House,
    pub jar: BTreeMap<String, String>,
    /// The host it believes to visit; `None`: `localhost`.
    pub host: Option<String>,
    /// Whether it is at the console's own listener.
    pub at_desk: bool,
}

impl<'a> Browser<'a> {
    pub fn new(house: &'a House) -> Self {
        Self { house, jar: BTreeMap::new(), host: None, at_desk: false }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, "").await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send("POST", path, &encode(fields)).await
    }

    /// Follows redirects on this site until a page, or an address elsewhere, comes; that reply.
    pub async fn follow(&mut self, reply: Reply) -> Reply {
        let mut reply = reply;
        while reply.status.is_redirection() && reply.location().starts_with('/') {
            let next = reply.location().to_owned();
            reply = self.get(&next).await;
        }
        reply
    }

    /// Posts the page's first form: its hidden fields as they are, and these.
    pub async fn submit(&mut self, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let action = attribute(&page.text, "<form", "action").expect("a form with an action");
        let mut all: Vec<(String, String)> = Vec::new();
        for input in page.text.split("<input").skip(1).filter_map(|rest| rest.split('>').next()) {
            let value = |name: &str| attribute(&format!("<input{input}>"), "<input", name);
            if value("type").as_deref() == Some("hidden") {
                all.push((value("name").unwrap_or_default(), value("value").unwrap_or_default()));
            }
        }
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let all: Vec<(&str, &str)> = all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(&action, &all).await
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Reply {
        let cookies: Vec<String> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let host = self.host.clone();
        let mut headers = vec![("accept", "text/html")];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        if let Some(host) = &host {
            headers.push(("host", host));
        }
        if method == "POST" {
            headers.push((CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded"));
        }
        let desk = self.house.desk.as_ref().filter(|_| self.at_desk);
        let reply = self.house.send_to(desk.unwrap_or(&self.house.address), method, path, &headers, body).await;
        for cookie in reply.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }
}

/// A text of a page as it was before it was escaped.
pub fn unescaped(text: &str) -> String {
    text.replace("&#39;", "'").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The value of an attribute in the first such tag, unescaped.
pub fn attribute(html: &str, tag: &str, name: &str) -> Option<String> {
    let rest = html.get(html.find(tag)?..)?;
    let rest = rest.get(..rest.find('>')?)?;
    let from = rest.find(&format!(" {name}=\""))? + name.len() + 3;
    let value = rest.get(from..)?.split('"').next()?;
    Some(unescaped(value))
}
