//! AdminCreateUser: makes a user with a temporary password and invites it, or invites it again (RESEND).
use poolhouse_wire::ErrorCode;
use poolhouse_wire::types::{
    AdminCreateUserRequest, AdminCreateUserResponse, AuthFactorType, DeliveryMediumType, MessageActionType, UserStatusType,
};

use super::{With, change};
use crate::ctx::Ctx;
use crate::delivery::Medium;
use crate::delivery::compose::{self, Composer};
use crate::error::{Error, Result};
use crate::keys::entropy::{self, PasswordShape};
use crate::pools::password_policy::{self, Wording};
use crate::pools::unbuilt::{Trigger, no_trigger};
use crate::pools::{self, Pool};
use crate::users::codes::{self, Target};
use crate::users::save::{self, Saved};
use crate::users::usernames::{self, Creator};
use crate::users::{self, User, aliases, attributes, passwords};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub async fn run(ctx: &Ctx, input: AdminCreateUserRequest) -> Result<AdminCreateUserResponse> {
    create(ctx, entropy::uuid(ctx.entropy()), input).await
}

/// As the operation, under a sub of the caller's choosing: seeds make the same user on every machine.
pub async fn create(ctx: &Ctx, sub: String, input: AdminCreateUserRequest) -> Result<AdminCreateUserResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    no_trigger(&pool, Trigger::PreSignUp)?;
    if input.message_action != Some(MessageActionType::Suppress) {
        no_trigger(&pool, Trigger::CustomMessage)?;
    }
    let user = match input.message_action {
        Some(MessageActionType::Resend) => resend(ctx, &pool, &input).await?,
        _ => make(ctx, &pool, sub, input).await?,
    };
    Ok(AdminCreateUserResponse { user: Some(user.view()?) })
}

async fn make(ctx: &Ctx, pool: &Pool, sub: String, input: AdminCreateUserRequest) -> Result<User> {
    let mut attributes = attributes::parse(input.user_attributes.clone())?;
    if attributes.contains_key("sub") {
        return Err(Error::not_authorized("Cannot modify the non-mutable attribute sub"));
    }
    let identity = usernames::assign(pool, sub, &input.username, &mut attributes)?;
    attributes.retain(|_, value| !value.is_empty());
    attributes::check_values(pool, &attributes)?;
    let mut user = User::new(pool, identity, UserStatusType::ForceChangePassword, attributes, ctx.now);
    let password = password(ctx, pool, input.temporary_password.as_deref())?;
    let suppressed = input.message_action == Some(MessageActionType::Suppress);
    let invite_to = match (&password, suppressed) {
        (Some(_), false) => invitation_targets(&user, input.desired_delivery_mediums.as_deref())?,
        _ => Vec::new(),
    };
    match &password {
        Some(password) => {
            passwords::prepare(ctx, pool, &user, password).await?.put_into(&mut user.row);
            user.row.temporary_expires_at = Some(ctx.now + pool.temporary_password_days() * DAY_MS);
        }
        // Signs in by one-time codes: there is nothing to change (observed).
        None => user.row.status = UserStatusType::Confirmed.as_str().to_owned(),
    }
    insert(ctx, pool, &mut user, input.force_alias_creation.unwrap_or(false)).await?;
    if let Some(password) = &password {
        invite(ctx, pool, &input.username, password, &invite_to).await?;
    }
    Ok(user)
}

pub(super) async fn insert(ctx: &Ctx, pool: &Pool, user: &mut User, force: bool) -> Result<()> {
    user.store_attributes()?;
    let names = aliases::names_of(pool, user)?;
    let row = user.row.clone();
    // In pools without aliases an address is a user name, and no name is taken away.
    let force = force && pool.aliases().next().is_some();
    let saved = ctx
        .store()
        .write(async move |tx| {
            if force {
                save::move_names(tx, &row.pool_id, &row.sub, &names, row.created_at).await?;
            }
            let saved = save::insert(tx, &row, &names).await?;
            if let Saved::NameTaken(kind) = saved {
                // Rolls back: the old owner keeps the alias of a user that was not made.
                return Err(usernames::exists(kind, Creator::Administrator));
            }
            Ok::<_, Error>(saved)
        })
        .await?;
    match saved {
        Saved::Done => Ok(()),
        other => Err(Error::internal(format!("a new user met {other:?}"))),
    }
}

