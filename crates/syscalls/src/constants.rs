//! Named constants of the kernel: `constants.txt` in, the names of a value out. Never fails: a line
//! that is not understood is left out, and tests hold that there is none.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Abi;

/// Constants that one argument may be made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// These bits are one value; all others are flags.
    mask: u64,
    /// What a value without a name is called.
    unknown: Option<&'static str>,
    constants: Vec<Constant>,
    /// Bits that are a number.
    field: Option<Field>,
}

/// Bits of flags that are a number of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    symbol: &'static str,
    mask: u64,
    shift: u32,
}

/// A value under its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Constant {
    symbol: &'static str,
    value: u64,
}

/// The sets of one ABI, by name.
pub(super) type Sets = BTreeMap<&'static str, Set>;

/// The set of that name in that ABI.
pub fn set(abi: Abi, name: &str) -> Option<&'static Set> {
    sets(abi).get(name)
}

pub(super) fn sets(abi: Abi) -> &'static Sets {
    static SETS: LazyLock<[Sets; 2]> = LazyLock::new(|| Abi::ALL.map(|abi| of_abi(abi.name())));
    let [native, compat] = &*SETS;
    match abi {
        Abi::Native => native,
        Abi::Compat => compat,
    }
}

const TEXT: &str = include_str!("../tables/constants.txt");
const IOCTLS: &str = include_str!("../tables/ioctls.txt");

pub(super) fn of_abi(abi: &str) -> Sets {
    let mut sets = parse(TEXT, abi);
    sets.extend(parse(IOCTLS, abi));
    sets
}

impl Set {
    /// The name of exactly that value.
    pub fn symbol(&self, value: u64) -> Option<&'static str> {
        self.constants.iter().find(|constant| constant.value == value).map(|found| found.symbol)
    }

    /// The value of that name, which may be one of several.
    pub fn value(&self, symbol: &str) -> Option<u64> {
        let is_it = |constant: &&Constant| constant.symbol.split(" or ").any(|one| one == symbol);
        self.constants.iter().find(is_it).map(|found| found.value)
    }

    /// The bits that are one value; 0 if all are flags.
    pub fn mask(&self) -> u64 {
        self.mask
    }

    /// The number that certain bits of `value` are, and by what it is shifted; `None` if it is 0.
    pub fn field(&self, value: u64) -> Option<(u64, &'static str)> {
        let field = self.field.filter(|field| value & field.mask != 0)?;
        Some(((value & field.mask) >> field.shift, field.symbol))
    }

    /// The bits of that number.
    pub fn field_mask(&self) -> u64 {
        self.field.map_or(0, |field| field.mask)
    }

    /// What a value without a name is called in a comment: `F_???`.
    pub fn unknown(&self) -> Option<&'static str> {
        self.unknown
    }

    /// The bits that are one value, where that must have a name, but has none.
    pub fn unknown_choice(&self, value: u64) -> Option<u64> {
        let choice = value & self.mask;
        let is_due = self.mask != 0 && self.symbol(0).is_some();
        (is_due && self.symbol(choice).is_none()).then_some(choice)
    }

    /// Hands the names that `value` is made of to `each`, in their order; returns the bits that
    /// have none.
    pub fn symbols(&self, value: u64, mut each: impl FnMut(&'static str)) -> u64 {
        let mut rest = value;
        let mut is_choice_open = true;
        for constant in &self.constants {
            let taken = match constant.value {
                choice if self.is_choice(choice) => {
                    let is_it = is_choice_open && choice == value & self.mask;
                    is_choice_open &= !is_it;
                    is_it
                }
                0 => value == 0,
                flags => flags == rest & flags,
            };
            if taken {
                rest &= !constant.value;
                each(constant.symbol);
            }
        }
        rest
    }

    /// The constant of the highest value.
    pub fn highest(&self) -> Option<(&'static str, u64)> {
        let highest = self.constants.iter().max_by_key(|constant| constant.value)?;
        Some((highest.symbol, highest.value))
    }

    /// What all its names begin with, up to an underscore where there is one: `CLOCK_`, `POLL`.
    pub fn prefix(&self) -> &'static str {
        let first = self.constants.first().map_or("", |constant| constant.symbol);
        let common = self.constants.iter().fold(first, |common, constant| {
            let same = common.bytes().zip(constant.symbol.bytes()).take_while(|(a, b)| a == b);
            common.get(..same.count()).unwrap_or(common)
        });
        common.rfind('_').and_then(|end| common.get(..=end)).unwrap_or(common)
    }

    fn is_choice(&self, value: u64) -> bool {
        self.mask != 0 && value & !self.mask == 0
    }
}

/// The sets as that ABI has them.
fn parse(text: &'static str, abi: &str) -> Sets {
    let mut sets = Sets::new();
    let mut current = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, set)) = head(line) {
            current = Some(name);
            sets.insert(name, set);
            continue;
        }
        let Some(set) = current.and_then(|name| sets.get_mut(name)) else { continue };
        if let Some(field) = field(line) {
            set.field = Some(field);
        } else if let Some((abis, constant)) = member(line) {
            let is_of = abis.is_none_or(|abis| abis.split(',').any(|one| one == abi));
            set.constants.extend(is_of.then_some(constant));
        }
    }
    sets
}

/// `name: what it is` or `name/mask UNKNOWN: what it is`.
fn head(line: &'static str) -> Option<(&'static str, Set)> {
    let (head, _) = line.split_once(": ")?;
    let (name, unknown) = head.split_once(' ').map_or((head, None), |(n, u)| (n, Some(u)));
    let (name, mask) = match name.split_once('/') {
        Some((name, mask)) => (name, number(mask)?),
        None => (name, 0),
    };
    Some((name, Set { mask, unknown, constants: Vec::new(), field: None }))
}

