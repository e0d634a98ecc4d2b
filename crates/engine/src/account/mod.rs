//! What people do about their own accounts: sign up, prove an address, get back in, change what is known of them. The
//! operations of the API and the sign-in pages call the same functions; both stay thin.
use std::sync::Arc;

use poolhouse_store::Tx;
use poolhouse_store::tables::{attempts as attempts_table, domains, users as users_table};
use poolhouse_wire::ErrorCode;

use crate::clients::Client;
use crate::ctx::Ctx;
use crate::delivery::compose::{self, Composer};
use crate::delivery::{Medium, Message};
use crate::error::{Error, Result};
use crate::pools::Pool;
use crate::users::codes::{self, Issued};
use crate::users::save::Saved;
use crate::users::{self, User, aliases};

pub mod password;
pub mod profile;
pub mod recovery;
pub mod sign_up;

const HOUR_MS: i64 = 60 * 60 * 1000;
/// Wrong tries after which a real code is dead; an invented one dies after as many.
const TRIES_OF_A_CODE: i64 = 5;

/// Hourly caps: what is counted and how often it may be done (quotas).
mod caps {
    pub const CONFIRM_SIGN_UP: (&str, i64) = ("confirm_sign_up", 15);
    pub const RESEND_CODE: (&str, i64) = ("resend_code", 5);
    /// Cognito allows between 5 and 20, by how trustworthy the caller looks.
    pub const FORGOT_PASSWORD: (&str, i64) = ("forgot_password", 5);
    pub const RESET_PASSWORD: (&str, i64) = ("reset_password", 15);
    pub const CHANGE_PASSWORD: (&str, i64) = ("change_password", 5);
    pub const ATTRIBUTE_CODE: (&str, i64) = ("attribute_code", 5);
    pub const VERIFY_ATTRIBUTE: (&str, i64) = ("verify_attribute", 15);
    /// Changes of an address that send a code to the new one; ours.
    pub const CHANGE_ADDRESS: (&str, i64) = ("change_address", 10);
    /// Messages to one address that people who are not administrators caused, whoever they are; ours.
    pub const DESTINATION: (&str, i64) = ("destination", 20);
    /// Test messages of one pool, wherever they go; ours.
    pub const TEST_MESSAGE: (&str, i64) = ("test_message", 30);
    /// Refused answers since the last code was asked for.
    pub const SIGN_UP_TRIES: &str = "sign_up_tries";
    pub const RESET_TRIES: &str = "reset_tries";
}

