//! What stands around every console page: where one is, and ways to elsewhere. Filled by [`super::visit`].

use serde::Serialize;

use super::paths;
use crate::pages::fields::Link;

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
    pub switch_url: &'static str,
    pub home_url: &'static str,
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
pub fn menu(path: &str, pool: Option<&str>) -> Vec<Group> {
    let mut groups =
        vec![group("Poolhouse", path, OF_THE_INSTANCE.iter().map(|(text, url)| (*text, (*url).to_owned())).collect())];
    let Some(pool) = pool else { return groups };
    let of_pool = |title: &str, links: &[(&'static str, &str)]| {
        let links = links.iter().map(|(text, rest)| (*text, paths::pool(pool, rest))).collect();
        group(title, path, links)
    };
    for (title, links) in OF_A_POOL {
        groups.push(of_pool(title, links));
    }
    groups
}

const OF_THE_INSTANCE: &[(&str, &str)] = &[
    ("Home", paths::HOME),
    ("User pools", paths::POOLS),
    ("Inbox", paths::INBOX),
    ("Test a flow", paths::FLOW),
    ("Token inspector", paths::TOKEN),
    ("Events", paths::EVENTS),
    ("Coverage", paths::COVERAGE),
];

/// A heading, and pages with what follows the pool in their addresses.
type Section = (&'static str, &'static [(&'static str, &'static str)]);

/// In the AWS console's own words and grouping, so that its users find everything.
const OF_A_POOL: &[Section] = &[
    ("Current user pool", &[("Overview", "")]),
    ("Applications", &[("App clients", "/clients")]),
    ("Authentication", &[("Sign-in and sign-up settings", "/settings")]),
    ("Branding", &[("Domain", "/domain"), ("Resource servers", "/resource-servers")]),
    ("Security", &[("Signing keys", "/keys")]),
];

fn group(title: &str, path: &str, links: Vec<(&'static str, String)>) -> Group {
    // The longest address that this one begins with: a client's page belongs to the list of clients.
    let above = |url: &str| path == url || path.strip_prefix(url).is_some_and(|rest| rest.starts_with('/'));
    let longest = links.iter().filter(|(_, url)| above(url)).map(|(_, url)| url.len()).max();
    // A pool's own pages stand in the pool's menu, and "Home" is above everything.
    let narrow = |url: &str| path == url || !(url == paths::HOME || url == paths::POOLS);
    let links = links.into_iter().map(|(text, url)| {
        let here = Some(url.len()) == longest && above(&url) && narrow(&url);
        Entry { text: text.to_owned(), url, here }
    });
    Group { title: title.to_owned(), links: links.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(path: &str, pool: Option<&str>) -> Vec<String> {
        let groups = menu(path, pool);
        groups.into_iter().flat_map(|group| group.links).filter(|link| link.here).map(|link| link.text).collect()
    }

    #[test]
    fn one_place_is_here() {
        assert_eq!(here("/console", None), ["Home"]);
        assert_eq!(here("/console/pools", None), ["User pools"]);
        assert_eq!(here("/console/pools/a_b", Some("a_b")), ["Overview"]);
        assert_eq!(here("/console/pools/a_b/clients/x/delete", Some("a_b")), ["App clients"]);
    }
}
