//! What every console page is made with: the request and the way to an operation ([`visit`]), what a page consists of ([`view`],
//! [`frame`]), the four kinds of forms ([`make`] something, [`edit`] settings, [`changes`] by hand, [`destroy`] something), and
//! the same calls for other tools ([`equivalent`]), counts over time ([`chart`]), mails as they look ([`mail`]),
//! the key of an authenticator app ([`authenticator`]). Knows no page.

pub mod authenticator;
pub mod changes;
pub mod chart;
pub mod checklist;
pub mod destroy;
pub mod edit;
mod equivalent;
pub mod frame;
pub mod json;
pub mod mail;
pub mod make;
pub mod members;
pub mod paths;
mod samples;
pub mod view;
pub mod visit;
