//! Mixed load for half an hour, with reloads, kills of the daemon, restarts of journald and new cgroups: `make soak`.
//! At the end the daemon's counters are compared with those of another BPF object and with the journal, and the
//! daemon's memory and descriptors with those after the warm-up: docs/testing.md, "Soak".
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod accounts;
mod books;
mod cgroups;
mod entries;
#[path = "../daemon/fd_store.rs"]
#[allow(dead_code)] // shared with other targets, like those below
mod fd_store;
mod figures;
#[path = "../common/journald.rs"]
#[allow(dead_code)]
mod journald;
mod load;
#[path = "../daemon/number.rs"]
mod number;
mod outside;
#[path = "../daemon/process.rs"]
#[allow(dead_code)]
mod process;
#[path = "../daemon/records.rs"]
#[allow(dead_code)]
mod records;
mod report;
#[path = "../daemon/rig.rs"]
#[allow(dead_code)]
mod rig;
#[path = "../common/root.rs"]
#[allow(dead_code)]
mod root;
mod routes;
mod run;
mod service;
mod watch;

use std::time::{Duration, Instant};

use run::Run;

/// Parts of the whole time: the warm-up, and one life with everything but kills. Short lives take the rest.
const WARM_UP: f64 = 2.0 / 9.0;
const LONG_LIFE: f64 = 2.0 / 3.0;

#[test]
#[ignore = "takes half an hour: make soak"]
fn daemon_accounts_for_all_calls_and_does_not_grow() {
    let minutes = std::env::var("MINUTES").map_or(30.0, |text| text.parse().unwrap());
    let Some(mut run) = Run::start() else { return };
    let begin = Instant::now();
    let until = |part: f64| begin + Duration::from_secs_f64(part * minutes * 60.0);
    run.rounds(until(WARM_UP));
    run.end_warm_up();
    run.rounds(until(LONG_LIFE));
    run.end_long_life();
    run.short_lives(until(1.0));
    let figures = run.end();
    println!("{figures}");
    let violated = figures.violated();
    assert!(violated.is_empty(), "{violated:?}");
}
