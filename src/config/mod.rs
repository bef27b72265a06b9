//! A TOML file and its drop-ins in, the configuration and every fault of it out. Reads the files
//! that it is given and does nothing else: no BPF, no logging, no privileges.
//!
//! ```toml
//! [routes]
//! execve = "exec"
//! "@mount" = { handler = "args", priority = "warning" }
//! ```
//!
//! Drop-ins are `*.toml` in the directory named as the file, with the extension `.d`. They are read
//! after it, in name order, and a later file overrides an earlier one: entry by entry in
//! `[routes]`, key by key elsewhere.

mod abis;
mod attach;
mod exec;
mod fault;
mod faults;
mod file;
mod filter;
mod keep;
mod limit;
mod options;
mod paths;
mod reader;
mod results;
mod routes;
mod settings;
mod size;
mod snippet;
mod source;
mod subject;
mod suggest;
mod syntax;
mod text;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use abis::Abis;
pub use attach::AttachTo;
pub use exec::{Argv, Redact};
pub use fault::{Fault, Palette};
pub use faults::Faults;
pub use file::drop_in_dir;
pub use filter::{Condition, Filter, Ids, Name, Part, Pattern, Test, Word};
pub use keep::{Aggregate, Keep};
pub use limit::{Limit, Per, Rate};
pub use options::Options;
pub use paths::Paths;
pub use results::{FAILURES, Results};
pub use routes::{Entry, NONE, Target};
pub use size::name as size_name;
pub use source::{Mark, Place};
pub use subject::Subject;
pub(crate) use text::printable;
pub use values::level_name;

use self::file::Trust;
use self::reader::Reader;
use self::source::Source;
use crate::handlers::Handlers;

/// Where the configuration is unless the command line says otherwise.
pub const DEFAULT_PATH: &str = "/etc/tailcalld.toml";

/// journald's own socket for structured entries.
const SOCKET: &str = "/run/systemd/journal/socket";
/// Works whenever we write a record, so its syscalls would beget records without end.
const JOURNALD: &str = "/usr/lib/systemd/systemd-journald";
/// What reads the journal as it grows, or is handed its entries by journald: their calls would beget
/// records that beget their calls. Instances of journald for namespaces are told by their executable.
const SINKS: [&str; 14] = [
    "rsyslog.service",
    "syslog-ng.service",
    "syslog.service",
    "systemd-journal-upload.service",
    "systemd-journal-remote.service",
    "fluent-bit.service",
    "fluentd.service",
    "vector.service",
    "promtail.service",
    "alloy.service",
    "filebeat.service",
    "journalbeat.service",
    "otelcol.service",
    "otelcol-contrib.service",
];
/// Seconds of a busy host, while journald is away: 45,000 events without captures.
const RING_BYTES: u32 = 8 << 20;
/// `info`: what happened is normal, and worth keeping.
const PRIORITY: u8 = 6;
/// Holds nearly every command line; more costs room in the ring for each event.
const ARGV_BYTES: u32 = 4096;
/// As strace: enough to know what it is.
const BUFFER_BYTES: u32 = 32;
/// What one user's events may come to, of all routes: the journal takes 44,000 entries a second at least,
/// so some users may do that at once.
const PER_UID: Limit =
    Limit { rate: Rate { count: 10_000, period_ns: 1_000_000_000 }, burst: 10_000, per: Per::Uid };

/// What all files together say.
#[derive(Debug, Clone)]
pub struct Config {
    /// The lines of `[routes]`, in the order in which they were read.
    pub entries: Vec<Entry>,
    /// Options of the routes that say nothing themselves; none is `None`.
    pub defaults: Options,
    /// Size of the ring buffer, a power of two.
    pub ring_bytes: u32,
    /// Executables whose processes are excluded in the kernel.
    pub exclude: Vec<PathBuf>,
    /// Units of the system whose processes are excluded in the kernel.
    pub exclude_units: Vec<String>,
    /// Where journald listens.
    pub socket: PathBuf,
    /// What to attach to.
    pub attach: AttachTo,
    /// What the events of each user may come to, of all routes; `None`: anything.
    pub per_uid: Option<Limit>,
}

/// What reading came to. With faults, the configuration is what remained without them.
#[derive(Debug)]
pub struct Loaded {
    /// What could be understood.
    pub config: Config,
    /// What could not.
    pub faults: Vec<Fault>,
    /// The files that were read, in order.
    pub files: Vec<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            defaults: Options {
                abi: Some(Abis::default()),
                priority: Some(PRIORITY),
                argv: Some(Argv::default()),
                argv_bytes: Some(ARGV_BYTES),
                buffer_bytes: Some(BUFFER_BYTES),
                env: Some(BTreeSet::new()),
                redact: Some(Redact::default()),
                result: Some(Results::default()),
                paths: Some(Paths::default()),
                keep: Some(Keep::default()),
                ..Options::default()
            },
            ring_bytes: RING_BYTES,
            exclude: vec![JOURNALD.into()],
            exclude_units: SINKS.map(str::to_owned).to_vec(),
            socket: SOCKET.into(),
            attach: AttachTo::default(),
            per_uid: Some(PER_UID),
        }
    }
}

/// Reads a file and its drop-ins. Never fails: what is wrong is in [`Loaded::faults`].
pub fn load(path: &Path, handlers: &Handlers) -> Loaded {
    let trust = Trust::of_process();
    let mut loaded = Loaded { config: Config::default(), faults: Vec::new(), files: Vec::new() };
    loaded.add(path, 0, &trust, handlers);
    let directory = drop_in_dir(path);
    match file::drop_ins(&directory, &trust) {
        // A file that is named like its own directory has none.
        _ if directory == path => {}
        Ok(files) => {
            for (rank, file) in (2..).zip(files) {
                loaded.add(&file, rank, &trust, handlers);
            }
        }
        Err(reason) => loaded.faults.push(Fault::new(&directory, 1, reason.into())),
    }
    loaded
}

impl Loaded {
    /// Reads one file over what is there. The main file has rank 0 and must not be empty.
    fn add(&mut self, path: &Path, rank: usize, trust: &Trust, handlers: &Handlers) {
        self.files.push(path.to_owned());
        let text = match file::read(path, trust).and_then(syntax::text) {
            Ok(text) => text,
            Err(reason) => return self.faults.push(Fault::new(path, rank, reason.into())),
        };
        let source = Arc::new(Source::new(path, rank, text));
        let (text, mut syntax) = syntax::repaired(&source);
        let (table, more) = syntax::parse(&source, &text);
        syntax.extend(more);
        if rank == 0 && table.is_empty() && syntax.is_empty() {
            let reason = "is empty, expected at least one route: [routes] and execve = \"exec\"";
            self.faults.push(Fault::whole(path, reason));
        }
        let mut reader = Reader::new(&source, handlers, syntax);
        settings::read(&mut self.config, &mut reader, &table);
        self.faults.extend(reader.into_faults());
    }
}
