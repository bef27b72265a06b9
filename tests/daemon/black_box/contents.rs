//! Contents of a dump.

use std::thread;

use serde_json::{Value, json};

use super::{ask, client, config, dump, make_calls, numbers, only_unit};
use crate::number::unused_number;
use crate::process::{Steady, Trigger, trigger};
use crate::records::{Total, of_kind};
use crate::rig::{Setup, reload_by_client};

#[test]
fn dump_has_exactly_the_last_calls_in_order_and_empties_the_box() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, ", result = true", 10, 1)) else { return };
    let mut daemon = setup.start();
    let name = make_calls(&number, 25);
    let unit = only_unit(&daemon.setup);
    let (calls, summary) = dump(&mut daemon, &unit);
    assert_eq!(numbers(&calls), Vec::from_iter(15..25));
    for call in &calls {
        assert_eq!((&call["comm"], &call["errno"]), (&json!(name), &json!("ENOSYS")));
    }
    assert_eq!((&summary["overwritten"], &summary["reason"]), (&json!(15), &json!("requested")));
    assert_eq!((&summary["from"], &summary["to"]), (&calls[0]["time"], &calls[9]["time"]));
    let (calls, summary) = dump(&mut daemon, &unit);
    assert_eq!((calls.len(), &summary["overwritten"]), (0, &json!(0)));
    // Fewer calls than there is room for, then as many again as fit.
    make_calls(&number, 3);
    let (calls, summary) = dump(&mut daemon, &unit);
    assert_eq!((numbers(&calls), &summary["overwritten"]), (vec![0, 1, 2], &json!(0)));
    make_calls(&number, 10);
    let (calls, summary) = dump(&mut daemon, &unit);
    assert_eq!((numbers(&calls), &summary["overwritten"]), (Vec::from_iter(0..10), &json!(0)));
    let records = daemon.stop();
    assert_eq!(of_kind(&records, "syscall").len(), 0);
    let total = Total::of(of_kind(&records, "stopped")[0], &format!("#{}", &*number));
    assert_eq!(total, Total { seen: 38, blackbox: 38, ..Total::default() });
}

#[test]
fn dump_of_four_callers_on_two_cpus_has_the_last_calls_of_all_with_their_results() {
    const EACH: u64 = 2_000;
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, ", result = true", 500, 1)) else { return };
    let mut daemon = setup.start();
    let times = EACH.to_string();
    let start = |at: u64| {
        let cpu = (at % 2).to_string();
        Trigger::start(&["on-cpu", &cpu, "times", &times, "native", &number, "nth"])
    };
    let names: Vec<String> =
        Vec::from_iter((0..4).map(start)).into_iter().map(Trigger::end).collect();
    let unit = only_unit(&daemon.setup);
    let (calls, summary) = dump(&mut daemon, &unit);
    assert_eq!((calls.len(), &summary["overwritten"]), (500, &json!(4 * EACH - 500)));
    assert!(calls.iter().all(|call| call["errno"] == "ENOSYS"), "a result is missing");
    assert!(calls.is_sorted_by_key(|call| call["boottime_ns"].as_u64()));
    for name in &names {
        let own = calls.iter().filter(|call| call["comm"] == **name).cloned();
        let own = numbers(&own.collect::<Vec<_>>());
        assert_eq!(own, Vec::from_iter(EACH - own.len() as u64..EACH), "{name}");
    }
    assert!(client(&daemon.setup, &["stats", "--check"]).status.success());
}

#[test]
fn dumps_while_calls_are_made_have_each_call_once_or_count_it() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 64, 1)) else { return };
    let mut daemon = setup.start();
    let steady = Steady::start(&number);
    make_calls(&number, 1);
    let unit = only_unit(&daemon.setup);
    let (mut seen, mut overwritten) = (Vec::new(), 0);
    let mut take = |daemon: &mut _, seen: &mut Vec<Value>| {
        let (calls, summary) = dump(daemon, &unit);
        overwritten += summary["overwritten"].as_u64().unwrap();
        seen.extend(calls);
    };
    for _ in 0..6 {
        take(&mut daemon, &mut seen);
        thread::sleep(std::time::Duration::from_millis(30));
    }
    let (name, count) = steady.end();
    take(&mut daemon, &mut seen);
    let seen: Vec<_> = seen.into_iter().filter(|call| call["comm"] == name).collect();
    let seen = numbers(&seen);
    assert!(seen.is_sorted_by(|a, b| a < b), "{seen:?}");
    assert_eq!(seen.last(), Some(&(count - 1)));
    // The other trigger's call may be among the overwritten ones.
    let known = seen.len() as u64 + overwritten;
    assert!((count..=count + 1).contains(&known), "{known} of {count}");
}

