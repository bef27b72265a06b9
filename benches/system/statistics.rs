//! One figure per round in; median and range out.

use std::fmt;

/// One measured quantity, a value a round.
#[derive(Debug, Clone, Default)]
pub struct Series(Vec<f64>);

impl Series {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// Returns the median of the rounds; 0 without rounds.
    pub fn median(&self) -> f64 {
        median(&self.0)
    }

    /// Returns the maximum of the rounds; 0 without rounds.
    pub fn greatest(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// Round by round.
    pub fn over(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(a, b)| a / b).collect()
    }

    /// Differences, round by round.
    pub fn minus(&self, other: &Self) -> Self {
        self.0.iter().zip(&other.0).map(|(a, b)| a - b).collect()
    }

    /// Each round's value without its sign.
    pub fn magnitude(&self) -> Self {
        self.0.iter().map(|value| value.abs()).collect()
    }

    /// Each round's value so many times.
    pub fn times(&self, factor: f64) -> Self {
        self.0.iter().map(|value| value * factor).collect()
    }

    /// `19.2 (18.8..20.1)`
    pub fn show(&self, decimals: usize) -> Shown<'_> {
        Shown(self, decimals)
    }

    fn range(&self) -> (f64, f64) {
        let fold = |pick: fn(f64, f64) -> f64, from| self.0.iter().copied().fold(from, pick);
        (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY))
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

/// A series for people: median, and in parentheses the least and the greatest.
pub struct Shown<'a>(&'a Series, usize);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(series, decimals) = self;
        let number = |value: f64| grouped(value, *decimals);
        match series.0.as_slice() {
            [] => write!(f, "-"),
            [one] => write!(f, "{}", number(*one)),
            _ => {
                let (least, most) = series.range();
                write!(f, "{} ({}..{})", number(series.median()), number(least), number(most))
            }
        }
    }
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[odd / 2],
        even => f64::midpoint(sorted[even / 2 - 1], sorted[even / 2]),
    }
}

/// `1,234,567.8`
pub fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, rest) = plain.split_at(plain.find('.').unwrap_or(plain.len()));
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (position, digit) in whole.char_indices() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}
