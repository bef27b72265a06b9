//! Files that the documents name exist, and the page about security names each attack.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories of the tree that a document names files of.
const TREE: [&str; 10] = [
    "bpf/", "benches/", "config/", "crates/", "docs/", "fuzz/", "scripts/", "src/", "systemd/",
    "tests/",
];

/// Parts of names that stand for others.
const PLACEHOLDERS: [&str; 4] = ["NAME", "KIND", "{", "*"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn entries(directory: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(root().join(directory)).expect("a directory of the tree");
    entries.map(|entry| entry.expect("an entry").path())
}

fn documents() -> Vec<PathBuf> {
    let of_docs = entries("docs").filter(|path| path.extension().is_some_and(|end| end == "md"));
    of_docs.chain(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name))).collect()
}

/// Returns the names of files and directories of the tree that stand in backquotes, on one line.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted.filter(|name| {
        let is_of_tree = TREE.iter().any(|directory| name.starts_with(directory));
        let is_one = !name.contains(' ') && !PLACEHOLDERS.iter().any(|part| name.contains(part));
        is_of_tree && is_one
    })
}

#[test]
fn documents_name_files_that_exist() {
    let mut found = 0;
    for document in documents() {
        for name in named(&read(&document)) {
            // What a tool makes is not in the tree.
            let is_made = name == "fuzz/artifacts/";
            assert!(is_made || root().join(name).exists(), "{}: {name}", document.display());
            found += 1;
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn page_about_security_names_each_attack() {
    let page = read(&root().join("docs/security.md"));
    for path in entries("tests/abuse") {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        // The tests of several attacks use it.
        if ["main.rs", "cgroups.rs"].contains(&&*name) {
            continue;
        }
        let stem = name.trim_end_matches(".rs");
        assert!(page.contains(&format!("{stem}.rs`")), "docs/security.md does not name {name}");
    }
}

/// The container compares the names as well, but takes minutes to come to that.
#[test]
fn every_recipe_is_tried() {
    let page = read(&root().join("docs/recipes.md"));
    let chapter = read(&root().join("tests/e2e/55-recipes.sh"));
    let tried = |heading: &str| {
        let begun = [format!("recipe '{heading}' "), format!("recipes+=('## {heading}')")];
        begun.iter().any(|begin| chapter.lines().any(|line| line.starts_with(begin.as_str())))
    };
    let headings: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(headings.len() >= 11, "{headings:?}");
    let untried: Vec<_> = headings.into_iter().filter(|heading| !tried(heading)).collect();
    assert!(untried.is_empty(), "tests/e2e/55-recipes.sh has not: {untried:?}");
}
