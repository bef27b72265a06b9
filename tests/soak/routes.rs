//! Routes of the daemon: one of each kind, each on a number that nothing but the load calls.

use crate::number::{Number, unused_number};

/// Number of kinds.
pub const KINDS: usize = 8;

/// Routes whose calls are counted outside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One record each, never shed.
    Recorded,
    Aggregated,
    Limited,
    Sampled,
    /// Recorded with their results.
    Results,
    Counted,
    /// Only those of one user are recorded.
    Filtered,
    /// Recorded like the first: a call after all others.
    Marker,
}

/// User of which [`Kind::Filtered`] records the calls.
pub const USER: u32 = 4711;

/// Numbers by kind.
pub struct Routes([Number; KINDS]);

impl Routes {
    pub fn new() -> Self {
        Self([(); KINDS].map(|()| unused_number()))
    }

    pub fn number(&self, kind: Kind) -> &str {
        &self.0[kind as usize]
    }

    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|number| number.parse().unwrap())
    }

    /// Returns the `[routes]` of the generation: neighbours differ in options and in one route.
    pub fn text(&self, generation: u32) -> String {
        let [recorded, aggregated, limited, sampled, results, counted, filtered, marker] = &self.0;
        let is_odd = generation % 2 == 1;
        let (sample, limit) = if is_odd { ("1/10", "100/s") } else { ("1/20", "50/s") };
        let more = if is_odd { "" } else { "510 = \"count\"\n" };
        format!(
            "[routes]
{recorded} = {{ handler = \"args\", keep = \"always\" }}
{aggregated} = {{ handler = \"args\", aggregate = \"2s\" }}
{limited} = {{ handler = \"args\", limit = \"{limit}\", burst = 50, per = \"uid\" }}
{sampled} = {{ handler = \"args\", sample = \"{sample}\" }}
{results} = {{ handler = \"args\", result = true }}
{counted} = \"count\"
{filtered} = [{{ handler = \"args\", uid = {USER} }}, {{ handler = \"none\", uid = 0 }}]
{marker} = {{ handler = \"args\", keep = \"always\" }}
execve = \"exec\"
{more}"
        )
    }
}
