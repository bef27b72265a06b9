//! Command line, and the commands that only read and print, some of them from a running daemon.

mod check;
mod cost;
mod displacement;
mod help;
mod lists;
mod live;
mod metrics_file;
mod names;
mod notes;
mod object_check;
mod print;
mod profile;
mod report;
mod trace;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use check::check;
pub use cost::CostOptions;
pub use displacement::span_in_words;
pub use lists::{handlers, syscalls};
pub(crate) use live::ask;
use live::{TopColumn, TopView};
pub use live::{dump, explain, metrics, reload, route, routes, stats, status, top};
pub use names::{CompletedNames, complete_names};
pub use print::broken_pipe;
pub(crate) use print::{columns, standard_output};
pub use profile::{Denial, DropInSettings, UnitDropIn, profile, watched};
pub use report::report;
pub use trace::{HoldOptions, TraceOptions};

use syscalls::Group;

use crate::config::{AttachTo, DEFAULT_PATH};
pub use crate::error::exit;

/// Command line.
#[derive(Debug, Parser)]
#[command(version, about, after_help = help::TAILCALLD, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunOptions,
}

/// Command to run.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Record syscalls until a signal stops the daemon; this is the default command
    Run(RunOptions),
    /// Check a configuration with its drop-ins and print every fault; needs no privileges
    Check(CheckOptions),
    /// List all syscalls, sets of syscalls and operations of io_uring, or the members of one set
    Syscalls {
        /// Set of syscalls, such as @mount
        #[arg(value_name = "@SET", value_parser = lists::known_group)]
        group: Option<&'static Group>,
    },
    /// List the handlers and the fields that each captures
    Handlers,
    /// Print the counters of the running daemon: what became of every call
    Stats(StatsOptions),
    /// Print the state of the running daemon, where it is attached and why
    Status(ClientOptions),
    /// Print why a syscall is recorded or is not: its line, the rule and option that decide, the rate now
    Explain(ExplainOptions),
    /// Add a route for some time, remove one before it ends, or list them
    #[command(subcommand)]
    Route(RouteCommand),
    /// Print the live table with the counters and the cost of each route
    Routes(RoutesOptions),
    /// Print a hardening drop-in for a unit, from what routes with novel have recorded of it
    Profile(ProfileOptions),
    /// Show routes, units, commands and users of the running daemon by what they do now, in a terminal
    Top(TopOptions),
    /// Print system calls as they are made, without a configuration; beside the daemon, too
    Trace(TraceOptions),
    /// Measure what routes would record: entries, bytes a day, CPU time; nothing is written
    Cost(CostOptions),
    /// Run a command once its calls are recorded, for trace
    #[command(hide = true)]
    Hold(HoldOptions),
    /// Write the last calls of a unit, which its black box has, to the journal; without a unit list the black boxes
    Dump(DumpOptions),
    /// Print names of one kind, one a line, for the completions of shells
    #[command(hide = true)]
    CompleteNames {
        /// Kind of the names
        #[arg(value_enum)]
        kind: CompletedNames,
    },
    /// Write what is left of this version for a daemon of another one, which starts it
    #[command(hide = true)]
    Drain,
    /// Print the counters of the running daemon as OpenMetrics text, for Prometheus
    Metrics(MetricsOptions),
    /// Make the daemon read its configuration again; print what changed, or every fault
    Reload(ReloadOptions),
}

/// Options of the commands that call the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ClientOptions {
    /// Print the reply as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Control socket of the daemon
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// Options of `dump`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = help::DUMP)]
pub struct DumpOptions {
    /// Unit, such as web.service; - for processes in none
    #[arg(value_name = "UNIT")]
    pub unit: Option<String>,
    /// Options of the call.
    #[command(flatten)]
    pub client: ClientOptions,
}

/// Options of `reload`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = help::RELOAD)]
pub struct ReloadOptions {
    /// Options of the call.
    #[command(flatten)]
    pub client: ClientOptions,
    /// Print what would change if FILE, or the file as it is now, were loaded; nothing does. The daemon reads FILE, so the
    /// sandbox of the unit hides those below /home and /tmp
    #[arg(short = 'n', long, value_name = "FILE", num_args = 0..=1)]
    pub dry_run: Option<Option<PathBuf>>,
    /// Make FILE live for TIME, such as 60s, and go back to the configuration then, unless FILE was copied there
    #[arg(
        long,
        value_name = "TIME",
        requires = "file",
        conflicts_with = "dry_run",
        value_parser = live::route_time
    )]
    pub confirm: Option<Duration>,
    /// Configuration that is tried, with its drop-ins; the daemon reads it, so the sandbox of the unit hides those below
    /// /home and /tmp
    #[arg(value_name = "FILE", requires = "confirm")]
    pub file: Option<PathBuf>,
}

/// Options of `stats`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct StatsOptions {
    /// Options of the call.
    #[command(flatten)]
    pub client: ClientOptions,
    /// Print one line per CPU
    #[arg(long)]
    pub per_cpu: bool,
    /// Check that every call is accounted for; print the differences and exit with 1 if not
    #[arg(long, conflicts_with = "per_cpu")]
    pub check: bool,
}

