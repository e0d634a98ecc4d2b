//! Why the program did not start, or a command did nothing: sentences for the operator. Said by everything that runs
//! before the first request; printed by `cli`.

use crate::certs::CertError;
use crate::config::{Refusal, numbered};
use crate::edge::BindError;

/// Why the program did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Everything that the operator has to set.
    #[error("{}", numbered(.0))]
    Refused(Vec<Refusal>),
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Certificate(#[from] CertError),
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{0}")]
    Failed(String),
}
