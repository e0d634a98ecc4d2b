//! The operations of cognito-idp: one file each, in family folders, and one registry line each. The dispatcher in the
//! server has authenticated, parsed and validated before it calls one; an operation only decides.
use std::future::Future;
use std::pin::Pin;

use poolhouse_wire::{Operation, TypedOperation};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::{Error, Result};

pub mod account;
pub mod auth;
mod classes;
pub mod clients;
pub mod domains;
pub mod groups;
pub mod pagination;
pub mod pools;
pub mod quota;
pub mod recovery;
mod registry;
pub mod resource_servers;
pub mod sign_up;
pub mod tags;
pub mod users;

pub use classes::{Class, class};
pub use registry::{built, handler};

/// An operation, its types erased: validated input in, output document out (`null` for an operation without output).
pub type Handler = for<'a> fn(&'a Ctx, Value) -> Pin<Box<dyn Future<Output = Result<Value>> + Send + 'a>>;

/// Gives an operation the input its name has in the model and takes the output it has there: the wrong type does not
/// compile. The one generic step, kept thin so that it costs little for each of the operations.
async fn call<'a, Op, F>(ctx: &'a Ctx, input: Value, run: impl FnOnce(&'a Ctx, Op::Input) -> F) -> Result<Value>
where
    Op: TypedOperation,
    F: Future<Output = Result<Op::Output>>,
{
    let input = serde_json::from_value(input).map_err(|e| Error::internal(format!("validated input does not parse: {e}")))?;
    let output = run(ctx, input).await?;
    serde_json::to_value(output).map_err(|e| Error::internal(format!("output does not serialise: {e}")))
}

/// Runs an operation with what it leaves in the audit trail. Whoever calls operations calls them by this: the dispatcher,
/// and what runs in this process.
pub async fn perform(ctx: &Ctx, operation: &'static Operation, handler: Handler, input: Value) -> Result<Value> {
    let class = class(operation.name).unwrap_or(Class::Change);
    if class == Class::Read {
        return handler(ctx, input).await;
    }
    // What a caller without a signature names is believed only once the operation has found it.
    if !operation.accepts_unsigned {
        concerns(ctx, &input);
    }
    let entry = ctx.entry(operation.name);
    let outcome = match announce(ctx, class, operation).await {
        Ok(()) => handler(ctx, input).await,
        Err(refusal) => Err(refusal),
    };
    if let Ok(output) = &outcome {
        made(ctx, output);
    }
    entry.end(outcome.as_ref().err());
    outcome
}

/// Before the first effect of a change (checklist 118, 198).
async fn announce(ctx: &Ctx, class: Class, operation: &'static Operation) -> Result<()> {
    match (class, operation.accepts_unsigned) {
        (Class::Change, false) => ctx.intend(operation.name).await,
        (Class::Change, true) => {
            ctx.intend_once_proven(operation.name);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Members of inputs that name what a call is about. None of them is a secret.
const NAMES: [&str; 13] = [
    "Username",
    "GroupName",
    "ClientId",
    "ClientName",
    "ClientSecretId",
    "PoolName",
    "Domain",
    "Identifier",
    "ResourceArn",
    "ProviderName",
    "DeviceKey",
    "JobId",
    "JobName",
];

fn concerns(ctx: &Ctx, input: &Value) {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let by_arn = || text("ResourceArn").and_then(|arn| ctx.pool_of_arn(arn).ok());
    if let Some(pool) = text("UserPoolId").or_else(by_arn) {
        ctx.concerns_pool(pool);
    }
    for name in NAMES {
        if let Some(value) = text(name) {
            ctx.concerns(name, value);
        }
    }
}

/// What got its id only now.
fn made(ctx: &Ctx, output: &Value) {
    let text = |shape: &str, name: &str| output.get(shape)?.get(name)?.as_str();
    if let Some(pool) = text("UserPool", "Id") {
        ctx.concerns_pool(pool);
    }
    if let (Some(pool), Some(client)) = (text("UserPoolClient", "UserPoolId"), text("UserPoolClient", "ClientId")) {
        ctx.concerns_client(pool, client);
    }
}
