//! What the tokens say: claims, their types and their order (cognito-idp tokens as observed; developer guide,
//! "Understanding user pool JSON web tokens"). Pure: no store, no keys.
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::{Door, Grant};
use crate::groups::Membership;

/// A JWT payload whose members keep the order they were added in.
#[derive(Debug, Default, Clone)]
pub struct Claims(Vec<(String, Value)>);

impl Claims {
    pub fn add(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }

    pub fn add_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }
}

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What the tokens of one sign-in share.
#[derive(Debug, Clone)]
pub struct Shared<'a> {
    pub issuer: &'a str,
    /// Absent where the client has token revocation off; `jti` goes with it.
    pub origin_jti: Option<&'a str>,
    pub event_id: Option<&'a str>,
    /// Seconds since the epoch.
    pub issued_at: i64,
    pub memberships: &'a [Membership],
}

impl Shared<'_> {
    fn groups(&self) -> Option<Value> {
        let names: Vec<&str> = self.memberships.iter().map(|m| m.group.as_str()).collect();
        (!names.is_empty()).then(|| json!(names))
    }

    fn roles(&self) -> Option<Value> {
        let mut roles: Vec<&str> = Vec::new();
        for role in self.memberships.iter().filter_map(|m| m.role_arn.as_deref()) {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        (!roles.is_empty()).then(|| json!(roles))
    }

    /// The role of the group that goes first; none where groups of the same precedence have different roles
    /// (API reference, CreateGroup: Precedence).
    fn preferred_role(&self) -> Option<&str> {
        let best = self.memberships.iter().filter(|m| m.role_arn.is_some()).map(|m| m.precedence.unwrap_or(i64::MAX)).min()?;
        let mut roles = self
            .memberships
            .iter()
            .filter(|m| m.role_arn.is_some() && m.precedence.unwrap_or(i64::MAX) == best)
            .filter_map(|m| m.role_arn.as_deref());
        let first = roles.next()?;
        roles.all(|role| role == first).then_some(first)
    }
}

/// The access token. `version` 2 only from the domain; `event_id` only from the API (both observed).
pub fn access(grant: &Grant<'_>, shared: &Shared<'_>, jti: &str) -> Claims {
    let mut c = Claims::default();
    c.add("sub", grant.user.sub());
    c.add_some("cognito:groups", shared.groups());
    c.add("iss", shared.issuer);
    if grant.door == Door::Domain {
        c.add("version", 2);
    }
    c.add("client_id", grant.client.id.as_str());
    c.add_some("origin_jti", shared.origin_jti);
    c.add_some("event_id", shared.event_id);
    c.add("token_use", "access");
    c.add("scope", scope_text(&grant.scopes));
    c.add_some("aud", grant.resource.as_deref());
    c.add("auth_time", grant.auth_time);
    c.add("exp", shared.issued_at + grant.client.access_token_seconds());
    c.add("iat", shared.issued_at);
    if shared.origin_jti.is_some() {
        c.add("jti", jti);
    }
    c.add("username", grant.user.username());
    c
}

/// The ID token. `at_hash` (OIDC Core §3.1.3.6) only from the domain.
pub fn id(grant: &Grant<'_>, shared: &Shared<'_>, jti: &str, at_hash: Option<&str>) -> Claims {
    let shown = attributes(grant);
    let attribute = |name: &str| shown.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let mut c = Claims::default();
    c.add_some("at_hash", at_hash);
    c.add("sub", grant.user.sub());
    c.add_some("cognito:groups", shared.groups());
    c.add_some("email_verified", attribute("email_verified"));
    c.add_some("cognito:preferred_role", shared.preferred_role());
    c.add("iss", shared.issuer);
    c.add_some("phone_number_verified", attribute("phone_number_verified"));
    c.add("cognito:username", grant.user.username());
    c.add_some("nonce", grant.nonce.as_deref());
    c.add_some("origin_jti", shared.origin_jti);
    c.add_some("cognito:roles", shared.roles());
    c.add("aud", grant.client.id.as_str());
    c.add_some("event_id", shared.event_id);
    c.add("token_use", "id");
    c.add("auth_time", grant.auth_time);
    for (name, value) in &shown {
        if !matches!(name.as_str(), "email" | "email_verified" | "phone_number_verified") {
            c.add(name, value.clone());
        }
    }
    c.add("exp", shared.issued_at + grant.client.id_token_seconds());
    c.add("iat", shared.issued_at);
    if shared.origin_jti.is_some() {
        c.add("jti", jti);
    }
    c.add_some("email", attribute("email"));
    c
}

