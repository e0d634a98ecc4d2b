//! User pools: the configuration every other rule asks. Owns loading, defaults, schema and policies;
//! called by every floor above.
use std::sync::Arc;

use poolhouse_store::tables::pools as table;
use poolhouse_store::{Stamp, Tx};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{PasswordPolicyType, Timestamp, UserPoolType, UsernameAttributeType, VerifiedAttributeType};

use crate::ctx::{Caller, Ctx, region_of_pool};
use crate::error::{Error, Result};
use crate::keys::seal::PoolKey;

pub mod defaults;
pub mod domains;
pub mod password_policy;
pub mod resource_servers;
pub mod rules;
pub mod schema;
pub mod unbuilt;

/// How often a change of a pool starts again before the caller is told to.
const MODIFY_ATTEMPTS: usize = 8;

/// One user pool as the rules see it.
#[derive(Debug)]
pub struct Pool {
    pub id: String,
    pub region: String,
    /// Everything DescribeUserPool shows, except what is counted or joined when asked (EstimatedNumberOfUsers, Domain).
    pub document: UserPoolType,
    /// Raised by every change; guards updates and names the cached copy.
    pub version: i64,
    /// Seals this pool's secrets.
    pub key: PoolKey,
    pub created_at: i64,
    pub modified_at: i64,
}

/// What a user signs in with; fixed when the pool is made (developer guide: "Customizing sign-in attributes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInKind {
    /// A chosen user name, perhaps with verified aliases.
    Username,
    /// An email address and/or phone number; the user name is the sub.
    Attributes { email: bool, phone_number: bool },
}

/// The pool, for a call that names it. A signed call finds pools of its own region only, as on AWS; an unsigned one
/// finds its pool in any region.
pub async fn load(ctx: &Ctx, pool_id: &str) -> Result<Arc<Pool>> {
    let foreign = ctx.region.as_deref().is_some_and(|region| region != region_of_pool(pool_id));
    if foreign && ctx.caller != Caller::Operator {
        return Err(does_not_exist(pool_id)
            .because("the request is signed for another region")
            .differs(ctx.region(), region_of_pool(pool_id)));
    }
    find(ctx, pool_id).await?.ok_or_else(|| does_not_exist(pool_id))
}

/// The pool by id, in any region; `None` where there is none.
pub async fn find(ctx: &Ctx, pool_id: &str) -> Result<Option<Arc<Pool>>> {
    // From a path or a token nobody verified yet; NUL is no text to PostgreSQL and would be an internal error there.
    if pool_id.contains('\0') {
        return Ok(None);
    }
    let cache = &ctx.engine.cache;
    let before = ctx.store().stamp();
    if let Some(pool) = cache.current(pool_id, before) {
        return Ok(Some(pool));
    }
    // In a box of its own: every request carries this future along, and nearly none comes here.
    Box::pin(read(ctx, pool_id, before)).await
}

async fn read(ctx: &Ctx, pool_id: &str, before: Option<Stamp>) -> Result<Option<Arc<Pool>>> {
    let cache = &ctx.engine.cache;
    let mut reader = ctx.store().reader().await?;
    let Some(version) = table::version(&mut reader, pool_id).await? else { return Ok(None) };
    if let Some(pool) = cache.get(pool_id, version) {
        cache.stands::<Pool>(pool_id, version, before);
        return Ok(Some(pool));
    }
    let Some(row) = table::get(&mut reader, pool_id).await? else { return Ok(None) };
    drop(reader);
    let version = row.version;
    let pool = from_row(ctx, row)?;
    Ok(Some(cache.put(pool_id, version, pool)))
}

/// The pool of a row: its document parsed, its key opened.
pub fn from_row(ctx: &Ctx, row: table::PoolRow) -> Result<Pool> {
    let document = serde_json::from_str(&row.document)
        .map_err(|e| Error::internal(format!("pool {}: its document does not parse: {e}", row.id)))?;
    Ok(Pool {
        key: ctx.engine.keys.unwrap_pool_key(&row.id, &row.wrapped_key)?,
        id: row.id,
        region: row.region,
        document,
        version: row.version,
        created_at: row.created_at,
        modified_at: row.modified_at,
    })
}

/// The ids of all pools of all regions.
pub async fn ids(ctx: &Ctx) -> Result<Vec<String>> {
    let mut reader = ctx.store().reader().await?;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = table::list_all(&mut reader, &after, 100).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after.clone_from(&last.id);
        all.extend(page.into_iter().map(|row| row.id));
    }
}

/// Writes a changed document if nobody else changed the pool since it was loaded; whether it did. The name is a column
/// of its own, so that lists need not parse documents for it.
pub async fn save(ctx: &Ctx, pool: &Pool, document: &UserPoolType) -> Result<bool> {
    let row = row(pool, document, ctx.now)?;
    Ok(ctx.store().write(async move |tx: &mut Tx| table::update(tx, &row).await).await?)
}

