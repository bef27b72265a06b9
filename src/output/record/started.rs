//! The daemon is attached and reads.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::{Kind, RecordBody};
use crate::output::fields::{Fields, lines};
use crate::output::key::Key;
use crate::output::scratch::Scratch;
use crate::output::sentence::{plural, unattached};

/// Start of the daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// Version of the daemon.
    pub version: String,
    /// Release of the running kernel.
    pub kernel: String,
    /// Attach point of the dispatcher: `raw_tp/sys_enter`.
    pub attached: String,
    /// Reason for that attach point.
    pub reason: String,
    /// Routes without a function in this kernel.
    pub unattached_routes: Vec<String>,
    /// Blind spots: what no table can see.
    pub blind_spots: Vec<String>,
    /// Generation of the table.
    pub generation: u32,
    /// Number of routed slots.
    pub routes: u64,
}

impl RecordBody for Started {
    const KIND: Kind = Kind { name: "started", id: "d46abc6256004c59b29eaafb3f940864" };

    fn priority(&self) -> u8 {
        6
    }

    fn fields(&self, _: &mut Scratch, out: &mut impl Fields) {
        out.unsigned(Key::Generation, self.generation.into());
        for (key, text) in [
            (Key::Version, &self.version),
            (Key::Kernel, &self.kernel),
            (Key::Attached, &self.attached),
            (Key::AttachReason, &self.reason),
        ] {
            out.text(key, text.as_bytes());
        }
        out.unsigned(Key::Routes, self.routes);
        out.list(Key::UnattachedRoutes, lines(&self.unattached_routes));
        out.list(Key::BlindSpots, lines(&self.blind_spots));
    }

    fn sentence(&self, out: &mut String) {
        let _ = write!(out, "Started: {} {}", self.routes, plural(self.routes, "route", "routes"));
        let _ = write!(out, ", generation {}, attached to ", self.generation);
        printable::plain(&self.attached, NO_LIMIT, out);
        out.push_str(" on Linux ");
        printable::plain(&self.kernel, NO_LIMIT, out);
        out.push_str(", tailcalld ");
        printable::plain(&self.version, NO_LIMIT, out);
        unattached(&self.unattached_routes, out);
    }
}
