//! The operator's commands that look after keys and a store: what may be asked ([`commands`]), and one module for each kind
//! of asking. The engine does the work; these say what came of it. Called by `assembly`.

pub mod accounts;
pub mod audit;
pub mod commands;
pub mod keys;
pub mod seed;
pub mod upkeep;
