//! What an operation is: its row in the generated table, and the marker trait that ties name, input and output
//! together. Used by the server's dispatcher and the engine's registry.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::generated::errors::ErrorCode;
use crate::generated::operations::OPERATIONS;
use crate::shape::Shape;

/// How the model says a caller is authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// Neither signature nor token.
    Public,
    /// No signature; the member `AccessToken` (some operations take `Session` instead).
    AccessToken,
    /// AWS Signature Version 4; see [`Operation::accepts_unsigned`].
    Iam,
}

/// One row of [`OPERATIONS`].
#[derive(Debug)]
pub struct Operation {
    /// As in `X-Amz-Target`, without the service prefix.
    pub name: &'static str,
    pub auth: Auth,
    /// True for public and access-token operations, and for the two IAM operations whose body carries client
    /// credentials (`GetClientToken`, `GetDerivedToken`).
    pub accepts_unsigned: bool,
    /// Name of the input structure.
    pub input: &'static str,
    /// Name of the output structure; without one a success has an empty body.
    pub output: Option<&'static str>,
    /// The errors the model declares, in its order.
    pub errors: &'static [ErrorCode],
    /// The input's constraints.
    pub shape: &'static Shape,
}

/// The operation of this name (case matters), if the model has it.
#[must_use]
pub fn operation(name: &str) -> Option<&'static Operation> {
    let at = OPERATIONS.binary_search_by(|op| op.name.cmp(name)).ok()?;
    OPERATIONS.get(at)
}

/// An operation's name, input and output as types, so that a registry cannot pair the wrong ones.
pub trait TypedOperation {
    const NAME: &'static str;
    type Input: DeserializeOwned + Send + 'static;
    /// `()` where the model has no output shape.
    type Output: Serialize + Send + 'static;
}
