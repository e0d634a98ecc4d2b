//! A user's own attributes: what the client may show, changing and deleting them, and proving an address. Everything here
//! acts for a session whose access token has been checked.
use std::collections::BTreeMap;
use std::sync::Arc;

use poolhouse_store::Tx;
use poolhouse_store::tables::{codes as codes_table, sign_in_names};
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{AttributeType, CodeDeliveryDetailsType};

use super::{busy, caps, hourly, prove, read, saved, send};
use crate::clients::{guessing, permissions};
use crate::ctx::Ctx;
use crate::delivery::Medium;
use crate::error::{Error, Result};
use crate::pools::unbuilt::{self, Trigger};
use crate::pools::{Pool, SignInKind};
use crate::tokens::access::Session;
use crate::users::aliases::{self, SignInName};
use crate::users::changes::{self, Applied};
use crate::users::codes::{self, Issued, Purpose, Target, Verdict};
use crate::users::{User, attributes, save};

/// The attributes the session's client may read; `sub` always.
pub fn readable(session: &Session) -> Vec<AttributeType> {
    let mut list = session.user.attribute_list();
    list.retain(|attribute| permissions::readable(&session.pool, &session.client, &attribute.name));
    list
}

/// Changes attributes; an empty value deletes. Returns where codes went. A changed address is not verified any more, or
/// stays what it was until the new one is (UserAttributeUpdateSettings). Where a message cannot be delivered the change
/// stands.
pub async fn change(ctx: &Ctx, session: Session, new: BTreeMap<String, String>) -> Result<Vec<CodeDeliveryDetailsType>> {
    let Session { pool, client, mut user, .. } = session;
    attributes::check_change(&pool, &user, &new)?;
    attributes::check_client_may_write(&pool, &client, new.keys())?;
    let restored = restored_addresses(&pool, &user, &new);
    let applied = changes::apply(&pool, &mut user, new);
    if !applied.verify.is_empty() {
        unbuilt::no_trigger(&pool, Trigger::CustomMessage)?;
    }
    let issued = issue(ctx, &pool, &client.id, &user, &applied);
    if !issued.is_empty() {
        hourly(ctx, &pool, user.sub(), caps::CHANGE_ADDRESS).await.map_err(too_many)?;
    }
    user.row.modified_at = ctx.now;
    user.store_attributes()?;
    let change = Change {
        names: aliases::names_of(&pool, &user)?,
        claims: issued.iter().filter_map(|issued| claim(&pool, &issued.target)).collect(),
        lost: applied.lost,
        restored,
        issued: issued.clone(),
    };
    keeps_a_name(&pool, &change.names)?;
    write(ctx, &user, change).await?;
    for issued in &issued {
        send(ctx, &pool, &client, "UpdateUserAttribute", user.username(), issued).await.map_err(too_many)?;
    }
    Ok(issued.iter().map(|issued| issued.target.details()).collect())
}

/// LimitExceededException is none of these operations' errors.
fn too_many(e: Error) -> Error {
    if e.is(ErrorCode::LimitExceededException) { Error::new(ErrorCode::TooManyRequestsException, "Too many requests") } else { e }
}

/// Deletes attributes.
pub async fn delete(ctx: &Ctx, session: Session, names: Vec<String>) -> Result<()> {
    change(ctx, session, names.into_iter().map(|name| (name, String::new())).collect()).await.map(|_| ())
}

/// What one write changes beside the user's row.
struct Change {
    names: Vec<SignInName>,
    /// Names that the new addresses would be once proven.
    claims: Vec<SignInName>,
    lost: Vec<String>,
    restored: Vec<Purpose>,
    issued: Vec<Issued>,
}

async fn write(ctx: &Ctx, user: &User, change: Change) -> Result<()> {
    let row = user.row.clone();
    ctx.store()
        .write(async move |tx: &mut Tx| -> Result<()> {
            for claim in &change.claims {
                let owner = sign_in_names::get(tx, &row.pool_id, &claim.key).await?;
                if owner.is_some_and(|owner| owner.sub != row.sub) {
                    return Err(attributes::alias_exists(claim.kind));
                }
            }
            saved(save::update(tx, &row, &change.names).await?, attributes::alias_exists)?;
            for address in &change.lost {
                codes::void_address(tx, &row.pool_id, &row.sub, address).await?;
            }
            for purpose in &change.restored {
                codes_table::delete(tx, &row.pool_id, &row.sub, purpose.as_str()).await?;
            }
            for issued in &change.issued {
                codes::put(tx, issued).await?;
            }
            Ok(())
        })
        .await
}