/// The temporary password: given or made. None where the pool signs in with one-time codes and none was given.
fn password(ctx: &Ctx, pool: &Pool, given: Option<&str>) -> Result<Option<String>> {
    let policy = pool.password_policy();
    if let Some(given) = given.filter(|p| !p.is_empty()) {
        password_policy::check(&policy, given, Wording::AdminCreate)?;
        return Ok(Some(given.to_owned()));
    }
    let factors = pool.document.policies.as_ref().and_then(|p| p.sign_in_policy.as_ref());
    let factors = factors.and_then(|s| s.allowed_first_auth_factors.as_deref()).unwrap_or_default();
    if factors.iter().any(|f| matches!(f, AuthFactorType::EmailOtp | AuthFactorType::SmsOtp)) {
        return Ok(None);
    }
    let shape = PasswordShape {
        length: usize::try_from(policy.minimum_length.unwrap_or(8)).unwrap_or(8),
        upper: policy.require_uppercase.unwrap_or(false),
        lower: policy.require_lowercase.unwrap_or(false),
        number: policy.require_numbers.unwrap_or(false),
        symbol: policy.require_symbols.unwrap_or(false),
    };
    Ok(Some(entropy::password(ctx.entropy(), shape)))
}

/// Where the invitation goes: the media asked for, which the user must have. Where none is asked for, the phone or else
/// the mail, and nowhere for a user without either (tools make such users and set a password next).
fn invitation_targets(user: &User, desired: Option<&[DeliveryMediumType]>) -> Result<Vec<Target>> {
    let Some(desired) = desired.filter(|d| !d.is_empty()) else {
        return Ok([Medium::Sms, Medium::Email].into_iter().find_map(|medium| codes::target(user, medium)).into_iter().collect());
    };
    let mut targets = Vec::new();
    for medium in [(DeliveryMediumType::Sms, Medium::Sms), (DeliveryMediumType::Email, Medium::Email)] {
        if desired.contains(&medium.0) {
            targets.extend(codes::target(user, medium.1));
        }
    }
    if targets.is_empty() {
        return Err(Error::invalid_parameter(match desired.contains(&DeliveryMediumType::Email) {
            true => "User does not have an email address to send the invitation to",
            false => "User does not have a phone number to send SMS",
        }));
    }
    Ok(targets)
}

/// Sends the invitation. `name` is what the user signs in with, as the administrator wrote it.
async fn invite(ctx: &Ctx, pool: &Pool, name: &str, password: &str, targets: &[Target]) -> Result<()> {
    let composer = Composer { pool_id: &pool.id, document: &pool.document };
    for target in targets {
        compose::send(ctx, composer.invitation(target.medium, &target.address, name, password)).await?;
    }
    Ok(())
}

/// A new temporary password and a new invitation for a user that has not used the first.
async fn resend(ctx: &Ctx, pool: &Pool, input: &AdminCreateUserRequest) -> Result<User> {
    let user = users::require(ctx, pool, &input.username).await?;
    let check = |user: &User| match user.status()? {
        UserStatusType::ForceChangePassword => Ok(()),
        _ => Err(Error::new(
            ErrorCode::UnsupportedUserStateException,
            format!("Resend not possible. {} status is not FORCE_CHANGE_PASSWORD", user.username()),
        )),
    };
    check(&user)?;
    let password = password(ctx, pool, input.temporary_password.as_deref())?
        .ok_or_else(|| Error::invalid_parameter("The user signs in without a password: there is no invitation to send."))?;
    let targets = invitation_targets(&user, input.desired_delivery_mediums.as_deref())?;
    let prepared = passwords::prepare(ctx, pool, &user, &password).await?;
    let expires_at = ctx.now + pool.temporary_password_days() * DAY_MS;
    let (user, _) = change(ctx, pool, &input.username, |current| {
        check(current)?;
        if current.sub() != user.sub() {
            return Err(users::does_not_exist());
        }
        prepared.clone().put_into(&mut current.row);
        current.row.temporary_expires_at = Some(expires_at);
        Ok(With { new_password: true, ..With::default() })
    })
    .await?;
    invite(ctx, pool, &input.username, &password, &targets).await?;
    Ok(user)
}
