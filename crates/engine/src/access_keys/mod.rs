//! Access keys: who may call signed operations, and which. Owns their making, sealing and policies; the signature itself
//! is checked by the server. Called by the API's authentication and by the `access-key` commands.
use poolhouse_store::Tx;
use poolhouse_store::tables::access_keys::{self as table, AccessKeyRow};
use poolhouse_wire::ErrorCode;

use crate::audit::Alert;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::entropy;
use crate::keys::secret::SecretBytes;

mod policy;

pub use policy::Policy;

/// Milliseconds between two notes of a key's last use.
const NOTE_EVERY_MS: i64 = 3_600_000;

/// An access key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA` and 16 letters or digits, as AWS's.
    pub id: String,
    /// Whose it is: the IAM user name in error messages.
    pub name: String,
    pub policy: Policy,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch, to the hour.
    pub last_used_at: Option<i64>,
}

fn from_row(row: &AccessKeyRow) -> Result<AccessKey> {
    let policy = serde_json::from_str(&row.policy)
        .map_err(|e| Error::internal(format!("access key {}: its policy does not parse: {e}", row.id)))?;
    let (id, name) = (row.id.clone(), row.description.clone());
    Ok(AccessKey { id, name, policy, created_at: row.created_at, last_used_at: row.last_used_at })
}

/// Makes a key. Its secret, 40 letters and digits, is returned this once and kept sealed under the master keys: SigV4
/// needs it in the clear.
pub async fn create(ctx: &Ctx, name: &str, policy: Policy) -> Result<(AccessKey, SecretBytes)> {
    let id = format!("AKIA{}", entropy::alphanumerics(ctx.entropy(), 16).to_ascii_uppercase());
    let secret = SecretBytes::new(entropy::alphanumerics(ctx.entropy(), 40).into_bytes());
    let row = AccessKeyRow {
        sealed: ctx.engine.keys.wrap_access_key(&id, secret.expose(), ctx.entropy())?,
        policy: serde_json::to_string(&policy).map_err(|e| Error::internal(e.to_string()))?,
        description: name.to_owned(),
        created_at: ctx.now,
        last_used_at: None,
        id,
    };
    let key = from_row(&row)?;
    ctx.concerns("AccessKeyId", &key.id);
    ctx.concerns("Name", name);
    change(ctx, "CreateAccessKey", Alert::AccessKeyCreated, async move |tx| table::insert(tx, &row).await).await?;
    Ok((key, secret))
}

/// Every key, by id.
pub async fn list(ctx: &Ctx) -> Result<Vec<AccessKey>> {
    let mut reader = ctx.store().reader().await?;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = table::list(&mut reader, &after, 100).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after.clone_from(&last.id);
        for row in &page {
            all.push(from_row(row)?);
        }
    }
}

/// Deletes a key, whose signatures are refused from now on; false where there was none.
pub async fn delete(ctx: &Ctx, id: &str) -> Result<bool> {
    let id = id.to_owned();
    ctx.concerns("AccessKeyId", if is_key_id(&id) { &id } else { "unknown" });
    change(ctx, "DeleteAccessKey", Alert::AccessKeyDeleted, async move |tx| table::delete(tx, &id).await).await
}

/// A change of who may do what: announced, done, told, and an alert, since whoever breaks in leaves such a door.
async fn change<T, F>(ctx: &Ctx, action: &'static str, alert: Alert, body: F) -> Result<T>
where
    T: Send + 'static,
    F: AsyncFn(&mut Tx) -> poolhouse_store::Result<T> + Send + Sync + 'static,
{
    let work = async {
        ctx.alert(alert);
        Ok(ctx.store().write(body).await?)
    };
    ctx.change(action, work).await
}

/// A call that was not let in: an event, and one more of a possible burst where its signature is wrong. `claimed` is the
/// key it names; a text of another shape may be a secret in the wrong place and is not kept.
pub fn not_let_in(ctx: &Ctx, operation: &'static str, claimed: Option<&str>, code: ErrorCode) {
    // No signature at all is no attempt to sign: the whole internet sends such calls.
    if code == ErrorCode::MissingAuthenticationTokenException {
        return;
    }
    let claimed = claimed.map(|id| if is_key_id(id) { id } else { "unknown" });
    if let Some(id) = claimed {
        ctx.concerns("AccessKeyId", id);
    }
    ctx.entry(operation).end_as(code.as_str());
    ctx.signature_failed(claimed);
}

fn is_key_id(text: &str) -> bool {
    text.len() == 20 && text.starts_with("AKIA") && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The key and its secret, for checking a signature.
pub async fn find(ctx: &Ctx, id: &str) -> Result<Option<(AccessKey, SecretBytes)>> {
    let mut reader = ctx.store().reader().await?;
    let Some(row) = table::get(&mut reader, id).await? else { return Ok(None) };
    drop(reader);
    let secret = ctx.engine.keys.unwrap_access_key(id, &row.sealed)?;
    Ok(Some((from_row(&row)?, secret)))
}

/// Notes that a key has been used, at most once an hour.
pub async fn note_use(ctx: &Ctx, key: &AccessKey) -> Result<()> {
    if key.last_used_at.is_some_and(|at| at + NOTE_EVERY_MS > ctx.now) {
        return Ok(());
    }
    let (id, now) = (key.id.clone(), ctx.now);
    ctx.store().write(async move |tx| table::touch(tx, &id, now, NOTE_EVERY_MS).await).await?;
    Ok(())
}

/// AWS's sentence for a call that no policy allows (observed).
pub fn denied(ctx: &Ctx, key: &AccessKey, operation: &str, pool: Option<&str>) -> Error {
    let account = &ctx.engine.settings.account_id;
    let resource = match pool {
        Some(pool) => ctx.pool_arn(pool),
        None => format!("arn:aws:cognito-idp:{}:{account}:userpool/*", ctx.region()),
    };
    Error::new(
        ErrorCode::AccessDeniedException,
        format!(
            "User: arn:aws:iam::{account}:user/{} is not authorized to perform: cognito-idp:{operation} on resource: {resource} \
             because no identity-based policy allows the cognito-idp:{operation} action",
            key.name
        ),
    )
}
