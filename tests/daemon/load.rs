//! Reloads under full load: each call is handled exactly once.

use std::collections::BTreeMap;
use std::fs;

use nix::sys::signal::Signal;

use crate::number::unused_number;
use crate::process::Trigger;
use crate::records::{Total, counted, declared_lost, events_of, of_kind};
use crate::rig::{Setup, UNLIMITED};

const RELOADS: u64 = 200;
const CALLS: u64 = 4 * 20_000;

#[test]
fn reloads_under_load_account_for_every_call() {
    let number = unused_number();
    let config = |handler: &str| {
        format!("[routes]\n{number} = \"{handler}\"\n[ring]\nsize = \"64KiB\"\n{UNLIMITED}")
    };
    let Some(setup) = Setup::new(&config("args")) else { return };
    let mut daemon = setup.start();
    let words = ["threads", &(CALLS / 4).to_string(), "native", &number, "nth"];
    let (mut records, mut names) = (vec![], vec![]);
    let mut load = Trigger::start(&words);
    for reload in 0..RELOADS {
        if !load.is_running() {
            names.push(load.end());
            load = Trigger::start(&words);
        }
        // Odd generations record, even ones count.
        let new = daemon.setup.path("new");
        fs::write(&new, config(["count", "args"][usize::from(reload % 2 == 1)])).unwrap();
        fs::rename(new, daemon.setup.config()).unwrap();
        daemon.signal(Signal::SIGHUP);
        records.extend(daemon.records.until("reloaded"));
    }
    names.push(load.end());
    records.extend(daemon.stop());

    let made = CALLS * names.len() as u64;
    let mut written = 0;
    for name in &names {
        let events = events_of(&records, name);
        assert!(counted(&events, "0").into_iter().all(|nth| nth < CALLS));
        assert!(events.iter().all(|event| event["generation"].as_u64().unwrap() % 2 == 1));
        written += events.len() as u64;
    }
    let totals = Total::of(records.last().unwrap(), &format!("#{number}"));
    let lost = declared_lost(&records);
    assert_eq!(
        totals,
        Total { seen: made, written, lost, counted: totals.counted, ..Total::default() }
    );
    assert!(totals.counted > 0 && written > 0, "both tables judged some: {totals:?}");
    // Nothing refused, no generation left out.
    assert_eq!(of_kind(&records, "reload_refused").len(), 0);
    let generations: BTreeMap<u64, usize> =
        of_kind(&records, "reloaded").iter().fold(BTreeMap::new(), |mut counts, record| {
            *counts.entry(record["generation"].as_u64().unwrap()).or_default() += 1;
            counts
        });
    assert!(generations.len() as u64 >= RELOADS);
    assert!(generations.into_iter().zip(2..).all(|(found, expected)| found == (expected, 1)));
}
