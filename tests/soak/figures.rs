//! Table of figures, some of which are expected to be within a bound.

use std::fmt;

/// One row.
struct Figure {
    name: &'static str,
    value: String,
    expected: String,
    holds: bool,
}

/// Rows in the order of the table.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Adds a row without an expectation.
    pub fn note(&mut self, name: &'static str, value: impl fmt::Display) {
        self.push(name, value, String::new(), true);
    }

    /// Adds a row that must have that value.
    pub fn exact(&mut self, name: &'static str, value: u64, expected: u64) {
        self.push(name, value, expected.to_string(), value == expected);
    }

    /// Adds a row that must have at most that value.
    pub fn at_most(&mut self, name: &'static str, value: u64, most: u64) {
        self.push(name, value, format!("at most {most}"), value <= most);
    }

    /// Adds a row that must have at least that value.
    pub fn at_least(&mut self, name: &'static str, value: u64, least: u64) {
        self.push(name, value, format!("at least {least}"), value >= least);
    }

    fn push(
        &mut self,
        name: &'static str,
        value: impl fmt::Display,
        expected: String,
        holds: bool,
    ) {
        self.0.push(Figure { name, value: value.to_string(), expected, holds });
    }

    /// Returns the names of the rows with another value than expected.
    pub fn violated(&self) -> Vec<&'static str> {
        self.0.iter().filter(|figure| !figure.holds).map(|figure| figure.name).collect()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | value | expected |\n| --- | ---: | ---: |")?;
        for Figure { name, value, expected, holds } in &self.0 {
            let mark = if *holds { "" } else { " VIOLATED" };
            writeln!(f, "| {name} | {value} | {expected}{mark} |")?;
        }
        Ok(())
    }
}
