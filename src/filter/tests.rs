use syscalls::{Abi, number};

use super::*;
use crate::config::{Comparison, Ids, Part, UnitName, Word};

fn slot(name: &str) -> Slot {
    Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap()
}

fn of_openat(filters: Vec<Filter>) -> Result<Program, String> {
    compile(slot("openat"), filters.iter().map(|filter| (filter, Effect::Record)))
}

fn ids(from: u32, to: u32, is_excluded: bool) -> Ids {
    Ids { range: from..=to, is_excluded }
}

fn uid(from: u64, to: u64) -> Op {
    Op::Within { number: Number::Uid, from, to }
}

#[test]
fn compile_jumps_forward_to_accepting_rule() {
    let users = Some(vec![ids(1000, 1999, false), ids(1500, 1500, true), ids(7, 7, false)]);
    let program = of_openat(vec![
        Filter { uid: users, ..Filter::default() },
        Filter { container: Some(false), ..Filter::default() },
    ]);
    let insn = |op, jt, jf| Insn { op, jt, jf };
    let (next, rule) = (Next::Insn, Next::Accept);
    assert_eq!(
        program.unwrap(),
        Program {
            first: next(0),
            insns: vec![
                insn(uid(1000, 1999), next(2), next(1)),
                insn(uid(7, 7), next(2), next(3)),
                insn(uid(1500, 1500), next(3), rule(0)),
                insn(Op::Container { or_unknown: false }, Next::Reject, rule(1)),
            ],
            patterns: vec![],
            paths: vec![],
            files: Files::default(),
        }
    );
}

#[test]
fn compile_empty_filter_accepts_all() {
    let program = of_openat(vec![Filter::default()]).unwrap();
    assert_eq!((program.first, program.insns.len()), (Next::Accept(0), 0));
}

fn argument(argument: &str, test: Comparison) -> Filter {
    let condition = Condition { argument: argument.to_owned(), comparison: test };
    Filter { argument: Some(vec![condition]), ..Filter::default() }
}

fn what(filter: Filter) -> Op {
    of_openat(vec![filter]).unwrap().insns.remove(0).op
}

#[test]
fn compile_compares_arguments_by_type() {
    let is = |name, value| what(argument(name, Comparison::Equals { value, is_negated: false }));
    let cwd = (-100_i64) as u64 ^ 1 << 63;
    let number = |position, width| Number::Argument { position, width };
    let expected = Op::Within { number: number(0, Width::Signed32), from: cwd, to: cwd };
    assert_eq!(is("dfd", Word::Name("AT_FDCWD".into())), expected);
    let expected = Op::Within { number: number(2, Width::Unsigned32), from: 2, to: 2 };
    assert_eq!(is("flags", Word::Number(2)), expected);
    let bits = vec![Word::Name("O_CREAT".into()), Word::Name("O_TRUNC".into())];
    let masks = Comparison::Masks { bits, is_negated: false };
    assert_eq!(what(argument("flags", masks)), Op::Bits { position: 2, bits: 0x240 });
}

/// Runs the instructions of one condition on the value of its argument, as the kernel does.
fn holds(program: &Program, register: u64) -> bool {
    let mut next = program.first;
    while let Next::Insn(at) = next {
        let insn = &program.insns[at];
        let is_true = match &insn.op {
            Op::Bits { bits, .. } => register & bits != 0,
            Op::Within { number: Number::Argument { width, .. }, from, to } => {
                let value = match width {
                    Width::Whole | Width::Signed => register,
                    Width::Unsigned32 => register & 0xffff_ffff,
                    Width::Signed32 => i64::from(register as u32 as i32) as u64,
                };
                let is_signed = matches!(width, Width::Signed | Width::Signed32);
                (*from..=*to).contains(&(value ^ u64::from(is_signed) << 63))
            }
            other => panic!("{other:?}"),
        };
        next = if is_true { insn.jt } else { insn.jf };
    }
    next == Next::Accept(0)
}

