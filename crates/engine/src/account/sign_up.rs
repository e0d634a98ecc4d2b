//! Signing up and confirming: SignUp, ConfirmSignUp, ResendConfirmationCode, the sign-up pages and the link in the mail.
use std::collections::BTreeMap;
use std::sync::Arc;

use poolhouse_store::Tx;
use poolhouse_wire::types::{CodeDeliveryDetailsType, UserStatusType};

use super::{SharedPool, busy, caps, hourly, not_found, prove, read, refuse_hidden_code, saved, send, send_to_caller_unknown};
use crate::auth;
use crate::clients::{Client, guessing};
use crate::ctx::Ctx;
use crate::delivery::Medium;
use crate::error::{Error, Result};
use crate::keys::entropy;
use crate::pools::password_policy::{self, Wording};
use crate::pools::unbuilt::{self, Trigger};
use crate::pools::{Pool, SignInKind, schema};
use crate::users::codes::{self, Issued, Purpose, Verdict};
use crate::users::usernames::{self, Creator, Identity};
use crate::users::{User, aliases, attempts, attributes, passwords, save};

/// A request to sign up.
#[derive(Debug, Clone, Default)]
pub struct SignUp {
    /// The chosen name, or the address in pools that sign in with one.
    pub username: String,
    /// `None` where the caller sent none, which no pool accepts yet.
    pub password: Option<String>,
    pub attributes: BTreeMap<String, String>,
}

/// A new user.
#[derive(Debug, Clone)]
pub struct SignedUp {
    pub sub: String,
    /// What tokens call the user: the chosen name, or the sub.
    pub username: String,
    pub confirmed: bool,
    /// Where the code went; `None` where the pool sends none.
    pub delivery: Option<CodeDeliveryDetailsType>,
}

/// Makes an unconfirmed user and sends the code. Where the message cannot be delivered the user exists all the same, and
/// may ask for another code (API reference, CodeDeliveryFailureException).
pub async fn sign_up(ctx: &Ctx, pool: &SharedPool, client: &Client, request: SignUp) -> Result<SignedUp> {
    if pool.admin_create_only() {
        return Err(Error::not_authorized("SignUp is not permitted for this user pool"));
    }
    // A pre-sign-up check that cannot run must not be skipped.
    unbuilt::no_trigger(pool, Trigger::PreSignUp)?;
    let SignUp { username, password, mut attributes } = request;
    attributes::check_client_may_write(pool, client, attributes.keys())?;
    no_alias_before_confirmation(pool, &attributes)?;
    let identity = usernames::assign(pool, entropy::uuid(ctx.entropy()), &username, &mut attributes)?;
    attributes::check_values(pool, &attributes)?;
    attributes::check_required(pool, &attributes)?;
    let password = password.filter(|p| !p.is_empty()).ok_or_else(password_missing)?;
    password_policy::check(&pool.password_policy(), &password, Wording::SignUp)?;

    let mut user = new_user(ctx, pool, identity, attributes);
    let issued = codes::sign_up_target(pool, &user)
        .map(|target| codes::issue(ctx, pool, user.sub(), Purpose::SignUp, target, Some(&client.id), false));
    if issued.is_some() {
        unbuilt::no_trigger(pool, Trigger::CustomMessage)?;
    }
    passwords::prepare(ctx, pool, &user, &password).await?.put_into(&mut user.row);
    user.store_attributes()?;
    create(ctx, pool, &user, issued.clone()).await?;
    ctx.concerns("Username", user.username());
    if let Some(issued) = &issued {
        send(ctx, pool, client, "SignUp", user.username(), issued).await?;
    }
    Ok(SignedUp {
        delivery: issued.map(|issued| issued.target.details()),
        confirmed: false,
        sub: user.row.sub,
        username: user.row.username,
    })
}

async fn create(ctx: &Ctx, pool: &Pool, user: &User, issued: Option<Issued>) -> Result<()> {
    let names = aliases::names_of(pool, user)?;
    let row = user.row.clone();
    ctx.store()
        .write(async move |tx: &mut Tx| -> Result<()> {
            saved(save::insert(tx, &row, &names).await?, |kind| usernames::exists(kind, Creator::SignUp))?;
            if let Some(issued) = &issued {
                codes::put(tx, issued).await?;
            }
            Ok(())
        })
        .await
}

