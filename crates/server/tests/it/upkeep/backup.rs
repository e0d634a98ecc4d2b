//! Backup while the server works, restore while it does not, and what becomes of tokens over both.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::StatusCode;
use poolhouse_store::testkit::{self, Scratch};
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::PASSWORD;
use crate::program::{Program, Site, command, run, text};
use crate::serve::{self, Key};

const ANN: &str = "ann@poolhouse.test";

fn on(site: &Site, arguments: &[&str]) -> Output {
    let (name, rest) = arguments.split_first().unwrap();
    run(&[&[*name, "--config", site.config()], rest].concat())
}

#[track_caller]
fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// A running site with a pool, a client whose tokens can be revoked and one whose cannot, and Ann.
struct World {
    program: Program,
    admin: Key,
    pool: String,
    client: String,
    plain: String,
}

impl World {
    async fn new(site: &Site) -> Self {
        let admin = site.key("admin", &["--allow", "*"]);
        let program = site.serve();
        let (pool, client) = serve::app(&program, &admin).await;
        let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let plain =
            json!({ "UserPoolId": pool, "ClientName": "plain", "ExplicitAuthFlows": flows, "EnableTokenRevocation": false });
        let made = program.ok(Some(&admin), "CreateUserPoolClient", &plain).await;
        let plain = serve::text(&made["UserPoolClient"]["ClientId"]);
        serve::user(&program, &admin, &pool, ANN, PASSWORD).await;
        Self { program, admin, pool, client, plain }
    }

    async fn tokens(&self, client: &str) -> Tokens {
        let signed = self.program.ok(None, "InitiateAuth", &serve::sign_in(client, ANN, PASSWORD)).await;
        let text = |name: &str| serve::text(&signed["AuthenticationResult"][name]);
        Tokens { client: client.to_owned(), access: text("AccessToken"), refresh: text("RefreshToken") }
    }

    async fn revoke(&self, tokens: &Tokens) {
        self.program.ok(None, "RevokeToken", &json!({ "ClientId": tokens.client, "Token": tokens.refresh })).await;
    }

    /// Whether access and refresh token are good, which they are both or neither.
    async fn alive(&self, tokens: &Tokens) -> bool {
        let access = self.program.api(None, "GetUser", &json!({ "AccessToken": tokens.access })).await;
        let refresh = json!({ "REFRESH_TOKEN": tokens.refresh });
        let refresh = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": tokens.client, "AuthParameters": refresh });
        let refresh = self.program.api(None, "InitiateAuth", &refresh).await;
        assert_eq!(access.status, refresh.status, "{access:?} {refresh:?}");
        if access.status != StatusCode::OK {
            assert_eq!(
                (access.error().0.as_str(), refresh.error().0.as_str()),
                ("NotAuthorizedException", "NotAuthorizedException")
            );
        }
        access.status == StatusCode::OK
    }
}

struct Tokens {
    client: String,
    access: String,
    refresh: String,
}

/// Sessions by what became of them around a backup.
struct Sessions {
    revoked_before: Tokens,
    revoked_after: Tokens,
    untouched: Tokens,
    irrevocable: Tokens,
}

impl Sessions {
    async fn before(world: &World) -> Self {
        let sessions = Self {
            revoked_before: world.tokens(&world.client).await,
            revoked_after: world.tokens(&world.client).await,
            untouched: world.tokens(&world.client).await,
            irrevocable: world.tokens(&world.plain).await,
        };
        world.revoke(&sessions.revoked_before).await;
        sessions
    }

    async fn after(&self, world: &World) {
        world.revoke(&self.revoked_after).await;
        assert!(!world.alive(&self.revoked_before).await && !world.alive(&self.revoked_after).await);
        assert!(world.alive(&self.untouched).await && world.alive(&self.irrevocable).await);
    }

