mod kills;

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::mem::{offset_of, size_of};

use serde_json::Value;
use syscalls::{Abi, number};

use super::pending::RUNNING_NS;
use super::*;
use crate::bpf::types::{
    call_end, call_flag, capture, capture_kind, event, event_kind, executable, result_event,
    wire_size,
};
use crate::config::{Aggregate, Novel, NovelSubject, Results};
use crate::output::{Destination, Output, StreamChoice, samples};
use crate::plan::{Routes, Rule};
use crate::units::Units;

const GENERATION: u32 = 1;

fn slot() -> Slot {
    Slot::new(Abi::Native, number(Abi::Native, "openat").unwrap()).unwrap()
}

/// Returns a pipeline with a table of one rule, and the file that it writes to.
fn pipeline(rule: Rule) -> (Pipeline, File) {
    let file = tempfile::tempfile().unwrap();
    let output =
        Output::open(Destination::Stream(file.try_clone().unwrap().into(), StreamChoice::Json))
            .unwrap();
    let handlers = Handlers::new(vec![samples::plain_handler()]);
    let mut pipeline = Pipeline::new(handlers, Delivery::new(Units::new(), output));
    let plan = Plan { routes: Routes::from([(slot(), rule.into())]), ..Plan::default() };
    pipeline.begin(GENERATION, &plan);
    (pipeline, file)
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn head(bytes: &mut [u8], kind: event_kind) {
    put(bytes, offset_of!(event, version), &(wire_size::EVENT_VERSION.0 as u16).to_ne_bytes());
    put(bytes, offset_of!(event, kind), &(kind.0 as u16).to_ne_bytes());
}

/// Returns the record of an entry.
fn entry(tid: u32, boottime_ns: u64, flag: call_flag) -> Vec<u8> {
    let mut bytes = vec![0; size_of::<event>()];
    head(&mut bytes, event_kind::EVENT_SYSCALL);
    put(&mut bytes, offset_of!(event, boottime_ns), &boottime_ns.to_ne_bytes());
    put(&mut bytes, offset_of!(event, generation), &GENERATION.to_ne_bytes());
    put(&mut bytes, offset_of!(event, slot), &slot().index().to_ne_bytes());
    put(&mut bytes, offset_of!(event, handler), &1_u16.to_ne_bytes());
    put(&mut bytes, offset_of!(event, tid), &tid.to_ne_bytes());
    put(&mut bytes, offset_of!(event, flags), &(flag.0 as u16).to_ne_bytes());
    bytes
}

/// Returns the record of an exit.
fn exit(tid: u32, entry_ns: u64, boottime_ns: u64, result: i64) -> Vec<u8> {
    let mut bytes = vec![0; size_of::<result_event>()];
    head(&mut bytes, event_kind::EVENT_RESULT);
    put(&mut bytes, offset_of!(result_event, entry_ns), &entry_ns.to_ne_bytes());
    put(&mut bytes, offset_of!(result_event, tid), &tid.to_ne_bytes());
    put(&mut bytes, offset_of!(result_event, boottime_ns), &boottime_ns.to_ne_bytes());
    put(&mut bytes, offset_of!(result_event, result), &result.to_ne_bytes());
    bytes
}

/// Receives the records; the ring is never known to be empty.
fn receive(pipeline: &mut Pipeline, records: &[Vec<u8>]) {
    for record in records {
        assert_eq!(pipeline.receive(record), Flow::Continue);
    }
    assert_eq!(pipeline.end_turn(false), WriterState::Open);
}

/// Returns the records that were written.
fn records(mut file: &File) -> impl Iterator<Item = Value> {
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.into_iter().map(|line| serde_json::from_str(&line).unwrap())
}

/// Returns kind, thread and result of each record that was written.
fn written(file: &File) -> Vec<(String, Value, Value)> {
    let what = |record: Value| {
        let kind = record["record"].as_str().unwrap().to_owned();
        (kind, record["tid"].clone(), record["result"].clone())
    };
    records(file).map(what).collect()
}

fn record(kind: &str, tid: u32, result: Option<i64>) -> (String, Value, Value) {
    (kind.to_owned(), tid.into(), result.into())
}

fn outcomes(pipeline: &Pipeline) -> crate::stats::EventOutcomes {
    pipeline.delivery.tally.of(slot())
}

const HELD: u32 = 7;
const LATER: u32 = 8;

/// Receives another call, `after_ns` after the entry of the one that is held open.
fn receive_later(pipeline: &mut Pipeline, after_ns: u64) {
    let at_ns = 100 + after_ns;
    let call = [entry(LATER, at_ns, call_flag::CALL_RESULT), exit(LATER, at_ns, at_ns, -2)];
    receive(pipeline, &call);
}

/// Receives the entry of a call that is held open until it is recorded.
fn hold(pipeline: &mut Pipeline, flag: call_flag) {
    receive(pipeline, &[entry(HELD, 100, flag)]);
    receive_later(pipeline, RUNNING_NS);
}

#[test]
fn running_call_is_recorded_and_its_end_is_no_event() {
    // The rule does not want the result that the call has in the end.
    for results in [Results::All, Results::failed()] {
        let (mut pipeline, file) = pipeline(Rule { results, ..Rule::nothing() });
        receive(&mut pipeline, &[entry(HELD, 100, call_flag::CALL_RESULT)]);
        receive_later(&mut pipeline, RUNNING_NS - 1);
        assert_eq!(pipeline.waiting().values().sum::<u64>(), 1);
        receive_later(&mut pipeline, RUNNING_NS);
        assert!(pipeline.waiting().is_empty());
        assert_eq!((outcomes(&pipeline).written, pipeline.next_running_ns()), (3, None));
        receive(&mut pipeline, &[exit(HELD, 100, 200 + RUNNING_NS, 3)]);
        let later = record("syscall", LATER, Some(-2));
        let expected =
            [later.clone(), later, record("syscall", HELD, None), record("ended", HELD, Some(3))];
        assert_eq!(written(&file), expected);
        let outcomes = outcomes(&pipeline);
        assert_eq!((outcomes.written, outcomes.results_lost), (3, 0));
    }
}

#[test]
fn call_that_waits_for_memory_is_recorded_as_running_too() {
    let (mut pipeline, file) = pipeline(Rule::nothing());
    hold(&mut pipeline, call_flag::CALL_MEMORY);
    receive(&mut pipeline, &[exit(HELD, 100, 200 + RUNNING_NS, 3)]);
    let expected = [
        record("syscall", LATER, Some(-2)),
        record("syscall", HELD, None),
        record("ended", HELD, Some(3)),
    ];
    assert_eq!(written(&file), expected);
}

/// Returns the record of the end of a call that has executed no program.
fn unexecuted(tid: u32, entry_ns: u64) -> Vec<u8> {
    let mut bytes = exit(tid, entry_ns, entry_ns + 1, 0);
    let ended = u16::try_from(call_end::CALL_NOT_EXECUTED.0).unwrap();
    put(&mut bytes, offset_of!(result_event, ended), &ended.to_ne_bytes());
    bytes
}

/// Returns the record of a call that asks for nothing but the execution of a program.
fn exec(tid: u32, boottime_ns: u64) -> Vec<u8> {
    entry(tid, boottime_ns, call_flag(call_flag::CALL_RESULT.0 | call_flag::CALL_EXECUTION.0))
}

fn successes() -> Rule {
    Rule { results: Results::Within(vec![0..=i64::MAX]), ..Rule::nothing() }
}

#[test]
fn call_that_executes_no_program_is_filtered_by_result() {
    let (mut pipeline, file) = pipeline(successes());
    receive(&mut pipeline, &[exec(HELD, 100), exec(LATER, 100), unexecuted(HELD, 100)]);
    assert_eq!((outcomes(&pipeline).filtered_by_result, pipeline.waiting()[&slot()]), (1, 1));
    receive(&mut pipeline, &[exec(HELD, 300), exit(HELD, 300, 400, 0), unexecuted(LATER, 100)]);
    assert_eq!((outcomes(&pipeline).filtered_by_result, pipeline.waiting().len()), (2, 0));
    assert_eq!(written(&file), [record("syscall", HELD, Some(0))]);
}

/// The end of the first call was lost: it may have executed a program.
#[test]
fn call_that_awaits_execution_and_is_followed_by_another_is_recorded() {
    let (mut pipeline, file) = pipeline(successes());
    receive(&mut pipeline, &[exec(HELD, 100), exec(HELD, 300), exit(HELD, 300, 400, 0)]);
    let expected = [record("syscall", HELD, None), record("syscall", HELD, Some(0))];
    assert_eq!(written(&file), expected);
    assert_eq!(outcomes(&pipeline).filtered_by_result, 0);
}

#[test]
fn abandon_drops_old_calls_that_executed_no_program() {
    let (mut pipeline, file) = pipeline(successes());
    let now_ns = crate::clock::boot_now_ns();
    let old_ns = now_ns.saturating_sub(RUNNING_NS);
    receive(&mut pipeline, &[exec(HELD, old_ns), exec(LATER, now_ns)]);
    pipeline.abandon(|_| true);
    assert_eq!(pipeline.end_turn(false), WriterState::Open);
    assert_eq!(written(&file), [record("syscall", LATER, None)]);
    assert_eq!((outcomes(&pipeline).filtered_by_result, pipeline.waiting().len()), (1, 0));
}

#[test]
fn running_call_of_aggregated_route_is_counted_once() {
    let aggregate = Some(Aggregate { every: std::time::Duration::from_secs(60), by: Vec::new() });
    let rule = Rule { results: Results::All, aggregate, ..Rule::nothing() };
    let (mut pipeline, file) = pipeline(rule);
    hold(&mut pipeline, call_flag::CALL_RESULT);
    assert_eq!(outcomes(&pipeline).aggregated, 2);
    receive(&mut pipeline, &[exit(HELD, 100, 200 + RUNNING_NS, 3)]);
    assert!(!pipeline.finish());
    assert_eq!(pipeline.flush(), WriterState::Open);
    assert_eq!(pipeline.end_turn(false), WriterState::Open);
    let kinds: Vec<_> = written(&file).into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!((kinds, outcomes(&pipeline).aggregated), (vec!["aggregate".to_owned()], 2));
}

#[test]
fn stop_does_not_record_running_call_again() {
    let (mut pipeline, file) = pipeline(Rule { results: Results::All, ..Rule::nothing() });
    hold(&mut pipeline, call_flag::CALL_RESULT);
    assert!(!pipeline.finish());
    assert_eq!(pipeline.flush(), WriterState::Open);
    pipeline.give_up(std::iter::empty());
    assert_eq!(pipeline.end_turn(false), WriterState::Open);
    assert_eq!(written(&file).len(), 2);
    assert_eq!((outcomes(&pipeline).written, outcomes(&pipeline).lost_stop), (2, 0));
}

/// Returns the records of a call that executes a file and asks for its digest.
fn executed(tid: u32) -> [Vec<u8>; 2] {
    let flags = call_flag::CALL_RESULT.0 | call_flag::CALL_EXECUTABLE.0;
    let mut exit = exit(tid, 100, 200, 0);
    put(&mut exit, offset_of!(result_event, captures), &1_u16.to_ne_bytes());
    let mut head = [0; size_of::<capture>()];
    head[offset_of!(capture, kind)] = capture_kind::CAPTURE_EXECUTABLE.0 as u8;
    let size = size_of::<executable>();
    put(&mut head, offset_of!(capture, stored), &(size as u32).to_ne_bytes());
    let mut file = vec![0; size];
    put(&mut file, offset_of!(executable, inode), &5_u64.to_ne_bytes());
    exit.extend([head.as_slice(), &file].concat());
    [entry(tid, 100, call_flag(flags)), exit]
}

/// Returns thread, digest and unreadable names of each record that was written.
fn digests(file: &File) -> Vec<(Value, Value, Value)> {
    let of = |record: Value| {
        (record["tid"].clone(), record["exe_sha256"].clone(), record["unreadable"].clone())
    };
    records(file).map(of).collect()
}

fn digest(tid: u32, sha256: Option<&str>) -> (Value, Value, Value) {
    let unreadable = if sha256.is_some() { Value::Null } else { serde_json::json!(["exe_sha256"]) };
    (tid.into(), sha256.into(), unreadable)
}

/// `receive` ends the turn at a time that is long after the returns.
fn receive_at_once(pipeline: &mut Pipeline, records: &[Vec<u8>]) {
    for record in records {
        assert_eq!(pipeline.receive(record), Flow::Continue);
    }
}

fn all_results() -> Rule {
    Rule { results: Results::All, ..Rule::nothing() }
}

#[test]
fn call_that_executed_a_file_waits_for_its_digest_and_the_next_does_not() {
    let (mut pipeline, file) = pipeline(all_results());
    pipeline.open_digests();
    receive_at_once(&mut pipeline, &executed(HELD));
    assert_eq!((pipeline.waiting()[&slot()], outcomes(&pipeline).written), (1, 0));
    let request = pipeline.take_digest_request().unwrap();
    assert_eq!((request.file.inode, request.path), (5, None));
    pipeline.learn(&Digest { file: request.file, sha256: Some([0xab; 32]), is_lasting: true });
    pipeline.end_turn(true);
    receive(&mut pipeline, &executed(LATER));
    let hex = "ab".repeat(32);
    assert_eq!(digests(&file), [digest(HELD, Some(&hex)), digest(LATER, Some(&hex))]);
    assert_eq!((pipeline.waiting().len(), pipeline.take_digest_request()), (0, None));
}

#[test]
fn call_that_executed_a_file_is_recorded_without_digest_when_that_comes_too_late() {
    let (mut pipeline, file) = pipeline(all_results());
    receive(&mut pipeline, &executed(1));
    pipeline.open_digests();
    receive(&mut pipeline, &executed(2));
    receive_at_once(&mut pipeline, &executed(3));
    assert!(!pipeline.finish());
    assert_eq!(pipeline.flush(), WriterState::Open);
    assert_eq!(digests(&file), [1, 2, 3].map(|tid| digest(tid, None)));
    assert_eq!((outcomes(&pipeline).written, pipeline.waiting().len()), (3, 0));
}

#[test]
fn give_up_counts_calls_that_wait_for_a_digest() {
    let (mut pipeline, _file) = pipeline(all_results());
    pipeline.open_digests();
    receive_at_once(&mut pipeline, &executed(HELD));
    pipeline.give_up(std::iter::empty());
    assert_eq!((outcomes(&pipeline).lost_stop, pipeline.waiting().len()), (1, 0));
}
