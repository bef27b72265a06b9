//! A journald for tests: the real program in its own mount and network namespace, so that it neither reads
//! nor changes the machine's journal. Tests reach its socket through `/proc/PID/root`. The queue of the
//! socket is as long as systemd makes it at boot. Dropping the value ends all processes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::slice;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::root::privileged;

/// Script that keeps the namespaces alive across a restart of journald. It mounts /proc again, because
/// containers have /proc/sys read-only. `Audit=` leaves auditing as it is on the machine, and journald reads
/// no messages of the kernel.
const HOLD: &str = "
set -e
mount -t tmpfs tmpfs /run
mount -t proc proc /proc
echo 512 >/proc/sys/net/unix/max_dgram_qlen
mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log/journal
cat >/run/systemd/journald.conf.d/rig.conf <<CONF
[Journal]
Storage=volatile
RateLimitIntervalSec=0
ForwardToSyslog=no
ReadKMsg=no
Audit=
$JOURNALD_CONF
CONF
echo ready
exec cat
";

/// Time to wait for anything, long enough for a machine under load.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A running journald.
pub struct Journald {
    holder: Child,
    daemon: Child,
}

impl Journald {
    /// Starts journald. Returns `None` without root; the test then prints that it is skipped, and fails if
    /// `CI=true`.
    pub fn start() -> Option<Self> {
        Self::start_with("")
    }

    /// Starts journald with more lines of its configuration.
    pub fn start_with(lines: &str) -> Option<Self> {
        if !privileged() {
            return None;
        }
        let mut holder = Command::new("unshare")
            .args(["-m", "-n", "sh", "-c", HOLD])
            .env("JOURNALD_CONF", lines)
            .stdin(Stdio::piped()) // cat ends with the test, even if nothing is dropped
            .stdout(Stdio::piped())
            .spawn()
            .expect("unshare starts");
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the namespaces are set up");
        let daemon = run_daemon(&holder);
        Some(Self { holder, daemon })
    }

    /// The socket, as a path outside the namespaces.
    pub fn socket(&self) -> PathBuf {
        self.root().join("run/systemd/journal/socket")
    }

    /// Returns the process id of journald.
    #[allow(dead_code)] // not every test target asks
    pub fn pid(&self) -> u32 {
        self.daemon.id()
    }

    /// Sends journald a signal: `SIGSTOP` suspends it, `SIGCONT` resumes it.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.daemon.id()).unwrap()), signal).unwrap();
    }

    /// Kills it, as the kernel would when memory runs out, and removes its socket.
    pub fn kill(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
        fs::remove_file(self.socket()).unwrap();
    }

    /// Gives the files of the journal a file system of that size.
    #[allow(dead_code)] // not every test target asks
    pub fn limit(&mut self, size: &str) {
        self.kill();
        let mut mount = self.command("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", "/run/log/journal"]);
        assert!(mount.status().expect("mount starts").success());
        self.restart();
    }

    /// Starts it again after `kill`.
    pub fn restart(&mut self) {
        self.daemon = run_daemon(&self.holder);
    }

    /// All entries that we sent, the oldest first, as `journalctl -o json` shows them, once there
    /// are at least `count`.
    pub fn entries(&self, count: usize) -> Vec<Value> {
        let mut entries = vec![];
        poll(|| {
            entries = self.query(&["-o", "json", "--all", "SYSLOG_IDENTIFIER=tailcalld"]);
            entries.len() >= count
        });
        entries
    }

    /// Returns the number of files of the journal.
    pub fn files(&self) -> usize {
        let machines = fs::read_dir(self.root().join("run/log/journal")).unwrap();
        machines.map(|machine| fs::read_dir(machine.unwrap().path()).unwrap().count()).sum()
    }

    /// Returns the output of `journalctl` with these arguments, one object per line.
    pub fn query(&self, arguments: &[&str]) -> Vec<Value> {
        let output = inside(&self.holder, "journalctl").arg("--no-pager").args(arguments).output();
        let output = output.expect("journalctl starts");
        let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).expect("journalctl prints JSON")).collect()
    }

    /// A file of its file system, as a path outside the namespaces.
    #[allow(dead_code)] // not every test target asks
    pub fn path(&self, inside: &str) -> PathBuf {
        self.root().join(inside)
    }

    /// A program that sees this journal as that of its machine.
    #[allow(dead_code)] // not every test target asks
    pub fn command(&self, program: &str) -> Command {
        inside(&self.holder, program)
    }

    fn root(&self) -> PathBuf {
        root(&self.holder)
    }
}

impl Drop for Journald {
    fn drop(&mut self) {
        for child in [&mut self.daemon, &mut self.holder] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The bytes of a field as `journalctl -o json` shows it: text, or numbers where it is not printable.
pub fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(numbers) => numbers.iter().map(|n| n.as_u64().unwrap() as u8).collect(),
        other => panic!("not a field: {other}"),
    }
}

/// `nsenter` becomes the program, so the child's id is the program's.
fn inside(holder: &Child, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command.args(["-t", &holder.id().to_string(), "-m", "-n", program]);
    command
}

/// Returns the path of the namespace's root directory, from outside.
fn root(holder: &Child) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root", holder.id()))
}

/// Starts journald and waits until it is ready. It is killed with the thread that started it, even if
/// nothing is dropped. The test listens at the socket of the service manager for its READY=1: before that,
/// journald may not have set SO_PASSCRED yet, and entries would come without `_UID`.
fn run_daemon(holder: &Child) -> Child {
    let notifications = root(holder).join("run/notify");
    let _ = fs::remove_file(&notifications);
    let manager = UnixDatagram::bind(&notifications).expect("a socket in the namespace");
    manager.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
    let daemon = inside(holder, "setpriv")
        .args(["--pdeathsig", "KILL", "/lib/systemd/systemd-journald"])
        .env("NOTIFY_SOCKET", "/run/notify")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("systemd-journald starts");
    let mut message = [0; 4096];
    let mut is_ready = || {
        let size = manager.recv(&mut message).expect("a notification of journald");
        message[..size].split(|byte| *byte == b'\n').any(|line| line == b"READY=1")
    };
    while !is_ready() {}
    daemon
}

fn poll(mut is_done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_done() {
        assert!(start.elapsed() < TIMEOUT, "no result within {TIMEOUT:?}");
        std::thread::yield_now();
    }
}

/// Returns the value with this label in a field that holds several, `FIELD=label=value`, as journald's JSON has it.
pub fn labelled<'e>(entry: &'e Value, field: &str, label: &str) -> Option<&'e str> {
    let values = entry[field].as_array().map_or(slice::from_ref(&entry[field]), Vec::as_slice);
    let mut values = values.iter().filter_map(Value::as_str);
    values.find_map(|value| value.strip_prefix(label)?.strip_prefix('='))
}

/// Returns the detail with this label of one of the daemon's own records.
pub fn detail<'e>(entry: &'e Value, label: &str) -> Option<&'e str> {
    labelled(entry, "TAILCALLD_DETAIL", label)
}
