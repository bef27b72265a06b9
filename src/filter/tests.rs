use syscalls::{Abi, number};

use super::*;
use crate::config::{Ids, Name, Part, Test as Condition_, Word};

fn slot(name: &str) -> Slot {
    Slot::new(Abi::Native, number(Abi::Native, name).unwrap()).unwrap()
}

fn of_openat(filters: Vec<Filter>) -> Result<Program, String> {
    compile(slot("openat"), filters.iter())
}

fn ids(from: u32, to: u32, is_excluded: bool) -> Ids {
    Ids { range: from..=to, is_excluded }
}

fn uid(from: u64, to: u64) -> What {
    What::Within { number: Number::Uid, from, to }
}

#[test]
fn tests_lead_forward_to_their_rule() {
    let users = Some(vec![ids(1000, 1999, false), ids(1500, 1500, true), ids(7, 7, false)]);
    let program = of_openat(vec![
        Filter { uid: users, ..Filter::default() },
        Filter { container: Some(false), ..Filter::default() },
    ]);
    let test = |what, yes, no| Test { what, yes, no };
    let (next, rule) = (Next::Test, Next::Rule);
    assert_eq!(
        program.unwrap(),
        Program {
            first: next(0),
            tests: vec![
                test(uid(1000, 1999), next(2), next(1)),
                test(uid(7, 7), next(2), next(3)),
                test(uid(1500, 1500), next(3), rule(0)),
                test(What::Container, Next::None, rule(1)),
            ],
            texts: vec![],
            paths: vec![],
        }
    );
}

#[test]
fn a_rule_without_a_filter_takes_what_is_left() {
    let program = of_openat(vec![Filter::default()]).unwrap();
    assert_eq!((program.first, program.tests.len()), (Next::Rule(0), 0));
}

fn argument(argument: &str, test: Condition_) -> Filter {
    let condition = Condition { argument: argument.to_owned(), test };
    Filter { argument: Some(vec![condition]), ..Filter::default() }
}

fn what(filter: Filter) -> What {
    of_openat(vec![filter]).unwrap().tests.remove(0).what
}

#[test]
fn arguments_compare_as_their_types_do() {
    let is = |name, value| what(argument(name, Condition_::Equals { value, is_negated: false }));
    let cwd = (-100_i64) as u64 ^ 1 << 63;
    let number = |position, width| Number::Argument { position, width };
    let expected = What::Within { number: number(0, Width::Signed32), from: cwd, to: cwd };
    assert_eq!(is("dfd", Word::Name("AT_FDCWD".into())), expected);
    let expected = What::Within { number: number(2, Width::Unsigned32), from: 2, to: 2 };
    assert_eq!(is("flags", Word::Name("O_RDWR".into())), expected);
    let bits = vec![Word::Name("O_CREAT".into()), Word::Name("O_TRUNC".into())];
    let masks = Condition_::Masks { bits, is_negated: false };
    assert_eq!(what(argument("flags", masks)), What::Bits { position: 2, bits: 0x240 });
}

#[test]
fn what_no_value_reaches_never_holds() {
    let huge = Condition_::Compares { range: i128::from(u64::MAX)..=i128::MAX };
    let program = of_openat(vec![argument("flags", huge)]).unwrap();
    assert_eq!((program.first, program.tests.len()), (Next::None, 0));
}

#[test]
fn what_there_is_not_is_told() {
    let fault = |name: &str, test| of_openat(vec![argument(name, test)]).unwrap_err();
    let zero = || Condition_::Equals { value: Word::Number(0), is_negated: false };
    assert_eq!(
        fault("flag", zero()),
        "openat has no argument \"flag\"; its arguments are dfd, filename, flags, mode"
    );
    let name = Condition_::Equals { value: Word::Name("O_NONSENSE".into()), is_negated: false };
    assert_eq!(fault("flags", name), "argument \"flags\" of openat has no constant \"O_NONSENSE\"");
    let pattern = Pattern { text: "/etc/".into(), part: Part::Begin, is_excluded: false };
    let text = Condition_::Matches(pattern);
    assert_eq!(fault("mode", text), "argument \"mode\" of openat is not a string");
    let many = (0..65).map(|uid| ids(uid * 2, uid * 2, false)).collect();
    let fault = of_openat(vec![Filter { uid: Some(many), ..Filter::default() }]).unwrap_err();
    assert_eq!(fault, "65 conditions are too many for one route, at most 64");
}

#[test]
fn names_are_one_test() {
    let name = |text: &str, is_excluded| Name { text: text.into(), is_excluded };
    let unit =
        Some(vec![name("a.service", false), name("b.service", false), name("c.service", true)]);
    let program = of_openat(vec![Filter { unit, ..Filter::default() }]).unwrap();
    let of = |names: &[&str]| {
        What::Names(names.iter().map(|name| (NameKind::Unit, (*name).to_owned())).collect())
    };
    let told: Vec<_> = program.tests.into_iter().map(|test| test.what).collect();
    assert_eq!(told, [of(&["a.service", "b.service"]), of(&["c.service"])]);
}
