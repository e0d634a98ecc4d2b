//! What `cargo xtask codegen` makes (every file here but this one). Private: re-exported by the crate root.

pub(crate) mod enums;
pub(crate) mod errors;
pub(crate) mod operations;
pub(crate) mod shapes;
pub(crate) mod types;
