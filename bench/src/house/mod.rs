//! Poolhouse as it is measured: set up as the documentation says, filled with users, and asked for every operation.

pub mod browser;
pub mod operations;
pub mod population;
pub mod postgres;
pub mod site;
pub mod srp;
pub mod world;
