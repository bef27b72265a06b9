//! Tests of routes that ask calls that execute a program for nothing but their success.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use syscalls::{Abi, Slot, Status, Value};
use tailcalld::config::{Filter, Ids, Results};
use tailcalld::decode::{Outcome, RingRecord, SyscallExit};
use tailcalld::plan::{Plan, Rule};

use crate::rig::{Rig, routes, slot};

/// Returns a plan of routes of which those of executions ask for successes, the others for all results.
fn plan(wanted: &[(Slot, &str)]) -> Plan {
    let mut plan = routes(&tailcalld::load::handlers().expect("the object opens"), wanted);
    for (slot, route) in &mut plan.routes {
        let is_exec = slot.name().is_some_and(|name| name.starts_with("execve"));
        route.rules[0].results =
            if is_exec { Results::Within(vec![0..=i64::MAX]) } else { Results::All };
    }
    plan
}

fn execs(abi: Abi) -> [(Slot, &'static str); 2] {
    ["execve", "execveat"].map(|name| (slot(abi, name), "exec"))
}

/// End of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Executed,
    Unexecuted,
    Died,
    Returned,
    None,
}

/// Time and thread of a call: two threads may make one in the same nanosecond.
type CallKey = (u64, u32);

fn end(bytes: &[u8]) -> Option<(CallKey, End)> {
    match RingRecord::decode(bytes).expect("the kernel writes what can be decoded") {
        RingRecord::Exit(SyscallExit { entry_ns, tid, outcome, .. }) => Some((
            (entry_ns, tid),
            match outcome {
                Outcome::Returned { result: 0, .. } => End::Executed,
                Outcome::Returned { .. } => End::Returned,
                _ => End::Died,
            },
        )),
        RingRecord::Unexecuted(exit) => Some(((exit.entry_ns, exit.tid), End::Unexecuted)),
        _ => None,
    }
}

/// Returns the calls of the trigger and how they ended, in the order of the calls. None ends twice, and none before the
/// next one that waits in its thread begins.
fn ends(rig: &Rig, words: &[&str]) -> Vec<(Vec<u8>, End)> {
    let records = rig.trigger_all(words);
    let mut calls: Vec<(CallKey, Vec<u8>, End)> = Vec::new();
    for bytes in &records {
        if let Some((key, end)) = end(bytes) {
            // The start of the trigger itself is not among its calls.
            let call = calls.iter_mut().find(|(known, ..)| *known == key);
            if let Some((_, _, known)) = call {
                assert_eq!(*known, End::None);
                *known = end;
            }
        } else if let Ok(RingRecord::Syscall(header)) = RingRecord::decode(bytes) {
            assert!(header.is_open());
            let tid = |bytes: &[u8]| crate::rig::header(bytes).tid;
            let is_waiting = |(_, bytes, end): &(CallKey, Vec<u8>, End)| {
                *end == End::None && tid(bytes) == header.tid
            };
            assert!(!calls.iter().any(is_waiting), "two calls of a thread wait");
            calls.push(((header.boottime_ns, header.tid), bytes.clone(), End::None));
        }
    }
    calls.into_iter().map(|(_, bytes, end)| (bytes, end)).collect()
}

fn only_ends(rig: &Rig, words: &[&str]) -> Vec<End> {
    ends(rig, words).into_iter().map(|(_, end)| end).collect()
}

/// Returns the words of a call of execve.
fn execve(path: &str) -> [String; 6] {
    let nr = slot(Abi::Native, "execve").nr().to_string();
    ["native", &nr, path, "argv0:true", "0", "0"].map(str::to_owned)
}

fn words<'a>(parts: &[&'a [String]]) -> Vec<&'a str> {
    parts.iter().flat_map(|part| part.iter().map(String::as_str)).collect()
}

#[test]
fn attempts_of_path_search_are_unexecuted_and_the_last_is_executed() {
    needs_root!();
    let rig = Rig::new(&plan(&execs(Abi::Native)));
    let (missing, found) = (execve("text:/nonexistent/true"), execve("text:/bin/true"));
    let then = ["then".to_owned()];
    let ten = ["times".to_owned(), "10".to_owned()];
    let all = only_ends(&rig, &words(&[&ten, &missing, &then, &found]));
    assert_eq!(all, [[End::Unexecuted; 10].as_slice(), &[End::Executed]].concat());
    assert_eq!(rig.counters(slot(Abi::Native, "execve")).results_lost, 0);
}

