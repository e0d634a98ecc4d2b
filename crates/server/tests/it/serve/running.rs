//! The documented configuration at work: who it answers to, under which name, and what is not there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::sink::Sink;
use super::{app, sign_in, user};
use crate::program::{HOST, Site, key_in, run, write};

const PASSWORD: &str = "Correct-Horse-9-canary";

#[tokio::test]
async fn the_documented_configuration_serves_under_its_public_name() {
    let site = Site::new(1);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let (pool, client) = app(&program, &admin).await;
    user(&program, &admin, &pool, "ann@poolhouse.test", PASSWORD).await;
    let tokens = program.ok(None, "InitiateAuth", &sign_in(&client, "ann@poolhouse.test", PASSWORD)).await;
    let access = super::text(&tokens["AuthenticationResult"]["AccessToken"]);
    program.ok(None, "GetUser", &json!({ "AccessToken": access })).await;
    let document = program.get(&format!("/{pool}/.well-known/openid-configuration")).await.json();
    assert_eq!(document["issuer"], format!("https://{HOST}/{pool}"));
    assert_eq!(document["jwks_uri"], format!("https://{HOST}/{pool}/.well-known/jwks.json"));
    for path in ["/_poolhouse/health", "/_poolhouse/ready"] {
        assert_eq!(program.get(path).await.status, StatusCode::OK, "{path}");
    }
}

/// What the image's health check runs.
#[tokio::test]
async fn sec_196_200_health_is_an_exit_code() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let mut program = site.serve();
    let ask = |path: &str| run(&["health", &format!("http://{}{path}", program.http)]);
    for path in ["", "/_poolhouse/health", "/_poolhouse/ready"] {
        assert_eq!(ask(path).status.code(), Some(0), "{path}: {:?}", ask(path));
    }
    let missing = ask("/_poolhouse/inbox");
    assert_eq!(missing.status.code(), Some(1));
    assert!(crate::program::text(&missing.stderr).contains("the server answers 4"));
    let address = program.http.clone();
    assert!(program.stop().success());
    assert_eq!(run(&["health", &format!("http://{address}")]).status.code(), Some(1));
    let https = run(&["health", "https://127.0.0.1"]);
    assert_eq!(https.status.code(), Some(1));
    assert!(crate::program::text(&https.stderr).contains("not an http:// address"));
}

#[tokio::test]
async fn sec_193_what_belongs_to_development_is_not_there() {
    let site = Site::new(1);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let paths =
        ["/_poolhouse/messages", "/_poolhouse/messages/latest", "/_poolhouse/inbox", "/_poolhouse/inbox/1", "/_poolhouse/"];
    for path in paths {
        assert_eq!(program.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // No demo pool, and no key of one's own making.
    assert_eq!(program.ok(Some(&admin), "ListUserPools", &json!({ "MaxResults": 5 })).await, json!({ "UserPools": [] }));
    let made_up = ("test".to_owned(), "test".to_owned());
    assert_eq!(
        program.api(Some(&made_up), "ListUserPools", &json!({ "MaxResults": 5 })).await.error().0,
        "UnrecognizedClientException"
    );
    let front = program.send("GET", "/", &[("accept", "text/html")], "").await;
    assert!(!front.text.contains("Password") && !front.text.contains("/_poolhouse/inbox"), "{front:?}");
}

#[tokio::test]
async fn sec_060_069_behind_a_named_proxy() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let strict = |reply: &crate::harness::Reply| reply.headers.contains_key("strict-transport-security");
    let reply = program.send("GET", "/_poolhouse/health", &[("x-forwarded-proto", "https")], "").await;
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000 ; includeSubDomains");
    assert!(!strict(&program.get("/_poolhouse/health").await));
    for host in ["evil.test", &format!("{HOST}.evil.test"), "10.0.0.1"] {
        let headers = [("host", host), ("x-forwarded-proto", "https"), ("x-forwarded-host", HOST)];
        assert_eq!(program.send("GET", "/login", &headers, "").await.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }

    // A proxy that is not named is believed nothing.
    site.change("behind_proxy = [\"127.0.0.1\"]", "behind_proxy = [\"10.9.9.9\"]");
    drop(program);
    let program = site.serve();
    let headers = [("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.7")];
    assert!(!strict(&program.send("GET", "/_poolhouse/health", &headers, "").await));
    program.send("POST", "/", &[("content-type", "application/x-amz-json-1.1"), headers[1]], "{}").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(program.log().contains("\"ip\":\"127.0.0.1\"") && !program.log().contains("203.0.113.7"), "{}", program.log());
}

#[tokio::test]
async fn sec_069_tls_from_files() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let issued = self_signed();
    over_https(&site, site.path(), &issued);
    let program = site.serve();
    let address: std::net::SocketAddr = program.https.as_ref().unwrap().parse().unwrap();
    let reply = over_tls(address, &issued.cert.pem(), HOST).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 "), "{reply}");
    assert!(reply.to_ascii_lowercase().contains("strict-transport-security: max-age=31536000"), "{reply}");
    // Plain HTTP on the port of HTTPS gets nothing.
    assert!(reqwest::get(format!("http://{address}/_poolhouse/health")).await.is_err());
    drop(program);

    fs::remove_file(site.path().join("tls-key.pem")).unwrap();
    let output = site.refused();
    assert_eq!(output.status.code(), Some(2));
    assert!(crate::program::text(&output.stderr).contains("tls-key.pem"));
}

/// A certificate for the site's name that is its own root.
pub fn self_signed() -> rcgen::CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).unwrap()
}

