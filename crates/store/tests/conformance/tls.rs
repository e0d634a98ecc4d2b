//! TLS to PostgreSQL: a stand-in server speaks PostgreSQL's TLS prelude and hands the plain bytes on to the real one.

use std::net::SocketAddr;
use std::sync::Arc;

use poolhouse_store::{Db, Error, Options, testkit};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::support::Scratch;

/// Answers each connection's SSLRequest with `answer`; returns its port and the certificate's PEM.
async fn stand_in(target: String, answer: u8) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(client, acceptor.clone(), target.clone(), answer));
        }
    });
    (port, made.cert.pem())
}

async fn serve(mut client: TcpStream, acceptor: TlsAcceptor, target: String, answer: u8) {
    let mut request = [0; 8];
    client.read_exact(&mut request).await.unwrap();
    assert_eq!(request, [0, 0, 0, 8, 4, 210, 22, 47], "an SSLRequest comes first, before any name or password");
    client.write_all(&[answer]).await.unwrap();
    if let Ok(mut client) = acceptor.accept(client).await {
        let mut server = TcpStream::connect(target).await.unwrap();
        tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
    }
}

async fn open(url: &str) -> Result<(), Error> {
    let db = Db::open(url, Options::default()).await?;
    db.ping().await?;
    db.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_modes_do_what_they_say() {
    let plain = testkit::postgres().await.unwrap();
    let (_, rest) = plain.split_once('@').unwrap();
    let (address, tail) = rest.split_once('/').unwrap();
    let database = tail.split('?').next().unwrap();
    let (port, certificate) = stand_in(address.to_owned(), b'S').await;
    let (refusing, _) = stand_in(address.to_owned(), b'N').await;
    let scratch = Scratch::new().unwrap();
    let right = scratch.path().join("right root.pem");
    let wrong = scratch.path().join("wrong.pem");
    std::fs::write(&right, certificate).unwrap();
    std::fs::write(&wrong, rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem()).unwrap();
    let right = right.display().to_string().replace(' ', "%20");
    let wrong = wrong.display();

    let url = |host: &str, port: u16, query: &str| format!("postgres://poolhouse@{host}:{port}/{database}?{query}");
    assert_eq!(open(&url("localhost", port, "sslmode=require")).await, Ok(()));
    let full = format!("sslmode=verify-full&sslrootcert={right}");
    assert_eq!(open(&url("localhost", port, &full)).await, Ok(()));
    let refused = [
        ("an unknown issuer", url("localhost", port, &format!("sslmode=verify-full&sslrootcert={wrong}"))),
        ("an unknown issuer, with require", url("localhost", port, &format!("sslmode=require&sslrootcert={wrong}"))),
        ("another host's certificate", url("127.0.0.1", port, &full)),
        ("a server without TLS", url("localhost", refusing, "sslmode=require")),
    ];
    for (what, url) in refused {
        assert_eq!(open(&url).await, Err(Error::Down), "{what}");
    }
}
