//! `[metrics] textfile`: the file that the daemon writes, as often as asked for, while it runs.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::time::{Duration, Instant};

use crate::number::unused_number;
use crate::process::eventually;
use crate::rig::{Daemon, Setup};

use super::exposition::Format;

/// Nobody.
const NOBODY: u32 = 65534;

fn config(number: &str, metrics: &str) -> String {
    format!("[routes]\n{number} = \"args\"\n{metrics}")
}

fn metrics(setup: &Setup, name: &str) -> String {
    format!("[metrics]\ntextfile = \"{}\"\nevery = \"1s\"\n", setup.path(name).display())
}

/// Starts a daemon with the umask of the service.
pub fn started(number: &str, name: &str) -> Option<Daemon> {
    let setup = Setup::new("")?;
    setup.write(&config(number, &metrics(&setup, name)));
    let command = setup.command(&["sh", "-c", "umask 077; exec \"$0\" \"$@\""], "json");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    Some(daemon)
}

fn reload(daemon: &mut Daemon, config: &str, changed: &[&str]) {
    daemon.setup.write(config);
    let record = daemon.records.next("reloaded");
    assert_eq!(record["changed"], serde_json::json!(changed), "{record}");
}

#[test]
fn textfile_is_whole_at_any_time_and_as_recent_as_asked_for() {
    let Some(daemon) = started(&unused_number(), "a.prom") else { return };
    let file = daemon.setup.path("a.prom");
    eventually("the file", || file.exists());
    let about = fs::metadata(&file).unwrap();
    assert_eq!((about.mode() & 0o7777, about.uid()), (0o644, 0));
    let read = |text: &str| Format::Prometheus.read(text).unwrap();
    let samples = read(&fs::read_to_string(&file).unwrap());
    assert!(
        samples.keys().any(|sample| sample.starts_with("tailcalld_calls_total{")),
        "{samples:?}"
    );
    let (end, mut files) = (Instant::now() + Duration::from_millis(2500), Vec::new());
    while Instant::now() < end {
        let text = fs::read_to_string(&file).unwrap();
        assert!(read(&text).keys().eq(samples.keys()), "{text}");
        files.push(fs::metadata(&file).unwrap().ino());
    }
    files.dedup();
    assert!((2..=4).contains(&files.len()), "{files:?}");
    let path = file.with_extension("prom.new");
    assert_eq!(daemon.stop().len(), 1);
    assert!(!path.exists() && !file.exists());
}

#[test]
fn reload_moves_textfile_and_removes_it() {
    let number = unused_number();
    let Some(mut daemon) = started(&number, "a.prom") else { return };
    let [old, new] = ["a.prom", "b.prom"].map(|name| daemon.setup.path(name));
    eventually("the file", || old.exists());
    let other = config(&number, &metrics(&daemon.setup, "b.prom"));
    reload(&mut daemon, &other, &["[metrics] textfile"]);
    eventually("the file", || new.exists());
    assert!(!old.exists());
    reload(&mut daemon, &other.replace("1s", "2s"), &["[metrics] every"]);
    reload(&mut daemon, &config(&number, ""), &["[metrics] textfile", "[metrics] every"]);
    eventually("no file", || !new.exists());
    assert_eq!(daemon.stop().len(), 1);
}

/// The daemon has given up what lets root write anywhere.
#[test]
fn textfile_in_foreign_folder_is_reported_once_and_written_when_permitted() {
    let Some(daemon) = started(&unused_number(), "folder/a.prom") else { return };
    let errors = || fs::read_to_string(daemon.setup.path("stderr")).unwrap();
    let lines = |what: &str| errors().lines().filter(|line| line.contains(what)).count();
    eventually("an error", || lines("does not exist, or the sandbox") == 1);
    let (made, folder) = (daemon.setup.path("made"), daemon.setup.path("folder"));
    fs::create_dir(&made).unwrap();
    chown(&made, Some(NOBODY), Some(NOBODY)).unwrap();
    fs::rename(&made, &folder).unwrap();
    eventually("another error", || lines("chgrp root") == 1);
    // Two further attempts.
    std::thread::sleep(Duration::from_millis(2200));
    assert_eq!(errors().lines().count(), 2, "{}", errors());
    chown(&folder, None, Some(0)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o775)).unwrap();
    eventually("the end of the errors", || lines(" now") == 1);
    assert!(folder.join("a.prom").exists());
    assert_eq!(errors().lines().count(), 3, "{}", errors());
    assert_eq!(daemon.stop().len(), 1);
}