/// The tid changes during the call: the new program has that of the process.
#[test]
fn program_that_a_thread_executes_is_executed() {
    needs_root!();
    let rig = Rig::new(&plan(&execs(Abi::Native)));
    let thread = ["from-a-thread".to_owned()];
    let calls = ends(&rig, &words(&[&thread, &execve("text:/bin/true")]));
    let [(event, End::Executed)] = &calls[..] else { panic!("{calls:?}") };
    let header = crate::rig::header(event);
    assert_ne!(header.pid, header.tid);
}

#[test]
fn program_of_execveat_and_of_32_bit_call_is_executed() {
    needs_root!();
    let folder = tempfile::tempdir().expect("a folder");
    let script = folder.path().join("script");
    write_program(&script, b"#!/bin/true\n");
    let script = format!("text:{}", script.display());
    for abi in Abi::BOTH {
        let rig = Rig::new(&plan(&execs(abi)));
        let word = if abi == Abi::Native { "native" } else { "compat" };
        let nr = |name| slot(abi, name).nr().to_string();
        let (execve, execveat) = (nr("execve"), nr("execveat"));
        for (path, expected) in
            [(script.as_str(), End::Executed), ("text:/nonexistent", End::Unexecuted)]
        {
            let call = [word, &execveat, "-100", path, "0", "0", "0"];
            assert_eq!(only_ends(&rig, &call), [expected], "{call:?}");
            let call = [word, &execve, path, "0", "0"];
            assert_eq!(only_ends(&rig, &call), [expected], "{call:?}");
        }
    }
}

/// The success belongs to a call that no route records.
#[test]
fn unrouted_execution_is_not_that_of_failed_call_before() {
    needs_root!();
    let rig = Rig::new(&plan(&execs(Abi::Native)[..1]));
    let nr = slot(Abi::Native, "execveat").nr().to_string();
    let other = ["then", "native", &nr, "-100", "text:/bin/true", "argv0:true", "0", "0"];
    let missing = execve("text:/nonexistent");
    let all = [words(&[&missing]), other.to_vec()].concat();
    assert_eq!(only_ends(&rig, &all), [End::Unexecuted]);
    assert_eq!(rig.counters(slot(Abi::Native, "execveat")).seen, 0);
}

/// The success belongs to a call that its route leaves out.
#[test]
fn sampled_execution_is_not_that_of_failed_call_before() {
    needs_root!();
    let mut plan = plan(&execs(Abi::Native));
    let of_execveat = plan.routes.get_mut(&slot(Abi::Native, "execveat")).expect("a route");
    of_execveat.rules[0].sample = u32::MAX;
    let rig = Rig::new(&plan);
    let nr = slot(Abi::Native, "execveat").nr().to_string();
    let other = ["then", "native", &nr, "-100", "text:/bin/true", "argv0:true", "0", "0"];
    let missing = execve("text:/nonexistent");
    let all = [words(&[&missing]), other.to_vec()].concat();
    assert_eq!(only_ends(&rig, &all), [End::Unexecuted]);
    assert_eq!(rig.counters(slot(Abi::Native, "execveat")).sampled, 1);
}

#[test]
fn failed_call_ends_before_next_result_of_its_task() {
    needs_root!();
    let getpgid = slot(Abi::Native, "getpgid");
    let rig = Rig::new(&plan(&[execs(Abi::Native)[0], (getpgid, "args")]));
    let nr = getpgid.nr().to_string();
    let missing = execve("text:/nonexistent");
    let all = [words(&[&missing]), vec!["then", "native", &nr, "1"]].concat();
    let ends = only_ends(&rig, &all);
    // Nothing else has marked the failed call before.
    assert!(matches!(ends[..], [End::Unexecuted, End::Executed | End::Returned]), "{ends:?}");
}

/// `sys_exit` handles the call's return, but the call itself waits for nothing: a rule leaves it out.
#[test]
fn return_of_call_that_is_left_out_is_not_that_of_failed_call_before() {
    needs_root!();
    let getpgid = slot(Abi::Native, "getpgid");
    let mut plan = plan(&[execs(Abi::Native)[0], (getpgid, "args")]);
    let root = Some(vec![Ids { range: 0..=0, is_excluded: false }]);
    let filter = Filter { uid: root, ..Filter::default() };
    let rules = &mut plan.routes.get_mut(&getpgid).expect("a route").rules;
    rules.insert(0, Rule { filter, ..Rule::nothing() });
    let rig = Rig::new(&plan);
    let nr = getpgid.nr().to_string();
    let missing = execve("text:/nonexistent");
    let all = [words(&[&missing]), vec!["then", "native", &nr, "1"]].concat();
    assert_eq!(only_ends(&rig, &all), [End::Unexecuted]);
    assert!(rig.counters(getpgid).seen > 0);
}

