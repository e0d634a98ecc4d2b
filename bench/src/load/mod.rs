//! Who asks: connections, and the loops that ask over them.

pub mod driver;
pub mod http;
