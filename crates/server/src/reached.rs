//! Where a request arrived, as `doors` found out and every handler may ask; and the plain answer that any of them may give.

use std::net::IpAddr;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use poolhouse_engine::oauth::site::Site;

/// Where a request arrived.
#[derive(Debug, Clone)]
pub struct Reached {
    /// The pool's site, or our own address where the client or the token names the pool.
    pub site: Site,
    /// What stands before every path of this site in addresses we write: empty, or `/_domain/{prefix}`.
    pub base: String,
    /// Whether the caller's own connection is encrypted.
    pub https: bool,
    /// The caller's address; behind a named proxy, the one it vouches for.
    pub client_ip: IpAddr,
    /// Region that the host name itself states.
    pub host_region: Option<String>,
    /// The authority the request was routed by, as sent.
    pub authority: String,
}

/// A plain answer of the edges of the house: JSON with one sentence.
pub fn plain(status: StatusCode, error: &str, message: &str) -> Response {
    let body = serde_json::json!({ "error": error, "message": message }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body).into_response()
}
