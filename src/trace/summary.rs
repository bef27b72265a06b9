//! CallTable of a trace: calls, errors and time by system call, as `strace -c` prints them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write};
use std::process::ChildStdout;
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;

/// CallCounts of one system call.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct CallCounts {
    calls: u64,
    errors: u64,
    /// Time within the calls that returned, in ns.
    time_ns: u64,
}

/// Part of a record that counts.
#[derive(Debug, Deserialize)]
struct CountedLine {
    record: String,
    /// Absent for a number without a name.
    syscall: Option<String>,
    nr: Option<u16>,
    errno: Option<serde_json::Value>,
    duration_ns: Option<u64>,
    lost: Option<u64>,
}

/// CallCounts of all records so far.
#[derive(Debug, Default)]
struct CallTable {
    syscalls: BTreeMap<String, CallCounts>,
    lost: u64,
}

impl CallTable {
    fn add(&mut self, line: &str) -> Result<()> {
        let line: CountedLine =
            serde_json::from_str(line).context("the recording wrote an unknown line")?;
        let name = line.syscall.or_else(|| Some(format!("#{}", line.nr?)));
        match (&*line.record, name) {
            // A call that takes long has a record at its end, too.
            ("syscall", Some(name)) => {
                let counts = self.syscalls.entry(name).or_default();
                counts.calls += 1;
                counts.end(line.errno.is_some(), line.duration_ns);
            }
            ("ended", Some(name)) => {
                let counts = self.syscalls.entry(name).or_default();
                counts.end(line.errno.is_some(), line.duration_ns);
            }
            ("lost", _) => self.lost += line.lost.unwrap_or_default(),
            _ => {}
        }
        Ok(())
    }

    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let mut rows: Vec<_> = self.syscalls.iter().collect();
        rows.sort_by_key(|(name, counts)| (std::cmp::Reverse(counts.time_ns), *name));
        let all = rows.iter().fold(CallCounts::default(), |sum, (_, counts)| CallCounts {
            calls: sum.calls + counts.calls,
            errors: sum.errors + counts.errors,
            time_ns: sum.time_ns + counts.time_ns,
        });
        writeln!(out, "% time     seconds  usecs/call     calls    errors syscall")?;
        let line = "------ ----------- ----------- --------- --------- ----------------";
        writeln!(out, "{line}")?;
        for (name, counts) in rows {
            counts.write(name, all.time_ns, out)?;
        }
        writeln!(out, "{line}")?;
        all.write("total", all.time_ns, out)?;
        if self.lost > 0 {
            writeln!(out, "{} calls were lost and are not in the table", self.lost)?;
        }
        Ok(())
    }
}

impl CallCounts {
    fn end(&mut self, is_error: bool, duration_ns: Option<u64>) {
        self.errors += u64::from(is_error);
        self.time_ns += duration_ns.unwrap_or_default();
    }

    fn write(&self, name: &str, all_ns: u64, out: &mut impl Write) -> std::io::Result<()> {
        // Exact enough below 2^53 ns, which is 104 days.
        let share = 100.0 * self.time_ns as f64 / all_ns.max(1) as f64;
        let seconds = self.time_ns as f64 / 1e9;
        let each_us = self.time_ns / self.calls.max(1) / 1_000;
        let errors = if self.errors == 0 { String::new() } else { self.errors.to_string() };
        let calls = self.calls;
        writeln!(out, "{share:6.2} {seconds:11.6} {each_us:11} {calls:9} {errors:>9} {name}")
    }
}

/// Thread that counts what the recording writes.
#[derive(Debug)]
pub struct SummaryReader(JoinHandle<Result<CallTable>>);

impl SummaryReader {
    /// Begins to count.
    pub fn read(records: ChildStdout) -> Self {
        Self(thread::spawn(move || {
            let mut table = CallTable::default();
            for line in BufReader::new(records).lines() {
                table.add(&line.context("failed to read what was recorded")?)?;
            }
            Ok(table)
        }))
    }

    /// Writes the table once the recording has ended.
    ///
    /// # Errors
    /// Fails if what was recorded could not be read, or the table cannot be written.
    pub fn finish(self, out: &mut impl Write) -> Result<()> {
        let table = self.0.join().map_err(|_| anyhow!("the thread that counts calls ended"))??;
        let mut text = Vec::new();
        table.write(&mut text)?;
        out.write_all(&text).context("failed to write the table")
    }
}