/// `    SYMBOL value` or `    abi,abi/SYMBOL value`.
fn member(line: &'static str) -> Option<(Option<&'static str>, Constant)> {
    let (symbol, value) = line.strip_prefix("    ")?.rsplit_once(' ')?;
    let value = number(value)?;
    Some(match symbol.split_once('/') {
        Some((abis, symbol)) => (Some(abis), Constant { symbol, value }),
        None => (None, Constant { symbol, value }),
    })
}

/// `    SYMBOL mask<<shift`.
fn field(line: &'static str) -> Option<Field> {
    let (symbol, bits) = line.strip_prefix("    ")?.rsplit_once(' ')?;
    let (mask, shift) = bits.split_once("<<")?;
    let shift = shift.parse().ok()?;
    Some(Field { symbol, mask: number(mask)?.checked_shl(shift)?, shift })
}

/// Decimal, or hexadecimal after `0x`.
pub(super) fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const ABIS: [&str; 3] = ["x86_64", "i386", "aarch64"];

    fn told(set: &Set, value: u64) -> (Vec<&'static str>, u64) {
        let mut names = vec![];
        let rest = set.symbols(value, |name| names.push(name));
        (names, rest)
    }

    #[test]
    fn every_line_is_a_head_a_member_or_a_comment() {
        let odd = |line: &&'static str| {
            let is_other = line.is_empty() || line.starts_with('#');
            !is_other && head(line).is_none() && member(line).is_none() && field(line).is_none()
        };
        assert_eq!(TEXT.lines().chain(IOCTLS.lines()).find(odd), None);
        let lines = || TEXT.lines().chain(IOCTLS.lines()).filter(|line| !line.starts_with('#'));
        let heads: Vec<_> = lines().filter_map(head).map(|(name, _)| name).collect();
        assert_eq!(heads.iter().collect::<BTreeSet<_>>().len(), heads.len());
        let abis = lines().filter_map(member).filter_map(|(abis, _)| abis);
        assert_eq!(abis.flat_map(|abis| abis.split(',')).find(|abi| !ABIS.contains(abi)), None);
    }

    #[test]
    fn symbols_are_plain_and_unique_within_their_set() {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_ ()".contains(&b);
        for abi in ABIS {
            for (name, set) in of_abi(abi) {
                assert!(!set.constants.is_empty(), "{abi} {name}");
                let symbols: BTreeSet<_> = set.constants.iter().map(|one| one.symbol).collect();
                assert_eq!(symbols.len(), set.constants.len(), "{abi} {name}");
                assert!(symbols.iter().all(|symbol| symbol.bytes().all(plain)), "{abi} {name}");
            }
        }
    }

    /// What no value would ever be called by is of no use: it stands behind one that hides it.
    #[test]
    fn every_constant_names_its_own_value() {
        let mut hidden = vec![];
        for abi in ABIS {
            for (name, set) in of_abi(abi) {
                let is_hidden = |one: &&Constant| set.symbol(one.value) != Some(one.symbol);
                hidden.extend(set.constants.iter().filter(is_hidden).map(|one| (name, one.symbol)));
            }
        }
        assert_eq!(hidden, []);
    }

    #[test]
    fn values_are_taken_apart() {
        let sets = parse(TEXT, "x86_64");
        let (open, clone, prot) = (&sets["open"], &sets["clone"], &sets["prot"]);
        assert_eq!(told(open, 0), (vec!["O_RDONLY"], 0));
        assert_eq!(told(open, 0x8_0241), (vec!["O_WRONLY", "O_CREAT", "O_TRUNC", "O_CLOEXEC"], 0));
        assert_eq!(told(open, 3), (vec!["O_ACCMODE"], 0));
        assert_eq!(told(open, 0x41_0002), (vec!["O_RDWR", "O_TMPFILE"], 0));
        assert_eq!(told(open, 0x10_1000), (vec!["O_RDONLY", "O_SYNC"], 0));
        assert_eq!(told(open, 0x1000_0000), (vec!["O_RDONLY"], 0x1000_0000));
        assert_eq!(told(clone, 0x4111), (vec!["CLONE_VM", "CLONE_VFORK", "SIGCHLD"], 0));
        assert_eq!(told(clone, 0), (vec![], 0));
        assert_eq!(told(prot, 0), (vec!["PROT_NONE"], 0));
        assert_eq!(told(prot, 3), (vec!["PROT_READ", "PROT_WRITE"], 0));
        assert_eq!(told(prot, u64::MAX).1, !0x0300_000f);
    }

    #[test]
    fn names_of_a_set_have_a_beginning() {
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
    fn abis_differ() {
        let symbol = |abi, set: &str, value| of_abi(abi)[set].symbol(value);
        assert_eq!(
            ABIS.map(|abi| symbol(abi, "open", 0x4000)),
            [Some("O_DIRECT"), Some("O_DIRECT"), Some("O_DIRECTORY")]
        );
        let flags = ABIS.map(|abi| symbol(abi, "ioctl", 0x8008_6601));
        assert_eq!(flags, [Some("FS_IOC_GETFLAGS"), None, Some("FS_IOC_GETFLAGS")]);
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        let sets = parse("    A 1\nset: x\n    B two\n    C 3\n C 4\nother/z: x\n", "x86_64");
        assert_eq!(sets.keys().collect::<Vec<_>>(), [&"set"]);
        assert_eq!(sets["set"].constants, [Constant { symbol: "C", value: 3 }]);
    }
}
