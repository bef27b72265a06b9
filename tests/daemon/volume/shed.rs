//! Load shedding: events over `max_per_second` are aggregated, and all are accounted for.

use serde_json::json;

use super::sum;
use crate::number::unused_number;
use crate::process::trigger;
use crate::records::{Total, counted, events_of, of_kind};
use crate::rig::Setup;

const CALLS: u64 = 5_000;

#[test]
fn shed_aggregates_low_events_and_writes_events_to_keep() {
    let (low, always) = (unused_number(), unused_number());
    let config = format!(
        "[routes]\n{low} = {{ handler = \"args\", keep = \"low\" }}\n\
         {always} = {{ handler = \"args\", keep = \"always\" }}\n\
         [journal]\nmax_per_second = 100\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let daemon = setup.start();
    let flood = trigger(&["times", &CALLS.to_string(), "native", &low, "nth"]);
    let kept = trigger(&["times", "500", "native", &always, "nth"]);
    let records = daemon.stop();

    assert_eq!(counted(&events_of(&records, &kept), "0"), (0..500).collect());
    let written = events_of(&records, &flood).len() as u64;
    let stopped = records.last().unwrap();
    let totals = Total::of(stopped, &format!("#{low}"));
    let aggregated = CALLS - written;
    assert_eq!(totals, Total { seen: CALLS, written, aggregated, ..Total::default() });
    assert!(aggregated > 0 && sum(&records, "aggregate", "count") == aggregated);
    let aggregates = of_kind(&records, "aggregate");
    assert!(aggregates.iter().all(|one| one["cause"] == "shed" && one["comm"] == flood));
    let steps = of_kind(&records, "shed");
    let first = steps.first().expect("a shed record");
    let levels = ["level", "level_before", "max_per_second"].map(|key| first[key].clone());
    assert_eq!(levels, [json!("low"), json!("none"), json!(100)]);
    // The daemon's start took one of those that were there.
    assert!(first["written"].as_u64().is_some_and(|written| written >= 89), "{first}");
}

#[test]
fn reload_raises_max_per_second() {
    let number = unused_number();
    let config =
        |most: u32| format!("[routes]\n{number} = \"args\"\n[journal]\nmax_per_second = {most}\n");
    let Some(setup) = Setup::new(&config(10)) else { return };
    let mut daemon = setup.start();
    trigger(&["times", "500", "native", &number, "nth"]);
    let mut records = daemon.records.until("shed");
    daemon.setup.write(&config(100_000));
    records.extend(daemon.records.until("reloaded"));
    let changed = &records.last().unwrap()["changed"];
    assert_eq!(changed, &json!(["[journal] max_per_second"]));
    let after = trigger(&["times", "500", "native", &number, "nth"]);
    records.extend(daemon.stop());
    assert_eq!(counted(&events_of(&records, &after), "0"), (0..500).collect());
    let totals = Total::of(records.last().unwrap(), &format!("#{number}"));
    assert_eq!((totals.seen, totals.lost), (1_000, 0));
    assert_eq!(sum(&records, "aggregate", "count"), totals.aggregated);
}