/// Options of `routes`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RoutesOptions {
    /// Options of the call.
    #[command(flatten)]
    pub client: ClientOptions,
    /// Measure the run time of calls for so long, such as 5s, up to a minute, and print it
    #[arg(long, value_name = "TIME", value_parser = live::measured_time)]
    pub measure: Option<Duration>,
}

/// Options of `profile`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = help::PROFILE)]
pub struct ProfileOptions {
    /// Unit that the drop-in is for
    #[arg(value_name = "UNIT")]
    pub unit: String,
    /// Print what the drop-in FILE would deny of what the unit has done, and exit with 1 if there is anything
    #[arg(long, value_name = "FILE")]
    pub check: Option<PathBuf>,
    /// Print each call of the unit, as it is made, that the drop-in would deny, until Ctrl-C; exit with 1 if there is any
    #[arg(long)]
    pub watch: bool,
    /// Watch for TIME, such as 10min
    #[arg(long = "for", value_name = "TIME", requires = "watch", value_parser = live::route_time)]
    pub time: Option<Duration>,
}

/// Options of `top`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TopOptions {
    /// View to begin with
    #[arg(long, value_enum, default_value_t = TopView::Routes)]
    pub view: TopView,
    /// Column to sort by, the highest values first
    #[arg(long, value_enum, value_name = "COLUMN", default_value_t = TopColumn::Events)]
    pub sort: TopColumn,
    /// Time between two readings of the counters, from 0.1 to 20
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = live::interval)]
    pub interval: Duration,
    /// Print one table with the counts of one interval; needs no terminal
    #[arg(long)]
    pub once: bool,
    /// Control socket of the daemon
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// Options of `explain`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = help::EXPLAIN)]
pub struct ExplainOptions {
    /// Name or number of the syscall
    #[arg(value_name = "SYSCALL")]
    pub syscall: String,
    /// Judge the calls of this process by each rule
    #[arg(short, long, value_name = "PID", conflicts_with = "unit")]
    pub pid: Option<u32>,
    /// Judge the calls of this unit's processes by each rule
    #[arg(short, long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// Control socket of the daemon
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// Commands for temporary routes.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum RouteCommand {
    /// Add a route that ends by itself, such as: 'openat = { handler = "args", unit = "nginx" }'
    #[command(after_help = help::ROUTE_ADD)]
    Add {
        /// Line as in [routes], or [probes], of the configuration; it overrides the files
        #[arg(value_name = "ENTRY")]
        entry: String,
        /// Time that the route stays, such as 10min, up to 30 days; also if the daemon is restarted meanwhile
        #[arg(long = "for", value_name = "TIME", value_parser = live::route_time)]
        time: Duration,
        /// Options of the call.
        #[command(flatten)]
        client: ClientOptions,
    },
    /// Remove a temporary route before its time
    Remove {
        /// Number that `add` and `list` print
        #[arg(value_name = "NUMBER")]
        number: u32,
        /// Options of the call.
        #[command(flatten)]
        client: ClientOptions,
    },
    /// List the temporary routes and when they end
    List(ClientOptions),
}

/// Options of `metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(after_help = help::METRICS)]
pub struct MetricsOptions {
    /// Write to a file, such as one of the node exporter's textfile collector; it is replaced in a single step
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Control socket of the daemon
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

/// Options of `run`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RunOptions {
    /// Configuration file; its drop-ins are *.toml in the directory of the same name with .d
    #[arg(long, value_name = "FILE", default_value = DEFAULT_PATH)]
    pub config: PathBuf,
    /// Destination of the records
    #[arg(long, value_enum, default_value_t = OutputKind::Auto)]
    pub output: OutputKind,
    /// Attach point, overriding the configuration
    #[arg(long, value_enum, value_name = "MODE")]
    pub attach: Option<AttachTo>,
    /// Control socket, for the commands stats, status, route, routes, top, dump and reload
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Directory in a bpf file system where table, ring and links outlive a daemon without systemd
    #[arg(long, value_name = "DIR")]
    pub pin: Option<PathBuf>,
    /// Log more about what the daemon itself does
    #[arg(short, long)]
    pub verbose: bool,
    /// End with the process that started it, for trace
    #[arg(long, hide = true)]
    pub end_with_parent: bool,
}

/// Kind of the output for records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputKind {
    /// Journal under systemd, text on a terminal, JSON lines into a pipe or file
    Auto,
    /// Structured journal entries
    Journal,
    /// One line of text per record
    Text,
    /// One JSON object per line
    Json,
    /// Entries of the journal for another machine, in the journal export format: for systemd-journal-remote
    Export,
    /// One line per call, and warnings, for trace
    #[value(hide = true)]
    Trace,
}

/// Options of `check`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CheckOptions {
    /// Configuration file
    #[arg(value_name = "FILE", default_value = DEFAULT_PATH)]
    file: PathBuf,
    /// Configuration file, as for the command run
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// Print the resolved table too, with the entry that made each route
    #[arg(short, long)]
    pub verbose: bool,
    /// Print faults only
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Have the kernel verify handlers in objects of their own; needs the privileges of the daemon
    #[arg(long)]
    pub load: bool,
}

impl CheckOptions {
    /// Returns the file to check.
    pub fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or(&self.file)
    }
}

impl Cli {
    /// Returns the command, `run` if none was given.
    pub fn command(self) -> Command {
        self.command.unwrap_or(Command::Run(self.run))
    }
}
