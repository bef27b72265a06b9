mod any;
mod kernel;
mod strace;

use super::{Number, register_number, register_value, result};
use crate::{Abi, Kind, Signature, Slot, Width, constant_set, name, number, signature};

const HOSTILE: [u64; 6] = [0, 1, u64::MAX, 0x8000_0000, 0xffff_ffff, 1 << 63];

fn text(kind: Kind, n: u64, abi: Abi) -> String {
    let mut out = String::new();
    register_value(kind, n, abi, &mut out);
    out
}

fn natively(kind: Kind) -> [String; 6] {
    HOSTILE.map(|n| text(kind, n, Abi::Native))
}

fn compat(kind: Kind) -> [String; 6] {
    HOSTILE.map(|n| text(kind, n, Abi::Compat))
}

fn open_flags() -> Kind {
    Kind::Flags(Width::Int, constant_set(Abi::Native, "open").unwrap())
}

#[test]
fn register_value_of_number_has_width_of_kind() {
    let int = ["0", "1", "-1", "-2147483648", "-1", "0"];
    assert_eq!(natively(Kind::Signed(Width::Int)), int);
    assert_eq!(compat(Kind::Signed(Width::Int)), int);
    assert_eq!(compat(Kind::Signed(Width::Long)), int);
    assert_eq!(
        natively(Kind::Signed(Width::Long)),
        ["0", "1", "-1", "2147483648", "4294967295", "-9223372036854775808"]
    );
    let uint = ["0", "1", "4294967295", "2147483648", "4294967295", "0"];
    assert_eq!(natively(Kind::Unsigned(Width::Int)), uint);
    assert_eq!(compat(Kind::Unsigned(Width::Long)), uint);
    assert_eq!(natively(Kind::Unsigned(Width::Long))[2], "18446744073709551615");
    let hex = ["0", "0x1", "0xffffffff", "0x80000000", "0xffffffff", "0"];
    assert_eq!(natively(Kind::Hex(Width::Int)), hex);
    assert_eq!(compat(Kind::Hex(Width::Long)), hex);
    assert_eq!(natively(Kind::Hex(Width::Long))[5], "0x8000000000000000");
}

#[test]
fn register_value_of_id_with_all_bits_is_minus_one() {
    let id = ["0", "1", "-1", "2147483648", "-1", "0"];
    assert_eq!(natively(Kind::Id(Width::Int)), id);
    assert_eq!(compat(Kind::Id(Width::Int)), id);
    assert_eq!(natively(Kind::Id(Width::Short)), ["0", "1", "-1", "0", "-1", "0"]);
    assert_eq!(text(Kind::Id(Width::Short), 0x1_fffe, Abi::Compat), "65534");
}

#[test]
fn register_value_of_flags_prints_unnamed_bits() {
    let all = text(open_flags(), u64::MAX, Abi::Native);
    assert!(all.starts_with("O_ACCMODE|O_CREAT|O_EXCL|O_NOCTTY|"), "{all}");
    assert!(all.ends_with("|O_PATH|O_TMPFILE|FASYNC|0xff80003c"), "{all}");
    assert_eq!(text(open_flags(), 0x1000_0000, Abi::Native), "O_RDONLY|0x10000000");
    assert_eq!(text(open_flags(), 0xffff_ffff_0000_0001, Abi::Native), "O_WRONLY");
    let prot = Kind::Flags(Width::Long, constant_set(Abi::Native, "prot").unwrap());
    assert_eq!(text(prot, 1 << 63 | 1, Abi::Native), "PROT_READ|0x8000000000000000");
    assert_eq!(text(prot, 1 << 63, Abi::Compat), "PROT_NONE");
    let at = Kind::Flags(Width::Int, constant_set(Abi::Native, "at").unwrap());
    assert_eq!(
        natively(at),
        [
            "0",
            "0x1 /* AT_??? */",
            &text(at, 0xffff_ffff, Abi::Native),
            "0x80000000 /* AT_??? */",
            &text(at, u64::MAX, Abi::Native),
            "0"
        ]
    );
}

#[test]
fn register_value_without_name_is_number() {
    let clock = Kind::Enum(Width::Int, constant_set(Abi::Native, "clock").unwrap());
    let hex = [
        "CLOCK_REALTIME",
        "CLOCK_MONOTONIC",
        "0xffffffff /* CLOCK_??? */",
        "0x80000000 /* CLOCK_??? */",
        "0xffffffff /* CLOCK_??? */",
        "CLOCK_REALTIME",
    ];
    assert_eq!(natively(clock), hex);
    assert_eq!(compat(clock), hex);
    assert_eq!(natively(Kind::Signal(Width::Int)), ["0", "SIGHUP", "-1", "-2147483648", "-1", "0"]);
    assert_eq!(text(Kind::Signal(Width::Int), 33, Abi::Native), "SIGRT_1");
}

#[test]
fn register_value_of_descriptor_mode_and_address() {
    assert_eq!(natively(Kind::Dirfd), ["0", "1", "-1", "-2147483648", "-1", "0"]);
    for n in [0xffff_ff9c, -100_i64 as u64, 0x1234_ffff_ff9c] {
        assert_eq!(text(Kind::Dirfd, n, Abi::Compat), "AT_FDCWD");
    }
    assert_eq!(natively(Kind::Mode), ["000", "001", "0177777", "000", "0177777", "000"]);
    assert_eq!(text(Kind::Mode, 0o644, Abi::Native), "0644");
    for kind in [Kind::Address, Kind::Path, Kind::String, Kind::Strings, Kind::Struct("stat")] {
        assert_eq!(natively(kind)[..3], ["NULL", "0x1", "0xffffffffffffffff"]);
        assert_eq!(compat(kind), ["NULL", "0x1", "0xffffffff", "0x80000000", "0xffffffff", "NULL"]);
    }
}

#[test]
fn register_number_is_none_for_other_kinds() {
    let number = |kind| register_number(kind, u64::MAX, Abi::Native);
    assert_eq!(number(Kind::Signed(Width::Int)), Some(Number::Signed(-1)));
    assert_eq!(number(Kind::Unsigned(Width::Long)), Some(Number::Unsigned(u64::MAX)));
    assert_eq!(number(Kind::Id(Width::Int)), Some(Number::Signed(-1)));
    for kind in
        [Kind::Dirfd, Kind::Mode, Kind::Signal(Width::Int), Kind::Address, Kind::Hex(Width::Int)]
    {
        assert_eq!(number(kind), None);
    }
}

#[test]
fn register_value_of_device_and_unknown_ioctl() {
    assert_eq!(text(Kind::Device, 0x1234_5678, Abi::Native), "makedev(0x456, 0x12378)");
    assert_eq!(text(Kind::Device, u64::MAX, Abi::Native), "makedev(0xfff, 0xfffff)");
    let commands = Kind::Ioctl(constant_set(Abi::Native, "ioctl").unwrap());
    assert_eq!(text(commands, 0x5499, Abi::Native), "_IOC(_IOC_NONE, 0x54, 0x99, 0)");
    assert_eq!(text(commands, 0x8fff_ffff, Abi::Native), "_IOC(_IOC_READ, 0xff, 0xff, 0xfff)");
    assert_eq!(text(commands, 0x4000_0000, Abi::Native), "_IOC(_IOC_WRITE, 0, 0, 0)");
    assert_eq!(text(commands, 0x5402, Abi::Native), "SNDCTL_TMR_START or TCSETS");
}