/// The access token of a machine (client_credentials): `sub` is the client.
pub fn machine(client: &crate::clients::Client, scopes: &[String], issuer: &str, issued_at: i64, jti: &str) -> Claims {
    let mut c = Claims::default();
    c.add("sub", client.id.as_str());
    c.add("token_use", "access");
    c.add("scope", scope_text(scopes));
    c.add("auth_time", issued_at);
    c.add("iss", issuer);
    c.add("exp", issued_at + client.access_token_seconds());
    c.add("iat", issued_at);
    c.add("version", 2);
    c.add("jti", jti);
    c.add("client_id", client.id.as_str());
    c
}

/// The attributes an ID token shows, typed: those the client may read, narrowed by scope. `openid` alone and the API
/// show all of them (developer guide, "Scopes, M2M, and APIs").
pub fn attributes(grant: &Grant<'_>) -> Vec<(String, Value)> {
    let has = |scope: &str| grant.scopes.iter().any(|s| s == scope);
    let narrowed = grant.door == Door::Domain && (has("email") || has("phone") || has("profile"));
    let in_scope = |name: &str| {
        !narrowed
            || match name {
                "email" | "email_verified" => has("email"),
                "phone_number" | "phone_number_verified" => has("phone"),
                _ => has("profile"),
            }
    };
    let readable = |name: &str| crate::clients::permissions::readable(grant.pool, grant.client, name);
    grant
        .user
        .attributes
        .iter()
        .filter(|(name, _)| in_scope(name) && readable(name))
        .map(|(name, value)| (name.clone(), typed(name, value)))
        .collect()
}

/// `*_verified` are booleans, `address` is an object (OIDC Core §5.1.1), everything else is a string.
fn typed(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => Value::Bool(value == "true"),
        "address" => json!({ "formatted": value }),
        _ => Value::String(value.to_owned()),
    }
}

/// Scopes as one string, in the order Cognito writes them. Samples from AWS's guide and from real tokens agree with the
/// iteration order of a Java hash set of strings; clients must not depend on it, but a diff against Cognito stays quiet.
pub fn scope_text(scopes: &[String]) -> String {
    let mut distinct: Vec<&str> = Vec::with_capacity(scopes.len());
    for scope in scopes {
        if !distinct.contains(&scope.as_str()) {
            distinct.push(scope);
        }
    }
    // java.util.HashSet: 16 buckets, doubled when more than three quarters full.
    let mut buckets = 16usize;
    while distinct.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    distinct.sort_by_key(|scope| java_bucket(scope, buckets));
    distinct.join(" ")
}

fn java_bucket(text: &str, buckets: usize) -> usize {
    let hash = text.encode_utf16().fold(0u32, |h, unit| h.wrapping_mul(31).wrapping_add(u32::from(unit)));
    let spread = hash ^ (hash >> 16);
    usize::try_from(spread).unwrap_or(0) & (buckets - 1)
}

#[cfg(test)]
mod tests {
    use super::scope_text;

    #[test]
    fn scopes_come_in_the_order_of_the_guides_samples() {
        let text = |s: &str| scope_text(&s.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(
            text("email openid phone profile resourceserver.1/appclient2"),
            "phone openid profile resourceserver.1/appclient2 email"
        );
        assert_eq!(text("openid email openid"), "openid email");
        assert_eq!(
            text("openid profile email aws.cognito.signin.user.admin phone"),
            "aws.cognito.signin.user.admin phone openid profile email"
        );
    }
}
