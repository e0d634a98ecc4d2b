//! UpdateUserPoolDomain: login version, certificate and routing. The name cannot change; what is left out stays.
use poolhouse_store::Tx;
use poolhouse_store::tables::domains::{self as table, DomainRow};
use poolhouse_wire::types::{UpdateUserPoolDomainRequest, UpdateUserPoolDomainResponse};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;
use crate::pools::domains::{self, Document, Kind};

pub async fn run(ctx: &Ctx, input: UpdateUserPoolDomainRequest) -> Result<UpdateUserPoolDomainResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let (kind, row) = domains::load(ctx, &pool, &input.domain).await?;
    if kind == Kind::Prefix && input.custom_domain_config.is_some() {
        // Ours.
        return Err(Error::invalid_parameter("CustomDomainConfig cannot be set for a prefix domain."));
    }
    let old = Document::of(&row)?;
    let document = Document {
        managed_login_version: input.managed_login_version.unwrap_or(old.managed_login_version),
        custom_domain_config: input.custom_domain_config.or(old.custom_domain_config),
        routing: input.routing.or(old.routing),
    };
    domains::check_login_version(&pool, document.managed_login_version)?;
    domains::check_routing(kind, document.routing.as_ref())?;
    let changed = DomainRow { document: document.to_json()?, modified_at: ctx.now, ..row };
    if !ctx.store().write(async move |tx: &mut Tx| table::update(tx, &changed).await).await? {
        return Err(domains::changed_meanwhile());
    }
    Ok(UpdateUserPoolDomainResponse {
        managed_login_version: Some(document.managed_login_version),
        cloud_front_domain: (kind == Kind::Custom).then(|| domains::own_host(ctx).to_owned()),
        routing: document.routing,
    })
}
