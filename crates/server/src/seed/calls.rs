//! Operations in this process: validated by the model and left in the audit trail as any caller's are, by the operator. Called by
//! every part of `seed` that reads or changes a store.

use std::sync::Arc;

use poolhouse_engine::ctx::{Caller, Ctx, Engine};
use poolhouse_engine::error::{Error, Result};
use poolhouse_engine::ops;
use poolhouse_wire::ErrorCode;
use serde_json::{Map, Value};

/// Calls about one pool.
#[derive(Clone, Copy)]
pub struct Calls<'a> {
    pub engine: &'a Arc<Engine>,
    pub pool: &'a str,
}

impl Calls<'_> {
    /// The context of one call.
    pub fn ctx(&self) -> Ctx {
        let region = poolhouse_engine::ctx::region_of_pool(self.pool);
        let ctx = self.engine.ctx(Caller::Operator, Some(region.to_owned()));
        ctx.concerns_pool(self.pool);
        ctx
    }

    /// The operation on this pool: `UserPoolId` is added.
    pub async fn call(&self, name: &'static str, mut input: Map<String, Value>) -> Result<Value> {
        input.insert("UserPoolId".to_owned(), self.pool.into());
        self.plain(name, input).await
    }

    /// The operation as it is.
    pub async fn plain(&self, name: &'static str, input: Map<String, Value>) -> Result<Value> {
        let unbuilt = || Error::internal(format!("{name} is not built"));
        let (operation, handler) =
            (poolhouse_wire::operation(name).ok_or_else(unbuilt)?, ops::handler(name).ok_or_else(unbuilt)?);
        let input = poolhouse_wire::decode(operation, Value::Object(input).to_string().as_bytes())
            .map_err(|rejection| Error::new(rejection.code, rejection.message.unwrap_or_default()))?;
        ops::perform(&self.ctx(), operation, handler, input).await
    }

    /// The `member` of what the operation describes; `None` where it does not exist.
    pub async fn described(
        &self,
        name: &'static str,
        mut input: Map<String, Value>,
        member: &str,
    ) -> Result<Option<Map<String, Value>>> {
        input.insert("UserPoolId".to_owned(), self.pool.into());
        match self.plain(name, input).await {
            Ok(output) => Ok(output.get(member).and_then(Value::as_object).filter(|found| !found.is_empty()).cloned()),
            Err(error) if error.is(ErrorCode::ResourceNotFoundException) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Every page of a list.
    pub async fn all(&self, list: &List, input: &Map<String, Value>) -> Result<Vec<Map<String, Value>>> {
        let (mut all, mut next) = (Vec::new(), None::<Value>);
        loop {
            let mut input = input.clone();
            input.insert(list.limit.0.to_owned(), list.limit.1.into());
            input.extend(next.take().map(|next| (list.token.to_owned(), next)));
            let mut output = self.call(list.operation, input).await?;
            if let Some(Value::Array(items)) = output.get_mut(list.member).map(Value::take) {
                all.extend(items.into_iter().filter_map(|item| match item {
                    Value::Object(item) => Some(item),
                    _ => None,
                }));
            }
            match output.get_mut(list.token).map(Value::take) {
                Some(token) if !token.is_null() => next = Some(token),
                _ => return Ok(all),
            }
        }
    }
}

/// An operation that lists, page by page.
pub struct List {
    pub operation: &'static str,
    /// Where its items are.
    pub member: &'static str,
    /// The member that bounds a page, and its most.
    pub limit: (&'static str, i64),
    /// The member that leads on.
    pub token: &'static str,
}

pub const USERS: List = List { operation: "ListUsers", member: "Users", limit: ("Limit", 60), token: "PaginationToken" };
pub const GROUPS: List = List { operation: "ListGroups", member: "Groups", limit: ("Limit", 60), token: "NextToken" };
pub const GROUPS_OF_USER: List =
    List { operation: "AdminListGroupsForUser", member: "Groups", limit: ("Limit", 60), token: "NextToken" };
pub const CLIENTS: List =
    List { operation: "ListUserPoolClients", member: "UserPoolClients", limit: ("MaxResults", 60), token: "NextToken" };
pub const SERVERS: List =
    List { operation: "ListResourceServers", member: "ResourceServers", limit: ("MaxResults", 50), token: "NextToken" };

/// An input of texts.
pub fn input(members: &[(&str, &str)]) -> Map<String, Value> {
    members.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()
}

/// A member that is a text.
pub fn text(document: &Map<String, Value>, name: &str) -> Option<String> {
    document.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// An error as a person reads it: what callers are told, and what is known beyond it.
pub fn sentence(error: &Error) -> String {
    let detail = error.detail();
    let parts = [Some(error.message()), detail.map(|d| d.cause.as_str()), detail.and_then(|d| d.fix.as_deref())];
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}
