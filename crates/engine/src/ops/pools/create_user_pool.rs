//! CreateUserPool: mints the pool, its data key and its two signing keys, in one write.
use poolhouse_store::tables::pools::PoolRow;
use poolhouse_store::tables::{pools as table, signing_keys};
use poolhouse_store::{Error as StoreError, Tx};
use poolhouse_wire::types::{CreateUserPoolRequest, CreateUserPoolResponse, UserPoolType};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::entropy;
use crate::keys::seal::PoolKey;
use crate::pools::{self, Pool, defaults, rules, schema};
use crate::tokens::signing;

/// Characters of a pool's id after its region.
const NAME_LENGTH: usize = 9;
/// Longest region: the model's 55 characters of a pool id less its second half and `_`.
const REGION_MAX: usize = 45;
/// Number of a pool's first data key.
const FIRST_KEY: u32 = 1;

pub async fn run(ctx: &Ctx, input: CreateUserPoolRequest) -> Result<CreateUserPoolResponse> {
    let id = format!("{}_{}", region(ctx)?, entropy::alphanumerics(ctx.entropy(), NAME_LENGTH));
    let pool = create(ctx, id, input).await?;
    let described = UserPoolType { estimated_number_of_users: Some(0), ..pools::describe(ctx, &pool) };
    Ok(CreateUserPoolResponse { user_pool: Some(described) })
}

/// Makes the pool under this id: for seeds, which fix their ids, as well as for the operation, which mints one.
pub async fn create(ctx: &Ctx, id: String, input: CreateUserPoolRequest) -> Result<Pool> {
    let document = document(input)?;
    // Everything secret is made and sealed before the write, which may run twice.
    let key = PoolKey::generate(FIRST_KEY, ctx.entropy());
    let signing_rows = signing::create(ctx, &id, &key).await?;
    let wrapped_key = ctx.engine.keys.wrap_pool_key(&id, &key, ctx.entropy())?;
    let pool = Pool {
        region: crate::ctx::region_of_pool(&id).to_owned(),
        id,
        document,
        version: ctx.first_version(),
        key,
        created_at: ctx.now,
        modified_at: ctx.now,
    };
    let row = PoolRow { wrapped_key, ..pools::row(&pool, &pool.document, ctx.now)? };
    let written = ctx
        .store()
        .write(async move |tx: &mut Tx| {
            table::insert(tx, &row).await?;
            for signing_row in &signing_rows {
                signing_keys::insert(tx, signing_row).await?;
            }
            Ok(())
        })
        .await;
    match written {
        Ok(()) => Ok(pool),
        Err(StoreError::Unique(_)) => Err(Error::invalid_parameter(format!("User pool {} already exists.", pool.id))),
        Err(e) => Err(e.into()),
    }
}

/// The settings of a new pool, whole, or why it would be refused.
pub fn document(mut input: CreateUserPoolRequest) -> Result<UserPoolType> {
    let requested = input.schema.take().unwrap_or_default();
    let mut document = defaults::of_create(input);
    rules::check(&document)?;
    document.schema_attributes = Some(schema::for_new_pool(requested)?);
    defaults::complete(&mut document);
    Ok(document)
}

/// The region becomes half of an id: one with `_` in it would let a pool pass for another region's.
fn region(ctx: &Ctx) -> Result<&str> {
    let region = ctx.region();
    let plain = region.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !plain || region.is_empty() || region.len() > REGION_MAX {
        return Err(Error::invalid_parameter(format!("Invalid region: {region}")));
    }
    Ok(region)
}
