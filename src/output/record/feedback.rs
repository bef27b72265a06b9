//! A process may react to the daemon's records.

use std::fmt::Write;

use syscalls::printable::{self, NO_LIMIT};

use super::{Kind, RecordBody};
use crate::decode::render;
use crate::output::event;
use crate::output::fields::{Fields, interval};
use crate::output::key::Key;
use crate::output::scratch::Scratch;

/// Process that made most of the events of an interval and has the journal open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// Start of the process, ns since boot.
    pub start_ns: u64,
    /// Name of the task that made one of the events.
    pub comm: Vec<u8>,
    /// System unit of the process.
    pub unit: Option<String>,
    /// Unit of a user's manager.
    pub user_unit: Option<String>,
    /// Events that the process made in the interval.
    pub count: u64,
    /// Events of all processes in the interval.
    pub events: u64,
    /// Begin of the interval, ns since 1970 UTC.
    pub from_ns: u64,
    /// End of the interval, ns since 1970 UTC.
    pub to_ns: u64,
}

impl RecordBody for Feedback {
    const KIND: Kind = Kind { name: "feedback", id: "3ac128b3e4174269983b1edb8c617791" };

    fn priority(&self) -> u8 {
        4
    }

    fn fields(&self, scratch: &mut Scratch, out: &mut impl Fields) {
        for (key, unit) in [(Key::Unit, &self.unit), (Key::UserUnit, &self.user_unit)] {
            if let Some(unit) = unit {
                out.text(key, unit.as_bytes());
            }
        }
        out.unsigned(Key::Pid, self.pid.into());
        out.text(
            Key::Process,
            scratch.text(|text| event::write_process(self.pid, self.start_ns, text)),
        );
        out.unsigned(Key::StartNs, self.start_ns);
        out.text(Key::Comm, &self.comm);
        out.unsigned(Key::Count, self.count);
        out.unsigned(Key::Events, self.events);
        interval(self.from_ns, self.to_ns, scratch, out);
    }

    fn sentence(&self, out: &mut String) {
        let Self { pid, count, events, .. } = self;
        printable::quoted_if_needed(&self.comm, NO_LIMIT, out);
        let _ = write!(out, " ({pid})");
        let unit = self.user_unit.as_ref().or(self.unit.as_ref());
        if let Some(unit) = unit {
            out.push_str(" of ");
            printable::quoted_if_needed(unit.as_bytes(), NO_LIMIT, out);
        }
        let _ = write!(out, " made {count} of {events} events in ");
        render::span(self.to_ns.saturating_sub(self.from_ns), out);
        out.push_str(" and has the journal open: if it reads these records, exclude it with ");
        // `units` are those of the system.
        let is_system = self.unit.is_some() && self.user_unit.is_none();
        out.push_str(if is_system { "[exclude] units" } else { "[exclude] exe" });
    }
}
