//! Upgrade and downgrade to builds with other types: the executable of each daemon reads its own ring to the end.

use std::time::Duration;

use nix::sys::signal::Signal;
use tailcalld::output::record::{Adopted, Lost, RecordBody, RecordingGap, Stopped};

use super::adopt::{has_all, route};
use super::column;
use super::run::{Entries, KeptRun};
use crate::journald::detail;
use crate::kill::ours;
use crate::number::unused_number;
use crate::process::{Steady, eventually, send, trigger};

/// Starts of daemons while a trigger makes a call a millisecond: each build twice, after a restart and after a kill.
const STARTS: usize = 6;

/// Numbers of builds one after the other: upgrades, downgrades, the real one among them.
const BUILDS: [u8; 3] = [1, 2, 0];

/// Asserts that all calls are there, and that no record reports a loss.
fn lost_nothing(run: &mut KeptRun, entries: &Entries, name: &str, calls: u64) {
    has_all(entries, name, calls);
    assert_eq!(entries.of(&RecordingGap::KIND).len(), 0);
    assert_eq!(entries.declared_lost(), 0, "{:?}", entries.of(&Lost::KIND));
    leaves_nothing(run);
}

fn leaves_nothing(run: &mut KeptRun) {
    assert_eq!(run.manager.names(), Vec::<String>::new());
    let before = run.before.clone();
    eventually("nothing of ours is left", || ours().is_subset(&before));
}

#[test]
fn upgrades_and_downgrades_lose_no_call() {
    let number = unused_number();
    let Some(mut run) = KeptRun::start(&route(&number)) else { return };
    let steady = Steady::start(&number);
    for (takeover, build) in BUILDS.into_iter().cycle().take(STARTS).enumerate() {
        run.install(build);
        if takeover % 2 == 0 {
            run.leave()
        } else {
            run.kill()
        }
        run.restart();
        run.until_drained();
    }
    let (name, calls) = steady.end();
    let entries = run.finish_last();
    lost_nothing(&mut run, &entries, &name, calls);
    let adopted = entries.of(&Adopted::KIND);
    assert_eq!(adopted.len(), STARTS);
    assert!(adopted.iter().all(|record| detail(record, "replaced").is_some()), "{adopted:?}");
    // Each life has its own counters; one that left has a record of its own besides.
    let stopped = entries.of(&Stopped::KIND);
    let ended = stopped.iter().filter(|record| record["TAILCALLD_REASON"] == "another version");
    let last = stopped.last().into_iter();
    let written: u64 =
        ended.chain(last).map(|record| column(&record["TAILCALLD_TOTAL"], "written")).sum();
    // One that was killed while it wrote an event may have written one that the next one counts.
    assert!((calls..=entries.nths(&name).len() as u64).contains(&written), "{written}");
}

/// Killed from before the processes of the others start to after the daemon is ready.
#[test]
fn takeover_killed_at_any_stage_loses_no_call() {
    let number = unused_number();
    let Some(mut run) = KeptRun::start(&route(&number)) else { return };
    let steady = Steady::start(&number);
    for build in BUILDS {
        run.install(build);
        run.kill();
        for wait_ms in (20..420).step_by(40) {
            run.start_unfinished();
            std::thread::sleep(Duration::from_millis(wait_ms));
            run.kill();
        }
        run.restart();
    }
    let (name, calls) = steady.end();
    run.until_drained();
    let entries = run.finish_last();
    lost_nothing(&mut run, &entries, &name, calls);
}

/// Calls of one build, more than journald's queue takes.
const WAITING: u64 = 2_000;

/// Makes that many calls; returns their name.
fn call(number: &str) -> String {
    trigger(&["times", &WAITING.to_string(), "native", number, "nth"])
}

/// Starts a daemon and then one of another build, while journald takes nothing: the ring of the first one waits.
fn start_two(number: &str) -> Option<(KeptRun, String)> {
    let mut run = KeptRun::start(&route(number))?;
    run.run.journald.signal(Signal::SIGSTOP);
    let name = call(number);
    run.until_output_is_full();
    run.install(1);
    run.kill();
    run.restart();
    Some((run, name))
}

#[test]
fn rings_of_several_builds_are_read_in_order_whoever_is_killed() {
    let number = unused_number();
    let Some((mut run, first)) = start_two(&number) else { return };
    let second = call(&number);
    run.install(2);
    run.kill();
    run.restart();
    let third = call(&number);
    run.install(0);
    run.leave();
    run.restart();
    let fourth = call(&number);
    run.run.journald.signal(Signal::SIGCONT);
    run.until_drained();
    run.run.wait_for_any(&format!("SYSCALL_COMM={fourth}"));
    let entries = run.finish_last();
    let names = [first, second, third, fourth];
    for name in &names {
        lost_nothing(&mut run, &entries, name, WAITING);
        assert!(entries.nths(name).is_sorted(), "the events of {name} are not in order");
    }
    let place = |comm: String| names.iter().position(|name| *name == comm);
    let places: Vec<_> = entries.comms().filter_map(place).collect();
    assert!(places.is_sorted(), "the builds are not in order");
}

#[test]
fn process_that_reads_ring_is_started_again_after_kill() {
    let number = unused_number();
    let Some((mut run, first)) = start_two(&number) else { return };
    let killed = run.drainer().unwrap();
    send(killed, Signal::SIGKILL);
    eventually("another one", || run.drainer().is_some_and(|other| other != killed));
    let second = call(&number);
    run.run.journald.signal(Signal::SIGCONT);
    run.until_drained();
    let entries = run.finish_last();
    for name in [first, second] {
        lost_nothing(&mut run, &entries, &name, WAITING);
    }
}

#[test]
fn process_that_fails_again_and_again_is_given_up_with_gap() {
    let number = unused_number();
    let Some((mut run, first)) = start_two(&number) else { return };
    let mut killed = 0;
    for _ in 0..3 {
        eventually("another one", || run.drainer().is_some_and(|other| other != killed));
        killed = run.drainer().unwrap();
        send(killed, Signal::SIGKILL);
    }
    run.until_drained();
    let second = call(&number);
    run.run.journald.signal(Signal::SIGCONT);
    let entries = run.finish_last();
    has_all(&entries, &second, WAITING);
    assert!(entries.nths(&first).len() < WAITING as usize);
    assert_eq!(entries.of(&RecordingGap::KIND).len(), 1);
    assert!(run.errors().contains("are lost and in no counter"), "{}", run.errors());
    leaves_nothing(&mut run);
}

/// Damages what the first build left; the other one must record anew, once each call, and say why.
fn is_refused(damaged: &str, reason: &str) {
    let number = unused_number();
    let Some(mut run) = KeptRun::start(&route(&number)) else { return };
    run.install(1);
    run.kill();
    run.manager.forget(damaged);
    run.restart();
    let name = call(&number);
    let entries = run.finish_last();
    assert_eq!(entries.nths(&name), (0..WAITING).collect::<Vec<_>>());
    assert_eq!(entries.of(&Adopted::KIND).len(), 0);
    assert_eq!(entries.of(&RecordingGap::KIND).len(), 1);
    assert!(run.errors().contains(reason), "{}", run.errors());
    leaves_nothing(&mut run);
}

#[test]
fn set_of_other_build_that_is_not_whole_is_refused_with_reason() {
    is_refused("1.executable", "its executable is not kept");
    is_refused("1.map.events", "did not keep map.events");
    is_refused("1.link.sys_enter", "the dispatcher is not attached");
}
