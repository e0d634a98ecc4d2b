//! CreateUserPoolDomain: a prefix, or a custom domain where CustomDomainConfig is given. One of each per pool.
use poolhouse_store::tables::domains::{self as table, DomainRow};
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::{CreateUserPoolDomainRequest, CreateUserPoolDomainResponse};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;
use crate::pools::domains::{self, Document, Kind};

pub async fn run(ctx: &Ctx, input: CreateUserPoolDomainRequest) -> Result<CreateUserPoolDomainResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let kind = if input.custom_domain_config.is_some() { Kind::Custom } else { Kind::Prefix };
    domains::check_name(kind, &input.domain, domains::own_host(ctx))?;
    let document = Document {
        managed_login_version: input.managed_login_version.unwrap_or(1),
        custom_domain_config: input.custom_domain_config,
        routing: input.routing,
    };
    domains::check_login_version(&pool, document.managed_login_version)?;
    domains::check_routing(kind, document.routing.as_ref())?;
    let row = DomainRow {
        domain: input.domain,
        region: kind.region(&pool).to_owned(),
        pool_id: pool.id.clone(),
        kind: kind.as_str().to_owned(),
        document: document.to_json()?,
        version: 1,
        created_at: ctx.now,
        modified_at: ctx.now,
    };
    // Both rules are the database's: of two requests at once one wins.
    match ctx.store().write(async move |tx: &mut Tx| table::insert(tx, &row).await).await {
        Ok(()) => Ok(CreateUserPoolDomainResponse {
            managed_login_version: Some(document.managed_login_version),
            cloud_front_domain: (kind == Kind::Custom).then(|| domains::own_host(ctx).to_owned()),
            routing: document.routing,
        }),
        Err(StoreError::Unique(index)) if index.contains("kind") => {
            Err(Error::invalid_parameter("User pool already has a domain configured."))
        }
        Err(StoreError::Unique(_)) => Err(Error::invalid_parameter("Domain already associated with another user pool.")),
        Err(StoreError::Reference) => Err(pools::does_not_exist(&pool.id)),
        Err(e) => Err(e.into()),
    }
}
