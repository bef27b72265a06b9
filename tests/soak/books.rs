//! Counters of the daemon, as it replies them.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde_json::Value;

/// Outcomes of the calls of one number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub seen: u64,
    /// Events that were written, alone or in an aggregate.
    pub written: u64,
    pub lost: u64,
    /// Calls that are not to be recorded: filtered, sampled out, limited, counted only.
    pub left_out: u64,
    /// Events that are on their way.
    pub waiting: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.seen += other.seen;
        self.written += other.written;
        self.lost += other.lost;
        self.left_out += other.left_out;
        self.waiting += other.waiting;
    }
}

impl Count {
    /// Reads a route of the reply of `stats`.
    fn of(route: &Value) -> Self {
        let mut count = Self { seen: route["seen"].as_u64().unwrap(), ..Self::default() };
        let places = ["outcomes", "events"].map(|key| route[key].as_object().unwrap());
        for (place, calls) in places.into_iter().flatten() {
            let calls = calls.as_u64().unwrap();
            match place.as_str() {
                // Detailed by the events.
                "submitted" => {}
                "written" | "aggregated" => count.written += calls,
                "in_ring" | "pending" => count.waiting += calls,
                // An event without its result is an event.
                "results_lost" => {}
                lost if lost.starts_with("lost") => count.lost += calls,
                _ => count.left_out += calls,
            }
        }
        count
    }

    /// Returns whether each call is in one place.
    pub fn is_balanced(self) -> bool {
        self.seen == self.written + self.lost + self.left_out + self.waiting
    }
}

/// Counts by number.
#[derive(Debug, Clone, Default)]
pub struct Books(BTreeMap<u64, Count>);

impl Books {
    /// Reads the reply of `stats`; only the native calls of these numbers.
    pub fn read(stats: &Value, numbers: &[u64]) -> Self {
        let routes = stats["routes"].as_array().unwrap().iter();
        let routes = routes.filter(|route| route["abi"] == syscalls::Abi::Native.name());
        let counts = routes.map(|route| (route["nr"].as_u64().unwrap(), Count::of(route)));
        Self(counts.filter(|(number, _)| numbers.contains(number)).collect())
    }

    pub fn of(&self, number: u64) -> Count {
        self.0.get(&number).copied().unwrap_or_default()
    }

    pub fn sum(&self) -> Count {
        let mut sum = Count::default();
        self.0.values().for_each(|count| sum += *count);
        sum
    }
}
