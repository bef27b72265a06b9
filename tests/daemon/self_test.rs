//! Faults that keep calls from being recorded while the daemon runs are noticed, recorded and repaired.

use std::fs;
use std::os::fd::AsFd as _;
use std::process::Command;

use libbpf_rs::query::MapInfoIter;
use libbpf_rs::{MapCore as _, MapHandle};
use nix::sys::signal::Signal;
use serde_json::Value;
use tailcalld::bpf::Mapping;
use tailcalld::bpf::types::table_size;
use tailcalld::config::AttachTo;
use tailcalld::load::AttachMode;
use tailcalld::plan::Routes;

use crate::control::ask_json;
use crate::number::unused_number;
use crate::process::{eventually, trigger};
use crate::records::{Total, events_of, of_kind};
use crate::rig::{Daemon, Setup};
use crate::root::needs;

/// Opens a map of the daemon by its name, as any process with CAP_SYS_ADMIN can. It must be closed before the
/// daemon ends, see `kill.rs`.
fn map(name: &str) -> MapHandle {
    let named = |name: &str| MapInfoIter::default().filter(move |map| map.name == name).last();
    let info = named(name).expect("a map of the daemon");
    MapHandle::from_map_id(info.id).expect("the map opens")
}

/// Empties a slot in both banks, as another tool would.
fn empty_slot(number: u32) {
    let table = map("syscalls");
    let delete =
        |bank: u32| table.delete(&(bank * table_size::BANK_SLOTS.0 + number).to_ne_bytes());
    let deleted = (0..table_size::BANKS.0).filter(|bank| delete(*bank).is_ok()).count();
    assert!(deleted > 0, "the slot was empty");
}

/// Returns the name of a route in records.
fn route(number: u16) -> String {
    syscalls::Slot::new(syscalls::Abi::Native, number).unwrap().with_abi()
}

/// Asserts that the two next records are about that fault and its repair, and returns the first.
fn off_and_on(daemon: &mut Daemon, cause: &str) -> Value {
    let off = daemon.records.next("tracing_off");
    assert_eq!((&off["cause"], &off["priority"]), (&cause.into(), &3.into()), "{off}");
    assert!(off["from"].as_str() < off["to"].as_str(), "{off}");
    let on = daemon.records.next("tracing_on");
    assert_eq!((&on["cause"], &on["priority"]), (&cause.into(), &4.into()), "{on}");
    assert_eq!(on["from"], off["from"], "{on}");
    off
}

/// Stops the daemon, which must have recorded exactly the calls of the trigger, and no call of its own.
fn stop_and_expect(daemon: Daemon, number: &str, name: &str) {
    let records = daemon.stop();
    assert_eq!(events_of(&records, name).len(), 1);
    assert_eq!(of_kind(&records, "lost").len(), 0);
    let stopped = records.last().unwrap();
    let total = Total::of(stopped, &format!("#{number}"));
    assert_eq!((total.seen, total.written), (1, 1), "{stopped}");
    assert_eq!(stopped["totals"].as_array().unwrap().len(), 1, "{stopped}");
}

#[test]
fn slot_that_was_emptied_is_reported_and_restored() {
    let number = unused_number();
    let Some(setup) = Setup::alone(&format!("[routes]\n{number} = \"args\"\n")) else { return };
    let mut daemon = setup.start();
    empty_slot(number.parse().unwrap());
    let off = off_and_on(&mut daemon, "table");
    assert_eq!(off["changed_routes"], serde_json::json!([route(number.parse().unwrap())]));
    let name = trigger(&["native", &number, "1"]);
    stop_and_expect(daemon, &number, &name);
}

#[test]
fn slot_of_self_test_that_was_emptied_is_restored() {
    let number = unused_number();
    // The first syscall of the self-test is routed, so it takes the second one.
    let routes = format!("[routes]\n{number} = \"args\"\ngetpgid = \"count\"\n");
    let Some(setup) = Setup::alone(&routes) else { return };
    let mut daemon = setup.start();
    let getsid = syscalls::number(syscalls::Abi::Native, "getsid").unwrap();
    empty_slot(getsid.into());
    let off = off_and_on(&mut daemon, "table");
    assert_eq!(off["changed_routes"], serde_json::json!([route(getsid)]));
    daemon.stop();
}

#[test]
fn handlers_that_were_removed_are_restored() {
    let number = unused_number();
    let filtered = format!("[routes]\n{number} = {{ handler = \"args\", uid = 0 }}\n");
    let Some(setup) = Setup::alone(&filtered) else { return };
    let mut daemon = setup.start();
    let handlers = map("handlers");
    // A part of them may still be on its way into the kernel.
    eventually("all handlers were there", || {
        let removed =
            (1..handlers.max_entries()).filter(|id| handlers.delete(&id.to_ne_bytes()).is_ok());
        removed.count() > 1
    });
    drop(handlers);
    off_and_on(&mut daemon, "table");
    let name = trigger(&["native", &number, "1"]);
    stop_and_expect(daemon, &number, &name);
}

#[test]
fn consumer_that_was_moved_is_reported_and_set_back() {
    consumer_is_set_back("");
}

/// The call of the self-test comes through the other ring, that of the first CPU.
#[test]
fn consumer_of_one_of_several_rings_is_set_back() {
    consumer_is_set_back("[ring]\ncpus = 1\n");
}