async fn hourly(ctx: &Ctx, pool: &Pool, subject: &str, (kind, most): (&'static str, i64)) -> Result<()> {
    users::attempts::hourly(ctx, pool, subject, kind, most).await
}

/// `Username/client id combination not found.`: what sign-up and recovery say of an unknown user (observed).
fn not_found() -> Error {
    Error::new(ErrorCode::UserNotFoundException, "Username/client id combination not found.")
}

/// Another request changed the user in the same moment. Nothing was written.
fn busy() -> Error {
    Error::new(ErrorCode::TooManyRequestsException, "Too many requests").because("the user was changed at the same moment")
}

/// `Ok` where the user was written; else the refusal, which rolls the write back.
fn saved(outcome: Saved, name_taken: impl FnOnce(&'static str) -> Error) -> Result<()> {
    match outcome {
        Saved::Done => Ok(()),
        Saved::Conflict => Err(busy()),
        Saved::NameTaken(kind) => Err(name_taken(kind)),
    }
}

/// Inside a write: the user as it is now.
async fn read(tx: &mut Tx, pool: &Pool, sub: &str) -> Result<User> {
    let row = users_table::get(tx, &pool.id, sub).await?.ok_or_else(busy)?;
    User::from_row(row)
}

/// Refuses a code for a user who does not exist or may not use one, as a code of somebody else's is refused (user
/// enumeration, checklist 71), and, where the client hides users, refuses those too: from what was asked and tried under
/// this name alone. `asked` says whether this name has asked for a code that could still be alive: without one every code
/// is expired, with one it is wrong, and expired again after as many tries as a real one survives.
async fn refuse_hidden_code(ctx: &Ctx, pool: &Pool, subject: &str, asked: bool, tries: &'static str) -> Result<Error> {
    let used = users::attempts::tally(ctx, pool, subject, tries).await?;
    Ok(if asked && used <= TRIES_OF_A_CODE { codes::mismatch() } else { codes::expired() })
}

/// Whether this name asked for something within its hour.
async fn asked_lately(ctx: &Ctx, pool: &Pool, subject: &str, (kind, _): (&str, i64)) -> Result<bool> {
    let mut reader = ctx.store().reader().await?;
    let row = attempts_table::get(&mut reader, &pool.id, subject, kind).await?;
    Ok(row.is_some_and(|row| row.last_at + HOUR_MS > ctx.now))
}

/// Sends a code. No write is open. A confirmation goes out as a link where the pool wants one; links exist for sign-up by
/// mail only (developer guide).
async fn send(ctx: &Ctx, pool: &Pool, client: &Client, kind: &'static str, username: &str, issued: &Issued) -> Result<()> {
    let composer = Composer { pool_id: &pool.id, document: &pool.document };
    let (medium, address) = (issued.target.medium, &issued.target.address);
    spare(ctx, pool, address).await?;
    let is_confirmation = issued.row.purpose == codes::Purpose::SignUp.as_str();
    let message = if is_confirmation && medium == Medium::Email && composer.confirms_with_link() {
        let link = compose::confirmation_link(&base_address(ctx, pool).await?, &client.id, username, &issued.code);
        composer.link(kind, address, &link, &issued.code)
    } else {
        composer.code(kind, medium, address, &issued.code)
    };
    compose::send(ctx, message).await
}

/// Takes one of the messages that an address may get in an hour. Many accounts that name one victim's address, or one
/// account that names it again and again, would make us the sender of a flood (SMS pumping, checklist 140).
async fn spare(ctx: &Ctx, pool: &Pool, address: &str) -> Result<()> {
    let key = aliases::sign_in_key(pool, address);
    let destination = ctx.engine.keys.pseudonym("destination", &[pool.id.as_bytes(), key.as_bytes()]);
    hourly(ctx, pool, &destination, caps::DESTINATION).await
}

/// Sends an example of a message to an address that somebody typed, which need be no user's.
///
/// # Errors
/// `LimitExceededException` where the address or the pool has had its messages of this hour: a form that sends to any
/// address is a mail cannon (checklist 140). `CodeDeliveryFailureException` where the message could not be handed over.
pub async fn send_test(ctx: &Ctx, pool: &Pool, message: Message) -> Result<()> {
    let all = ctx.engine.keys.pseudonym("test_message", &[pool.id.as_bytes()]);
    hourly(ctx, pool, &all, caps::TEST_MESSAGE).await?;
    spare(ctx, pool, &message.address).await?;
    compose::send(ctx, message).await
}

/// As [`send`], for doors that anybody may knock at. Where the client hides users a failure is not told: only an existing
/// user's message can fail (user enumeration by delivery, checklist 74). The log has it.
async fn send_to_caller_unknown(
    ctx: &Ctx,
    pool: &Pool,
    client: &Client,
    kind: &'static str,
    username: &str,
    issued: &Issued,
) -> Result<()> {
    match send(ctx, pool, client, kind, username, issued).await {
        Err(e) if client.hides_users() && is_undelivered(&e) => Ok(()),
        other => other,
    }
}

fn is_undelivered(e: &Error) -> bool {
    e.is(ErrorCode::CodeDeliveryFailureException) || e.is(ErrorCode::LimitExceededException)
}

/// Where the pool's pages are: its custom domain, its prefix domain, or our own address, which serves every pool. Made
/// from the configuration, never from a request (poisoned links, checklist 60).
pub async fn base_address(ctx: &Ctx, pool: &Pool) -> Result<String> {
    let mut reader = ctx.store().reader().await?;
    let domains = domains::of_pool(&mut reader, &pool.id).await?;
    let settings = &ctx.engine.settings;
    Ok(match domains.first() {
        None => settings.public_url.clone(),
        Some(row) if row.kind == "custom" => format!("https://{}", row.domain),
        Some(row) => settings.domain_url.replace("{prefix}", &row.domain).replace("{region}", &row.region),
    })
}

/// Inside a write: what a code has proven becomes a fact. The address is the user's and verified; `pending` makes it so.
/// False: the address is not the user's (any more) and nothing was changed.
fn prove(user: &mut User, medium: Medium, address: &str, pending: bool) -> bool {
    let attribute = medium.attribute();
    if pending {
        user.attributes.insert(attribute.to_owned(), address.to_owned());
    }
    let theirs = user.attribute(attribute) == Some(address);
    if theirs {
        user.attributes.insert(format!("{attribute}_verified"), "true".to_owned());
    }
    theirs
}

/// Captured by writes, which may run again.
type SharedPool = Arc<Pool>;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn ann() -> User {
        let attributes =
            BTreeMap::from([("email".to_owned(), "old@x.co".to_owned()), ("email_verified".to_owned(), "false".to_owned())]);
        User { row: users::testing::row("ann"), attributes }
    }

    #[test]
    fn sec_082_a_code_proves_the_address_it_was_sent_to_and_no_other() {
        let mut user = ann();
        assert!(!prove(&mut user, Medium::Email, "new@x.co", false));
        assert!(!user.verified("email"));
        assert!(prove(&mut user, Medium::Email, "old@x.co", false));
        assert!(user.verified("email"));
    }

    #[test]
    fn sec_091_a_pending_address_replaces_the_old_one_once_proven() {
        let mut user = ann();
        assert!(prove(&mut user, Medium::Email, "new@x.co", true));
        assert_eq!((user.attribute("email"), user.verified("email")), (Some("new@x.co"), true));
    }

    #[test]
    fn a_name_that_was_taken_speaks_and_a_lost_race_asks_to_come_back() {
        assert!(saved(Saved::Done, |_| not_found()).is_ok());
        assert!(saved(Saved::Conflict, |_| not_found()).unwrap_err().is(ErrorCode::TooManyRequestsException));
        assert!(saved(Saved::NameTaken("email"), |_| not_found()).unwrap_err().is(ErrorCode::UserNotFoundException));
    }
}
