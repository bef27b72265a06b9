//! What the service manager is told, and when.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};

use crate::number::unused_number;
use crate::process::{PATIENCE, Process, Trigger};
use crate::rig::{Setup, UNLIMITED};

/// The service manager's end of `NOTIFY_SOCKET`.
pub struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    pub fn new(setup: &Setup) -> Self {
        let path = setup.path("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, path }
    }

    pub fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The next datagram, a status without its end, which is the same each time.
    pub fn next(&self) -> String {
        let told = self.next_whole();
        match told.split_once(ATTACHED) {
            Some((status, _)) => status.to_owned(),
            None => told,
        }
    }

    fn next_whole(&self) -> String {
        let mut bytes = [0; 4096];
        let size = self.socket.recv(&mut bytes).expect("the daemon tells something");
        let told = String::from_utf8(bytes[..size].to_vec()).unwrap();
        told.strip_suffix('\n').expect(&told).to_owned()
    }

    /// Reads on until that one comes; those in between are given.
    pub fn until(&self, last: &str) -> Vec<String> {
        let begin = Instant::now();
        let next = || Some(self.next()).filter(|told| told != last);
        let told = std::iter::from_fn(next).inspect(|told| {
            assert!(begin.elapsed() < PATIENCE, "{told} instead of {last}");
        });
        told.collect()
    }
}

const ATTACHED: &str = "; attached to ";

/// A daemon that writes into a file, and its service manager.
struct Service {
    setup: Setup,
    manager: Manager,
    daemon: Process,
}

impl Service {
    fn start(config: &str, watchdog_us: Option<&str>) -> Option<Self> {
        let setup = Setup::new(config)?;
        let manager = Manager::new(&setup);
        let mut command = setup.command(&[], "json");
        command.stdout(File::create(setup.path("records")).unwrap());
        command.env("NOTIFY_SOCKET", manager.path());
        command.envs(watchdog_us.map(|every| ("WATCHDOG_USEC", every)));
        let daemon = Process::spawn(&mut command);
        Some(Self { setup, manager, daemon })
    }

    fn stop(&mut self) {
        self.daemon.signal(Signal::SIGTERM);
        self.manager.until("STOPPING=1");
        assert_eq!(self.daemon.wait().code(), Some(0));
    }
}

#[test]
fn ready_means_that_the_start_is_on_record() {
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", None) else { return };
    let told = service.manager.until("READY=1");
    assert_eq!(told, ["STATUS=1 routes, generation 1: 0 events written, 0 lost"]);
    let records = fs::read_to_string(service.setup.path("records")).unwrap();
    assert!(records.contains(r#""record":"started""#), "{records}");
    service.stop();
}

#[test]
fn the_status_says_what_it_is_attached_to_and_why() {
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", None) else { return };
    let status = service.manager.next_whole();
    let attached = status.split_once(ATTACHED).expect(&status).1.to_owned();
    service.manager.until("READY=1");
    let records = fs::read_to_string(service.setup.path("records")).unwrap();
    let started: serde_json::Value = serde_json::from_str(records.lines().next().unwrap()).unwrap();
    let [place, reason] = ["attached", "attach_reason"].map(|key| started[key].as_str().unwrap());
    assert_eq!(attached, format!("{place}: {reason}"));
    assert!(!reason.is_empty());
    service.stop();
}

#[test]
fn a_reload_is_framed_and_timed() {
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", None) else { return };
    service.manager.until("READY=1");
    let before = monotonic_us();
    service.daemon.signal(Signal::SIGHUP);
    let reloading = service.manager.next();
    let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&reloading);
    let time: i64 = time.parse().unwrap();
    assert!((before..=monotonic_us()).contains(&time), "{before} {time}");
    let told = service.manager.until("READY=1");
    assert_eq!(told, ["STATUS=1 routes, generation 2: 0 events written, 0 lost"]);
    service.stop();
}

#[test]
fn the_status_names_the_fault_until_it_is_mended() {
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", None) else { return };
    service.manager.until("READY=1");
    let config = service.setup.config();
    let config = config.display();
    for (text, expected) in [
        (
            "[routes]\n510 = \"cuont\"\n",
            format!(
                "STATUS=1 routes, generation 1: 0 events written, 0 lost; the last reload was \
                 refused: {config}:2:7: unknown handler \"cuont\" for syscall \"510\" (did you mean \
                 \"count\"?)"
            ),
        ),
        (
            "[routes]\n510 = \"count\"\n",
            "STATUS=1 routes, generation 2: 0 events written, 0 lost".to_owned(),
        ),
    ] {
        service.setup.write(text);
        let told = service.manager.until("READY=1");
        let [reloading, status] = told.as_slice() else { panic!("{told:?}") };
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
        assert_eq!(*status, expected);
    }
    service.stop();
}

#[test]
fn an_idle_daemon_feeds_the_watchdog() {
    let every = Some("100000");
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", every) else { return };
    service.manager.until("READY=1");
    for _ in 0..4 {
        assert_eq!(service.manager.next(), "WATCHDOG=1");
    }
    service.stop();
}

/// More than it can write: the ring is never empty, and the loop never sleeps.
#[test]
fn a_busy_daemon_feeds_the_watchdog() {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n[ring]\nsize = \"1MiB\"\n{UNLIMITED}");
    let Some(setup) = Setup::new(&config) else { return };
    let manager = Manager::new(&setup);
    let mut command = setup.command(&[], "json");
    command.stdout(File::options().write(true).open("/dev/null").unwrap());
    command.env("NOTIFY_SOCKET", manager.path()).env("WATCHDOG_USEC", "20000");
    let daemon = Process::spawn(&mut command);
    let mut service = Service { setup, manager, daemon };
    service.manager.until("READY=1");

    let mut load = Trigger::start(&["threads", "1000000000", "native", &number]);
    for _ in 0..50 {
        service.manager.until("WATCHDOG=1");
    }
    assert!(load.is_running());
    drop(load);
    service.stop();
}

fn monotonic_us() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    now.tv_sec() * 1_000_000 + now.tv_nsec() / 1000
}
