//! Tests of filters: the rule that the kernel chooses, compared with a plain reading of the same filters on
//! the same events.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syscalls::{Abi, Slot, Status, Value};
use tailcalld::config::{
    Comparison, Condition, Filter, Ids, Limit, Part, Pattern, Per, Rate, Results, Word,
};
use tailcalld::decode::Event;
use tailcalld::filter::Effect;
use tailcalld::plan::{Plan, Rule};

use crate::rig::{Rig, header, routes, run_trigger, scaled, slot};

/// Paths that do not exist, so that the call fails.
const PATHS: [&str; 15] = [
    "text:/nowhere/etc/passwd",
    "text:/nowhere/etc/x.key",
    "text:/nowhere/x",
    "text:x.key",
    "text:.key",
    "text:key",
    "text:",
    "text:../etc/./x.key/",
    "text:/..//nowhere/etc/../x",
    "text:./.key",
    "long:200",
    "long:5000",
    "cliff:/nowhere/etc/p",
    "dropped:/nowhere/etc/dropped.key",
    "0",
];
const FDS: &str = "0|7|-100|-1|0xffffff9c|0x10000000000|0x7fffffff|99";
const FLAGS: &str = "0|1|0x100|0x8000|0x9000|0x80001|0xffffffff|0xf00000000";
const NAMES: &str = "alpha|alphabet|beta|beta-alphabet-x|x";
const IDS: &str = "0|7|999|1000|1001|65534";
/// Value in a register that the call does not use: marks the calls of this test.
const MARK: u64 = 0x7a11_ca11;

/// Held by each test here: the counters include the calls of all processes.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `open_tree(dfd, filename, flags)`: has a number, a path and flags, and other processes rarely make it.
fn call() -> Slot {
    slot(Abi::Native, "open_tree")
}

/// Returns a plan whose rule 0 has the filter, and rule 1 none: both record, and the event has the rule's number.
fn plan(filter: Filter) -> Plan {
    plan_of(call(), filter)
}

pub fn plan_of(call: Slot, filter: Filter) -> Plan {
    let mut plan =
        routes(&tailcalld::load::handlers().expect("the object opens"), &[(call, "args")]);
    for route in plan.routes.values_mut() {
        let rest = Rule { names: true, ..route.rules[0].clone() };
        route.rules = vec![Rule { filter: filter.clone(), ..rest.clone() }, rest];
    }
    plan
}

fn events(rig: &Rig, seed: u64, times: u64) -> Vec<Vec<u8>> {
    events_with(rig, seed, times, &PATHS)
}

fn events_with(rig: &Rig, seed: u64, times: u64, paths: &[&str]) -> Vec<Vec<u8>> {
    let (seed, times, nr) = (seed.to_string(), times.to_string(), call().nr().to_string());
    let (paths, mark) = (paths.join("|"), MARK.to_string());
    run_trigger(&[
        "random", &seed, &times, NAMES, IDS, "native", &nr, FDS, &paths, FLAGS, "0", "0", &mark,
    ]);
    let events = rig.events();
    let is_ours = |bytes: &Vec<u8>| rig.event(bytes).args[5] == MARK;
    events.into_iter().filter(is_ours).collect()
}

