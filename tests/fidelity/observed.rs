//! Calls that each side recorded in one run: by thread, in the order in which they began.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::call::Call;
use crate::process::eventually;

/// By thread.
pub type Threads = BTreeMap<u32, Vec<Call>>;

/// One file a thread, `NAME.TID`, as `strace -ff -o NAME` writes them.
pub fn by_strace(folder: &Path) -> Threads {
    let mut threads = Threads::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let tid = path.extension().unwrap().to_str().unwrap().parse().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        threads.insert(tid, text.lines().filter_map(Call::parse).collect());
    }
    threads
}

/// The daemon's records: the events of these threads, and all records of its own.
pub fn by_us(file: &Path, tids: &BTreeSet<u32>) -> (Threads, Vec<Value>) {
    let mut events: BTreeMap<u32, Vec<(u64, Call)>> = BTreeMap::new();
    let mut own = vec![];
    for line in BufReader::new(File::open(file).unwrap()).lines() {
        let line = line.unwrap();
        let tid = tid_of(&line);
        if tid.is_some_and(|tid| !tids.contains(&tid)) {
            continue; // of the rest of the machine
        }
        let record: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        match tid {
            Some(tid) => {
                let began = record["boottime_ns"].as_u64().unwrap();
                events.entry(tid).or_default().push((began, call(&record)));
            }
            None => own.push(record),
        }
    }
    let in_order = |mut calls: Vec<(u64, Call)>| {
        calls.sort_by_key(|(began, _)| *began);
        calls.into_iter().map(|(_, call)| call).collect()
    };
    (events.into_iter().map(|(tid, calls)| (tid, in_order(calls))).collect(), own)
}

/// Waits for the last record: records are written in order, and the last thread ends by a call without a
/// result. A machine under load may take long: the daemon need only make progress.
pub fn wait_for_end_of(tid: u32, output: &Path) {
    let mut lines = BufReader::new(File::open(output).unwrap());
    let (mut line, mut is_seen) = (String::new(), false);
    while !is_seen {
        eventually("the daemon writes what it saw", || lines.read_line(&mut line).unwrap() > 0);
        let is_whole = line.ends_with('\n');
        is_seen = is_whole && tid_of(&line) == Some(tid) && line.contains("\"exit_group\"");
        if is_whole {
            line.clear();
        }
    }
}

/// Without reading the whole line: most are of other processes.
fn tid_of(line: &str) -> Option<u32> {
    let (_, rest) = line.split_once("\"tid\":")?;
    rest.split(',').next()?.parse().ok()
}

/// The sentence without what names the task: `close(3) by cat (pid 7, uid 0) in cat.service = 0`.
fn call(record: &Value) -> Call {
    let sentence = record["message"].as_str().unwrap();
    let pid = format!(" (pid {}, uid {}", record["pid"], record["uid"]);
    let (call, end) = sentence.rsplit_once(&pid).unwrap_or_else(|| panic!("{sentence}"));
    let (call, _comm) = call.rsplit_once(" by ").unwrap();
    let (_, end) = end.split_once(')').unwrap();
    let end = end.find(" = ").map_or("", |at| end.split_at(at).1);
    Call::parse(&format!("{call}{end}")).unwrap_or_else(|| panic!("{sentence}"))
}
