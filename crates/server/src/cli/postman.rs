//! Postman's files: a collection (v2.1) with the OAuth 2.0 settings of a client filled in and a folder that walks the
//! whole flow by script alone, and the environment with the real values. Pure; called by `poolhouse env --for postman`.

use serde_json::{Value, json};

use crate::facts::Facts;

/// The collection names variables only, so that no secret is in it; the environment holds their values.
const COLLECTION: &str = include_str!("../../assets/postman_collection.json");

/// The collection, as shipped.
#[must_use]
pub fn collection() -> &'static str {
    COLLECTION
}

/// The environment for one app client.
#[must_use]
pub fn environment(facts: &Facts) -> String {
    let secret = facts.client_secret.clone().unwrap_or_default();
    let scopes = facts.scopes.join(" ");
    let values: Vec<Value> = [
        ("endpoint", &facts.endpoint, false),
        ("region", &facts.region, false),
        ("user_pool_id", &facts.pool_id, false),
        ("domain_url", &facts.domain_url, false),
        ("client_id", &facts.client_id, false),
        ("client_secret", &secret, true),
        ("callback_url", &facts.callback, false),
        ("scopes", &scopes, false),
        ("username", &facts.username, false),
        ("password", &facts.password, true),
    ]
    .into_iter()
    .map(|(key, value, secret)| {
        json!({ "key": key, "value": value, "type": if secret { "secret" } else { "default" }, "enabled": true })
    })
    .collect();
    let document = json!({
        "name": format!("Poolhouse {}", facts.pool_id),
        "values": values,
        "_postman_variable_scope": "environment",
    });
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_variable_of_the_collection_has_a_value() {
        let collection: Value = serde_json::from_str(collection()).unwrap();
        let schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";
        assert_eq!(collection["info"]["schema"], schema);
        let facts = Facts::demo("http://localhost:9229", "https://localhost:9443", "eu-central-1");
        let environment: Value = serde_json::from_str(&environment(&facts)).unwrap();
        let keys = |list: &Value| -> BTreeSet<String> {
            list.as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
        };
        let known: BTreeSet<String> = keys(&environment["values"]).union(&keys(&collection["variable"])).cloned().collect();
        let text = collection.to_string();
        let used: BTreeSet<String> = text.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap().to_owned()).collect();
        // `$guid` and the like are Postman's own.
        let used: BTreeSet<String> = used.into_iter().filter(|name| !name.starts_with('$')).collect();
        assert!(used.is_subset(&known), "{:?}", used.difference(&known));
        let secret = facts.client_secret.unwrap();
        assert!(!text.contains(&secret) && environment.to_string().contains(&secret));
    }
}
