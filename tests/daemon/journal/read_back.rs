//! Records that journald accepts and does not store are noticed, and the record about them is written until it is
//! stored.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use nix::sys::signal::Signal;
use tailcalld::output::record::{RecordBody, Syscall, Unstored};

use super::run::Run;
use crate::journald::detail;
use crate::notify::Manager;
use crate::number::unused_number;
use crate::process::trigger;

/// Time for several looks into the journal, after which there would be a record.
const LOOKS: Duration = Duration::from_secs(5);

fn unstored() -> String {
    format!("MESSAGE_ID={}", Unstored::KIND.id)
}

/// Waits for a status that has, or does not have, a part.
fn status(manager: &Manager, part: &str, is_there: bool) {
    while !matches!(manager.next(), status if status.starts_with("STATUS=") && status.contains(part) == is_there)
    {
    }
}

#[test]
fn records_that_journald_drops_are_reported_once_each_time() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n");
    // Records of levels below are dropped without a word to the sender.
    let Some((run, manager)) = Run::reading_back(&config, "MaxLevelStore=err") else { return };
    run.wait_for(&unstored(), 1);
    status(&manager, "JOURNAL INCOMPLETE", true);
    status(&manager, "JOURNAL INCOMPLETE", false);
    trigger(&["times", "7", "native", &number, "1"]);
    run.wait_for(&unstored(), 2);
    status(&manager, "JOURNAL INCOMPLETE", false);
    let found = run.journald.query(&["-o", "json", &unstored()]);
    assert_eq!(found[1]["PRIORITY"], "3");
    assert_eq!(detail(&found[1], "written"), Some("7"));
    assert!(found[0]["TAILCALLD_TO"].as_str() <= found[1]["TAILCALLD_FROM"].as_str());
}

#[test]
fn record_about_missing_records_is_written_until_it_is_stored() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n");
    let Some((mut run, manager)) = Run::reading_back(&config, "MaxLevelStore=emerg") else {
        return;
    };
    status(&manager, "JOURNAL INCOMPLETE", true);
    std::thread::sleep(LOOKS);
    assert_eq!(run.journald.query(&["-o", "json", &unstored()]).len(), 0);
    run.journald.kill();
    let rig = run.journald.path("run/systemd/journald.conf.d/rig.conf");
    let settings = fs::read_to_string(&rig).unwrap();
    fs::write(&rig, settings.replace("MaxLevelStore=emerg", "")).unwrap();
    run.journald.restart();
    status(&manager, "JOURNAL INCOMPLETE", false);
    std::thread::sleep(LOOKS);
    let entries = run.finish();
    assert_eq!(entries.of(&Unstored::KIND).len(), 1);
}

/// journald rotates the full file and has no room for another one: it drops all records, those about it included.
#[test]
fn records_that_full_disk_drops_are_reported_once_there_is_room() {
    const CALLS: usize = 1_500;
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n");
    let Some((run, manager)) = Run::reading_back_within(&config, "24M") else { return };
    let fill = "! head -c 64M /dev/zero 2>/dev/null >/run/log/journal/full";
    assert!(run.journald.command("sh").args(["-c", fill]).status().unwrap().success());
    trigger(&["times", &CALLS.to_string(), "native", &number, "1"]);
    // The one that is looked for may have had room: the next one is it.
    let is_noticed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in (0..60).take_while(|_| !is_noticed.load(Relaxed)) {
                trigger(&["native", &number, "1"]);
                std::thread::sleep(LOOKS / 10);
            }
        });
        status(&manager, "JOURNAL INCOMPLETE", true);
        is_noticed.store(true, Relaxed);
    });
    std::thread::sleep(LOOKS);
    assert_eq!(run.journald.query(&["-o", "json", &unstored()]).len(), 0);
    fs::remove_file(run.journald.path("run/log/journal/full")).unwrap();
    status(&manager, "JOURNAL INCOMPLETE", false);
    let entries = run.finish();
    let [record] = entries.of(&Unstored::KIND)[..] else { panic!("one record") };
    let stored = entries.of(&Syscall::KIND).len();
    let written: usize = detail(record, "written").unwrap().parse().unwrap();
    assert!(stored < CALLS && written >= CALLS - stored, "{stored} stored, {record}");
}

#[test]
fn journald_that_sleeps_or_rotates_raises_no_alarm() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n");
    let Some((run, manager)) = Run::reading_back(&config, "") else { return };
    run.journald.signal(Signal::SIGSTOP);
    let first = trigger(&["times", "20", "native", &number, "nth"]);
    status(&manager, "journald does not read its socket", true);
    std::thread::sleep(LOOKS);
    run.journald.signal(Signal::SIGCONT);
    status(&manager, "journald does not read its socket", false);
    let mut names = vec![first];
    for _ in 0..3 {
        names.push(trigger(&["times", "20", "native", &number, "nth"]));
        run.journald.signal(Signal::SIGUSR2);
        std::thread::sleep(LOOKS / 2);
    }
    let entries = run.finish();
    assert_eq!(entries.of(&Unstored::KIND).len(), 0);
    for name in names {
        assert_eq!(entries.nths(&name), (0..20).collect::<Vec<_>>());
    }
}
