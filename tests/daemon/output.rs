//! Backpressure: a closed pipe, a full pipe and a full disk. Each event is written or declared lost.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _, Seek as _};
use std::os::fd::AsFd as _;
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;
use serde_json::Value;

use crate::number::unused_number;
use crate::process::{Process, eventually, trigger};
use crate::records::{Records, Total, counted, declared_lost, events_of, of_kind, record};
use crate::rig::{Setup, UNLIMITED, reload_by_client};

/// Returns a configuration with the smallest ring, which few events fill.
fn config(number: &str) -> String {
    format!("[routes]\n{number} = \"args\"\n[ring]\nsize = \"64KiB\"\n{UNLIMITED}")
}

/// Starts a daemon and reads its pipe up to the `started` record only.
fn start(setup: &Setup) -> (Process, BufReader<ChildStdout>) {
    let mut command = setup.command(&[], "json");
    let mut daemon = Process::spawn(command.stdout(Stdio::piped()));
    let pipe = daemon.stdout();
    // The smallest pipe: a test needs few calls to fill it.
    fcntl(pipe.as_fd(), FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    let mut pipe = BufReader::with_capacity(1, pipe);
    let mut line = String::new();
    pipe.read_line(&mut line).unwrap();
    assert_eq!(record(&line)["record"], "started");
    (daemon, pipe)
}

#[test]
fn pipe_closed_by_reader_ends_daemon() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number)) else { return };
    let (mut daemon, pipe) = start(&setup);
    drop(pipe);
    // A process that another test has just forked may have the pipe for a moment more.
    eventually("the daemon ends", || {
        trigger(&["native", &number]);
        !daemon.is_running()
    });
    assert_eq!(daemon.wait().code(), Some(0));
}

/// Fills the pipe with reload records alone; all arrive, and events follow them.
#[test]
fn full_pipe_delays_reload_records_and_loses_none() {
    const RELOADS: u64 = 40;
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number)) else { return };
    let (mut daemon, pipe) = start(&setup);
    for _ in 0..RELOADS {
        // By a client: signals that change nothing are reloads once a second.
        reload_by_client(&setup);
    }
    let mut records = Records::read(pipe);
    for generation in 2..2 + RELOADS {
        assert_eq!(records.next("reloaded")["generation"], generation);
    }
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    daemon.signal(Signal::SIGTERM);
    // On a busy machine the reloads take more than a second: then a record reports for how long the pipe was full.
    let mut rest = records.rest();
    rest.retain(|record| record["record"] != "output_restored");
    assert_eq!(counted(&events_of(&rest, &name), "0"), (0..50).collect());
    assert_eq!((rest.len(), of_kind(&rest, "stopped").len()), (51, 1));
    assert_eq!(daemon.wait().code(), Some(0));
}

#[test]
fn reader_that_resumes_gets_all_events_not_declared_lost() {
    const CALLS: u64 = 20_000;
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number)) else { return };
    let (mut daemon, pipe) = start(&setup);
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    let mut records = Records::read(pipe);
    let mut read = records.until("lost");
    // Calls from here on find room again.
    let after = trigger(&["times", "100", "native", &number, "nth"]);
    daemon.signal(Signal::SIGTERM);
    read.extend(records.rest());

    assert_eq!(daemon.wait().code(), Some(0));
    let written = counted(&events_of(&read, &name), "0").len() as u64;
    let lost = declared_lost(&read);
    assert_eq!(written + lost, CALLS);
    assert!(lost > 0, "the ring and the pipe are too small for all");
    assert_eq!(counted(&events_of(&read, &after), "0"), (0..100).collect());
    let totals = Total::of(read.last().unwrap(), &format!("#{number}"));
    let written = written + 100;
    assert_eq!(totals, Total { seen: CALLS + 100, written, lost, ..Total::default() });
}

/// Stops the daemon with different amounts of data in the pipe.
#[test]
fn stopped_record_waits_for_room_in_pipe() {
    let number = unused_number();
    // As many as the pipe nearly holds, and fewer.
    for calls in 3..7 {
        let Some(setup) = Setup::new(&config(&number)) else { return };
        let (mut daemon, pipe) = start(&setup);
        let name = trigger(&["times", &calls.to_string(), "native", &number, "nth"]);
        daemon.signal(Signal::SIGTERM);
        eventually("the daemon has ended or waits for room", || has_written_all(&mut daemon));
        let records = Records::read(pipe).rest();
        assert_eq!(daemon.wait().code(), Some(0));
        assert_eq!(counted(&events_of(&records, &name), "0"), (0..calls).collect());
        let totals = Total::of(records.last().unwrap(), &format!("#{number}"));
        assert_eq!(totals, Total { seen: calls, written: calls, ..Total::default() }, "{calls}");
    }
}

