//! Nothing is left out: every public function of the table modules is named by a test of this suite.

use std::fs;
use std::path::Path;

fn sources(directory: &Path) -> Vec<(String, String)> {
    let files = directory.read_dir().unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
}

#[test]
fn every_table_function_is_exercised() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let suite: String = sources(&root.join("tests/conformance"))
        .into_iter()
        .filter(|(name, _)| name.starts_with("tables_"))
        .map(|(_, text)| text)
        .collect();
    let mut functions = 0;
    for (module, text) in sources(&root.join("src/tables")) {
        for declaration in text.split("\npub async fn ").skip(1) {
            let call = format!("{module}::{}(", declaration.split('(').next().unwrap());
            assert!(suite.contains(&call), "no test calls {call}…)");
            functions += 1;
        }
    }
    assert!(functions > 90, "only {functions} found: has the layout changed?");
}
