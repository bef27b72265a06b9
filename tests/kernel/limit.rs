//! Tests of rate limits and sampling: events that are left out are counted, and no owner pays for another.

use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syscalls::Slot;
use tailcalld::config::{Limit, Per, Rate};
use tailcalld::plan::{Plan, Rule};
use tailcalld::stats::KernelCounters;

use crate::rig::{Rig, filtered, own_slot, privileged, routes, run_trigger, scaled, trigger_path};

/// One after the other: each counts all calls of the slot.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> Option<MutexGuard<'static, ()>> {
    let is_possible = privileged() && !filtered();
    is_possible.then(|| ALONE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn call() -> Slot {
    own_slot(486)
}

const DAY_NS: u64 = 86_400_000_000_000;

/// Returns a limit that passes a burst and then next to nothing.
fn burst(burst: u32, per: Per) -> Limit {
    Limit { rate: Rate { count: 1, period_ns: DAY_NS }, burst, per }
}

fn plan(set: impl Fn(&mut Rule)) -> Plan {
    let mut plan =
        routes(&tailcalld::load::handlers().expect("the object opens"), &[(call(), "args")]);
    plan.routes.values_mut().for_each(|route| route.rules.iter_mut().for_each(&set));
    plan
}

fn limited(limit: Limit) -> Plan {
    plan(|rule| rule.limit = Some(limit))
}

fn calls(words: &[&str]) {
    let nr = call().nr().to_string();
    run_trigger(&[words, &["native", &nr]].concat());
}

fn counters(rig: &Rig) -> KernelCounters {
    let counters = rig.counters(call());
    assert!(counters.balance(), "{counters:?}");
    counters
}

/// Counters of a slot under a limit.
#[derive(Debug, PartialEq)]
struct Expected {
    seen: u64,
    submitted: u64,
    limited: u64,
}

#[track_caller]
fn assert_limited(rig: &Rig, expected: Expected) {
    let counters = counters(rig);
    let (seen, submitted, limited) = (counters.seen, counters.submitted, counters.limited);
    assert_eq!(Expected { seen, submitted, limited }, expected);
}

#[test]
fn limit_passes_burst_and_no_more() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&limited(burst(100, Per::Route)));
    calls(&["times", "1000"]);
    assert_limited(&rig, Expected { seen: 1000, submitted: 100, limited: 900 });
    let [full] = &rig.bpf.full_buckets()[..] else { panic!("one bucket is full") };
    assert_eq!((full.owner, full.refused), (Some(0), 900));
}

/// Many at once take no more than there is, and no less.
#[test]
fn limit_is_exact_across_threads() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&limited(burst(500, Per::Route)));
    calls(&["threads", "20000"]);
    assert_limited(&rig, Expected { seen: 80_000, submitted: 500, limited: 79_500 });
}

/// With a burst of one, each event finds its bucket idle for the whole burst: all CPUs see at once that
/// its time lags behind.
#[test]
fn limit_of_one_event_spaces_events_by_its_interval() {
    let Some(_alone) = alone() else { return };
    let interval_ns = 2000;
    let rate = Rate { count: 500_000, period_ns: 1_000_000_000 };
    let rig = Rig::with_ring(&limited(Limit { rate, burst: 1, per: Per::Route }), 64 << 20);
    let calls_of_each = scaled(100_000);
    calls(&["threads", &calls_of_each.to_string()]);
    let counters = counters(&rig);
    assert_eq!(
        (counters.seen, counters.submitted + counters.limited),
        (4 * calls_of_each, 4 * calls_of_each)
    );
    let mut times: Vec<u64> =
        rig.events().iter().map(|bytes| rig.event(bytes).boottime_ns).collect();
    times.sort_unstable();
    let too_close = times.windows(2).filter(|pair| pair[1] - pair[0] < interval_ns).count();
    assert_eq!(too_close, 0, "of {} events", times.len());
}

