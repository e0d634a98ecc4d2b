//! The process: its files, its limits, and its end.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use http::StatusCode;

use super::{app, sign_in, user};
use crate::program::{HOST, Program, Site, signal};

const PASSWORD: &str = "Correct-Horse-9";

#[tokio::test]
async fn sec_185_files_are_for_their_owner_alone_whatever_the_umask() {
    let site = Site::new(1);
    let open = |arguments: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask 000 && exec \"$0\" {arguments}")]).arg(env!("CARGO_BIN_EXE_poolhouse"));
        shell
    };
    fs::remove_file(site.path().join("master.key")).unwrap();
    assert!(open(&format!("master-key create {}/master.key", site.path().display())).status().unwrap().success());
    let made = open(&format!("access-key create --config {} --name admin --allow '*'", site.config())).output().unwrap();
    assert!(made.status.success());
    let mut program = Program::start(&mut open(&format!("serve --config {}", site.config())), HOST);
    let mut stat = 0;
    for dir in [site.path().to_owned(), site.path().join("data")] {
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700, "{}", dir.display());
        for entry in fs::read_dir(&dir).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            assert_eq!(entry.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", entry.path());
            stat += 1;
        }
    }
    // Configuration, key, database, its two companions and its lock.
    assert_eq!(stat, 6);
    assert!(program.stop().success());
}

#[test]
fn sec_186_no_core_is_dumped() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let limits = fs::read_to_string(format!("/proc/{}/limits", program.pid())).unwrap();
    let core: Vec<&str> =
        limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{core:?}");
}

#[tokio::test]
async fn sec_166_a_signal_lets_requests_in_hand_finish() {
    let site = Site::new(1);
    let admin = site.key("admin", &["--allow", "*"]);
    let mut program = site.serve();
    let (pool, client) = app(&program, &admin).await;
    user(&program, &admin, &pool, "ann@poolhouse.test", PASSWORD).await;

    // One request that is only half here, and many that wait for a password to be hashed.
    let body = sign_in(&client, "ann@poolhouse.test", PASSWORD).to_string();
    let mut half = TcpStream::connect(&program.http).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    half.write_all(head.as_bytes()).unwrap();
    half.write_all(&body.as_bytes()[..10]).unwrap();
    let input = sign_in(&client, "ann@poolhouse.test", PASSWORD);
    let requests = futures_util::future::join_all((0..20).map(|_| program.try_api(None, "InitiateAuth", &input)));
    let pid = program.pid();
    let address = program.http.clone();
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        signal("-TERM", pid);
        let since = Instant::now();
        while TcpStream::connect(&address).is_ok() {
            assert!(since.elapsed() < Duration::from_secs(2), "still accepting");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (replies, ()) = tokio::join!(requests, stopping);
    for reply in replies {
        assert_eq!(reply.expect("an answer").status, StatusCode::OK);
    }
    half.write_all(&body.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    half.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(program.wait().success());
    // Closed in order: nothing is left to be replayed.
    let wal = site.path().join("data/poolhouse.db-wal");
    assert!(fs::metadata(&wal).map_or(true, |facts| facts.len() == 0));
}
