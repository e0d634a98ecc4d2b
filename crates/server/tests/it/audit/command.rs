//! `poolhouse audit`, beside a running server.

use poolhouse_store::{Db, Options, p};
use serde_json::{Value, json};

use crate::program::{Site, run, text};
use crate::serve;

fn audit(site: &Site, arguments: &[&str]) -> std::process::Output {
    let (command, more) = arguments.split_first().unwrap();
    run(&[&["audit", command, "--config", site.config()], more].concat())
}

#[tokio::test]
async fn sec_197_the_trail_is_read_and_verified_while_the_server_runs() {
    let site = Site::new(1);
    let admin = site.key("admin", &["--allow", "*"]);
    let mut program = site.serve();
    let (pool, client) = serve::app(&program, &admin).await;
    serve::user(&program, &admin, &pool, "ada@example.com", "Correct-Horse-9").await;
    let wrong = serve::sign_in(&client, "ada@example.com", "Wrong-Horse-9");
    assert!(program.api(None, "InitiateAuth", &wrong).await.status.is_client_error());
    assert!(program.stop().success());
    assert!(run(&["end-sessions", "--config", site.config(), "--pool", &pool]).status.success());

    let listed = text(&audit(&site, &["list"]).stdout);
    assert!(listed.lines().any(|line| line.contains("CreateUserPool") && line.contains(&admin.0) && line.contains("begins")));
    assert!(listed.lines().any(|line| line.contains("InitiateAuth") && line.contains("NotAuthorizedException")));
    assert!(listed.lines().any(|line| line.contains("EndSessions") && line.contains("operator") && line.contains(&pool)));
    assert!(listed.contains("from 127.0.0.1") && !listed.contains("Horse") && !listed.contains(&admin.1), "{listed}");

    let program = site.serve();
    let alerts = text(&audit(&site, &["list", "--alerts", "--json"]).stdout);
    let alerts: Vec<Value> = alerts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(alerts.iter().map(|a| &a["action"]).collect::<Vec<_>>(), [&json!("access_key_created")]);
    let of_pool = text(&audit(&site, &["list", "--pool", &pool, "--since", "1h", "--last", "2"]).stdout);
    assert_eq!(of_pool.lines().count(), 3, "{of_pool}");
    assert!(of_pool.starts_with("(older events are left out"));
    let verified = audit(&site, &["verify"]);
    assert!(verified.status.success());
    assert!(text(&verified.stdout).contains("all as they were written"));
    drop(program);

    let url = format!("sqlite://{}", site.path().join("data/poolhouse.db").display());
    let db = Db::open(&url, Options::default()).await.unwrap();
    db.write(async move |tx| tx.exec("UPDATE audit_rows SET event = '{}' WHERE event LIKE '%InitiateAuth%'", p![]).await)
        .await
        .unwrap();
    db.close().await;
    let broken = audit(&site, &["verify"]);
    assert_eq!(broken.status.code(), Some(1));
    let said = text(&broken.stderr);
    assert!(said.contains("The audit trail is broken: row ") && said.contains("it is not as it was written"), "{said}");
}

#[test]
fn a_directory_without_data_is_said_so_and_left_alone() {
    let scratch = poolhouse_store::testkit::Scratch::new().unwrap();
    let data = scratch.path().join("none");
    let output = run(&["audit", "verify", "--data", data.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("does not exist"), "{}", text(&output.stderr));
    assert!(!data.exists());
}
