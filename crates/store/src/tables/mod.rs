//! Every statement of the product, one module a table. Each function runs one job on a [`crate::Tx`]; rows are plain structs.
//! Called by the engine. A function that guards says so: the guard and the change are one statement.

pub mod access_keys;
pub mod attempts;
pub mod audit;
pub mod authorization_codes;
pub mod belongings;
pub mod browser_sessions;
pub mod challenge_sessions;
pub mod clients;
pub mod codes;
pub mod domains;
pub mod flow_runs;
pub mod groups;
pub mod messages;
pub mod meta;
pub mod nodes;
pub mod operator_links;
pub mod operator_sessions;
pub mod operators;
pub mod pools;
pub mod refresh;
pub mod resource_servers;
pub mod sessions;
pub mod sign_in_names;
pub mod signing_keys;
pub mod undo;
pub mod users;
