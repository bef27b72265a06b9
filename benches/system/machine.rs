//! The machine, its kernel and every tool that takes part, for the head of the report.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::bench::Bench;
use crate::peers;
use crate::report::Table;

/// A table of name and value.
pub fn describe(bench: &Bench, auditing: &str) -> Result<Table> {
    let mut table = Table { columns: vec!["", ""], rows: Vec::new() };
    let mut say = |name: &str, value: String| table.row([name.to_owned(), value]);
    let names = nix::sys::utsname::uname()?;
    let cpus = std::thread::available_parallelism()?;
    say("CPU", format!("{} x {}", cpus, field("/proc/cpuinfo", "model name")?));
    say("memory", field("/proc/meminfo", "MemTotal")?);
    say("kernel", names.release().to_string_lossy().into_owned());
    say("date", date());
    say("rounds", format!("{}, {} for measurements of seconds", bench.rounds, bench.few()));
    say("command", command());
    let (caller, tool) = (bench.caller_cpu, &bench.tool_cpus);
    say("CPUs", format!("calls are made on CPU {caller}, events consumed on CPU {tool}"));
    say("auditing", auditing.to_owned());
    say("tailcalld", first_line(env!("CARGO_BIN_EXE_tailcalld"), "--version")?);
    for (name, version) in peers::versions() {
        say(name, version.unwrap_or_else(|reason| format!("absent: {reason}")));
    }
    Ok(table)
}

/// Returns the maker of the CPU.
pub fn maker() -> Result<String> {
    Ok(match field("/proc/cpuinfo", "vendor_id")?.as_str() {
        "GenuineIntel" => "Intel".to_owned(),
        "AuthenticAMD" => "AMD".to_owned(),
        "unknown" => std::env::consts::ARCH.to_owned(),
        other => other.to_owned(),
    })
}

fn field(path: &str, name: &str) -> Result<String> {
    let text = fs::read_to_string(path)?;
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(key, _)| key.trim() == name);
    Ok(found.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned()))
}

fn date() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string()
}

fn command() -> String {
    let set = ["FULL", "ROUNDS", "SECTIONS"].into_iter();
    let words = set.filter_map(|name| Some(format!(" {name}={:?}", std::env::var(name).ok()?)));
    format!("`make bench{}`", words.collect::<String>())
}

/// Returns the version that a program prints.
pub fn first_line(program: &str, argument: &str) -> Result<String> {
    let output = Command::new(program).arg(argument).output();
    let output = output.with_context(|| format!("failed to start {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
