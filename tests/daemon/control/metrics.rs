//! `tailcalld metrics`: OpenMetrics text with the counters of the daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use syscalls::Abi;

use super::{ask, started, works};
use crate::number::unused_number;

/// Returns the samples by name and labels, and asserts what OpenMetrics demands of the lines: each sample follows the
/// type and the help of its family, none comes twice, and the end is marked.
fn samples(text: &str) -> BTreeMap<String, u64> {
    let lines = text.strip_suffix("# EOF\n").expect("a mark at the end").lines();
    let (mut family, mut families, mut samples) = (None, BTreeSet::new(), BTreeMap::new());
    for line in lines {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            assert!(families.insert(name.to_owned()), "{name} comes twice");
            family = Some((name.to_owned(), kind.to_owned()));
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, _) = help.split_once(' ').unwrap();
            assert_eq!(family.as_ref().map(|(name, _)| &**name), Some(name));
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let (name, kind) = family.clone().unwrap();
            let suffix = match &*kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            let found = sample.split('{').next().unwrap();
            assert_eq!(found, format!("{name}{suffix}"), "{kind}");
            let before = samples.insert(sample.to_owned(), value.parse().unwrap());
            assert_eq!(before, None, "{sample} comes twice");
        }
    }
    samples
}

#[test]
fn metrics_have_counters_of_routes_and_state() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "args") else { return };
    works(&mut daemon, &number);
    let (code, text, err) = ask(&daemon.setup, &["metrics"]);
    assert_eq!((code, &*err), (0, ""));
    let samples = samples(&text);
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
    let (code, text, _) = ask(&daemon.setup, &["metrics", "-o", file.to_str().unwrap()]);
    assert_eq!((code, &*text), (0, ""));
    let again = self::samples(&fs::read_to_string(&file).unwrap());
    assert_eq!(again.keys().collect::<Vec<_>>(), samples.keys().collect::<Vec<_>>());
    assert!(!daemon.setup.path("tailcalld.prom.new").exists());
}
