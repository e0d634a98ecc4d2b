//! `poolhouse signing-key` and `poolhouse master-key` beside a running server.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use http::StatusCode;
use serde_json::json;

use super::{app, sign_in, user};
use crate::program::{Program, Site, run, text};

const PASSWORD: &str = "Correct-Horse-9";
const ANN: &str = "ann@poolhouse.test";
const BEN: &str = "ben@poolhouse.test";

fn signing_key(site: &Site, arguments: &[&str]) -> Output {
    run(&[&["signing-key", "--config", site.config()], arguments].concat())
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    text(&output.stderr)
}

async fn published(program: &Program, pool: &str) -> usize {
    let jwks = program.get(&format!("/{pool}/.well-known/jwks.json")).await.json();
    jwks["keys"].as_array().unwrap().len()
}

#[tokio::test]
async fn sec_039_signing_keys_are_changed_beside_the_running_server() {
    let site = Site::new(1);
    let admin = site.key("admin", &["--allow", "*"]);
    let program = site.serve();
    let (pool, client) = app(&program, &admin).await;
    user(&program, &admin, &pool, ANN, PASSWORD).await;
    let old = program.ok(None, "InitiateAuth", &sign_in(&client, ANN, PASSWORD)).await["AuthenticationResult"].clone();
    let get_user = json!({ "AccessToken": old["AccessToken"] });

    let listed = said(&signing_key(&site, &["list", &pool]));
    assert_eq!((listed.lines().count(), listed.matches("signs, since").count()), (2, 2), "{listed}");
    let told = said(&signing_key(&site, &["rotate", &pool]));
    assert!(told.contains("are in the JWKS as of now, and sign from") && told.contains("for 25 hours after"), "{told}");
    assert_eq!(told.matches("published, signs from").count(), 2, "{told}");
    assert_eq!(published(&program, &pool).await, 4);
    assert!(said(&signing_key(&site, &["rotate", &pool])).contains("under way already"));
    let told = said(&signing_key(&site, &["rotate", "--now", &pool]));
    assert!(told.contains("refuses new tokens until it fetches again"), "{told}");
    assert_eq!(told.matches("retired, leaves the JWKS at").count(), 2, "{told}");
    program.ok(None, "GetUser", &get_user).await;
    program.ok(None, "InitiateAuth", &sign_in(&client, ANN, PASSWORD)).await;

    for kid in told.lines().filter(|line| line.contains("retired")).map(|line| line.split(' ').next().unwrap()) {
        assert!(said(&signing_key(&site, &["revoke", &pool, kid])).contains("has left the JWKS. It did not sign."));
    }
    assert_eq!(published(&program, &pool).await, 2);
    assert_eq!(program.api(None, "GetUser", &get_user).await.error().0, "NotAuthorizedException");
    assert!(refused(&signing_key(&site, &["revoke", &pool, "none"])).contains("has no key none"));
    assert!(refused(&signing_key(&site, &["rotate", "eu-central-1_nonenone1"])).contains("does not exist"));
    let too_soon = signing_key(&site, &["rotate", "--wait-hours", "0", &pool]);
    assert_eq!(too_soon.status.code(), Some(2));
    site.change("[keys]\n", "[keys]\nrotate_every_days = 2\n");
    assert!(text(&site.refused().stderr).contains("rotate_every_days is less than 3"));
}

#[tokio::test]
async fn sec_182_the_master_key_is_changed_beside_the_running_server() {
    let site = Site::new(1);
    let file = site.path().join("master.key");
    let path = file.to_str().unwrap();
    let admin = site.key("admin", &["--allow", "*"]);
    let mut program = site.serve();
    let (pool, client) = app(&program, &admin).await;
    for email in [ANN, BEN] {
        user(&program, &admin, &pool, email, PASSWORD).await;
    }
    let old = fs::read_to_string(&file).unwrap().lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let told = said(&run(&["master-key", "add", path]));
    assert!(told.contains("Renew your copy") && told.contains("restart the server"), "{told}");
    let ring = fs::read_to_string(&file).unwrap();
    assert_eq!((ring.lines().count(), fs::metadata(&file).unwrap().permissions().mode() & 0o777), (3, 0o400));
    let new = ring.lines().find(|line| line.ends_with("active")).unwrap().split(' ').next().unwrap().to_owned();
    assert_ne!(new, old);

    // The server has not read it yet: nothing is written that it could not read.
    let config = ["--config", site.config()];
    let master = |arguments: &[&str]| run(&[&["master-key"], arguments, &config].concat());
    assert!(refused(&master(&["rewrap"])).contains("does not hold master key"));
    assert!(refused(&site.access_key(&["create", "--name", "x"])).contains("does not hold master key"));
    program.ok(None, "InitiateAuth", &sign_in(&client, ANN, PASSWORD)).await;
    assert!(program.stop().success());
    let program = site.serve();

    let told = said(&master(&["rewrap"]));
    assert!(told.contains(&format!("4 moved to master key {new}; 2 password records still need an older key")), "{told}");
    program.ok(None, "InitiateAuth", &sign_in(&client, ANN, PASSWORD)).await;
    let kept = refused(&master(&["remove", path, &old]));
    assert!(kept.contains(&format!("Master key {old} is still needed: 1 password records")), "{kept}");
    assert!(refused(&master(&["remove", path, &new])).contains("is still needed"));
    program.ok(None, "InitiateAuth", &sign_in(&client, BEN, PASSWORD)).await;
    assert!(said(&master(&["status"])).contains("not needed"));
    assert!(refused(&master(&["remove", path, "none"])).contains("holds no key none"));
    let told = said(&master(&["remove", path, &old]));
    assert!(told.contains("Backups made before still do"), "{told}");
    let ring = fs::read_to_string(&file).unwrap();
    assert!(!ring.contains(&old) && ring.contains(&new));
    drop(program);
    let program = site.serve();
    for email in [ANN, BEN] {
        program.ok(None, "InitiateAuth", &sign_in(&client, email, PASSWORD)).await;
    }
    let described = program.api(Some(&admin), "DescribeUserPool", &json!({ "UserPoolId": pool })).await;
    assert_eq!(described.status, StatusCode::OK);
}

#[test]
fn sec_182_a_key_stands_by_until_it_is_activated() {
    let site = Site::new(1);
    let file = site.path().join("master.key");
    let path = file.to_str().unwrap();
    let active = || {
        let ring = fs::read_to_string(&file).unwrap();
        ring.lines().find(|line| line.ends_with("active")).unwrap().split(' ').next().unwrap().to_owned()
    };
    let old = active();
    let told = said(&run(&["master-key", "add", "--standby", path]));
    assert!(told.contains(&format!("{old} stays active")) && active() == old, "{told}");
    let ring = fs::read_to_string(&file).unwrap();
    let new = ring.lines().find(|line| !line.starts_with('#') && !line.ends_with("active")).unwrap().split(' ').next().unwrap();
    assert!(told.contains(&format!("poolhouse master-key activate {path} {new}")), "{told}");
    assert!(refused(&run(&["master-key", "activate", path, "none"])).contains("holds no key none"));
    said(&run(&["master-key", "activate", path, new]));
    assert_eq!(active(), new);
    for key in ring.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(' ').nth(1)) {
        assert!(!told.contains(key), "a key is shown");
    }
    // What another change left behind is neither lost nor used.
    fs::write(site.path().join("master.key.new"), "").unwrap();
    assert!(refused(&run(&["master-key", "add", path])).contains("another change is under way, or one was interrupted"));
    assert_eq!(active(), new);
}
