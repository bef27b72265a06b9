//! Configurations of tests: text in, a plan or its faults out.
#![allow(dead_code)] // not every test target uses all of it

use std::fs;
use std::path::Path;

use tailcalld::config::Faults;
use tailcalld::plan::{self, Plan};

use super::fixture::handlers;

/// Reads a configuration of that text.
pub fn read(text: &str) -> Result<Plan, Faults> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.toml");
    fs::write(&path, text).expect("a file");
    plan::read(&path, &handlers())
}

/// Returns the plan of a configuration without faults.
pub fn plan_of(text: &str) -> Plan {
    read(text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Returns the plan of a file without faults.
pub fn plan_at(path: &str) -> Plan {
    plan::read(Path::new(path), &handlers()).unwrap_or_else(|faults| panic!("{faults}"))
}

/// Returns the messages of the faults of a configuration.
pub fn faults(text: &str) -> Vec<String> {
    let faults = read(text).err();
    faults.iter().flat_map(Faults::iter).map(|fault| fault.message.clone()).collect()
}
