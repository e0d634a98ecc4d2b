//! Poolhouse's rules. No HTTP, no SQL text, no clock but the context's. The server calls in at [`ops`], [`auth`],
//! [`account`], [`oauth`] and [`tokens`]; floors below serve floors above, never the other way round:
//! error, ctx → keys, delivery → access_keys, pools, clients, users, groups → tokens → auth → account → oauth → ops.
pub mod access_keys;
pub mod account;
pub mod audit;
pub mod auth;
pub mod backup;
mod cache;
pub mod check;
pub mod clients;
pub mod ctx;
pub mod delivery;
pub mod error;
pub mod groups;
pub mod keyring;
pub mod keys;
pub mod metrics;
pub mod nodes;
pub mod oauth;
pub mod ops;
pub mod pools;
mod purge;
pub mod rates;
pub mod rewrap;
pub mod snapshots;
pub mod start;
#[cfg(test)]
mod testing;
pub mod tokens;
mod turns;
pub mod undo;
pub mod users;
mod watch;
pub mod work;