/// The pseudo-random generator of the trigger, for filters.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % count
    }

    pub fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    pub fn several<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..=self.below(3)).map(|_| make(self)).collect()
    }

    fn ids(&mut self) -> Vec<Ids> {
        self.several(|dice| {
            let from = dice.pick(&[0, 7, 999, 1000, 65534, u32::MAX]);
            let to = from.saturating_add(dice.pick(&[0, 0, 1, 1000]));
            Ids { range: from..=to, is_excluded: dice.below(3) == 0 }
        })
    }

    fn pattern(&mut self, texts: &[&str]) -> Pattern {
        let text = self.pick(texts);
        let part = self.pick(&[Part::Whole, Part::Begin, Part::End]);
        Pattern { text: text.to_owned(), part, is_excluded: self.below(3) == 0 }
    }

    fn condition(&mut self) -> Condition {
        let number = |dice: &mut Self| dice.pick(&[-100, -1, 0, 7, 99, 0x8000, 0x7fff_ffff]);
        let is_negated = self.below(2) == 0;
        let (argument, test) = match self.below(5) {
            0 => ("dfd", Comparison::Equals { value: Word::Number(number(self)), is_negated }),
            1 => {
                let from = number(self);
                ("dfd", Comparison::Compares { range: from..=i128::MAX })
            }
            2 => ("flags", Comparison::Compares { range: i128::MIN..=number(self) }),
            3 => {
                let bits = self.pick(&["AT_NO_AUTOMOUNT", "AT_RECURSIVE", "OPEN_TREE_CLONE"]);
                let bits = vec![Word::Name(bits.to_owned()), Word::Number(1)];
                ("flags", Comparison::Masks { bits, is_negated })
            }
            _ => ("filename", Comparison::Matches(self.pattern(&WORDS))),
        };
        Condition { argument: argument.to_owned(), comparison: test }
    }

    fn filter(&mut self) -> Filter {
        let mut filter = Filter::default();
        for _ in 0..=self.below(2) {
            match self.below(10) {
                0 => filter.uid = Some(self.ids()),
                1 => filter.gid = Some(self.ids()),
                2 => filter.loginuid = Some(self.ids()),
                3 => {
                    let pattern = |dice: &mut Self| dice.pattern(&["alpha", "beta", "x", "bet"]);
                    filter.comm = Some(self.several(pattern));
                }
                4 => filter.euid = Some(self.ids()),
                5 => filter.egid = Some(self.ids()),
                6 | 7 => filter.path = Some(self.several(|dice| dice.pattern(&FILES))),
                _ => filter.argument = Some(self.several(Self::condition)),
            }
        }
        filter
    }
}

const WORDS: [&str; 8] =
    ["/nowhere/etc/passwd", "/nowhere/", ".key", "key", "x", "xx", "/nowhere/etc/p", "absent"];

/// Whole paths, begins and ends of those that the kernel makes of [`PATHS`].
const FILES: [&str; 9] = [
    "/nowhere/etc/passwd",
    "/nowhere/etc/../x",
    "/nowhere/",
    "/x.key",
    "/etc/x.key",
    "/.key",
    "x",
    "/",
    "/absent",
];
/// Bytes of a path that the kernel resolves for a filter.
const PATH_TEXT_MAX: usize = 1024;

fn is_among(ids: &Option<Vec<Ids>>, id: u32) -> bool {
    let Some(ids) = ids else { return true };
    let holds = |ids: &Ids| ids.range.contains(&id);
    let mut wanted = ids.iter().filter(|ids| !ids.is_excluded).peekable();
    ids.iter().filter(|ids| ids.is_excluded).all(|ids| !holds(ids))
        && (wanted.peek().is_none() || wanted.any(holds))
}

/// `None` is a text that could not be read: `unknown` says whether it matches.
fn matches(pattern: &Pattern, text: Option<&[u8]>, unknown: bool) -> bool {
    let Some(text) = text else { return unknown };
    let own = pattern.text.as_bytes();
    let is_like = match pattern.part {
        Part::Whole => text == own,
        Part::Begin => text.starts_with(own),
        Part::End => text.ends_with(own),
    };
    is_like != pattern.is_excluded
}

fn is_like(patterns: &Option<Vec<Pattern>>, text: &[u8]) -> bool {
    let Some(patterns) = patterns else { return true };
    let matches = |pattern: &Pattern| matches(pattern, Some(text), false);
    let mut wanted = patterns.iter().filter(|pattern| !pattern.is_excluded).peekable();
    patterns.iter().filter(|pattern| pattern.is_excluded).all(matches)
        && (wanted.peek().is_none() || wanted.any(matches))
}

