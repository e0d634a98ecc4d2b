//! The AWS side of the language: the cognito-idp shapes, operations, error codes and constraints, and AWS JSON 1.1.
//! No async, no rules. Called by `engine` (types, codes) and `server` (decode, json). `generated` is made by
//! `cargo xtask codegen` from `model/*.idl`; everything else here is small and written by hand.

mod constraint;
mod decode;
mod error;
mod generated;
pub mod json;
mod operation;
mod pattern;
mod scalar;
pub mod shape;
mod strict;

pub use decode::{Rejection, decode};
pub use error::UnknownErrorCode;
pub use generated::errors::ErrorCode;
pub use generated::operations::OPERATIONS;
pub use operation::{Auth, Operation, TypedOperation, operation};
pub use pattern::compile_patterns;
pub use scalar::{Blob, Sensitive, Timestamp, UnknownValue};
pub use shape::{Kind, Shape};

/// The generated structures and enumerations, with the scalars they are made of.
pub mod types {
    pub use crate::generated::enums::*;
    pub use crate::generated::types::*;
    pub use crate::scalar::{Blob, Sensitive, Timestamp};
}

/// One marker type an operation, tying its name to its input and output: `ops::SignUp`.
pub mod ops {
    pub use crate::generated::operations::*;
}
