//! The server crate's integration tests: real sockets, real processes. One binary; its tree mirrors the sources.
#![cfg(test)]
#![expect(clippy::type_complexity, reason = "a table of cases is read where it stands")]

mod accounts;
mod audit;
mod auth;
mod browser;
mod command_line;
mod console;
mod control;
mod coverage;
mod data;
mod doctor;
mod edge;
mod flow;
mod fuzz;
mod harness;
mod headers;
mod https;
mod keys;
mod metadata;
mod model;
mod oauth;
mod pages;
mod parts;
mod pools;
mod program;
mod rates;
mod reliability;
mod reply;
mod restart;
mod seed;
mod serve;
mod sign;
mod signed;
mod smtp;
mod start;
mod tokens;
mod upkeep;
mod wire;
