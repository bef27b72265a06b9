//! Suppressed events are reported in the next record of the same owner, in a `suppressed` record, and in
//! the totals.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::sum;
use crate::number::unused_number;
use crate::process::{Trigger, trigger};
use crate::records::{Total, counted, events_of, of_kind};
use crate::rig::Setup;

const CALLS: u64 = 5_000;

fn flood(number: &str, calls: u64) -> String {
    trigger(&["times", &calls.to_string(), "native", number, "nth"])
}

#[test]
fn stop_reports_events_over_rate_limit() {
    let number = unused_number();
    let config = format!(
        "[routes]\n{number} = {{ handler = \"args\", limit = \"10/h\", burst = 7, per = \"uid\" }}\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let name = flood(&number, CALLS);
    let records = daemon.stop();

    assert_eq!(counted(&events_of(&records, &name), "0"), (0..7).collect());
    let total = Total { seen: CALLS, written: 7, limited: CALLS - 7, ..Total::default() };
    assert_eq!(Total::of(records.last().unwrap(), &format!("#{number}")), total);
    let [suppressed] = of_kind(&records, "suppressed")[..] else { panic!("one record") };
    assert_eq!(suppressed["suppressed"], CALLS - 7);
    let [line] = &suppressed["suppressions"].as_array().unwrap()[..] else { panic!("one owner") };
    // Each cgroup of root has the limit.
    let owner = line["owner"].as_str().unwrap();
    assert!(owner.starts_with("0:") && owner.len() > 2, "{line}");
    let expected = json!({"route": &*number, "limit": "10/h", "per": "uid", "owner": owner, "comm": name,
                          "count": CALLS - 7});
    assert_eq!(*line, expected);
    assert!(suppressed["from"].as_str() < suppressed["to"].as_str(), "{suppressed}");
}

/// Floods as one user, which must not suppress another user's events.
#[test]
fn per_uid_limit_has_one_bucket_per_user() {
    let number = unused_number();
    let config = format!(
        "[routes]\n{number} = \"args\"\n[limits]\nper_uid = \"100/h\"\nper_uid_burst = 100\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let words = ["times", &CALLS.to_string(), "native", &number, "nth"];
    let other = Trigger::start_as(4711, &["times", "100", "native", &number, "nth"]);
    let flood = Trigger::start_as(4712, &words);
    let (flood, other) = (flood.end(), other.end());
    let records = daemon.stop();

    assert_eq!(counted(&events_of(&records, &other), "0"), (0..100).collect());
    assert_eq!(counted(&events_of(&records, &flood), "0"), (0..100).collect());
    let limited = CALLS - 100;
    let total = Total { seen: CALLS + 100, written: 200, limited, ..Total::default() };
    assert_eq!(Total::of(records.last().unwrap(), &format!("#{number}")), total);
    let [suppressed] = of_kind(&records, "suppressed")[..] else { panic!("one record") };
    let [line] = &suppressed["suppressions"].as_array().unwrap()[..] else { panic!("one user") };
    assert_eq!((&line["route"], &line["owner"]), (&json!(*number), &json!("4712")));
    assert_eq!(line["count"], limited);
}

/// Reloads, which reads the counts of suppressed events; the next event that passes has its count.
#[test]
fn next_record_has_count_of_suppressed_events() {
    let number = unused_number();
    for per in ["route", "uid", "pid", "comm", "cgroup"] {
        let config = format!(
            "[routes]\n{number} = {{ handler = \"args\", limit = \"20/s\", burst = 1, per = \"{per}\" }}\n"
        );
        let Some(setup) = Setup::new(&config) else { return };
        let mut daemon = setup.start();
        // One owner by any measure: the same process goes on while the table is read again.
        let flood = Trigger::start(&["times", "3000000", "native", &number, "nth"]);
        daemon.records.next("syscall");
        daemon.signal(Signal::SIGHUP);
        let mut records = daemon.records.until("reloaded");
        let name = flood.end();
        records.extend(daemon.stop());
        let limited = Total::of(records.last().unwrap(), &format!("#{number}")).limited;
        let reported = sum(&records, "syscall", "suppressed");
        assert!(0 < reported && reported <= limited, "per {per}: {reported} of {limited}");
        assert_eq!(sum(&records, "suppressed", "suppressed"), limited, "per {per}");
        assert!(events_of(&records, &name).iter().any(|event| event["suppressed"].is_u64()));
    }
}

/// Limits by result, which is unknown at a call's entry, so the daemon applies the limit.
#[test]
fn rate_limit_with_failed_results_counts_failures_only() {
    let number = unused_number();
    let config = format!(
        "[routes]\n{number} = {{ handler = \"args\", result = \"failed\", limit = \"1/h\", burst = 5 }}\n\
         getsid = {{ handler = \"args\", result = \"failed\", limit = \"1/h\", burst = 2, per = \"pid\" }}\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let name = flood(&number, 100);
    let getsid = syscalls::number(syscalls::Abi::Native, "getsid").unwrap();
    let successes = trigger(&["times", "50", "native", &getsid.to_string(), "0"]);
    let failures = trigger(&["times", "50", "native", &getsid.to_string(), "0x7fffffff"]);
    let records = daemon.stop();

    assert_eq!(counted(&events_of(&records, &name), "0"), (0..5).collect());
    assert_eq!(events_of(&records, &successes), Vec::<&Value>::new());
    assert_eq!(events_of(&records, &failures).len(), 2);
    let total = Total { seen: 100, written: 5, limited: 95, ..Total::default() };
    let stopped = records.last().unwrap();
    assert_eq!(Total::of(stopped, &format!("#{number}")), total);
    assert!(Total::of(stopped, "getsid").filtered >= 50);
    let of = |name: &str| {
        let lines = of_kind(&records, "suppressed").into_iter();
        let lines = lines.flat_map(|record| record["suppressions"].as_array().unwrap());
        let lines = lines.filter(|line| line["comm"] == name);
        lines.map(|line| line["count"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((of(&name), of(&failures)), (95, 48));
}
