//! Mail through a relay, spoken to over a real socket: `smtp`.

use poolhouse::config::{Smtp, SmtpSecurity};
use poolhouse::smtp::Relay;
use poolhouse_engine::delivery::{Delivery as _, Medium, Message};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// Takes one session and returns what the client said. Refuses recipients at `refused.test`.
async fn sink(listener: TcpListener) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let (mut said, mut in_data) = (String::new(), false);
    write.write_all(b"220 sink\r\n").await.unwrap();
    while let Some(line) = lines.next_line().await.unwrap() {
        said.push_str(&line);
        said.push('\n');
        let answer = match line.as_str() {
            "." => {
                in_data = false;
                "250 taken"
            }
            _ if in_data => continue,
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "QUIT" => return said,
            to if to.starts_with("RCPT") && to.contains("refused.test") => "550 nobody here",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
    said
}

fn message(address: &str) -> Message {
    Message {
        pool_id: "eu-central-1_x".into(),
        address: address.into(),
        medium: Medium::Email,
        kind: "SignUp",
        subject: Some("Your verification code".into()),
        body: "Your confirmation code is 493817".into(),
        code: Some("493817".into()),
        link: None,
        from: None,
        reply_to: Some("help@poolhouse.test".into()),
    }
}

async fn relay() -> (Relay, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = Smtp {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        security: SmtpSecurity::None,
        username: None,
        password: None,
        from: "Login <no-reply@poolhouse.test>".into(),
    };
    (Relay::new(&settings).unwrap(), listener)
}

#[tokio::test]
async fn a_code_is_handed_to_the_relay() {
    let (relay, listener) = relay().await;
    let deliver = async {
        let sent = relay.deliver("1".into(), 0, message("ada@poolhouse.test")).await;
        drop(relay);
        sent
    };
    let (sent, said) = tokio::join!(deliver, sink(listener));
    sent.unwrap();
    for part in [
        "MAIL FROM:<no-reply@poolhouse.test>",
        "RCPT TO:<ada@poolhouse.test>",
        "Reply-To: help@poolhouse.test",
        "Subject: Your verification code",
        "Content-Type: text/plain",
        "493817",
    ] {
        assert!(said.contains(part), "{part} is missing in {said}");
    }
}

#[tokio::test]
async fn a_refused_recipient_and_a_relay_that_is_away_are_failures() {
    let (relay, listener) = relay().await;
    let deliver = async {
        let sent = relay.deliver("1".into(), 0, message("ada@refused.test")).await;
        drop(relay);
        sent
    };
    let (sent, _) = tokio::join!(deliver, sink(listener));
    assert!(sent.unwrap_err().0.contains("nobody here"));

    let (relay, listener) = self::relay().await;
    drop(listener);
    assert!(relay.deliver("1".into(), 0, message("ada@poolhouse.test")).await.is_err());
}

#[tokio::test]
async fn addresses_cannot_add_recipients_or_headers_and_sms_has_no_gateway() {
    let (relay, _listener) = relay().await;
    for address in ["ada@a.test\r\nBcc: eve@evil.test", "ada@a.test, eve@evil.test", "ada", ""] {
        assert!(relay.deliver("1".into(), 0, message(address)).await.is_err(), "{address:?}");
    }
    let sms = Message { medium: Medium::Sms, ..message("+491234567") };
    assert!(relay.deliver("1".into(), 0, sms).await.unwrap_err().0.contains("SMS"));
}
