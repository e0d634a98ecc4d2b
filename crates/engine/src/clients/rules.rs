//! What a client's settings are where the request does not say, and what they must agree on. Called by
//! CreateUserPoolClient and UpdateUserPoolClient (which resets what it is not told, API reference).
//! Sentences marked "ours" are our own: the service's were never seen.
use std::collections::BTreeSet;

use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{
    CreateUserPoolClientRequest, ExplicitAuthFlowsType, FeatureType, OAuthFlowType, UpdateUserPoolClientRequest,
    UserPoolClientType, UserPoolTierType,
};

use super::{lifetimes, urls};
use crate::error::{Error, Result};
use crate::pools::{self, Pool};

/// Scopes that belong to no resource server (API reference, AllowedOAuthScopes).
pub const BUILT_IN_SCOPES: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

/// What client rules must know beside the settings themselves.
#[derive(Debug)]
pub struct Facts<'a> {
    pub pool: &'a Pool,
    /// Every `identifier/scope` of the pool's resource servers.
    pub custom_scopes: &'a BTreeSet<String>,
    pub has_secret: bool,
    /// What the caller is doing, for the two sentences that say so.
    pub change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Creating,
    Updating,
}

/// The settings of a new client as asked, without its id, dates and secret.
pub fn of_create(input: CreateUserPoolClientRequest) -> UserPoolClientType {
    UserPoolClientType {
        user_pool_id: Some(input.user_pool_id),
        client_name: Some(input.client_name),
        refresh_token_validity: input.refresh_token_validity,
        access_token_validity: input.access_token_validity,
        id_token_validity: input.id_token_validity,
        token_validity_units: input.token_validity_units,
        read_attributes: input.read_attributes,
        write_attributes: input.write_attributes,
        explicit_auth_flows: input.explicit_auth_flows,
        supported_identity_providers: input.supported_identity_providers,
        callback_urls: input.callback_urls,
        logout_urls: input.logout_urls,
        default_redirect_uri: input.default_redirect_uri,
        allowed_oauth_flows: input.allowed_oauth_flows,
        allowed_oauth_scopes: input.allowed_oauth_scopes,
        allowed_oauth_flows_user_pool_client: input.allowed_oauth_flows_user_pool_client,
        analytics_configuration: input.analytics_configuration,
        prevent_user_existence_errors: input.prevent_user_existence_errors,
        enable_token_revocation: input.enable_token_revocation,
        enable_propagate_additional_user_context_data: input.enable_propagate_additional_user_context_data,
        auth_session_validity: input.auth_session_validity,
        refresh_token_rotation: input.refresh_token_rotation,
        ..UserPoolClientType::default()
    }
}

/// The settings after an update: everything that is left out is reset, but for the name.
pub fn of_update(input: UpdateUserPoolClientRequest, old: &UserPoolClientType) -> UserPoolClientType {
    UserPoolClientType {
        user_pool_id: old.user_pool_id.clone(),
        client_id: old.client_id.clone(),
        creation_date: old.creation_date,
        client_type: old.client_type,
        client_name: input.client_name.or_else(|| old.client_name.clone()),
        refresh_token_validity: input.refresh_token_validity,
        access_token_validity: input.access_token_validity,
        id_token_validity: input.id_token_validity,
        token_validity_units: input.token_validity_units,
        read_attributes: input.read_attributes,
        write_attributes: input.write_attributes,
        explicit_auth_flows: input.explicit_auth_flows,
        supported_identity_providers: input.supported_identity_providers,
        callback_urls: input.callback_urls,
        logout_urls: input.logout_urls,
        default_redirect_uri: input.default_redirect_uri,
        allowed_oauth_flows: input.allowed_oauth_flows,
        allowed_oauth_scopes: input.allowed_oauth_scopes,
        allowed_oauth_flows_user_pool_client: input.allowed_oauth_flows_user_pool_client,
        analytics_configuration: input.analytics_configuration,
        prevent_user_existence_errors: input.prevent_user_existence_errors,
        enable_token_revocation: input.enable_token_revocation,
        enable_propagate_additional_user_context_data: input.enable_propagate_additional_user_context_data,
        auth_session_validity: input.auth_session_validity,
        refresh_token_rotation: input.refresh_token_rotation,
        ..UserPoolClientType::default()
    }
}

