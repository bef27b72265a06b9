use std::collections::{BTreeMap, BTreeSet};

use super::{MemberKind, Structure, Structures, TEXT, header, is_one_of, layout::Layout, parse};
use crate::constants::{self, Sets};

const ABIS: [&str; 4] = ["x86_64", "i386", "aarch64", "arm"];

fn sets_of(abi: &str) -> &'static Sets {
    Box::leak(Box::new(constants::sets_of(abi)))
}

fn structures_of(abi: &str) -> Structures {
    parse(TEXT, abi, sets_of(abi))
}

#[test]
fn parse_reads_every_line_of_file() {
    for abi in ABIS {
        let (sets, structures) = (sets_of(abi), structures_of(abi));
        let mut layout = None;
        for line in TEXT.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some((abis, name, is_list)) = header(line) {
                let has_abi = abis.is_none_or(|abis| is_one_of(abis, abi));
                assert!(!has_abi || structures.contains_key(name), "{abi} {name}");
                layout = has_abi.then(|| Layout::new(abi, is_list));
            } else if let Some(layout) = &mut layout {
                assert!(layout.line(line, abi, sets, &structures), "{abi}: {line}");
            }
        }
    }
}

#[test]
fn structures_are_unique_within_an_abi() {
    for abi in ABIS {
        let headers = TEXT.lines().filter(|line| !line.starts_with('#')).filter_map(header);
        let headers = headers.filter(|(abis, ..)| abis.is_none_or(|abis| is_one_of(abis, abi)));
        let mut names = BTreeSet::new();
        for (_, name, _) in headers {
            assert!(names.insert(name), "{abi} {name}");
        }
    }
}

/// Structures that the signatures of an ABI refer to.
fn named(abi: &str) -> BTreeSet<&'static str> {
    let table = crate::table::Table::parse(match abi {
        "x86_64" => include_str!("../../tables/x86_64.tsv"),
        "i386" => include_str!("../../tables/i386.tsv"),
        "aarch64" => include_str!("../../tables/aarch64.tsv"),
        _ => include_str!("../../tables/arm.tsv"),
    });
    let functions: BTreeSet<_> = table.rows().flat_map(|(nr, _)| table.functions(nr)).collect();
    let lines =
        include_str!("../../tables/signatures.tsv").lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter(|line| {
        let head = line.split(['\t', '(']).next().unwrap();
        head.split(',').any(|function| {
            let (line_abi, function) = function.split_once('/').unwrap_or((abi, function));
            line_abi == abi && functions.contains(function)
        })
    });
    let cells = lines.flat_map(|line| line.split('\t').skip(1));
    let kinds = cells.filter_map(|cell| Some(cell.split_once(':')?.1));
    kinds
        .filter_map(|kind| kind.strip_prefix("struct:").or(kind.strip_prefix("sized:")))
        .map(|rest| rest.split(['[', ' ']).next().unwrap())
        .collect()
}

#[test]
fn structures_of_signatures_have_layouts() {
    for abi in ABIS {
        let structures = structures_of(abi);
        let missing: Vec<_> =
            named(abi).into_iter().filter(|name| !structures.contains_key(name)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "{abi}");
    }
}

#[test]
fn conditions_refer_to_members_with_numbers() {
    for abi in ABIS {
        for (name, structure) in structures_of(abi) {
            let bytes = vec![0; structure.size()];
            for member in &structure.members {
                for condition in &member.conditions {
                    let number = structure.number(&bytes, condition.name());
                    assert!(number.is_some(), "{abi} {name}: {}", condition.name());
                }
            }
        }
    }
}

/// Sizes of structures that headers for programs do not have, or have otherwise (the others are compared with
/// the headers in `tests/headers`): on x86_64 and i386, 0 if the ABI does not have the structure.
const SIZES: &[(&str, usize, usize)] = &[
    ("landlock_ruleset_attr", 24, 24),
    ("perf_event_attr", 136, 136),
    ("rseq", 32, 32),
    ("timespec32", 8, 8),
    ("timeval32", 8, 8),
    ("itimerspec32", 16, 16),
    ("itimerval32", 16, 16),
    ("utimbuf32", 8, 8),
    ("timex32", 128, 128),
    ("sigaction", 32, 20),
    ("compat_sigaction", 0, 20),
    ("compat_old_sigaction", 0, 16),
    ("aio_sigset", 16, 8),
    ("ustat", 32, 20),
    ("compat_ustat", 0, 20),
    ("sockaddr_AF_IPX", 16, 16),
    ("mnt_id_req", 32, 32),
    ("ns_id_req", 32, 32),
    ("statmount", 512, 512),
    ("xattr_args", 16, 16),
    ("file_attr", 24, 24),
    ("lsm_ctx", 32, 32),
    ("cachestat_range", 16, 16),
    ("cachestat", 40, 40),
    ("sigset", 8, 8),
    ("getcpu_cache", 128, 64),
    ("landlock_net_port_attr", 16, 16),
    ("ptrace_syscall_info", 88, 84),
];

