//! Takeover from a daemon whose object is another one of the same types, here one with a ring of another size.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use tailcalld::output::record::{Adopted, Lost, RecordBody, RecordingGap, Stopped};

use super::adopt::{STARTS, has_all, route};
use super::column;
use super::run::KeptRun;
use crate::journald::detail;
use crate::number::unused_number;
use crate::process::{Steady, eventually, trigger};

/// Ring sizes of daemons one after the other: each one takes over from another object.
const SIZES: [&str; 2] = ["8MiB", "4MiB"];

#[test]
fn takeover_from_other_object_loses_no_call() {
    let number = unused_number();
    let config = format!("{}[ring]\nsize = \"{}\"\n", route(&number), SIZES[0]);
    let Some(mut run) = KeptRun::start(&config) else { return };
    let steady = Steady::start(&number);
    for takeovers in 0..STARTS {
        let [from, to] = if takeovers % 2 == 0 { SIZES } else { [SIZES[1], SIZES[0]] };
        run.reconfigure(from, to);
        if takeovers % 3 == 2 {
            run.leave()
        } else {
            run.kill()
        }
        run.restart();
    }
    let (name, calls) = steady.end();
    let entries = run.finish_after(STARTS / 3);
    has_all(&entries, &name, calls);
    let adopted = entries.of(&Adopted::KIND);
    assert_eq!(adopted.len(), STARTS);
    assert!(adopted.iter().all(|record| detail(record, "replaced").is_some()), "{adopted:?}");
    assert_eq!(entries.of(&RecordingGap::KIND).len(), 0);
    assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
    // The counters are those of all daemons. One that was killed while it wrote an event may have written one that the
    // next one counts.
    let totals = entries.of(&Stopped::KIND).pop().unwrap()["TAILCALLD_TOTAL"].clone();
    let written = column(&totals, "written");
    assert_eq!(column(&totals, "seen"), written, "{totals}");
    assert!((calls..=entries.nths(&name).len() as u64).contains(&written), "{totals}");
}

#[test]
fn takeover_killed_at_any_stage_loses_no_call() {
    let number = unused_number();
    let config = format!("{}[ring]\nsize = \"{}\"\n", route(&number), SIZES[0]);
    let Some(mut run) = KeptRun::start(&config) else { return };
    let steady = Steady::start(&number);
    for round in 0..2 {
        let [from, to] = if round % 2 == 0 { SIZES } else { [SIZES[1], SIZES[0]] };
        run.reconfigure(from, to);
        run.kill();
        // From before the object is loaded to after the daemon is ready.
        for wait_ms in (20..420).step_by(40) {
            run.start_unfinished();
            std::thread::sleep(Duration::from_millis(wait_ms));
            run.kill();
        }
        run.restart();
    }
    let (name, calls) = steady.end();
    let entries = run.finish();
    has_all(&entries, &name, calls);
    assert_eq!(entries.of(&RecordingGap::KIND).len(), 0);
    assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
    assert_eq!(run.manager.names(), Vec::<String>::new());
}

/// A signal ends a wait for the service manager, and must not end the attempt to store.
#[test]
fn store_interrupted_by_signal_is_complete() {
    let number = unused_number();
    let config = format!("{}[ring]\nsize = \"{}\"\n", route(&number), SIZES[0]);
    let Some(mut run) = KeptRun::start(&config) else { return };
    run.reconfigure(SIZES[0], SIZES[1]);
    run.kill();
    run.manager.set_paused(true);
    run.start_unfinished();
    let call = format!("/proc/{}/syscall", run.run.daemon.id());
    let sendmsg = number_of("sendmsg");
    eventually("the daemon waits for the manager", || {
        fs::read_to_string(&call).is_ok_and(|call| call.starts_with(&sendmsg))
    });
    fs::write(run.run.path("run/restart"), "").unwrap();
    run.run.daemon.signal(Signal::SIGTERM);
    run.manager.set_paused(false);
    assert_eq!(run.run.daemon.wait().code(), Some(0));
    run.manager.wait_for_ready(2);
    run.restart();
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let entries = run.finish_after(1);
    has_all(&entries, &name, 50);
    assert_eq!(entries.of(&Adopted::KIND).len(), 2);
    assert_eq!(run.errors(), "");
}

fn number_of(name: &str) -> String {
    format!("{} ", syscalls::number(syscalls::Abi::Native, name).unwrap())
}

/// A daemon that is killed while it removes an older set leaves a part of it.
#[test]
fn half_removed_set_of_predecessor_is_removed() {
    let number = unused_number();
    let config = format!("{}[ring]\nsize = \"{}\"\n", route(&number), SIZES[0]);
    let Some(mut run) = KeptRun::start(&config) else { return };
    run.run.journald.signal(Signal::SIGSTOP);
    trigger(&["times", "2000", "native", &number, "nth"]);
    run.until_output_is_full();
    run.kill();
    run.reconfigure(SIZES[0], SIZES[1]);
    run.restart();
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    run.kill();
    run.manager.forget("1.link.");
    run.manager.forget("1.map.events");
    run.restart();
    run.run.journald.signal(Signal::SIGCONT);
    let entries = run.finish();
    assert_eq!(entries.nths(&name), (0..50).collect::<Vec<_>>());
    assert_eq!(run.manager.names(), Vec::<String>::new());
}
