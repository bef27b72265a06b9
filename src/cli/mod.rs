//! The command line in, what to do out; and the commands that only read and print, some of them what a
//! running daemon tells.

mod check;
mod lists;
mod live;
mod print;
mod report;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use check::check;
pub use lists::{handlers, syscalls};
pub use live::{reload, routes, stats, status};
pub use print::broken_pipe;
pub use report::report;

use syscalls::Group;

use crate::config::{AttachTo, DEFAULT_PATH};

/// Exit codes, those of `sysexits.h` from 69 on.
pub mod exit {
    /// What was asked for is done.
    pub const OK: u8 = 0;
    /// It failed for a reason that has no code of its own.
    pub const FAILURE: u8 = 1;
    /// The command line makes no sense.
    pub const USAGE: u8 = 2;
    /// The kernel, or something else on this host, lacks what is needed.
    pub const UNAVAILABLE: u8 = 69;
    /// Privileges are missing.
    pub const NO_PERMISSION: u8 = 77;
    /// The configuration has a fault.
    pub const CONFIG: u8 = 78;
}

/// The whole command line.
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunOptions,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done, 1 failed, 2 wrong command line, 69 something on this host is missing,
77 no permission, 78 the configuration has a fault.";

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Trace until a signal ends it; this is the default
    Run(RunOptions),
    /// Check a configuration and its drop-ins, and tell every fault; needs no privileges
    Check(CheckOptions),
    /// List the sets of syscalls and all syscalls, or the members of one set
    Syscalls {
        /// One set, such as @mount
        #[arg(value_name = "@GROUP", value_parser = lists::known_group)]
        group: Option<&'static Group>,
    },
    /// List the handlers and what each captures
    Handlers,
    /// Print the books of the running daemon: what became of every call that was seen
    Stats(StatsOptions),
    /// Tell how the daemon runs, where it is attached and why
    Status(ClientOptions),
    /// Print the live table, and what its routes have seen
    Routes(ClientOptions),
    /// Read the configuration again, and tell what changed or every fault
    Reload(ClientOptions),
}

/// How to talk to the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ClientOptions {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where the daemon listens
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// Which books.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct StatsOptions {
    /// How to ask.
    #[command(flatten)]
    pub client: ClientOptions,
    /// A line for each CPU that has a part
    #[arg(long)]
    pub per_cpu: bool,
    /// Tell whether the books balance; exit with 1 and say where if they do not
    #[arg(long, conflicts_with = "per_cpu")]
    pub check: bool,
}

/// How to run.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RunOptions {
    /// The configuration; drop-ins are *.toml in the directory of that name with .d
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub config: PathBuf,
    /// Where records go
    #[arg(long, value_enum, default_value_t = Output::Auto)]
    pub output: Output,
    /// What to attach to, whatever the configuration says
    #[arg(long, value_enum, value_name = "MODE")]
    pub attach: Option<AttachTo>,
    /// Where to listen for the commands stats, status, routes and reload
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Tell more about what the daemon itself does
    #[arg(short, long)]
    pub verbose: bool,
}

/// Where records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// The journal under systemd, text on a terminal, JSON lines into a pipe
    Auto,
    /// Native journald entries
    Journal,
    /// One line for a person
    Text,
    /// One JSON object a line
    Json,
}

/// What to check, and how much to tell.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CheckOptions {
    /// The configuration
    #[arg(value_name = "FILE", default_value = DEFAULT_PATH)]
    file: PathBuf,
    /// The same, as for the command run
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// Print the resolved table, and which entry made each route
    #[arg(short, long)]
    pub verbose: bool,
    /// Print faults only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
}

impl CheckOptions {
    /// Which file.
    pub fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or(&self.file)
    }
}

impl Cli {
    /// The command, `run` if none was named.
    pub fn command(self) -> Command {
        self.command.unwrap_or(Command::Run(self.run))
    }
}