#[test]
fn size_is_that_of_the_kernel() {
    let (native, compat) = (structures_of("x86_64"), structures_of("i386"));
    let size = |structures: &Structures, name| structures.get(name).map_or(0, Structure::size);
    let ours = |name| (name, size(&native, name), size(&compat, name));
    let wrong: Vec<_> =
        SIZES.iter().filter(|row| ours(row.0) != **row).map(|row| (ours(row.0), row)).collect();
    assert_eq!(wrong, []);
}

#[test]
fn size_on_aarch64_differs() {
    let structures = structures_of("aarch64");
    for (name, size) in [("stat", 128), ("epoll_event", 16), ("semid_ds", 88), ("statfs", 120)] {
        assert_eq!(structures[name].size(), size, "{name}");
    }
}

#[test]
fn offsets_follow_c_rules_of_abi() {
    let text = "inner: x\n    a u8\n    b u64\nouter: x\n    a u16\n    i386/only int\n    \
                b struct:inner\n    c u8[3]\n    d hex at:b\n    -e u64 unaligned\n";
    let offsets = |abi: &str| -> Vec<_> {
        let structures: BTreeMap<_, _> = parse(text, abi, sets_of(abi));
        let outer = &structures["outer"];
        let members = outer.members.iter().map(|one| (one.name, one.offset, one.width));
        members.chain([("", outer.size(), 0)]).collect()
    };
    assert_eq!(
        offsets("x86_64"),
        [("a", 0, 2), ("b", 8, 16), ("c", 24, 1), ("d", 8, 8), ("e", 27, 8), ("", 40, 0)]
    );
    assert_eq!(
        offsets("i386"),
        [
            ("a", 0, 2),
            ("only", 4, 4),
            ("b", 8, 12),
            ("c", 20, 1),
            ("d", 8, 4),
            ("e", 23, 8),
            ("", 32, 0)
        ]
    );
}

#[test]
fn number_reads_member_at_its_offset() {
    let structures = parse(
        "s: x\n    a u8\n    b u16\n    c bits:4:8\n    d struct:s\n",
        "x86_64",
        sets_of("x86_64"),
    );
    let s = &structures["s"];
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "a"), Some(1));
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "b"), Some(0x1234));
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "c"), Some(0x23));
    assert_eq!(s.number(&[1, 0, 0x34], "b"), None);
    assert_eq!(s.number(&[1, 0, 0x34, 0x12], "d"), None);
    assert_eq!(s.members().len(), 3, "a structure cannot contain itself");
}

/// strace prints only the address of these.
#[test]
fn opaque_structures_are_those_of_strace() {
    let structures = structures_of("x86_64");
    let opaque = structures.iter().filter(|(_, one)| one.is_opaque()).map(|(name, _)| *name);
    let expected = [
        "bpf_attr",
        "getcpu_cache",
        "ifconf",
        "ifreq",
        "linux_dirent",
        "linux_dirent64",
        "old_utsname",
        "oldold_utsname",
        "robust_list_head",
        "rseq",
        "siginfo_none",
        "statmount",
        "ustat",
    ];
    assert_eq!(opaque.collect::<Vec<_>>(), expected);
}

#[test]
fn parse_skips_malformed_lines() {
    let text = "    a int\ns: x\n    a no_kind\n    b flags:no_set\n    c\n    d int if:\n    \
                e int x\n    f struct:none\n    g int at:none\n    h int[x]\n    i int\n";
    let structures = parse(text, "x86_64", sets_of("x86_64"));
    let names: Vec<_> = structures["s"].members.iter().map(|member| member.name).collect();
    assert_eq!(names, ["i"]);
    assert!(matches!(structures["s"].members[0].kind, MemberKind::Plain(_)));
}
