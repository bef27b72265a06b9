//! Ancestors of a process in the events of `exec`, compared with /proc.

use std::fs;

use syscalls::{Abi, Value};
use tailcalld::decode::{Event, ancestors};
use tailcalld::plan::Plan;

use crate::rig::{Rig, routes, slot};

const TICK_NS: u64 = 10_000_000;

/// A process above another one: its name, and its start in ticks.
type Process = (String, u64);

fn plan(levels: u8) -> Plan {
    let handlers = tailcalld::load::handlers().expect("the object opens");
    let mut plan = routes(&handlers, &[(slot(Abi::Native, "execve"), "exec")]);
    plan.routes.values_mut().for_each(|route| route.rules[0].ancestors = levels);
    plan
}

/// Returns the ancestors that the event has; `None` if it has no capture of them.
fn captured(event: &Event<'_>) -> Option<Vec<(u32, u64, Process)>> {
    let field = event.handler.fields.iter().position(|field| field.name == "ancestors")?;
    let capture = event.captures.of(u8::try_from(field).ok()?).first()?;
    let Value::Bytes(bytes) = capture.value else { panic!("{capture:?}") };
    let name = |comm: &[u8]| String::from_utf8_lossy(comm).into_owned();
    let all = ancestors(bytes)
        .map(|one| (one.pid, one.start_ns, (name(one.comm), one.start_ns / TICK_NS)));
    Some(all.collect())
}

/// Returns this process and all above it, as far as its pid namespace shows them.
fn chain() -> Vec<Process> {
    let mut chain = Vec::new();
    let mut pid = std::process::id().to_string();
    while pid != "0" {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("/proc shows all");
        // proc_pid_stat(5): the name in parentheses, the parent 2nd and the start 20th behind it.
        let (before, after) = stat.rsplit_once(") ").expect("a name in parentheses");
        let name = before.split_once('(').expect("a name").1.to_owned();
        let fields: Vec<&str> = after.split(' ').collect();
        chain.push((name, fields[19].parse().expect("starttime")));
        pid = fields[1].to_owned();
    }
    chain
}

#[test]
fn exec_has_ancestors_from_parent_to_first_process() {
    needs_root!();
    let nr = slot(Abi::Native, "execve").nr().to_string();
    for levels in [1, 2, 3, 8] {
        let rig = Rig::new(&plan(levels));
        let call = ["with-children", "native", &nr, "text:/nonexistent/program", "argv:1", "0"];
        let records = rig.trigger(&call);
        let events: Vec<_> = records.iter().map(|bytes| rig.event(bytes)).collect();
        let [parent, child, of_thread] = events.as_slice() else { panic!("{}", events.len()) };
        for event in [child, of_thread] {
            let all = captured(event).expect("a capture");
            let (pid, start_ns, (name, _)) = &all[0];
            assert_eq!((*pid, *start_ns), (parent.pid, parent.process.start_ns));
            assert_eq!(name.as_bytes(), parent.comm);
            assert_eq!(all[1..], captured(parent).expect("a capture")[..all.len() - 1]);
        }
        let above: Vec<_> =
            captured(parent).expect("a capture").into_iter().map(|(.., process)| process).collect();
        let chain = chain();
        let shown = above.len().min(chain.len());
        assert_eq!(above[..shown], chain[..shown], "{levels}");
        assert!(above.len() == usize::from(levels) || above.len() >= chain.len(), "{levels}");
    }
}

#[test]
fn exec_without_ancestors_has_no_capture_of_them() {
    needs_root!();
    let nr = slot(Abi::Native, "execve").nr().to_string();
    let rig = Rig::new(&plan(0));
    let records = rig.trigger(&["native", &nr, "text:/nonexistent/program", "argv:1", "0"]);
    assert_eq!(records.len(), 1);
    assert_eq!(captured(&rig.event(&records[0])), None);
}