    /// In the order of the fields.
    async fn alive(&self, world: &World) -> [bool; 4] {
        [
            world.alive(&self.revoked_before).await,
            world.alive(&self.revoked_after).await,
            world.alive(&self.untouched).await,
            world.alive(&self.irrevocable).await,
        ]
    }
}

/// Makes users until told to stop; the addresses of those whose password was acknowledged.
async fn writing(world: Arc<World>, writer: u32, stop: Arc<AtomicBool>, made: Arc<Mutex<Vec<String>>>) {
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let email = format!("w{writer}-{number}@poolhouse.test");
        serve::user(&world.program, &world.admin, &world.pool, &email, PASSWORD).await;
        made.lock().unwrap().push(email);
    }
}

/// Every address of the pool; each user is whole: found by the address, with a password or waiting for one.
async fn whole_users(world: &World) -> Vec<String> {
    let (mut all, mut input) = (Vec::new(), json!({ "UserPoolId": world.pool, "Limit": 60 }));
    loop {
        let page = world.program.ok(Some(&world.admin), "ListUsers", &input).await;
        for user in page["Users"].as_array().unwrap() {
            let attributes = user["Attributes"].as_array().unwrap();
            let email = attributes.iter().find(|one| one["Name"] == "email").unwrap()["Value"].as_str().unwrap().to_owned();
            let named = json!({ "UserPoolId": world.pool, "Username": email });
            let found = world.program.ok(Some(&world.admin), "AdminGetUser", &named).await;
            assert_eq!(found["Username"], user["Username"], "{email} leads elsewhere");
            if user["UserStatus"] == "CONFIRMED" {
                world.program.ok(None, "InitiateAuth", &serve::sign_in(&world.client, &email, PASSWORD)).await;
            }
            all.push(email);
        }
        match page["PaginationToken"].as_str() {
            Some(next) => input["PaginationToken"] = json!(next),
            None => return all,
        }
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_169_a_backup_under_load_restores_whole_and_ends_its_sessions() {
    let site = Site::new(1);
    let world = Arc::new(World::new(&site).await);
    let sessions = Sessions::before(&world).await;
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let mut writers = JoinSet::new();
    for writer in 0..3 {
        writers.spawn(writing(Arc::clone(&world), writer, Arc::clone(&stop), Arc::clone(&made)));
    }
    let copies: Vec<PathBuf> = (0..3).map(|n| site.path().join(format!("copies/{n}.db"))).collect();
    fs::create_dir(site.path().join("copies")).unwrap();
    let mut acknowledged = Vec::new();
    for copy in &copies {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        acknowledged = made.lock().unwrap().clone();
        done(on(&site, &["backup", copy.to_str().unwrap()]));
        assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
        let again = on(&site, &["backup", copy.to_str().unwrap()]);
        assert_eq!(again.status.code(), Some(1));
        assert!(text(&again.stderr).contains("exists and is not overwritten"), "{}", text(&again.stderr));
    }
    stop.store(true, Ordering::SeqCst);
    writers.join_all().await;
    assert!(acknowledged.len() > 3 && made.lock().unwrap().len() > acknowledged.len(), "nothing was written meanwhile");
    assert_eq!(names(&site.path().join("copies")), ["0.db", "1.db", "2.db"]);
    sessions.after(&world).await;
    serve::user(&world.program, &world.admin, &world.pool, "late@poolhouse.test", PASSWORD).await;

    let running = on(&site, &["restore", copies[2].to_str().unwrap()]);
    assert!(text(&running.stderr).contains("stop it first"), "{}", text(&running.stderr));
    let Some(mut world) = Arc::into_inner(world) else { panic!("still in use") };
    assert!(world.program.stop().success());
    let told = done(on(&site, &["restore", copies[2].to_str().unwrap()]));
    assert!(told.contains("have to sign in again"), "{told}");
    let kept = names(&site.path().join("data"));
    assert!(kept.iter().any(|name| name.starts_with("poolhouse.db.before-restore-")), "{kept:?}");
    assert!(!kept.iter().any(|name| name.contains("restoring")), "{kept:?}");

    world.program = site.serve();
    let there = whole_users(&world).await;
    let lost: Vec<_> = acknowledged.iter().filter(|email| !there.contains(email)).collect();
    assert!(lost.is_empty(), "acknowledged before the backup and not in it: {lost:?}");
    assert!(!there.iter().any(|email| email.starts_with("late")));
    assert_eq!(sessions.alive(&world).await, [false; 4]);
    assert!(world.alive(&world.tokens(&world.client).await).await);
    assert_eq!(done(on(&site, &["check"])), "No damage was found.\n");
}

#[tokio::test]
async fn sec_169_sessions_are_kept_only_where_asked_and_revoked_ones_never() {
    let site = Site::new(1);
    let mut world = World::new(&site).await;
    let sessions = Sessions::before(&world).await;
    let copy = site.path().join("copy.db");
    done(on(&site, &["backup", copy.to_str().unwrap()]));
    sessions.after(&world).await;
    assert!(world.program.stop().success());
    let told = done(on(&site, &["restore", "--keep-sessions", copy.to_str().unwrap()]));
    assert!(told.contains("sessions were kept"), "{told}");
    world.program = site.serve();
    assert_eq!(sessions.alive(&world).await, [false, true, true, true]);
    // The other half by itself, of one pool and while the server runs.
    let other = on(&site, &["end-sessions", "--pool", "eu-central-1_Nowhere99"]);
    assert_eq!(other.status.code(), Some(1));
    assert_eq!(sessions.alive(&world).await, [false, true, true, true]);
    done(on(&site, &["end-sessions", "--pool", &world.pool]));
    assert_eq!(sessions.alive(&world).await, [false; 4]);
}

#[tokio::test]
async fn sec_169_postgres_is_dumped_and_restored_by_its_own_tools_and_then_signed_out() {
    let site = Site::new(1);
    let from = format!("sqlite:{}/data/poolhouse.db", site.path().display());
    let first = testkit::postgres().await.unwrap();
    site.change(&from, &first);
    let mut world = World::new(&site).await;
    let sessions = Sessions::before(&world).await;
    let refused = on(&site, &["backup", "x.db"]);
    assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains("pg_dump --format=custom"), "{refused:?}");
    let refused = on(&site, &["restore", "x.db"]);
    assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains("pg_restore"), "{refused:?}");
    let dump = site.path().join("dump");
    let dumped = Command::new("pg_dump").args(["--format=custom", "--file"]).arg(&dump).arg(&first).output().unwrap();
    assert!(dumped.status.success(), "{}", text(&dumped.stderr));
    sessions.after(&world).await;
    assert!(world.program.stop().success());
    let second = testkit::postgres().await.unwrap();
    let restored = Command::new("pg_restore").args(["--exit-on-error", "--dbname"]).arg(&second).arg(&dump).output().unwrap();
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    site.change(&first, &second);
    done(on(&site, &["end-sessions"]));
    world.program = site.serve();
    assert_eq!(sessions.alive(&world).await, [false; 4]);
    assert_eq!(whole_users(&world).await, [ANN]);
    assert_eq!(done(on(&site, &["check"])), "No damage was found.\n");
}

