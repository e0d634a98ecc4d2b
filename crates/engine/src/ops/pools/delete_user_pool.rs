//! DeleteUserPool: the pool and everything in it, its wrapped data key included, without which nothing that was sealed
//! in it can be read again (checklist 183).
use poolhouse_store::tables::{domains, pools as table};
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::{DeleteUserPoolRequest, DeletionProtectionType};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::pools;
use crate::undo::{Copying, Kind};

/// How often the deletion starts again when the pool changes under it.
const ATTEMPTS: usize = 8;

enum Outcome {
    Deleted,
    HasDomain,
    Protected,
    Changed,
}

pub async fn run(ctx: &Ctx, input: DeleteUserPoolRequest) -> Result<()> {
    for _ in 0..ATTEMPTS {
        match attempt(ctx, &input.user_pool_id).await? {
            Outcome::Deleted => return Ok(()),
            Outcome::HasDomain => {
                return Err(Error::invalid_parameter(
                    "User pool cannot be deleted. It has a domain configured that should be deleted first.",
                ));
            }
            Outcome::Protected => {
                return Err(Error::invalid_parameter(
                    "The user pool cannot be deleted because deletion protection is activated. \
                     Deletion protection must be inactivated first.",
                ));
            }
            Outcome::Changed => {}
        }
    }
    Err(pools::busy(&input.user_pool_id))
}

/// One attempt. The protection is read with the pool's version and holds only for that version: a protection that is
/// switched on meanwhile is seen (checklist 118).
async fn attempt(ctx: &Ctx, pool_id: &str) -> Result<Outcome> {
    let pool = pools::load(ctx, pool_id).await?;
    let protected = pool.document.deletion_protection == Some(DeletionProtectionType::Active);
    let row = pools::row(&pool, &pool.document, ctx.now)?;
    let copying = Copying::of(ctx, Kind::Pool, &row.id, &row.id, &row.name);
    let written = ctx
        .store()
        .write(async move |tx: &mut Tx| {
            if !domains::of_pool(tx, &row.id).await?.is_empty() {
                return Ok(Outcome::HasDomain);
            }
            if protected {
                return Ok(Outcome::Protected);
            }
            // Raising the version takes the row, if it is still the one whose protection was looked at.
            if !table::update(tx, &row).await? {
                return Ok(Outcome::Changed);
            }
            copying.copy(tx).await?;
            table::delete(tx, &row.id).await?;
            Ok(Outcome::Deleted)
        })
        .await;
    match written {
        // A domain was made between our look and the deletion.
        Err(StoreError::Reference) => Ok(Outcome::HasDomain),
        other => Ok(other?),
    }
}
