//! Certificate files that are renewed while the server runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::running::{over_https, over_tls, self_signed};
use crate::program::{HOST, Program, Site, write};

type Issued = rcgen::CertifiedKey<rcgen::KeyPair>;

fn https(program: &Program) -> std::net::SocketAddr {
    program.https.as_ref().unwrap().parse().unwrap()
}

/// Whether a client that trusts this certificate alone is answered.
async fn serves(program: &Program, issued: &Issued) -> bool {
    over_tls(https(program), &issued.cert.pem(), HOST).await.is_ok()
}

/// As certificate clients do it: new files under the old names.
fn renew(dir: &Path, issued: &Issued) {
    for (name, text, mode) in [("tls-key.pem", issued.signing_key.serialize_pem(), 0o600), ("tls.pem", issued.cert.pem(), 0o644)]
    {
        write(&dir.join("fresh"), &text, mode);
        fs::rename(dir.join("fresh"), dir.join(name)).unwrap();
    }
}

fn errors(program: &Program) -> usize {
    program.log().matches("the renewed certificate cannot be used").count()
}

/// Waits until the log says so: it is read on another thread.
fn until(program: &Program, text: &str) {
    let since = std::time::Instant::now();
    while !program.log().contains(text) {
        assert!(since.elapsed() < std::time::Duration::from_secs(5), "{text} is not in {}", program.log());
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[tokio::test]
async fn renewed_files_serve_from_the_next_handshake_on() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let [first, second] = [self_signed(), self_signed()];
    over_https(&site, site.path(), &first);
    let program = site.serve();
    assert!(serves(&program, &first).await);
    renew(site.path(), &second);
    assert!(serves(&program, &second).await);
    assert!(!serves(&program, &first).await);
    assert_eq!(errors(&program), 0);
}

#[tokio::test]
async fn a_renewal_that_cannot_be_used_is_told_and_changes_nothing() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let [first, second, third] = [self_signed(), self_signed(), self_signed()];
    over_https(&site, site.path(), &first);
    let program = site.serve();
    let certificate = site.path().join("tls.pem");
    // Half a file, somebody else's certificate, a key for everybody, no file.
    let text = second.cert.pem();
    let breakages: [&dyn Fn(); 4] = [
        &|| fs::write(&certificate, &text[..text.len() / 2]).unwrap(),
        &|| fs::write(&certificate, &text).unwrap(),
        &|| {
            renew(site.path(), &second);
            write(&site.path().join("tls-key.pem"), &second.signing_key.serialize_pem(), 0o644);
        },
        &|| fs::remove_file(&certificate).unwrap(),
    ];
    for (at, broken) in breakages.iter().enumerate() {
        broken();
        // Told once a change, not once a connection.
        for _ in 0..3 {
            assert!(serves(&program, &first).await, "{at}");
        }
    }
    until(&program, "tls.pem");
    assert_eq!(errors(&program), breakages.len(), "{}", program.log());
    renew(site.path(), &third);
    assert!(serves(&program, &third).await);
}

/// The layout of certbot: the configured names are links, and a renewal makes new files beside the old ones.
#[tokio::test]
async fn sec_195_links_are_followed_into_the_granted_directories_alone() {
    let site = Site::new(1);
    site.key("admin", &["--allow", "*"]);
    let [live, archive, elsewhere] = ["live", "archive", "elsewhere"].map(|name| site.path().join(name));
    let [first, second, third] = [self_signed(), self_signed(), self_signed()];
    for dir in [&live, &archive, &elsewhere] {
        fs::create_dir(dir).unwrap();
    }
    let point = |dir: &Path, issued: &Issued, suffix: &str| {
        for (name, text) in [("tls-key", issued.signing_key.serialize_pem()), ("tls", issued.cert.pem())] {
            let file = dir.join(format!("{name}{suffix}.pem"));
            write(&file, &text, 0o600);
            let link = live.join(format!("{name}.pem"));
            let _ = fs::remove_file(&link);
            symlink(file, link).unwrap();
        }
    };
    over_https(&site, &live, &first);
    point(&archive, &first, "1");
    let program = site.serve();
    assert!(serves(&program, &first).await);
    point(&archive, &second, "2");
    assert!(serves(&program, &second).await);
    if program.log().contains("the kernel cannot give this part of the sandbox") {
        return;
    }
    // A file that everybody may read, for the process a closed one: Landlock is in force.
    point(&elsewhere, &third, "3");
    assert!(serves(&program, &second).await);
    until(&program, "the renewed certificate cannot be used");
    until(&program, "denied");
}
