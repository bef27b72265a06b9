//! `tailcalld metrics`: text with the counters of the daemon, in both formats, and the dashboard that shows them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;

use serde_json::Value;
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

/// Returns the samples by name and labels, and asserts what the text format of Prometheus demands: a type that it knows
/// and a help, of the same name as the samples that follow, and no counter without `_total`.
pub fn prometheus_samples(text: &str) -> BTreeSet<String> {
    let (mut family, mut samples) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
            family = name.to_owned();
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            assert_eq!(help.split(' ').next(), Some(&*family));
        } else {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<u64>().is_ok(), "{line}");
            assert_eq!(sample.split('{').next(), Some(&*family), "{line}");
            assert!(samples.insert(sample.to_owned()), "{sample} comes twice");
        }
    }
    samples
}

/// The dashboard asks for nothing that is not there.
#[test]
fn dashboard_uses_metrics_and_labels_that_exist() {
    let Some(daemon) = started(&unused_number(), "args") else { return };
    let (_, text, _) = ask(&daemon.setup, &["metrics"]);
    let names: BTreeSet<_> =
        samples(&text).into_keys().map(|key| key.split('{').next().unwrap().to_owned()).collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics/grafana.json");
    let dashboard: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let queries: Vec<_> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(queries.len() >= 10, "{queries:?}");
    for query in queries {
        let words: Vec<_> = query.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let used: Vec<_> = words.iter().filter(|word| word.starts_with("tailcalld_")).collect();
        assert!(!used.is_empty() && used.iter().all(|name| names.contains(**name)), "{query}");
        for label in ["syscall", "abi", "handler", "outcome", "result", "place", "program", "kind"]
        {
            let is_used =
                query.contains(&format!("{label}=")) || query.contains(&format!("({label}"));
            assert!(!is_used || text.contains(&format!("{label}=\"")), "{query}");
        }
    }
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
    let (new, other) = (daemon.setup.path("tailcalld.prom.new"), daemon.setup.path("other"));
    fs::write(&other, "other").unwrap();
    symlink(&other, new).unwrap();
    let (code, text, _) = ask(&daemon.setup, &["metrics", "-o", file.to_str().unwrap()]);
    assert_eq!((code, &*text), (0, ""));
    let again = prometheus_samples(&fs::read_to_string(&file).unwrap());
    assert_eq!(again.iter().collect::<Vec<_>>(), samples.keys().collect::<Vec<_>>());
    assert!(!daemon.setup.path("tailcalld.prom.new").exists());
    // Whoever may write to the folder cannot direct root elsewhere.
    assert_eq!(fs::read_to_string(&other).unwrap(), "other");
}
