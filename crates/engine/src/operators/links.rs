//! One-time links: made by the first start, by an owner or on the command line; whoever has one becomes an operator.
use poolhouse_store::Tx;
use poolhouse_store::tables::operator_links::{self as table, OperatorLinkRow};
use poolhouse_store::tables::operator_sessions;
use poolhouse_store::tables::operators::{self, OperatorRow};

use super::sessions::{self, Session};
use super::sign_in::{check_name, check_password, hash, key_of};
use super::{Operator, Role, from_row};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::entropy;
use crate::keys::secret::hash32;
use crate::keys::totp;

/// How long a link is good for.
pub const LINK_MS: i64 = 3_600_000;
const DOMAIN: &str = "operator-link";

/// A link that was just made; its token is told this once.
pub struct Link {
    pub token: String,
    pub role: Role,
    pub expires_at: i64,
}

/// What a link offers to whoever opens it.
pub struct Offer {
    pub role: Role,
    pub expires_at: i64,
    /// The key for an authenticator app, in Base32. It follows from the link, so that the page may be opened twice.
    pub key: String,
}

/// What is typed on the link's page.
pub struct Enrolment<'a> {
    pub name: &'a str,
    pub password: &'a str,
    /// A code of the app, to prove that it has the key.
    pub code: &'a str,
}

/// Makes a link for a role.
pub async fn link(ctx: &Ctx, role: Role) -> Result<Link> {
    ctx.concerns("Role", role.as_str());
    let (link, row) = fresh(ctx, role, false);
    let work = async { Ok(ctx.store().write(async move |tx| table::insert(tx, &row).await).await?) };
    ctx.change("MakeOperatorLink", work).await?;
    Ok(link)
}

/// The owner's link of a start that finds no operator; the one of the start before is void. `None` where there is one.
pub async fn first_link(ctx: &Ctx) -> Result<Option<Link>> {
    let (link, row) = fresh(ctx, Role::Owner, true);
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        table::void_first(tx).await?;
        if !operators::list(tx, "", 1).await?.is_empty() {
            return Ok(false);
        }
        table::insert(tx, &row).await?;
        Ok(true)
    };
    Ok(ctx.store().write(body).await?.then_some(link))
}

fn fresh(ctx: &Ctx, role: Role, first: bool) -> (Link, OperatorLinkRow) {
    let token = entropy::token(ctx.entropy());
    let expires_at = ctx.now.saturating_add(LINK_MS);
    let hash = hash32(DOMAIN, token.as_bytes()).to_vec();
    let row = OperatorLinkRow { hash, role: role.as_str().to_owned(), first: first.into(), created_at: ctx.now, expires_at };
    (Link { token, role, expires_at }, row)
}

/// What the link of a token offers, while it is good. Uses nothing up.
pub async fn offer(ctx: &Ctx, token: &str) -> Result<Option<Offer>> {
    let hash = hash32(DOMAIN, token.as_bytes());
    let mut reader = ctx.store().reader().await?;
    let Some(row) = table::get(&mut reader, &hash, ctx.now).await? else { return Ok(None) };
    let role = Role::parse(&row.role).ok_or_else(|| Error::internal("an operator link's role"))?;
    Ok(Some(Offer { role, expires_at: row.expires_at, key: totp::base32(&key_of(ctx, &hash)) }))
}

/// Makes an operator of whoever has the link, and uses the link up: of many at once one gets through. Signs in at once,
/// since password and code have just been shown. `Ok(None)`: the link is not good any more.
///
/// # Errors
/// What is wrong with what was typed; the link stays good then.
pub async fn enrol(ctx: &Ctx, token: &str, typed: &Enrolment<'_>) -> Result<Option<(Operator, Session)>> {
    let seed = hash32(DOMAIN, token.as_bytes());
    let Some(offered) = offer(ctx, token).await? else { return Ok(None) };
    let name = check_name(typed.name)?;
    check_password(typed.password)?;
    let Some(step) = totp::matched(&key_of(ctx, &seed), typed.code, ctx.now) else {
        return Err(Error::invalid_parameter("The code is not one of this moment. Is the app's clock right?"));
    };
    let row = OperatorRow {
        id: entropy::uuid(ctx.entropy()),
        name: name.to_owned(),
        role: offered.role.as_str().to_owned(),
        password: hash(ctx, typed.password).await?,
        totp_seed: seed.to_vec(),
        totp_step: step,
        created_at: ctx.now,
        last_used_at: Some(ctx.now),
        ..OperatorRow::default()
    };
    let operator = from_row(&row)?;
    let (session, session_row) = sessions::fresh(ctx, &operator.id);
    ctx.concerns("Operator", name);
    ctx.concerns("Role", offered.role.as_str());
    let (now, known) = (ctx.now, session_row);
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        if table::redeem(tx, &row.totp_seed, now).await?.is_none() {
            return Ok(false);
        }
        // A name that is taken rolls everything back, and the link stays good.
        operators::insert(tx, &row).await?;
        operator_sessions::insert(tx, &known).await?;
        Ok(true)
    };
    let work = async {
        match ctx.store().write(body).await {
            Err(poolhouse_store::Error::Unique(_)) => Err(Error::invalid_parameter("There is an operator of this name already.")),
            other => Ok(other?),
        }
    };
    let won = ctx.change("EnrolOperator", work).await?;
    Ok(won.then_some((operator, session)))
}
