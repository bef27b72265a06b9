use std::collections::BTreeSet;

use super::parse::{field, header, member, parse};
use super::set::Constant;
use super::*;

const ABIS: [&str; 4] = ["x86_64", "i386", "aarch64", "arm"];

fn symbols(set: &ConstantSet, value: u64) -> (Vec<&'static str>, u64) {
    let mut names = vec![];
    let rest = set.symbols(value, |name| names.push(name));
    (names, rest)
}

#[test]
fn parse_reads_every_line_of_files() {
    let odd = |line: &&'static str| {
        let is_other = line.is_empty() || line.starts_with('#');
        !is_other && header(line).is_none() && member(line).is_none() && field(line).is_none()
    };
    assert_eq!(TEXT.lines().chain(IOCTLS.lines()).find(odd), None);
    let lines = || TEXT.lines().chain(IOCTLS.lines()).filter(|line| !line.starts_with('#'));
    let headers: Vec<_> = lines().filter_map(header).map(|(name, _)| name).collect();
    assert_eq!(headers.iter().collect::<BTreeSet<_>>().len(), headers.len());
    let abis = lines().filter_map(member).filter_map(|(abis, _)| abis);
    assert_eq!(abis.flat_map(|abis| abis.split(',')).find(|abi| !ABIS.contains(abi)), None);
}

#[test]
fn symbols_of_files_are_unique_within_their_set() {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_ ()<|".contains(&b);
    for abi in ABIS {
        for (name, set) in sets_of(abi) {
            assert!(!set.constants.is_empty(), "{abi} {name}");
            let symbols: BTreeSet<_> = set.constants.iter().map(|one| one.symbol).collect();
            assert_eq!(symbols.len(), set.constants.len(), "{abi} {name}");
            assert!(symbols.iter().all(|symbol| symbol.bytes().all(plain)), "{abi} {name}");
        }
    }
}

/// A constant behind another one with the same value would never be printed.
#[test]
fn symbol_of_each_value_is_its_own() {
    let mut hidden = vec![];
    for abi in ABIS {
        for (name, set) in sets_of(abi) {
            let is_hidden = |one: &&Constant| set.symbol(one.value) != Some(one.symbol);
            hidden.extend(set.constants.iter().filter(is_hidden).map(|one| (name, one.symbol)));
        }
    }
    assert_eq!(hidden, []);
}

#[test]
fn symbols_splits_value_into_names_and_rest() {
    let sets = parse(TEXT, "x86_64");
    let (open, clone, prot) = (&sets["open"], &sets["clone"], &sets["prot"]);
    assert_eq!(symbols(open, 0), (vec!["O_RDONLY"], 0));
    assert_eq!(symbols(open, 0x8_0241), (vec!["O_WRONLY", "O_CREAT", "O_TRUNC", "O_CLOEXEC"], 0));
    assert_eq!(symbols(open, 3), (vec!["O_ACCMODE"], 0));
    assert_eq!(symbols(open, 0x41_0002), (vec!["O_RDWR", "O_TMPFILE"], 0));
    assert_eq!(symbols(open, 0x10_1000), (vec!["O_RDONLY", "O_SYNC"], 0));
    assert_eq!(symbols(open, 0x1000_0000), (vec!["O_RDONLY"], 0x1000_0000));
    assert_eq!(symbols(clone, 0x4111), (vec!["CLONE_VM", "CLONE_VFORK", "SIGCHLD"], 0));
    assert_eq!(symbols(clone, 0), (vec![], 0));
    assert_eq!(symbols(prot, 0), (vec!["PROT_NONE"], 0));
    assert_eq!(symbols(prot, 3), (vec!["PROT_READ", "PROT_WRITE"], 0));
    assert_eq!(symbols(prot, u64::MAX).1, !0x0300_000f);
}

/// The kernel drops the magic of mount, whose bits would otherwise be most of its flags.
#[test]
fn symbols_number_in_mask_is_no_flag() {
    let sets = parse(TEXT, "x86_64");
    let (mount, mark, attr) = (&sets["mount"], &sets["fanotify_mark"], &sets["mount_attr"]);
    assert_eq!(symbols(mount, 0xc0ed_0001), (vec!["MS_MGC_VAL", "MS_RDONLY"], 0));
    assert_eq!(symbols(mount, 0xc0ed_8020), (vec!["MS_MGC_VAL", "MS_REMOUNT", "MS_SILENT"], 0));
    assert_eq!(symbols(mount, 0x4_0000), (vec!["MS_PRIVATE"], 0));
    assert_eq!((mount.flags_of(0xc0ed_0021), mount.flags_of(0x4_0021)), (0x21, 0x4_0021));
    assert_eq!(symbols(mark, 0x111), (vec!["FAN_MARK_ADD", "FAN_MARK_MNTNS"], 0));
    assert_eq!(symbols(mark, 0x101), (vec!["FAN_MARK_ADD", "FAN_MARK_FILESYSTEM"], 0));
    assert_eq!(symbols(attr, 0xf0), (vec!["MOUNT_ATTR__ATIME", "MOUNT_ATTR_NODIRATIME"], 0));
    assert_eq!(symbols(attr, 0x50), (vec![], 0x50));
}

#[test]
fn prefix_and_highest_of_sets() {
    let sets = parse(TEXT, "x86_64");
    let prefix = |name| sets[name].prefix();
    assert_eq!(
        ["clock", "poll", "at", "mq_flag", "fstype"].map(prefix),
        ["CLOCK_", "POLL", "AT_", "O_", ""]
    );
    assert_eq!(parse("s: x\n    A_B 1\n    A_B_C 2\n", "x86_64")["s"].prefix(), "A_");
    assert_eq!(sets["timer"].highest(), Some(("TIMER_ABSTIME", 1)));
    assert_eq!(sets["l2cap_cid"].highest(), Some(("L2CAP_CID_DYN_START", 0x40)));
    assert_eq!((sets["open"].mask(), sets["at"].mask()), (3, 0));
}

#[test]
fn symbol_depends_on_abi() {
    let symbol = |abi, set: &str, value| sets_of(abi)[set].symbol(value);
    assert_eq!(
        ABIS.map(|abi| symbol(abi, "open", 0x4000)),
        [Some("O_DIRECT"), Some("O_DIRECT"), Some("O_DIRECTORY"), Some("O_DIRECTORY")]
    );
    let flags = ABIS.map(|abi| symbol(abi, "ioctl", 0x8008_6601));
    assert_eq!(flags, [Some("FS_IOC_GETFLAGS"), None, Some("FS_IOC_GETFLAGS"), None]);
}

#[test]
fn parse_skips_malformed_lines() {
    let sets = parse("    A 1\nset: x\n    B two\n    C 3\n C 4\nother/z: x\n", "x86_64");
    assert_eq!(sets.keys().collect::<Vec<_>>(), [&"set"]);
    assert_eq!(
        sets["set"].constants,
        [Constant { symbol: "C", value: 3, mask: None, is_ignored: false }]
    );
}
