//! Options of `tailcalld trace`.

use super::help;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgGroup, Args};

/// Options of `trace`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(after_help = help::TRACE, group = chosen())]
pub struct TraceOptions {
    /// System calls: names, numbers, sets such as @network-io; without any, all
    #[arg(value_name = "SYSCALL")]
    pub syscalls: Vec<String>,
    /// Calls of a process, and of those that it starts from now on
    #[arg(short, long, value_name = "PID", conflicts_with = "command")]
    pub pid: Option<u32>,
    /// Calls that fail
    #[arg(short, long)]
    pub failed: bool,
    /// Calls of services and other units of the system, such as nginx.service
    #[arg(short, long, value_name = "UNIT")]
    pub unit: Vec<String>,
    /// Calls of users, by name
    #[arg(long, value_name = "USER")]
    pub user: Vec<String>,
    /// Calls of tasks with these names
    #[arg(long, value_name = "COMM")]
    pub comm: Vec<String>,
    /// Calls of programs, by path
    #[arg(long, value_name = "PATH")]
    pub exe: Vec<String>,
    /// Calls with an argument that is one of these paths, such as '/etc/**'
    #[arg(long, value_name = "PATH")]
    pub path: Vec<String>,
    /// Calls on an open file with one of these paths
    #[arg(long, value_name = "PATH")]
    pub fd_path: Vec<String>,
    /// A further option of a route, as in the configuration: 'container = true'
    #[arg(long = "with", value_name = "KEY = VALUE")]
    pub options: Vec<String>,
    /// Count calls, errors and time by system call, and print a table at the end
    #[arg(short = 'c', long)]
    pub summary: bool,
    /// Print JSON lines, as the daemon writes them
    #[arg(long, conflicts_with = "summary")]
    pub json: bool,
    /// Write to a file; by default to standard output, beside a command to standard error
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Command that is run and traced from its first call, with what it starts
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// Options that choose calls: without any of them, all calls of the machine would be traced.
fn chosen() -> ArgGroup {
    let all = ["syscalls", "pid", "unit", "user", "comm", "exe", "path", "fd_path", "command"];
    ArgGroup::new("calls").args(all).required(true).multiple(true)
}

/// Command that `tailcalld hold` runs once the trace records.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct HoldOptions {
    /// Descriptor of a socket by which the trace says so
    #[arg(value_name = "FD")]
    pub channel: i32,
    /// Program and arguments
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}
