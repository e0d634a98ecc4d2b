//! Resource servers and the scopes they give a pool. Called by their operations, by client rules and by grants.
use std::collections::BTreeSet;

use poolhouse_store::tables::resource_servers::{self as table, ResourceServerRow};
use poolhouse_wire::types::{ResourceServerScopeType, ResourceServerType};

use super::Pool;
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// Rows read at once where all of a pool's are wanted.
const BATCH: i64 = 200;

/// Scopes below this name are the service's own (`aws.cognito.signin.user.admin`, `aws.cognito/dcr/register`).
const RESERVED: &str = "aws.cognito";

/// Refuses what may not become a resource server: an identifier in our own name space, with which a customer's scope
/// could spell one of ours, and a scope named twice. Words ours.
pub fn check(identifier: &str, scopes: &[ResourceServerScopeType]) -> Result<()> {
    if identifier.starts_with(RESERVED) {
        return Err(Error::invalid_parameter(format!("{identifier} is reserved: identifiers cannot begin with {RESERVED}.")));
    }
    let names: BTreeSet<&str> = scopes.iter().map(|s| s.scope_name.as_str()).collect();
    if names.len() < scopes.len() {
        return Err(Error::invalid_parameter(format!("Resource server {identifier} has a scope name twice.")));
    }
    Ok(())
}

/// The row of a resource server, new or changed.
pub fn row(
    ctx: &Ctx,
    pool: &Pool,
    identifier: String,
    name: String,
    scopes: &[ResourceServerScopeType],
) -> Result<ResourceServerRow> {
    check(&identifier, scopes)?;
    Ok(ResourceServerRow {
        pool_id: pool.id.clone(),
        identifier,
        name,
        scopes: serde_json::to_string(scopes).map_err(|e| Error::internal(format!("scopes do not serialise: {e}")))?,
        created_at: ctx.now,
        modified_at: ctx.now,
    })
}

/// A resource server as the API shows it.
pub fn describe(row: ResourceServerRow) -> Result<ResourceServerType> {
    let scopes = parse(&row)?;
    Ok(ResourceServerType {
        user_pool_id: Some(row.pool_id),
        identifier: Some(row.identifier),
        name: Some(row.name),
        scopes: Some(scopes),
        managed_by: None,
    })
}

fn parse(row: &ResourceServerRow) -> Result<Vec<ResourceServerScopeType>> {
    serde_json::from_str(&row.scopes)
        .map_err(|e| Error::internal(format!("resource server {}: its scopes do not parse: {e}", row.identifier)))
}

/// `Resource server … does not exist.`
pub fn does_not_exist(identifier: &str) -> Error {
    Error::not_found(format!("Resource server {identifier} does not exist."))
}

/// Every custom scope of the pool, as tokens spell it: `{identifier}/{scope name}`. Unambiguous, since a scope's name
/// has no slash (model).
pub async fn scopes(ctx: &Ctx, pool: &Pool) -> Result<BTreeSet<String>> {
    let mut reader = ctx.store().reader().await?;
    let (mut all, mut after) = (BTreeSet::new(), String::new());
    loop {
        let rows = table::list(&mut reader, &pool.id, &after, BATCH).await?;
        for row in &rows {
            all.extend(parse(row)?.iter().map(|scope| format!("{}/{}", row.identifier, scope.scope_name)));
        }
        match rows.into_iter().last() {
            Some(last) => after = last.identifier,
            None => return Ok(all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str) -> ResourceServerScopeType {
        ResourceServerScopeType { scope_name: name.to_owned(), scope_description: "d".to_owned() }
    }

    #[test]
    fn identifiers_and_scopes_are_the_callers_own_and_single() {
        assert!(check("https://api.example.com", &[scope("read"), scope("write")]).is_ok());
        assert!(check("api", &[]).is_ok());
        assert!(check("api", &[scope("read"), scope("read")]).is_err());
    }

    #[test]
    fn the_services_own_scopes_cannot_be_spelled() {
        assert!(check("aws.cognito/dcr", &[scope("register")]).is_err());
        assert!(check("aws.cognito.signin.user", &[]).is_err());
    }
}
