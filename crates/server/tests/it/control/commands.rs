//! The control API as commands of the built program, against one that runs.

use http::StatusCode;
use poolhouse_store::testkit::Scratch;
use serde_json::{Value, json};

use crate::program::{Program, command, run, text};

/// A development instance on a directory of its own, and commands on it.
struct Dev {
    program: Program,
    data: String,
    _scratch: Scratch,
}

impl Dev {
    fn start() -> Self {
        let scratch = Scratch::new().unwrap();
        let data = scratch.path().join("data").display().to_string();
        let arguments = ["dev", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data", &data];
        let program = Program::start(command().args(arguments), "localhost");
        Self { program, data, _scratch: scratch }
    }

    fn ask(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = run(&[arguments, &["--data", &self.data]].concat());
        let told = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.code(), text(&told))
    }

    fn ok(&self, arguments: &[&str]) -> String {
        let (code, told) = self.ask(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {told}");
        told
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let (code, told) = self.ask(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {told}");
        told
    }

    async fn user(&self, access_token: &str) -> StatusCode {
        self.program.api(None, "GetUser", &json!({ "AccessToken": access_token })).await.status
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_do_what_the_control_api_does() {
    let dev = Dev::start();
    let status: Value = serde_json::from_str(&dev.ok(&["status", "--json"])).unwrap();
    assert_eq!((&status["pools"], &status["snapshots"]), (&json!(1), &json!(["start"])), "the state after the start is kept");

    // A token of the demo user, an hour before it expires and after.
    let token = dev.ok(&["token", "mint", "--only", "access"]);
    assert_eq!(dev.user(token.trim()).await, StatusCode::OK);
    let tokens: Value = serde_json::from_str(&dev.ok(&["token", "mint", "--scope", "openid", "--ttl", "60"])).unwrap();
    assert_eq!(tokens["expires_in"], 60);
    assert!(dev.ok(&["clock", "show"]).contains("the real time"));
    assert!(dev.ok(&["clock", "shift", "61m"]).contains("shifted by 3660 s"));
    assert_eq!(dev.user(token.trim()).await, StatusCode::BAD_REQUEST);
    dev.ok(&["clock", "shift", "-61m"]);
    assert_eq!(dev.user(token.trim()).await, StatusCode::OK);
    assert!(dev.ok(&["clock", "freeze", "2030-01-01T00:00:00Z"]).starts_with("2030-01-01T00:00:00.000Z  frozen"));
    dev.ok(&["clock", "go"]);

    assert!(dev.ok(&["fault", "list"]).contains("no faults"));
    let added = dev.ok(&["fault", "add", "GetUser", "--throttle", "--times", "1"]);
    assert_eq!(added.trim(), "1  GetUser  throttle  1 times more");
    assert!(dev.refused(&["fault", "add", "GetUsr", "--delay", "5"]).contains("GetUser"));
    dev.ok(&["fault", "add", "SignUp", "--error", "InternalErrorException"]);
    dev.ok(&["fault", "clear", "2"]);
    assert!(dev.refused(&["fault", "clear", "2"]).contains("no fault of this id"));
    assert!(dev.ok(&["status"]).contains("GetUser  throttle"));

    // Everything goes back.
    dev.ok(&["snapshot", "take", "before"]);
    assert!(dev.ok(&["snapshot", "list"]).contains("before"));
    assert!(dev.ok(&["snapshot", "restore", "before"]).starts_with("Back at before"));
    assert!(dev.refused(&["snapshot", "restore", "../x"]).contains("letters"));
    let told = dev.ok(&["reset"]);
    assert!(told.contains("2 sessions ended"), "{told}");
    assert!(dev.ok(&["clock", "show"]).contains("the real time") && dev.ok(&["fault", "list"]).contains("no faults"));
    assert_eq!(dev.user(token.trim()).await, StatusCode::BAD_REQUEST, "its session is gone");
    dev.ok(&["snapshot", "delete", "before"]);
}

#[test]
fn where_nobody_answers_the_commands_say_what_to_start() {
    let scratch = Scratch::new().unwrap();
    let data = scratch.path().display().to_string();
    let asked = |arguments: &[&str]| {
        let output = run(&[arguments, &["--data", &data]].concat());
        (output.status.code(), text(&output.stderr))
    };
    for arguments in [&["status"][..], &["reset"], &["clock", "show"]] {
        let (code, told) = asked(arguments);
        assert_eq!(code, Some(1));
        assert!(told.contains("poolhouse dev --data"), "{told}");
    }
    std::fs::write(scratch.path().join("endpoints.json"), r#"{"http":"http://127.0.0.1:1"}"#).unwrap();
    assert!(asked(&["status"]).1.contains("http://127.0.0.1:1"));
}

#[test]
fn shells_learn_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completion", shell]);
        let script = text(&output.stdout);
        assert!(output.status.success() && script.contains("snapshot") && script.contains("poolhouse"), "{shell}");
    }
    // Every verb teaches by example.
    for verb in ["clock", "fault", "snapshot", "reset", "token", "status", "completion"] {
        assert!(text(&run(&[verb, "--help"]).stdout).contains("Example"), "{verb}");
    }
}
