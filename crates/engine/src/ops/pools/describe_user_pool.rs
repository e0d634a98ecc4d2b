//! DescribeUserPool: the stored settings, with domains joined and users counted.
use poolhouse_store::tables::{domains, users};
use poolhouse_wire::types::{DescribeUserPoolRequest, DescribeUserPoolResponse, UserPoolType};

use crate::ctx::Ctx;
use crate::error::Result;
use crate::pools::{self, domains::Kind};

/// Users are counted up to here; the member is called an estimate.
const COUNT_MAX: i64 = 1_000_000;

pub async fn run(ctx: &Ctx, input: DescribeUserPoolRequest) -> Result<DescribeUserPoolResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let mut reader = ctx.store().reader().await?;
    let domains = domains::of_pool(&mut reader, &pool.id).await?;
    let users = users::count(&mut reader, &pool.id, COUNT_MAX).await?;
    drop(reader);
    let named = |kind: Kind| domains.iter().find(|row| row.kind == kind.as_str()).map(|row| row.domain.clone());
    let described = UserPoolType {
        domain: named(Kind::Prefix),
        custom_domain: named(Kind::Custom),
        estimated_number_of_users: i32::try_from(users).ok(),
        ..pools::describe(ctx, &pool)
    };
    Ok(DescribeUserPoolResponse { user_pool: Some(described) })
}