/// Returns the captured path, as much as the kernel compares; `None` if it could not be read.
fn path<'a>(event: &Event<'a>) -> Option<&'a [u8]> {
    let capture = event.captures.of(1).first()?;
    match (capture.value, capture.status) {
        (_, Status::Unreadable { .. }) => None,
        (Value::Text(text), _) => Some(&text[..text.len().min(4095)]),
        _ => None,
    }
}

/// Returns whether the path of the record is like the patterns: of a call without one none is, and `unknown` says it of
/// one that could not be read.
fn is_path_like(patterns: &Option<Vec<Pattern>>, event: &Event<'_>, unknown: bool) -> bool {
    let Some(patterns) = patterns else { return true };
    let is_absent = event.args[1] == 0;
    if !is_absent && path(event).is_none_or(|text| text.len() > PATH_TEXT_MAX) {
        return unknown;
    }
    let mut resolved = Vec::new();
    for argument in event.paths() {
        event.append_path(argument, &mut resolved);
    }
    match resolved[..] {
        [] => patterns.iter().all(|pattern| pattern.is_excluded),
        _ => is_like(&Some(patterns.clone()), &resolved),
    }
}

fn holds(condition: &Condition, event: &Event<'_>, unknown: bool) -> bool {
    let value = match condition.argument.as_str() {
        "dfd" => i128::from(event.args[0] as i32),
        _ => i128::from(event.args[2] as u32),
    };
    match &condition.comparison {
        Comparison::Matches(pattern) => matches(pattern, path(event), unknown),
        Comparison::Equals { value: Word::Number(wanted), is_negated } => {
            (value == *wanted) != *is_negated
        }
        Comparison::Compares { range } => range.contains(&value),
        Comparison::Masks { bits, is_negated } => {
            let any = bits.iter().any(|bit| match bit {
                Word::Number(bit) => value & bit != 0,
                Word::Name(name) => {
                    let bit = BTreeMap::from([
                        ("AT_NO_AUTOMOUNT", 0x800),
                        ("AT_RECURSIVE", 0x8000),
                        ("OPEN_TREE_CLONE", 1),
                    ])[name.as_str()];
                    value & bit != 0
                }
            });
            any != *is_negated
        }
        Comparison::Equals { .. } => panic!("Dice makes no such filter"),
    }
}

/// A plain reading of the filter; `unknown` says whether a text that could not be read fulfils a condition.
fn passes(filter: &Filter, event: &Event<'_>, unknown: bool) -> bool {
    is_among(&filter.uid, event.uid)
        && is_among(&filter.gid, event.gid)
        && is_among(&filter.euid, event.credentials.euid)
        && is_among(&filter.egid, event.credentials.egid)
        && is_among(&filter.loginuid, event.loginuid)
        && is_like(&filter.comm, event.comm)
        && is_path_like(&filter.path, event, unknown)
        && filter.argument.iter().flatten().all(|condition| holds(condition, event, unknown))
}

#[test]
fn filter_agrees_with_reference_on_random_filters() {
    needs_root!();
    let _alone = alone();
    let mut dice = Dice(0x5eed);
    let mut rig = Rig::new(&plan(Filter { container: Some(true), ..Filter::default() }));
    let (mut passed, mut refused) = (0, 0);
    for round in 0..scaled(60) {
        let filter = dice.filter();
        rig.table.apply(&mut rig.bpf, &plan(filter.clone())).expect("the filter is wired");
        let before = rig.counters(call());
        let events = events(&rig, round, 100);
        assert_eq!(events.len(), 100, "{filter:?}");
        for bytes in &events {
            let event = rig.event(bytes);
            let expected = passes(&filter, &event, true);
            assert_eq!(event.rule == 0, expected, "{filter:#?}\n{event:#?}");
            *(if expected { &mut passed } else { &mut refused }) += 1;
        }
        let counters = rig.counters(call());
        assert_eq!(counters.seen - before.seen, 100);
        assert_eq!(counters.filtered, 0);
        assert!(counters.balance(), "{counters:?}");
    }
    assert!(
        passed > scaled(1000) && refused > scaled(1000),
        "{passed} passed, {refused} refused: the filters are too one-sided"
    );
}

