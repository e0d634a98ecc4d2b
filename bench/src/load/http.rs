//! One keep-alive connection of HTTP/1.1 and what is said over it. Every virtual client has its own, as a real one would.
//!
//! Written out instead of taken from a library: whatever an answer costs to read is taken from the server on the same processors, and in a
//! flood of refusals that is the most part.

use std::io::{self, Write as _};
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// For servers that find the service by it and check no more: `dev`, and Cognito's peers.
pub const CREDENTIAL: &str =
    "AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0";

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
    /// Status line and header fields, as they came.
    head: Bytes,
    pub body: Bytes,
}

impl Answer {
    /// The values of a header field, each line by itself.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        field(&self.head, name)
    }

    pub fn location(&self) -> &str {
        self.header("location").next().unwrap_or_default()
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

fn field<'a>(head: &'a [u8], name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = head.split(|byte| *byte == b'\n').skip(1);
    lines.filter_map(move |line| {
        let (key, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":").filter(|_| key.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok().map(str::trim)
    })
}

/// A connection that is made anew when the server has closed it.
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    sent: Vec<u8>,
    read: BytesMut,
}

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        Self { address, stream: None, sent: Vec::new(), read: BytesMut::new() }
    }

    /// Sends a call and reads the whole answer. One that is dropped before its end leaves the connection good for nothing.
    ///
    /// # Errors
    /// No connection, or one that ended before the answer.
    pub async fn send(&mut self, call: &Call) -> Result<Answer, String> {
        self.write(call);
        let mut stream = self.stream().await?;
        stream.write_all(&self.sent).await.map_err(|e| format!("connection: {e}"))?;
        let (answer, stays) = self.answer(&mut stream).await.map_err(|e| format!("connection: {e}"))?;
        self.stream = stays.then_some(stream);
        Ok(answer)
    }

    /// Head and body in one piece, so that the server reads them in one.
    fn write(&mut self, call: &Call) {
        self.sent.clear();
        // Writing into memory does not fail.
        let _ = write!(self.sent, "{} {} HTTP/1.1\r\n", call.method, call.path);
        if !call.headers.contains_key(header::HOST) {
            let _ = write!(self.sent, "host: {}\r\n", crate::house::site::HOST);
        }
        for (name, value) in &call.headers {
            self.sent.extend_from_slice(name.as_str().as_bytes());
            self.sent.extend_from_slice(b": ");
            self.sent.extend_from_slice(value.as_bytes());
            self.sent.extend_from_slice(b"\r\n");
        }
        if call.method != Method::GET {
            let _ = write!(self.sent, "content-length: {}\r\n", call.body.len());
        }
        self.sent.extend_from_slice(b"\r\n");
        self.sent.extend_from_slice(&call.body);
    }

    /// The stream, if the server has not ended it meanwhile, else a new one.
    async fn stream(&mut self) -> Result<TcpStream, String> {
        if let Some(stream) = self.stream.take() {
            let waits = stream.try_read(&mut [0; 1]).is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock);
            if waits && self.read.is_empty() {
                return Ok(stream);
            }
        }
        self.read.clear();
        let stream = TcpStream::connect(self.address).await.map_err(|e| format!("connect: {e}"))?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        Ok(stream)
    }

    /// The next answer, and whether another may follow (RFC 9112 §6.3, §9.3).
    async fn answer(&mut self, stream: &mut TcpStream) -> io::Result<(Answer, bool)> {
        let (head, status) = loop {
            let head = self.until(stream, b"\r\n\r\n").await?;
            let status = head.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
            match status.ok_or_else(|| io::Error::other("no status"))? {
                100..200 => {}
                status => break (head, status),
            }
        };
        let length = field(&head, "content-length").next().and_then(|length| length.parse::<usize>().ok());
        let chunked = field(&head, "transfer-encoding").any(|coding| coding.eq_ignore_ascii_case("chunked"));
        let mut stays = !field(&head, "connection").any(|word| word.eq_ignore_ascii_case("close"));
        let body = match (status, length) {
            (204 | 304, _) => Bytes::new(),
            _ if chunked => self.chunks(stream).await?,
            (_, Some(length)) => self.exactly(stream, length).await?,
            _ => {
                stays = false;
                while stream.read_buf(&mut self.read).await? > 0 {}
                self.read.split().freeze()
            }
        };
        Ok((Answer { status, head, body }, stays))
    }

    /// What comes up to this end, with it.
    async fn until(&mut self, stream: &mut TcpStream, end: &[u8]) -> io::Result<Bytes> {
        let mut seen = 0;
        loop {
            let found = self.read.get(seen..).and_then(|new| new.windows(end.len()).position(|window| window == end));
            if let Some(at) = found {
                return Ok(self.read.split_to(seen + at + end.len()).freeze());
            }
            seen = self.read.len().saturating_sub(end.len() - 1);
            self.more(stream).await?;
        }
    }

    async fn exactly(&mut self, stream: &mut TcpStream, length: usize) -> io::Result<Bytes> {
        while self.read.len() < length {
            self.more(stream).await?;
        }
        Ok(self.read.split_to(length).freeze())
    }

    async fn chunks(&mut self, stream: &mut TcpStream) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        loop {
            let line = self.until(stream, b"\r\n").await?;
            let digits = std::str::from_utf8(&line).unwrap_or_default().split([';', '\r']).next().unwrap_or_default();
            let length = usize::from_str_radix(digits.trim(), 16).map_err(io::Error::other)?;
            if length == 0 {
                // Trailers end with an empty line.
                while self.until(stream, b"\r\n").await?.len() > 2 {}
                return Ok(body.freeze());
            }
            body.extend_from_slice(&self.exactly(stream, length).await?);
            self.until(stream, b"\r\n").await?;
        }
    }

    async fn more(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        self.read.reserve(4096);
        match stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn answers_end_where_they_say() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut first, _) = listener.accept().await.unwrap();
            let said = "HTTP/1.1 302 Found\r\nLocation: /?code=a%20b\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nhi\
                HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n\
                3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n\
                HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            for (at, part) in said.split_inclusive("HTTP/1.1 503").enumerate() {
                first.write_all(part.as_bytes()).await.unwrap();
                if at == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
            }
            let (mut second, _) = listener.accept().await.unwrap();
            second.write_all(b"HTTP/1.1 200 OK\r\n\r\nto the end").await.unwrap();
        };
        let client = async {
            let mut connection = Connection::to(address);
            let call = Call::form("/", &[("a", "b")]);
            // By hand: a connection is not asked again while more than one answer has come.
            let mut stream = TcpStream::connect(address).await.unwrap();
            let mut answers = Vec::new();
            for _ in 0..3 {
                answers.push(connection.answer(&mut stream).await.unwrap());
            }
            assert_eq!(answers[0].0.redirected("code").as_deref(), Some("a b"));
            assert_eq!(answers[0].0.header("set-cookie").collect::<Vec<_>>(), ["a=1", "b=2"]);
            assert_eq!((answers[1].0.status, answers[1].0.text()), (503, "abcde"));
            assert_eq!(answers.iter().map(|(_, stays)| *stays).collect::<Vec<_>>(), [true, true, false]);
            assert_eq!(connection.send(&call).await.unwrap().text(), "to the end");
        };
        futures_util::join!(server, client);
    }
}