/// Returns those of the values for which a condition on an argument of `syscall` holds.
fn matching(syscall: &str, condition: &str, values: &[u64]) -> Vec<u64> {
    let condition = crate::config::condition(condition);
    let filter = Filter { argument: Some(vec![condition]), ..Filter::default() };
    let program = compile(slot(syscall), [(&filter, Effect::Record)].into_iter()).unwrap();
    values.iter().copied().filter(|value| holds(&program, *value)).collect()
}

#[test]
fn compile_compares_names_of_numbers_under_their_mask() {
    const CLOEXEC: u64 = 0x80000;
    let types = [1, 2, 3, 3 | CLOEXEC, 5, 1 | CLOEXEC, 0x800 | 3];
    for (condition, expected) in [
        ("type = SOCK_RAW", vec![3, 3 | CLOEXEC, 0x800 | 3]),
        ("type != SOCK_RAW", vec![1, 2, 5, 1 | CLOEXEC]),
        ("type & SOCK_RAW", vec![3, 3 | CLOEXEC, 0x800 | 3]),
        ("type & SOCK_RAW|SOCK_DGRAM", vec![2, 3, 3 | CLOEXEC, 0x800 | 3]),
        ("type & SOCK_STREAM|SOCK_CLOEXEC", vec![1, 3 | CLOEXEC, 1 | CLOEXEC]),
        ("type !& SOCK_RAW|SOCK_CLOEXEC", vec![1, 2, 5]),
        // A number is that of the whole argument.
        ("type = 3", vec![3]),
        ("type & 4", vec![5]),
    ] {
        assert_eq!(matching("socket", condition, &types), expected, "{condition}");
    }
    let flags = [0, 1, 2, 0x40, 0x41, CLOEXEC];
    let read = vec![0, 0x40, CLOEXEC];
    assert_eq!(matching("openat", "flags = O_RDONLY", &flags), read);
    assert_eq!(matching("openat", "flags & O_RDONLY", &flags), read);
    assert_eq!(matching("openat", "flags & O_WRONLY|O_RDWR", &flags), [1, 2, 0x41]);
}

/// The kernel drops the number that programs for Linux before 2.4 had to pass, bits of which are flags now.
#[test]
fn compile_ignores_magic_number_of_mount() {
    const MAGIC: u64 = 0xc0ed_0000;
    const PRIVATE: u64 = 1 << 18;
    let flags = [0, 1, PRIVATE, MAGIC, MAGIC | 1, MAGIC | 0x1000];
    for (condition, expected) in [
        ("flags & MS_PRIVATE", vec![PRIVATE]),
        ("flags & MS_PRIVATE|MS_RDONLY", vec![1, PRIVATE, MAGIC | 1]),
        ("flags !& MS_PRIVATE", vec![0, 1, MAGIC, MAGIC | 1, MAGIC | 0x1000]),
        ("flags = 0", vec![0, MAGIC]),
        ("flags = MS_RDONLY", vec![1, MAGIC | 1]),
        ("flags <= 1", vec![0, 1, MAGIC, MAGIC | 1]),
        ("flags > 0xffff", vec![PRIVATE]),
        ("flags & MS_MGC_VAL", vec![MAGIC, MAGIC | 1, MAGIC | 0x1000]),
    ] {
        assert_eq!(matching("mount", condition, &flags), expected, "{condition}");
    }
}

#[test]
fn compile_compares_users_as_unsigned_and_none_by_itself() {
    let of_chown = |comparison| {
        let filter = argument("user", comparison);
        let compiled = compile(slot("chown"), [(&filter, Effect::Record)].into_iter());
        compiled.unwrap().insns.remove(0).op
    };
    let number = Number::Argument { position: 1, width: Width::Unsigned32 };
    let within = |from, to| Op::Within { number, from, to };
    let (last, none) = (u64::from(u32::MAX) - 1, u32::MAX.into());
    let compares = |range| of_chown(Comparison::Compares { range });
    assert_eq!(compares(1001..=i128::MAX), within(1001, last));
    assert_eq!(compares(i128::MIN..=1000), within(0, 1000));
    let is = |value| of_chown(Comparison::Equals { value, is_negated: false });
    assert_eq!(is(Word::Number(3_000_000_000)), within(3_000_000_000, 3_000_000_000));
    assert_eq!(is(Word::Number(-1)), within(none, none));
}

