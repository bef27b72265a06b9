//! All that is wrong with a configuration.

use std::fmt;

use super::fault::Fault;

/// Every fault of a run, sorted by file and place; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Sorts the faults; `None` if there are none.
    pub fn new(mut faults: Vec<Fault>) -> Option<Self> {
        faults.sort();
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// Returns all faults in order.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Returns the first fault on one line, and the number of the others: for `STATUS=` and `MESSAGE=`.
    pub fn line(&self) -> String {
        let first = self.0.first().map(Fault::line).unwrap_or_default();
        match self.0.len() {
            0 | 1 => first,
            2 => format!("{first} (and 1 more fault)"),
            all => format!("{first} (and {} more faults)", all - 1),
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, fault) in self.0.iter().enumerate() {
            let separator = if nth == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
