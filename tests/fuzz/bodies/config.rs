//! Any text is a plan, or has faults with a place within the text.

use std::cell::LazyCell;
use std::fs;

use tailcalld::config::{Fault, Faults};
use tailcalld::plan;
use tempfile::TempDir;

use super::event::HANDLERS;

thread_local! {
    static FOLDER: LazyCell<TempDir> = LazyCell::new(|| TempDir::new().expect("a folder"));
}

/// Reads the bytes as a configuration.
pub fn config(bytes: &[u8]) {
    FOLDER.with(|folder| {
        let path = folder.path().join("c.toml");
        fs::write(&path, bytes).expect("a file");
        match plan::read(&path, &HANDLERS) {
            Ok(plan) => assert!(!plan.routes.is_empty(), "a plan without routes"),
            Err(faults) => check(bytes, &faults),
        }
    });
}

fn check(bytes: &[u8], faults: &Faults) {
    assert!(faults.iter().next().is_some(), "no plan and no fault");
    for fault in faults.iter() {
        let is_printable = |c: char| !c.is_control();
        assert!(!fault.message.is_empty() && fault.message.chars().all(is_printable), "{fault:?}");
        assert!(is_within(bytes, fault), "{fault:?}");
        assert!(fault.to_string().contains(&fault.message));
    }
    assert_eq!(faults.line().lines().count(), 1);
}

/// Returns whether the place of a fault is within the text, or right behind a line of it.
fn is_within(bytes: &[u8], fault: &Fault) -> bool {
    let Some(position) = fault.position else { return true };
    let text = String::from_utf8_lossy(bytes);
    let line = text.split('\n').nth(position.line - 1);
    line.is_some_and(|line| (1..=line.chars().count() + 1).contains(&position.column))
}
