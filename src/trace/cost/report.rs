//! Result of a measurement: rates by route, the volume of a day, and how long the journal has room for it.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use serde::Serialize;

use super::CpuTime;
use super::entries::{Measured, Volume};
use crate::cli::{columns, span_in_words, standard_output};
use crate::config::printable;
use crate::journald::JournalRoom;
use crate::rpc::{RouteStats, Stats};

const DAY: f64 = 86_400.0;

/// Rates of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CostReport {
    /// Length of the measurement, in seconds.
    seconds: f64,
    /// CPU time of the recording, in percent of one CPU. That of journald comes on top.
    cpu_percent: f64,
    routes: Vec<RouteCost>,
    /// Bytes of all entries that journald would get in a day.
    bytes_per_day: f64,
    /// Bytes that the journal may have; absent without a journal.
    journal_bytes: Option<u64>,
}

/// Rates of a route.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct RouteCost {
    syscall: String,
    abi: String,
    handler: String,
    calls_per_second: f64,
    entries_per_second: f64,
    lost_per_second: f64,
    /// Mean size; absent without entries.
    bytes_per_entry: Option<f64>,
    bytes_per_day: f64,
}

impl RouteCost {
    fn new(route: &RouteStats, measured: &Measured, seconds: f64) -> Self {
        let key = (route.syscall.clone(), route.abi.clone());
        let volume = measured.others.get(&key).copied().unwrap_or_default();
        let own = measured.own.get(&key).copied().unwrap_or_default();
        // Events that are not written yet when the counters are read become entries, too.
        let entries = route.submitted.saturating_sub(own.entries);
        let bytes_per_entry = mean(volume);
        Self {
            syscall: route.syscall.clone(),
            abi: route.abi.clone(),
            handler: route.handler.clone(),
            calls_per_second: route.seen.saturating_sub(own.entries) as f64 / seconds,
            entries_per_second: entries as f64 / seconds,
            lost_per_second: route.lost() as f64 / seconds,
            bytes_per_entry,
            bytes_per_day: entries as f64 / seconds * bytes_per_entry.unwrap_or_default() * DAY,
        }
    }

    fn row(&self) -> [String; 8] {
        [
            printable(&self.syscall).to_string(),
            self.abi.clone(),
            self.handler.clone(),
            format!("{:.1}", self.calls_per_second),
            format!("{:.1}", self.entries_per_second),
            format!("{:.1}", self.lost_per_second),
            self.bytes_per_entry.map_or_else(|| "-".to_owned(), |bytes| format!("{bytes:.0}")),
            size(self.bytes_per_day),
        ]
    }
}

fn mean(volume: Volume) -> Option<f64> {
    (volume.entries > 0).then(|| volume.bytes as f64 / volume.entries as f64)
}

/// Returns a size in the largest unit of which it has one: `1.5 GiB`.
fn size(bytes: f64) -> String {
    let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let of = |power: i32| bytes / 2_f64.powi(power);
    match units.iter().find(|(_, power)| of(*power) >= 1.0) {
        Some((unit, power)) => format!("{:.1} {unit}", of(*power)),
        None => format!("{bytes:.0} B"),
    }
}

impl CostReport {
    /// Puts the counters and the entries together.
    ///
    /// # Errors
    /// Fails if the daemon's times cannot be read.
    pub fn new(stats: &Stats, measured: &Measured, cpu: CpuTime) -> Result<Self> {
        let seconds = seconds_of(stats).context("the recording reported an unknown time")?;
        let routes = stats.routes.iter().filter(|route| route.routed || route.seen > 0);
        let mut routes: Vec<_> =
            routes.map(|route| RouteCost::new(route, measured, seconds)).collect();
        routes.sort_by(|a, b| {
            let by_bytes = b.bytes_per_day.total_cmp(&a.bytes_per_day);
            by_bytes.then(b.calls_per_second.total_cmp(&a.calls_per_second))
        });
        Ok(Self {
            seconds,
            cpu_percent: 100.0 * cpu.used.as_secs_f64() / cpu.of.as_secs_f64(),
            bytes_per_day: routes.iter().map(|route| route.bytes_per_day).sum(),
            routes,
            journal_bytes: JournalRoom::of_system().map(|room| room.bytes),
        })
    }

    /// Prints a table, or an object.
    ///
    /// # Errors
    /// Fails if the output cannot be written.
    pub fn print(&self, as_json: bool) -> Result<()> {
        let (mut out, style) = standard_output();
        if as_json {
            writeln!(out, "{}", serde_json::to_string(self)?)?;
            return Ok(out.flush()?);
        }
        let called = self.routes.iter().filter(|route| route.calls_per_second > 0.0);
        let rows: Vec<_> = called.map(RouteCost::row).collect();
        columns(&mut out, style, &HEAD, &rows)?;
        writeln!(out, "\n{}", self.summary())?;
        if let Some(sentence) = self.room() {
            writeln!(out, "{sentence}")?;
        }
        Ok(out.flush()?)
    }

    fn summary(&self) -> String {
        let entries: f64 = self.routes.iter().map(|route| route.entries_per_second).sum();
        format!(
            "{} of {} routes had calls; {entries:.1} entries/s, {} a day, measured for {:.1} s; recording them takes {:.1} \
             % of a CPU, without journald",
            self.routes.iter().filter(|route| route.calls_per_second > 0.0).count(),
            self.routes.len(),
            size(self.bytes_per_day),
            self.seconds,
            self.cpu_percent
        )
    }

    /// Returns how long the journal has room, if that is less than a month.
    fn room(&self) -> Option<String> {
        let bytes = self.journal_bytes?;
        let days = bytes as f64 / self.bytes_per_day;
        let time = Duration::try_from_secs_f64(days * DAY).ok().filter(|_| days < 30.0)?;
        Some(format!(
            "The journal may have {}: at this rate these entries displace all others in {}. Thin them with a filter, \
             `sample`, `limit` or `keep = \"aggregate\"`, see tailcalld.toml(5).",
            size(bytes as f64),
            span_in_words(time)
        ))
    }
}

const HEAD: [&str; 8] =
    ["SYSCALL", "ABI", "HANDLER", "CALLS/S", "ENTRIES/S", "LOST/S", "BYTES/ENTRY", "PER DAY"];

/// Returns how long the counters have counted.
fn seconds_of(stats: &Stats) -> Option<f64> {
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let span = time(&stats.time)?.duration_since(time(&stats.since)?);
    Some(span.as_secs_f64()).filter(|seconds| *seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(bytes_per_day: f64, journal_bytes: Option<u64>) -> CostReport {
        CostReport {
            seconds: 5.0,
            cpu_percent: 1.0,
            routes: Vec::new(),
            bytes_per_day,
            journal_bytes,
        }
    }

    #[test]
    fn room_is_reported_if_it_lasts_less_than_a_month() {
        let room = |per_day, journal| report(per_day, journal).room();
        let gib = |count: f64| count * 2_f64.powi(30);
        assert!(room(gib(2.0), Some(4 << 30)).expect("two days").contains("in 2 days."));
        assert!(room(gib(96.0), Some(4 << 30)).expect("an hour").contains("in 60 min."));
        assert_eq!(room(gib(0.1), Some(4 << 30)), None);
        assert_eq!(room(0.0, Some(4 << 30)), None);
        assert_eq!(room(gib(96.0), None), None);
    }

    #[test]
    fn size_has_the_largest_unit() {
        let sizes = [0.0, 1023.0, 1024.0, 1.5e9, 3e12].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KiB", "1.4 GiB", "2.7 TiB"]);
    }
}
