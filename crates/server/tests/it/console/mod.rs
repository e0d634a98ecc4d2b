//! The console, page by page, as a browser without script uses it.

mod clients;
mod domains;
mod page;
mod pools;
mod settings;
