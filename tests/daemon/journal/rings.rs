//! Daemons with a ring for each CPU: the next one goes on with all of them, and no call is lost.

use nix::sys::signal::Signal;
use nix::unistd::{SysconfVar, sysconf};
use tailcalld::output::record::{Adopted, Lost, RecordBody, RecordingGap, Stopped};

use super::adopt::{STARTS, has_all, route};
use super::column;
use super::run::{Entries, KeptRun};
use crate::journald::detail;
use crate::kill::ours;
use crate::number::unused_number;
use crate::process::{Steady, eventually, trigger};

/// A call a millisecond on each of two CPUs.
struct Both([Steady; 2]);

impl Both {
    fn start(number: &str) -> Self {
        Self([0, 1].map(|cpu| Steady::on_cpu(cpu, number)))
    }

    /// Ends them; asserts that each call is there, and returns their number.
    fn end(self, run: &mut KeptRun, stops: usize) -> (Entries, u64) {
        let made = self.0.map(Steady::end);
        let entries = run.finish_after(stops);
        for (name, calls) in &made {
            has_all(&entries, name, *calls);
        }
        assert_eq!(entries.of(&RecordingGap::KIND).len(), 0);
        assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
        assert_eq!(run.manager.names(), Vec::<String>::new());
        let before = run.before.clone();
        eventually("nothing of ours is left", || ours().is_subset(&before));
        (entries, made.iter().map(|(_, calls)| calls).sum())
    }
}

/// Starts a daemon whose rings have so many CPUs each; `None` on a machine with a single CPU.
fn start(number: &str, cpus: u32) -> Option<KeptRun> {
    let online = sysconf(SysconfVar::_NPROCESSORS_ONLN).ok().flatten();
    if online.is_none_or(|online| online < 2) {
        eprintln!("SKIPPED: two CPUs are needed");
        return None;
    }
    KeptRun::start(&format!("{}[ring]\ncpus = {cpus}\n", route(number)))
}

#[test]
fn daemon_with_two_rings_killed_repeatedly_loses_no_call() {
    let number = unused_number();
    let Some(mut run) = start(&number, 1) else { return };
    let names = run.manager.names();
    for name in ["1.map.events", "1.map.events.1", "1.map.rings"] {
        assert!(names.iter().any(|kept| kept == name), "{name} in {names:?}");
    }
    let both = Both::start(&number);
    for _ in 0..STARTS {
        run.kill();
        run.restart();
    }
    let (entries, calls) = both.end(&mut run, 0);
    let adopted = entries.of(&Adopted::KIND);
    assert_eq!(adopted.len(), STARTS);
    assert!(adopted.iter().all(|record| detail(record, "replaced").is_none()), "{adopted:?}");
    let totals = entries.of(&Stopped::KIND)[0]["TAILCALLD_TOTAL"].clone();
    assert_eq!((column(&totals, "seen"), column(&totals, "written")), (calls, calls));
}

/// The event that waits for journald is of one ring; events of both follow.
#[test]
fn events_of_two_rings_that_wait_survive_two_kills() {
    const CALLS: u64 = 2_000;
    let number = unused_number();
    let Some(mut run) = start(&number, 1) else { return };
    run.run.journald.signal(Signal::SIGSTOP);
    let calls = CALLS.to_string();
    let names =
        ["0", "1"].map(|cpu| trigger(&["on-cpu", cpu, "times", &calls, "native", &number, "nth"]));
    for _ in 0..2 {
        run.until_output_is_full();
        run.kill();
        run.restart();
    }
    run.run.journald.signal(Signal::SIGCONT);
    run.until_ring_is_empty();
    let entries = run.finish();
    names.iter().for_each(|name| has_all(&entries, name, CALLS));
    assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
}

/// One ring, then two, then one again.
#[test]
fn takeover_from_other_number_of_rings_loses_no_call() {
    let number = unused_number();
    let Some(mut run) = start(&number, 8) else { return };
    let both = Both::start(&number);
    for takeover in 0..STARTS {
        let [from, to] = if takeover % 2 == 0 { ["8", "1"] } else { ["1", "8"] };
        run.reconfigure(&format!("cpus = {from}"), &format!("cpus = {to}"));
        run.kill();
        run.restart();
    }
    let (entries, calls) = both.end(&mut run, 0);
    let adopted = entries.of(&Adopted::KIND);
    assert!(adopted.iter().all(|record| detail(record, "replaced").is_some()), "{adopted:?}");
    let totals = entries.of(&Stopped::KIND).pop().unwrap()["TAILCALLD_TOTAL"].clone();
    assert!(column(&totals, "written") >= calls, "{totals}");
}

/// The executable of the earlier version reads both.
#[test]
fn hand_over_of_two_rings_loses_no_call() {
    let number = unused_number();
    let Some(mut run) = start(&number, 1) else { return };
    let both = Both::start(&number);
    for build in [1, 0] {
        run.install(build);
        run.kill();
        run.restart();
        run.until_drained();
    }
    let made = both.0.map(Steady::end);
    let entries = run.finish_last();
    for (name, calls) in &made {
        has_all(&entries, name, *calls);
    }
    assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
    assert_eq!(run.manager.names(), Vec::<String>::new());
}