/// Makes the first rule of a plan thin or drop, and leaves the second one, which takes the rest, if there is one.
pub fn with_effect(mut plan: Plan, effect: Effect, has_rest: bool) -> Plan {
    for rules in plan.routes.values_mut().map(|route| &mut route.rules) {
        match effect {
            Effect::Record => {}
            Effect::Thin => rules[0].limit = Some(UNREACHED),
            Effect::Drop => (rules[0].handler, rules[0].records) = (0, false),
        }
        rules.truncate(if has_rest { 2 } else { 1 });
    }
    plan
}

/// A limit that refuses nothing here; the rule thins all the same.
const UNREACHED: Limit = Limit {
    rate: Rate { count: 1_000_000, period_ns: 1_000_000_000 },
    burst: 1_000_000,
    per: Per::Route,
};

/// Returns the rule that an event goes to; `None` if it is left out. `passes` reads the first rule's filter, with what the
/// unknown is taken for.
pub fn expected_rule(effect: Effect, has_rest: bool, passes: impl Fn(bool) -> bool) -> Option<u8> {
    match effect {
        Effect::Record if passes(true) => Some(0),
        Effect::Thin if passes(false) => Some(0),
        Effect::Drop if passes(false) => None,
        _ if has_rest => Some(1),
        Effect::Thin if passes(true) => Some(0),
        _ => None,
    }
}

/// Identity of an event of the random calls, which are the same with the same seed.
fn identity(event: &Event<'_>) -> (u64, u64, u32, Vec<u8>, Option<Vec<u8>>) {
    (event.args[0], event.args[2], event.uid, event.comm.to_vec(), path(event).map(<[u8]>::to_vec))
}

/// The calls of a seed are made twice: once all are recorded, which says what is known of each, and once with
/// the filter.
#[test]
fn filter_sends_unreadable_texts_to_rule_that_records_most() {
    needs_root!();
    let _alone = alone();
    let mut dice = Dice(0xfade);
    // The kernel decides when a dropped page is there again, and not the same way in each run.
    let paths = PATHS.map(|path| if path.starts_with("dropped:") { "0" } else { path });
    let mut rig = Rig::new(&plan(Filter::default()));
    let mut unreadable = 0;
    for round in 0..scaled(60) {
        let filter = Filter { argument: Some(dice.several(Dice::condition)), ..dice.filter() };
        let effect = dice.pick(&[Effect::Record, Effect::Thin, Effect::Drop]);
        let has_rest = dice.below(2) == 0;
        rig.table.apply(&mut rig.bpf, &plan(Filter::default())).expect("the table is live");
        let all = events_with(&rig, round, 100, &paths);
        assert_eq!(all.len(), 100);
        let all: Vec<_> = all.iter().map(|bytes| rig.event(bytes)).collect();
        unreadable += all.iter().filter(|event| path(event).is_none()).count();
        let expected: Vec<_> = all
            .iter()
            .filter_map(|event| {
                let passes = |unknown| passes(&filter, event, unknown);
                let rule = expected_rule(effect, has_rest, passes)?;
                Some((rule, identity(event)))
            })
            .collect();
        rig.table
            .apply(&mut rig.bpf, &with_effect(plan(filter.clone()), effect, has_rest))
            .expect("the table is live");
        let recorded = events_with(&rig, round, 100, &paths);
        let recorded = recorded.iter().map(|bytes| rig.event(bytes));
        let recorded: Vec<_> = recorded.map(|event| (event.rule, identity(&event))).collect();
        assert_eq!(recorded, expected, "{effect:?} {has_rest} {filter:#?}");
    }
    assert!(unreadable as u64 > scaled(500), "{unreadable} unreadable texts say nothing");
}