#[tokio::test]
async fn sec_169_what_is_no_backup_of_this_site_is_refused_and_nothing_is_lost() {
    let (site, stranger) = (Site::new(1), Site::new(1));
    site.key("admin", &["--allow", "*"]);
    stranger.key("admin", &["--allow", "*"]);
    let path = |name: &str| site.path().join(name).display().to_string();
    fs::write(path("text.db"), "no database").unwrap();
    fs::write(path("empty.db"), "").unwrap();
    testkit::sql(&format!("sqlite://{}", path("other.db")), "CREATE TABLE meta (key TEXT, value TEXT)").await.unwrap();
    done(on(&stranger, &["backup", &path("stranger.db")]));
    for (name, compatible_with) in [("newer.db", "max(version) + 1"), ("changed.db", "max(version)")] {
        done(on(&site, &["backup", &path(name)]));
        let url = format!("sqlite://{}", path(name));
        let row = format!(
            "INSERT INTO schema_migrations (version, name, checksum, compatible_with)
             SELECT max(version) + 1, 'x', 'x', {compatible_with} FROM schema_migrations"
        );
        let sql = if name == "newer.db" { row } else { "UPDATE schema_migrations SET checksum = 'x'".to_owned() };
        testkit::sql(&url, &sql).await.unwrap();
    }
    let data = site.path().join("data");
    let before: Vec<(String, Vec<u8>)> =
        names(&data).into_iter().map(|name| (name.clone(), fs::read(data.join(&name)).unwrap())).collect();
    let store = data.join("poolhouse.db").display().to_string();
    let cases = [
        (path("missing.db"), "there is no"),
        (path("text.db"), "not a database"),
        (path("empty.db"), "is not a database of Poolhouse"),
        (path("other.db"), "is not a database of Poolhouse"),
        (path("stranger.db"), "is not in the ring"),
        (path("newer.db"), "newer than this program knows"),
        (path("changed.db"), "was changed after it ran"),
        (store, "is the store itself"),
    ];
    for (from, said) in cases {
        let output = on(&site, &["restore", &from]);
        assert_eq!(output.status.code(), Some(1), "{from}: {}", text(&output.stdout));
        assert!(text(&output.stderr).contains(said), "{from}: {}", text(&output.stderr));
        let after: Vec<(String, Vec<u8>)> =
            names(&data).into_iter().map(|name| (name.clone(), fs::read(data.join(&name)).unwrap())).collect();
        assert!(after == before, "{from}: refusing changed something: {:?}", names(&data));
    }
    // A backup that was cut off, or another one under way, is not written over.
    fs::write(path("held.db.part"), "").unwrap();
    let held = on(&site, &["backup", &path("held.db")]);
    assert!(held.status.code() == Some(1) && text(&held.stderr).contains("held.db.part"), "{}", text(&held.stderr));
    assert!(!Path::new(&path("held.db")).exists());
}

