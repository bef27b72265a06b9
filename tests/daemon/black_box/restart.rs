//! Black boxes outlive a daemon, as the ring does.

use nix::sys::signal::Signal;

use super::{ask, config, make_calls, numbers};
use crate::number::unused_number;
use crate::pins::BpfFs;
use crate::records::of_kind;
use crate::rig::Setup;

#[test]
fn killed_daemon_leaves_its_black_boxes_to_the_next() {
    let number = unused_number();
    let config = config(&number, ", result = true", 10, 2);
    let Some(setup) = Setup::alone(&config) else { return };
    let pins = BpfFs::mount(&setup);
    let mut first = pins.start(&setup);
    first.records.until("started");
    make_calls(&number, 12);
    first.end_with_status(Signal::SIGKILL);
    make_calls(&number, 4);
    let mut second = pins.start(&setup);
    second.records.until("started");
    make_calls(&number, 2);
    let unit = super::only_unit(&setup);
    ask(&setup, &["dump", "--", &unit]);
    let records = second.records.until("dumped");
    let calls: Vec<_> = of_kind(&records, "syscall").into_iter().cloned().collect();
    assert_eq!(numbers(&calls), [8, 9, 10, 11, 0, 1, 2, 3, 0, 1]);
    assert!(calls.iter().all(|call| call["errno"] == "ENOSYS"));
    assert_eq!(records.last().unwrap()["overwritten"], 8);
    assert_eq!(second.end_with_status(Signal::SIGTERM).code(), Some(0));
}

#[test]
fn daemon_that_is_stopped_leaves_nothing() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&config(&number, "", 10, 2)) else { return };
    let before = crate::kill::ours();
    let daemon = setup.start();
    make_calls(&number, 12);
    daemon.stop();
    let is_left = || crate::kill::ours().is_subset(&before);
    crate::process::eventually("nothing of ours is left", is_left);
}
