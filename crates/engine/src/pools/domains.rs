//! Domains of pools: what they may be called and how they are described. Called by the domain operations; requests
//! find a pool by its domain in the OAuth floor.
use poolhouse_store::tables::domains::{self as table, DomainRow};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{CustomDomainConfigType, DomainDescriptionType, DomainStatusType, RoutingType, UserPoolTierType};
use serde::{Deserialize, Serialize};

use super::{Pool, rules};
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// The model's pattern of a domain; it fits prefixes only, so it is applied to them here.
const PREFIX_PATTERN: &str = r"^[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?$";

/// Words a prefix must not contain: an address with them would look like the provider's own (developer guide).
const RESERVED: [&str; 3] = ["aws", "amazon", "cognito"];

/// Parents under which prefix domains and the API itself are served.
const OURS: [&str; 2] = ["amazoncognito.com", "amazonaws.com"];

/// Longest label and longest domain (model; RFC 1035 §2.3.4).
const LABEL_MAX: usize = 63;

/// `prefix`: a name under the service's own domain. `custom`: a whole host name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Prefix,
    Custom,
}

impl Kind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Custom => "custom",
        }
    }

    /// The region part of the domain's key: prefixes belong to a region, custom domains are unique everywhere.
    pub fn region(self, pool: &Pool) -> &str {
        match self {
            Self::Prefix => &pool.region,
            Self::Custom => "",
        }
    }
}

/// What is stored of a domain beside its name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    /// 1: classic hosted pages, 2: managed login.
    pub managed_login_version: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_domain_config: Option<CustomDomainConfigType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routing: Option<RoutingType>,
}

impl Document {
    pub fn of(row: &DomainRow) -> Result<Self> {
        serde_json::from_str(&row.document)
            .map_err(|e| Error::internal(format!("domain {}: its document does not parse: {e}", row.domain)))
    }

    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| Error::internal(format!("a domain's document does not serialise: {e}")))
    }
}

/// Refuses a name that its kind may not have. `own_host` is the host of our public address.
pub fn check_name(kind: Kind, domain: &str, own_host: &str) -> Result<()> {
    match kind {
        Kind::Prefix if !is_label(domain) => Err(Error::invalid_parameter(format!(
            "1 validation error detected: Value '{domain}' at 'domain' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: {PREFIX_PATTERN}"
        ))),
        Kind::Prefix => match RESERVED.iter().find(|word| domain.contains(*word)) {
            Some(word) => Err(Error::invalid_parameter(format!("Domain cannot contain reserved word: {word}"))),
            None => Ok(()),
        },
        Kind::Custom if !is_host(domain) || is_ours(domain, own_host) => {
            Err(Error::invalid_parameter(format!("Custom domain is not a valid subdomain: {domain}")))
        }
        Kind::Custom => Ok(()),
    }
}

