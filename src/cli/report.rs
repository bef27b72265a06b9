//! Error messages on standard error, and the exit status of an error.

use std::io::{self, Write};

use super::print::coloured;
use crate::config::{Faults, Palette};
use crate::error::{Failure, exit};
use crate::log;

/// Prints why the program fails, and returns the exit status. Faults are printed as by `check`.
pub fn report(error: &anyhow::Error) -> u8 {
    // If standard error is closed, there is no other place to report to.
    match error.downcast_ref::<Faults>() {
        Some(faults) => {
            let _ = print_faults(faults);
            exit::CONFIG
        }
        None => {
            let _ = complain(&format!("tailcalld: {error:#}"));
            exit_code(error)
        }
    }
}

/// Returns the exit status of an error.
fn exit_code(error: &anyhow::Error) -> u8 {
    error.downcast_ref().map_or(exit::FAILURE, Failure::exit_code)
}

pub(super) fn print_faults(faults: &Faults) -> io::Result<()> {
    let palette = if coloured(&io::stderr()) { Palette::colours() } else { Palette::default() };
    faults.iter().try_for_each(|fault| complain(&fault.paint(palette).to_string()))
}

/// Writes an error to standard error.
pub(super) fn complain(text: &str) -> io::Result<()> {
    write_lines(text, "<3>")
}

/// Writes something to standard error that is not an error.
pub(super) fn remark(text: &str) -> io::Result<()> {
    write_lines(text, "<5>")
}

/// Writes to standard error. In the journal each line is an entry of its own, and without its level
/// before it (sd-daemon(3)) `journalctl -p err` would not show why the service failed.
fn write_lines(text: &str, level: &str) -> io::Result<()> {
    let mut out = io::stderr().lock();
    let level = if log::is_journal(&out) { level } else { "" };
    text.lines().try_for_each(|line| writeln!(out, "{level}{line}"))
}
