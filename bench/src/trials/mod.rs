//! What is not a cost of one operation: starting, enduring, being asked for too much, syncing to the disk.

pub mod durability;
pub mod overload;
pub mod soak;
pub mod start;
