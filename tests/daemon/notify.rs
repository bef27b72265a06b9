//! Notifications to the service manager, and their order.

use std::fs::{self, File};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};

use crate::number::unused_number;
use crate::process::{DEADLINE, Process, Trigger};
use crate::rig::{Setup, UNLIMITED};

/// The service manager's end of `NOTIFY_SOCKET`. It keeps no descriptors: messages about those are left out.
pub struct Manager {
    socket: UnixDatagram,
    messages: Receiver<String>,
    path: PathBuf,
}

impl Manager {
    pub fn new(setup: &Setup) -> Self {
        let path = setup.path("notify");
        let _ = std::fs::remove_file(&path); // of the manager before this one
        Self::at(UnixDatagram::bind(&path).unwrap(), path)
    }

    fn at(socket: UnixDatagram, path: PathBuf) -> Self {
        let (sender, messages) = channel();
        let receiver = socket.try_clone().unwrap();
        thread::spawn(move || receive(&receiver, &sender));
        Self { socket, messages, path }
    }

    pub fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Returns the next datagram; a status comes without its constant end.
    pub fn next(&self) -> String {
        let message = self.next_whole();
        match message.split_once(ATTACHED) {
            Some((status, _)) => status.to_owned(),
            None => message,
        }
    }

    fn next_whole(&self) -> String {
        let message = self.messages.recv_timeout(DEADLINE).expect("a datagram");
        message.strip_suffix('\n').expect(&message).to_owned()
    }

    /// Returns all datagrams before the next one that is `last`.
    pub fn until(&self, last: &str) -> Vec<String> {
        let begin = Instant::now();
        let next = || Some(self.next()).filter(|message| message != last);
        let messages = std::iter::from_fn(next).inspect(|message| {
            assert!(begin.elapsed() < DEADLINE, "{message} instead of {last}");
        });
        messages.collect()
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // Ends the thread.
        let _ = self.socket.shutdown(Shutdown::Read);
    }
}

/// Reads all datagrams at once, as a service manager does: a daemon waits where they are not read.
fn receive(socket: &UnixDatagram, messages: &Sender<String>) {
    let mut bytes = [0; 4096];
    loop {
        match socket.recv(&mut bytes) {
            Ok(size) if size > 0 => {
                let message = String::from_utf8(bytes[..size].to_vec()).unwrap();
                let is_for_store =
                    ["FDSTORE", "BARRIER"].iter().any(|key| message.starts_with(key));
                if !is_for_store && messages.send(message).is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

const ATTACHED: &str = "; attached to ";

/// A daemon that writes to a file, and its service manager.
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
fn ready_is_sent_after_started_record() {
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", None) else { return };
    let messages = service.manager.until("READY=1");
    assert_eq!(messages, ["STATUS=1 routes, generation 1: 0 events written, 0 lost"]);
    let records = fs::read_to_string(service.setup.path("records")).unwrap();
    assert!(records.contains(r#""record":"started""#), "{records}");
    service.stop();
}

/// The address of a service manager in a container, and directories that a drop-in of the unit adds.
#[test]
fn abstract_socket_and_list_of_directories_are_understood() {
    let Some(setup) = Setup::new("[routes]\n510 = \"count\"\n") else { return };
    let name = setup.path("abstract").to_string_lossy().into_owned();
    let socket = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let manager = Manager::at(socket, format!("@{name}").into());
    let mut command = setup.command(&[], "json");
    command.stdout(File::create(setup.path("records")).unwrap());
    let run = setup.path("run").to_string_lossy().into_owned();
    command.env("RUNTIME_DIRECTORY", format!("{run}:{run}-of-another"));
    let daemon = Process::spawn(command.env("NOTIFY_SOCKET", manager.path()));
    let mut service = Service { setup, manager, daemon };
    service.manager.until("READY=1");
    assert!(service.setup.path("run/io.tailcalld").exists());
    let mut folders = fs::read_dir(service.setup.path(".")).unwrap().flatten();
    assert!(!folders.any(|entry| entry.file_name().to_string_lossy().contains("another")));
    service.stop();
    assert_eq!(fs::read_to_string(service.setup.path("stderr")).unwrap(), "");
}

#[test]
fn unsupported_address_is_warned_about_once() {
    let Some(setup) = Setup::new("[routes]\n510 = \"count\"\n") else { return };
    let mut command = setup.command(&[], "json");
    command.env("NOTIFY_SOCKET", "vsock:2:1234").env("WATCHDOG_USEC", "1000");
    let mut daemon = setup.spawn(command);
    daemon.records.next("started");
    let stderr = daemon.setup.path("stderr");
    daemon.signal(Signal::SIGHUP);
    daemon.records.next("reloaded");
    let expected = "tailcalld: NOTIFY_SOCKET=vsock:2:1234 is not supported, expected a path (/...) or an abstract \
                    name (@...): the service manager gets no notifications\n";
    assert_eq!(fs::read_to_string(stderr).unwrap(), expected);
    assert_eq!(daemon.stop().len(), 1);
}

#[test]
fn status_has_attach_point_and_reason() {
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
fn reload_sends_reloading_with_time_and_ready() {
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", None) else { return };
    service.manager.until("READY=1");
    let before = monotonic_us();
    service.daemon.signal(Signal::SIGHUP);
    let reloading = service.manager.next();
    let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&reloading);
    let time: i64 = time.parse().unwrap();
    assert!((before..=monotonic_us()).contains(&time), "{before} {time}");
    let messages = service.manager.until("READY=1");
    assert_eq!(messages, ["STATUS=1 routes, generation 2: 0 events written, 0 lost"]);
    service.stop();
}

#[test]
fn status_has_fault_until_file_is_corrected() {
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
        let messages = service.manager.until("READY=1");
        let [reloading, status] = messages.as_slice() else { panic!("{messages:?}") };
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
        assert_eq!(*status, expected);
    }
    service.stop();
}

#[test]
fn idle_daemon_notifies_watchdog() {
    let every = Some("100000");
    let Some(mut service) = Service::start("[routes]\n510 = \"count\"\n", every) else { return };
    service.manager.until("READY=1");
    for _ in 0..4 {
        assert_eq!(service.manager.next(), "WATCHDOG=1");
    }
    service.stop();
}

/// Makes more events than the daemon can write: the ring is never empty, and the loop never sleeps.
#[test]
fn busy_daemon_notifies_watchdog() {
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
