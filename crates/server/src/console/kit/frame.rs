//! What stands around every console page: where one is, and ways to elsewhere. Filled by [`super::visit`].

use serde::Serialize;

use super::paths;
use super::view::Choice;
use crate::pages::fields::{Link, Moment};

/// The frame of one page.
#[derive(Clone, Serialize)]
pub struct Frame {
    pub version: String,
    /// The pool that the page is about.
    pub pool: Option<PoolName>,
    /// For the switcher; empty where there is none.
    pub pools: Vec<PoolName>,
    pub menu: Vec<Group>,
    /// From the console's home to the page above this one.
    pub crumbs: Vec<Link>,
    /// Something was just done.
    pub said: Option<String>,
    /// The address of this page, for what leads back to it.
    pub back: String,
    /// Where the clock shows another time than the real one.
    pub clock: Option<Clock>,
    pub themes: Vec<Choice>,
    pub theme_url: &'static str,
    /// The way to undo it.
    pub undo: Option<Link>,
    pub switch_url: &'static str,
    /// Where all pools are searched; none for who may see nothing of them.
    pub search_url: Option<&'static str>,
    pub health_url: &'static str,
    /// What works and what does not: none for who has not signed in.
    pub coverage_url: Option<&'static str>,
    pub home_url: &'static str,
    /// Name and role of who is signed in, where operators sign in.
    pub operator: Option<Signed>,
    /// Whether real users sign in here, so that nobody takes it for the instance on their own machine.
    pub production: bool,
}

#[derive(Clone, Serialize)]
pub struct Signed {
    pub name: String,
    pub role: &'static str,
    pub account_url: &'static str,
    pub sign_out_url: &'static str,
}

/// What the menu may lead to besides what is always there.
#[derive(Clone, Copy)]
pub struct Reach {
    pub signed_in: bool,
    pub inbox: bool,
    pub flow: bool,
    /// Who may use the console.
    pub operators: bool,
    /// An account of one's own.
    pub account: bool,
}

impl Reach {
    pub fn leads_to(self, url: &str) -> bool {
        match url {
            paths::INBOX => self.inbox,
            paths::FLOW => self.flow,
            paths::OPERATORS => self.operators,
            paths::ACCOUNT => self.account,
            _ => true,
        }
    }
}

/// A development instance's clock whose hands were moved.
#[derive(Clone, Serialize)]
pub struct Clock {
    /// What the rules go by.
    pub shown: Moment,
    pub real: Moment,
    pub frozen: bool,
}

/// What may be chosen, with `theme` chosen: `light`, `dark`, or empty for the system's own.
pub fn themes(theme: &str) -> Vec<Choice> {
    [("", "System"), ("light", "Light"), ("dark", "Dark")].map(|(value, label)| Choice::new(value, label, value == theme)).into()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PoolName {
    pub id: String,
    pub name: String,
}

/// Links under one word of the AWS console.
#[derive(Clone, Serialize)]
pub struct Group {
    pub title: String,
    pub links: Vec<Entry>,
}

#[derive(Clone, Serialize)]
pub struct Entry {
    pub text: String,
    pub url: String,
    /// Whether this is the page one is on, or the one above it.
    pub here: bool,
}

/// The menu of a page at `path`; what is about a pool stands under that pool.
pub fn menu(path: &str, pool: Option<&str>, reach: Reach) -> Vec<Group> {
    if !reach.signed_in {
        return vec![group("Poolhouse", vec![("Sign in", paths::SIGN_IN.to_owned())])];
    }
    let of_instance = OF_THE_INSTANCE.iter().filter(|(_, url)| reach.leads_to(url)).map(|(text, url)| (*text, (*url).to_owned()));
    let mut groups = vec![group("Poolhouse", of_instance.collect())];
    if let Some(pool) = pool {
        groups.extend(
            OF_A_POOL
                .iter()
                .map(|(title, links)| group(title, links.iter().map(|(text, rest)| (*text, paths::pool(pool, rest))).collect())),
        );
    }
    mark(&mut groups, path);
    groups
}

const OF_THE_INSTANCE: &[(&str, &str)] = &[
    ("Home", paths::HOME),
    ("Search", paths::SEARCH),
    ("User pools", paths::POOLS),
    ("Inbox", paths::INBOX),
    ("Test a flow", paths::FLOW),
    ("Token inspector", paths::TOKEN),
    ("Events", paths::EVENTS),
    ("Recently deleted", paths::DELETED),
    ("Coverage", paths::COVERAGE),
    ("Health", paths::HEALTH),
    ("Operators", paths::OPERATORS),
    ("Your account", paths::ACCOUNT),
];

/// A heading, and pages with what follows the pool in their addresses.
type Section = (&'static str, &'static [(&'static str, &'static str)]);

/// In the AWS console's own words and grouping, so that its users find everything.
const OF_A_POOL: &[Section] = &[
    ("Current user pool", &[("Overview", "")]),
    ("Applications", &[("App clients", "/clients")]),
    ("User management", &[("Users", "/users"), ("Groups", "/groups")]),
    ("Authentication", &[("Sign-in and sign-up settings", "/settings"), ("Sign-up attributes", "/settings/attributes")]),
    ("Branding", &[("Domain", "/domain"), ("Resource servers", "/resource-servers"), ("Message templates", "/messages")]),
    ("Security", &[("Signing keys", "/keys")]),
];

fn group(title: &str, links: Vec<(&'static str, String)>) -> Group {
    let links = links.into_iter().map(|(text, url)| Entry { text: text.to_owned(), url, here: false });
    Group { title: title.to_owned(), links: links.collect() }
}

/// Marks the one place where the page is: the longest address that its own begins with, since a client's page belongs to the
/// list of clients. "Home" and "User pools" are above everything and stand for themselves alone.
fn mark(groups: &mut [Group], path: &str) {
    let below = |url: &str| path.strip_prefix(url).is_some_and(|rest| rest.starts_with('/'));
    let wide = |url: &str| url == paths::HOME || url == paths::POOLS;
    let links = groups.iter_mut().flat_map(|group| &mut group.links);
    let over = links.filter(|link| path == link.url || (below(&link.url) && !wide(&link.url)));
    if let Some(place) = over.max_by_key(|link| link.url.len()) {
        place.here = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(path: &str, pool: Option<&str>) -> Vec<String> {
        let groups = menu(path, pool, Reach { signed_in: true, inbox: true, flow: true, operators: true, account: true });
        groups.into_iter().flat_map(|group| group.links).filter(|link| link.here).map(|link| link.text).collect()
    }

    #[test]
    fn one_place_is_here() {
        assert_eq!(here("/console", None), ["Home"]);
        assert_eq!(here("/console/pools", None), ["User pools"]);
        assert_eq!(here("/console/pools/a_b", Some("a_b")), ["Overview"]);
        assert_eq!(here("/console/pools/a_b/delete", Some("a_b")), ["Overview"]);
        assert_eq!(here("/console/pools/a_b/clients/x/delete", Some("a_b")), ["App clients"]);
        assert_eq!(here("/console/pools/a_b/users/ada/password", Some("a_b")), ["Users"]);
        assert_eq!(here("/console/pools/a_b/keys/rotate", Some("a_b")), ["Signing keys"]);
        assert_eq!(here("/console/operators/x/remove", None), ["Operators"]);
        assert_eq!(here("/console/flow/x/token", Some("a_b")), ["Test a flow"]);
    }
}