#[test]
fn compile_range_beyond_type_rejects() {
    let huge = Comparison::Compares { range: i128::from(u64::MAX)..=i128::MAX };
    let program = of_openat(vec![argument("flags", huge)]).unwrap();
    assert_eq!((program.first, program.insns.len()), (Next::Reject, 0));
}

#[test]
fn compile_unknown_argument_or_constant_is_error() {
    let fault = |name: &str, test| of_openat(vec![argument(name, test)]).unwrap_err();
    let zero = || Comparison::Equals { value: Word::Number(0), is_negated: false };
    assert_eq!(
        fault("flag", zero()),
        "openat has no argument \"flag\"; its arguments are dfd, filename, flags, mode"
    );
    let name = Comparison::Equals { value: Word::Name("O_NONSENSE".into()), is_negated: false };
    assert_eq!(fault("flags", name), "argument \"flags\" of openat has no constant \"O_NONSENSE\"");
    let pattern = Pattern { text: "/etc/".into(), part: Part::Begin, is_excluded: false };
    let text = Comparison::Matches(pattern);
    assert_eq!(fault("mode", text), "argument \"mode\" of openat is not a string");
    let many = (0..65).map(|uid| ids(uid * 2, uid * 2, false)).collect();
    let fault = of_openat(vec![Filter { uid: Some(many), ..Filter::default() }]).unwrap_err();
    assert_eq!(fault, "65 conditions are too many for one route, at most 64");
}

#[test]
fn compile_names_of_one_kind_share_an_instruction() {
    let name = |text: &str, is_excluded| UnitName { text: text.into(), is_excluded };
    let unit =
        Some(vec![name("a.service", false), name("b.service", false), name("c.service", true)]);
    let program = of_openat(vec![Filter { unit, ..Filter::default() }]).unwrap();
    let of = |names: &[&str], or_unknown| {
        let names = names.iter().map(|name| (NameKind::Unit, (*name).to_owned())).collect();
        Op::Names { names, or_unknown }
    };
    let ops: Vec<_> = program.insns.into_iter().map(|insn| insn.op).collect();
    assert_eq!(ops, [of(&["a.service", "b.service"], true), of(&["c.service"], false)]);
}

fn exe(text: &str) -> Filter {
    let pattern = Pattern { text: text.into(), part: Part::Whole, is_excluded: false };
    Filter { exe: Some(vec![pattern]), ..Filter::default() }
}

#[test]
fn compile_lets_unreadable_text_match_rules_that_record_only() {
    let (one, other) = (exe("/bin/one"), exe("/bin/other"));
    let rules = [(&one, Effect::Drop), (&other, Effect::Record)];
    let program = compile(slot("openat"), rules.into_iter()).unwrap();
    let of = |text: &str| program.patterns.iter().find(|pattern| pattern.text == text).unwrap();
    assert!(!of("/bin/one").holds_unknown && of("/bin/other").holds_unknown);
}

#[test]
fn compile_tries_thinning_rules_again_behind_all_others() {
    let (thin, other) = (exe("/bin/one"), exe("/bin/other"));
    let rules = [(&thin, Effect::Thin), (&other, Effect::Record)];
    let program = compile(slot("openat"), rules.into_iter()).unwrap();
    let ends: Vec<_> = program.insns.iter().map(|insn| (insn.jt, insn.jf)).collect();
    assert_eq!(
        ends,
        [
            (Next::Accept(0), Next::Insn(1)),
            (Next::Accept(1), Next::Insn(2)),
            (Next::Accept(0), Next::Reject),
        ]
    );
    let unknown: Vec<_> = program.patterns.iter().map(|pattern| pattern.holds_unknown).collect();
    assert_eq!(unknown.iter().filter(|holds| **holds).count(), 2, "{program:?}");
}
