//! The console through the wire: its pages are read, its forms filled in as a browser would, and what they did is asked of the API.

mod flow;
pub mod forms;
