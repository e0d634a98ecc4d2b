//! The disk fills up: writes are refused, reads go on, and space that comes back is used. On a small file system of the
//! program's own, in a mount namespace of its own (user namespaces: no privilege is needed where the kernel allows them).

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use http::StatusCode;
use poolhouse_store::testkit::Scratch;
use serde_json::json;

use crate::program::Program;

#[tokio::test]
async fn sec_160_a_full_disk_refuses_writes_and_nothing_else() {
    let scratch = Scratch::new().unwrap();
    let dir = scratch.path().display().to_string();
    let script = "mount -t tmpfs -o size=3m,mode=700 tmpfs \"$1\" && head -c 1000000 /dev/zero > \"$1/ballast\" && \
                  exec \"$0\" dev --no-demo --http 127.0.0.1:0 --https 127.0.0.1:0 --data \"$1/data\"";
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_poolhouse"), &dir]);
    let program = Program::start(&mut shell, "localhost");
    let key = ("test".to_owned(), "test".to_owned());
    let pool = program.ok(Some(&key), "CreateUserPool", &json!({ "PoolName": "full" })).await;
    let pool = pool["UserPool"]["Id"].as_str().unwrap().to_owned();
    let make = async |number: u32| {
        let long = "x".repeat(1500);
        let attributes = json!([{ "Name": "profile", "Value": long }, { "Name": "website", "Value": long }]);
        let name = format!("u{number}");
        let user = json!({ "UserPoolId": pool, "Username": name, "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
        program.api(Some(&key), "AdminCreateUser", &user).await
    };
    let there = async |number: u32| {
        let user = json!({ "UserPoolId": pool, "Username": format!("u{number}") });
        program.api(Some(&key), "AdminGetUser", &user).await.status == StatusCode::OK
    };
    let mut made = 0;
    let refused = loop {
        let reply = make(made).await;
        if reply.status != StatusCode::OK {
            break reply;
        }
        made += 1;
        assert!(made < 3000, "the disk does not fill");
    };
    assert_eq!((refused.status, refused.error().0.as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "InternalErrorException"));
    for number in [0, made / 2, made - 1] {
        assert!(there(number).await, "u{number} of {made} is gone");
    }
    assert!(!there(made).await, "a refused user is there");
    assert_eq!(program.get(&format!("/{pool}/.well-known/jwks.json")).await.status, StatusCode::OK);
    assert_eq!(program.get("/_poolhouse/health").await.status, StatusCode::OK);

    // The program's own view of its file system.
    let ballast = PathBuf::from(format!("/proc/{}/root{dir}/ballast", program.pid()));
    std::fs::remove_file(&ballast).unwrap();
    let since = Instant::now();
    while make(made).await.status != StatusCode::OK {
        assert!(since.elapsed() < Duration::from_secs(5), "no recovery: {}", program.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for number in [0, made / 2, made] {
        assert!(there(number).await, "u{number}");
    }
}
