//! Secrets of clients: made, sealed and named here. Called by the operations that make clients and rotate their secrets.
use poolhouse_store::tables::clients::SecretRow;

use super::{Client, secret_field};
use crate::ctx::Ctx;
use crate::error::Result;
use crate::keys::entropy;
use crate::keys::seal::{self, Place};
use crate::pools::Pool;

/// Active secrets one client may have (API reference, AddUserPoolClientSecret).
pub const SECRETS_MAX: i64 = 2;

/// Characters of a generated secret: 51 of 36, some 263 bits.
const LENGTH: usize = 51;

/// Between the client's id and the time in a secret's id (API reference, ClientSecretIdType).
const SEPARATOR: &str = "--";

/// A new secret value.
pub fn generate(ctx: &Ctx) -> String {
    entropy::lower_alphanumerics(ctx.entropy(), LENGTH)
}

/// The row of a secret, sealed in its place. `others` are the client's present ones: a new one never shares a name
/// with them, even within one millisecond.
pub fn row(ctx: &Ctx, pool: &Pool, client_id: &str, others: &[super::ClientSecret], value: &str) -> Result<SecretRow> {
    let latest = others.iter().filter_map(|s| s.id.rsplit_once(SEPARATOR)?.1.parse::<i64>().ok()).max();
    let moment = latest.map_or(ctx.now, |latest| ctx.now.max(latest + 1));
    let id = format!("{client_id}{SEPARATOR}{moment}");
    let field = secret_field(&id);
    let place = Place { pool: &pool.id, row: client_id, field: &field };
    Ok(SecretRow {
        client_id: client_id.to_owned(),
        sealed: seal::seal(&pool.key, place, value.as_bytes(), ctx.entropy())?,
        id,
        created_at: ctx.now,
    })
}

impl Client {
    /// The secret that DescribeUserPoolClient shows: the oldest, which every deployment that was not rotated yet uses.
    pub fn described_secret(&self) -> Option<String> {
        self.secrets.first().and_then(|secret| secret.value.expose_str()).map(str::to_owned)
    }
}
