//! What the doctor finds between a client in this shell and the server: host names, and variables of AWS's tools that lead
//! calls elsewhere. Called by `doctor`.

use std::collections::BTreeMap;
use std::net::ToSocketAddrs as _;

use super::findings::Finding;
use crate::facts::DEMO_DOMAIN_PREFIX;

/// Names below `localhost`, under which domains of pools are reached: browsers know them, the resolver may not.
pub(super) fn names(region: &str) -> Finding {
    let (check, name) = ("host names", format!("{DEMO_DOMAIN_PREFIX}.auth.{region}.localhost"));
    let hosts = format!("echo '127.0.0.1 {name}' | sudo tee -a /etc/hosts");
    match (name.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<_>>) {
        Ok(found) if !found.is_empty() && found.iter().all(|address| address.ip().is_loopback()) => {
            Finding::ok(check, format!("{name} is this machine."))
        }
        Ok(found) if !found.is_empty() => {
            let ips: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
            Finding::bad(check, format!("{name} leads to another machine: {}.", ips.join(", ")), &hosts)
        }
        _ => Finding::warn(check, format!("{name} is not found: browsers know it, other programs do not."), Some(&hosts)),
    }
}

/// The variables that are set; `ours` are the server's own addresses, `env` is what sets them right.
pub(super) fn environment(set: &BTreeMap<&'static str, String>, ours: &[Option<&str>], region: &str, env: &str) -> Vec<Finding> {
    let check = "environment";
    let mut found = Vec::new();
    if set.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        let what = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true: AWS's tools call Amazon, whatever endpoint is set.";
        found.push(Finding::bad(check, what, "unset AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"));
    }
    // The service's own variable goes before the general one.
    let mut endpoints = ["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL"].into_iter();
    match endpoints.find_map(|name| Some((name, set.get(name)?))) {
        Some((name, url)) if !ours.iter().flatten().any(|own| same(own, url)) => {
            found.push(Finding::bad(check, format!("{name} sends calls elsewhere: {}.", url.escape_debug()), env));
        }
        Some((name, _)) => found.push(Finding::ok(check, format!("{name} leads here."))),
        None => {
            found.push(Finding::ok(check, "No endpoint is set for AWS's tools: a client has to name it, else it calls Amazon."))
        }
    }
    for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
        if let Some(profile) = set.get(name) {
            let what = format!("{name} is {}: its region, credentials and endpoint may be others.", profile.escape_debug());
            found.push(Finding::warn(check, what, Some(&format!("unset {name}"))));
        }
    }
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        if let Some(other) = set.get(name).filter(|value| *value != region) {
            let what = format!("{name} is {}, the server's region is {region}.", other.escape_debug());
            found.push(Finding::warn(check, what, Some(&format!("export {name}={region}"))));
        }
    }
    found
}

/// Whether two addresses are one origin; every name of this machine counts as the same.
fn same(own: &str, other: &str) -> bool {
    let plain = |url: &str| {
        let url = url.trim_end_matches('/').to_ascii_lowercase();
        ["://127.0.0.1", "://[::1]"].iter().fold(url, |url, ip| url.replace(ip, "://localhost"))
    };
    plain(own) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_ours_by_any_name_of_this_machine_and_not_by_its_beginning() {
        let own = "http://localhost:9229";
        assert!(["http://localhost:9229/", "http://127.0.0.1:9229", "http://[::1]:9229"].iter().all(|url| same(own, url)));
        assert!(!["http://localhost:92290", "http://localhost:4566", "https://localhost:9229"].iter().any(|url| same(own, url)));
    }
}