/// `open_tree` has no number as wide as a register; the offset of `readahead(fd, offset, count)` is one.
#[test]
fn filter_compares_wide_numbers_with_sign() {
    needs_root!();
    let _alone = alone();
    let call = slot(Abi::Native, "readahead");
    let test = Comparison::Compares { range: -(1 << 40)..=7 };
    let argument = Some(vec![Condition { argument: "offset".to_owned(), comparison: test }]);
    let rig = Rig::new(&plan_of(call, Filter { argument, ..Filter::default() }));
    for (offset, rule) in [
        (i64::MIN, 1),
        (-(1 << 40) - 1, 1),
        (-(1 << 40), 0),
        (-1, 0),
        (0, 0),
        (7, 0),
        (8, 1),
        (1 << 32, 1),
        (i64::MAX, 1),
    ] {
        let records = rig.trigger(&["native", &call.nr().to_string(), "-1", &offset.to_string()]);
        let rules: Vec<_> = records.iter().map(|bytes| rig.event(bytes).rule).collect();
        assert_eq!(rules, [rule], "{offset}");
    }
}

#[test]
fn filter_rejected_calls_are_counted() {
    needs_root!();
    let _alone = alone();
    let root = Some(vec![Ids { range: 0..=0, is_excluded: false }]);
    let mut plan = plan(Filter { uid: root, ..Filter::default() });
    plan.routes.values_mut().for_each(|route| drop(route.rules.pop()));
    let rig = Rig::new(&plan);
    let of_root = events(&rig, 1, 1000).len() as u64;
    let counters = rig.counters(call());
    assert!((50..500).contains(&of_root), "{of_root}");
    assert_eq!(counters.seen, 1000);
    assert_eq!(counters.submitted, of_root);
    assert_eq!(counters.filtered, 1000 - of_root);
    assert!(counters.balance(), "{counters:?}");
}

/// Parts of an event that depend on the rule which the filter chose for the user.
#[derive(Debug, Clone, PartialEq)]
struct RuleSettings {
    uid: u32,
    rule: u8,
    priority: u8,
    awaits_result: bool,
}

#[test]
fn filter_applies_settings_of_chosen_rule() {
    needs_root!();
    let _alone = alone();
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = plan(Filter::default());
    let uid = |uid: u32| Filter {
        uid: Some(vec![Ids { range: uid..=uid, is_excluded: false }]),
        ..Filter::default()
    };
    for route in plan.routes.values_mut() {
        let rest = route.rules[1].clone();
        let count = handlers.named("count").expect("count").id;
        route.rules = vec![
            Rule { filter: uid(7), priority: 3, ..rest.clone() },
            Rule { filter: uid(999), handler: count, ..rest.clone() },
            Rule { filter: uid(1000), handler: 0, ..rest.clone() },
            Rule { filter: uid(1001), results: Results::All, ..rest },
        ];
    }
    let rig = Rig::new(&plan);
    let nr = call().nr().to_string();
    for (uid, times) in [("7", "2"), ("999", "30"), ("1000", "400"), ("1001", "1"), ("0", "5000")] {
        run_trigger(&["as", uid, "times", times, "native", &nr, "-1"]);
    }
    let events = rig.events();
    let settings_of = |bytes: &Vec<u8>| {
        let Event { uid, rule, priority, .. } = rig.event(bytes);
        RuleSettings { uid, rule, priority, awaits_result: header(bytes).awaits_result }
    };
    let settings: Vec<_> = events.iter().map(settings_of).collect();
    let first = RuleSettings { uid: 7, rule: 0, priority: 3, awaits_result: false };
    let last = RuleSettings { uid: 1001, rule: 3, priority: 6, awaits_result: true };
    assert_eq!(settings, [first.clone(), first, last]);
    let counters = rig.counters(call());
    assert_eq!(counters.seen, 5433);
    assert_eq!(counters.counted, 30);
    assert_eq!(counters.filtered, 5400);
    assert_eq!(counters.submitted, 3);
    assert!(counters.balance(), "{counters:?}");
}
