//! `stats`: counters of a running daemon, and whether they balance.

use std::process::Stdio;

use serde_json::{Value, json};
use syscalls::Abi;

use super::{ask, ask_json, started, works};
use crate::number::unused_number;
use crate::process::{Process, Trigger, eventually, trigger};
use crate::rig::Setup;

fn route<'a>(stats: &'a Value, number: &str) -> &'a Value {
    let routes = stats["routes"].as_array().unwrap();
    routes.iter().find(|route| route["nr"].as_u64() == number.parse().ok()).expect("the route")
}

fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn stats_count_each_call_and_event_once() {
    let [a, b] = [(); 2].map(|()| unused_number());
    let Some(setup) = Setup::new(&format!("[routes]\n{a} = \"args\"\n{b} = \"count\"\n")) else {
        return;
    };
    let mut daemon = setup.start();
    works(&mut daemon, &a);
    trigger(&["times", "70", "native", &b]);
    let stats = ask_json(&daemon.setup, &["stats", "--json"]);
    let (first, second) = (route(&stats, &a), route(&stats, &b));
    assert_eq!((&first["seen"], &first["submitted"]), (&json!(50), &json!(50)), "{first}");
    assert_eq!((&first["outcomes"]["submitted"], sum(&first["outcomes"])), (&json!(50), 50));
    assert_eq!((&first["events"]["written"], sum(&first["events"])), (&json!(50), 50));
    assert_eq!((&second["seen"], &second["outcomes"]["counted"]), (&json!(70), &json!(70)));
    assert_eq!((sum(&second["outcomes"]), sum(&second["events"])), (70, 0));
    assert_eq!(first.get("cpus"), None);

    let stats = ask_json(&daemon.setup, &["stats", "--json", "--per-cpu"]);
    let cpus = route(&stats, &b)["cpus"].as_array().unwrap();
    assert!(cpus.iter().all(|cpu| sum(&cpu["outcomes"]) == cpu["seen"].as_u64().unwrap()));
    assert_eq!(cpus.iter().map(|cpu| cpu["seen"].as_u64().unwrap()).sum::<u64>(), 70);

    // A syscall that is no longer routed keeps its counters.
    daemon.setup.write(&format!("[routes]\n{a} = \"args\"\n"));
    daemon.records.next("reloaded");
    let stats = ask_json(&daemon.setup, &["stats", "--json"]);
    assert_eq!(
        (&route(&stats, &a)["routed"], &route(&stats, &b)["routed"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(route(&stats, &b)["seen"], 70);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn stats_print_table_and_summary() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    works(&mut daemon, &number);
    let (code, out, err) = ask(&daemon.setup, &["stats"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<Vec<_>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["SYSCALL", "ABI", "HANDLER", "SEEN", "SUBMITTED", "WRITTEN"]);
    let syscall = format!("#{number}");
    assert_eq!(lines[1], [&syscall, Abi::Native.name(), "args", "50", "50", "50"]);
    let summary = "50 calls of 1 route; 50 events submitted, 50 written, 0 in flight, 0 lost";
    assert_eq!(out.lines().nth(3), Some(summary));
    let (_, out, _) = ask(&daemon.setup, &["stats", "--per-cpu"]);
    let head: Vec<_> = out.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head[3..5], ["CPU", "SEEN"]);
    let balance = format!("every call is accounted for: {summary}\n");
    assert_eq!(ask(&daemon.setup, &["stats", "--check"]), (0, balance, String::new()));
    let checked = ask_json(&daemon.setup, &["stats", "--check", "--json"]);
    assert_eq!(checked, json!({"balanced": true, "differences": []}));
    assert_eq!(daemon.stop().len(), 1);
}

/// Checks the balance while four threads call as fast as they can.
#[test]
fn stats_check_balances_under_load() {
    for handler in ["count", "args"] {
        let number = unused_number();
        let Some(daemon) = started(&number, handler) else { return };
        let calling = Trigger::start(&["threads", "200000", "native", &number]);
        for _ in 0..20 {
            let (code, out, _) = ask(&daemon.setup, &["stats", "--check"]);
            assert_eq!(code, 0, "{handler}: {out}");
        }
        calling.end();
        let stats = ask_json(&daemon.setup, &["stats", "--json"]);
        assert_eq!(route(&stats, &number)["seen"], 800_000);
        assert_eq!(ask(&daemon.setup, &["stats", "--check"]).0, 0);
        daemon.stop();
    }
}

/// Leaves the daemon's pipe unread, so that events stay in the ring and are counted there.
#[test]
fn stats_count_events_in_ring() {
    let number = unused_number();
    let Some(setup) = Setup::new(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    let mut daemon = Process::spawn(setup.command(&[], "json").stdout(Stdio::piped()));
    eventually("the daemon listens", || ask(&setup, &["status"]).0 == 0);
    trigger(&["times", "5000", "native", &number]);
    let stats = ask_json(&setup, &["stats", "--json"]);
    let route = route(&stats, &number);
    let events = &route["events"];
    assert_eq!((&route["seen"], sum(&route["outcomes"])), (&json!(5000), 5000), "{route}");
    assert_eq!(route["submitted"], sum(events), "{route}");
    assert!(events["in_ring"].as_u64().unwrap() > 1000, "{route}");
    assert_eq!(ask(&setup, &["stats", "--check"]).0, 0);
    assert_eq!(ask_json(&setup, &["status", "--json"])["output"]["state"], "blocked");
    drop(daemon.stdout());
}

/// Makes calls that have not returned, so that their events wait.
#[test]
fn stats_count_events_that_wait_for_result() {
    let config = "[routes]\npause = { handler = \"args\", result = true }\n";
    let Some(setup) = Setup::new(config) else { return };
    let daemon = setup.start();
    let pause = syscalls::number(Abi::Native, "pause").expect("a number").to_string();
    let waiting = [(); 3].map(|()| Trigger::start(&["native", &pause]));
    let is_there = || {
        let stats = ask_json(&daemon.setup, &["stats", "--json"]);
        route(&stats, &pause)["events"]["pending"].as_u64().unwrap() >= 3
    };
    eventually("three calls wait", is_there);
    assert_eq!(ask(&daemon.setup, &["stats", "--check"]).0, 0);
    drop(waiting);
    daemon.stop();
}
