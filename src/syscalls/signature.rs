//! What the arguments of a syscall are: `signatures.tsv` in, the parameters of a slot out. Never
//! fails: what is not understood is left out, and tests hold that there is nothing of that kind.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::constants::{Set, Sets, sets};
use super::{Abi, Slot, table};

/// The parameters of one syscall, in order; six at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(Vec<Parameter>);

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Lower case, `[a-z0-9_]`.
    pub name: &'static str,
    /// How its register is read.
    pub kind: Kind,
}

/// What stands in a register; `signatures.tsv` describes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Signed(Width),
    Unsigned(Width),
    Hex(Width),
    Flags(Width, &'static Set),
    Enum(Width, &'static Set),
    Dirfd,
    Mode,
    /// A mode that is passed only if the open flags before it make a file.
    Newmode,
    /// A user or a group; all bits set is none.
    Id(Width),
    Signal,
    Address,
    Path,
    String,
    Strings,
    /// The structure's name.
    Struct(&'static str),
}

/// How much of a register counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// 16 bits: the ids of old calls.
    Short,
    /// 32 bits.
    Int,
    /// All that the ABI's registers have.
    Long,
}

/// The arguments of that syscall; `None` for a number without a name, and where no kernel has it.
pub fn signature(slot: Slot) -> Option<&'static Signature> {
    static SIGNATURES: LazyLock<[Vec<Option<Signature>>; 2]> =
        LazyLock::new(|| Abi::ALL.map(of_abi));
    let [native, compat] = &*SIGNATURES;
    let signatures = match slot.abi() {
        Abi::Native => native,
        Abi::Compat => compat,
    };
    signatures.get(usize::from(slot.nr()))?.as_ref()
}

const TEXT: &str = include_str!("signatures.tsv");

/// `O_CREAT`, and the bit of `O_TMPFILE` that no other flag has; the same on all ABIs.
const MAKES_FILE: u64 = 0x40_0040;

impl Signature {
    /// In the order in which they are passed.
    pub fn parameters(&self) -> &[Parameter] {
        &self.0
    }

    /// Each parameter that was passed, with its register.
    pub fn arguments(&self, registers: [u64; 6]) -> impl Iterator<Item = (Parameter, u64)> {
        let mut before = 0;
        let with_register = self.0.iter().copied().zip(registers);
        with_register.filter(move |(parameter, register)| {
            let flags = std::mem::replace(&mut before, *register);
            parameter.kind != Kind::Newmode || flags & MAKES_FILE != 0
        })
    }
}

impl Kind {
    fn parse(text: &'static str, sets: &'static Sets) -> Option<Self> {
        let (word, of) = text.split_once(':').unwrap_or((text, ""));
        let set = || sets.get(of);
        Some(match word {
            "flags" => Self::Flags(Width::Int, set()?),
            "longflags" => Self::Flags(Width::Long, set()?),
            "enum" => Self::Enum(Width::Int, set()?),
            "longenum" => Self::Enum(Width::Long, set()?),
            "struct" if !of.is_empty() => Self::Struct(of),
            _ if word.len() < text.len() => return None,
            "int" | "fd" | "pid" => Self::Signed(Width::Int),
            "long" | "offset" => Self::Signed(Width::Long),
            "uint" => Self::Unsigned(Width::Int),
            "ulong" | "size" => Self::Unsigned(Width::Long),
            "hexint" => Self::Hex(Width::Int),
            "hex" => Self::Hex(Width::Long),
            "dirfd" => Self::Dirfd,
            "mode" => Self::Mode,
            "newmode" => Self::Newmode,
            "uid" | "gid" => Self::Id(Width::Int),
            "uid16" | "gid16" => Self::Id(Width::Short),
            "signal" => Self::Signal,
            "address" => Self::Address,
            "path" => Self::Path,
            "string" => Self::String,
            "strings" => Self::Strings,
            _ => return None,
        })
    }
}

fn of_abi(abi: Abi) -> Vec<Option<Signature>> {
    let lines = lines(abi.name());
    let table = table(abi);
    let of_nr = |nr| {
        let mut functions = table.functions(nr);
        parse(functions.find_map(|function| lines.get(function))?, sets(abi))
    };
    (0..super::slot::ABI_SLOTS).map(of_nr).collect()
}

/// What follows each function, as that ABI has it.
fn lines(abi: &str) -> HashMap<&'static str, &'static str> {
    let rows = || TEXT.lines().filter(|line| !line.starts_with('#')).map(row);
    let common = rows().filter(|(function, _)| !function.contains('/'));
    let own = rows().filter_map(|(function, rest)| {
        let (of, function) = function.split_once('/')?;
        (of == abi).then_some((function, rest))
    });
    // The later of two wins.
    common.chain(own).collect()
}

fn row(line: &'static str) -> (&'static str, &'static str) {
    line.split_once('\t').unwrap_or((line, ""))
}

fn parse(line: &'static str, sets: &'static Sets) -> Option<Signature> {
    let cells = line.split('\t').filter(|cell| !cell.is_empty());
    let parameters = cells.map(|cell| {
        let (name, kind) = cell.split_once(':')?;
        Some(Parameter { name, kind: Kind::parse(kind, sets)? })
    });
    parameters.collect::<Option<_>>().map(Signature)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::syscalls::{constants, table::Table};

    const ABIS: [(&str, &str); 3] = [
        ("x86_64", include_str!("x86_64.tsv")),
        ("i386", include_str!("i386.tsv")),
        ("aarch64", include_str!("aarch64.tsv")),
    ];

    fn leaked(abi: &str) -> &'static Sets {
        let text = include_str!("constants.txt");
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
        let words =
            TEXT.lines().flat_map(|line| line.split('\t')).flat_map(|c| c.rsplit(':').next());
        let mut used: BTreeSet<_> = words.collect();
        used.extend(super::super::structs::TEXT.split([' ', '\n', ':', '+']));
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
        for line in ["fd", "fd:no_kind", "fd:enum:no_set", "fd:int:open", "fd:struct:"] {
            assert_eq!(parse(line, sets), None, "{line}");
        }
        assert_eq!(parse("", sets), Some(Signature(vec![])));
    }
}