/// A user who has not proven anything yet, without a password.
pub(super) fn new_user(ctx: &Ctx, pool: &Pool, identity: Identity, mut attributes: BTreeMap<String, String>) -> User {
    for medium in [Medium::Email, Medium::Sms] {
        if attributes.get(medium.attribute()).is_some_and(|address| !address.is_empty()) {
            // Nobody vouches for their own address (checklist 92).
            attributes.insert(format!("{}_verified", medium.attribute()), "false".to_owned());
        }
    }
    attributes.retain(|_, value| !value.is_empty());
    User::new(pool, identity, UserStatusType::Unconfirmed, attributes, ctx.now)
}

/// Where `preferred_username` signs in, only a confirmed user may take one (developer guide, "Customizing sign-in
/// attributes"): else names could be squatted by users who never prove anything. Pools that require it have no choice.
fn no_alias_before_confirmation(pool: &Pool, attributes: &BTreeMap<String, String>) -> Result<()> {
    const ALIAS: &str = "preferred_username";
    let is_alias = pool.sign_in_kind() == SignInKind::Username && pool.aliases().any(|alias| alias == ALIAS);
    if is_alias && attributes.contains_key(ALIAS) && !schema::required(pool).any(|name| name == ALIAS) {
        return Err(Error::invalid_parameter("preferred_username can only be set after the user is confirmed."));
    }
    Ok(())
}

/// The validator's words for a member that is missing: no pool lets users sign up without a password yet.
fn password_missing() -> Error {
    Error::invalid_parameter(
        "1 validation error detected: Value at 'password' failed to satisfy constraint: Member must not be null",
    )
}

/// An answer to the confirmation code.
#[derive(Debug, Clone, Default)]
pub struct Confirmation {
    pub username: String,
    pub code: String,
    /// Take the address over from a confirmed user who has it as an alias (ForceAliasCreation).
    pub force_alias: bool,
}

/// Confirms a user with the code that was sent. The address it went to is verified; in a pool with aliases it signs the
/// user in from now on. Where that alias is somebody else's, the code stays alive for an answer that takes it over.
pub async fn confirm(ctx: &Ctx, pool: &SharedPool, client: &Client, confirmation: Confirmation) -> Result<()> {
    let guess = guessing::of_user(ctx, client)?;
    guess.settle(confirm_with(ctx, pool, client, confirmation).await)
}

async fn confirm_with(ctx: &Ctx, pool: &SharedPool, client: &Client, confirmation: Confirmation) -> Result<()> {
    let Confirmation { username, code, force_alias } = confirmation;
    unbuilt::no_trigger(pool, Trigger::PostConfirmation)?;
    let candidate = auth::candidate(ctx, pool, &username).await?;
    hourly(ctx, pool, &candidate.subject, caps::CONFIRM_SIGN_UP).await?;
    let user = match candidate.user.ok_or_else(not_found).and_then(|user| confirmable(&user).map(|()| user)) {
        Ok(user) => user,
        Err(_) if client.hides_users() => return Err(refuse_hidden(ctx, pool, &candidate.subject).await?),
        Err(e) => return Err(e),
    };
    let answer = codes::answer(ctx, pool, &user, Purpose::SignUp, &client.id, &code).await?;
    let (shared, sub, now) = (Arc::clone(pool), user.row.sub, ctx.now);
    let verdict = ctx
        .store()
        .write(async move |tx: &mut Tx| -> Result<Verdict> {
            let verdict = codes::take(tx, &answer).await?;
            if let Verdict::Matched { address, .. } = &verdict {
                // From here on a refusal rolls back, and the code is not used up.
                let user = read(tx, &shared, &sub).await?;
                confirm_in(tx, &shared, user, address, force_alias, now).await?;
            }
            Ok(verdict)
        })
        .await?;
    match verdict.refusal() {
        None => Ok(()),
        Some(_) if client.hides_users() => Err(refuse_hidden(ctx, pool, &candidate.subject).await?),
        Some(refusal) => Err(refusal),
    }
}

