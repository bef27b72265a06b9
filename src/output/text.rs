//! A record as a line for a person in front of a terminal: local time, handler, sentence, unit; and
//! the counters as a table at the end. All of it is printable, whatever a process chose.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use syscalls::printable::{self, NO_LIMIT};

use crate::decode::Outcome;
use crate::output::arguments::Arguments;
use crate::output::fields::TableCell;
use crate::output::record::{Aggregate, Body, Ended, Record, Stopped, Syscall, total_row};
use crate::output::sentence;
use crate::output::timestamp::Stamp;
use crate::output::users::UserNames;

/// Name in place of a handler on the daemon's own lines; no handler's name has a hyphen.
const OWN: &str = "-";

/// Colours that distinguish handlers, in the order of their numbers.
const PALETTE: [AnsiColor; 5] =
    [AnsiColor::Cyan, AnsiColor::Green, AnsiColor::Blue, AnsiColor::Magenta, AnsiColor::BrightCyan];

/// Records that become lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineChoice {
    /// All records, with their handlers.
    All,
    /// Calls, with their time, and warnings of the daemon.
    Calls,
}

/// Lowest priority of the daemon's own records beside calls: a warning.
const WARNING: u8 = 4;

/// Writes lines.
#[derive(Debug)]
pub struct Lines {
    choice: LineChoice,
    stamp: Stamp,
    is_coloured: bool,
    line: String,
    arguments: Arguments,
}

impl Lines {
    /// With colours or without, and with the names of `users` beside their numbers.
    pub fn new(is_coloured: bool, users: UserNames, choice: LineChoice) -> Self {
        Self {
            choice,
            stamp: Stamp::local(),
            is_coloured,
            line: String::new(),
            arguments: Arguments::with(users),
        }
    }

    /// Appends the line of `record` to `buffer`.
    pub fn encode(&mut self, record: &Record, buffer: &mut Vec<u8>) {
        let is_event = record.body.is_event();
        if self.choice == LineChoice::Calls && !is_event && record.body.priority() > WARNING {
            return;
        }
        self.line.clear();
        self.time(record.time_ns);
        if self.choice == LineChoice::All || !is_event {
            self.handler(&record.body);
        }
        let mut arguments = std::mem::take(&mut self.arguments);
        self.styled(of_priority(record.body.priority()), |line| {
            record.body.message(&mut arguments, line);
        });
        self.arguments = arguments;
        if let Some(unit) = unit(&record.body) {
            sentence::unit(unit, &mut self.line);
        }
        if self.choice == LineChoice::Calls {
            duration(&record.body, &mut self.line);
        }
        self.line.push('\n');
        if let Body::Stopped(stopped) = &record.body {
            table(stopped, &mut self.line);
        }
        buffer.extend_from_slice(self.line.as_bytes());
    }

    fn time(&mut self, time_ns: u64) {
        let mut stamp = std::mem::replace(&mut self.stamp, Stamp::utc());
        self.styled(Style::new().dimmed(), |line| stamp.micros(time_ns, line));
        self.stamp = stamp;
        self.line.push(' ');
    }

    fn handler(&mut self, body: &Body) {
        let (name, style) = match body {
            Body::Syscall(Syscall { event, .. }) | Body::Ended(Ended { event, .. }) => {
                (event.handler.name.as_str(), of_handler(event.handler.id))
            }
            Body::Aggregate(Aggregate { aggregated, .. }) => {
                (aggregated.info.handler.as_str(), Style::new())
            }
            _ => (OWN, Style::new().bold()),
        };
        self.styled(style, |line| printable::plain(name, NO_LIMIT, line));
        self.line.push_str(": ");
    }

    fn styled(&mut self, style: Style, fill: impl FnOnce(&mut String)) {
        if !self.is_coloured || style.is_plain() {
            return fill(&mut self.line);
        }
        let _ = write!(self.line, "{style}");
        fill(&mut self.line);
        let _ = write!(self.line, "{style:#}");
    }
}

/// Appends the time within a call, in seconds as strace prints it: ` <0.000012>`.
fn duration(body: &Body<'_>, line: &mut String) {
    let (Body::Syscall(Syscall { event, .. }) | Body::Ended(Ended { event, .. })) = body else {
        return;
    };
    if let Some(Outcome::Returned { duration_ns, .. }) = event.outcome {
        let us = duration_ns / 1_000;
        let _ = write!(line, " <{}.{:06}>", us / 1_000_000, us % 1_000_000);
    }
}

fn unit<'a>(body: &Body<'a>) -> Option<&'a String> {
    let Body::Aggregate(Aggregate { aggregated, .. }) = body else { return None };
    let Some(key) = &aggregated.key else {
        return aggregated.owner.as_ref()?.unit.as_ref();
    };
    key.user_unit.as_ref().or(key.unit.as_ref())
}

/// Errors and warnings stand out, debugging steps back.
fn of_priority(priority: u8) -> Style {
    match priority {
        0..=3 => AnsiColor::Red.on_default().bold(),
        4 => AnsiColor::Yellow.on_default(),
        5 => Style::new().bold(),
        6 => Style::new(),
        _ => Style::new().dimmed(),
    }
}

fn of_handler(id: u16) -> Style {
    let place = usize::from(id.saturating_sub(1)) % PALETTE.len();
    PALETTE.get(place).map_or_else(Style::new, |colour| colour.on_default())
}

/// Columns that are shown although all of their counts are 0.
const ALWAYS: [&str; 3] = ["seen", "written", "lost"];

/// The counters of the routes that saw something: a column as wide as its widest cell, words to the
/// left, counts to the right.
fn table(stopped: &Stopped, out: &mut String) {
    let busy = stopped.totals.iter().filter(|total| total.seen > 0);
    let rows: Vec<_> = busy.map(total_row).collect();
    let Some(first) = rows.first() else { return };
    let mut lines = vec![String::new(); rows.len() + 1];
    for (column, (name, cell)) in first.iter().enumerate() {
        let cells = || rows.iter().filter_map(|row| row.get(column)).map(|(_, cell)| cell);
        if !ALWAYS.contains(name) && cells().all(|cell| *cell == TableCell::Count(0)) {
            continue;
        }
        let cells = std::iter::once((*name).to_owned()).chain(cells().map(shown));
        let cells: Vec<String> = cells.collect();
        let width = cells.iter().map(String::len).max().unwrap_or_default();
        for (line, cell_text) in lines.iter_mut().zip(&cells) {
            let _ = match cell {
                TableCell::Count(_) => write!(line, "  {cell_text:>width$}"),
                TableCell::Slot(_)
                | TableCell::Word(_)
                | TableCell::Bytes(_)
                | TableCell::Absent => {
                    write!(line, "  {cell_text:width$}")
                }
            };
        }
    }
    for line in &lines {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

fn shown(cell: &TableCell) -> String {
    match cell {
        TableCell::Slot(slot) => slot.to_string(),
        TableCell::Word(word) => (*word).to_owned(),
        TableCell::Bytes(value) => String::from_utf8_lossy(value).into_owned(),
        TableCell::Count(count) => count.to_string(),
        TableCell::Absent => String::new(),
    }
}