/// Fills in what DescribeUserPoolClient shows of a client made with only a name (real reply). Lists that are empty are
/// not kept: the service does not describe them.
pub fn complete(client: &mut UserPoolClientType) {
    lifetimes::complete(client);
    client.allowed_oauth_flows_user_pool_client.get_or_insert(false);
    client.enable_token_revocation.get_or_insert(true);
    client.enable_propagate_additional_user_context_data.get_or_insert(false);
    client.auth_session_validity.get_or_insert(3);
    drop_empty(&mut client.read_attributes);
    drop_empty(&mut client.write_attributes);
    drop_empty(&mut client.explicit_auth_flows);
    drop_empty(&mut client.supported_identity_providers);
    drop_empty(&mut client.callback_urls);
    drop_empty(&mut client.logout_urls);
    drop_empty(&mut client.allowed_oauth_flows);
    drop_empty(&mut client.allowed_oauth_scopes);
}

fn drop_empty<T>(list: &mut Option<Vec<T>>) {
    *list = list.take().filter(|list| !list.is_empty());
}

/// Refuses settings that contradict each other or name what the pool does not have.
pub fn check(client: &UserPoolClientType, facts: &Facts<'_>) -> Result<()> {
    auth_flows(client, facts)?;
    lifetimes::check(client)?;
    rotation(client)?;
    addresses(client)?;
    oauth_flows(client, facts)?;
    scopes(client, facts)?;
    providers(client, facts)?;
    attributes(client, facts)?;
    if client.enable_propagate_additional_user_context_data == Some(true) && !facts.has_secret {
        // Ours. A public client's word about its caller's address cannot be believed (API reference).
        return refuse(
            "EnablePropagateAdditionalUserContextData can be activated only in an app client that has a client secret.",
        );
    }
    Ok(())
}

fn is_legacy(flow: ExplicitAuthFlowsType) -> bool {
    use ExplicitAuthFlowsType as F;
    matches!(flow, F::AdminNoSrpAuth | F::CustomAuthFlowOnly | F::UserPasswordAuth)
}

/// Old and new names of flows are not mixed; USER_AUTH needs a plan that has it (API reference). Words ours.
fn auth_flows(client: &UserPoolClientType, facts: &Facts<'_>) -> Result<()> {
    let flows = client.explicit_auth_flows.as_deref().unwrap_or_default();
    if flows.iter().any(|f| is_legacy(*f)) && !flows.iter().all(|f| is_legacy(*f)) {
        return refuse("ExplicitAuthFlows cannot have values that begin with ALLOW_ together with values that do not.");
    }
    let tier = facts.pool.document.user_pool_tier.unwrap_or(UserPoolTierType::Essentials);
    if flows.contains(&ExplicitAuthFlowsType::AllowUserAuth) && tier == UserPoolTierType::Lite {
        return Err(pools::rules::unavailable("ALLOW_USER_AUTH", tier));
    }
    Ok(())
}

/// A token that must be rotated cannot also be used by the flow that never rotates (developer guide). Words ours.
fn rotation(client: &UserPoolClientType) -> Result<()> {
    let rotates = client.refresh_token_rotation.as_ref().is_some_and(|r| r.feature == FeatureType::Enabled);
    let plain = client.explicit_auth_flows.iter().flatten().any(|f| *f == ExplicitAuthFlowsType::AllowRefreshTokenAuth);
    if rotates && plain {
        return refuse("ALLOW_REFRESH_TOKEN_AUTH cannot be enabled together with refresh token rotation.");
    }
    Ok(())
}

