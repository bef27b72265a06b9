//! Bursts of edits and signals: few reloads, the last file is loaded, and a stop takes precedence.

use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::json;

use super::{ends, rename, routes, slot, works};
use crate::number::unused_number;
use crate::process::trigger;
use crate::records::{counted, events_of, of_kind};
use crate::rig::{Setup, reload_by_client};

#[test]
fn burst_of_signals_loads_last_file() {
    let [a, b] = [(); 2].map(|()| unused_number());
    let Some(setup) = Setup::new(&routes(&[(&a, "args")])) else { return };
    let mut daemon = setup.start();
    let begin = Instant::now();
    for _ in 0..200 {
        daemon.signal(Signal::SIGHUP);
    }
    rename(&daemon.setup, &routes(&[(&a, "args"), (&b, "args")]));
    daemon.signal(Signal::SIGHUP);
    let added = json!([format!("{}=args", slot(&b))]);
    let mut records = vec![daemon.records.next("reloaded")];
    while records.last().unwrap()["added"] != added {
        records.push(daemon.records.next("reloaded"));
    }
    // The last signal may have found the new file read already: one more reload of the same.
    let name = trigger(&["times", "50", "native", &b, "nth"]);
    records.extend(daemon.stop());
    let reloads = of_kind(&records, "reloaded");
    let changes = reloads.iter().filter(|reload| reload["added"] != json!([])).count();
    assert_eq!(changes, 1);
    // The first one, and one after each second.
    let unchanged = (reloads.len() - changes) as u64;
    assert!(unchanged <= 2 + begin.elapsed().as_secs(), "{unchanged} records without a change");
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..50).collect());
    assert_eq!(records.last().unwrap()["generation"], 1 + reloads.len());
}

/// The signal comes right after a reload that changed nothing; the client's reload serves both.
#[test]
fn signal_soon_after_reload_without_change_is_no_reload_of_its_own() {
    let number = unused_number();
    let Some(setup) = Setup::new(&routes(&[(&number, "args")])) else { return };
    let mut daemon = setup.start();
    let begin = Instant::now();
    daemon.signal(Signal::SIGHUP);
    assert_eq!(daemon.records.next("reloaded")["generation"], 2);
    for _ in 0..5 {
        daemon.signal(Signal::SIGHUP);
        reload_by_client(&daemon.setup);
    }
    let records = daemon.stop();
    let by_signal = of_kind(&records, "reloaded").len() as u64 - 5;
    assert!(by_signal <= begin.elapsed().as_secs(), "{by_signal} reloads by signals");
}

#[test]
fn rapid_edits_are_few_reloads_and_load_last_file() {
    let [a, b, last] = [(); 3].map(|()| unused_number());
    let Some(setup) = Setup::new(&routes(&[(&a, "args")])) else { return };
    let mut daemon = setup.start();
    for edit in 0..100 {
        let handler = ["args", "count"][edit % 2];
        rename(&daemon.setup, &routes(&[(&a, "args"), (&b, handler)]));
    }
    rename(&daemon.setup, &routes(&[(&a, "args"), (&last, "args")]));
    let mut reloads = 1;
    while daemon.records.next("reloaded")["added"] != json!([format!("{}=args", slot(&last))]) {
        reloads += 1;
    }
    // One, unless the machine makes us pause between two edits for as long as a person would.
    assert!(reloads < 50, "{reloads} reloads for one burst");
    works(&mut daemon, &last);
    ends(daemon, 1 + reloads);
}

#[test]
fn stop_signal_takes_precedence_over_reload_signal() {
    let number = unused_number();
    for signals in [[Signal::SIGHUP, Signal::SIGTERM], [Signal::SIGTERM, Signal::SIGHUP]] {
        let Some(setup) = Setup::new(&routes(&[(&number, "args")])) else { return };
        let daemon = setup.start();
        signals.into_iter().for_each(|signal| daemon.signal(signal));
        let (status, records) = daemon.rest();
        assert_eq!(status.code(), Some(0));
        let reloads = of_kind(&records, "reloaded").len();
        assert!(reloads <= 1);
        let stopped = records.last().unwrap();
        assert_eq!(stopped["reason"], "SIGTERM");
        assert_eq!(stopped["generation"], 1 + reloads);
        assert_eq!(records.len(), 1 + reloads);
    }
}