fn issue(ctx: &Ctx, pool: &Pool, client_id: &str, user: &User, applied: &Applied) -> Vec<Issued> {
    let issue =
        |v: &changes::Verification| codes::issue(ctx, pool, user.sub(), v.purpose, v.target.clone(), Some(client_id), v.pending);
    applied.verify.iter().map(issue).collect()
}

/// Addresses whose pending change is taken back: given again as they are, or deleted. The code for the other one dies.
fn restored_addresses(pool: &Pool, user: &User, new: &BTreeMap<String, String>) -> Vec<Purpose> {
    let taken_back = |medium: &Medium| {
        let name = medium.attribute();
        pool.keeps_original(name) && new.get(name).is_some_and(|value| value.is_empty() || user.attribute(name) == Some(value))
    };
    let media = [Medium::Email, Medium::Sms].into_iter().filter(taken_back);
    media.filter_map(|medium| Purpose::of_attribute(medium.attribute())).collect()
}

/// The sign-in name that an address is once it is proven, in pools where it is one.
fn claim(pool: &Pool, target: &Target) -> Option<SignInName> {
    let kind = target.medium.attribute();
    let signs_in = match pool.sign_in_kind() {
        SignInKind::Username => pool.aliases().any(|alias| alias == kind),
        SignInKind::Attributes { email, phone_number } => {
            if target.medium == Medium::Email {
                email
            } else {
                phone_number
            }
        }
    };
    signs_in.then(|| SignInName { kind, key: aliases::sign_in_key(pool, &target.address) })
}

/// In a pool of addresses the last one cannot be deleted: nobody could sign in any more.
fn keeps_a_name(pool: &Pool, names: &[SignInName]) -> Result<()> {
    let by_address = matches!(pool.sign_in_kind(), SignInKind::Attributes { .. });
    if by_address && names.iter().all(|name| name.kind == "username") {
        return Err(Error::invalid_parameter("Invalid user attributes: email: Required attribute cannot be deleted."));
    }
    Ok(())
}

/// Sends a code to prove an address: the one that waits to replace the current, else the current.
pub async fn send_code(ctx: &Ctx, session: Session, attribute: &str) -> Result<CodeDeliveryDetailsType> {
    let Session { pool, client, user, .. } = session;
    let (medium, purpose) = verifiable(attribute)?;
    unbuilt::no_trigger(&pool, Trigger::CustomMessage)?;
    hourly(ctx, &pool, user.sub(), caps::ATTRIBUTE_CODE).await?;
    let mut reader = ctx.store().reader().await?;
    let waiting = codes_table::get(&mut reader, &pool.id, user.sub(), purpose.as_str()).await?;
    drop(reader);
    let pending = waiting.filter(|row| row.expires_at > ctx.now).and_then(|row| row.pending);
    let is_pending = pending.is_some();
    let target = match pending {
        Some(address) => Target { medium, address },
        None => codes::target(&user, medium)
            .ok_or_else(|| Error::invalid_parameter(format!("User does not have a value for the attribute {attribute}.")))?,
    };
    let issued = codes::issue(ctx, &pool, user.sub(), purpose, target, Some(&client.id), is_pending);
    let stored = issued.clone();
    ctx.store().write(async move |tx: &mut Tx| codes::put(tx, &stored).await).await?;
    send(ctx, &pool, &client, "VerifyUserAttribute", user.username(), &issued).await?;
    Ok(issued.target.details())
}

/// Proves an address with the code that was sent to it. In a pool with aliases it signs the user in from now on; where it
/// is somebody else's alias already, the code stays alive and nothing changes.
pub async fn verify(ctx: &Ctx, session: Session, attribute: &str, code: &str) -> Result<()> {
    let guess = guessing::of_anybody(ctx, Some(&session.client))?;
    guess.settle(verify_with(ctx, session, attribute, code).await)
}

async fn verify_with(ctx: &Ctx, session: Session, attribute: &str, code: &str) -> Result<()> {
    let Session { pool, client, user, .. } = session;
    let (medium, purpose) = verifiable(attribute)?;
    hourly(ctx, &pool, user.sub(), caps::VERIFY_ATTRIBUTE).await?;
    let answer = codes::answer(ctx, &pool, &user, purpose, &client.id, code).await?;
    let (pool, sub, now) = (Arc::clone(&pool), user.row.sub, ctx.now);
    let verdict = ctx
        .store()
        .write(async move |tx: &mut Tx| -> Result<Verdict> {
            let verdict = codes::take(tx, &answer).await?;
            if let Verdict::Matched { address, pending } = &verdict {
                let user = read(tx, &pool, &sub).await?;
                prove_in(tx, &pool, user, medium, address, *pending, now).await?;
            }
            Ok(verdict)
        })
        .await?;
    verdict.refusal().map_or(Ok(()), Err)
}

