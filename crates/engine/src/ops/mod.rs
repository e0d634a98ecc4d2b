//! The operations of cognito-idp: one file each, in family folders, and one registry line each. The dispatcher in the
//! server has authenticated, parsed and validated before it calls one; an operation only decides.
use std::future::Future;
use std::pin::Pin;

use poolhouse_wire::TypedOperation;
use serde_json::Value;

use crate::ctx::Ctx;
use crate::error::{Error, Result};

pub mod account;
pub mod auth;
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
