//! Operations through the model's decoder on a real database: one binary, one module a family.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking; helpers are outside the functions that clippy knows as tests"
)]

mod both_databases;
mod clients;
mod pools;
mod self_service;
mod support;