fn addresses(client: &UserPoolClientType) -> Result<()> {
    let callbacks = client.callback_urls.as_deref().unwrap_or_default();
    callbacks.iter().chain(client.logout_urls.iter().flatten()).try_for_each(|url| urls::check(url))?;
    match &client.default_redirect_uri {
        // Ours.
        Some(default) if !callbacks.contains(default) => refuse(format!("DefaultRedirectURI {default} is not in CallbackURLs.")),
        _ => Ok(()),
    }
}

/// The grants: `client_credentials` is for machines alone, and a machine without a secret is anybody (RFC 6749 §4.4).
fn oauth_flows(client: &UserPoolClientType, facts: &Facts<'_>) -> Result<()> {
    let flows = client.allowed_oauth_flows.as_deref().unwrap_or_default();
    let scopes = client.allowed_oauth_scopes.as_deref().unwrap_or_default();
    let on = client.allowed_oauth_flows_user_pool_client.unwrap_or(false);
    if on && (flows.is_empty() || scopes.is_empty()) {
        return refuse(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
        );
    }
    if !flows.contains(&OAuthFlowType::ClientCredentials) {
        return Ok(());
    }
    let invalid = |text: String| Err(Error::new(ErrorCode::InvalidOAuthFlowException, text));
    if flows.iter().any(|f| *f != OAuthFlowType::ClientCredentials) {
        return invalid("client_credentials flow can not be selected along with code flow or implicit flow.".to_owned());
    }
    if !facts.has_secret {
        return invalid("client_credentials flow can not be selected if client does not have a client secret.".to_owned());
    }
    match scopes.iter().find(|scope| BUILT_IN_SCOPES.contains(&scope.as_str())) {
        // Ours: these scopes speak about a user, and there is none.
        Some(scope) => invalid(format!("client_credentials flow can not be selected along with the scope {scope}.")),
        None => Ok(()),
    }
}

/// Every scope is built in or one of the pool's resource servers'. Words ours.
fn scopes(client: &UserPoolClientType, facts: &Facts<'_>) -> Result<()> {
    let known = |scope: &str| BUILT_IN_SCOPES.contains(&scope) || facts.custom_scopes.contains(scope);
    match client.allowed_oauth_scopes.iter().flatten().find(|scope| !known(scope)) {
        Some(scope) => Err(Error::new(ErrorCode::ScopeDoesNotExistException, format!("Invalid scope requested: {scope}"))
            .fix("Create the scope with CreateResourceServer first.")),
        None => Ok(()),
    }
}

/// Providers exist in the pool. `COGNITO` is the pool's own directory; others cannot be made yet (see
/// [`crate::pools::unbuilt`]).
fn providers(client: &UserPoolClientType, facts: &Facts<'_>) -> Result<()> {
    match client.supported_identity_providers.iter().flatten().find(|name| *name != "COGNITO") {
        Some(name) => refuse(format!("The provider {name} does not exist for User Pool {}.", facts.pool.id)),
        None => Ok(()),
    }
}

/// Attributes exist in the schema. Nobody signs in with the right to write `sub`, a verification mark or an
/// administrator's attribute (checklist 101, 102): such a client could make itself somebody else's address or role.
fn attributes(client: &UserPoolClientType, facts: &Facts<'_>) -> Result<()> {
    let schema = facts.pool.document.schema_attributes.as_deref().unwrap_or_default();
    let exists = |name: &String| schema.iter().any(|a| a.name.as_deref() == Some(name.as_str()));
    let writable = |name: &String| {
        exists(name)
            && !matches!(name.as_str(), "sub" | "email_verified" | "phone_number_verified" | "identities")
            && !name.starts_with("dev:")
    };
    let change = match facts.change {
        Change::Creating => "creating",
        Change::Updating => "updating",
    };
    if !client.read_attributes.iter().flatten().all(exists) {
        return refuse(format!("Invalid read attributes specified while {change} a client"));
    }
    if !client.write_attributes.iter().flatten().all(writable) {
        return refuse(format!("Invalid write attributes specified while {change} a client"));
    }
    Ok(())
}

fn refuse(message: impl Into<std::borrow::Cow<'static, str>>) -> Result<()> {
    Err(Error::invalid_parameter(message))
}