/// Has the site serve HTTPS alone, with this certificate in files of this directory.
pub fn over_https(site: &Site, dir: &Path, issued: &rcgen::CertifiedKey<rcgen::KeyPair>) {
    write(&dir.join("tls.pem"), &issued.cert.pem(), 0o644);
    write(&dir.join("tls-key.pem"), &issued.signing_key.serialize_pem(), 0o600);
    let dir = dir.display();
    site.change("http = \"127.0.0.1:0\"\nbehind_proxy = [\"127.0.0.1\"]", "https = \"127.0.0.1:0\"");
    let mut config = fs::read_to_string(&site.config).unwrap();
    config.push_str(&format!("\n[tls]\ncertificate = \"{dir}/tls.pem\"\nkey = \"{dir}/tls-key.pem\"\n"));
    fs::write(&site.config, config).unwrap();
}

/// The answer of the health endpoint to a client that trusts this certificate alone.
pub async fn over_tls(address: std::net::SocketAddr, root: &str, name: &str) -> std::io::Result<String> {
    use rustls::pki_types::pem::PemObject as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(root.as_bytes()).unwrap()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
    let stream = tokio::net::TcpStream::connect(address).await?;
    let mut stream = connector.connect(name.to_owned().try_into().unwrap(), stream).await?;
    let request = format!("GET /_poolhouse/health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await?;
    Ok(reply)
}

/// What was secret in the clear is nowhere in the database's files, nor in the log.
#[tokio::test]
async fn sec_178_a_copy_of_the_database_tells_no_secret() {
    let sink = Sink::start();
    let site = Site::new(sink.port);
    let admin = site.key("admin", &["--allow", "*"]);
    let mut program = site.serve();
    let (pool, client) = app(&program, &admin).await;
    let secret = json!({
        "UserPoolId": pool, "ClientName": "web", "GenerateSecret": true, "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"],
    });
    let made = program.ok(Some(&admin), "CreateUserPoolClient", &secret).await;
    let secret = super::text(&made["UserPoolClient"]["ClientSecret"]);
    let sign_up = json!({ "ClientId": client, "Username": "ann@poolhouse.test", "Password": PASSWORD });
    program.ok(None, "SignUp", &sign_up).await;
    let code = sink.letter("ann@poolhouse.test").code();
    let confirm = json!({ "ClientId": client, "Username": "ann@poolhouse.test", "ConfirmationCode": code });
    program.ok(None, "ConfirmSignUp", &confirm).await;
    program.ok(None, "ForgotPassword", &json!({ "ClientId": client, "Username": "ann@poolhouse.test" })).await;
    let tokens = program.ok(None, "InitiateAuth", &sign_in(&client, "ann@poolhouse.test", PASSWORD)).await;
    let token = |name: &str| super::text(&tokens["AuthenticationResult"][name]);
    let master = fs::read_to_string(site.path().join("master.key")).unwrap();
    let log = program.log();
    assert!(log.contains("\"operation\":\"ConfirmSignUp\""));
    let canaries = [
        PASSWORD.to_owned(),
        secret,
        admin.1.clone(),
        token("RefreshToken"),
        token("AccessToken"),
        token("IdToken"),
        key_in(&master).unwrap().to_owned(),
    ];
    let data = site.path().join("data");
    // While it runs, when much still stands in the WAL, and after its end.
    for end in [false, true] {
        if end {
            assert!(program.stop().success());
        }
        let mut seen = 0;
        for entry in fs::read_dir(&data).unwrap().map(Result::unwrap) {
            let bytes = fs::read(entry.path()).unwrap();
            seen += bytes.len();
            for canary in &canaries {
                let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
                assert!(!found, "{canary} in {:?}", entry.file_name());
            }
        }
        assert!(seen > 10_000);
    }
    for canary in &canaries {
        assert!(!log.contains(canary.as_str()), "{canary} in the log");
    }
}