/// One label of a host name, in lower case, without a hyphen at its ends.
fn is_label(text: &str) -> bool {
    (1..=LABEL_MAX).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// At least two labels, the last no number: an address of digits would be an IP address.
fn is_host(text: &str) -> bool {
    let numeric_end = text.rsplit('.').next().is_none_or(|last| last.chars().all(|c| c.is_ascii_digit()));
    text.contains('.') && text.split('.').all(is_label) && !numeric_end
}

/// Names we answer to ourselves. Registered as a custom domain such a name would take over every pool's pages, or one
/// other pool's (`victim.auth.us-east-1.amazoncognito.com`).
fn is_ours(domain: &str, own_host: &str) -> bool {
    let below = |parent: &str| domain == parent || domain.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'));
    let mut labels = domain.rsplit('.');
    let (last, _region, auth) = (labels.next(), labels.next(), labels.next());
    let prefix_of_localhost = last == Some("localhost") && auth == Some("auth") && labels.next().is_some();
    domain == own_host || OURS.into_iter().any(below) || prefix_of_localhost
}

/// The host in our public address: where a custom domain's name must point, and what none may be called.
pub fn own_host(ctx: &Ctx) -> &str {
    let url = ctx.engine.settings.public_url.as_str();
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    authority.rsplit_once(':').map_or(authority, |(host, _port)| host)
}

/// 1 or 2; managed login needs a plan that has it (API reference). Words ours.
pub fn check_login_version(pool: &Pool, version: i32) -> Result<()> {
    let tier = pool.document.user_pool_tier.unwrap_or(UserPoolTierType::Essentials);
    match version {
        1 => Ok(()),
        2 if tier == UserPoolTierType::Lite => Err(rules::unavailable("Managed login", tier)),
        2 => Ok(()),
        _ => Err(Error::invalid_parameter("ManagedLoginVersion must be 1 or 2.")),
    }
}

/// Routing between regions is for custom domains (API reference). Words ours.
pub fn check_routing(kind: Kind, routing: Option<&RoutingType>) -> Result<()> {
    if kind == Kind::Prefix && routing.is_some() {
        return Err(Error::invalid_parameter("Routing is supported for custom domains only."));
    }
    Ok(())
}

/// The pool's own domain of this name; another pool's does not exist here (tenant isolation, checklist 108).
pub async fn load(ctx: &Ctx, pool: &Pool, domain: &str) -> Result<(Kind, DomainRow)> {
    let mut reader = ctx.store().reader().await?;
    let rows = table::of_pool(&mut reader, &pool.id).await?;
    let row = rows.into_iter().find(|row| row.domain == domain).ok_or_else(does_not_exist)?;
    let kind = if row.kind == Kind::Custom.as_str() { Kind::Custom } else { Kind::Prefix };
    Ok((kind, row))
}

pub fn does_not_exist() -> Error {
    Error::not_found("No such domain or user pool exists.")
}

/// Another request changed the domain between our reading and writing. Words ours.
pub fn changed_meanwhile() -> Error {
    Error::new(ErrorCode::ConcurrentModificationException, "The domain was changed by another request. Try again.")
}

/// A domain as DescribeUserPoolDomain shows it.
pub fn describe(ctx: &Ctx, row: DomainRow) -> Result<DomainDescriptionType> {
    let document = Document::of(&row)?;
    Ok(DomainDescriptionType {
        user_pool_id: Some(row.pool_id),
        aws_account_id: Some(ctx.engine.settings.account_id.clone()),
        domain: Some(row.domain),
        // The service names its own bucket; ours serves from no bucket, and clients only show the name.
        s3_bucket: Some("poolhouse-assets".to_owned()),
        cloud_front_distribution: Some(own_host(ctx).to_owned()),
        version: Some(version(row.modified_at)),
        status: Some(DomainStatusType::Active),
        custom_domain_config: document.custom_domain_config,
        managed_login_version: Some(document.managed_login_version),
        routing: document.routing,
    })
}

/// `yyyyMMddHHmmss` of the last change, in UTC (observed).
fn version(modified_at: i64) -> String {
    jiff::Timestamp::from_millisecond(modified_at).unwrap_or_default().strftime("%Y%m%d%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(kind: Kind, domain: &str) -> Option<String> {
        check_name(kind, domain, "id.example.net").err().map(|e| e.message().to_owned())
    }

    #[test]
    fn prefixes_are_one_lower_case_label() {
        for good in ["a", "my-app", "1app", &"a".repeat(63)] {
            assert_eq!(outcome(Kind::Prefix, good), None, "{good}");
        }
        for bad in ["my_app", "My-app", "-app", "app-", "my.app", "", &"a".repeat(64), "äpp"] {
            let text = outcome(Kind::Prefix, bad).expect("refused");
            assert!(text.starts_with(&format!("1 validation error detected: Value '{bad}' at 'domain'")), "{text}");
        }
    }

    #[test]
    fn prefixes_have_no_reserved_word() {
        assert_eq!(outcome(Kind::Prefix, "my-cognito-app").as_deref(), Some("Domain cannot contain reserved word: cognito"));
        assert_eq!(outcome(Kind::Prefix, "laws").as_deref(), Some("Domain cannot contain reserved word: aws"));
        assert_eq!(outcome(Kind::Prefix, "amazonian").as_deref(), Some("Domain cannot contain reserved word: amazon"));
    }

    #[test]
    fn custom_domains_are_host_names_that_are_not_ours() {
        for good in ["auth.example.com", "example.com", "auth.app.localhost", "aws.example.com"] {
            assert_eq!(outcome(Kind::Custom, good), None, "{good}");
        }
        for bad in [
            "com",
            "auth..example.com",
            "auth_x.example.com",
            "10.0.0.1",
            "victim.auth.us-east-1.amazoncognito.com",
            "amazoncognito.com",
            "cognito-idp.us-east-1.amazonaws.com",
            "victim.auth.us-east-1.localhost",
            "id.example.net",
        ] {
            assert!(outcome(Kind::Custom, bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_domains_version_is_the_time_of_its_change() {
        assert_eq!(version(1_751_417_054_352), "20250702004414");
    }
}
