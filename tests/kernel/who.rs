//! The origin of a call: effective and saved ids, login, terminal, parent.

use syscalls::Abi;
use tailcalld::config::Fds;
use tailcalld::decode::{Credentials, Device, Event};
use tailcalld::load;
use tailcalld::plan::Rule;

use crate::rig::{Rig, rig, routes, slot};

/// Number of a login that nobody made.
const UNSET: u32 = u32::MAX;
/// `UNIX98_PTY_SLAVE_MAJOR` of include/uapi/linux/major.h.
const PTS: u32 = 136;

fn getpgid() -> (Rig, String) {
    let getpgid = slot(Abi::Native, "getpgid");
    (rig(&[(getpgid, "args")]), getpgid.nr().to_string())
}

fn only<'r>(rig: &'r Rig, records: &'r [Vec<u8>]) -> Event<'r> {
    let [record] = records else { panic!("{} records", records.len()) };
    rig.event(record)
}

#[test]
fn event_of_acting_process_has_effective_and_saved_ids() {
    needs_root!();
    let (rig, nr) = getpgid();
    let records = rig.trigger(&["acting", "1000", "7", "native", &nr, "-1"]);
    let event = only(&rig, &records);
    assert_eq!((event.uid, event.gid), (0, 0));
    assert_eq!(
        event.credentials,
        Credentials { euid: 1000, egid: 7, suid: 0, sgid: 0, capabilities: None }
    );
}

/// Reads the effective capabilities of this process, which its children have, too.
fn own_capabilities() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("our own status");
    let bits = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("a line");
    u64::from_str_radix(bits.trim(), 16).expect("a number")
}

/// Returns a rig for one syscall, whose rule is changed.
fn rig_with(name: &str, change: impl Fn(&mut Rule)) -> (Rig, String) {
    let slot = slot(Abi::Native, name);
    let mut plan = routes(&load::handlers().expect("the object opens"), &[(slot, "args")]);
    plan.routes.values_mut().flat_map(|route| &mut route.rules).for_each(change);
    (Rig::new(&plan), slot.nr().to_string())
}

#[test]
fn event_of_rule_with_capabilities_has_those_in_effect() {
    needs_root!();
    let (rig, nr) = rig_with("getpgid", |rule| rule.capabilities = true);
    let capabilities_of = |words: &[&str]| {
        let records = rig.trigger(words);
        only(&rig, &records).credentials.capabilities
    };
    let own = capabilities_of(&["times", "1", "native", &nr, "-1"]);
    assert_eq!(own, Some(own_capabilities()));
    assert_ne!(own, Some(0));
    // The kernel takes them from a process whose effective user is not root any more.
    assert_eq!(capabilities_of(&["acting", "1000", "7", "native", &nr, "-1"]), Some(0));
}

/// Each of them is added by a program of its own.
#[test]
fn event_of_rule_with_capabilities_files_and_names_has_all() {
    needs_root!();
    let (rig, nr) = rig_with("fsync", |rule| {
        (rule.capabilities, rule.names, rule.fds) = (true, true, Fds::Names);
    });
    let records = rig.trigger(&["times", "1", "native", &nr, "1"]);
    let event = only(&rig, &records);
    assert_eq!(event.credentials.capabilities, Some(own_capabilities()));
    assert!(event.names.exe.is_some() && event.files.of(0).is_some());
}

/// In the namespace itself every id is the overflow one.
#[test]
fn event_in_user_namespace_has_ids_of_initial_one() {
    needs_root!();
    let (rig, nr) = getpgid();
    let records = rig.trigger(&["acting", "1000", "7", "unmapped", "native", &nr, "-1"]);
    let event = only(&rig, &records);
    assert_ne!(event.process.namespaces[5], 0);
    assert_eq!((event.credentials.euid, event.credentials.egid), (1000, 7));
}

#[test]
fn event_of_login_has_its_user_and_session() {
    needs_root!();
    let (rig, nr) = getpgid();
    let (records, output) = rig.trigger_with_output(&["logged-in", "4242", "native", &nr, "-1"]);
    let event = only(&rig, &records);
    assert_eq!((event.loginuid, event.session.to_string().as_str()), (4242, output.trim()));
    assert_ne!(event.session, UNSET);
}

#[test]
fn event_at_terminal_has_its_device() {
    needs_root!();
    let (rig, nr) = getpgid();
    let (records, output) = rig.trigger_with_output(&["at-terminal", "native", &nr, "-1"]);
    let number: u32 = output.trim().parse().expect("the number of the terminal");
    assert_eq!(only(&rig, &records).process.tty, Some(Device(PTS << 20 | number)));
}

/// A child of a thread that is not the first has the process as its parent, with the start of the process.
#[test]
fn event_of_child_has_parent_that_process_has_for_name() {
    needs_root!();
    let (rig, nr) = getpgid();
    let records = rig.trigger(&["with-children", "native", &nr, "-1"]);
    let events: Vec<_> = records.iter().map(|bytes| rig.event(bytes)).collect();
    let [parent, children @ ..] = events.as_slice() else { panic!("no record") };
    assert_eq!(children.len(), 2);
    assert_eq!(parent.ppid, rig.own_pid());
    assert!(parent.process.start_ns > parent.process.parent_start_ns);
    for child in children {
        assert_eq!(
            (child.ppid, child.process.parent_start_ns),
            (parent.pid, parent.process.start_ns)
        );
    }
}
