//! Views and their columns.

use clap::ValueEnum;

/// Kind of the rows that `top` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TopView {
    /// Routes of the live table
    Routes,
    /// Units of systemd
    Units,
    /// Names of tasks
    Commands,
    /// Real users
    Users,
}

/// Column of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TopColumn {
    /// Name of the route, unit, command or user
    Name,
    /// Calls that reached the handler
    Seen,
    /// Events that were written, alone or in an aggregate
    Events,
    /// Bytes of their records
    Bytes,
    /// Events whose call returned an error
    Errors,
    /// Events that were lost
    Lost,
    /// Time of a call in the kernel programs
    Time,
    /// Share of a CPU that the kernel programs take
    Cpu,
}

use TopColumn::{Bytes, Cpu, Errors, Events, Lost, Name, Seen, Time};

impl TopView {
    /// All views, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Routes, Self::Units, Self::Commands, Self::Users];

    /// Returns the columns, the name first.
    pub fn columns(self) -> &'static [TopColumn] {
        match self {
            Self::Routes => &[Name, Seen, Events, Bytes, Errors, Lost, Time, Cpu],
            Self::Units | Self::Commands | Self::Users => &[Name, Events, Bytes, Errors, Lost],
        }
    }

    /// Returns the name, in the plural.
    pub fn name(self) -> &'static str {
        match self {
            Self::Routes => "routes",
            Self::Units => "units",
            Self::Commands => "commands",
            Self::Users => "users",
        }
    }

    /// Returns the head of the names.
    pub fn head(self) -> &'static str {
        match self {
            Self::Routes => "ROUTE",
            Self::Units => "UNIT",
            Self::Commands => "COMMAND",
            Self::Users => "USER",
        }
    }

    /// Returns the view after this one.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|view| *view == self).unwrap_or_default();
        Self::ALL.into_iter().cycle().nth(at + 1).unwrap_or(self)
    }
}

impl TopColumn {
    /// Returns the head of the column: of rates, or of counts.
    pub fn head(self, view: TopView, are_rates: bool) -> &'static str {
        match (self, are_rates) {
            (Name, _) => view.head(),
            (Seen, true) => "SEEN/S",
            (Seen, false) => "SEEN",
            (Events, true) => "EVENTS/S",
            (Events, false) => "EVENTS",
            (Bytes, true) => "BYTES/S",
            (Bytes, false) => "BYTES",
            (Errors, true) => "ERRORS/S",
            (Errors, false) => "ERRORS",
            (Lost, true) => "LOST/S",
            (Lost, false) => "LOST",
            (Time, _) => "NS/CALL",
            (Cpu, _) => "CPU%",
        }
    }

    /// Returns the width of a column of numbers: the longest one, and its head with a mark.
    pub fn width(self) -> usize {
        match self {
            Name => 0,
            Seen | Bytes | Lost | Time => 8,
            Events | Errors => 9,
            Cpu => 7,
        }
    }
}
