//! The periodic `stats` record.

use serde_json::json;

use crate::number::unused_number;
use crate::process::trigger;
use crate::rig::Setup;

#[test]
fn stats_record_lists_routes_with_calls() {
    let (rare, plain) = (unused_number(), unused_number());
    let config = format!(
        "[routes]\n{rare} = {{ handler = \"args\", sample = \"1/1000000\" }}\n{plain} = \"args\"\n\
         [journal]\nstats_interval = \"1s\"\n"
    );
    let Some(setup) = Setup::new(&config) else { return };
    let mut daemon = setup.start();
    trigger(&["times", "100", "native", &rare, "nth"]);
    // The event of this one wakes the daemon.
    trigger(&["native", &plain]);
    let records = daemon.records.until("stats");
    let rows = records.last().unwrap()["totals"].as_array().unwrap();
    let of = |nr: &str| rows.iter().find(|row| row["syscall"] == format!("#{nr}")).unwrap();
    let (rare, plain) = (of(&rare), of(&plain));
    assert_eq!((&plain["seen"], &plain["written"], rows.len()), (&json!(1), &json!(1), 2));
    let [sampled, written] = ["sampled", "written"].map(|key| rare[key].as_u64().unwrap());
    assert_eq!((&rare["seen"], sampled + written), (&json!(100), 100));
    assert!(sampled >= 98, "{rare}");
    daemon.stop();
}
