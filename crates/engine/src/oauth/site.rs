//! Whose endpoints a request reached: a pool's prefix domain, its custom domain, or our own address, where the client
//! or the token names the pool. Chosen by host; the host never becomes part of an address we write (checklist 60).
use std::sync::Arc;

use poolhouse_store::tables::domains::{self as table, DomainRow};

use crate::clients::{self, Client};
use crate::ctx::Ctx;
use crate::error::{Error, OAuthCode, Result};
use crate::pools::{self, Pool};

/// The host a request was sent to, as the server classified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// `{prefix}.auth.{region}.…`
    Prefix {
        prefix: String,
        region: String,
    },
    /// `/_domain/{prefix}` on our own address, which names no region.
    Path {
        prefix: String,
    },
    Custom(String),
    /// Our own address.
    Own,
}

/// The endpoints of one pool, or of all of them.
#[derive(Debug, Clone)]
pub struct Site {
    /// `None` on our own address: the client or the token decides.
    pub pool: Option<Arc<Pool>>,
}

/// The site behind a host; `None` for a domain nobody has.
pub async fn resolve(ctx: &Ctx, host: &Host) -> Result<Option<Site>> {
    // Our own address needs no look-up: health must answer while the store is away.
    if *host == Host::Own {
        return Ok(Some(Site { pool: None }));
    }
    Box::pin(of_domain(ctx, host)).await
}

async fn of_domain(ctx: &Ctx, host: &Host) -> Result<Option<Site>> {
    // NUL is no text to PostgreSQL, and in no domain.
    if matches!(host, Host::Prefix { prefix: name, .. } | Host::Custom(name) | Host::Path { prefix: name } if name.contains('\0'))
    {
        return Ok(None);
    }
    let mut reader = ctx.store().reader().await?;
    let row = match host {
        Host::Own => None,
        Host::Prefix { prefix, region } => table::get(&mut reader, region, prefix).await?,
        Host::Custom(name) => table::get(&mut reader, "", name).await?,
        Host::Path { prefix } => only(table::of_prefix(&mut reader, prefix).await?, &ctx.engine.settings.region),
    };
    drop(reader);
    let Some(row) = row else { return Ok(None) };
    Ok(pools::find(ctx, &row.pool_id).await?.map(|pool| Site { pool: Some(pool) }))
}

/// Of one prefix in several regions, that of the configured region; two others are nobody's, rather than a guess.
fn only(mut rows: Vec<DomainRow>, region: &str) -> Option<DomainRow> {
    match rows.iter().position(|row| row.region == region) {
        Some(at) => Some(rows.swap_remove(at)),
        None => rows.pop().filter(|_| rows.is_empty()),
    }
}

impl Site {
    /// The client of a request to this site. A client of another pool does not exist here (checklist 108).
    pub async fn client(&self, ctx: &Ctx, client_id: &str) -> Result<(Arc<Pool>, Arc<Client>)> {
        let found = match &self.pool {
            None => clients::load(ctx, client_id).await,
            Some(pool) => clients::load_in(ctx, pool, client_id).await.map(|client| (Arc::clone(pool), client)),
        };
        found.map_err(|e| {
            if e.is(poolhouse_wire::ErrorCode::ResourceNotFoundException) {
                Error::oauth(OAuthCode::InvalidClient, "Client does not exist")
                    .because(format!("no app client {client_id} at this address"))
            } else {
                e
            }
        })
    }
}
