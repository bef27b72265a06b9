mod cases;
mod tables;

use super::*;
use crate::constants::{self, Sets};
use crate::table::Table;

const TEXT: &str = include_str!("../../tables/signatures.tsv");

const ABIS: [(&str, &str); 5] = [
    ("x86_64", include_str!("../../tables/x86_64.tsv")),
    ("i386", include_str!("../../tables/i386.tsv")),
    ("aarch64", include_str!("../../tables/aarch64.tsv")),
    ("arm", include_str!("../../tables/arm.tsv")),
    ("x86_64", include_str!("../../tables/io_uring.tsv")),
];

fn sets_of(abi: &str) -> &'static Sets {
    Box::leak(Box::new(constants::sets_of(abi)))
}

fn rows(abi: &str) -> Rows {
    Rows::read(TEXT, abi)
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
    let sizes = |kind| Abi::BOTH.map(|abi| size(kind, abi));
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
fn signature_of_number_without_name_is_none() {
    for abi in Abi::BOTH {
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
    assert_eq!(result(Native, "fcntl", [3, 0, 0, 0, 0, 0]), Kind::Fd);
    assert_eq!(result(Native, "fcntl", [3, 8, 0, 0, 0, 0]), Kind::Signed(Width::Long));
    assert!(matches!(result(Native, "fcntl", [3, 3, 0, 0, 0, 0]), Kind::Flags(Width::Int, _)));
}
