//! Aggregates: exact counts at the end, after a reload, and when the interval ends.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::sum;
use crate::number::unused_number;
use crate::process::trigger;
use crate::records::{Total, of_kind};
use crate::rig::Setup;

fn calls(number: &str, calls: u64, second: &str) -> String {
    trigger(&["times", &calls.to_string(), "native", number, "nth", second])
}

fn of<'r>(records: &'r [Value], name: &str) -> &'r Value {
    let aggregates = of_kind(records, "aggregate").into_iter();
    let aggregates: Vec<_> = aggregates.filter(|record| record["comm"] == name).collect();
    let [one] = aggregates[..] else { panic!("one record, not {aggregates:?}") };
    one
}

#[test]
fn aggregate_has_one_record_per_key_with_count() {
    let number = unused_number();
    let config = format!(
        "[routes]\n{number} = {{ handler = \"args\", aggregate = \"1h\", result = true }}\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let (first, second) = (calls(&number, 1_000, "7"), calls(&number, 300, "7"));
    let records = daemon.stop();

    for (name, count) in [(&first, 1_000), (&second, 300)] {
        let record = of(&records, name);
        for (key, value) in [
            ("count", json!(count)),
            ("cause", json!("configured")),
            ("nr", json!(number.parse::<u64>().unwrap())),
            ("uid", json!(0)),
            ("generation", json!(1)),
            ("failed", json!(count)),
            ("unknown", json!(0)),
            ("errors", json!([{"errno": "ENOSYS", "count": count}])),
        ] {
            assert_eq!(record[key], value, "{key}: {record}");
        }
        let buckets = record["latency"].as_array().unwrap().iter();
        assert_eq!(buckets.map(|bucket| bucket["count"].as_u64().unwrap()).sum::<u64>(), count);
        let percentiles = ["p50_ns", "p90_ns", "p99_ns", "max_ns"];
        assert!(percentiles.map(|key| record[key].as_u64().unwrap()).is_sorted(), "{record}");
        let example = record["example"].as_str().unwrap();
        assert!(example.contains("(0, 0x7, ") && example.ends_with(" = -1 ENOSYS"), "{example}");
        assert!(record["from"].as_str() < record["to"].as_str());
    }
    let total = Total { seen: 1_300, aggregated: 1_300, ..Total::default() };
    assert_eq!(Total::of(records.last().unwrap(), &format!("#{number}")), total);
    assert_eq!(of_kind(&records, "syscall").len(), 0);
}

#[test]
fn aggregate_by_argument_has_one_record_per_value() {
    let config = "[routes]\ngetpgid = { handler = \"args\", aggregate = \"1h\", by = [\"pid\"] }\n";
    let Some(setup) = Setup::new(config) else { return };
    let daemon = setup.start();
    let nr = syscalls::number(syscalls::Abi::Native, "getpgid").unwrap();
    let name = trigger(&["times", "20", "native", &nr.to_string(), "nth"]);
    let records = daemon.stop();
    let own = of_kind(&records, "aggregate").into_iter().filter(|one| one["comm"] == name);
    let pids: Vec<_> = own.map(|one| (one["args"]["pid"].clone(), one["count"].clone())).collect();
    let mut pids: Vec<(u64, u64)> = pids
        .iter()
        .map(|(pid, count)| (pid.as_str().unwrap().parse().unwrap(), count.as_u64().unwrap()))
        .collect();
    pids.sort_unstable();
    assert_eq!(pids, (0..20).map(|pid| (pid, 1)).collect::<Vec<_>>());
}

#[test]
fn reload_flushes_aggregates_of_old_generation() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = {{ handler = \"args\", aggregate = \"1h\" }}\n");
    let Some(setup) = Setup::new(&config) else { return };
    let mut daemon = setup.start();
    let name = calls(&number, 50, "7");
    daemon.signal(Signal::SIGHUP);
    // In one record or in two: what was in the ring at the reload comes a second later.
    let mut records = daemon.records.until("aggregate");
    while sum(&records, "aggregate", "count") < 50 {
        records.extend(daemon.records.until("aggregate"));
    }
    let after = calls(&number, 20, "7");
    records.extend(daemon.stop());
    let count = |name: &str| {
        let records = of_kind(&records, "aggregate").into_iter();
        let records = records.filter(|record| record["comm"] == name);
        records.map(|record| record["count"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((count(&name), count(&after)), (50, 20));
    assert_eq!(of(&records, &after)["generation"], 2);
}

#[test]
fn aggregate_is_recorded_when_interval_ends() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = {{ handler = \"args\", aggregate = \"1s\" }}\n");
    let Some(setup) = Setup::new(&config) else { return };
    let mut daemon = setup.start();
    calls(&number, 50, "7");
    let mut records = daemon.records.until("aggregate");
    while sum(&records, "aggregate", "count") < 50 {
        records.extend(daemon.records.until("aggregate"));
    }
    assert_eq!(sum(&records, "aggregate", "count"), 50);
    assert_eq!(of_kind(&daemon.stop(), "aggregate").len(), 0);
}
