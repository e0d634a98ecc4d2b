//! ListUsers: a page of users, all or those that a filter selects.
use poolhouse_store::tables::users::{self as table, UserRow};
use poolhouse_wire::types::{ListUsersRequest, ListUsersResponse, UserType};

use super::filter::{self, Filter};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::ops::pagination::{self, Place};
use crate::pools::{self, Pool, schema};
use crate::users::User;

pub async fn run(ctx: &Ctx, input: ListUsersRequest) -> Result<ListUsersResponse> {
    let pool = pools::load(ctx, &input.user_pool_id).await?;
    let text = input.filter.unwrap_or_default();
    let filter = filter::parse(&text)?;
    let shown = input.attributes_to_get.filter(|names| !names.is_empty());
    known(&pool, shown.as_deref())?;
    let place = Place { operation: "ListUsers", scope: &pool.id, filter: &text };
    let limit = pagination::limit(input.limit);
    let after = pagination::cursor(ctx, place, input.pagination_token.as_deref())?;
    let mut rows = select(ctx, &pool, &filter, after.as_deref(), limit + 1).await?;
    let next = pagination::next(ctx, place, &mut rows, limit, |row| cursor_of(&filter, row))?;
    let users: Vec<UserType> = rows.into_iter().map(|row| view(row, shown.as_deref())).collect::<Result<_>>()?;
    Ok(ListUsersResponse { users: Some(users), pagination_token: next })
}

/// The row's sub, and before it the column that a prefix search is ordered by.
fn cursor_of(filter: &Filter, row: &UserRow) -> Vec<String> {
    match filter {
        Filter::Prefix(column, _) => vec![row.sub.clone(), column.value(row).unwrap_or_default().to_owned()],
        _ => vec![row.sub.clone()],
    }
}

async fn select(ctx: &Ctx, pool: &Pool, filter: &Filter, after: Option<&[String]>, limit: i64) -> Result<Vec<UserRow>> {
    let mut reader = ctx.store().reader().await?;
    let sub = after.and_then(|cursor| cursor.first()).map_or("", String::as_str);
    Ok(match filter {
        Filter::Nothing => Vec::new(),
        Filter::All => table::list(&mut reader, &pool.id, sub, limit).await?,
        Filter::Enabled(enabled) => table::list_enabled(&mut reader, &pool.id, *enabled, sub, limit).await?,
        Filter::Equal(column, value) => table::list_equal(&mut reader, &pool.id, *column, value, sub, limit).await?,
        Filter::Prefix(column, prefix) => {
            let after = after.and_then(|cursor| cursor.get(1)).map(|value| (value.as_str(), sub));
            table::list_prefix(&mut reader, &pool.id, *column, prefix, after, limit).await?
        }
    })
}

/// AttributesToGet names attributes of the schema only.
fn known(pool: &Pool, names: Option<&[String]>) -> Result<()> {
    match names.unwrap_or_default().iter().find(|name| schema::find(pool, name).is_none()) {
        Some(name) => Err(Error::invalid_parameter(format!("Invalid attribute to get: {name}"))),
        None => Ok(()),
    }
}

fn view(row: UserRow, shown: Option<&[String]>) -> Result<UserType> {
    let mut view = User::from_row(row)?.view()?;
    if let (Some(names), Some(attributes)) = (shown, view.attributes.as_mut()) {
        attributes.retain(|attribute| names.contains(&attribute.name));
    }
    Ok(view)
}