/// Returns whether the daemon has ended, or has detached and sleeps before its last record.
fn has_written_all(daemon: &mut Process) -> bool {
    let proc = format!("/proc/{}", daemon.id());
    let links = fs::read_dir(format!("{proc}/fd")).into_iter().flatten().flatten();
    let mut targets = links.filter_map(|link| fs::read_link(link.path()).ok());
    let stat = fs::read_to_string(format!("{proc}/stat")).unwrap_or_default();
    let is_detached = !targets.any(|target| target.ends_with("anon_inode:bpf_link"));
    !daemon.is_running() || (is_detached && stat.contains(") S "))
}

/// The reader takes some 4 s for all, longer than a pipe may be full at the end.
#[test]
fn stop_with_slow_reader_writes_all_events() {
    const CALLS: u64 = 2_000;
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n{UNLIMITED}");
    let Some(setup) = Setup::new(&config) else { return };
    let (mut daemon, mut pipe) = start(&setup);
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    daemon.signal(Signal::SIGTERM);
    let (mut all, mut some) = (Vec::new(), [0; 4096]);
    loop {
        let bytes = pipe.read(&mut some).unwrap();
        if bytes == 0 {
            break;
        }
        all.extend_from_slice(&some[..bytes]);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(daemon.wait().code(), Some(0));
    let records: Vec<Value> = String::from_utf8(all).unwrap().lines().map(record).collect();
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..CALLS).collect());
    let totals = Total::of(records.last().unwrap(), &format!("#{number}"));
    assert_eq!(totals, Total { seen: CALLS, written: CALLS, ..Total::default() });
}

#[test]
fn stop_with_full_pipe_exits_without_reader() {
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number)) else { return };
    let (mut daemon, mut pipe) = start(&setup);
    let name = trigger(&["times", "20000", "native", &number, "nth"]);
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    // What the pipe held: whole lines, but for the last one.
    let mut text = String::new();
    pipe.read_to_string(&mut text).unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let records: Vec<Value> = whole.lines().map(record).collect();
    let events = counted(&events_of(&records, &name), "0");
    assert_eq!(events, (0..events.len() as u64).collect(), "the first ones, in order");
}

/// Script that mounts a file system of 64 KiB and writes the records to a file on it.
const SMALL_DISK: &str = "
mount -t tmpfs -o size=64k tmpfs \"$0\" && exec \"$@\" >\"$0/records\"
";

#[test]
fn full_disk_delays_records_until_there_is_room() {
    const CALLS: u64 = 5_000;
    let number = unused_number();
    let Some(setup) = Setup::new(&config(&number)) else { return };
    let disk = setup.path("disk");
    fs::create_dir(&disk).unwrap();
    let words = ["unshare", "-m", "sh", "-c", SMALL_DISK, disk.to_str().unwrap()];
    let mut daemon = Process::spawn(&mut setup.command(&words, "json"));
    let seen = format!("/proc/{}/root{}/records", daemon.id(), disk.display());
    let length = || fs::metadata(&seen).map_or(0, |about| about.len());
    eventually("the daemon starts", || length() > 0);
    let name = trigger(&["times", &CALLS.to_string(), "native", &number, "nth"]);
    eventually("the disk is full", || length() == 64 * 1024);
    let remount = ["-t", &daemon.id().to_string(), "-m", "mount", "-o", "remount,size=64m"];
    assert!(Command::new("nsenter").args(remount).arg(&disk).status().unwrap().success());

    // Open before its file system goes with the daemon.
    let file = File::open(&seen).unwrap();
    let text = || {
        (&file).rewind().unwrap();
        io::read_to_string(&file).unwrap()
    };
    eventually("the losses are recorded", || text().contains(r#""record":"lost""#));
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait().code(), Some(0));
    let records: Vec<Value> = text().lines().map(record).collect();
    let written = counted(&events_of(&records, &name), "0").len() as u64;
    let lost = declared_lost(&records);
    assert_eq!(written + lost, CALLS);
    assert!(lost > 0);
    let totals = Total::of(records.last().unwrap(), &format!("#{number}"));
    assert_eq!(totals, Total { seen: CALLS, written, lost, ..Total::default() });
}
