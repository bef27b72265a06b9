//! Without a service manager, pins in a bpf file system keep the kernel side for the next daemon (`--pin`).

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use crate::builds;
use crate::gap::Run;
use crate::handler_object;
use crate::kill::ours;
use crate::number::unused_number;
use crate::process::{eventually, trigger};
use crate::records::{counted, events_of, of_kind};
use crate::rig::Setup;

/// A bpf file system of its own.
pub struct BpfFs(PathBuf);

impl BpfFs {
    pub fn mount(setup: &Setup) -> Self {
        let path = setup.path("bpffs");
        fs::create_dir(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "bpf", "bpf"]).arg(&path).status();
        assert!(mounted.unwrap().success());
        Self(path)
    }

    fn pins(&self) -> PathBuf {
        self.0.join("tailcalld")
    }

    pub fn start(&self, setup: &Setup) -> Run {
        self.start_build(setup, Path::new(env!("CARGO_BIN_EXE_tailcalld")))
    }

    fn start_build(&self, setup: &Setup, binary: &Path) -> Run {
        let mut command = setup.command_of(binary, &[], "json");
        Run::spawn(command.arg("--pin").arg(self.pins()).stdout(Stdio::piped()))
    }
}

/// A file system from which nothing can be executed.
struct NotExecutable(PathBuf);

impl NotExecutable {
    fn mount(path: &Path) -> Self {
        fs::create_dir_all(path).unwrap();
        let options = ["-t", "tmpfs", "-o", "noexec,mode=0700", "tmpfs"];
        assert!(Command::new("mount").args(options).arg(path).status().unwrap().success());
        Self(path.to_owned())
    }
}

impl Drop for NotExecutable {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

impl Drop for BpfFs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn killed_daemon_with_pins_loses_no_call_and_stop_removes_them() {
    killed_with_pins("", "1-map-events");
}

#[test]
fn killed_daemon_with_pins_of_several_rings_loses_no_call() {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let ring = if cpus > 1 { "1-map-events-1" } else { "1-map-events" };
    killed_with_pins("[ring]\ncpus = 1\n", ring);
}

fn killed_with_pins(rings: &str, pin: &str) {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n{rings}");
    let Some(setup) = Setup::alone(&config) else { return };
    let before = ours();
    let pins = BpfFs::mount(&setup);
    let mut first = pins.start(&setup);
    first.records.until("started");
    assert!(pins.pins().join(pin).exists());
    first.end_with_status(Signal::SIGKILL);
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let mut second = pins.start(&setup);
    let start = second.records.until("started");
    assert_eq!(of_kind(&start, "adopted").len(), 1, "{start:?}");
    assert_eq!(of_kind(&start, "adopted")[0]["unread"], 50);
    let events: Vec<_> = (0..50).map(|_| second.records.next("syscall")).collect();
    assert_eq!(counted(&events_of(&events, &name), "0"), (0..50).collect());
    assert_eq!(second.end_with_status(Signal::SIGTERM).code(), Some(0));
    assert_eq!(fs::read_dir(pins.pins()).unwrap().count(), 0);
    eventually("nothing of ours is left", || ours().is_subset(&before));
}

/// The calls between are handled by the version that the killed daemon has loaded, and its declaration explains them; the
/// next daemon goes on with the one that it finds.
#[test]
fn killed_daemon_with_handler_object_loses_no_call_and_the_next_takes_its_new_version() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&format!("[routes]\n{number} = \"any\"\n")) else { return };
    let folder = handler_object::folder(&setup.config());
    handler_object::install("any", &folder);
    let before = ours();
    let pins = BpfFs::mount(&setup);
    let mut first = pins.start(&setup);
    first.records.until("started");
    first.end_with_status(Signal::SIGKILL);
    trigger(&["times", "50", "native", &number]);
    handler_object::install("any_second", &folder);
    let mut second = pins.start(&setup);
    second.records.until("started");
    trigger(&["times", "20", "native", &number]);
    let read = Vec::from_iter((0..70).map(|_| second.records.next("syscall")));
    let versions: Vec<_> = read.iter().map(|one| one["args"]["version"].as_i64()).collect();
    assert_eq!(versions, [vec![Some(-1); 50], vec![Some(-2); 20]].concat());
    assert_eq!(second.end_with_status(Signal::SIGTERM).code(), Some(0));
    eventually("nothing of ours is left", || ours().is_subset(&before));
}

/// The executable of the killed daemon reads its ring, though it was removed and nothing can be executed
/// below the runtime directory.
#[test]
fn daemon_with_pins_and_other_types_takes_over_and_loses_no_call() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    let before = ours();
    let pins = BpfFs::mount(&setup);
    let _runtime = NotExecutable::mount(&setup.path("run"));
    let other = setup.path("other-types");
    builds::write(1, &other);
    let mut first = pins.start_build(&setup, &other);
    first.records.until("started");
    fs::remove_file(&other).unwrap();
    first.end_with_status(Signal::SIGKILL);
    let name = trigger(&["times", "50", "native", &number, "nth"]);
    let mut second = pins.start(&setup);
    // Both processes write into the same pipe.
    let mut records = second.records.until("stopped");
    if of_kind(&records, "started").is_empty() {
        records.extend(second.records.until("started"));
    }
    let adopted = of_kind(&records, "adopted");
    assert!(adopted[0]["replaced"].is_string(), "{adopted:?}");
    assert_eq!(counted(&events_of(&records, &name), "0"), (0..50).collect());
    assert_eq!(of_kind(&records, "stopped")[0]["reason"], "another version");
    eventually("the ring is read", || !setup.path("run/drain-1").exists());
    assert_eq!(second.end_with_status(Signal::SIGTERM).code(), Some(0));
    assert_eq!(fs::read_dir(pins.pins()).unwrap().count(), 0);
    let kept = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with("kept-");
    assert!(!fs::read_dir(setup.path("run")).unwrap().flatten().any(|entry| kept(&entry)));
    eventually("nothing of ours is left", || ours().is_subset(&before));
}

#[test]
fn directory_that_cannot_keep_pins_is_refused_with_what_to_do() {
    let Some(setup) = Setup::new("[routes]\n510 = \"count\"\n") else { return };
    let refused = |pins: &PathBuf| {
        let output =
            setup.command(&[], "json").arg("--pin").arg(pins).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(69));
        String::from_utf8(output.stderr).unwrap()
    };
    let plain = setup.path("plain");
    assert_eq!(
        refused(&plain),
        format!(
            "tailcalld: --pin {}: it is not in a bpf file system: name a directory below /sys/fs/bpf, where \
             `mount -t bpf bpf /sys/fs/bpf` mounts one\n",
            plain.display()
        )
    );
    assert!(!plain.exists(), "nothing is left of it");
    let pins = BpfFs::mount(&setup);
    fs::create_dir(pins.pins()).unwrap();
    fs::set_permissions(pins.pins(), Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        refused(&pins.pins()),
        format!(
            "tailcalld: --pin {}: it is open to others than root: run `chown root` and `chmod 700` on it\n",
            pins.pins().display()
        )
    );
}
