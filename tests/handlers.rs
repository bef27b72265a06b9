//! The places that belong to each handler, see "A new handler" in docs/architecture.md: one that was
//! forgotten fails here. Needs no root.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tailcalld::handlers::Handler;
use tailcalld::load;

const MODULES: &str = "tests/kernel/main.rs";
const VERIFIER: &str = "tests/matrix/verifier.tsv";
const MANUAL: &str = "docs/man/tailcalld.toml.5";
const EVENTS: &str = "docs/events.md";
const CHANGES: &str = "CHANGELOG.md";

#[test]
fn missing_is_empty_for_every_handler() {
    let handlers = load::handlers().unwrap();
    let missing: Vec<String> = handlers.iter().flat_map(missing).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Lists the places in which that handler is missing.
fn missing(handler: &Handler) -> Vec<String> {
    let name = &handler.name;
    let mut missing = Vec::new();
    let mut require = |is_there: bool, what: String| {
        if !is_there {
            missing.push(format!("{name}: {what}"));
        }
    };
    let test = format!("tests/kernel/{name}.rs");
    require(Path::new(&test).exists(), format!("no file {test}"));
    require(has_line(MODULES, &format!("mod {name};")), format!("no module in {MODULES}"));
    require(has_line(MANUAL, &format!(".It Cm {name}")), format!("no item in {MANUAL}"));
    require(text(CHANGES).contains(&format!("`{name}`")), format!("no word in {CHANGES}"));
    for kernel in kernels() {
        let row = format!("{kernel}\thandle_{name}\t");
        let is_there = text(VERIFIER).lines().any(|line| line.starts_with(&row));
        require(is_there, format!("no row for Linux {kernel} in {VERIFIER}: make matrix ACCEPT=1"));
    }
    let events = text(EVENTS);
    let row = events.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
    let row = row.unwrap_or_default();
    require(!row.is_empty(), format!("no row in the table of handlers of {EVENTS}"));
    for word in handler.fields.iter().map(|field| &field.name).chain(&handler.syscalls) {
        require(row.contains(&format!("`{word}`")), format!("no `{word}` in its row of {EVENTS}"));
    }
    missing
}

fn has_line(path: &str, line: &str) -> bool {
    text(path).lines().any(|known| known == line)
}

/// The kernels for which the verifier's figures are recorded.
fn kernels() -> BTreeSet<String> {
    let rows = text(VERIFIER);
    let rows = rows.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(|row| Some(row.split_once('\t')?.0.to_owned())).collect()
}

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}
