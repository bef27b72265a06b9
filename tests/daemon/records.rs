//! Records parsed from the JSON lines of a pipe.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;

use crate::process::DEADLINE;

/// Records of one daemon, in order.
pub struct Records {
    lines: Receiver<String>,
}

impl Records {
    /// Starts a thread that reads the pipe.
    pub fn read(pipe: impl Read + Send + 'static) -> Self {
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines() {
                if line.is_err() || send.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { lines }
    }

    /// Returns the next record, which must be of kind `kind`.
    pub fn next(&mut self, kind: &str) -> Value {
        let record = self.any().unwrap_or_else(|| panic!("the daemon ended instead of: {kind}"));
        assert_eq!(record["record"], kind, "{record}");
        record
    }

    /// Returns all records up to and including the next one of kind `kind`.
    pub fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut records = vec![];
        while records.last().is_none_or(|last: &Value| last["record"] != kind) {
            let next = self.any();
            records.push(next.unwrap_or_else(|| panic!("the daemon ended instead of: {kind}")));
        }
        records
    }

    /// Returns all remaining records, until the daemon ends.
    pub fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.any()).collect()
    }

    fn any(&mut self) -> Option<Value> {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => Some(record(&line)),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(_) => panic!("no record within {DEADLINE:?}"),
        }
    }
}

/// Parses a line and asserts that it has the keys of every record.
pub fn record(line: &str) -> Value {
    let record: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    assert_eq!(record["schema"], 1, "{line}");
    for key in ["record", "time", "message", "message_id"] {
        assert!(record[key].is_string(), "{key}: {line}");
    }
    assert!(record["priority"].as_u64().is_some_and(|level| (3..=7).contains(&level)), "{line}");
    record
}

/// Returns the records of one kind.
pub fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["record"] == kind).collect()
}

/// Returns the events of one trigger.
pub fn events_of<'a>(records: &'a [Value], name: &str) -> Vec<&'a Value> {
    of_kind(records, "syscall").into_iter().filter(|event| event["comm"] == name).collect()
}

/// Returns the values of the `nth` argument at a position; each must occur once.
pub fn counted(events: &[&Value], position: &str) -> BTreeSet<u64> {
    let value = |event: &&Value| {
        let text = event["args"][position].as_str().unwrap().to_owned();
        let hex = text.strip_prefix("0x").map(|hex| u64::from_str_radix(hex, 16));
        hex.unwrap_or_else(|| text.parse()).unwrap()
    };
    let values: BTreeSet<u64> = events.iter().map(value).collect();
    assert_eq!(values.len(), events.len(), "an event came twice");
    values
}

/// Returns the number of events that the daemon declared lost.
pub fn declared_lost(records: &[Value]) -> u64 {
    of_kind(records, "lost").iter().map(|record| record["lost"].as_u64().unwrap()).sum()
}

/// One row of the totals in a `stopped` record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    pub seen: u64,
    pub written: u64,
    pub aggregated: u64,
    pub filtered: u64,
    pub sampled: u64,
    pub limited: u64,
    pub known: u64,
    pub excluded: u64,
    pub counted: u64,
    pub blackbox: u64,
    pub lost: u64,
}

impl Total {
    /// Returns the row of a syscall, as the record names it, in the machine's native ABI. Asserts that
    /// every row balances.
    pub fn of(stopped: &Value, syscall: &str) -> Self {
        Self::of_abi(stopped, syscall, syscalls::Abi::Native.name())
    }

    /// Returns the row of a syscall in another ABI, as `of` does.
    pub fn of_abi(stopped: &Value, syscall: &str, abi: &str) -> Self {
        assert_eq!(stopped["record"], "stopped");
        let mut found = Self::default();
        for row in stopped["totals"].as_array().unwrap() {
            let total = Self::read(row);
            assert_eq!(total.seen, total.outcomes(), "{row}");
            if row["syscall"] == syscall && row["abi"] == abi {
                found = total;
            }
        }
        found
    }

    fn outcomes(&self) -> u64 {
        let left_out = self.filtered + self.sampled + self.limited + self.known;
        let recorded = self.written + self.aggregated + self.blackbox;
        recorded + left_out + self.excluded + self.counted + self.lost
    }

    fn read(row: &Value) -> Self {
        let count = |key: &str| row[key].as_u64().unwrap();
        Self {
            seen: count("seen"),
            written: count("written"),
            aggregated: count("aggregated"),
            filtered: count("filtered"),
            sampled: count("sampled"),
            limited: count("limited"),
            known: count("known"),
            excluded: count("excluded"),
            counted: count("counted"),
            blackbox: count("blackbox"),
            lost: count("lost"),
        }
    }
}
