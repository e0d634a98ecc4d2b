//! The bare HTTP reply: axum on hyper with two routes that do nothing, in a process of its own (this program, called with `bare`).

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;

use crate::process::{Process, free_address};

/// The running bare server.
pub struct Server {
    pub process: Process,
}

impl Server {
    /// # Errors
    /// It does not start.
    pub async fn start(directory: &Path) -> Result<Self, String> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
        command.arg("bare").arg(address.to_string());
        Ok(Self { process: Process::start(command, address, "/get", &directory.join("bare.log")).await? })
    }
}

/// Serves until the process is ended.
///
/// # Errors
/// The address cannot be bound.
pub async fn serve(address: SocketAddr) -> Result<(), String> {
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|e| e.to_string())?;
    let json = |length: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(length));
    let (short, long) = (Bytes::from(json(900)), Bytes::from(json(3000)));
    let router = Router::new()
        .route("/get", get(async move || ([(CONTENT_TYPE, "application/json")], short.clone())))
        .route("/post", post(async move |_body: Bytes| ([(CONTENT_TYPE, "application/json")], long.clone())));
    axum::serve(listener, router).await.map_err(|e| e.to_string())
}
