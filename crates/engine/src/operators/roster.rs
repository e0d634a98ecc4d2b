//! Every operator, as those who say who may use the console see them, and what they can do about one.
use poolhouse_store::Tx;
use poolhouse_store::tables::operator_links as links_table;
use poolhouse_store::tables::operator_sessions as sessions_table;
use poolhouse_store::tables::operators::{self as table, OperatorRow};

use super::{Need, Role, may_still, not_any_more};
use crate::ctx::Ctx;
use crate::error::{Error, Result};

/// One operator, whatever stands in its row: one that is damaged is listed with the others, and can be mended or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub name: String,
    /// `None`: the row has a word that is no role, and lets nobody in.
    pub role: Option<Role>,
    /// The word itself.
    pub role_word: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// Milliseconds since the epoch, to the minute.
    pub last_used_at: Option<i64>,
    /// Milliseconds since the epoch; in the past for most.
    pub locked_until: i64,
}

fn listed(row: OperatorRow) -> Listed {
    Listed {
        role: Role::parse(&row.role),
        role_word: row.role,
        id: row.id,
        name: row.name,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        locked_until: row.locked_until,
    }
}

/// Every operator, by name.
pub async fn list(ctx: &Ctx) -> Result<Vec<Listed>> {
    let mut reader = ctx.store().reader().await?;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = table::list(&mut reader, &after, 100).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after.clone_from(&last.name);
        all.extend(page.into_iter().map(listed));
    }
}

/// The operator of this name.
pub async fn find(ctx: &Ctx, name: &str) -> Result<Option<Listed>> {
    let mut reader = ctx.store().reader().await?;
    Ok(table::by_name(&mut reader, name).await?.map(listed))
}

/// The operator of this id.
pub async fn get(ctx: &Ctx, id: &str) -> Result<Option<Listed>> {
    let mut reader = ctx.store().reader().await?;
    Ok(table::get(&mut reader, id).await?.map(listed))
}

/// What came of a change of one operator.
enum Came {
    Done,
    /// Somebody else removed it.
    Gone,
    /// Nobody who may make operators would be left.
    LastOwner,
    /// Whoever acts is no owner any more.
    Forbidden,
}

impl Came {
    fn told(self, name: &str) -> Result<()> {
        match self {
            Self::Done => Ok(()),
            Self::Gone => Err(gone(name)),
            Self::LastOwner => Err(Error::invalid_parameter(format!("{name} is the last owner. Make another owner first."))),
            Self::Forbidden => Err(not_any_more()),
        }
    }
}

fn gone(name: &str) -> Error {
    Error::not_found(format!("There is no operator {name} any more."))
}

/// A guarded statement changed no row: why. Asked in the same transaction, so that it is the reason of that moment.
async fn why_not(tx: &mut Tx, id: &str) -> poolhouse_store::Result<Came> {
    Ok(if table::get(tx, id).await?.is_some() { Came::LastOwner } else { Came::Gone })
}

/// Gives another role. Voids every open link where that takes from somebody the right to make any: it is not kept who made one, and an
/// owner could come back by a link made for oneself before. Ends no session: the role is read with each request.
///
/// # Errors
/// `InvalidParameterException` where that would leave nobody who may make operators, `ResourceNotFoundException` where the operator is
/// gone, `AccessDeniedException` where whoever acts is no owner any more.
pub async fn set_role(ctx: &Ctx, operator: &Listed, role: Role) -> Result<()> {
    ctx.concerns("Operator", &operator.name);
    ctx.concerns("Role", role.as_str());
    let (id, asked) = (operator.id.clone(), ctx.clone());
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<Came> {
        if !may_still(&asked, tx).await? {
            return Ok(Came::Forbidden);
        }
        let before = table::get(tx, &id).await?.and_then(|row| Role::parse(&row.role));
        if !table::set_role(tx, &id, role.as_str()).await? {
            return why_not(tx, &id).await;
        }
        if before.is_some_and(|role| role.may(Need::Operators)) && !role.may(Need::Operators) {
            links_table::void_all(tx).await?;
        }
        Ok(Came::Done)
    };
    ctx.change("SetOperatorRole", async { ctx.store().write(body).await?.told(&operator.name) }).await
}

/// Removes an operator, ends its sessions and voids every open link, whatever the role was: one may have been given to the same person.
///
/// # Errors
/// As [`set_role`].
pub async fn remove(ctx: &Ctx, operator: &Listed) -> Result<()> {
    ctx.concerns("Operator", &operator.name);
    let (id, asked) = (operator.id.clone(), ctx.clone());
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<Came> {
        if !may_still(&asked, tx).await? {
            return Ok(Came::Forbidden);
        }
        if !table::delete(tx, &id).await? {
            return why_not(tx, &id).await;
        }
        sessions_table::end_all(tx, &id).await?;
        links_table::void_all(tx).await?;
        Ok(Came::Done)
    };
    ctx.change("RemoveOperator", async { ctx.store().write(body).await?.told(&operator.name) }).await
}

/// Signs an operator out everywhere; how many sessions that ended.
///
/// # Errors
/// As [`set_role`], but for the last owner, who may be signed out.
pub async fn end_sessions(ctx: &Ctx, operator: &Listed) -> Result<u64> {
    ctx.concerns("Operator", &operator.name);
    let (id, asked) = (operator.id.clone(), ctx.clone());
    let body = async move |tx: &mut Tx| -> poolhouse_store::Result<Result<u64, Came>> {
        if !may_still(&asked, tx).await? {
            return Ok(Err(Came::Forbidden));
        }
        match table::get(tx, &id).await? {
            Some(_) => Ok(Ok(sessions_table::end_all(tx, &id).await?)),
            None => Ok(Err(Came::Gone)),
        }
    };
    let work = async {
        match ctx.store().write(body).await? {
            Ok(ended) => Ok(ended),
            Err(came) => came.told(&operator.name).map(|()| 0),
        }
    };
    ctx.change("EndOperatorSessions", work).await
}
