//! One-time links: made by the first start, by an owner or on the command line; whoever has one becomes an operator.
use poolhouse_store::Tx;
use poolhouse_store::tables::operator_links::{self as table, OperatorLinkRow};
use poolhouse_store::tables::operator_sessions;
use poolhouse_store::tables::operators::{self, OperatorRow};

use super::sessions::{self, Session};
use super::sign_in::{check_name, check_password, hash, key_of};
use super::{Operator, Role, from_row, may_still, not_any_more};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::keys::secret::hash32;
use crate::keys::{self, entropy, totp};

/// How long a link is good for.
pub const LINK_MS: i64 = 3_600_000;
const DOMAIN: &str = "operator-link";
/// Of what an operator's key is derived from: a link's hash.
pub const SEED_BYTES: usize = 32;
/// Links that are listed; an hour's worth.
const LISTED_MAX: i64 = 100;

/// A link that was just made; its token is told this once.
pub struct Link {
    pub token: String,
    pub role: Role,
    pub expires_at: i64,
}

/// A link that nobody has used yet, without its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLink {
    /// Names it on pages, and opens nothing.
    pub handle: String,
    /// `None`: the row has a word that is no role.
    pub role: Option<Role>,
    /// Made by a start that found no operator.
    pub first: bool,
    /// Milliseconds since the epoch.
    pub created_at: i64,
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
///
/// # Errors
/// `AccessDeniedException` where whoever acts is no owner any more.
pub async fn link(ctx: &Ctx, role: Role) -> Result<Link> {
    ctx.concerns("Role", role.as_str());
    let (link, row) = fresh(ctx, role, false);
    let asked = ctx.clone();
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<bool> {
        let may = may_still(&asked, tx).await?;
        if may {
            table::insert(tx, &row).await?;
        }
        Ok(may)
    };
    let work = async { if ctx.store().write(body).await? { Ok(()) } else { Err(not_any_more()) } };
    ctx.change("MakeOperatorLink", work).await?;
    Ok(link)
}

/// The links that are good now, the first to expire first.
pub async fn open_links(ctx: &Ctx) -> Result<Vec<OpenLink>> {
    Ok(open_rows(ctx).await?.iter().map(open).collect())
}

async fn open_rows(ctx: &Ctx) -> Result<Vec<OperatorLinkRow>> {
    let mut reader = ctx.store().reader().await?;
    Ok(table::list(&mut reader, ctx.now, LISTED_MAX).await?)
}

fn open(row: &OperatorLinkRow) -> OpenLink {
    let (role, first) = (Role::parse(&row.role), row.first != 0);
    OpenLink { handle: handle(&row.hash), role, first, created_at: row.created_at, expires_at: row.expires_at }
}

/// Not the hash itself, which an operator's key will be derived from.
fn handle(hash: &[u8]) -> String {
    let [a, b, c, d, e, f, g, h, ..] = hash32("operator-link-handle", hash);
    keys::hex(&[a, b, c, d, e, f, g, h])
}

/// Voids the open link of a handle; false where there is none any more.
///
/// # Errors
/// As [`link`].
pub async fn void_link(ctx: &Ctx, named: &str) -> Result<bool> {
    let Some(row) = open_rows(ctx).await?.into_iter().find(|row| handle(&row.hash) == named) else { return Ok(false) };
    ctx.concerns("Role", &row.role);
    let asked = ctx.clone();
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<Option<bool>> {
        Ok(if may_still(&asked, tx).await? { Some(table::void(tx, &row.hash).await?) } else { None })
    };
    let work = async { ctx.store().write(body).await?.ok_or_else(not_any_more) };
    ctx.change("VoidOperatorLink", work).await
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
