//! Counts of the entries in the journal. Each reading begins behind the last one, because the journal keeps only what
//! it has room for.

use std::collections::BTreeMap;

use serde_json::Value;
use tailcalld::output::record::{Aggregate, Kind, RecordBody, Syscall};

use crate::journald::{Journald, detail};

/// Entries so far.
#[derive(Default)]
pub struct Entries {
    /// Events by number, in records of their own and in aggregates.
    events: BTreeMap<u64, u64>,
    /// Events that may be there twice, because the daemon was killed.
    pub marked: u64,
    /// Records of these events.
    pub marked_records: u64,
    /// Records by kind.
    kinds: BTreeMap<String, u64>,
}

impl Entries {
    /// Reads on.
    pub fn read(&mut self, journald: &Journald) {
        const FIELDS: &str =
            "--output-fields=MESSAGE_ID,SYSCALL_NR,TAILCALLD_DETAIL,SYSCALL_MAY_BE_DUPLICATE";
        let words =
            ["-o", "json", FIELDS, "--cursor-file=/run/soak.cursor", "SYSLOG_IDENTIFIER=tailcalld"];
        for entry in journald.query(&words) {
            self.add(&entry);
        }
    }

    fn add(&mut self, entry: &Value) {
        let id = entry["MESSAGE_ID"].as_str().unwrap();
        *self.kinds.entry(id.to_owned()).or_default() += 1;
        let number = |key: &str| entry[key].as_str().map(|text| text.parse::<u64>().unwrap());
        let count = match id {
            _ if id == Syscall::KIND.id => 1,
            _ if id == Aggregate::KIND.id => detail(entry, "count").unwrap().parse().unwrap(),
            _ => return,
        };
        if !entry["SYSCALL_MAY_BE_DUPLICATE"].is_null() {
            self.marked += count;
            self.marked_records += 1;
        }
        *self.events.entry(number("SYSCALL_NR").unwrap()).or_default() += count;
    }

    /// Returns the number of events of these numbers.
    pub fn events_of(&self, numbers: &[u64]) -> u64 {
        numbers.iter().filter_map(|number| self.events.get(number)).sum()
    }

    /// Returns the number of records of a kind.
    pub fn of(&self, kind: &Kind) -> u64 {
        self.kinds.get(kind.id).copied().unwrap_or_default()
    }

    /// Returns the number of all records.
    pub fn all(&self) -> u64 {
        self.kinds.values().sum()
    }
}