async fn prove_in(
    tx: &mut Tx,
    pool: &Pool,
    mut user: User,
    medium: Medium,
    address: &str,
    pending: bool,
    now: i64,
) -> Result<()> {
    let old = user.attribute(medium.attribute()).map(str::to_owned);
    if !prove(&mut user, medium, address, pending) {
        // The address was changed between the look and the write.
        return Err(busy());
    }
    user.row.modified_at = now;
    user.store_attributes()?;
    let names = aliases::names_of(pool, &user)?;
    saved(save::update(tx, &user.row, &names).await?, attributes::alias_exists)?;
    // Codes that went to the address before are void (checklist 82).
    if let Some(lost) = old.filter(|old| old != address) {
        codes::void_address(tx, &pool.id, user.sub(), &lost).await?;
    }
    Ok(())
}

fn verifiable(attribute: &str) -> Result<(Medium, Purpose)> {
    match attribute {
        "email" => Ok((Medium::Email, Purpose::Email)),
        "phone_number" => Ok((Medium::Sms, Purpose::PhoneNumber)),
        _ => Err(Error::invalid_parameter("Invalid attribute name. Only phone_number and email can be verified.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pools::testing::pool;
    use poolhouse_wire::types::{
        AliasAttributeType, UserAttributeUpdateSettingsType, UserPoolType, UsernameAttributeType, VerifiedAttributeType,
    };

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn by_address() -> Pool {
        let kinds = vec![UsernameAttributeType::Email, UsernameAttributeType::PhoneNumber];
        pool(UserPoolType { username_attributes: Some(kinds), ..Default::default() })
    }

    #[test]
    fn only_addresses_are_verified() {
        assert!(verifiable("email").is_ok() && verifiable("phone_number").is_ok());
        let refusal = verifiable("name").unwrap_err();
        assert_eq!(refusal.message(), "Invalid attribute name. Only phone_number and email can be verified.");
    }

    #[test]
    fn sec_089_an_address_claims_a_name_only_where_it_signs_in() {
        let target = Target { medium: Medium::Email, address: "Ann@x.co".to_owned() };
        assert_eq!(claim(&pool(UserPoolType::default()), &target), None);
        let phone_only =
            pool(UserPoolType { alias_attributes: Some(vec![AliasAttributeType::PhoneNumber]), ..Default::default() });
        assert_eq!(claim(&phone_only, &target), None);
        let alias = pool(UserPoolType { alias_attributes: Some(vec![AliasAttributeType::Email]), ..Default::default() });
        assert_eq!(claim(&alias, &target).map(|name| name.kind), Some("email"));
        assert!(claim(&by_address(), &target).is_some());
    }

    #[test]
    fn the_last_address_of_a_pool_of_addresses_stays() {
        let name = |kind| SignInName { kind, key: "x".to_owned() };
        assert!(keeps_a_name(&by_address(), &[name("username")]).is_err());
        assert!(keeps_a_name(&by_address(), &[name("username"), name("phone_number")]).is_ok());
        assert!(keeps_a_name(&pool(UserPoolType::default()), &[name("username")]).is_ok());
    }

    #[test]
    fn taking_a_pending_change_back_voids_its_code() {
        let keeps = pool(UserPoolType {
            user_attribute_update_settings: Some(UserAttributeUpdateSettingsType {
                attributes_require_verification_before_update: Some(vec![VerifiedAttributeType::Email]),
            }),
            ..Default::default()
        });
        let ann = User { row: crate::users::testing::row("ann"), attributes: map(&[("email", "old@x.co")]) };
        assert_eq!(restored_addresses(&keeps, &ann, &map(&[("email", "old@x.co")])), [Purpose::Email]);
        assert_eq!(restored_addresses(&keeps, &ann, &map(&[("email", "")])), [Purpose::Email]);
        assert_eq!(restored_addresses(&keeps, &ann, &map(&[("email", "new@x.co")])), []);
        assert_eq!(restored_addresses(&pool(UserPoolType::default()), &ann, &map(&[("email", "old@x.co")])), []);
    }
}
