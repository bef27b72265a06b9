//! First times over kills of the daemon, while calls go on: each is in the journal, and once but for records with a mark.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use tailcalld::output::record::{Adopted, Lost, RecordBody, Stopped, Syscall};

use super::run::KeptRun;
use crate::journald::{detail, labelled};
use crate::novel::{BASE, ask};
use crate::number::unused_number;
use crate::process::trigger;
use crate::rig::UNLIMITED;

const KILLS: usize = 8;

#[test]
fn first_time_at_entry_is_told_once_over_kills() {
    told_once_over_kills("");
}

#[test]
fn first_time_with_result_is_told_once_over_kills() {
    told_once_over_kills(", result = true");
}

/// Each number is asked for by four threads, and again much later, while the daemon is killed.
fn told_once_over_kills(options: &str) {
    let route = format!("{{ handler = \"args\", novel = \"uid\", by = [\"pid\"]{options} }}");
    let Some(mut run) = KeptRun::start(&format!("[routes]\ngetpgid = {route}\n{UNLIMITED}")) else {
        return;
    };
    let is_over = AtomicBool::new(false);
    let keys = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| make_calls(&is_over))).collect();
        for _ in 0..KILLS {
            std::thread::sleep(Duration::from_millis(100));
            run.kill();
            run.restart();
        }
        is_over.store(true, Ordering::SeqCst);
        threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
    });
    let entries = run.finish();
    assert_eq!(entries.of(&Adopted::KIND).len(), KILLS);

    // A call that was in the daemon's memory may be lost with it. What is said of a key that was asked for again since
    // then is exact.
    let pid = std::process::id().to_string();
    let mut told: BTreeMap<String, (BTreeSet<String>, usize, usize)> = BTreeMap::new();
    for event in entries.of(&Syscall::KIND) {
        if event["SYSCALL_PID"] != pid.as_str() {
            continue;
        }
        assert_eq!(detail(event, "novel"), Some("uid"));
        let key = labelled(event, "SYSCALL_ARG", "pid").unwrap().to_owned();
        let (calls, copies, marked) = told.entry(key).or_default();
        let call = format!("{} {}", event["SYSCALL_TID"], event["SYSCALL_BOOTTIME_NS"]);
        calls.insert(call);
        *copies += 1;
        *marked += usize::from(event["SYSCALL_MAY_BE_DUPLICATE"] == "yes");
    }
    let twice: Vec<_> = told.iter().filter(|(_, (calls, ..))| calls.len() > 1).collect();
    assert!(twice.is_empty(), "told of two calls: {twice:?}");
    let copies = told.values().filter(|(_, copies, marked)| copies - 1 > *marked).count();
    assert_eq!(copies, 0, "twice without a mark");
    let doubles: usize = told.values().map(|(_, copies, _)| copies - 1).sum();
    assert!(doubles <= KILLS, "{doubles} doubles");
    assert!(keys > 100, "{keys}");
    let totals = &entries.of(&Stopped::KIND)[0]["TAILCALLD_TOTAL"];
    let lost: Vec<_> = entries.of(&Lost::KIND).into_iter().map(|lost| &lost["MESSAGE"]).collect();
    let missing = (0..keys).filter(|key| !told.contains_key(&(BASE + key).to_string()));
    let missing: Vec<i32> = missing.collect();
    assert_eq!(missing, Vec::<i32>::new(), "never told of {keys}; {totals} {lost:?}");
}

/// Asks for more and more numbers, each of them several times; returns how many. Slowly, so that the ring has room for what
/// comes while there is no daemon.
fn make_calls(is_over: &AtomicBool) -> i32 {
    let mut keys = 0;
    while !is_over.load(Ordering::SeqCst) {
        keys += 1;
        ask((keys - 3).max(0)..keys);
        std::thread::sleep(Duration::from_millis(3));
    }
    // Each once more, when no daemon is killed any longer.
    for key in 0..keys {
        ask(key..key + 1);
        std::thread::sleep(Duration::from_millis(1));
    }
    keys
}

/// Users of whom four processes make each call at once.
const USERS: u32 = 200;

/// The kernel counts calls that are known while daemons are killed: none of these is told again, and each is counted.
#[test]
fn known_call_is_counted_once_over_kills() {
    let number = unused_number();
    let route = format!("{number} = {{ handler = \"args\", novel = \"uid\" }}");
    let Some(mut run) = KeptRun::start(&format!("[routes]\n{route}\n{UNLIMITED}")) else { return };
    let ids: Vec<String> = (1..=USERS).map(|id| id.to_string()).collect();
    let call_each = || trigger(&["each", &ids.join("|"), "native", &number]);
    let is_over = AtomicBool::new(false);
    let rounds: u64 = std::thread::scope(|scope| {
        let make_calls = || {
            let mut rounds = 0;
            while !is_over.load(Ordering::SeqCst) || rounds < 4 {
                call_each();
                rounds += 1;
            }
            rounds
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(make_calls)).collect();
        for _ in 0..KILLS {
            std::thread::sleep(Duration::from_millis(100));
            run.kill();
            std::thread::sleep(Duration::from_millis(50));
            run.restart();
        }
        is_over.store(true, Ordering::SeqCst);
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    run.until_ring_is_empty();
    let stats = run.ask("stats");
    let route = &stats["routes"][0];
    let sum = |counts: &Value| -> u64 {
        counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
    };
    let (outcomes, events) = (&route["outcomes"], &route["events"]);
    assert_eq!(route["seen"], rounds * u64::from(USERS), "{route}");
    assert_eq!(
        (&route["seen"], &outcomes["submitted"]),
        (&sum(outcomes).into(), &sum(events).into())
    );
    assert!(outcomes["known_at_entry"].as_u64().unwrap() > 0, "{route}");

    let entries = run.finish();
    let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for event in entries.of(&Syscall::KIND) {
        let call = format!("{} {}", event["SYSCALL_TID"], event["SYSCALL_BOOTTIME_NS"]);
        told.entry(event["SYSCALL_UID"].as_str().unwrap()).or_default().insert(call);
    }
    assert_eq!(told.len(), USERS as usize, "each is told");
    let twice: Vec<_> = told.iter().filter(|(_, calls)| calls.len() > 1).collect();
    assert!(twice.is_empty(), "told of two calls: {twice:?}");
    let known = outcomes["known_at_entry"].as_u64().unwrap() + events["known"].as_u64().unwrap();
    let written = events["written"].as_u64().unwrap();
    assert_eq!((written, written + known), (USERS.into(), rounds * u64::from(USERS)), "{route}");
}
