//! The HTTP face of Poolhouse and its outer shell: sockets, TLS, configuration, command line, routes, pages. Thin by rule: everything that
//! decides about user pools lives in the engine; this crate turns requests into operations and results into bytes. The binary beside it
//! (`main.rs`) calls this library; integration tests start the same parts in process.

pub mod api;
pub mod app;
pub mod assembly;
pub mod assets;
pub mod certs;
pub mod cli;
pub mod client_ip;
pub mod config;
pub mod console;
pub mod control;
pub mod cookies;
pub mod csrf;
pub mod demo;
pub mod doors;
pub mod edge;
pub mod facts;
pub mod faults;
pub mod home;
pub mod host;
pub mod logs;
pub mod meanings;
pub mod metadata;
pub mod metrics;
pub mod missing;
pub mod nearest;
pub mod oauth;
pub mod opening;
pub mod operator;
pub mod pages;
pub mod reached;
pub mod refusal;
pub mod render;
pub mod replies;
pub mod run;
pub mod sandbox;
pub mod seed;
pub mod shell;
pub mod sigv4;
pub mod smtp;
pub mod start_error;
pub mod state;
