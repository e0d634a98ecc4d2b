//! The signing keys of a pool: two at a time, one for ID and one for access tokens, as Cognito. Private halves are
//! sealed under the pool's key; a change of keys raises the pool's version, which names the cached set.
use std::sync::Arc;

use bytes::Bytes;
use poolhouse_store::tables::signing_keys::{self as table, SigningKeyRow};

use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keyring;
use crate::keys::rsa::{KeyPurpose, PublicKey, PublicKeys, SigningKey};
use crate::keys::seal::{self, Place, PoolKey};
use crate::pools::Pool;

const FIELD: &str = "signing_key";
/// The states of a key: it signs; it is published and will sign; it signed what may still live.
pub(super) const ACTIVE: &str = "active";
pub(super) const NEXT: &str = "next";
pub(super) const RETIRED: &str = "retired";
/// One key of a pool for each.
pub(super) const PURPOSES: [KeyPurpose; 2] = [KeyPurpose::Id, KeyPurpose::Access];

/// The keys of one pool.
#[derive(Debug)]
pub struct KeySet {
    id: SigningKey,
    access: SigningKey,
    /// Every key that may have signed a token that still lives, and those that will sign next.
    pub public: PublicKeys,
    /// These keys as the JWKS document.
    pub jwks: Bytes,
}

impl KeySet {
    /// The key that signs now.
    pub fn active(&self, purpose: KeyPurpose) -> &SigningKey {
        match purpose {
            KeyPurpose::Id => &self.id,
            KeyPurpose::Access => &self.access,
        }
    }
}

/// The rows of a new pool's two keys.
pub async fn create(ctx: &Ctx, pool_id: &str, key: &PoolKey) -> Result<Vec<SigningKeyRow>> {
    // Side by side: where none are in stock, each takes a processor for a tenth of a second.
    let [id, access] = PURPOSES.map(|purpose| make(ctx, pool_id, key, purpose, ACTIVE, ctx.now));
    let (id, access) = tokio::try_join!(id, access)?;
    Ok(vec![id, access])
}

/// The row of a fresh key.
pub(super) async fn make(
    ctx: &Ctx,
    pool_id: &str,
    key: &PoolKey,
    purpose: KeyPurpose,
    state: &str,
    activate_at: i64,
) -> Result<SigningKeyRow> {
    let signing = ctx.engine.keys.stock.take(purpose).await?;
    let place = Place { pool: pool_id, row: signing.kid(), field: FIELD };
    Ok(SigningKeyRow {
        kid: signing.kid().to_owned(),
        pool_id: pool_id.to_owned(),
        purpose: purpose.as_str().to_owned(),
        state: state.to_owned(),
        sealed: seal::seal(key, place, signing.to_pkcs8()?.expose(), ctx.entropy())?,
        public_key: signing.public().der().to_vec(),
        created_at: ctx.now,
        activate_at,
        retire_at: None,
    })
}

/// The keys of a pool, opened.
pub async fn keys(ctx: &Ctx, pool: &Pool) -> Result<Arc<KeySet>> {
    if let Some(keys) = ctx.engine.cache.get(&pool.id, pool.version) {
        return Ok(keys);
    }
    Box::pin(read(ctx, pool)).await
}

async fn read(ctx: &Ctx, pool: &Pool) -> Result<Arc<KeySet>> {
    let mut reader = ctx.store().reader().await?;
    let rows = table::of_pool(&mut reader, &pool.id).await?;
    drop(reader);
    let public = PublicKeys::new(rows.iter().map(public_key).collect::<Result<_>>()?);
    let set = KeySet {
        id: private_key(pool, &rows, KeyPurpose::Id)?,
        access: private_key(pool, &rows, KeyPurpose::Access)?,
        jwks: serde_json::to_string(&public.jwks()).map_err(|e| Error::internal(e.to_string()))?.into(),
        public,
    };
    Ok(ctx.engine.cache.put(&pool.id, pool.version, set))
}

fn public_key(row: &SigningKeyRow) -> Result<PublicKey> {
    let purpose = if row.purpose == KeyPurpose::Id.as_str() { KeyPurpose::Id } else { KeyPurpose::Access };
    Ok(PublicKey::from_der(&row.public_key, purpose)?)
}

fn private_key(pool: &Pool, rows: &[SigningKeyRow], purpose: KeyPurpose) -> Result<SigningKey> {
    let row = rows
        .iter()
        .find(|row| row.purpose == purpose.as_str() && row.state == ACTIVE)
        .ok_or_else(|| Error::internal(format!("pool {} has no active {} key", pool.id, purpose.as_str())))?;
    open(pool, row, purpose)
}

fn open(pool: &Pool, row: &SigningKeyRow, purpose: KeyPurpose) -> Result<SigningKey> {
    let pkcs8 = keyring::open(&pool.key, Place { pool: &pool.id, row: &row.kid, field: FIELD }, &row.sealed)?;
    SigningKey::from_pkcs8(pkcs8.expose(), purpose)
        .map_err(|e| Error::internal(format!("pool {}: signing key {}: {e}", pool.id, row.kid)))
}

/// Whether both halves of a key can be read.
pub fn check(pool: &Pool, row: &SigningKeyRow) -> Result<()> {
    let purpose = public_key(row)?.purpose();
    open(pool, row, purpose).map(drop)
}