/// One of them replaces the process. The others are killed while they wait for that, or fail.
#[test]
fn threads_that_execute_at_once_have_one_success() {
    needs_root!();
    let rig = Rig::new(&plan(&execs(Abi::Native)));
    let threads = ["threads".to_owned(), "1".to_owned()];
    for _ in 0..20 {
        let ends = only_ends(&rig, &words(&[&threads, &execve("text:/bin/true")]));
        let executed = ends.iter().filter(|end| **end == End::Executed).count();
        let others = ends.iter().filter(|end| **end == End::Unexecuted).count();
        assert!(executed == 1 && executed + others == ends.len(), "{ends:?}");
    }
}

/// The memory of the process is gone when the kernel finds that the program does not fit into the address space.
#[test]
fn process_that_is_killed_beyond_the_point_of_no_return_died_in_the_call() {
    needs_root!();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("beyond");
    write_program(&path, &elf_beyond_address_space());
    let rig = Rig::new(&plan(&execs(Abi::Native)));
    let ends = only_ends(&rig, &words(&[&execve(&format!("text:{}", path.display()))]));
    assert_eq!(ends, [End::Died]);
}

/// Returns an executable of one segment at an address of the kernel.
fn elf_beyond_address_space() -> Vec<u8> {
    let machine: u16 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    elf.extend([2u16, machine].iter().flat_map(|word| word.to_le_bytes()));
    elf.extend(1u32.to_le_bytes());
    elf.extend([0x40_0000u64, 64, 0].iter().flat_map(|word| word.to_le_bytes()));
    elf.extend(0u32.to_le_bytes());
    elf.extend([64u16, 56, 1, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    elf.extend([1u32, 5].iter().flat_map(|word| word.to_le_bytes()));
    let vaddr = 0xffff_8000_0000_0000u64;
    elf.extend([0, vaddr, vaddr, 120, 120, 4096u64].iter().flat_map(|word| word.to_le_bytes()));
    elf
}

fn write_program(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Returns the texts that the event has of a field after its end.
fn texts(rig: &Rig, words: &[&str], field: &str) -> Vec<Vec<u8>> {
    let records = rig.trigger_all(words);
    let events: Vec<&Vec<u8>> = records
        .iter()
        .filter(|bytes| matches!(RingRecord::decode(bytes), Ok(RingRecord::Syscall(_))))
        .collect();
    let [event] = events[..] else { panic!("{} calls", events.len()) };
    let entry_ns = crate::rig::header(event).boottime_ns;
    let exit = records.iter().find_map(|bytes| match RingRecord::decode(bytes) {
        Ok(RingRecord::Exit(exit)) if exit.entry_ns == entry_ns => Some(exit),
        _ => None,
    });
    let event = rig.completed(event, Some(&exit.expect("executed")));
    let fields = &event.handler.fields;
    let index = fields.iter().position(|known| known.name == field).expect("a declared field");
    let captures = event.captures.of(index as u8);
    let text = |value: &Value<'_>| match value {
        Value::Text(text) => text.to_vec(),
        other => panic!("{other:?}"),
    };
    let texts = captures.iter().map(|capture| {
        assert_eq!(capture.status, Status::Ok);
        text(&capture.value)
    });
    texts.collect()
}

/// Returns whether the hook has the program; the classic tracepoint does not.
fn has_interpreter() -> bool {
    std::env::var("TAILCALLD_TEST_ATTACH").as_deref() != Ok("tp")
}

#[test]
fn interpreter_of_script_is_the_last_one() {
    needs_root!();
    let folder = tempfile::tempdir().expect("a folder");
    let (inner, outer) = (folder.path().join("inner"), folder.path().join("outer"));
    write_program(&inner, b"#!/bin/true\n");
    write_program(&outer, format!("#!{} x\n", inner.display()).as_bytes());
    let rig = Rig::new(&plan(&execs(Abi::Native)));
    for path in [&inner, &outer] {
        let script = execve(&format!("text:{}", path.display()));
        let expected: &[&[u8]] = if has_interpreter() { &[b"/bin/true"] } else { &[] };
        assert_eq!(texts(&rig, &words(&[&script]), "interpreter"), expected, "{path:?}");
    }
    let program = execve("text:/bin/true");
    assert!(texts(&rig, &words(&[&program]), "interpreter").is_empty());
}

#[test]
fn path_on_page_that_is_not_there_is_read_from_the_program() {
    needs_root!();
    let rig = Rig::new(&plan(&execs(Abi::Native)));
    let program = execve("dropped:/bin/true");
    assert_eq!(texts(&rig, &words(&[&program]), "filename"), [b"/bin/true"]);
}
