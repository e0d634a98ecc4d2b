//! `poolhouse dev` with a seed: its pools instead of the demo's, and no start with a file that is wrong.

use poolhouse_store::testkit::Scratch;
use serde_json::json;

use super::*;
use crate::program::{Program, command, text};

fn arguments<'a>(data: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["dev", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data", data], more].concat()
}

#[tokio::test]
async fn dev_applies_the_file_it_finds_and_says_so() {
    let scratch = Scratch::new().unwrap();
    std::fs::write(scratch.path().join("poolhouse.yaml"), documented()).unwrap();
    for _ in 0..2 {
        let mut program = Program::start(command().current_dir(scratch.path()).args(arguments("data", &[])), "localhost");
        let greeting = program.log();
        assert!(greeting.contains("poolhouse.yaml is applied: 1 pool, 3 clients, 3 users; there is no demo pool"), "{greeting}");
        assert!(!greeting.contains("Demo pool") && !greeting.contains(SECRET), "{greeting}");
        let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": WEB, "AuthParameters": { "USERNAME": "ann@example.com",
            "PASSWORD": "Correct-Horse-9", "SECRET_HASH": crate::auth::secret_hash(SECRET, "ann@example.com", WEB) } });
        program.ok(None, "InitiateAuth", &input).await;
        program.stop();
    }
    let program = Program::start(command().current_dir(scratch.path()).args(arguments("other", &["--no-seed"])), "localhost");
    assert!(program.log().contains("Demo pool us-east-1_DemoPool1"), "{}", program.log());
}

#[test]
fn dev_does_not_start_with_a_file_that_is_wrong() {
    let scratch = Scratch::new().unwrap();
    let data = scratch.path().join("data");
    for (from, to, told) in [
        ("MinimumLength: 10", "MinimumLength: ten", "MinimumLength is a whole number, and here is a text"),
        ("orders/read]\n      Callback", "orders/write]\n      Callback", "Invalid scope requested: orders/write"),
    ] {
        std::fs::write(scratch.path().join("team.yaml"), documented().replacen(from, to, 1)).unwrap();
        let more = ["--seed", "team.yaml"];
        let refused = command().current_dir(scratch.path()).args(arguments(data.to_str().unwrap(), &more)).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let list = text(&refused.stderr);
        assert!(list.starts_with("team.yaml: 1 problem\nteam.yaml:") && list.contains(told), "{list}");
    }
}
