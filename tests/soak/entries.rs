//! Counts of the entries in the journal. Each reading begins behind the last one, because the journal keeps only what
//! it has room for.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;
use tailcalld::output::record::{Aggregate, Kind, RecordBody, Syscall};

use crate::journald::{Journald, detail};

/// Entries so far.
#[derive(Default)]
pub struct Entries {
    /// Events by number, in records of their own and in aggregates; each once.
    events: BTreeMap<u64, u64>,
    /// Records by what makes them the same, and whether one of the copies has a mark.
    records: HashMap<u64, bool>,
    /// Events of records that are there twice, with a mark on one of them.
    pub duplicates: u64,
    /// Events of records that are there twice without a mark.
    pub unmarked_duplicates: u64,
    /// Records with a mark that they may be there twice, because the daemon was killed.
    pub marked_records: u64,
    /// Records by kind.
    kinds: BTreeMap<String, u64>,
}

impl Entries {
    /// Reads on.
    pub fn read(&mut self, journald: &Journald) {
        const FIELDS: &str = "--output-fields=MESSAGE_ID,SYSCALL_NR,TAILCALLD_DETAIL,\
            SYSCALL_MAY_BE_DUPLICATE,SYSCALL_TID,SYSCALL_BOOTTIME_NS,SYSCALL_COMM,SYSCALL_UID,\
            TAILCALLD_FROM,TAILCALLD_TO";
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
        let is_marked = !entry["SYSCALL_MAY_BE_DUPLICATE"].is_null();
        self.marked_records += u64::from(is_marked);
        match self.records.insert(identity(entry), is_marked) {
            None => {}
            Some(was_marked) if was_marked || is_marked => return self.duplicates += count,
            Some(_) => return self.unmarked_duplicates += count,
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

/// Returns a number that two copies of a record share: they tell of the same events.
fn identity(entry: &Value) -> u64 {
    let call = ["SYSCALL_NR", "SYSCALL_TID", "SYSCALL_BOOTTIME_NS"];
    let aggregate = ["SYSCALL_COMM", "SYSCALL_UID", "TAILCALLD_FROM", "TAILCALLD_TO"];
    let mut hasher = DefaultHasher::new();
    for field in call {
        entry[field].to_string().hash(&mut hasher);
    }
    // The time of a call on the clock of the journal may be another one for the next daemon.
    if entry["SYSCALL_BOOTTIME_NS"].is_null() {
        aggregate.iter().for_each(|field| entry[field].to_string().hash(&mut hasher));
    }
    hasher.finish()
}
