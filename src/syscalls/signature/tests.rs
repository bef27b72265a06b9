use std::collections::BTreeSet;

use super::*;
use crate::syscalls::{constants, table::Table};

const ABIS: [(&str, &str); 3] = [
    ("x86_64", include_str!("../x86_64.tsv")),
    ("i386", include_str!("../i386.tsv")),
    ("aarch64", include_str!("../aarch64.tsv")),
];

fn leaked(abi: &str) -> &'static Sets {
    let text = include_str!("../constants.txt");
    Box::leak(Box::new(constants::parse(text, abi)))
}

#[test]
fn every_line_is_understood_and_the_lines_are_sorted() {
    let sets = ABIS.map(|(abi, _)| leaked(abi));
    let rows: Vec<_> = TEXT.lines().filter(|line| !line.starts_with('#')).map(row).collect();
    for (function, rest) in &rows {
        for sets in sets {
            assert!(parse(rest, sets).is_some(), "{function}");
        }
    }
    let order = |function: &str| {
        let (abi, plain) = function.split_once('/').unwrap_or(("", function));
        (plain.to_owned(), abi.to_owned())
    };
    assert!(rows.is_sorted_by(|(a, _), (b, _)| order(a) < order(b)));
}

#[test]
fn every_function_of_a_table_has_a_signature_and_the_reverse() {
    let mut used = BTreeSet::new();
    for (abi, text) in ABIS {
        let (table, lines) = (Table::parse(text), lines(abi));
        for function in table.rows().flat_map(|(nr, _)| table.functions(nr)) {
            assert!(lines.contains_key(function), "{abi} {function}");
            used.insert(function);
        }
    }
    let rows = TEXT.lines().filter(|line| !line.starts_with('#')).map(|line| row(line).0);
    let unused = |function: &&str| {
        let (_, plain) = function.split_once('/').unwrap_or(("", function));
        !used.contains(plain)
    };
    assert_eq!(rows.into_iter().find(unused), None);
}

#[test]
fn names_are_short_plain_and_unique_within_a_call() {
    // Of the journal's 64 bytes SYSCALL_ARG_ takes 12.
    let is_plain = |name: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        name.len() <= 52
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(plain)
    };
    for (abi, _) in ABIS {
        let sets = leaked(abi);
        for (function, rest) in lines(abi) {
            let signature = parse(rest, sets).unwrap();
            let names: BTreeSet<_> = signature.0.iter().map(|one| one.name).collect();
            assert!(names.len() == signature.0.len() && names.len() <= 6, "{function}");
            assert!(names.iter().all(|name| is_plain(name)), "{function}");
        }
    }
}