/// Each place becomes free while several ask for it. By the time of any event there were no more events
/// than places. The first calls come alone and take half of the burst: a bucket that is found idle begins
/// anew, and then there would be fewer places than are counted here.
#[test]
fn limit_token_is_taken_once() {
    let Some(_alone) = alone() else { return };
    let rate = Rate { count: 250_000, period_ns: 1_000_000_000 };
    let (interval_ns, burst) = (4000, 1000);
    let rig = Rig::with_ring(&limited(Limit { rate, burst, per: Per::Pid }), 64 << 20);
    // That two take one place is rare: each round is a process more, with a bucket of its own.
    for round in 1..=5 {
        let times = scaled(50_000);
        calls(&["joined", "500", &times.to_string()]);
        let (counters, made) = (counters(&rig), round * (500 + 4 * times));
        assert_eq!((counters.seen, counters.submitted + counters.limited), (made, made));
        let events = rig.events();
        let mut times: Vec<u64> = events.iter().map(|bytes| rig.event(bytes).boottime_ns).collect();
        times.sort_unstable();
        for (taken, time) in (1..).zip(&times) {
            let places = u64::from(burst) + (time - times[0]) / interval_ns;
            assert!(taken <= places, "{taken} of {places}");
        }
    }
}

#[test]
fn limit_per_uid_has_a_bucket_per_user() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&limited(burst(10, Per::Uid)));
    for uid in ["7", "8", "7", "9"] {
        calls(&["as", uid, "times", "8"]);
    }
    assert_limited(&rig, Expected { seen: 32, submitted: 26, limited: 6 });
    let [full] = &rig.bpf.full_buckets()[..] else { panic!("one bucket is full") };
    assert_eq!((full.owner, full.refused), (Some(7), 6));
}

#[test]
fn limit_per_pid_has_a_bucket_per_process() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&limited(burst(10, Per::Pid)));
    for _ in 0..3 {
        calls(&["times", "12"]);
    }
    assert_limited(&rig, Expected { seen: 36, submitted: 30, limited: 6 });
}

/// All of the tests' triggers have names of their own; these share one.
#[test]
fn limit_per_comm_has_a_bucket_per_name() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&limited(burst(10, Per::Comm)));
    let nr = call().nr().to_string();
    for name in ["one", "other", "one"] {
        let mut command = Command::new(trigger_path());
        command.args(["times", "7", "native", &nr]).env("TRIGGER_NAME", name);
        assert!(command.status().expect("it starts").success());
    }
    assert_limited(&rig, Expected { seen: 21, submitted: 17, limited: 4 });
    let full = rig.bpf.full_buckets();
    let of_comm = full.iter().find(|full| full.comm.starts_with(b"one\0"));
    assert_eq!(of_comm.map(|full| full.refused), Some(4));
}

/// A limit of another kind begins with empty buckets, although it has the number of the one before.
#[test]
fn limit_changed_by_reload_starts_anew() {
    let Some(_alone) = alone() else { return };
    let mut rig = Rig::new(&limited(burst(10, Per::Route)));
    calls(&["times", "12"]);
    rig.table.apply(&mut rig.bpf, &limited(burst(10, Per::Uid))).expect("the limit is wired");
    calls(&["times", "12"]);
    assert_limited(&rig, Expected { seen: 24, submitted: 20, limited: 4 });
}

/// A limit that stays keeps its count over a reload; another one begins anew.
#[test]
fn limit_keeps_its_count_over_reload() {
    let Some(_alone) = alone() else { return };
    let plan = limited(burst(10, Per::Route));
    let mut rig = Rig::new(&plan);
    for _ in 0..5 {
        calls(&["times", "3"]);
        rig.table.apply(&mut rig.bpf, &plan).expect("the limit is wired");
    }
    assert_eq!((counters(&rig).submitted, counters(&rig).limited), (10, 5));
    rig.table.apply(&mut rig.bpf, &limited(burst(11, Per::Route))).expect("the limit is wired");
    calls(&["times", "13"]);
    assert_eq!((counters(&rig).submitted, counters(&rig).limited), (21, 7));
}

#[test]
fn limit_refills_with_time() {
    let Some(_alone) = alone() else { return };
    let rate = Rate { count: 1000, period_ns: 1_000_000_000 };
    let rig = Rig::new(&limited(Limit { rate, burst: 1, per: Per::Route }));
    let begin = std::time::Instant::now();
    calls(&["times", "2000"]);
    let passed = begin.elapsed().as_millis() as u64;
    let fast = counters(&rig).submitted;
    assert!(fast <= passed + 2, "{fast} in {passed} ms");
    // Each of these finds a bucket that has had time to empty.
    calls(&["spaced", "50"]);
    let counters = counters(&rig);
    assert_eq!((counters.seen, counters.submitted), (2050, fast + 50));
    assert_eq!(counters.limited, 2000 - fast);
}