/// The refusal where the client hides users: the same for who waits, whatever became of their code, and who does not
/// exist (checklist 71). A sign-up always has asked for a code.
async fn refuse_hidden(ctx: &Ctx, pool: &Pool, subject: &str) -> Result<Error> {
    refuse_hidden_code(ctx, pool, subject, true, caps::SIGN_UP_TRIES).await
}

async fn confirm_in(tx: &mut Tx, pool: &Pool, mut user: User, address: &str, force_alias: bool, now: i64) -> Result<()> {
    confirmable(&user)?;
    let proven = [Medium::Sms, Medium::Email].into_iter().any(|medium| prove(&mut user, medium, address, false));
    if !proven {
        // The address was changed between the look and the write.
        return Err(busy());
    }
    user.row.status = UserStatusType::Confirmed.as_str().to_owned();
    user.row.modified_at = now;
    user.store_attributes()?;
    let names = aliases::names_of(pool, &user)?;
    if force_alias {
        save::move_names(tx, &pool.id, user.sub(), &names, now).await?;
    }
    saved(save::update(tx, &user.row, &names).await?, attributes::alias_exists_at_confirmation)
}

/// `/confirmUser`: the link in the mail. The code in it is the one that could be typed.
pub async fn confirm_by_link(ctx: &Ctx, pool: &SharedPool, client: &Client, username: &str, code: &str) -> Result<()> {
    let confirmation = Confirmation { username: username.to_owned(), code: code.to_owned(), force_alias: false };
    confirm(ctx, pool, client, confirmation).await
}

/// Refuses a user who is not waiting to be confirmed.
fn confirmable(user: &User) -> Result<()> {
    if !user.enabled() {
        return Err(Error::not_authorized("User is disabled."));
    }
    match user.status()? {
        UserStatusType::Unconfirmed => Ok(()),
        status => Err(Error::not_authorized(format!("User cannot be confirmed. Current status is {}", status.as_str()))),
    }
}

/// Sends a new confirmation code; the one before is void. Returns where it went. Where the client hides users, users who
/// do not exist or need no code get an answer that looks the same.
pub async fn resend(ctx: &Ctx, pool: &SharedPool, client: &Client, username: &str) -> Result<CodeDeliveryDetailsType> {
    if pool.document.auto_verified_attributes.as_ref().is_none_or(Vec::is_empty) {
        return Err(Error::invalid_parameter("Cannot resend codes. Auto verification not turned on."));
    }
    unbuilt::no_trigger(pool, Trigger::CustomMessage)?;
    let candidate = auth::candidate(ctx, pool, username).await?;
    hourly(ctx, pool, &candidate.subject, caps::RESEND_CODE).await?;
    attempts::clear(ctx, pool, &candidate.subject, caps::SIGN_UP_TRIES).await?;
    let waiting = candidate.user.ok_or_else(not_found).and_then(|user| {
        resendable(&user)?;
        let target = codes::sign_up_target(pool, &user)
            .ok_or_else(|| Error::invalid_parameter("Cannot resend codes. Auto verification not turned on."))?;
        Ok((user, target))
    });
    let (user, target) = match waiting {
        Ok(waiting) => waiting,
        Err(_) if client.hides_users() => return Ok(codes::simulated_details(ctx, pool, username)),
        Err(e) => return Err(e),
    };
    let issued = codes::issue(ctx, pool, user.sub(), Purpose::SignUp, target, Some(&client.id), false);
    let stored = issued.clone();
    ctx.store().write(async move |tx: &mut Tx| codes::put(tx, &stored).await).await?;
    send_to_caller_unknown(ctx, pool, client, "ResendCode", user.username(), &issued).await?;
    Ok(issued.target.details())
}

fn resendable(user: &User) -> Result<()> {
    if !user.enabled() {
        return Err(Error::not_authorized("User is disabled."));
    }
    match user.status()? {
        UserStatusType::Unconfirmed => Ok(()),
        _ => Err(Error::invalid_parameter("User is already confirmed.")),
    }
}
