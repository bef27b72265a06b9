//! Properties of the tables.

use std::collections::BTreeSet;

use super::super::rows::{function_of, lines};
use super::*;

/// Functions in the first column, without the lines of cases.
fn functions() -> Vec<&'static str> {
    lines(TEXT).map(|(head, _)| head).filter(|head| !head.contains('(')).collect()
}

fn signatures() -> impl Iterator<Item = (&'static str, &'static str, Signature)> {
    ABIS.into_iter().flat_map(|(abi, _)| {
        let (rows, sets) = (rows(abi), sets_of(abi));
        let known = functions().into_iter().filter_map(move |one| function_of(one, abi));
        let all: Vec<_> =
            known.map(|one| (abi, one, rows.signature(one, sets).expect(one))).collect();
        all
    })
}

#[test]
fn rows_parse_every_line_and_are_sorted() {
    assert!(signatures().count() > 3 * 500);
    let order = |function: &&str| {
        let (abi, plain) = function.split_once('/').unwrap_or(("", function));
        (plain.to_owned(), abi.to_owned())
    };
    assert!(functions().is_sorted_by(|a, b| order(a) < order(b)));
}

/// A case with an unknown symbol would never apply.
#[test]
fn cases_have_known_symbols_and_functions() {
    let known: BTreeSet<_> = functions().into_iter().collect();
    let sets = ABIS.map(|(abi, _)| (rows(abi), sets_of(abi)));
    let mut seen = 0;
    for (head, _) in lines(TEXT).filter(|(head, _)| head.contains('(')) {
        let (of, tests) = head.split_once('(').unwrap();
        for function in of.split(',') {
            let function = function.split_once('/').map_or(function, |(_, plain)| plain);
            assert!(known.contains(function), "{head}");
            let symbols: Vec<_> = tests.split(';').map(|test| test.split(',').count()).collect();
            let is_whole = |(rows, sets): &(Rows, &'static Sets)| {
                let index = rows.cases[function].iter().position(|(one, _)| *one == tests);
                let Some(index) = index else { return false };
                let signature = rows.signature(function, sets).unwrap();
                let values = signature.cases()[index].tests().iter().map(|test| test.any.len());
                values.eq(symbols.iter().copied())
            };
            assert!(sets.iter().any(is_whole), "{head}");
            seen += 1;
        }
    }
    assert!(seen > 0);
}

#[test]
fn functions_of_tables_and_signatures_are_the_same() {
    let mut used = BTreeSet::new();
    for (abi, text) in ABIS {
        let (table, rows, sets) = (Table::parse(text), rows(abi), sets_of(abi));
        for function in table.rows().flat_map(|(nr, _)| table.functions(nr)) {
            assert!(rows.signature(function, sets).is_some(), "{abi} {function}");
            used.insert(function);
        }
        // Functions without a number, which `socketcall` calls.
        let cells = TEXT.lines().flat_map(|line| line.split('\t'));
        used.extend(cells.filter_map(|cell| Some(cell.strip_prefix("as ")?.split_once(") ")?.1)));
    }
    let unused = |function: &&str| {
        let (_, plain) = function.split_once('/').unwrap_or(("", function));
        !used.contains(plain)
    };
    assert_eq!(functions().into_iter().find(unused), None);
}

#[test]
fn parameter_names_are_short_lower_case_and_unique() {
    // A field name of the journal has at most 64 bytes, of which SYSCALL_ARG_ takes 12.
    let is_plain = |name: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        name.len() <= 52
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(plain)
    };
    for (_, function, signature) in signatures() {
        let prototypes = signature.cases.iter().map(Case::prototype).chain([&signature.prototype]);
        for names in prototypes.map(|prototype| prototype.parameters.iter().map(|one| one.name)) {
            let names: Vec<_> = names.filter(|name| *name != "-").collect();
            let unique: BTreeSet<_> = names.iter().collect();
            assert!(unique.len() == names.len() && names.len() <= 6, "{function}");
            assert!(names.into_iter().all(is_plain), "{function}");
        }
    }
}

#[test]
fn sets_are_all_used() {
    let words = TEXT
        .lines()
        .flat_map(|line| line.split(['\t', ' ', '[']))
        .flat_map(|c| c.rsplit(':').next());
    let mut used: BTreeSet<_> = words.collect();
    used.extend(crate::structs::TEXT.split([' ', '\n', ':', '+', '[']));
    used.extend(crate::netlink::TEXT.split([' ', '\n', ':']));
    // Used in code: `timer_create`, captured flags, the status of a child, ancillary data, netlink.
    used.extend(["clock", "ptrace_event", "scm", "nlmsg", "nlm_ack"]);
    for set in sets_of("x86_64").keys() {
        assert!(used.contains(set), "{set}");
    }
}