#[test]
fn sample_counts_calls_left_out() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&plan(|rule| rule.sample = 4));
    calls(&["times", "20000"]);
    let counters = counters(&rig);
    assert_eq!((counters.seen, counters.submitted + counters.sampled), (20_000, 20_000));
    // Eight standard deviations: 61.2 each.
    assert!((4510..5490).contains(&counters.submitted), "{}", counters.submitted);
}

/// More owners than there are buckets: who finds none shares one.
#[test]
fn limit_owners_without_bucket_share_one() {
    let Some(_alone) = alone() else { return };
    let rig = Rig::new(&limited(burst(3, Per::Uid)));
    let ids: Vec<String> = (1..=48_000).map(|id: u32| id.to_string()).collect();
    let nr = call().nr().to_string();
    for ids in ids.chunks(3000) {
        run_trigger(&["each", &ids.join("|"), "native", &nr]);
        rig.records(); // the ring has no room for all
    }
    let counters = counters(&rig);
    assert_eq!((counters.seen, counters.submitted + counters.limited), (48_000, 48_000));
    let taken = rig.bpf.buckets_taken() as u64;
    let shared: u64 = rig
        .bpf
        .full_buckets()
        .iter()
        .filter(|full| full.owner.is_none())
        .map(|full| full.refused)
        .sum();
    // An owner with a bucket has room for one call; those that share one have room for three.
    assert_eq!((counters.submitted, counters.limited), (taken + 3, shared));
    assert!(taken > 14_000 && taken <= 16_384, "{taken}");
}

/// A caller that goes on until it is ended.
struct Flood(Child);

impl Flood {
    fn start(uid: &str) -> Self {
        let mut command = Command::new(trigger_path());
        command.args(["as", uid, "endless", "native", &call().nr().to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Self(command.spawn().expect("the trigger starts"))
    }

    /// Ends the caller and returns how many calls it made.
    fn end(mut self) -> u64 {
        drop(self.0.stdin.take());
        let output = self.0.wait_with_output().expect("it ends");
        String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
    }
}

/// One user calls as fast as it can, in four threads; another one makes a thousand calls in a second.
#[test]
fn per_uid_flood_of_one_user_spares_another() {
    let Some(_alone) = alone() else { return };
    let mut plan = plan(|_| {});
    let rate = Rate { count: 10_000, period_ns: 1_000_000_000 };
    plan.per_uid = Some(Limit { rate, burst: 10_000, per: Per::Uid });
    let rig = Rig::with_ring(&plan, 64 << 20);
    let flood = Flood::start("7");
    calls(&["as", "8", "paced", "1000"]);
    let flooded = flood.end();
    let events = rig.events();
    let of = |uid| events.iter().filter(|bytes| rig.event(bytes).uid == uid).count() as u64;
    let counters = counters(&rig);
    assert_eq!(of(8), 1000, "the victim's");
    assert_eq!(counters.seen, flooded + 1000);
    assert_eq!((counters.lost(), counters.submitted), (0, of(7) + 1000));
    assert_eq!(counters.limited_uid, flooded - of(7));
    let [full] = &rig.bpf.full_buckets()[..] else { panic!("one bucket is full") };
    assert_eq!((full.owner, full.refused), (Some(7), counters.limited_uid));
}

fn plan_of_round(round: u32) -> Plan {
    match round % 4 {
        0 => plan(|rule| rule.sample = 3),
        1 => plan(|rule| rule.filter.container = Some(true)),
        2 => plan(|rule| {
            rule.filter.container = Some(false);
            rule.limit = Some(burst(round, Per::Pid));
        }),
        _ => limited(burst(50, Per::Uid)),
    }
}

/// While tables come and go, each call is still in one place of the counters.
#[test]
fn counters_balance_over_reloads() {
    let Some(_alone) = alone() else { return };
    let first = limited(burst(100, Per::Uid));
    let mut rig = Rig::of_tables(&[&first, &plan_of_round(1)], 64 << 20);
    let floods = ["7", "8"].map(Flood::start);
    for round in 0..scaled(60) as u32 {
        rig.table.apply(&mut rig.bpf, &plan_of_round(round)).expect("the table is wired");
        // The ring never runs empty.
        rig.events_of(20);
    }
    let made: u64 = floods.map(Flood::end).iter().sum();
    rig.table.apply(&mut rig.bpf, &Plan::default()).expect("an empty table");
    let counters = counters(&rig);
    rig.assert_seen(made, counters.seen);
    assert!(counters.filtered > 0 && counters.sampled > 0 && counters.limited > 0, "{counters:?}");
}
