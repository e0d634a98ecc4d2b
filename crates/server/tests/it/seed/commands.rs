//! `poolhouse seed` beside a server that runs: what is printed, exit codes, and the schema.

use std::process::Output;

use poolhouse_store::testkit::Scratch;
use serde_json::{Value, json};

use super::*;
use crate::program::{Program, Site, command, run, text};

/// A directory with the example, and a development server that was started without it.
struct Place {
    scratch: Scratch,
    file: String,
    data: String,
}

impl Place {
    fn new() -> Self {
        let scratch = Scratch::new().unwrap();
        let (file, data) = (scratch.path().join("seed.yaml"), scratch.path().join("data"));
        std::fs::write(&file, documented()).unwrap();
        let path = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
        Self { scratch, file: path(file), data: path(data) }
    }

    fn dev(&self, more: &[&str]) -> Program {
        let arguments = ["dev", "--no-demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--data", &self.data];
        Program::start(command().current_dir(self.scratch.path()).args(arguments).args(more), "localhost")
    }

    fn seed(&self, verb: &str, more: &[&str]) -> Output {
        run(&[&["seed", verb, "--data", &self.data], more].concat())
    }
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[tokio::test]
async fn check_diff_apply_and_export_beside_a_running_server() {
    let place = Place::new();
    let server = place.dev(&[]);
    let checked = run(&["seed", "check", &place.file]);
    assert_eq!(
        text(&checked.stdout),
        format!("{} is right: 1 pool, 3 clients, 3 users.\n", place.file),
        "{}",
        text(&checked.stderr)
    );

    let differs = place.seed("diff", &[&place.file]);
    assert_eq!(code(&differs), Some(1), "{}", text(&differs.stderr));
    let told = text(&differs.stdout);
    assert!(
        told.starts_with("+ pool eu-central-1_Shop00001 (shop)\n") && told.ends_with("10 to add, 0 to change, 0 to delete.\n"),
        "{told}"
    );
    assert!(!told.contains('\x1b'));

    let applied = place.seed("apply", &[&place.file]);
    assert_eq!(code(&applied), Some(0), "{}", text(&applied.stderr));
    assert!(text(&applied.stdout).ends_with("10 added, 0 changed, 0 deleted.\n"));
    let again = place.seed("apply", &["--json", &place.file]);
    assert_eq!(text(&again.stdout), "{\"changes\":[]}\n");
    let same = place.seed("diff", &[&place.file]);
    assert_eq!((code(&same), text(&same.stdout).as_str()), (Some(0), "Nothing differs.\n"));

    // The server that runs serves it at once.
    let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": WEB, "AuthParameters": { "USERNAME": "ann@example.com",
        "PASSWORD": "Correct-Horse-9", "SECRET_HASH": crate::auth::secret_hash(SECRET, "ann@example.com", WEB) } });
    server.ok(None, "InitiateAuth", &input).await;

    let exported = place.seed("export", &["--secrets", "--hashes"]);
    let first = text(&exported.stdout);
    assert!(first.starts_with("# yaml-language-server: $schema=./poolhouse.schema.json\n"), "{first}");
    let file = place.scratch.path().join("exported.yaml");
    std::fs::write(&file, &first).unwrap();
    let applied = place.seed("apply", &[file.to_str().unwrap()]);
    assert_eq!(text(&applied.stdout), "Nothing differs.\n", "{}", text(&applied.stderr));
    assert_eq!(text(&place.seed("export", &["--secrets", "--hashes"]).stdout), first);
    assert!(!text(&place.seed("export", &[]).stdout).contains(SECRET));
}

#[tokio::test]
async fn apply_deletes_with_prune_alone_and_names_what() {
    let place = Place::new();
    let _server = place.dev(&["--seed", &place.file]);
    let less = documented();
    let less = &less[..less.find("  - username: bob@").unwrap()];
    std::fs::write(&place.file, less).unwrap();
    assert_eq!(text(&place.seed("apply", &[&place.file]).stdout), "Nothing differs.\n");
    let told = place.seed("diff", &["--prune", "--json", &place.file]);
    assert_eq!(code(&told), Some(1));
    let changes: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(changes["changes"][0], json!({ "kind": "delete", "what": "user bob@example.com of eu-central-1_Shop00001" }));
    let pruned = text(&place.seed("apply", &["--prune", &place.file]).stdout);
    assert!(pruned.contains("- user ") && pruned.ends_with("0 added, 0 changed, 2 deleted.\n"), "{pruned}");
}

#[test]
fn a_file_with_mistakes_touches_nothing_and_exits_with_1() {
    let place = Place::new();
    let site = Site::new(1);
    drop(site.key("any", &[]));
    // Wrong in itself, wrong to the model, and wrong only to a pool.
    for (from, to, told) in [
        ("  clients:\n", "  clinets:\n", "unknown key \"clinets\"; did you mean \"clients\"?"),
        ("MinimumLength: 10", "MinimumLength: 1000", "Member must have value less than or equal to 99"),
        ("username: bob@example.com", "username: bob", "Username should be an email."),
    ] {
        std::fs::write(&place.file, documented().replacen(from, to, 1)).unwrap();
        for arguments in [vec!["seed", "check", &place.file], vec!["seed", "apply", "--config", site.config(), &place.file]] {
            let refused = run(&arguments);
            assert_eq!(code(&refused), Some(1));
            let list = text(&refused.stderr);
            assert!(list.contains(told) && list.starts_with(&format!("{}: 1 problem\n{0}:", place.file)), "{list}");
        }
    }
    let exported = run(&["seed", "export", "--config", site.config()]);
    assert!(text(&exported.stdout).ends_with("pools: []\n"), "{}", text(&exported.stderr));
    assert_eq!(code(&run(&["seed", "check", "/nonexistent.yaml"])), Some(1));
}

#[test]
fn sec_041_in_production_a_generated_secret_is_random() {
    let place = Place::new();
    let secrets = |site: &Site| {
        drop(site.key("any", &[]));
        let applied = run(&["seed", "apply", "--config", site.config(), &place.file]);
        assert!(applied.status.success(), "{}", text(&applied.stderr));
        let exported = text(&run(&["seed", "export", "--secrets", "--config", site.config()]).stdout);
        let lines: Vec<String> =
            exported.lines().filter(|line| line.contains(" secret: ") && !line.contains(SECRET)).map(str::to_owned).collect();
        assert_eq!(lines.len(), 1, "{exported}");
        lines
    };
    assert_ne!(secrets(&Site::new(1)), secrets(&Site::new(1)));
}

#[test]
fn the_schema_in_the_documents_is_the_one_that_is_printed() {
    let printed = text(&run(&["seed", "schema"]).stdout);
    assert_eq!(
        printed,
        include_str!("../../../../../docs/poolhouse.schema.json"),
        "poolhouse seed schema > docs/poolhouse.schema.json"
    );
    let schema: Value = serde_json::from_str(&printed).unwrap();
    let pool = &schema["properties"]["pools"]["items"]["properties"];
    assert!(pool["settings"]["properties"]["AutoVerifiedAttributes"]["$ref"].is_string());
    assert!(pool["users"]["items"]["properties"].get("totp_secret").is_none());
}
