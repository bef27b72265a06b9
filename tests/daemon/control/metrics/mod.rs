//! `tailcalld metrics`: text with the counters of the daemon, in both formats, and the dashboard that shows them.

mod dashboard;
mod exposition;
mod promql;
mod promtool;
mod textfile;

use std::fs;
use std::os::unix::fs::symlink;

use syscalls::Abi;

use self::exposition::Format;
use super::{ask, started, works};
use crate::number::unused_number;

#[test]
fn metrics_have_counters_of_routes_and_state() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    works(&mut daemon, &number);
    let (code, text, err) = ask(&daemon.setup, &["metrics"]);
    assert_eq!((code, &*err), (0, ""));
    let samples = Format::OpenMetrics.read(&text).unwrap();
    let (abi, number) = (Abi::Native.name(), &*number);
    let named = format!("syscall=\"#{number}\",abi=\"{abi}\",handler=\"args\"");
    for (sample, value) in [
        (format!("calls_total{{{named},outcome=\"submitted\"}}"), 50),
        (format!("calls_total{{{named},outcome=\"counted\"}}"), 0),
        (format!("events_total{{{named},result=\"written\"}}"), 50),
        (format!("events_in_flight{{{named},place=\"in_ring\"}}"), 0),
        (format!("results_lost_total{{{named}}}"), 0),
        ("missed_calls_total".to_owned(), 0),
        ("routes".to_owned(), 1),
        ("table_generation".to_owned(), 1),
        ("tracing_off".to_owned(), 0),
        ("output_open".to_owned(), 1),
    ] {
        assert_eq!(samples.get(&format!("tailcalld_{sample}")), Some(&value), "{sample}: {text}");
    }

    let file = daemon.setup.path("tailcalld.prom");
    let (new, other) = (daemon.setup.path("tailcalld.prom.new"), daemon.setup.path("other"));
    fs::write(&other, "other").unwrap();
    symlink(&other, new).unwrap();
    let (code, text, _) = ask(&daemon.setup, &["metrics", "-o", file.to_str().unwrap()]);
    assert_eq!((code, &*text), (0, ""));
    let again = Format::Prometheus.read(&fs::read_to_string(&file).unwrap()).unwrap();
    assert!(again.keys().eq(samples.keys()), "{again:?} {samples:?}");
    assert!(!daemon.setup.path("tailcalld.prom.new").exists());
    // Whoever may write to the folder cannot direct root elsewhere.
    assert_eq!(fs::read_to_string(&other).unwrap(), "other");
}
