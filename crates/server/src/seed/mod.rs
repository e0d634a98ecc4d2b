//! The seed file, `poolhouse.yaml`: pools and what is in them, as one file says they should be.
//!
//! [`read`] makes a [`Seed`] of a text or tells everything that is wrong with it; [`apply`] brings a store in line with a
//! seed, or tells what it would do; [`export`] writes a seed of a store; [`scratch`] applies one where nothing is kept. Everything is
//! done by operations in this process, so that what a seed may do, a caller may do, with the same refusals and the same
//! trail. No HTTP. Called by the command line through `assembly`, by `dev` at its start, and by the control API.

pub mod apply;
mod calls;
mod check;
mod clients;
pub mod emit;
pub mod export;
mod form;
mod ids;
mod merge;
mod pools;
pub mod problem;
mod read;
pub mod report;
pub mod schema;
pub mod scratch;
mod users;
mod walk;
pub mod yaml;

pub use apply::{Options, apply};
pub use problem::Problems;
pub use read::{ClientSeed, Seed, read};
pub use report::Report;