#[test]
fn every_set_is_used() {
    let words = TEXT
        .lines()
        .flat_map(|line| line.split(['\t', ' ', '[']))
        .flat_map(|c| c.rsplit(':').next());
    let mut used: BTreeSet<_> = words.collect();
    used.extend(crate::syscalls::structs::TEXT.split([' ', '\n', ':', '+']));
    // `timer_create`, captures of flags and the status of a child have no other user.
    used.extend(["clock", "at", "ptrace_event"]);
    for set in leaked("x86_64").keys() {
        assert!(used.contains(set), "{set}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn what_differs_by_abi() {
    let names = |abi, syscall| -> Vec<_> {
        let nr = crate::syscalls::number(abi, syscall).unwrap();
        let signature = signature(Slot::new(abi, nr).unwrap()).unwrap();
        signature.parameters().iter().map(|one| one.name).collect()
    };
    use Abi::{Compat, Native};
    assert_eq!(
        names(Native, "clone"),
        ["clone_flags", "newsp", "parent_tidptr", "child_tidptr", "tls"]
    );
    let backwards = ["clone_flags", "newsp", "parent_tidptr", "tls", "child_tidptr"];
    assert_eq!(names(Compat, "clone"), backwards);
    assert_eq!(names(Native, "pread64"), ["fd", "buf", "count", "pos"]);
    assert_eq!(names(Compat, "pread64"), ["fd", "buf", "count", "pos_low", "pos_high"]);
    assert_eq!(names(Native, "openat"), names(Compat, "openat"));
    let aarch64 = parse(lines("aarch64")["sys_clone"], leaked("aarch64")).unwrap();
    assert_eq!(aarch64.0.iter().map(|one| one.name).collect::<Vec<_>>(), backwards);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn what_pointers_lead_to() {
    use Count::{Argument, Fixed, One, Pointed, Result};
    use Direction::{In, InOut, Out};
    let memory = |abi, syscall, position: usize| {
        let nr = crate::syscalls::number(abi, syscall).unwrap();
        let signature = signature(Slot::new(abi, nr).unwrap()).unwrap();
        signature.parameters()[position].memory.map(|memory| (memory.direction, memory.count))
    };
    use Abi::{Compat, Native};
    assert_eq!(memory(Native, "read", 0), None);
    assert_eq!(memory(Native, "mmap", 0), None);
    assert_eq!(memory(Native, "read", 1), Some((Out, Result(2))));
    assert_eq!(memory(Compat, "pwrite64", 1), Some((In, Argument(2))));
    assert_eq!(memory(Native, "openat", 1), Some((In, One)));
    assert_eq!(memory(Native, "execve", 2), Some((In, One)));
    assert_eq!(memory(Native, "getcwd", 0), Some((Out, One)));
    assert_eq!(memory(Native, "accept4", 1), Some((Out, Pointed(2))));
    assert_eq!(memory(Native, "accept4", 2), Some((InOut, One)));
    assert_eq!(memory(Native, "pipe2", 0), Some((Out, Fixed(2))));
    assert_eq!(memory(Compat, "rt_sigprocmask", 2), Some((Out, Argument(3))));
}

#[test]
fn values_in_memory_have_a_size() {
    let size = |kind, abi| Kind::parse(kind, leaked("x86_64")).unwrap().size(abi);
    let sizes = |kind| Abi::ALL.map(|abi| size(kind, abi));
    assert_eq!(sizes("uid16"), [Some(2); 2]);
    assert_eq!(sizes("fd"), [Some(4); 2]);
    assert_eq!(sizes("size"), [Some(8), Some(4)]);
    assert_eq!(sizes("address"), [Some(8), Some(4)]);
    assert_eq!(sizes("loff"), [Some(8); 2]);
    assert_eq!(sizes("flags:open"), [Some(4); 2]);
    for kind in ["path", "*int", "bytes", "struct:stat"] {
        assert_eq!(sizes(kind), [None; 2]);
    }
}

#[test]
fn a_mode_is_passed_only_to_make_a_file() {
    let open = parse(lines("x86_64")["sys_open"], leaked("x86_64")).unwrap();
    let names = |flags| -> Vec<_> {
        open.arguments([1, flags, 0o644, 4, 5, 6]).map(|(one, n)| (one.name, n)).collect()
    };
    assert_eq!(names(0x41), [("filename", 1), ("flags", 0x41), ("mode", 0o644)]);
    assert_eq!(names(0x41_0001), [("filename", 1), ("flags", 0x41_0001), ("mode", 0o644)]);
    assert_eq!(names(0x1_0000), [("filename", 1), ("flags", 0x1_0000)]);
}

#[test]
fn a_number_without_a_name_has_no_signature() {
    for abi in Abi::ALL {
        assert_eq!(signature(Slot::new(abi, 511).unwrap()), None);
    }
}

#[test]
fn what_is_not_understood_is_no_signature() {
    let sets = leaked("x86_64");
    for line in [
        "fd",
        "fd:no_kind",
        "fd:enum:no_set",
        "fd:int:open",
        "fd:struct:",
        "fd:int out",
        "fd:int[3]",
        "fd:address out",
        "buf:bytes",
        "buf:bytes out",
        "buf:bytes[",
        "buf:bytes[]",
        "buf:bytes[count]",
        "buf:bytes[*count]",
        "buf:bytes[256]",
        "buf:bytes[4] in",
        "buf:bytes[4] out ",
        "name:path[4]",
        "msg:msghdr[4]",
        "vec:iovec",
        "p:**int",
        "p:*path",
        "p:*bytes[4]",
    ] {
        assert_eq!(parse(line, sets), None, "{line}");
    }
    assert_eq!(parse("", sets), Some(Signature(vec![])));
}
