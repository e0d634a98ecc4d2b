//! `kill -9` under load: what was acknowledged is there, and what was not is whole or absent.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::StatusCode;
use poolhouse_store::testkit::Scratch;
use serde_json::{Value, json};

use crate::program::{Program, command};

const KILLS: u64 = 10;
const WRITERS: u64 = 4;
/// Any key will do in development.
fn key() -> (String, String) {
    ("test".to_owned(), "test".to_owned())
}

fn start(scratch: &Scratch) -> Program {
    let data = scratch.path().join("data");
    let arguments = ["dev", "--no-demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data"];
    Program::start(command().args(arguments).arg(data), "localhost")
}

/// What one writer was told.
#[derive(Default)]
struct Told {
    /// Users whose making was acknowledged.
    made: Vec<u64>,
    /// Users whose deletion was.
    deleted: Vec<u64>,
    /// Users whose deletion was asked for and not acknowledged: either is true.
    unknown: Vec<u64>,
    /// Users in the group.
    grouped: Vec<u64>,
}

fn email(number: u64) -> String {
    format!("u{number}@poolhouse.test")
}

/// Makes users, puts them into the group and deletes every third, until the connection breaks.
async fn write(program: &Program, pool: &str, numbers: &AtomicU64, told: &Mutex<Told>) {
    let key = key();
    loop {
        let number = numbers.fetch_add(1, Ordering::SeqCst);
        let attributes = json!([{ "Name": "email", "Value": email(number) }]);
        let user = json!({ "UserPoolId": pool, "Username": format!("u{number}"), "UserAttributes": attributes, "MessageAction": "SUPPRESS" });
        match program.try_api(Some(&key), "AdminCreateUser", &user).await {
            Some(reply) if reply.status == StatusCode::OK => told.lock().unwrap().made.push(number),
            Some(reply) => panic!("{reply:?}"),
            None => return,
        }
        let user = json!({ "UserPoolId": pool, "Username": format!("u{number}"), "GroupName": "staff" });
        match program.try_api(Some(&key), "AdminAddUserToGroup", &user).await {
            Some(_) => told.lock().unwrap().grouped.push(number),
            None => return,
        }
        if number.is_multiple_of(3) {
            told.lock().unwrap().unknown.push(number);
            let user = json!({ "UserPoolId": pool, "Username": format!("u{number}") });
            if program.try_api(Some(&key), "AdminDeleteUser", &user).await.is_none() {
                return;
            }
            told.lock().unwrap().deleted.push(number);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_151_152_nothing_acknowledged_is_lost_and_nothing_is_half_done() {
    let scratch = Scratch::new().unwrap();
    let mut program = start(&scratch);
    // A name of one's own and an address that finds the user too: making one writes several tables.
    let pool = json!({ "PoolName": "kill", "AliasAttributes": ["email"] });
    let made = program.ok(Some(&key()), "CreateUserPool", &pool).await;
    let pool = made["UserPool"]["Id"].as_str().unwrap().to_owned();
    program.ok(Some(&key()), "CreateGroup", &json!({ "UserPoolId": pool, "GroupName": "staff" })).await;
    let (numbers, told) = (AtomicU64::new(0), Mutex::new(Told::default()));
    for round in 0..KILLS {
        let writers = join_all((0..WRITERS).map(|_| write(&program, &pool, &numbers, &told)));
        let pid = program.pid();
        let killing = async {
            // Not the same moment every time.
            tokio::time::sleep(Duration::from_millis(250 + 57 * round)).await;
            crate::program::signal("-KILL", pid);
        };
        tokio::join!(writers, killing);
        program.wait();
        program = start(&scratch);
        check(&program, &pool, &told, numbers.load(Ordering::SeqCst)).await;
    }
    let told = told.lock().unwrap();
    assert!(told.made.len() > 40 && told.deleted.len() > 8, "too little was written to tell: {}", told.made.len());
}

async fn check(program: &Program, pool: &str, told: &Mutex<Told>, numbers: u64) {
    let told = {
        let told = told.lock().unwrap();
        (told.made.clone(), told.deleted.clone(), told.unknown.clone(), told.grouped.clone())
    };
    let (made, deleted, unknown, grouped) = told;
    let members = listed(program, "ListUsersInGroup", json!({ "UserPoolId": pool, "GroupName": "staff", "Limit": 60 })).await;
    let all = listed(program, "ListUsers", json!({ "UserPoolId": pool, "Limit": 60 })).await;
    for number in 0..numbers {
        let name = format!("u{number}");
        let there = all.contains(&name);
        if deleted.contains(&number) {
            assert!(!there, "{name} is back");
        } else if made.contains(&number) && !unknown.contains(&number) {
            assert!(there, "{name} is lost");
        }
        if grouped.contains(&number) && there {
            assert!(members.contains(&name), "{name} has lost its group");
        }
    }
    assert!(members.iter().all(|member| all.contains(member)), "a group has a member that does not exist");
    // The newest, where the crash was: user, address and name stand or fall together.
    for number in numbers.saturating_sub(12)..numbers {
        let by = async |name: String| {
            program.api(Some(&key()), "AdminGetUser", &json!({ "UserPoolId": pool, "Username": name })).await
        };
        let of_name = by(format!("u{number}")).await.status;
        assert_eq!(of_name == StatusCode::OK, all.contains(&format!("u{number}")));
        let taken = json!({ "UserPoolId": pool, "Filter": format!("email = \"{}\"", email(number)) });
        let found = program.ok(Some(&key()), "ListUsers", &taken).await;
        assert_eq!(found["Users"].as_array().unwrap().len(), usize::from(of_name == StatusCode::OK), "u{number}");
    }
}

/// The names of every page.
async fn listed(program: &Program, operation: &str, mut input: Value) -> Vec<String> {
    let mut names = Vec::new();
    let token = if operation == "ListUsers" { "PaginationToken" } else { "NextToken" };
    loop {
        let page = program.ok(Some(&key()), operation, &input).await;
        names.extend(page["Users"].as_array().unwrap().iter().map(|user| user["Username"].as_str().unwrap().to_owned()));
        match page[token].as_str() {
            Some(next) => input[token] = json!(next),
            None => return names,
        }
    }
}