/// Moves the consumer of the ring that was made last.
fn consumer_is_set_back(rings: &str) {
    let number = unused_number();
    let config = format!("[routes]\n{number} = \"args\"\n{rings}");
    let Some(setup) = Setup::alone(&config) else { return };
    let mut daemon = setup.start();
    let pinned = Command::new("taskset").args(["-cp", "0", &daemon.pid().to_string()]).output();
    assert!(pinned.unwrap().status.success());
    let ring = map("events");
    Mapping::store_first(ring.as_fd(), 1 << 40).unwrap();
    drop(ring);
    off_and_on(&mut daemon, "ring");
    let name = trigger(&["native", &number, "1"]);
    stop_and_expect(daemon, &number, &name);
}

/// Returns the descriptor of the daemon's link to a tracepoint.
fn tracepoint_link(daemon: &Daemon) -> u64 {
    let folder = format!("/proc/{}/fdinfo", daemon.pid());
    let is_link = |fd: &String| {
        let info = fs::read_to_string(format!("{folder}/{fd}")).unwrap_or_default();
        info.contains("link_type:\traw_tracepoint") && info.contains("tp_name:\tsys_enter")
    };
    let names = fs::read_dir(&folder).unwrap();
    let mut fds = names.map(|fd| fd.unwrap().file_name().into_string().unwrap());
    fds.find(is_link).expect("a link").parse().unwrap()
}

/// Makes the daemon close a descriptor without knowing of it, as a debugger can.
#[cfg(target_arch = "x86_64")]
fn close_in(daemon: &Daemon, fd: u64) {
    use nix::sys::ptrace;
    use nix::sys::wait::waitpid;

    const SYSCALL: i64 = 0x050f;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(daemon.pid()).unwrap());
    // Stops the daemon where it waits in a syscall.
    let stop = || {
        ptrace::attach(pid).unwrap();
        waitpid(pid, None).unwrap();
        let regs = ptrace::getregs(pid).unwrap();
        let at = (regs.rip - 2) as ptrace::AddressType;
        let is_in_call = ptrace::read(pid, at).is_ok_and(|word| word & 0xffff == SYSCALL);
        if !is_in_call {
            ptrace::detach(pid, None::<Signal>).unwrap();
        }
        is_in_call.then_some(regs)
    };
    let mut stopped = None;
    eventually("the daemon waits in a syscall", || {
        stopped = stop();
        stopped.is_some()
    });
    let before = stopped.unwrap();
    let at = before.rip - 2;
    let close = u64::try_from(nix::libc::SYS_close).unwrap();
    let regs =
        nix::libc::user_regs_struct { rip: at, rax: close, rdi: fd, orig_rax: u64::MAX, ..before };
    ptrace::setregs(pid, regs).unwrap();
    ptrace::step(pid, None).unwrap();
    waitpid(pid, None).unwrap();
    assert_eq!(ptrace::getregs(pid).unwrap().rax, 0, "closed");
    ptrace::setregs(pid, before).unwrap();
    ptrace::detach(pid, None::<Signal>).unwrap();
}

#[test]
#[cfg(target_arch = "x86_64")]
fn dispatcher_without_link_is_reported_and_attached_again() {
    let number = unused_number();
    let routes = format!("[routes]\n{number} = \"args\"\n");
    let Some(setup) = Setup::alone(&routes) else { return };
    let mut daemon = setup.start();
    let link = tracepoint_link(&daemon);
    close_in(&daemon, link);
    off_and_on(&mut daemon, "dispatcher");
    // Three calls did not come back, and one did after the repair.
    let status = ask_json(&daemon.setup, &["status", "--json"]);
    let [made, answered] =
        ["made", "answered"].map(|key| status["self_tests"][key].as_u64().unwrap());
    assert!(answered > 0 && made - answered == 3, "{status}");
    assert_eq!(status["tracing_off"], false);
    let name = trigger(&["native", &number, "1"]);
    stop_and_expect(daemon, &number, &name);
}

/// Switch of ftrace, on again when dropped.
struct Off(&'static str);

impl Drop for Off {
    fn drop(&mut self) {
        let _ = fs::write(self.0, "1");
    }
}

#[test]
fn ftrace_that_is_switched_off_and_on_is_reported() {
    let routes = "[routes]\nsched_get_priority_max = \"args\"\n[kernel]\nattach = \"function\"\n";
    let Some(setup) = Setup::alone(routes) else { return };
    let chosen = AttachMode::choose(AttachTo::Function, &Routes::new());
    if chosen.is_err() {
        // Nothing to test without kprobe.multi. Of the kernels of `make matrix` some have it: tests/matrix/daemon.sh.
        return;
    }
    let mut daemon = setup.start();
    let switch = Off("/proc/sys/kernel/ftrace_enabled");
    if !needs(fs::write(switch.0, "0").is_ok(), "a kernel that switches ftrace off") {
        daemon.stop();
        return;
    }
    let off = daemon.records.next("tracing_off");
    assert_eq!(
        (&off["cause"], &off["sysctl"]),
        (&"sysctl".into(), &"kernel.ftrace_enabled".into())
    );
    drop(switch);
    assert_eq!(daemon.records.next("tracing_on")["cause"], "sysctl");
    daemon.stop();
}