/// The row of a pool with this document. Its wrapped key is not written by updates and left out.
pub fn row(pool: &Pool, document: &UserPoolType, now: i64) -> Result<table::PoolRow> {
    Ok(table::PoolRow {
        id: pool.id.clone(),
        region: pool.region.clone(),
        name: document.name.clone().unwrap_or_default(),
        document: serde_json::to_string(document)
            .map_err(|e| Error::internal(format!("pool {}: its document does not serialise: {e}", pool.id)))?,
        version: pool.version,
        wrapped_key: Vec::new(),
        created_at: pool.created_at,
        modified_at: now,
    })
}

/// Changes a pool's document, again from the start where somebody else was faster: for operations that have no error
/// for it.
pub async fn modify(ctx: &Ctx, pool_id: &str, change: impl Fn(&Pool) -> Result<UserPoolType>) -> Result<()> {
    for _ in 0..MODIFY_ATTEMPTS {
        let pool = load(ctx, pool_id).await?;
        if save(ctx, &pool, &change(&pool)?).await? {
            return Ok(());
        }
    }
    Err(busy(pool_id))
}

/// Others change this pool all the time; the caller may try again.
pub fn busy(pool_id: &str) -> Error {
    Error::new(ErrorCode::TooManyRequestsException, "Too many requests")
        .because(format!("pool {pool_id} is being changed by others"))
}

/// The pool as DescribeUserPool shows it, but for what is counted and joined there.
pub fn describe(ctx: &Ctx, pool: &Pool) -> UserPoolType {
    UserPoolType {
        id: Some(pool.id.clone()),
        arn: Some(ctx.pool_arn(&pool.id)),
        creation_date: Some(Timestamp(pool.created_at)),
        last_modified_date: Some(Timestamp(pool.modified_at)),
        ..pool.document.clone()
    }
}

/// `User pool … does not exist.` (observed).
pub fn does_not_exist(pool_id: &str) -> Error {
    Error::new(ErrorCode::ResourceNotFoundException, format!("User pool {pool_id} does not exist."))
}

impl Pool {
    /// The part of the id after `_`: what SRP calls the pool name.
    pub fn srp_name(&self) -> &str {
        self.id.split_once('_').map_or("", |(_, name)| name)
    }

    pub fn sign_in_kind(&self) -> SignInKind {
        match self.document.username_attributes.as_deref() {
            None | Some([]) => SignInKind::Username,
            Some(list) => SignInKind::Attributes {
                email: list.contains(&UsernameAttributeType::Email),
                phone_number: list.contains(&UsernameAttributeType::PhoneNumber),
            },
        }
    }

    /// Names of the alias attributes (`email`, `phone_number`, `preferred_username`).
    pub fn aliases(&self) -> impl Iterator<Item = &'static str> {
        self.document.alias_attributes.iter().flatten().map(|alias| alias.as_str())
    }

    /// CaseSensitive: true where the pool does not say (API reference, UsernameConfigurationType).
    pub fn case_sensitive(&self) -> bool {
        self.document.username_configuration.as_ref().is_none_or(|c| c.case_sensitive)
    }

    /// Whether a new value of this attribute is sent a code.
    pub fn auto_verifies(&self, attribute: &str) -> bool {
        self.document.auto_verified_attributes.iter().flatten().any(|a: &VerifiedAttributeType| a.as_str() == attribute)
    }

    /// Whether the old value stays until the new one is verified (UserAttributeUpdateSettings).
    pub fn keeps_original(&self, attribute: &str) -> bool {
        self.document
            .user_attribute_update_settings
            .iter()
            .flat_map(|s| s.attributes_require_verification_before_update.iter().flatten())
            .any(|a| a.as_str() == attribute)
    }

    /// The password policy, which every stored pool has.
    pub fn password_policy(&self) -> PasswordPolicyType {
        self.document.policies.as_ref().and_then(|p| p.password_policy.clone()).unwrap_or_else(password_policy::default)
    }

    /// Whether only administrators make users.
    pub fn admin_create_only(&self) -> bool {
        self.document.admin_create_user_config.as_ref().and_then(|c| c.allow_admin_create_user_only).unwrap_or(false)
    }

    /// Days a temporary password lives: TemporaryPasswordValidityDays, 0 and unset meaning 7.
    pub fn temporary_password_days(&self) -> i64 {
        match self.password_policy().temporary_password_validity_days {
            None | Some(0) => 7,
            Some(days) => i64::from(days),
        }
    }
}

/// Pools for unit tests.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A pool with this document and a key of its own; not in any store.
    pub fn pool(document: UserPoolType) -> Pool {
        Pool {
            id: "eu-west-1_abcdefghi".to_owned(),
            region: "eu-west-1".to_owned(),
            document,
            version: 1,
            key: PoolKey::generate(1, &crate::keys::entropy::SeededEntropy::new(1)),
            created_at: 0,
            modified_at: 0,
        }
    }
}
