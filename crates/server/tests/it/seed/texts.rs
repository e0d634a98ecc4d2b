//! The reader and the writer of YAML, on mutations of what they expect.

use poolhouse::seed;
use poolhouse::seed::emit::{Tree, document};
use poolhouse::seed::yaml;
use poolhouse_store::testkit::fuzz;

use super::documented;

#[test]
fn sec_203_no_text_breaks_the_reader_of_seeds() {
    let example = documented();
    let corpus =
        [example.as_str(), "a: &a [*b, {c: 'd\n'}]", "- |\n  x\n- >\n  y", "? a\n: b", "\u{feff}a: \"\\x00\"", "a: &a\n  b: *a"];
    fuzz::text(&corpus, |text| {
        if let Err(problems) = seed::read("poolhouse.yaml", text) {
            assert!(!problems.list.is_empty());
        }
    });
}

#[test]
fn sec_203_no_text_is_written_as_another() {
    fuzz::text(&["a: b", "- x\n# y", "\u{2028}'\"\\", "{[*&!|>%@`", "yes", "1.5"], |text| {
        // No name of an attribute or a tag is longer; YAML has a bound of 1024 for keys on one line.
        let name: String = text.chars().take(128).collect();
        let tree = Tree::Map(vec![(name.clone(), Tree::List(vec![Tree::text(text)]))]);
        let read = yaml::parse(&document(&tree)).unwrap();
        let entry = &read.entries()[0];
        assert_eq!((&entry.name, entry.node.items()[0].text()), (&name, Some(text)));
    });
}
