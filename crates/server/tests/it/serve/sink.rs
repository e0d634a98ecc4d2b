//! A mail relay for tests: speaks enough SMTP (RFC 5321) to take messages over a real socket, keeps them, and can be
//! taken away, brought back on the same port, or made to listen in silence.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// One message as it came.
#[derive(Debug, Clone)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub data: String,
}

impl Letter {
    /// The six digits in the body.
    pub fn code(&self) -> String {
        let body = self.data.split_once("\n\n").unwrap().1;
        let digits = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        body.split(|c: char| !c.is_ascii_digit()).find(digits).unwrap_or_else(|| panic!("no code in {body}")).to_owned()
    }
}

pub struct Sink {
    pub port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
    end: Arc<AtomicBool>,
}

impl Sink {
    pub fn start() -> Self {
        Self::on(0, false)
    }

    /// Takes connections and never says a word.
    pub fn silent() -> Self {
        Self::on(0, true)
    }

    pub fn on(port: u16, silent: bool) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (letters, end) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let sink = Self { port, letters: Arc::clone(&letters), end: Arc::clone(&end) };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if end.load(Ordering::SeqCst) {
                    return;
                }
                let (letters, end) = (Arc::clone(&letters), Arc::clone(&end));
                std::thread::spawn(move || match silent {
                    true => std::thread::sleep(Duration::from_secs(60)),
                    false => drop(converse(&stream, &letters, &end)),
                });
            }
        });
        sink
    }

    /// The port refuses connections when this returns.
    pub fn stop(self) -> u16 {
        self.end.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        while TcpListener::bind(("127.0.0.1", self.port)).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.port
    }

    /// The newest letter to this address.
    pub fn letter(&self, to: &str) -> Letter {
        let since = Instant::now();
        loop {
            let found = self.letters.lock().unwrap().iter().rev().find(|letter| letter.to == to).cloned();
            if let Some(letter) = found {
                return letter;
            }
            assert!(since.elapsed() < Duration::from_secs(5), "no letter to {to}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn converse(stream: &TcpStream, letters: &Mutex<Vec<Letter>>, end: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(50)))?;
    let mut out = stream;
    out.write_all(b"220 sink.poolhouse.test ESMTP\r\n")?;
    let mut lines = BufReader::new(stream);
    let mut letter = Letter { from: String::new(), to: String::new(), data: String::new() };
    let address = |line: &str| line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
    let mut line = String::new();
    while next(&mut lines, &mut line, end)? {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-sink.poolhouse.test\r\n250 8BITMIME",
            "MAIL" => {
                letter.from = address(&line);
                "250 ok"
            }
            "RCPT" => {
                letter.to = address(&line);
                "250 ok"
            }
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                letter.data.clear();
                while next(&mut lines, &mut line, end)? && line != "." {
                    letter.data.push_str(line.strip_prefix("..").map_or(&line, |_| &line[1..]));
                    letter.data.push('\n');
                }
                letters.lock().unwrap().push(letter.clone());
                "250 taken"
            }
            "QUIT" => return out.write_all(b"221 bye\r\n"),
            _ => "250 ok",
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

/// The next line; false at the end of the connection or of the sink.
fn next(lines: &mut BufReader<&TcpStream>, line: &mut String, end: &AtomicBool) -> std::io::Result<bool> {
    line.clear();
    loop {
        match lines.read_line(line) {
            Ok(0) => return Ok(false),
            Ok(_) => {
                line.truncate(line.trim_end().len());
                return Ok(true);
            }
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                if end.load(Ordering::SeqCst) {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error),
        }
    }
}
