//! HTTPS as a client sees it that trusts the local authority alone: names, versions, files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use poolhouse::certs::{self, CertError, DevCerts, FileCerts, LocalCa};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

fn dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("poolhouse-https-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn client(ca_pem: &str, protocols: &[&str]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|one| one.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// Shakes hands over a real socket; the protocol agreed on, or the client's complaint.
async fn handshake(acceptor: &TlsAcceptor, connector: &TlsConnector, name: &str) -> Result<Option<Vec<u8>>, String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let (client, _server) = tokio::join!(connector.connect(name, stream), acceptor.accept(accepted));
    client.map(|stream| stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec)).map_err(|error| error.to_string())
}

#[tokio::test]
async fn every_name_gets_a_certificate_that_verifies() {
    let dir = dir("names");
    let now = poolhouse::run::system_now();
    let ca = LocalCa::open_or_create(&dir, now).unwrap();
    let pem = ca.pem().to_owned();
    let config = certs::tls_config(Arc::new(DevCerts::new(ca, poolhouse::run::system_now))).unwrap();
    let acceptor = TlsAcceptor::from(config);
    let connector = client(&pem, &["h2", "http/1.1"]);
    let long = format!("{}.auth.eu-central-1.amazoncognito.com", "a".repeat(63));
    let names = [
        "localhost",
        "127.0.0.1",
        "::1",
        "your-domain-url.auth.eu-central-1.amazoncognito.com",
        "cognito-idp.eu-central-1.amazonaws.com",
        "login.poolhouse.test",
        long.as_str(),
    ];
    for name in names {
        assert_eq!(handshake(&acceptor, &connector, name).await, Ok(Some(b"h2".to_vec())), "{name}");
    }
    let old = client(&pem, &["http/1.1"]);
    assert_eq!(handshake(&acceptor, &old, "localhost").await, Ok(Some(b"http/1.1".to_vec())));
    assert!(handshake(&acceptor, &connector, "10.0.0.1").await.unwrap_err().contains("not valid for name"));
    fs::remove_dir_all(&dir).unwrap();
}

#[tokio::test]
async fn certificate_files_serve_and_bad_ones_are_named() {
    let dir = dir("files");
    let now = poolhouse::run::system_now();
    let (chain, key) = (dir.join("tls.pem"), dir.join("tls-key.pem"));
    let issued = rcgen::generate_simple_self_signed(vec!["login.poolhouse.test".to_owned()]).unwrap();
    fs::write(&chain, issued.cert.pem()).unwrap();
    fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let config = certs::tls_config(std::sync::Arc::new(FileCerts::open(&chain, &key).unwrap())).unwrap();
    let connector = client(&issued.cert.pem(), &["h2"]);
    handshake(&TlsAcceptor::from(config), &connector, "login.poolhouse.test").await.unwrap();

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(FileCerts::open(&chain, &key), Err(CertError::TooOpen { .. })));
    LocalCa::open_or_create(&dir, now).unwrap();
    let foreign = FileCerts::open(&chain, &dir.join("ca-key.pem")).err().unwrap();
    assert!(matches!(foreign, CertError::Unusable { .. }), "{foreign}");
    fs::write(&chain, "").unwrap();
    assert!(FileCerts::open(&chain, &dir.join("ca-key.pem")).err().unwrap().to_string().contains("tls.pem"));
    fs::remove_dir_all(&dir).unwrap();
}