/// Two clients at once: the daemon serves one after the other, and each call is in one of the dumps.
#[test]
fn two_dumps_at_once_share_the_calls() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 100, 1)) else { return };
    let mut daemon = setup.start();
    make_calls(&number, 100);
    let unit = only_unit(&daemon.setup);
    let setup = &daemon.setup;
    let counts: Vec<u64> = thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| ask(setup, &["dump", "--", &unit])));
        both.into_iter().map(|one| one.join().unwrap()["calls"].as_u64().unwrap()).collect()
    });
    assert_eq!(counts.iter().max(), Some(&100));
    assert_eq!(counts.iter().min(), Some(&0));
    let records = [daemon.records.until("dumped"), daemon.records.until("dumped")].concat();
    assert_eq!(of_kind(&records, "syscall").len(), 100);
}

#[test]
fn reload_keeps_calls_of_both_tables() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number, "", 20, 1)) else { return };
    let mut daemon = setup.start();
    make_calls(&number, 8);
    daemon.setup.write(&config(&number, ", priority = \"notice\"", 20, 1));
    reload_by_client(&daemon.setup);
    daemon.records.next("reloaded");
    make_calls(&number, 8);
    let unit = only_unit(&daemon.setup);
    let (calls, _) = dump(&mut daemon, &unit);
    assert_eq!(numbers(&calls), [Vec::from_iter(0..8), Vec::from_iter(0..8)].concat());
    let priorities: Vec<_> = calls.iter().map(|call| call["priority"].as_u64().unwrap()).collect();
    assert_eq!(priorities, [[6; 8], [5; 8]].concat());
}

#[test]
fn calls_with_another_result_are_left_out_and_counted() {
    let number = unused_number();
    let options = ", result = \">= 0\"";
    let Some(setup) = Setup::new(&config(&number, options, 10, 1)) else { return };
    let mut daemon = setup.start();
    make_calls(&number, 4);
    let unit = only_unit(&daemon.setup);
    let (calls, summary) = dump(&mut daemon, &unit);
    assert_eq!((calls.len(), &summary["filtered"]), (0, &json!(4)));
}

/// Arguments that do not fit into a box are left out, and the record says so.
#[test]
fn long_path_is_cut() {
    let config = "[routes]\nchdir = { handler = \"args\", keep = \"blackbox\", comm = \"sh\" }\n";
    let Some(setup) = Setup::new(config) else { return };
    let mut daemon = setup.start();
    let path = format!("/{}", "n/".repeat(1_900));
    let cd = |path: &str| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("cd {path} 2>/dev/null")]).status().unwrap();
    };
    cd(&path);
    cd("/nowhere");
    let unit = only_unit(&daemon.setup);
    let (calls, _) = dump(&mut daemon, &unit);
    let [long, short] = &*calls else { panic!("{calls:?}") };
    assert_eq!(long["truncated"], json!(["blackbox", "exe"]));
    // Only its address is left.
    assert!(long["args"]["filename"].as_str().unwrap().starts_with("0x"), "{long}");
    assert_eq!((&short["args"]["filename"], short.get("truncated")), (&json!("/nowhere"), None));
}

/// The limit of each user is for records.
#[test]
fn calls_above_the_limit_of_a_user_are_in_the_box() {
    let number = unused_number();
    let limits = "[limits]\nper_uid = \"1/s\"\n";
    let config = config(&number, "", 300, 1) + limits;
    let Some(setup) = Setup::new(&config) else { return };
    let mut daemon = setup.start();
    trigger(&["times", "300", "native", &number, "nth"]);
    let unit = only_unit(&daemon.setup);
    assert_eq!(numbers(&dump(&mut daemon, &unit).0), Vec::from_iter(0..300));
}
