//! Groups and who is in them. Only administrators change either (checklist 117); tokens show it at their next issue.
use poolhouse_store::tables::groups::GroupRow;
use poolhouse_wire::Timestamp;
use poolhouse_wire::types::GroupType;

use crate::error::Error;

pub mod admin_add_user_to_group;
pub mod admin_list_groups_for_user;
pub mod admin_remove_user_from_group;
pub mod create_group;
pub mod delete_group;
pub mod get_group;
pub mod list_groups;
pub mod list_users_in_group;
pub mod update_group;

fn not_found() -> Error {
    Error::not_found("Group not found.")
}

fn view(row: GroupRow) -> GroupType {
    GroupType {
        group_name: Some(row.name),
        user_pool_id: Some(row.pool_id),
        description: row.description,
        role_arn: row.role_arn,
        precedence: row.precedence.and_then(|p| i32::try_from(p).ok()),
        last_modified_date: Some(Timestamp(row.modified_at)),
        creation_date: Some(Timestamp(row.created_at)),
    }
}

#[cfg(test)]
mod tests;
