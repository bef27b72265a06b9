use std::collections::BTreeSet;

use super::*;
use crate::constants::{self, Sets};
use crate::table::Table;

const TEXT: &str = include_str!("../../tables/signatures.tsv");

const ABIS: [(&str, &str); 3] = [
    ("x86_64", include_str!("../../tables/x86_64.tsv")),
    ("i386", include_str!("../../tables/i386.tsv")),
    ("aarch64", include_str!("../../tables/aarch64.tsv")),
];

fn sets_of(abi: &str) -> &'static Sets {
    Box::leak(Box::new(constants::sets_of(abi)))
}

fn rows(abi: &str) -> Rows {
    Rows::read(TEXT, abi)
}

/// Functions in the first column, without the lines of cases.
fn functions() -> Vec<&'static str> {
    rows::lines(TEXT).map(|(head, _)| head).filter(|head| !head.contains('(')).collect()
}

fn signatures() -> impl Iterator<Item = (&'static str, &'static str, Signature)> {
    ABIS.into_iter().flat_map(|(abi, _)| {
        let (rows, sets) = (rows(abi), sets_of(abi));
        let known = functions().into_iter().filter_map(move |one| rows::function_of(one, abi));
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
    for (head, _) in rows::lines(TEXT).filter(|(head, _)| head.contains('(')) {
        let (of, tests) = head.split_once('(').unwrap();
        for function in of.split(',') {
            assert!(known.contains(function), "{head}");
            let symbols: Vec<_> = tests.split(';').map(|test| test.split(',').count()).collect();
            let index = rows("").cases[function].iter().position(|(one, _)| *one == tests).unwrap();
            let is_whole = |(rows, sets): &(Rows, &'static Sets)| {
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
fn sets_without_user_do_not_exist() {
    let words = TEXT
        .lines()
        .flat_map(|line| line.split(['\t', ' ', '[']))
        .flat_map(|c| c.rsplit(':').next());
    let mut used: BTreeSet<_> = words.collect();
    used.extend(crate::structs::TEXT.split([' ', '\n', ':', '+', '[']));
    // Users in code: `timer_create`, captured flags, the status of a child.
    used.extend(["clock", "at", "ptrace_event"]);
    for set in sets_of("x86_64").keys() {
        assert!(used.contains(set), "{set}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn signature_depends_on_abi() {
    let names = |abi, syscall| -> Vec<_> {
        let nr = crate::number(abi, syscall).unwrap();
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
    assert_eq!(names(Compat, "pread64"), ["fd", "buf", "count", "pos", "-"]);
    assert_eq!(names(Native, "openat"), names(Compat, "openat"));
    let aarch64 = rows("aarch64").signature("sys_clone", sets_of("aarch64")).unwrap();
    assert_eq!(aarch64.parameters().iter().map(|one| one.name).collect::<Vec<_>>(), backwards);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn memory_of_pointers_has_direction_and_count() {
    use Count::{Argument, Fixed, One, Pointed, Result};
    use Direction::{In, InOut, Out};
    let memory = |abi, syscall, position: usize| {
        let nr = crate::number(abi, syscall).unwrap();
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
fn size_of_kind_is_none_for_captured_pointers() {
    let size = |kind, abi| Kind::parse(kind, sets_of("x86_64")).unwrap().size(abi);
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
fn arguments_of_open_have_mode_only_with_o_creat() {
    let open = rows("x86_64").signature("sys_open", sets_of("x86_64")).unwrap();
    let names = |flags| -> Vec<_> {
        open.arguments([1, flags, 0o644, 4, 5, 6]).map(|(one, n)| (one.name, n)).collect()
    };
    assert_eq!(names(0x41), [("filename", 1), ("flags", 0x41), ("mode", 0o644)]);
    assert_eq!(names(0x41_0001), [("filename", 1), ("flags", 0x41_0001), ("mode", 0o644)]);
    assert_eq!(names(0x1_0000), [("filename", 1), ("flags", 0x1_0000)]);
}

#[test]
fn signature_of_number_without_name_is_none() {
    for abi in Abi::ALL {
        assert_eq!(signature(Slot::new(abi, 511).unwrap()), None);
    }
}

#[test]
fn parse_malformed_columns_is_none() {
    let parse = |line| Prototype::parse(line, 0, &Prototype::default(), sets_of("x86_64"));
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
        "fd:int if",
        "fd:int if fd",
        "fd:int if no=3",
        "= no_kind",
    ] {
        assert_eq!(parse(line), None, "{line}");
    }
    assert_eq!(parse(""), Some(Prototype::default()));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn arguments_are_those_of_first_matching_case() {
    let signature = signature(Slot::new(Abi::Native, 157).unwrap()).unwrap();
    let names = |registers| -> Vec<_> {
        signature.arguments(registers).map(|(one, n)| (one.name, n)).collect()
    };
    // PR_SET_SECCOMP: strict, with a filter, unknown.
    assert_eq!(names([22, 1, 7, 8, 9, 0]), [("option", 22), ("arg2", 1)]);
    assert_eq!(names([22, 2, 7, 8, 9, 0]), [("option", 22), ("arg2", 2), ("arg3", 7)]);
    assert_eq!(names([22, 3, 7, 8, 9, 0]).len(), 5);
    // The kernel ignores the upper half of the register.
    assert_eq!(names([1 << 32 | 7, 1, 7, 8, 9, 0]), [("option", 1 << 32 | 7)]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn memory_of_pointers_depends_on_case() {
    use Direction::{In, InOut, Out};
    let last = |syscall, registers| {
        let nr = crate::number(Abi::Native, syscall).unwrap();
        let known = signature(Slot::new(Abi::Native, nr).unwrap()).unwrap();
        let (parameter, _) = known.arguments(registers).last().unwrap();
        parameter.memory.map(|memory| (memory.direction, parameter.kind))
    };
    let fcntl = |command| last("fcntl", [3, command, 0x1000, 0, 0, 0]);
    assert_eq!(fcntl(5), Some((InOut, Kind::Struct("flock"))));
    assert_eq!(fcntl(6), Some((In, Kind::Struct("flock"))));
    assert_eq!(fcntl(4), None);
    let ioctl = |command| last("ioctl", [3, command, 0x1000, 0, 0, 0]);
    assert_eq!(ioctl(0x5401), Some((Out, Kind::Struct("termios"))));
    assert_eq!(ioctl(0x5402), Some((In, Kind::Struct("termios"))));
    assert_eq!(ioctl(0xdead), None);
    let option = |level, name, length| {
        let nr = crate::number(Abi::Native, "setsockopt").unwrap();
        let known = signature(Slot::new(Abi::Native, nr).unwrap()).unwrap();
        let arguments: Vec<_> = known.arguments([3, level, name, 0x1000, length, 0]).collect();
        (arguments[3].0.kind, arguments[3].0.memory.unwrap().count)
    };
    let int = Kind::Pointer(&Kind::Signed(Width::Int));
    assert_eq!(option(1, 2, 4), (int, Count::One));
    assert_eq!(option(1, 2, 16), (Kind::Bytes, Count::Argument(4)));
    assert_eq!(option(1, 13, 8), (Kind::Sized("linger"), Count::Argument(4)));
    assert_eq!(option(999, 1, 4), (int, Count::One));
    assert_eq!(option(999, 1, 5), (Kind::Bytes, Count::Argument(4)));
}

#[test]
fn case_may_omit_parameter_and_replace_tested_one() {
    let sets = sets_of("x86_64");
    let text = "f\top:flags:futex\tval:uint\ttime:struct:timespec\nf(op=FUTEX_LOCK_PI)\t-\ttime:path\n\
        f(op=7)\top:hex\n";
    let signature = Rows::read(text, "x86_64").signature("f", sets).unwrap();
    let arguments = |registers| -> Vec<_> {
        signature.arguments(registers).map(|(one, n)| (one.name, one.kind, n)).collect()
    };
    let [op, val, time] = [0, 1, 2].map(|n| signature.parameters()[n]);
    assert_eq!(
        arguments([0, 2, 3, 4, 5, 6]),
        [(op.name, op.kind, 0), (val.name, val.kind, 2), (time.name, time.kind, 3)]
    );
    assert_eq!(arguments([6, 2, 3, 4, 5, 6]), [("op", op.kind, 6), ("time", Kind::Path, 3)]);
    assert_eq!(arguments([7, 2, 3, 4, 5, 6]), [("op", Kind::Hex(Width::Long), 7)]);
}

#[test]
fn condition_compares_bits_or_values() {
    let prototype = |test: &str| {
        let text = format!("mode:modes:filetype\tflags:flags:open\tx:int if {test}");
        Prototype::parse(text.leak(), 0, &Prototype::default(), sets_of("x86_64")).unwrap()
    };
    let passes = |test, mode, flags| {
        let registers = [mode, flags, 0, 0, 0, 0];
        prototype(test).with_positions(registers).count() == 3
    };
    assert!(passes("mode=S_IFCHR,S_IFBLK", 0o020_666, 0));
    assert!(passes("mode=S_IFCHR,S_IFBLK", 0o060_000, 0));
    assert!(!passes("mode=S_IFCHR,S_IFBLK", 0o100_666, 0));
    assert!(passes("flags&O_CREAT,O_TMPFILE", 0, 0x41));
    // The bits of O_DIRECTORY are in those of O_TMPFILE.
    assert!(!passes("flags&O_CREAT,O_TMPFILE", 0, 0x1_0000));
    assert!(passes("flags!O_CREAT,O_TMPFILE", 0, 0x1_0000));
    assert!(!passes("flags!O_CREAT,O_TMPFILE", 0, 0x40));
    assert!(!passes("never", 0, 0));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn result_kind_depends_on_call() {
    let result = |abi, syscall, registers| {
        let nr = crate::number(abi, syscall).unwrap();
        signature(Slot::new(abi, nr).unwrap()).unwrap().result(registers)
    };
    use Abi::{Compat, Native};
    assert_eq!(result(Native, "read", [0; 6]), Kind::Signed(Width::Long));
    for (abi, syscall) in [
        (Native, "mmap"),
        (Native, "mremap"),
        (Native, "brk"),
        (Native, "shmat"),
        (Compat, "mmap"),
        (Compat, "mmap2"),
        (Compat, "brk"),
    ] {
        assert_eq!(result(abi, syscall, [0; 6]), Kind::Hex(Width::Long), "{syscall}");
    }
    assert_eq!(result(Native, "umask", [0; 6]), Kind::Mode);
    assert_eq!(result(Native, "fcntl", [3, 0, 0, 0, 0, 0]), Kind::Signed(Width::Long));
    assert!(matches!(result(Native, "fcntl", [3, 3, 0, 0, 0, 0]), Kind::Flags(Width::Int, _)));
}

#[test]
fn inner_call_in_memory_has_count_of_its_signature() {
    let (rows, sets) = (rows("i386"), sets_of("i386"));
    let calls = |function| {
        let signature = rows.signature(function, sets).unwrap();
        let inner_calls = signature.cases.into_iter().map(|case| case.prototype.inner.unwrap());
        inner_calls.collect::<Vec<_>>()
    };
    let socketcalls = calls("compat_sys_socketcall");
    assert_eq!(socketcalls.len(), 20);
    for inner in socketcalls {
        let ArgumentSource::Memory(source) = inner.source else { panic!("{}", inner.name) };
        let parameters = source.signature.parameters().len();
        assert_eq!((source.position, usize::from(source.count)), (1, parameters), "{}", inner.name);
    }
    let names: BTreeSet<_> = calls("compat_sys_ipc").into_iter().map(|inner| inner.name).collect();
    assert_eq!(names.len(), 12);
}

#[test]
fn signature_with_malformed_inner_call_is_none() {
    let sets = sets_of("i386");
    let signature = |inner: &str| {
        let text = format!(
            "f\tcall:int\targs:address\nsys_g\ta:int\tb:int\nf(call=1)\targs:*uint[2]\t{inner}"
        );
        Rows::read(text.leak(), "i386").signature("f", sets)
    };
    for inner in ["as g(*args) sys_g", "as g(args)", "as g(args,call)"] {
        assert!(signature(inner).unwrap().cases()[0].prototype().inner().is_some(), "{inner}");
    }
    for inner in ["as g", "as g(x)", "as g(*args)", "as g(*args) sys_h", "as g(*call) sys_g"] {
        assert_eq!(signature(inner), None, "{inner}");
    }
}