#[tokio::test]
async fn a_development_directory_is_backed_up_and_restored_to_an_empty_one() {
    let scratch = Scratch::new().unwrap();
    let dir = |name: &str| scratch.path().join(name).display().to_string();
    let start = |data: &str| {
        let arguments = ["dev", "--no-demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data", data];
        Program::start(command().args(arguments), "localhost")
    };
    let key = ("test".to_owned(), "test".to_owned());
    let mut program = start(&dir("one"));
    program.ok(Some(&key), "CreateUserPool", &json!({ "PoolName": "kept" })).await;
    done(run(&["backup", "--data", &dir("one"), &dir("copy.db")]));
    assert!(program.stop().success());
    // Nothing is guessed or made where there is nothing.
    for command in [&["backup", "--data", &dir("none"), &dir("x.db")][..], &["check", "--data", &dir("none")]] {
        let refused = run(command);
        assert!(refused.status.code() == Some(1) && !Path::new(&dir("none")).exists(), "{command:?}: {refused:?}");
    }
    fs::create_dir(dir("two")).unwrap();
    fs::set_permissions(dir("two"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(format!("{}/master.key", dir("one")), format!("{}/master.key", dir("two"))).unwrap();
    let told = done(run(&["restore", "--data", &dir("two"), &dir("copy.db")]));
    assert!(!told.contains("The database that was there"), "{told}");
    let mut program = start(&dir("two"));
    let pools = program.ok(Some(&key), "ListUserPools", &json!({ "MaxResults": 5 })).await;
    assert_eq!(pools["UserPools"].as_array().map(Vec::len), Some(1), "{pools}");
    assert!(program.stop().success());
    let refused = run(&["check", "--data", &dir("one"), "--config", "x.toml"]);
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
