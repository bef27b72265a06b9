//! What went wrong in, words on standard error and an exit code out.

use std::io::{self, Write};

use super::exit;
use super::print::coloured;
use crate::config::{Faults, Palette};

/// Tells why the program ends. Faults of the configuration are told as `check` tells them.
pub fn report(error: &anyhow::Error) -> u8 {
    // If standard error is closed, nobody is left to tell.
    match error.downcast_ref::<Faults>() {
        Some(faults) => {
            let _ = print_faults(faults);
            exit::CONFIG
        }
        None => {
            let _ = writeln!(io::stderr(), "tailcalld: {error:#}");
            exit::FAILURE
        }
    }
}

pub(super) fn print_faults(faults: &Faults) -> io::Result<()> {
    let mut out = io::stderr().lock();
    let palette = if coloured(&out) { Palette::colours() } else { Palette::default() };
    faults.iter().try_for_each(|fault| writeln!(out, "{}", fault.paint(palette)))
}
