//! AdminDeleteUser: the user and everything that could still act for it are gone (checklist 100).
use poolhouse_store::Tx;
use poolhouse_wire::types::AdminDeleteUserRequest;

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::SignInKind;
use crate::undo::{Copying, Kind};
use crate::users::save;
use crate::{pools, users};

pub async fn run(ctx: &Ctx, input: AdminDeleteUserRequest) -> Result<()> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let user = users::require(ctx, &pool, &input.username).await?;
    let (pool_id, sub, now) = (pool.id.clone(), user.sub().to_owned(), ctx.now);
    let title = user.row.email.as_deref().filter(|_| pool.sign_in_kind() != SignInKind::Username).unwrap_or(user.username());
    let copying = Copying::of(ctx, Kind::User, &pool_id, &sub, title);
    let delete = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        copying.copy(tx).await?;
        let deleted = save::delete(tx, &pool_id, &sub, now).await?;
        copying.unless(tx, deleted).await?;
        Ok(deleted)
    };
    let deleted = ctx.store().write(delete).await?;
    if deleted { Ok(()) } else { Err(users::does_not_exist()) }
}
