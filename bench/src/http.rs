//! One keep-alive connection of HTTP/1.1 and what is said over it. Every virtual client has its own, as a real one would.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A request, kept so that sending it again costs the driver little.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Call {
    pub fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An operation of the AWS JSON 1.1 protocol.
    pub fn operation(name: &str, input: &serde_json::Value) -> Self {
        let call = Self { method: Method::POST, path: "/".to_owned(), headers: HeaderMap::new(), body: input.to_string().into() };
        call.with("content-type", "application/x-amz-json-1.1")
            .with("x-amz-target", &format!("AWSCognitoIdentityProviderService.{name}"))
    }

    /// A form, as browsers and OAuth clients post it.
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let call = Self { method: Method::POST, path: path.to_owned(), headers: HeaderMap::new(), body: body.into() };
        call.with("content-type", "application/x-www-form-urlencoded")
    }

    /// With this header as well. One that is no legal header is left out, and the server will say so.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = value.parse() {
            self.headers.insert(name, value);
        }
        self
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// # Errors
    /// A body that is no JSON.
    pub fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.body).map_err(|e| format!("{} {}: {e}", self.status, self.text()))
    }

    /// A parameter of the address this answer redirects to.
    pub fn redirected(&self, name: &str) -> Option<String> {
        let query = self.location().split_once('?')?.1;
        form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The answer, if it has this status.
    ///
    /// # Errors
    /// The status and the beginning of the body.
    pub fn expect(self, status: u16) -> Result<Self, String> {
        if self.status == status {
            return Ok(self);
        }
        Err(format!("{} {}", self.status, self.text().chars().take(300).collect::<String>()))
    }
}

/// A connection that is made anew when the server has closed it.
pub struct Connection {
    address: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        Self { address, sender: None }
    }

    /// Sends a call and reads the whole answer. Must run inside a `LocalSet`.
    ///
    /// # Errors
    /// No connection, or one that ended before the answer.
    pub async fn send(&mut self, call: &Call) -> Result<Answer, String> {
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.path.parse().map_err(|e| format!("{}: {e}", call.path))?;
        *request.headers_mut() = call.headers.clone();
        if !request.headers().contains_key(header::HOST) {
            request.headers_mut().insert(header::HOST, http::HeaderValue::from_static(crate::site::HOST));
        }
        let sender = self.sender().await?;
        let outcome = sender.send_request(request).await;
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => {
                self.sender = None;
                return Err(format!("connection: {error}"));
            }
        };
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|e| format!("body: {e}"))?.to_bytes();
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    async fn sender(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        let usable = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !usable {
            let stream = TcpStream::connect(self.address).await.map_err(|e| format!("connect: {e}"))?;
            stream.set_nodelay(true).map_err(|e| e.to_string())?;
            let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| format!("handshake: {e}"))?;
            // Ends with the connection, which ends with the sender.
            drop(tokio::task::spawn_local(connection));
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(|| "no connection".to_owned())
    }
}
